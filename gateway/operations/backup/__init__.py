"""Backups: made, kept, opened, brought back; what of the database goes into one is known to `store`."""
