"""Calls that must be refused, in the words of both profiles: the body, its status, and the field that is named."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.contract.running_gateway import BEARER, KEYS, MEETING, UCM_MEETING

PINS = ("97531864", "86420975")
SECRETS = (*PINS, *KEYS.values(), "canary-pin-7f3a", "31337420313374")
"""What must never be in an answer or in the log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """How one device says things: `meeting` is a call it makes every day, the rest names its fields."""

    device: str
    meeting: Mapping[str, object]
    id: str
    subject: str
    start: str
    end: str
    zone: str
    people: str
    pin: str
    agenda: str
    flag: str
    person: Callable[[int], Mapping[str, object]]
    most_people: int
    longest_subject: int
    longest_agenda: int

    @property
    def address(self) -> str:
        return f"/api/v1/devices/{self.device}/meetings"

    @property
    def headers(self) -> dict[str, str]:
        return {**BEARER[self.device], "Content-Type": "application/json"}

    def changed(self, **fields: object) -> bytes:
        """The everyday call with fields (`id`, `start`, …) changed."""
        named = {getattr(self, name): value for name, value in fields.items()}
        return json.dumps({**self.meeting, **named}).encode()

    def without(self, field: str) -> bytes:
        gone = getattr(self, field)
        return json.dumps({name: value for name, value in self.meeting.items() if name != gone}).encode()

    def raw(self, old: str, new: str) -> bytes:
        """The everyday call as text with a part replaced."""
        text = json.dumps(self.meeting)
        assert old in text
        return text.replace(old, new, 1).encode("utf-8", "surrogatepass")


NATIVE = Words(
    device="script",
    meeting={**MEETING, "password": PINS[0], "host_password": PINS[1]},
    id="external_id",
    subject="subject",
    start="start",
    end="end",
    zone="time_zone",
    people="invitees",
    pin="password",
    agenda="agenda",
    flag="call_participants",
    person=lambda number: {"extension": str(2000 + number)},
    most_people=300,
    longest_subject=255,
    longest_agenda=8000,
)
UCM = Words(
    device="ucm-1",
    meeting={**UCM_MEETING, "pincode": PINS[0], "admin_pincode": PINS[1]},
    id="bookid",
    subject="confname",
    start="starttime",
    end="endtime",
    zone="timezone",
    people="members",
    pin="pincode",
    agenda="description",
    flag="call_participants",
    person=lambda number: {"member_extension": str(2000 + number), "is_admin": "no"},
    most_people=119,
    longest_subject=120,
    longest_agenda=499,
)
BOTH = (NATIVE, UCM)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bad:
    """A body, the status of its answer, and the field that is blamed (an attribute of `Words`, or a name as it is)."""

    name: str
    body: Callable[[Words], bytes]
    status: int
    field: str


def _value(name: str, field: str, value: Any) -> Bad:
    """A field with a value that is not acceptable."""
    return Bad(name=name, body=lambda w: w.changed(**{field: value}), status=422, field=field)


def _text(name: str, escape: str, field: str) -> Bad:
    """The subject with something in it that no text may have."""
    return Bad(name=name, body=lambda w: w.raw("Weekly_Meeting", f"Weekly{escape}"), status=400, field=field)


def _whole(name: str, body: bytes) -> Bad:
    return Bad(name=name, body=lambda _: body, status=400, field="body")


def _crowd(words: Words, number: int) -> list[Mapping[str, object]]:
    return [words.person(each) for each in range(number)]


# The list that the product promises, one by one; then their relatives.
CALLS = (
    _whole("not JSON", f'{{"password": "{PINS[0]}", not json'.encode()),
    _value("wrong type", "subject", 7),
    Bad(name="missing external_id", body=lambda w: w.without("id"), status=422, field="id"),
    _value("end before start", "end", "2026-11-23 09:00:00"),
    _value("unknown zone", "zone", "Mars/Olympus_Mons"),
    Bad(
        name="more invitees than the profile allows",
        body=lambda w: w.changed(people=_crowd(w, w.most_people + 2)),
        status=422,
        field="people",
    ),
    Bad(name="100 KiB body", body=lambda w: w.changed(agenda="x" * 102_400), status=413, field="body"),
    Bad(
        name="duplicate JSON keys",
        body=lambda w: w.raw("{", f'{{"{w.subject}": "First", ').replace(b"{{", b"{"),
        status=400,
        field="subject",
    ),
    _text("lone surrogate", "\\ud800", "subject"),
    _text("NUL", "\\u0000", "subject"),
    _value("year 9999", "start", "9999-12-31 10:00:00"),
    _whole("nested brackets", b"[" * 30_000),
    _whole("an array", b"[]"),
    _whole("null", b"null"),
    _whole("empty", b""),
    _whole("blank", b" \r\n\t "),
    _whole("not UTF-8", b'{"subject": "\xff"}'),
    _whole("UTF-16", '{"subject": "x"}'.encode("utf-16")),
    _whole("nested objects", b'{"a":' * 5_000 + b"1" + b"}" * 5_000),
    Bad(name="seventeen levels", body=lambda _: b'{"a":' * 17 + b"1" + b"}" * 17, status=400, field="a"),
    Bad(name="NaN", body=lambda w: w.raw("60", "NaN"), status=400, field="body"),
    Bad(name="Infinity", body=lambda w: w.raw("60", "-Infinity"), status=400, field="body"),
    Bad(name="1e400", body=lambda w: w.raw("60", "1e400"), status=400, field="body"),
    Bad(name="5,000 digits", body=lambda w: w.raw("60", "6" * 5_000), status=400, field="body"),
    Bad(name="something after the object", body=lambda w: w.changed() + b" {}", status=400, field="body"),
    _text("raw surrogate bytes", "\ud800", "body"),
    _text("raw line break in a text", "\n", "body"),
    _value("subject is a list", "subject", ["Weekly"]),
    _value("subject is an object", "subject", {"text": "Weekly"}),
    _value("subject is empty", "subject", ""),
    _value("subject is blank", "subject", " \t "),
    _value("subject is null", "subject", None),
    Bad(
        name="long subject",
        body=lambda w: w.changed(subject="x" * (w.longest_subject + 1)),
        status=422,
        field="subject",
    ),
    Bad(name="long agenda", body=lambda w: w.changed(agenda="x" * (w.longest_agenda + 1)), status=422, field="agenda"),
    _value("id is an object", "id", {}),
    _value("id is true", "id", True),
    _value("id beyond 64 bits", "id", 2**63),
    _value("negative id", "id", -1),
    _value("id with a line break", "id", "a\r\nb"),
    _value("id that nobody sees", "id", "a\u200bb"),
    _value("long id", "id", "x" * 256),
    _value("end equals start", "end", "2026-11-23 10:00:00"),
    _value("fifteen days long", "end", "2026-12-08 11:00:00"),
    _value("thirty seconds long", "end", "2026-11-23 10:00:30"),
    Bad(name="no start", body=lambda w: w.without("start"), status=422, field="start"),
    _value("start is a number", "start", 1_795_168_800),
    _value("start in words", "start", "tomorrow"),
    _value("start in foreign digits", "start", "\uff12\uff10\uff12\uff16-11-23 10:00:00"),
    _value("year 1", "start", "0001-01-01 10:00:00"),
    _value("year 0", "start", "0000-01-01 10:00:00"),
    _value("year 10000", "start", "10000-01-01 10:00:00"),
    _value("31 February", "start", "2026-02-31 10:00:00"),
    _value("25 o'clock", "start", "2026-11-23 25:00:00"),
    _value("two years ago", "start", "2024-11-23 10:00:00"),
    _value("in six years", "start", "2032-11-23 10:00:00"),
    _value("zone is a number", "zone", 1),
    _value("zone is a path", "zone", "../../../../etc/passwd"),
    _value("zone is an absolute path", "zone", "/etc/localtime"),
    _value("zone is a folder of zones", "zone", "America"),
    _value("zone of 5,000 characters", "zone", "A" * 5_000),
    _value("offset without a zone", "zone", "UTC+05:17"),
    Bad(name="no zone at all", body=lambda w: w.without("zone"), status=422, field="zone"),
    _value("invitees are text", "people", "1001, 1002"),
    _value("an invitee is text", "people", ["1001"]),
    _value("an invitee without a name", "people", [{}]),
    _value("PIN with letters", "pin", "canary-pin-7f3a"),
    _value("PIN of three digits", "pin", "123"),
    _value("PIN of fourteen digits", "pin", "31337420313374"),
    _value("PIN in foreign digits", "pin", "\u0663\u0661\u0663\u0663\u0667"),
    _value("PIN is a list", "pin", [1, 2, 3, 4]),
    _value("flag is a number", "flag", 7),
    _value("flag is text", "flag", "perhaps"),
)
