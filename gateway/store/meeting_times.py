"""When meetings take place, found by the clock instead of by meeting: each occurrence in a span; nothing changes."""

from __future__ import annotations

import heapq
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import NamedTuple

from gateway.domain.change import from_json
from gateway.domain.expansion import Expansion
from gateway.domain.occurrence import OccurrenceState
from gateway.domain.zones import offset_s_at, to_local, to_utc_s

MOST_AT_ONCE = 4_000
"""More than this in one span is not gathered: it is cut off after the first."""

MOST_ZONES = 700
"""There are no more zones than this in the world's tables."""

_MOST_BY_SERIES = 20
"""More series are gone through day by day instead of each by itself, so that a page costs what falls on its days."""

_HOUR_S = 3600
_EPOCH = date(1970, 1, 1)
_BY_MONTH = 10
"""Buckets from here on are days of the month."""

_MONTHS_AHEAD = 62


class Begin(NamedTuple):
    """One occurrence, or a meeting that is not a series; instants are seconds since 1970.

    `original_s` is where the rule puts the occurrence of a series, 0 for a meeting that is none. `state` is
    `cancelled` or `changed` when a device said so of this one occurrence, else empty.
    """

    start_s: int
    meeting_id: int
    original_s: int = 0
    state: str = ""


class Slot(NamedTuple):
    """A row of `series_slot`; the schema says what each column means."""

    zone: str
    bucket: int
    tod_s: int
    meeting_id: int
    first_day: int
    last_day: int
    every: int
    phase: int
    exact: int
    until_s: int | None


Only = Callable[[Collection[int]], Collection[int]]
"""Is given meetings and returns those of them that count."""


def begins(
    conn: sqlite3.Connection,
    from_s: int,
    to_s: int,
    device_id: int | None = None,
    only: Only | None = None,
) -> list[Begin]:
    """Return everything that begins from `from_s` until before `to_s`, the earliest first, then by meeting.

    The first occurrence of a series counts whatever its rule says. Occurrences that were moved are where they are now.
    At most `MOST_AT_ONCE`. The span should be short: it is gathered as a whole. `only` is given meetings that have a
    part in it and returns those that count.
    """
    found = {Begin(*raw) for raw in _first_rows(conn, from_s, to_s, device_id, MOST_AT_ONCE)}
    ruled = list(_by_rule(conn, from_s, to_s, device_id, only))
    moved = [Begin(*raw) for raw in _moved(conn, from_s, to_s, device_id)]
    if only is not None:
        count = only({each.meeting_id for each in (*found, *moved)})
        found = {each for each in found if each.meeting_id in count}
        moved = [each for each in moved if each.meeting_id in count]
    found |= {Begin(start_s, slot.meeting_id, start_s) for slot, start_s in ruled if _holds(conn, slot, start_s)}
    said = _Said(conn)
    as_said = (each for begin in found if (each := said.of(begin)) is not None)
    return sorted([*as_said, *moved])[:MOST_AT_ONCE]


def running(
    conn: sqlite3.Connection, at_s: int, device_id: int | None = None, back_s: int = 32 * 86_400
) -> list[Begin]:
    """Return the meetings that are no series, began within `back_s` before an instant, and are not over then."""
    rows = conn.execute(
        "SELECT start_s, id FROM meeting WHERE start_s >= ? AND start_s < ? AND end_s > ? "
        "AND (?4 IS NULL OR device_id = ?4) AND json_extract(body, '$.rp') IS NULL ORDER BY start_s, id LIMIT ?",
        (at_s - back_s, at_s, at_s, device_id, MOST_AT_ONCE),
    )
    return [Begin(*raw) for raw in rows]


def begins_of(conn: sqlite3.Connection, meeting_id: int, from_s: int, to_s: int, most: int) -> list[Begin]:
    """Return what of one meeting begins in a span, the earliest first, at most `most`."""
    return list(islice(begins_among(conn, [meeting_id], from_s, to_s), most))


def begins_among(conn: sqlite3.Connection, meeting_ids: Collection[int], from_s: int, to_s: int) -> Iterator[Begin]:
    """Yield what of these meetings begins in a span, the earliest first; worked out as it is taken."""
    marks, ids = ", ".join("?" * len(meeting_ids)), tuple(meeting_ids)
    firsts = conn.execute(
        f"{_FIRST} FROM meeting WHERE id IN ({marks}) AND start_s >= ? AND start_s < ? ORDER BY start_s, id",
        (*ids, from_s, to_s),
    )
    slots = conn.execute(f"{_SLOT} WHERE meeting_id IN ({marks})", ids)
    moved = conn.execute(
        f"{_MOVED} WHERE meeting_id IN ({marks}) AND state = 'changed' AND {_MOVED_START} >= ? AND {_MOVED_START} < ?",
        (*ids, from_s, to_s),
    )
    return _merged(conn, firsts, [Slot(*raw) for raw in slots], moved, from_s, to_s)


def begins_if_few(
    conn: sqlite3.Connection, from_s: int, to_s: int, device_id: int | None, most: int
) -> Iterator[Begin] | None:
    """Yield as `begins`, worked out as it is taken; None when more than `most` series may have a part in it."""
    from_day, to_day = from_s // 86_400 - 1, to_s // 86_400 + 1
    if device_id is None:
        source = "FROM series_slot AS s WHERE ?1 IS NULL"
    else:
        source = "FROM meeting AS m JOIN series_slot AS s ON s.meeting_id = m.id WHERE m.device_id = ?1"
    rows = conn.execute(
        f"{_SLOT_COLUMNS} {source} AND last_day >= ?2 AND first_day <= ?3 LIMIT ?4",
        (device_id, from_day, to_day, most + 1),
    ).fetchall()
    if len(rows) > most:
        return None
    firsts = _first_rows(conn, from_s, to_s, device_id, -1)
    moved = _moved(conn, from_s, to_s, device_id)
    return _merged(conn, firsts, [Slot(*raw) for raw in rows], moved, from_s, to_s)


def _merged(
    conn: sqlite3.Connection,
    firsts: Iterable[tuple[int, int, int]],
    slots: Collection[Slot],
    moved: Iterable[tuple[int, int, int, str]],
    from_s: int,
    to_s: int,
) -> Iterator[Begin]:
    """Put first occurrences, what rules say and what was moved in order, as it is taken."""
    if len(slots) > _MOST_BY_SERIES:
        by_rule = [_day_by_day(conn, slots, from_s, to_s)]
    else:
        by_rule = [_coming(conn, slot, from_s, to_s) for slot in slots]
    ruled = heapq.merge((Begin(*raw) for raw in firsts), *by_rule)
    said = _Said(conn)
    plain = (each for begin in ruled if (each := said.of(begin)) is not None)
    return heapq.merge(plain, sorted(Begin(*raw) for raw in moved))


def moved_end_s(conn: sqlite3.Connection, meeting_id: int, original_s: int) -> int | None:
    """Return when an occurrence ends that a device changed; None when it was not changed."""
    raw = conn.execute(
        "SELECT json_extract(body, '$.e') FROM occurrence "
        "WHERE meeting_id = ? AND original_start_utc_s = ? AND state = 'changed'",
        (meeting_id, original_s),
    ).fetchone()
    return None if raw is None else int(raw[0])


_FIRST = "SELECT start_s, id, CASE WHEN json_extract(body, '$.rp') IS NULL THEN 0 ELSE start_s END"


def _first_rows(
    conn: sqlite3.Connection, from_s: int, to_s: int, device_id: int | None, most: int
) -> Iterator[tuple[int, int, int]]:
    return conn.execute(
        f"{_FIRST} FROM meeting INDEXED BY meeting_start WHERE start_s >= ?1 AND start_s < ?2 "
        f"{'' if device_id is None else 'AND device_id = ?3 '}ORDER BY start_s, id LIMIT ?4",
        (from_s, to_s, device_id, most),
    )


_SLOT_COLUMNS = (
    "SELECT s.zone, s.bucket, s.tod_s, s.meeting_id, s.first_day, s.last_day, s.every, s.phase, s.exact, s.until_s"
)
_SLOT = f"{_SLOT_COLUMNS} FROM series_slot AS s"
_OF_DEVICE = "AND EXISTS (SELECT 1 FROM meeting AS m WHERE m.id = s.meeting_id AND m.device_id = ?8)"
_MOVED_START = "json_extract(body, '$.s')"
_MOVED = f"SELECT {_MOVED_START}, meeting_id, original_start_utc_s, state FROM occurrence AS s"  # noqa: S608 - constant


def _by_rule(
    conn: sqlite3.Connection, from_s: int, to_s: int, device_id: int | None, only: Only | None
) -> Iterator[tuple[Slot, int]]:
    """Yield where rules put an occurrence in the span, after the series' own start."""
    of_device = "" if device_id is None else _OF_DEVICE
    for zone in _zones(conn):
        for day, low, high in _local_days(zone, from_s, to_s):
            number = (day - _EPOCH).days
            for bucket, phased in _buckets(day, number):
                rows = conn.execute(
                    f"{_SLOT} WHERE zone = ?1 AND bucket = ?2 AND tod_s >= ?3 AND tod_s < ?4 AND first_day < ?5 "
                    f"AND last_day >= ?5 AND ?6 % every = phase {of_device} ORDER BY tod_s LIMIT ?7",
                    (zone, bucket, low, high, number, phased, MOST_AT_ONCE, device_id)[: 7 if device_id is None else 8],
                ).fetchall()
                count = only({int(raw[3]) for raw in rows}) if only is not None and rows else None
                for raw in rows if count is None else (raw for raw in rows if raw[3] in count):
                    slot = Slot(*raw)
                    start_s = _start_s(slot, day)
                    if from_s <= start_s < to_s:
                        yield slot, start_s


def _buckets(day: date, number: int) -> tuple[tuple[int, int], ...]:
    """Return the buckets that fall on a day, each with the number whose remainder has to be the phase."""
    return (day.weekday(), number), (7, number), (_BY_MONTH + day.day, day.year * 12 + day.month - 1)


def _day_by_day(conn: sqlite3.Connection, slots: Collection[Slot], from_s: int, to_s: int) -> Iterator[Begin]:
    """Yield where the rules of these series put an occurrence in the span; no series is looked at before its day."""
    by_zone: dict[str, dict[int, list[Slot]]] = {}
    from_s = max(from_s, (min(slot.first_day for slot in slots) - 1) * 86_400)
    to_s = min(to_s, (max(slot.last_day for slot in slots) + 2) * 86_400)
    for slot in slots:
        by_zone.setdefault(slot.zone, {}).setdefault(slot.bucket, []).append(slot)
    for at_s in range(from_s, to_s, 86_400):
        until_s, found = min(at_s + 86_400, to_s), list[Begin]()
        for zone, buckets in by_zone.items():
            for day, _, _ in _local_days(zone, at_s, until_s):
                number = (day - _EPOCH).days
                for bucket, phased in _buckets(day, number):
                    for slot in buckets.get(bucket, ()):
                        if slot.first_day < number <= slot.last_day and phased % slot.every == slot.phase:
                            start_s = _start_s(slot, day)
                            if at_s <= start_s < until_s and _holds(conn, slot, start_s):
                                found.append(Begin(start_s, slot.meeting_id, start_s))
        yield from sorted(found)


def _zones(conn: sqlite3.Connection) -> list[str]:
    """Return the zones of all series, without looking at each series."""
    rows = conn.execute(
        "WITH RECURSIVE known(zone) AS (SELECT min(zone) FROM series_slot UNION ALL "
        "SELECT (SELECT min(s.zone) FROM series_slot AS s WHERE s.zone > known.zone) FROM known "
        "WHERE known.zone IS NOT NULL) SELECT zone FROM known WHERE zone IS NOT NULL LIMIT ?",
        (MOST_ZONES,),
    )
    return [str(raw[0]) for raw in rows]


def _local_days(zone: str, from_s: int, to_s: int) -> Iterator[tuple[date, int, int]]:
    """Yield the days of the zone that a span touches, each with the seconds since midnight from and before which.

    Wider when clocks change thereabouts: what is outside of the span has to be left out by its instant.
    """
    last_s = to_s - 1
    slack_s = abs(offset_s_at(zone, from_s - 6 * _HOUR_S) - offset_s_at(zone, last_s + 6 * _HOUR_S))
    first, last = to_local(from_s - slack_s, zone), to_local(last_s + slack_s, zone)
    day = first.date()
    while day <= last.date():
        low = first.hour * _HOUR_S + first.minute * 60 + first.second if day == first.date() else 0
        high = last.hour * _HOUR_S + last.minute * 60 + last.second + 1 if day == last.date() else 86_400
        yield day, low, high
        day += timedelta(days=1)


def _start_s(slot: Slot, day: date) -> int:
    return to_utc_s(datetime.combine(day, time()) + timedelta(seconds=slot.tod_s), slot.zone)[0]


def _holds(conn: sqlite3.Connection, slot: Slot, start_s: int) -> bool:
    """Whether the rule really has that occurrence: what the columns cannot say exactly."""
    if slot.until_s is not None and start_s > slot.until_s:
        return False
    if slot.exact:
        return True
    body = conn.execute("SELECT body FROM meeting WHERE id = ?", (slot.meeting_id,)).fetchone()
    return body is not None and Expansion(from_json(body[0], lambda sealed: sealed)).at(start_s) is not None


def _coming(conn: sqlite3.Connection, slot: Slot, from_s: int, to_s: int) -> Iterator[Begin]:
    """Yield where the rule of one series puts an occurrence in the span, after its start."""
    for day in _days(slot, (to_local(from_s, slot.zone).date() - _EPOCH).days - 1):
        start_s = _start_s(slot, day)
        if start_s >= to_s:
            return
        if start_s >= from_s and _holds(conn, slot, start_s):
            yield Begin(start_s, slot.meeting_id, start_s)


def _days(slot: Slot, from_day: int) -> Iterator[date]:
    """Yield the days of a slot from a day on, but that of the series' start."""
    low = max(from_day, slot.first_day + 1)
    if slot.bucket < _BY_MONTH:
        for number in range(low + (slot.phase - low) % slot.every, slot.last_day + 1, slot.every):
            yield _EPOCH + timedelta(days=number)
        return
    first = _EPOCH + timedelta(days=low)
    months = first.year * 12 + first.month - 1
    for month in range(months + (slot.phase - months) % slot.every, months + _MONTHS_AHEAD, slot.every):
        try:
            day = date(month // 12, month % 12 + 1, slot.bucket - _BY_MONTH)
        except ValueError:  # the month has no such day
            continue
        if low <= (day - _EPOCH).days <= slot.last_day:
            yield day


def _moved(conn: sqlite3.Connection, from_s: int, to_s: int, device_id: int | None) -> list[tuple[int, int, int, str]]:
    return conn.execute(
        f"{_MOVED} WHERE state = 'changed' AND {_MOVED_START} >= ?1 AND {_MOVED_START} < ?2 "
        f"{'' if device_id is None else _OF_DEVICE.replace('?8', '?3')} LIMIT ?4",
        (from_s, to_s, device_id, MOST_AT_ONCE),
    ).fetchall()


class _Said:
    """What devices said of single occurrences, read once for each series."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self._conn = conn
        self._of: dict[int, dict[int, str]] = {}

    def of(self, begin: Begin) -> Begin | None:
        """Return what the rule says as it is now: marked where it was cancelled, None where it was moved away."""
        if not begin.original_s:
            return begin
        if begin.meeting_id not in self._of:
            rows = self._conn.execute(
                "SELECT o.original_start_utc_s, o.state FROM meeting AS m JOIN occurrence AS o ON o.meeting_id = m.id "
                "WHERE m.id = ? AND m.exceptions > 0",
                (begin.meeting_id,),
            )
            self._of[begin.meeting_id] = {int(raw[0]): str(raw[1]) for raw in rows}
        state = self._of[begin.meeting_id].get(begin.original_s, "")
        if state == OccurrenceState.CHANGED:
            return None
        return begin._replace(state=state) if state == OccurrenceState.CANCELLED else begin
