"""Outgoing calls to appliances that are asked; what becomes of their answers is decided elsewhere."""
