"""Adds every room of pages to the application, in the order of the menu; what is in a room stands in its module."""

from __future__ import annotations

from gateway.app.pages import (
    backups,
    calls,
    dashboard,
    devices,
    diagnostics,
    google,
    logs,
    meetings,
    profiles,
    settings,
    welcome,
)
from gateway.app.pages.parts import Parts

_ROOMS = (google, welcome, dashboard, meetings, devices, calls, profiles, logs, diagnostics, settings, backups)


def add_pages(parts: Parts) -> None:
    """Put the people's door on the application."""
    for room in _ROOMS:
        room.add(parts)
