"""Makes the door's own pages, the Google pages and the help; what they show and do is decided elsewhere."""

from __future__ import annotations

from gateway.admin.again import Again
from gateway.admin.door_pages import DoorPages
from gateway.admin.google.page import Office
from gateway.admin.google.routes import add_google_pages
from gateway.admin.look_page import LookPage
from gateway.app.pages.parts import Parts


def add(parts: Parts) -> None:
    """Add the pages."""
    DoorPages(parts.shell).add(parts.app)
    Again(parts.shell).add(parts.app)
    LookPage(parts.shell).add(parts.app)
    stored = parts.stored
    office = Office(
        shell=parts.shell,
        admins=parts.admins,
        accounts=stored.accounts,
        apps=stored.apps,
        choice=stored.choice,
        meeting=stored.test_meeting,
        clock=parts.clock,
        zone_now=lambda: parts.settings.config.gateway.time_zone,
        own=frozenset({parts.public_origin} if parts.public_origin else ()),
    )
    add_google_pages(parts.app, office)
