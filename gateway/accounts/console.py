"""Hands the addresses of Google's own pages on to those who may not know Google; what they are stands in `google`."""

from __future__ import annotations

from gateway.google.console import ADMIN_CONSOLE, AUDIENCE, CALENDAR_API, CLIENTS, PERMISSIONS, links

__all__ = ["ADMIN_CONSOLE", "AUDIENCE", "CALENDAR_API", "CLIENTS", "PERMISSIONS", "links"]
