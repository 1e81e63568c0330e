"""The tables of taken rooms: when our own meetings take one up, and what its calendar last said; no rules here."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from gateway.domain.busy import Span

PIECE_S = 4 * 3600
"""How long one stored piece is at most: what overlaps a time begins no longer than this before it."""

PART_S = 30 * 86_400
"""How much time one row of `busy_outside` is about."""

KEPT_S = 62 * 86_400
"""How long a span is kept after it began."""


class KeptRoom(NamedTuple):
    """The room of a device. `blocks`: the device's meetings take it up. `missing`: not all of them are stored yet."""

    room_id: int
    blocks: bool
    missing: bool


class Found(NamedTuple):
    """Time that a meeting takes up."""

    meeting_id: int
    span: Span


class Outside(NamedTuple):
    """What a calendar said about one part of time when it was asked (ms UTC)."""

    asked_at_ms: int
    spans: tuple[Span, ...]


def room_of(conn: sqlite3.Connection, device_id: int) -> KeptRoom | None:
    """Return the room of a device; None when nothing is stored about when it is taken."""
    raw = conn.execute(
        "SELECT room_id, blocks, next_meeting_id FROM room_device WHERE device_id = ?", (device_id,)
    ).fetchone()
    return None if raw is None else KeptRoom(raw[0], raw[1] == 1, raw[2] is not None)


def rooms(conn: sqlite3.Connection) -> dict[int, tuple[str, int]]:
    """Return key and last time of interest (ms UTC, 0: never) of every room, by its number."""
    return {row[0]: (row[1], row[2]) for row in conn.execute("SELECT id, key, wanted_at FROM room")}


def room(conn: sqlite3.Connection, key: str) -> int:
    """Return the number of a room, a new one if need be."""
    conn.execute("INSERT INTO room (key) VALUES (?) ON CONFLICT (key) DO NOTHING", (key,))
    return int(conn.execute("SELECT id FROM room WHERE key = ?", (key,)).fetchone()[0])


def want(conn: sqlite3.Connection, room_id: int, now_ms: int) -> None:
    """Remember that a device asked about the room."""
    conn.execute("UPDATE room SET wanted_at = ? WHERE id = ?", (now_ms, room_id))


def devices(conn: sqlite3.Connection) -> dict[int, KeptRoom]:
    """Return the room of every device that has one, by the device's row."""
    found = conn.execute("SELECT device_id, room_id, blocks, next_meeting_id FROM room_device")
    return {row[0]: KeptRoom(row[1], row[2] == 1, row[3] is not None) for row in found}


def place(conn: sqlite3.Connection, device_id: int, room_id: int, *, blocks: bool) -> None:
    """Put a device into a room; what was stored of its meetings goes, and is to be made anew."""
    leave(conn, device_id)
    conn.execute(
        "INSERT INTO room_device (device_id, room_id, blocks, next_meeting_id) VALUES (?, ?, ?, ?)",
        (device_id, room_id, blocks, 0 if blocks else None),
    )


def leave(conn: sqlite3.Connection, device_id: int) -> None:
    """Take a device out of its room, with all that was stored of its meetings.

    Looks through the spans of the whole room: it is done when an administrator changes something.
    """
    known = room_of(conn, device_id)
    if known is None:
        return
    own = "(SELECT id FROM meeting WHERE device_id = ?)"
    conn.execute(
        f"DELETE FROM busy_span WHERE room_id = ? AND meeting_id IN {own}",  # noqa: S608 - constant words
        (known.room_id, device_id),
    )
    conn.execute(f"DELETE FROM busy_again WHERE meeting_id IN {own}", (device_id,))  # noqa: S608 - constant words
    conn.execute("DELETE FROM room_device WHERE device_id = ?", (device_id,))


def missing(conn: sqlite3.Connection, device_id: int, most: int) -> tuple[list[int], int | None] | None:
    """Return the next meetings of a device whose spans are to be stored, and where to go on then (None: all done).

    At most `most` meetings, of whatever device, are looked at, so the list may be empty before the end. None when
    nothing is missing.
    """
    raw = conn.execute("SELECT next_meeting_id FROM room_device WHERE device_id = ?", (device_id,)).fetchone()
    if raw is None or raw[0] is None:
        return None
    upto = raw[0] + most
    found = conn.execute(
        "SELECT id FROM meeting WHERE id >= ? AND id < ? AND +device_id = ? AND state = 'scheduled' ORDER BY id",
        (raw[0], upto, device_id),
    ).fetchall()
    newest = conn.execute("SELECT coalesce(max(id), 0) FROM meeting").fetchone()[0]
    return [int(row[0]) for row in found], upto if upto <= newest else None


def reached(conn: sqlite3.Connection, device_id: int, next_meeting_id: int | None) -> None:
    """Remember that the spans of all meetings before this one are stored (None: of all)."""
    conn.execute("UPDATE room_device SET next_meeting_id = ? WHERE device_id = ?", (next_meeting_id, device_id))


def put(conn: sqlite3.Connection, room_id: int, meeting_id: int, spans: Iterable[Span], *, series: bool) -> None:
    """Store that a meeting takes up this time; where two pieces of it meet, the one that ends later counts."""
    for span in spans:
        start_s, end_s = span
        if 0 < end_s - start_s <= PIECE_S:
            conn.execute(_INSERT, (room_id, start_s, meeting_id, 0, end_s - start_s, series))
        else:
            _insert(conn, meeting_id, _pieces(room_id, span), series=series)


def drop_single(conn: sqlite3.Connection, room_id: int, meeting_id: int, span: Span) -> None:
    """Forget what a meeting that does not repeat took up."""
    conn.executemany(
        "DELETE FROM busy_span WHERE room_id = ? AND at_s = ? AND meeting_id = ?",
        [(room_id, at_s, meeting_id) for at_s in range(span.start_s, span.end_s, PIECE_S)],
    )


def replace_series(conn: sqlite3.Connection, room_id: int, meeting_id: int, spans: Iterable[Span]) -> None:
    """Store that a series takes up this time and no other; what is as it was costs no write."""
    found = conn.execute(
        "SELECT room_id, at_s, lead_s, length_s FROM busy_span WHERE meeting_id = ? AND series = 1", (meeting_id,)
    ).fetchall()
    wanted = {piece for span in spans for piece in _pieces(room_id, span)}
    conn.executemany(
        "DELETE FROM busy_span WHERE room_id = ? AND at_s = ? AND meeting_id = ?",
        [(*row[:2], meeting_id) for row in found if row not in wanted],
    )
    _insert(conn, meeting_id, wanted.difference(found), series=True)


def overlapping(
    conn: sqlite3.Connection, room_id: int, wanted: Span, *, but: int | None = None, most: int
) -> list[Found]:
    """Return at most `most` pieces of time in common with `wanted`, in order, each with the whole it is a piece of.

    The meeting `but` does not count.
    """
    found = conn.execute(
        "SELECT meeting_id, at_s - lead_s, length_s FROM busy_span WHERE room_id = ? AND at_s > ? AND at_s < ? "
        "AND at_s - lead_s + length_s > ? AND meeting_id IS NOT ? ORDER BY at_s LIMIT ?",
        (room_id, wanted.start_s - PIECE_S, wanted.end_s, wanted.start_s, but, most),
    )
    return [Found(row[0], Span(row[1], row[1] + row[2])) for row in found]


def make_again(conn: sqlite3.Connection, meeting_id: int, due_s: int) -> None:
    """Remember that the spans of a meeting have to be made again then (seconds since 1970)."""
    conn.execute(
        "INSERT INTO busy_again (meeting_id, due_s) VALUES (?, ?) "
        "ON CONFLICT (meeting_id) DO UPDATE SET due_s = excluded.due_s",
        (meeting_id, due_s),
    )


def due_again(conn: sqlite3.Connection, now_s: int, most: int) -> list[int]:
    """Return meetings whose spans are to be made again now."""
    found = conn.execute("SELECT meeting_id FROM busy_again WHERE due_s <= ? ORDER BY due_s LIMIT ?", (now_s, most))
    return [int(row[0]) for row in found]


def forget_again(conn: sqlite3.Connection, meeting_id: int) -> None:
    """The spans of a meeting are as they should be."""
    conn.execute("DELETE FROM busy_again WHERE meeting_id = ?", (meeting_id,))


def purge(conn: sqlite3.Connection, now_s: int) -> None:
    """Forget what is long over."""
    for (room_id,) in conn.execute("SELECT id FROM room").fetchall():
        conn.execute("DELETE FROM busy_span WHERE room_id = ? AND at_s < ?", (room_id, now_s - KEPT_S))
    conn.execute("DELETE FROM busy_outside WHERE part < ?", ((now_s - KEPT_S) // PART_S,))


def outside(conn: sqlite3.Connection) -> dict[int, dict[int, Outside]]:
    """Return all that calendars said, by room and part of time."""
    found: dict[int, dict[int, Outside]] = {}
    for room_id, part, asked_at, text in conn.execute("SELECT room_id, part, asked_at, spans FROM busy_outside"):
        spans = tuple(Span(start_s, end_s) for start_s, end_s in json.loads(text))
        found.setdefault(room_id, {})[part] = Outside(asked_at, spans)
    return found


def keep_outside(conn: sqlite3.Connection, room_id: int, part: int, said: Outside) -> None:
    """Remember what a calendar said about a part of time."""
    conn.execute(
        "INSERT INTO busy_outside (room_id, part, asked_at, spans) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (room_id, part) DO UPDATE SET asked_at = excluded.asked_at, spans = excluded.spans",
        (room_id, part, said.asked_at_ms, json.dumps(said.spans, separators=(",", ":"))),
    )


_INSERT = (
    "INSERT INTO busy_span (room_id, at_s, meeting_id, lead_s, length_s, series) VALUES (?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (room_id, at_s, meeting_id) DO UPDATE SET lead_s = excluded.lead_s, length_s = excluded.length_s "
    "WHERE excluded.length_s - excluded.lead_s > length_s - lead_s"
)


def _insert(
    conn: sqlite3.Connection, meeting_id: int, pieces: Iterable[tuple[int, int, int, int]], *, series: bool
) -> None:
    conn.executemany(
        _INSERT, [(room_id, at_s, meeting_id, lead_s, length_s, series) for room_id, at_s, lead_s, length_s in pieces]
    )


def _pieces(room_id: int, span: Span) -> Iterator[tuple[int, int, int, int]]:
    """Cut a span: room, where the piece begins, how long before that the whole did, how long the whole is."""
    for at_s in range(span.start_s, span.end_s, PIECE_S):
        yield room_id, at_s, at_s - span.start_s, span.end_s - span.start_s
