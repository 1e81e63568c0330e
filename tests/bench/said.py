"""What the callers of the bench say: whole HTTP requests with holes for what differs; nobody is called here."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from tests.journey.gateway_process import DEVICE_KEY

HOLE = "@" * 16
"""Where the id goes; every id has as many characters, so that the length of the body stays."""

START_HOLE = "#" * 19
"""Where the start goes, if each meeting has one of its own."""

RISING_FROM = 1_714_377_600_000


class Ids(StrEnum):
    """How the ids of one run follow one another.

    `SCATTERED`: random-looking, as UUIDs are, which touches a new page of the index each time. `RISING`: as the UCM
    makes them, from the clock.
    """

    SCATTERED = "scattered"
    RISING = "rising"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One shape of call: the device that makes it, its body as JSON with the holes, and how its ids go.

    The hole for the id comes before the one for the start.
    """

    device: str
    body: bytes
    ids: Ids

    @property
    def path(self) -> str:
        """Where the device calls."""
        return f"/api/v1/devices/{self.device}/meetings"

    def request(self, host: str) -> bytes:
        """Return the whole request, kept alive."""
        head = (
            f"POST {self.path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {DEVICE_KEY}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(self.body)}\r\n\r\n"
        )
        return head.encode() + self.body


def meeting_id(ids: Ids, number: int, run: int) -> str:
    """Return the id of the `number`-th meeting of a run, as the callers make it: 16 characters, never twice."""
    if ids is Ids.RISING:
        return f"{run:03d}{RISING_FROM + number:013d}"
    return f"{number * 2_654_435_761 % 2**32:08x}-call{run:03d}"


SLOT = timedelta(minutes=5)
LAST_MINUTE = timedelta(minutes=4)


def first_slot(today: datetime) -> datetime:
    """Return when the first slot of a week begins in which nothing has begun yet: a Monday, 00:00 UTC."""
    midnight = today.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + timedelta(days=14 - midnight.weekday())


def start_of(first: datetime, number: int) -> str:
    """Return when the `number`-th meeting of one minute begins, in UTC: the last minute of the slot of its own."""
    return (first + number * SLOT + LAST_MINUTE).strftime("%Y-%m-%dT%H:%M:%S")


def filled(text: bytes, name: str, start: str = "") -> bytes:
    """Return a body, or a request, with its holes filled."""
    return text.replace(HOLE.encode(), name.encode(), 1).replace(START_HOLE.encode(), start.encode(), 1)


def _said(device: str, body: dict[str, object], ids: Ids) -> Said:
    return Said(device=device, body=json.dumps(body).encode(), ids=ids)


_TEAM = [{"extension": str(number), "email": f"member{number}@example.com"} for number in range(1001, 1005)]

NATIVE = _said(
    "script",
    {
        "external_id": HOLE,
        "subject": "Weekly meeting of the product team",
        "start": "2026-11-23T10:00:00",
        "end": "2026-11-23T11:00:00",
        "time_zone": "Europe/Paris",
        "agenda": "What was shipped last week. What blocks us. Plans for the next two weeks. " * 2,
        "host": {"extension": "1000", "email": "host@example.com", "name": "Arthur Morgan"},
        "invitees": _TEAM,
        "room": "6300",
        "reminder_minutes": 60,
        "call_participants": True,
    },
    Ids.SCATTERED,
)


MINUTES = _said(
    "script",
    {
        "external_id": HOLE,
        "subject": "A word with the product team",
        "start": START_HOLE,
        "duration_minutes": 1,
        "time_zone": "UTC",
        "host": {"extension": "1000", "email": "host@example.com", "name": "Arthur Morgan"},
        "invitees": _TEAM,
    },
    Ids.SCATTERED,
)
"""A meeting of one minute, each at a time of its own."""


def _member(extension: str, email: str, *, admin: bool) -> dict[str, str]:
    return {
        "member_name": extension,
        "member_extension": extension,
        "email": email,
        "send_email": "yes" if email else "no",
        "location": "local",
        "is_admin": "yes" if admin else "no",
        "state": "needsAction",
    }


_MEMBERS = [_member("1000", "host@example.com", admin=True)] + [
    _member(str(number), "", admin=False) for number in range(1001, 1005)
]

UCM = _said(
    "ucm-1",
    {
        "bookid": HOLE,
        "confname": "Weekly_Meeting",
        "confno": "6300",
        "description": "",
        "starttime": "2026-11-23 10:00:00",
        "endtime": "2026-11-23 11:00:00",
        "recurringevent": "COMMON",
        "open_calendar": "yes",
        "pincode": "",
        "admin_pincode": "5021",
        "user_invite": "no",
        "con_admin": "1000",
        "members": json.dumps(_MEMBERS, separators=(",", ":")),
        "timezone": "(UTC+01:00) Etc/GMT-1",
        "email_reminder": 60,
        "call_participants": "no",
        "override_host_mute": "no",
        "auto_record": "none",
        "public": "no",
    },
    Ids.RISING,
)
"""The form of a UCM6300 as the simulated one sends it."""
