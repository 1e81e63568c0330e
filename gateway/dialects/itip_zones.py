"""TZID and VTIMEZONE to IANA zones: by name, else by the rules and changes written there; nothing is guessed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from gateway.dialects.itip_lines import Component
from gateway.domain.zone_posix import CANDIDATES, posix_zone, zone_at
from gateway.domain.zones import UnknownZone, ZoneCoding, next_change, offset_s_at, resolve, to_utc_s
from gateway.errors import BadPayload, FieldProblem

CODINGS = frozenset({ZoneCoding.IANA, ZoneCoding.ETC_LABEL, ZoneCoding.WINDOWS})
"""How a TZID may be written; the profile says the same. Bare offsets are read out of their VTIMEZONE."""

_MOST_CHANGES = 400
_MOST_PARTS = 64
_AROUND = (timedelta(days=400), timedelta(days=800))
_OFFSET = re.compile(r"([+-])(\d{2})(\d{2})(?:00)?", re.ASCII)
_TIME = re.compile(r"(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})", re.ASCII)
_BYDAY = re.compile(r"(-1|[1-4])(SU|MO|TU|WE|TH|FR|SA)", re.ASCII)
_DAYS = ("SU", "MO", "TU", "WE", "TH", "FR", "SA")
_UNFIT = "is no time zone known here, and the offsets in its VTIMEZONE fit none; use an IANA name such as Europe/Paris"


@dataclass(frozen=True, slots=True)
class Zones:
    """The zones of one calendar object; `near` is a wall-clock time at which its meetings take place."""

    components: dict[str, Component]
    near: datetime
    known: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, calendar: Component, near: datetime) -> Zones:
        """The zones defined in a calendar object."""
        found: dict[str, Component] = {}
        for component in calendar.named("VTIMEZONE"):
            tzid = component.one("TZID")
            if tzid is not None:
                found.setdefault(tzid.text(), component)
        return cls(found, near)

    def text_of(self, tzid: str) -> str:
        """What to call the zone: `tzid` itself if that can be read, else the IANA name that its VTIMEZONE means.

        Without a VTIMEZONE an unknown `tzid` stays as it is: the profile may have an alias for it.
        """
        if tzid not in self.known:
            self.known[tzid] = self._text_of(tzid)
        return self.known[tzid]

    def _text_of(self, tzid: str) -> str:
        if _resolved(tzid) is not None:
            return tzid
        if tzid.startswith("/") and (name := _behind_a_prefix(tzid)):
            return name
        component = self.components.get(tzid)
        if component is None:
            return tzid
        name = _fitting(component, self.near)
        if name is None:
            raise BadPayload([FieldProblem("TZID", f"'{UnknownZone(tzid, '').text}' {_UNFIT}")])
        return name

    def name_of(self, tzid: str) -> str | None:
        """The IANA name of the zone, None when only a profile's alias could tell."""
        return _resolved(self.text_of(tzid))


def _resolved(text: str) -> str | None:
    try:
        return resolve(text, CODINGS).name
    except UnknownZone:
        return None


def _behind_a_prefix(tzid: str) -> str | None:
    """`/vendor.example/Europe/Paris`: a globally unique TZID (RFC 5545, section 3.8.3.1) often ends in a name."""
    steps = tzid.split("/")
    for count in (3, 2):
        if len(steps) > count and (name := _resolved("/".join(steps[-count:]))) is not None:
            return name
    return None


class _Part(NamedTuple):
    """One STANDARD or DAYLIGHT: wall-clock times of its onsets before the change, offsets in seconds."""

    kind: str
    starts: datetime
    before_s: int
    after_s: int
    rule: dict[str, str] | None
    more: tuple[datetime, ...]
    letters: str


def _fitting(component: Component, near: datetime) -> str | None:
    parts = [part for inner in component.inner[:_MOST_PARTS] if (part := _part(inner)) is not None]
    parts = [part for part in parts if not _is_over(part, near)]
    if not parts:
        return None
    ruled = [part for part in parts if part.rule is not None]
    if ruled:
        offsets = {part.after_s for part in ruled}
        return _fixed(offsets.pop()) if len(offsets) == 1 else _by_rules(ruled, near)
    changes = _changes(parts, near)
    return _by_changes(changes) if changes else _fixed(_last_begun(parts, near).after_s)


def _fixed(after_s: int) -> str | None:
    if after_s % 60:
        return None
    try:
        return zone_at("", after_s // 60)
    except UnknownZone:
        return None


def _by_rules(parts: list[_Part], near: datetime) -> str | None:
    """The zone of a pair of yearly rules, read as the POSIX string that says the same."""
    summer, winter = (_latest(parts, kind, near) for kind in ("DAYLIGHT", "STANDARD"))
    if summer is None or winter is None:
        return None
    if summer.before_s != winter.after_s or winter.before_s != summer.after_s:
        return None
    begins, ends = _posix_day(summer), _posix_day(winter)
    if begins is None or ends is None:
        return None
    text = f"{winter.letters}{_west(winter.after_s)}{summer.letters}{_west(summer.after_s)},{begins},{ends}"
    try:
        return posix_zone(text)
    except UnknownZone:
        return None


def _by_changes(changes: list[tuple[int, int, int]]) -> str | None:
    """The best known zone whose clocks change at these instants, and at no others between them."""
    if len(changes) < 2:
        return None
    first, last = changes[0][0], changes[-1][0]
    for name in CANDIDATES:
        if any((offset_s_at(name, at - 1), offset_s_at(name, at)) != (old, new) for at, old, new in changes):
            continue
        count, at = 0, next_change(name, first - 1, last)
        while at is not None:
            count, at = count + 1, next_change(name, at, last)
        if count == len(changes):
            return name
    return None


def _latest(parts: list[_Part], kind: str, near: datetime) -> _Part | None:
    """The rule of this kind that is in force at the meeting."""
    begun = [part for part in parts if part.kind == kind and part.starts <= near + _AROUND[0]]
    return max(begun, key=lambda part: part.starts, default=None)


def _last_begun(parts: list[_Part], near: datetime) -> _Part:
    """The part that began last before the meeting, or the first one of all."""
    begun = [part for part in parts if part.starts <= near]
    return max(begun or parts[:1], key=lambda part: part.starts)


def _onsets(part: _Part) -> tuple[datetime, ...]:
    return (part.starts, *part.more)


def _changes(parts: list[_Part], near: datetime) -> list[tuple[int, int, int]]:
    """The instants around the meeting at which the clocks change, each with the offsets before and after."""
    found = {
        (to_utc_s(onset, "UTC")[0] - part.before_s, part.before_s, part.after_s)
        for part in parts
        for onset in _onsets(part)
        if part.before_s != part.after_s and near - _AROUND[0] <= onset <= near + _AROUND[1]
    }
    return sorted(found)[:_MOST_CHANGES]


def _part(component: Component) -> _Part | None:
    starts, before, after = (component.one(name) for name in ("DTSTART", "TZOFFSETFROM", "TZOFFSETTO"))
    if component.name not in ("STANDARD", "DAYLIGHT") or starts is None or before is None or after is None:
        return None
    begins, before_s, after_s = _time(starts.value), _seconds(before.value), _seconds(after.value)
    if begins is None or before_s is None or after_s is None:
        return None
    rule, name = component.one("RRULE"), component.one("TZNAME")
    letters = name.text().strip() if name is not None else ""
    if not re.fullmatch(r"[A-Za-z]{3,6}", letters, re.ASCII):
        letters = "STD" if component.name == "STANDARD" else "DST"
    more = (moment for prop in component.all("RDATE") for moment in map(_time, prop.value.split(",")[:_MOST_CHANGES]))
    return _Part(
        component.name, begins, before_s, after_s, None if rule is None else _rule(rule.value), _known(more), letters
    )


def _known(moments: Iterable[datetime | None]) -> tuple[datetime, ...]:
    return tuple(moment for moment in moments if moment is not None)


def _rule(text: str) -> dict[str, str]:
    pairs = (piece.partition("=") for piece in text.strip().upper().split(";")[:16])
    return {name: value for name, _, value in pairs}


def _is_over(part: _Part, near: datetime) -> bool:
    """Whether the rule ended before the meeting."""
    until = _time((part.rule or {}).get("UNTIL", "").rstrip("Z"))
    return until is not None and until < near - _AROUND[0]


def _posix_day(part: _Part) -> str | None:
    """`M3.5.0/2` for the last Sunday in March at two o'clock; None for what POSIX cannot say."""
    rule = dict(part.rule or {})
    if rule.pop("FREQ", "") != "YEARLY" or rule.pop("INTERVAL", "1") != "1":
        return None
    rule.pop("UNTIL", None)
    rule.pop("WKST", None)
    month, day, days = rule.pop("BYMONTH", str(part.starts.month)), rule.pop("BYDAY", ""), rule.pop("BYMONTHDAY", "")
    if rule or not month.isdecimal() or not 1 <= int(month) <= 12:
        return None
    if days:
        day = f"{_week_of(days)}{day}"
    match = _BYDAY.fullmatch(day)
    if match is None:
        return None
    week = 5 if match[1] == "-1" else int(match[1])
    at = part.starts
    return f"M{int(month)}.{week}.{_DAYS.index(match[2])}/{at.hour}:{at.minute:02d}:{at.second:02d}"


def _week_of(days: str) -> str:
    """The week of `8,9,10,11,12,13,14` is the second; empty when the days are no whole week."""
    numbers = [int(day) for day in days.split(",") if day.isdecimal() and len(day) < 3]
    if len(numbers) != 7 or sorted(numbers) != list(range(min(numbers), min(numbers) + 7)):
        return ""
    return str((min(numbers) - 1) // 7 + 1) if min(numbers) % 7 == 1 else ""


def _west(seconds: int) -> str:
    """An offset as POSIX writes it, with its sign turned round."""
    minutes = abs(seconds) // 60
    return f"{'-' if seconds > 0 else ''}{minutes // 60}:{minutes % 60:02d}"


def _seconds(text: str) -> int | None:
    match = _OFFSET.fullmatch(text.strip())
    if match is None:
        return None
    size = int(match[2]) * 3600 + int(match[3]) * 60
    return -size if match[1] == "-" else size


def _time(text: str) -> datetime | None:
    match = _TIME.fullmatch(text.strip())
    if match is None:
        return None
    year, month, day, hour, minute, second = match.groups()
    try:
        return datetime.fromisoformat(f"{year}-{month}-{day}T{hour}:{minute}:{second}")
    except ValueError:
        return None
