"""Makes the pages of the settings and the notifications; what they show and do is decided elsewhere."""

from __future__ import annotations

from gateway.app.pages.parts import Parts


def add(parts: Parts) -> None:
    """Add the pages."""
    del parts
