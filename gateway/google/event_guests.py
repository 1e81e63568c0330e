"""The guests and the room of an event as Google lists them (`attendees`); who invites them is not decided here."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping

from gateway.domain.meeting import Invitations, Invitee
from gateway.domain.outcome import Remedy
from gateway.domain.target import EventContent
from gateway.google.event_text import listed_person, one_line

MOST_ATTENDEES = 200
"""Individual guests that one event can have (Google Calendar help, "Invite people to your event")."""

_ADDRESS = re.compile(r"[^\s@<>,;:\"()\[\]\\]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?", re.ASCII)
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*", re.ASCII)
_HOST = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}", re.ASCII)


def attendees(content: EventContent) -> tuple[list[dict[str, object]], list[str]]:
    """Return the attendees, host first and the room last, and those left out as texts for the description.

    Left out are who is beyond Google's limit and whom Google refused.
    """
    meeting = content.meeting
    wanted: list[dict[str, object]] = []
    left_out: list[str] = []
    if content.invitations is not Invitations.OFF:
        people = (*((meeting.host,) if meeting.host else ()), *meeting.invitees)
        once: dict[str, Invitee] = {}
        for person in people:
            if person.email and usable_address(person.email):
                once.setdefault(person.email.casefold(), person)
        refused = [once.pop(address) for address in sorted(content.without & once.keys())]
        invited = list(once.values())
        if Remedy.WITHOUT_GUEST in content.remedies:
            refused, invited = refused + invited, []
        left_out = [listed_person(person) for person in (*invited[MOST_ATTENDEES:], *refused)]
        wanted = [_attendee(person) for person in invited[:MOST_ATTENDEES]]
    if Remedy.WITHOUT_GUESTS in content.remedies:
        return [], left_out
    if content.room_address and usable_address(content.room_address):
        wanted.append({"email": content.room_address, "resource": True})
    return wanted, left_out


@functools.lru_cache(maxsize=512)  # the same people are invited again and again
def usable_address(address: str) -> bool:
    """Whether Google may take this as a guest's address (RFC 5322 without quoting, at most 254 characters)."""
    return len(address) <= 254 and address.isascii() and _ADDRESS.fullmatch(address) is not None


def doubtful_address(address: str) -> bool:
    """Whether an address that `usable_address` lets through is none on the internet (RFC 5321, 4.1.2 and 4.5.3.1)."""
    name, _, host = address.rpartition("@")
    return _LOCAL.fullmatch(name) is None or _HOST.fullmatch(host) is None


def merged_attendees(current: list[dict[str, object]], wanted: list[dict[str, object]]) -> list[dict[str, object]]:
    """Return the wanted guests with their answers and comments, and the organiser and rooms, who stay."""
    known = {str(entry.get("email", "")).casefold(): entry for entry in current}
    merged = [{**known.pop(str(entry["email"]).casefold(), {}), **entry} for entry in wanted]
    return merged + [
        entry
        for entry in current
        if str(entry.get("email", "")).casefold() in known
        and (entry.get("resource") is True or entry.get("organizer") is True)
    ]


def says_more(current: Mapping[str, object], wanted: Mapping[str, object]) -> bool:
    """Whether an attendee of the calendar says something that the wanted one does not: an answer, a comment.

    One that is not wanted at all says more.
    """
    if not wanted:
        return True
    for key, value in current.items():
        if key in wanted or key in ("id", "self", "displayName"):
            continue
        if key == "responseStatus" and value == "needsAction":
            continue
        if key == "organizer" or (key in ("optional", "resource", "additionalGuests") and not value):
            continue
        return True
    return False


def _attendee(person: Invitee) -> dict[str, object]:
    attendee: dict[str, object] = {"email": person.email}
    if name := one_line(person.name or "", 100):
        attendee["displayName"] = name
    return attendee
