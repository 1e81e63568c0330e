"""Bytes of a dialect to plain values and back; no profile, no storage."""
