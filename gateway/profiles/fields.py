"""The words a profile is written in: parts of a meeting, codings of values, limits; how values are read is not here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from gateway.domain.zones import ZoneCoding


class Trust(StrEnum):
    """How sure a profile, a shape or a field is."""

    HARDWARE = "hardware"
    """Seen on a real device."""
    DOCUMENTED = "documented"
    """From the maker's documents or code."""
    SIMULATED = "simulated"
    """Guessed from neighbours; only the simulator speaks it so far."""


class Part(StrEnum):
    """What a field means: a part of a meeting, or (the last four) of a person."""

    EXTERNAL_ID = "external_id"
    SUBJECT = "subject"
    START = "start"
    END = "end"
    DURATION = "duration"
    ZONE = "zone"
    REPEAT = "repeat"
    AGENDA = "agenda"
    HOST = "host"
    INVITEES = "invitees"
    ROOM = "room"
    PUBLIC_ROOM = "public_room"
    PASSWORD = "password"  # noqa: S105 - the name of a field
    HOST_PASSWORD = "host_password"  # noqa: S105 - the name of a field
    REMINDER_MINUTES = "reminder_minutes"
    ALLOW_USER_INVITE = "allow_user_invite"
    CALL_PARTICIPANTS = "call_participants"
    OVERRIDE_HOST_MUTE = "override_host_mute"
    AUTO_RECORD = "auto_record"
    SYNC_TO_CALENDAR = "sync_to_calendar"
    SEQUENCE = "sequence"
    MEET = "meet"
    START_DATE = "start_date"
    START_TIME = "start_time"
    END_DATE = "end_date"
    END_TIME = "end_time"
    ALL_DAY = "all_day"
    REPEAT_COUNT = "repeat_count"
    REPEAT_UNTIL = "repeat_until"
    REPEAT_INTERVAL = "repeat_interval"
    WEEKDAYS = "weekdays"
    ORIGINAL_START = "original_start"
    CANCELLED = "cancelled"
    SIP_URI = "sip_uri"
    DIAL_IN = "dial_in"
    WEB_LINK = "web_link"
    EXTENSION = "extension"
    EMAIL = "email"
    NAME = "name"
    IS_HOST = "is_host"


class Coding(StrEnum):
    """How a value is written. In form bodies every value is text; numbers and truth values are then read from it."""

    TEXT = "text"
    """One line of text."""
    LINES = "lines"
    """Text of several lines."""
    CODE = "code"
    """Text or a whole number, kept as text: an extension, a room, an id."""
    PIN = "pin"
    """Digits, as text or as a number, kept as text; a secret."""
    EMAIL = "email"
    NUMBER = "number"
    """A whole number."""
    NUMBER_OR_TEXT = "number_or_text"
    """A whole number, or its digits as text."""
    YES_NO = "yes_no"
    ZERO_ONE = "zero_one"
    TRUE_FALSE = "true_false"
    TRUTH = "truth"
    """One of the words under `yes` or `no`."""
    CHOICE = "choice"
    """One of the words in `choices`."""
    LOCAL_TIME = "local_time"
    """`YYYY-MM-DD HH:MM[:SS]` on the device's clock."""
    DATE_TIME = "date_time"
    """RFC 3339 with an offset or Z, or the same without one for a local time."""
    EPOCH_MS = "epoch_ms"
    """Milliseconds since 1970-01-01T00:00Z."""
    EPOCH_S = "epoch_s"
    """Seconds since 1970-01-01T00:00Z."""
    UTC_TIME = "utc_time"
    """`YYYY-MM-DD HH:MM[:SS]` in UTC, without saying so."""
    DATE_YMD = "date_ymd"
    """Year, month, day, parted by `-`, `/` or `.`."""
    DATE_DMY = "date_dmy"
    """Day, month, year, parted likewise."""
    DATE_MDY = "date_mdy"
    """Month, day, year, parted likewise."""
    TIME_24 = "time_24"
    """`HH:MM[:SS]`."""
    TIME_12 = "time_12"
    """`HH:MM[:SS] AM` or `PM`."""
    DAY_LIST = "day_list"
    """Days of the week, as a list or as text parted by commas."""
    ZONE = "zone"
    """A zone text; which kinds are understood is said under `zone.codings`."""
    RULE = "rule"
    """An object with frequency, interval, count, until, weekdays."""
    PERSON = "person"
    """An object with the fields under `each`."""
    PEOPLE = "people"
    """A list of such objects."""
    ADDRESS_LIST = "address_list"
    """E-mail addresses and extensions, as text parted by commas or semicolons or as a list of texts."""


_TRUTH = frozenset({Coding.YES_NO, Coding.ZERO_ONE, Coding.TRUE_FALSE, Coding.TRUTH})
_NUMBERS = frozenset({Coding.NUMBER, Coding.NUMBER_OR_TEXT})
_MOMENTS = frozenset({Coding.LOCAL_TIME, Coding.DATE_TIME, Coding.EPOCH_MS, Coding.EPOCH_S, Coding.UTC_TIME})
_DATES = frozenset({Coding.DATE_YMD, Coding.DATE_DMY, Coding.DATE_MDY})
_TIMES = frozenset({Coding.TIME_24, Coding.TIME_12})

CODINGS: Mapping[Part, frozenset[Coding]] = {
    Part.EXTERNAL_ID: frozenset({Coding.CODE}),
    Part.SUBJECT: frozenset({Coding.TEXT}),
    Part.START: _MOMENTS,
    Part.END: _MOMENTS,
    Part.DURATION: _NUMBERS,
    Part.ZONE: frozenset({Coding.ZONE}),
    Part.REPEAT: frozenset({Coding.RULE, Coding.CHOICE}),
    Part.AGENDA: frozenset({Coding.LINES}),
    Part.HOST: frozenset({Coding.CODE, Coding.PERSON}),
    Part.INVITEES: frozenset({Coding.PEOPLE, Coding.ADDRESS_LIST}),
    Part.ROOM: frozenset({Coding.CODE}),
    Part.PUBLIC_ROOM: _TRUTH,
    Part.PASSWORD: frozenset({Coding.PIN}),
    Part.HOST_PASSWORD: frozenset({Coding.PIN}),
    Part.REMINDER_MINUTES: _NUMBERS,
    Part.ALLOW_USER_INVITE: _TRUTH,
    Part.CALL_PARTICIPANTS: _TRUTH,
    Part.OVERRIDE_HOST_MUTE: _TRUTH,
    Part.AUTO_RECORD: frozenset({Coding.CHOICE}),
    Part.SYNC_TO_CALENDAR: _TRUTH,
    Part.SEQUENCE: _NUMBERS,
    Part.MEET: _TRUTH,
    Part.START_DATE: _DATES,
    Part.START_TIME: _TIMES,
    Part.END_DATE: _DATES,
    Part.END_TIME: _TIMES,
    Part.ALL_DAY: _TRUTH,
    Part.REPEAT_COUNT: _NUMBERS,
    Part.REPEAT_UNTIL: _MOMENTS | _DATES,
    Part.REPEAT_INTERVAL: _NUMBERS,
    Part.WEEKDAYS: frozenset({Coding.DAY_LIST}),
    Part.ORIGINAL_START: _MOMENTS | _DATES,
    Part.CANCELLED: _TRUTH | {Coding.CHOICE},
    Part.SIP_URI: frozenset({Coding.TEXT}),
    Part.DIAL_IN: frozenset({Coding.TEXT}),
    Part.WEB_LINK: frozenset({Coding.TEXT}),
}
"""Which codings a part of a meeting can have."""

PERSON_CODINGS: Mapping[Part, frozenset[Coding]] = {
    Part.EXTENSION: frozenset({Coding.CODE}),
    Part.EMAIL: frozenset({Coding.EMAIL}),
    Part.NAME: frozenset({Coding.TEXT}),
    Part.IS_HOST: _TRUTH,
}
"""Which codings a part of a person can have."""

TRUTH_CODINGS = _TRUTH
NUMBER_CODINGS = _NUMBERS
DATE_CODINGS = _DATES
TEXT_CODINGS = frozenset({Coding.TEXT, Coding.LINES, Coding.CODE})
REPEAT_PARTS = (Part.REPEAT_COUNT, Part.REPEAT_UNTIL, Part.REPEAT_INTERVAL, Part.WEEKDAYS)
"""Parts that say more about a series whose `repeat` is one word."""
NEEDABLE = (Part.ROOM, Part.PASSWORD, Part.HOST_PASSWORD, Part.HOST, Part.INVITEES, Part.AGENDA)
"""Parts that must be there when a truth value that needs them is true."""
JOIN_PARTS = (Part.SIP_URI, Part.DIAL_IN, Part.WEB_LINK)
"""Parts of `Meeting.join`."""

SECRET_PARTS = frozenset({Part.PASSWORD, Part.HOST_PASSWORD})
"""Parts that never leave the gateway again and are never repeated in a message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long texts may be (characters), how many invitees besides the host, and the ranges (both ends included) of
    the number of digits of a PIN and of a reminder in minutes.
    """

    external_id: int = 255
    subject: int = 255
    agenda: int = 8000
    invitees: int = 300
    password: tuple[int, int] = (4, 10)
    reminder_minutes: tuple[int, int] = (0, 40320)
    room: int = 64
    extension: int = 64
    name: int = 120


class Unit(StrEnum):
    """What a duration is counted in."""

    MINUTES = "minutes"
    SECONDS = "seconds"
    HOURS = "hours"

    @property
    def seconds(self) -> int:
        """How many seconds one is."""
        return {Unit.MINUTES: 60, Unit.SECONDS: 1, Unit.HOURS: 3600}[self]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """How one shape carries one part of a meeting.

    `name` is the device's name for it; `path` is empty, or the steps into objects that `name` shows with dots between.
    `fallback` is another field that is read when this one is not sent. `choices` are the device's words with our
    values, `yes` and `no` the device's words for a truth value, the first of each being the one written; `unit` is
    what a duration is counted in. `default` and `none` (for numbers) are our value when the field is not sent, and the
    device's number for "none". `json_text` says that a list may come as JSON text inside the field, and is written so.
    `needs` names the part that must be there when this one is true. `each` and `unused` describe the objects of a
    person or a list of people. What is `secret` is never written again; what is `private` is not shown where calls
    are shown.
    """

    part: Part
    name: str
    coding: Coding
    path: tuple[str, ...] = ()
    trust: Trust | None = None
    source: str | None = None
    fallback: str | None = None
    choices: tuple[tuple[str, object], ...] = ()
    yes: tuple[str | int | bool, ...] = ()
    no: tuple[str | int | bool, ...] = ()
    unit: Unit = Unit.MINUTES
    default: int | str | None = None
    none: int | None = None
    json_text: bool = False
    needs: Part | None = None
    each: tuple[Field, ...] = ()
    unused: frozenset[str] = field(default_factory=frozenset)
    secret: bool = False
    private: bool = False


USUAL_CODINGS = frozenset({ZoneCoding.IANA, ZoneCoding.ETC_LABEL, ZoneCoding.OFFSET_TEXT})
"""How zones are written where a profile does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneWords:
    """How these devices write zones: which `codings` occur, `aliases` of their own (text to IANA name), and `suspect`
    texts, which some firmware sends whatever its clock says.
    """

    codings: frozenset[ZoneCoding] = USUAL_CODINGS
    suspect: frozenset[str] = frozenset()
    aliases: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What holds for all fields of a shape. `closed` refuses fields nobody knows; else they are passed over."""

    limits: Limits
    closed: bool
    zones: ZoneWords
