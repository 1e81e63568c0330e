"""Devices as data: what a model says and what it means."""
