"""How the id of an event is made; where it is kept is not decided here."""

from __future__ import annotations

import base64
import hashlib


def event_id(installation_id: str, meeting_id: int, generation: int) -> str:
    """Return the id of a meeting's event: 52 characters of base32hex in lower case.

    Made only of a random installation id and internal numbers that never change, so that it says nothing about the
    meeting; the generation gives a fresh id once the calendar has burned the last one. Calendar v3 allows 5 to 1024
    characters of a-v and 0-9 (Events resource, `id`).
    """
    digest = hashlib.sha256(f"{installation_id}/{meeting_id}/{generation}".encode("ascii")).digest()
    return base64.b32hexencode(digest).decode("ascii").rstrip("=").lower()
