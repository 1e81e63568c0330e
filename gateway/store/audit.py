"""The table `audit`: who did what, when; never what it said."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import NamedTuple

_CONTROL = {number: f"\\x{number:02x}" for number in (*range(32), *range(127, 160))} | {
    number: f"\\u{number:04x}" for number in (0x2028, 0x2029, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
}
"""What would break a line, colour a terminal or turn the direction of writing, as something to read."""


def write(
    conn: sqlite3.Connection, *, at_ms: int, actor: str, action: str, object_: str, detail: str = "", source: str = ""
) -> None:
    """Add a line. `actor` and `source` are those of a `domain.actor.Actor`, `action` is a stable word.

    `object_` is what it was done to. Control characters are written out.
    """
    # Nothing that is printable is written out; asking costs little beside looking up every character.
    fields = (
        each if each.isprintable() else each.translate(_CONTROL) for each in (actor, action, object_, detail, source)
    )
    conn.execute(
        "INSERT INTO audit (at, actor, action, object, detail, source) VALUES (?, ?, ?, ?, ?, ?)", (at_ms, *fields)
    )


class AuditRow(NamedTuple):
    """One line with everything that is kept of it; `at` is ms UTC, `id` rises with every line."""

    id: int
    at: int
    actor: str
    action: str
    object: str
    detail: str
    source: str


def newest_id(conn: sqlite3.Connection) -> int:
    """Return the id of the newest line, 0 while there is none."""
    return int(conn.execute("SELECT coalesce(max(id), 0) FROM audit").fetchone()[0])


def after(conn: sqlite3.Connection, audit_id: int, most: int) -> list[AuditRow]:
    """Return the first lines after that id, oldest first."""
    return _rows(conn.execute(f"{_EVERY} WHERE id > ? ORDER BY id LIMIT ?", (audit_id, most)))


def newest(conn: sqlite3.Connection, most: int) -> list[AuditRow]:
    """Return the newest lines, newest first."""
    return _rows(conn.execute(f"{_EVERY} ORDER BY id DESC LIMIT ?", (most,)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which lines: of these kinds of actors, of actions with one of these first words, with `text` somewhere in them.

    `actors` are kinds (`admin`, `device`) or whole names (`command line`). Times are ms UTC; as far as the clock was
    never set back, lines are in their order.
    """

    actors: Collection[str] = ()
    nouns: Collection[str] = ()
    text: str = ""
    from_ms: int | None = None
    to_ms: int | None = None


class Found(NamedTuple):
    """Lines in the order asked for. `looked_to` is the id of the last line looked at, 0 when there is none beyond."""

    rows: list[AuditRow]
    looked_to: int


def find(conn: sqlite3.Connection, wanted: Wanted, *, beyond: int, newer: bool, most: int, look: int) -> Found:
    """Return the next lines that are wanted after the id `beyond`: older ones newest first, or `newer` oldest first.

    At most `most`, and at most `look` lines are looked at, so that a question for what is rare costs no more than
    any other; whoever asks goes on from `looked_to`.
    """
    first = _first_id(conn, wanted.from_ms) if wanted.from_ms is not None else 0
    end = _first_id(conn, wanted.to_ms) if wanted.to_ms is not None else 2**62
    where, order = ("id > ?1", "id") if newer else ("id < ?1", "id DESC")
    window = f"SELECT * FROM audit WHERE {where} AND id >= ?2 AND id < ?3 ORDER BY {order} LIMIT ?4"  # noqa: S608 - constant parts
    values: list[object] = [beyond, first, end, look]
    conditions, more = _conditions(wanted, len(values))
    columns = "id, at, actor, action, object, detail, source"
    rows = _rows(
        conn.execute(
            f"SELECT {columns} FROM ({window}) WHERE {conditions} ORDER BY {order} LIMIT {int(most) + 1}",  # noqa: S608 - constant parts
            [*values, *more],
        )
    )
    if len(rows) > most:
        return Found(rows[:most], rows[most - 1].id)
    edge = "max" if newer else "min"
    number, last = conn.execute(f"SELECT count(*), {edge}(id) FROM ({window})", values).fetchone()  # noqa: S608
    return Found(rows, int(last) if number >= look else 0)


def _conditions(wanted: Wanted, known: int) -> tuple[str, list[object]]:
    """Return what a line has to be, and the values for it, numbered from `known` on."""
    parts, values = ["1"], []
    for column, words in (("actor", wanted.actors), ("action", wanted.nouns)):
        if words:
            stop = ":" if column == "actor" else "."
            first = f"substr({column}, 1, instr({column} || '{stop}', '{stop}') - 1)"
            values.append(json.dumps(sorted(words)))
            parts.append(f"{first} IN (SELECT value FROM json_each(?{known + len(values)}))")  # noqa: S608 - numbers
    if wanted.text:
        escaped = wanted.text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        values.append(f"%{escaped}%")
        everywhere = "actor || ' ' || action || ' ' || object || ' ' || detail || ' ' || source"
        parts.append(f"({everywhere}) LIKE ?{known + len(values)} ESCAPE '\\'")
    return " AND ".join(parts), list(values)


def _first_id(conn: sqlite3.Connection, at_ms: int) -> int:
    """Return the id of the first line of that time or later, by halves: no index on time is worth its writes."""
    low, high = 0, newest_id(conn) + 1
    while low < high:
        middle = (low + high) // 2
        raw = conn.execute("SELECT id, at FROM audit WHERE id >= ? ORDER BY id LIMIT 1", (middle,)).fetchone()
        if raw is None or raw[1] >= at_ms:
            high = middle
        else:
            low = int(raw[0]) + 1
    return low


def any_of(conn: sqlite3.Connection, action: str, newest: int = 20_000) -> bool:
    """Return whether something of that kind happened, as far as the newest lines tell."""
    found = conn.execute(
        "SELECT 1 FROM (SELECT action FROM audit ORDER BY id DESC LIMIT ?) WHERE action = ? LIMIT 1", (newest, action)
    )
    return found.fetchone() is not None


def everything(conn: sqlite3.Connection) -> list[tuple[int, str, str, str, str]]:
    """Return all lines, oldest first: time in ms, actor, action, object, detail."""
    return list(conn.execute("SELECT at, actor, action, object, detail FROM audit ORDER BY id"))


class AuditLine(NamedTuple):
    """One line; `at` is ms UTC."""

    at: int
    actor: str
    action: str
    detail: str
    source: str


def about(conn: sqlite3.Connection, object_: str, most: int) -> list[AuditLine]:
    """Return the newest lines about one thing, oldest first."""
    rows = conn.execute(
        "SELECT at, actor, action, detail, source FROM audit WHERE object = ? ORDER BY id DESC LIMIT ?", (object_, most)
    ).fetchall()
    return [AuditLine(*raw) for raw in reversed(rows)]


_EVERY = "SELECT id, at, actor, action, object, detail, source FROM audit"


def _rows(found: Iterable[tuple[int, int, str, str, str, str, str]]) -> list[AuditRow]:
    return [AuditRow(*raw) for raw in found]
