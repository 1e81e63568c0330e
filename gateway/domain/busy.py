"""When rooms are taken: spans of time, what they have in common, how a calendar is asked; nothing is kept here."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import NamedTuple, Protocol

from gateway.domain.device import DevicePolicy
from gateway.domain.expansion import Expansion
from gateway.domain.meeting import Meeting
from gateway.domain.outcome import Outcome
from gateway.domain.target import AccountTarget
from gateway.domain.zones import to_local, to_utc_s

MOST_OCCURRENCES = 730
"""As many as a counted series can have; of one without end these are the next ones."""

HORIZON_S = 400 * 86_400
"""How far ahead a series is expanded: a year and a month, so that yearly meetings are seen."""

_DAY = timedelta(days=1)
_DAY_S = 86_400


class Span(NamedTuple):
    """Time from `start_s` up to, not including, `end_s`, in seconds since 1970."""

    start_s: int
    end_s: int


class Room(NamedTuple):
    """What meetings take up: a calendar of an account (None: the main one), or with `shared` the address of a room.

    A room that has an address of its own is the same one whatever account asks about it.
    """

    account: str | None
    calendar_id: str
    shared: bool = False

    @property
    def key(self) -> str:
        """Equal for equal rooms; what is stored under it stays the room's for ever."""
        if self.shared:
            return f"room {self.calendar_id.casefold()}"
        return f"calendar {(self.account or '').casefold()} {self.calendar_id}"


def room_of(policy: DevicePolicy) -> Room:
    """Return the room that a device's meetings are in: by its address if it was told, else the device's calendar."""
    if policy.room_address:
        return Room(policy.account, policy.room_address, shared=True)
    return Room(policy.account, policy.calendar_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class BusyAnswer:
    """What a calendar service said about some calendars.

    `spans` has the busy times of each calendar that was answered for, merged; `problems` says why there are none for
    another: an outcome with its code and text. `asked_at_ms` (UTC) is when the question was sent.
    """

    spans: Mapping[str, tuple[Span, ...]]
    problems: Mapping[str, Outcome] = field(default_factory=dict)
    asked_at_ms: int


class BusySource(Protocol):
    """Where the busy times of one account's calendars come from."""

    async def busy(self, calendar_ids: Sequence[str], from_s: int, to_s: int) -> BusyAnswer | Outcome:
        """Return when these calendars are busy between two instants (seconds since 1970), or why it cannot be told.

        Any number of calendars and any range is fine; the source asks as often as it takes. Nothing raises for what
        the network does.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountBusy:
    """An account and where its busy times come from; `source` is None where it was not allowed to look them up."""

    account: AccountTarget
    source: BusySource | None


def merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Return the same time with what overlaps or touches made one, earliest first; spans without time are left out."""
    found: list[Span] = []
    for start_s, end_s in sorted(spans):
        if end_s <= start_s:
            continue
        if found and start_s <= found[-1].end_s:
            if end_s > found[-1].end_s:
                found[-1] = Span(found[-1].start_s, end_s)
        else:
            found.append(Span(start_s, end_s))
    return tuple(found)


def without(spans: Sequence[Span], free: Sequence[Span]) -> tuple[Span, ...]:
    """Return what is left of `spans` when the time of `free` is taken out; both must be merged."""
    left: list[Span] = []
    at = 0
    for start_s, end_s in spans:
        begin_s = start_s
        while at < len(free) and free[at].end_s <= begin_s:
            at += 1
        reading = at
        while reading < len(free) and free[reading].start_s < end_s:
            if free[reading].start_s > begin_s:
                left.append(Span(begin_s, free[reading].start_s))
            begin_s = max(begin_s, free[reading].end_s)
            reading += 1
        if begin_s < end_s:
            left.append(Span(begin_s, end_s))
    return tuple(left)


def within(spans: Iterable[Span], start_s: int, end_s: int) -> tuple[Span, ...]:
    """Return the part of the spans that lies between two instants."""
    return tuple(
        Span(max(span.start_s, start_s), min(span.end_s, end_s))
        for span in spans
        if span.start_s < end_s and span.end_s > start_s
    )


def covered(spans: Sequence[Span], wanted: Span) -> bool:
    """Tell whether all of `wanted` lies within one of the spans; `spans` must be merged."""
    found = first_overlap(spans, wanted)
    return found is not None and found.start_s <= wanted.start_s and wanted.end_s <= found.end_s


def first_overlap(spans: Sequence[Span], wanted: Span) -> Span | None:
    """Return the earliest of the spans that has time in common with `wanted`; `spans` must be merged."""
    at = bisect_right(spans, wanted.start_s, key=lambda span: span.end_s)
    if at < len(spans) and spans[at].start_s < wanted.end_s:
        return spans[at]
    return None


def span_of(meeting: Meeting) -> Span:
    """Return the time of a meeting that does not repeat, or of a series' first occurrence."""
    return Span(meeting.start_utc_s, meeting.end_utc_s)


def takes_up(meeting: Meeting, exceptions: Mapping[int, Meeting | None], *, from_s: int, to_s: int) -> tuple[Span, ...]:
    """Return the time a meeting takes up: a span for each occurrence that ends after `from_s` and begins before `to_s`.

    `exceptions` says what became of occurrences that are not as the rule has them, by their original start: the
    meeting as it is now, None when it was cancelled. At most `MOST_OCCURRENCES` are looked at from `from_s` on. Of two
    occurrences that start together the longer one counts; spans without time are left out.
    """
    found: dict[int, int] = {}
    for start_s, end_s in _occurrences(meeting, exceptions, from_s, to_s):
        if from_s < end_s and start_s < to_s and start_s < end_s:
            found[start_s] = max(end_s, found.get(start_s, end_s))
    return tuple(Span(start_s, found[start_s]) for start_s in sorted(found))


def _occurrences(meeting: Meeting, exceptions: Mapping[int, Meeting | None], from_s: int, to_s: int) -> Iterator[Span]:
    if meeting.repeat is None:
        yield span_of(meeting)
        return
    for span, original_s in _by_rule(meeting, from_s, to_s):
        if original_s not in exceptions:
            yield span
    for changed in exceptions.values():
        if changed is not None:
            yield span_of(changed)


def _by_rule(series: Meeting, from_s: int, to_s: int) -> Iterator[tuple[Span, int]]:
    """Return each occurrence by the rule with its original start."""
    expansion = Expansion(series)
    lasts = series.end_local - series.start_local
    longest_s = max(series.end_utc_s - series.start_utc_s, 0) + _DAY_S
    day = to_local(max(series.start_utc_s, from_s - longest_s), series.zone).date()
    last = to_local(max(series.start_utc_s, to_s), series.zone).date()
    left = MOST_OCCURRENCES
    while day <= last and left:
        slot = expansion.on(day)
        if slot is not None:
            left -= 1
            yield Span(slot.utc_s, to_utc_s(slot.local + lasts, series.zone)[0]), slot.utc_s
        day += _DAY
