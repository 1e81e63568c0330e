"""Which mails Google would send to guests; nothing is ever sent, a tester reads them in the state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from simulator.google.calendars import Calendar, StoredEvent
from simulator.google.identities import Account
from simulator.google.state import GoogleState, Mail


def guests_of(event: StoredEvent, calendar: Calendar) -> set[str]:
    """The addresses of an event's guests without the calendar's own."""
    own = calendar.calendar_id.lower()
    return {entry["email"] for entry in event.fields.get("attendees", ()) if entry["email"].lower() != own}


def guests_outside(fields: Mapping[str, Any], owner: Account | None) -> set[str]:
    """The guests who are not of the owner's organisation; without an organisation everybody is from outside."""
    domain = None if owner is None else owner.hosted_domain
    emails = {entry["email"] for entry in fields.get("attendees", ())} - {"" if owner is None else owner.email}
    return {email for email in emails if email.rpartition("@")[2].lower() != domain}


def post(
    state: GoogleState,
    event: StoredEvent,
    parameters: Mapping[str, Any],
    *,
    invited: Iterable[str] = (),
    updated: Iterable[str] = (),
    dropped: Iterable[str] = (),
) -> None:
    """Record the mails of one write, as its `sendUpdates` (or the older `sendNotifications`) asks for them."""
    wanted = parameters.get("sendUpdates") or ("all" if parameters.get("sendNotifications") else "none")
    if wanted == "none":
        return
    at = state.clock.now().isoformat(timespec="milliseconds")
    for kind, guests in (("invitation", invited), ("update", updated), ("cancellation", dropped)):
        for guest in sorted(guests):
            if wanted == "all" or guest not in state.accounts:
                summary = event.fields.get("summary", "")
                state.mails.append(Mail(at=at, kind=kind, to=guest, event_id=event.event_id, summary=summary))
