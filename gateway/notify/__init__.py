"""Tells programs elsewhere what happened; what is told, and when, is decided in the rooms above."""
