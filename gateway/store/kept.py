"""The table `kept_edit`: what people changed in the calendar, and whose word counts there; nothing is decided here."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import replace

from gateway.domain.facts import Part
from gateway.domain.kept_edit import WHOLE, KeptEdit, KeptState
from gateway.domain.meeting import Meeting

__all__ = ["PUT_BACK", "WHOLE", "KeptEdit", "KeptState"]

PUT_BACK = "put back"
"""Noted in place of what the calendar holds of an occurrence that people changed, when it has to be written again."""

_COLUMNS = "meeting_id, original_start_utc_s, state, parts, difference, calendar_id, who, at, put_backs"

_OWN_PARTS: Mapping[Part, tuple[str, ...]] = {
    Part.SUBJECT: ("subject",),
    Part.TIME: ("start_utc_s", "end_utc_s", "zone", "all_day"),
    Part.LOCATION: ("room", "public_room", "join"),
    Part.REPEAT: ("repeat",),
    Part.GUESTS: ("host", "invitees"),
}
_ELSEWHERE = frozenset({"external_id", "sequence", "zone_text", "start_local", "end_local", "reminder_minutes"})
_SAID_OTHERWISE = frozenset(name for names in _OWN_PARTS.values() for name in names) | _ELSEWHERE


def of(conn: sqlite3.Connection, meeting_id: int) -> tuple[KeptEdit, ...]:
    """Return what keeps the event of a meeting from being as the device wants it: what is asked about or kept."""
    found = conn.execute(
        f"SELECT {_COLUMNS} FROM kept_edit WHERE meeting_id = ? AND state != 'back' "  # noqa: S608 - constant columns
        "ORDER BY original_start_utc_s",
        (meeting_id,),
    )
    return tuple(map(_edit, found))


def get(conn: sqlite3.Connection, meeting_id: int, original_start_utc_s: int = WHOLE) -> KeptEdit | None:
    """Return what is known of one event or occurrence, notes of what was put back included."""
    raw = conn.execute(
        f"SELECT {_COLUMNS} FROM kept_edit WHERE meeting_id = ? AND original_start_utc_s = ?",  # noqa: S608 - constant columns
        (meeting_id, original_start_utc_s),
    ).fetchone()
    return None if raw is None else _edit(raw)


def notes(conn: sqlite3.Connection, meeting_id: int) -> tuple[KeptEdit, ...]:
    """As `of`, with the notes of what was put back."""
    found = conn.execute(
        f"SELECT {_COLUMNS} FROM kept_edit WHERE meeting_id = ? ORDER BY original_start_utc_s",  # noqa: S608 - constant columns
        (meeting_id,),
    )
    return tuple(map(_edit, found))


def asking(conn: sqlite3.Connection, most: int = 1000) -> tuple[KeptEdit, ...]:
    """Return what waits for an admin's decision, the longest waiting first."""
    found = conn.execute(
        f"SELECT {_COLUMNS} FROM kept_edit WHERE state = 'asks' ORDER BY at LIMIT ?",  # noqa: S608 - constant columns
        (most,),
    )
    return tuple(map(_edit, found))


def fought(conn: sqlite3.Connection) -> int:
    """Return how many meetings wait for a decision because somebody, or a program, kept changing their events."""
    raw = conn.execute(
        "SELECT count(DISTINCT k.meeting_id) FROM kept_edit AS k JOIN meeting AS m ON m.id = k.meeting_id "
        "WHERE k.state = 'asks' AND k.put_backs != '' AND m.state = 'scheduled'"
    ).fetchone()
    return int(raw[0])


def put(conn: sqlite3.Connection, edit: KeptEdit) -> None:
    """Remember what was decided, in place of what was known."""
    difference = json.dumps(edit.difference, ensure_ascii=False, separators=(",", ":"))
    conn.execute(
        f"INSERT INTO kept_edit ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) "  # noqa: S608 - constant columns
        "ON CONFLICT (meeting_id, original_start_utc_s) DO UPDATE SET state = excluded.state, parts = excluded.parts, "
        "difference = excluded.difference, calendar_id = excluded.calendar_id, who = excluded.who, at = excluded.at, "
        "put_backs = excluded.put_backs",
        (
            edit.meeting_id,
            edit.original_start_utc_s,
            edit.state,
            ",".join(sorted(edit.parts)),
            difference,
            edit.calendar_id,
            edit.who,
            edit.at,
            ",".join(map(str, edit.put_backs)),
        ),
    )
    _recount(conn, edit.meeting_id)


def drop(conn: sqlite3.Connection, meeting_id: int, original_start_utc_s: int = WHOLE) -> None:
    """Forget what people changed of one event: it is as the device wants it, or the device's word counts again."""
    conn.execute(
        "DELETE FROM kept_edit WHERE meeting_id = ? AND original_start_utc_s = ?", (meeting_id, original_start_utc_s)
    )
    _recount(conn, meeting_id)


def forget(conn: sqlite3.Connection, meeting_id: int) -> None:
    """Forget all that people changed of a meeting: it was cancelled."""
    conn.execute("DELETE FROM kept_edit WHERE meeting_id = ?", (meeting_id,))
    _recount(conn, meeting_id)


def put_back_occurrence(conn: sqlite3.Connection, meeting_id: int, original_start_utc_s: int) -> None:
    """Let the next delivery compare what the calendar says there, and write the device's version whoever wins."""
    conn.execute(
        "UPDATE occurrence SET delivered = ? WHERE meeting_id = ? AND original_start_utc_s = ?",
        (PUT_BACK, meeting_id, original_start_utc_s),
    )


def device_changed(conn: sqlite3.Connection, meeting_id: int, before: Meeting, after: Meeting, now_ms: int) -> None:
    """Where the device changed its meeting, the calendar's version is no longer kept: the later word counts.

    A question stays open. A deleted event that was left so is written again, whatever the device changed. What was
    kept of single occurrences is forgotten when the rule has other days now.
    """
    changed = parts_changed(before, after)
    for edit in of(conn, meeting_id):
        one_occurrence = edit.original_start_utc_s != WHOLE
        if one_occurrence and changed & {Part.TIME, Part.REPEAT}:
            drop(conn, meeting_id, edit.original_start_utc_s)
        elif edit.state is KeptState.KEPT:
            _keep_less(conn, edit, changed, now_ms)


def parts_changed(before: Meeting, after: Meeting) -> frozenset[Part]:
    """Return in which parts of an event two versions of a meeting differ."""
    named = {
        part
        for part, names in _OWN_PARTS.items()
        if any(getattr(before, name) != getattr(after, name) for name in names)
    }
    others = (name for name in Meeting.__dataclass_fields__ if name not in _SAID_OTHERWISE)
    if named - {Part.TIME, Part.REPEAT} or any(getattr(before, name) != getattr(after, name) for name in others):
        named.add(Part.DESCRIPTION)  # it names guests, rooms and ways in as well
    return frozenset(named)


def _keep_less(conn: sqlite3.Connection, edit: KeptEdit, changed: frozenset[Part], now_ms: int) -> None:
    left = edit.parts - changed
    if not changed or (left == edit.parts and Part.EVENT not in left):
        return
    if not left or Part.EVENT in left:
        drop(conn, edit.meeting_id, edit.original_start_utc_s)
        return
    difference = {part: said for part, said in edit.difference.items() if part in left}
    put(conn, replace(edit, parts=left, difference=difference, at=now_ms))


def _recount(conn: sqlite3.Connection, meeting_id: int) -> None:
    conn.execute(
        "UPDATE meeting SET kept_edits = (SELECT count(*) FROM kept_edit WHERE meeting_id = meeting.id "
        "AND state != 'back') WHERE id = ?",
        (meeting_id,),
    )


def _edit(raw: tuple[int, int, str, str, str, str | None, str, int, str]) -> KeptEdit:
    return KeptEdit(
        meeting_id=raw[0],
        original_start_utc_s=raw[1],
        state=KeptState(raw[2]),
        parts=frozenset(Part(name) for name in raw[3].split(",") if name),
        difference=json.loads(raw[4]),
        calendar_id=raw[5],
        who=raw[6],
        at=raw[7],
        put_backs=tuple(int(at) for at in raw[8].split(",") if at),
    )
