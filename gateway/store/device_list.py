"""Pages of the devices that are served, with how each one stands; which of them is wanted is known to the caller."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from gateway.store.devices import COLUMNS, DeviceRow, row_of


class State(StrEnum):
    """How a device stands."""

    ONLINE = "online"
    """It called lately, or answers when it is asked."""
    QUIET = "quiet"
    """It was heard of once and is not any more, or does not answer."""
    NEW = "new"
    """It did not call yet, or was not asked yet."""
    PAUSED = "paused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which devices: those with `text` in their names, type or address, those in a state, those of a page.

    `matching` are the ids of devices whose settings stand elsewhere and have `text` in them, `asked` of those that are
    asked and whose settings stand elsewhere, `profiles` the types that have `text` in their titles. A page begins
    behind `after`, or ends before `before`, by their ids.
    """

    text: str = ""
    state: State | None = None
    after: str = ""
    before: str = ""
    matching: Collection[str] = ()
    profiles: Collection[str] = ()
    asked: Collection[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedRow:
    """A device and how it stands; times are ms UTC.

    `last_at` is its last good call or answer, `since` when it was last heard of if it is quiet. `problem` is the code
    of what is wrong, empty when nothing is.
    """

    row: DeviceRow
    state: State
    last_at: int | None
    problem: str


_FROM = """
FROM device AS d LEFT JOIN device_call AS c ON c.device_id = d.id
LEFT JOIN polling AS p ON p.device_id = d.id
  AND (json_extract(d.settings, '$.poll') IS NOT NULL OR d.name IN (SELECT value FROM json_each(:asked)))
"""
_LAST = "nullif(max(coalesce(c.called_at, 0), coalesce(p.succeeded_at, 0)), 0)"
_STATE = f"""
CASE WHEN d.paused THEN 'paused'
WHEN p.state = 'failing' THEN 'quiet' WHEN p.state IN ('ok', 'asks') THEN 'online'
WHEN {_LAST} IS NULL THEN 'new' WHEN {_LAST} >= :quiet_since THEN 'online' ELSE 'quiet' END
"""
_PROBLEM = """
CASE WHEN p.state = 'failing' OR (p.state = 'ok' AND p.code != '') THEN p.code WHEN p.state = 'asks' THEN 'asks'
WHEN c.refused_at IS NOT NULL AND c.refused_at >= coalesce(c.called_at, 0) THEN c.refused_code ELSE '' END
"""
_LIKE = "LIKE :like ESCAPE '\\'"
_WHERE = f"""
WHERE d.active = 1 AND (:state IS NULL OR {_STATE} = :state)
AND (:like = '%%' OR d.name {_LIKE} OR d.profile {_LIKE} OR json_extract(d.settings, '$.name') {_LIKE}
  OR json_extract(d.settings, '$.poll.address') {_LIKE} OR d.name IN (SELECT value FROM json_each(:matching))
  OR d.profile IN (SELECT value FROM json_each(:profiles)))
"""  # noqa: S608 - constant words


def page(conn: sqlite3.Connection, wanted: Wanted, *, quiet_since: int, most: int) -> list[ListedRow]:
    """Return the next devices by their ids, at most `most`; who called before `quiet_since` (ms UTC) is quiet."""
    backwards = bool(wanted.before)
    beyond = "AND d.name < :before ORDER BY d.name DESC" if backwards else "AND d.name > :after ORDER BY d.name"
    columns = ", ".join(f"d.{name}" for name in COLUMNS)
    rows = conn.execute(
        f"SELECT {_STATE}, {_LAST}, {_PROBLEM}, {columns} {_FROM} {_WHERE} {beyond} LIMIT :most",
        _values(wanted, quiet_since) | {"after": wanted.after, "before": wanted.before, "most": most},
    ).fetchall()
    return [_listed(raw) for raw in (reversed(rows) if backwards else rows)]


def one(conn: sqlite3.Connection, name: str, *, asked: bool, quiet_since: int) -> ListedRow | None:
    """Return one device that is served and how it stands."""
    columns = ", ".join(f"d.{each}" for each in COLUMNS)
    raw = conn.execute(
        f"SELECT {_STATE}, {_LAST}, {_PROBLEM}, {columns} {_FROM} WHERE d.active = 1 AND d.name = :name",
        {"asked": json.dumps([name] if asked else []), "quiet_since": quiet_since, "name": name},
    ).fetchone()
    return None if raw is None else _listed(raw)


def count(conn: sqlite3.Connection) -> int:
    """Return how many devices are served."""
    return int(conn.execute("SELECT count(*) FROM device WHERE active = 1").fetchone()[0])


def devices_of(conn: sqlite3.Connection, meeting_ids: Collection[int]) -> dict[int, int]:
    """Return the rows of the devices of these meetings, without those that were cancelled."""
    found = conn.execute(
        "SELECT id, device_id FROM meeting WHERE state = 'scheduled' AND id IN (SELECT value FROM json_each(?))",
        (json.dumps(list(meeting_ids)),),
    )
    return {int(meeting_id): int(device_id) for meeting_id, device_id in found}


_MANY_MEETINGS = 2_000
"""A device with so many has some soon, whenever one looks."""


def without_email(conn: sqlite3.Connection, device_id: int, from_s: int, meetings: int) -> list[tuple[str, str, int]]:
    """Return who is invited without an e-mail address: extension, name (or ""), how often, the most invited first.

    Looked at are the next `meetings` meetings that begin after an instant (seconds since 1970).
    """
    # Of few meetings all are looked at; many are met soon among those of all devices, which are in order. An index for
    # this alone would be written with every meeting.
    own = conn.execute(
        "SELECT count(*) FROM (SELECT 1 FROM meeting WHERE device_id = ? LIMIT ?)", (device_id, _MANY_MEETINGS)
    )
    source = "meeting INDEXED BY meeting_start WHERE " if own.fetchone()[0] == _MANY_MEETINGS else "meeting WHERE +"
    found = conn.execute(
        "SELECT json_extract(i.value, '$[0]') AS extension, max(coalesce(json_extract(i.value, '$[2]'), '')), count(*) "  # noqa: S608 - constant parts
        f"FROM (SELECT body FROM {source}start_s >= ? AND device_id = ? AND state = 'scheduled' "
        "ORDER BY start_s LIMIT ?) AS m, json_each(m.body, '$.i') AS i "
        "WHERE json_extract(i.value, '$[1]') IS NULL AND extension IS NOT NULL "
        "GROUP BY extension ORDER BY count(*) DESC, extension",
        (from_s, device_id, meetings),
    )
    return [(str(extension), str(name), int(number)) for extension, name, number in found]


def _values(wanted: Wanted, quiet_since: int) -> dict[str, object]:
    escaped = wanted.text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return {
        "like": f"%{escaped}%",
        "state": wanted.state,
        "asked": json.dumps(list(wanted.asked)),
        "profiles": json.dumps(list(wanted.profiles)),
        "matching": json.dumps(list(wanted.matching)),
        "quiet_since": quiet_since,
    }


def _listed(raw: tuple[Any, ...]) -> ListedRow:
    return ListedRow(row=row_of(raw[3:]), state=State(raw[0]), last_at=raw[1], problem=raw[2] or "")
