"""Meetings together with how they stand with the calendar, for people: found, filtered, counted; nothing changes."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, NamedTuple

from gateway.store.account_use import AccountUse, Trouble

_CHOSEN = "CASE WHEN json_valid(d.settings) THEN json_extract(d.settings, '$.account') END"
"""The account that was chosen for an added device; what the settings say of others is told from outside."""

_COLUMNS = (
    "m.id, d.name, m.external_id, m.revision, m.state = 'cancelled', m.sync, json_extract(m.body, '$.su'), "  # noqa: S608 - constant columns
    "json_extract(m.body, '$.sl'), json_extract(m.body, '$.z'), json_extract(m.body, '$.s'), "
    "json_extract(m.body, '$.e'), json_extract(m.body, '$.rp') IS NOT NULL, m.changed_at, "
    "o.subject_id IS NOT NULL, o.hold, o.not_before, o.attempts, o.last_code, o.last_text, o.created_at, "
    "e.state, e.revision, e.account_id, e.calendar_id, e.link, e.meet_state, e.meet_link, e.lacking, "
    "(SELECT count(*) FROM kept_edit AS k WHERE k.meeting_id = m.id AND k.state = 'asks'), m.kept_edits, m.device_id, "
    "a.email, EXISTS (SELECT 1 FROM guarded_deletion AS g WHERE g.meeting_id = m.id), "
    "EXISTS (SELECT 1 FROM kept_edit AS k WHERE k.meeting_id = m.id AND k.original_start_utc_s = 0 "
    "AND k.state = 'kept' AND k.calendar_id IS NULL AND instr(',' || k.parts || ',', ',event,') > 0), "
    f"coalesce(e.stale, 0), coalesce(o.account_id, 0), {_CHOSEN}"
)
_TABLES = (
    "FROM meeting AS m JOIN device AS d ON d.id = m.device_id "
    "LEFT JOIN outbox AS o ON o.kind = 'mirror' AND o.subject_id = m.id "
    "LEFT JOIN mirrored AS e ON e.meeting_id = m.id LEFT JOIN account AS a ON a.id = e.account_id"
)

STATES = ("queued", "mirrored", "held", "refused", "asks", "left", "stored", "cancelled")
"""What a meeting can be: on its way, in the calendar, waiting for the account, refused by the calendar, waiting for
somebody to decide whose version counts, deleted in the calendar by people whose word counts, not to be mirrored,
cancelled."""

_NOBODY: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class MeetingLine:
    """A meeting and how it stands with the calendar; times are ms UTC, instants in seconds since 1970.

    `waits` says that there is something to do for it, due at `not_before` or held. `event_state` is that of
    `store.mirrored`, None when no event was ever claimed. `start_local` is ISO 8601 without offset, in `zone`. `asks`
    and `kept` are numbers of events that people changed: about which somebody has to decide, and those together with
    the ones where their word counts. `guarded` says that the event vanished with many others at once, `deleted` that
    it stays deleted. `trouble` is why the account that it waits for cannot be used.
    """

    id: int
    device: str
    external_id: str
    revision: int
    cancelled: bool
    sync: bool
    subject: str
    start_local: str
    zone: str
    start_utc_s: int
    end_utc_s: int
    series: bool
    changed_at: int
    waits: bool
    hold: str | None
    not_before: int | None
    attempts: int
    last_code: str
    last_text: str
    waits_since: int | None
    event_state: str | None
    event_revision: int | None
    account_id: int | None
    calendar_id: str | None
    link: str | None
    meet_state: str
    meet_link: str | None
    lacking: tuple[str, ...]
    asks: int
    kept: int
    device_id: int
    account: str
    guarded: bool
    deleted: bool
    stale: int
    wants_account_id: int
    wants_account: str | None
    trouble: Trouble | None = None

    @property
    def state(self) -> str:
        """One of `STATES`."""
        if self.cancelled:
            return "cancelled"
        if not self.sync:
            return "stored"
        if self.asks or self.guarded:
            return "asks"
        if self.deleted:
            return "left"
        written = self.event_state == "live" and self.event_revision == self.revision and not self.stale
        if not self.waits or (written and self.hold is None):
            return "mirrored"
        if self.hold is None and self.trouble is not None and self.trouble.held:
            return "held"
        return {None: "queued", "parked": "refused"}.get(self.hold, "held")

    @property
    def why(self) -> tuple[str, str]:
        """Code and text of what it waits for, both empty when nothing is known: the account, or the last attempt."""
        if self.trouble is not None:
            return self.trouble.code, self.trouble.text
        return self.last_code, self.last_text

    @property
    def next_try_ms(self) -> int | None:
        """When it is tried again (ms UTC); None when that is not known, or when there is nothing to do."""
        return self.not_before if self.waits and self.hold is None and self.trouble is None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which meetings: of one device, in some states, with some time between two instants (seconds since 1970).

    Of a series every occurrence counts. `refused` among the states also means those that ask.
    """

    device: str | None = None
    states: frozenset[str] = frozenset()
    from_s: int | None = None
    to_s: int | None = None


def find(
    conn: sqlite3.Connection, wanted: Wanted, most: int, chosen: Mapping[str, str] = _NOBODY
) -> tuple[list[MeetingLine], int]:
    """Return the first meetings in order of their start, and how many there are in all.

    `chosen` are the accounts that the settings of the gateway name, by the device's id.
    """
    found: list[MeetingLine] = []
    number = 0
    rows = conn.execute(
        f"SELECT {_COLUMNS} {_TABLES} WHERE (? IS NULL OR d.name = ?) "
        "AND (? IS NULL OR json_extract(m.body, '$.s') < ?) AND (? IS NULL OR CASE "
        "WHEN json_extract(m.body, '$.rp') IS NULL THEN json_extract(m.body, '$.e') > ? "
        "ELSE coalesce(json_extract(m.body, '$.rp.u'), ?) >= ? END) "
        "ORDER BY json_extract(m.body, '$.s'), m.id",
        (wanted.device, wanted.device, wanted.to_s, wanted.to_s, *(wanted.from_s,) * 4),
    )
    states = wanted.states | ({"asks"} if "refused" in wanted.states else set())
    use = AccountUse(conn)
    for raw in rows:
        line = _line(raw, use, chosen)
        if not states or line.state in states:
            number += 1
            if len(found) < most:
                found.append(line)
    return found, number


def one(conn: sqlite3.Connection, meeting_id: int, chosen: Mapping[str, str] = _NOBODY) -> MeetingLine | None:
    """Return the meeting with that internal id; `chosen` as for `find`."""
    raw = conn.execute(f"SELECT {_COLUMNS} {_TABLES} WHERE m.id = ?", (meeting_id,)).fetchone()
    return None if raw is None else _line(raw, AccountUse(conn), chosen)


def lines(
    conn: sqlite3.Connection, meeting_ids: Collection[int], chosen: Mapping[str, str] = _NOBODY
) -> dict[int, MeetingLine]:
    """Return the meetings with these internal ids, as far as they are there; `chosen` as for `find`."""
    marks, use = ", ".join("?" * len(meeting_ids)), AccountUse(conn)
    rows = conn.execute(f"SELECT {_COLUMNS} {_TABLES} WHERE m.id IN ({marks})", tuple(meeting_ids))
    return {raw[0]: _line(raw, use, chosen) for raw in rows}


class Aside(NamedTuple):
    """What a list says of a meeting besides its line: who hosts it, how many are invited, whether it is whole days."""

    host: str
    guests: int
    all_day: bool


def asides(conn: sqlite3.Connection, meeting_ids: Collection[int]) -> dict[int, Aside]:
    """Return that of the meetings with these internal ids; the host as name, e-mail address or extension."""
    marks = ", ".join("?" * len(meeting_ids))
    rows = conn.execute(
        "SELECT id, coalesce(json_extract(body, '$.h[2]'), json_extract(body, '$.h[1]'), json_extract(body, '$.h[0]'), "  # noqa: S608
        "''), coalesce(json_array_length(body, '$.i'), 0), coalesce(json_extract(body, '$.ad'), 0) "
        f"FROM meeting WHERE id IN ({marks})",
        tuple(meeting_ids),
    )
    return {raw[0]: Aside(str(raw[1]), int(raw[2]), bool(raw[3])) for raw in rows}


def of_device(conn: sqlite3.Connection, meeting_ids: Collection[int], device_id: int) -> set[int]:
    """Return those of the meetings that are the device's."""
    marks = ", ".join("?" * len(meeting_ids))
    rows = conn.execute(f"SELECT id FROM meeting WHERE id IN ({marks}) AND device_id = ?", (*meeting_ids, device_id))  # noqa: S608
    return {int(raw[0]) for raw in rows}


_IN_OUTBOX = "FROM outbox AS o CROSS JOIN meeting AS m ON m.id = o.subject_id WHERE o.kind = 'mirror' AND o.hold"
_STANDING = {
    "failed": f"{_IN_OUTBOX} = 'parked'",
    "waiting": f"{_IN_OUTBOX} IS NOT 'parked'",
    "changed": "FROM meeting AS m INDEXED BY meeting_kept WHERE m.kept_edits > 0",
    "deleted": "FROM (SELECT id FROM meeting INDEXED BY meeting_kept WHERE kept_edits > 0 "
    "UNION SELECT meeting_id FROM guarded_deletion) AS c CROSS JOIN meeting AS m ON m.id = c.id WHERE 1",
    "cancelled": "FROM meeting AS m INDEXED BY meeting_cancelled WHERE m.state = 'cancelled'",
    "off": "FROM meeting AS m INDEXED BY meeting_not_wanted WHERE m.sync = 0",
}
"""How the meetings of a state are reached: the order and the indexes are said, for which a planner cannot know."""
_FROM_BACK_S = 32 * 86_400


def candidates(conn: sqlite3.Connection, word: str, from_s: int, to_s: int, most: int) -> list[int] | None:
    """Return the ids of the meetings in a span of which a word may be true, all others left out.

    Found without looking at meetings outside of the span, but for series. None when they are more than `most`, and
    when nothing is said that leaves any out.
    """
    if word not in _STANDING:
        return None
    rows = conn.execute(
        f"SELECT DISTINCT m.id {_STANDING[word]} AND m.start_s < :to_s "  # noqa: S608 - constant parts
        "AND (m.start_s >= :back_s OR EXISTS (SELECT 1 FROM series_slot WHERE meeting_id = m.id)) LIMIT :most",
        {"back_s": from_s - _FROM_BACK_S, "to_s": to_s, "most": most + 1},
    ).fetchall()
    return [int(raw[0]) for raw in rows] if len(rows) <= most else None


def named(
    conn: sqlite3.Connection, device: str, external_id: str, chosen: Mapping[str, str] = _NOBODY
) -> MeetingLine | None:
    """Return the meeting that a device has under its own id; `chosen` as for `find`."""
    raw = conn.execute(
        f"SELECT {_COLUMNS} {_TABLES} WHERE d.name = ? AND m.external_id = ?",
        (device, external_id),
    ).fetchone()
    return None if raw is None else _line(raw, AccountUse(conn), chosen)


def held(conn: sqlite3.Connection, holds: tuple[str, ...]) -> list[MeetingLine]:
    """Return the meetings that are held for one of these reasons, in order of their ids."""
    marks = ", ".join("?" * len(holds))
    rows = conn.execute(f"SELECT {_COLUMNS} {_TABLES} WHERE o.hold IN ({marks}) ORDER BY m.id", holds)
    use = AccountUse(conn)
    return [_line(raw, use, _NOBODY) for raw in rows]


def waiting(
    conn: sqlite3.Connection, chosen: Mapping[str, str] = _NOBODY
) -> list[tuple[str, str, int, int | None, int]]:
    """Return what waits: state or hold, code, how many, the next due time and the oldest (both ms UTC).

    What waits for its time, but for an account that cannot be used, counts as held for the account. `chosen` is as for
    `find`.
    """
    rows = conn.execute(
        "SELECT coalesce(o.hold, 'waiting'), o.last_code, o.account_id, d.name, "  # noqa: S608 - constant columns
        f"{_CHOSEN}, count(*), min(o.not_before), min(o.created_at) FROM outbox AS o "
        "LEFT JOIN meeting AS m ON m.id = o.subject_id LEFT JOIN device AS d ON d.id = m.device_id "
        "WHERE o.kind = 'mirror' GROUP BY 1, 2, 3, 4, 5"
    )
    use = AccountUse(conn)
    found: dict[tuple[str, str], tuple[int, int | None, int]] = {}
    for state, code, account_id, device, address, number, next_try, oldest in rows:
        why, due = (str(state), str(code)), next_try
        trouble = use.trouble(account_id, chosen.get(device, address)) if state == "waiting" else None
        if trouble is not None:
            why, due = ("authorization" if trouble.held else "waiting", trouble.code), None
        before, before_due, before_oldest = found.get(why, (0, due, oldest))
        dues = [each for each in (before_due, due) if each is not None]
        found[why] = (before + number, min(dues, default=None), min(before_oldest, oldest))
    return [(*why, *found[why]) for why in sorted(found)]


def _line(raw: tuple[Any, ...], use: AccountUse, chosen: Mapping[str, str]) -> MeetingLine:
    values = dict(zip(MeetingLine.__slots__, raw, strict=False))  # `trouble` is in no column
    for name in ("cancelled", "sync", "series", "waits", "guarded", "deleted"):
        values[name] = bool(values[name])
    for name in ("last_code", "last_text", "meet_state", "account"):
        values[name] = values[name] or ""
    values["attempts"] = values["attempts"] or 0
    values["lacking"] = tuple(each for each in (values["lacking"] or "").split(",") if each)
    line = MeetingLine(**values)
    line = replace(line, wants_account=chosen.get(line.device, line.wants_account))
    if not line.waits or line.hold is not None:
        return line
    return replace(line, trouble=use.trouble(line.wants_account_id, line.wants_account))
