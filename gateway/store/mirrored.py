"""The table `mirrored`: which event stands for which meeting; what an event says is not known here."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

_COLUMNS = (
    "meeting_id, account_id, calendar_id, remote_id, generation, state, revision, etag, link, stale, written, lacking, "
    "plain, adopted, meet_request, meet_asked_at, meet_state, meet_link, content"
)


class MirrorState(StrEnum):
    """What is known of the event."""

    CLAIMED = "claimed"
    """Its id is chosen; it has not been seen in the calendar yet."""
    LIVE = "live"
    GONE = "gone"
    """It was removed on purpose; its id is burned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MirroredRow:
    """The event of a meeting; `revision` is the last one the calendar is known to have.

    `etag` is its version as last written, None when that has to be looked at. The schema says what the other columns
    mean; `written` is the form of `domain.facts`.
    """

    meeting_id: int
    account_id: int
    calendar_id: str
    remote_id: str
    generation: int
    state: MirrorState
    revision: int | None
    etag: str | None
    link: str | None
    stale: int = 0
    written: str | None = None
    lacking: frozenset[str] = frozenset()
    plain: bool = False
    adopted: bool = False
    meet_request: str = ""
    meet_asked_at: int | None = None
    meet_state: str = ""
    meet_link: str | None = None
    content: str | None = None


class Behind(NamedTuple):
    """A meeting whose event may not say yet what the meeting says; `held`: not before a person does something.

    `written` is what the event said last, None while nobody saw it.
    """

    room_id: int
    meeting_id: int
    written: str | None
    held: bool


def get(conn: sqlite3.Connection, meeting_id: int) -> MirroredRow | None:
    """Return the meeting's event, if one was ever claimed."""
    raw = conn.execute(
        f"SELECT {_COLUMNS} FROM mirrored WHERE meeting_id = ?",  # noqa: S608 - constant columns
        (meeting_id,),
    ).fetchone()
    if raw is None:
        return None
    return MirroredRow(
        meeting_id=raw[0],
        account_id=raw[1],
        calendar_id=raw[2],
        remote_id=raw[3],
        generation=raw[4],
        state=MirrorState(raw[5]),
        revision=raw[6],
        etag=raw[7],
        link=raw[8],
        stale=raw[9],
        written=raw[10],
        lacking=_set(raw[11]),
        plain=bool(raw[12]),
        adopted=bool(raw[13]),
        meet_request=raw[14],
        meet_asked_at=raw[15],
        meet_state=raw[16],
        meet_link=raw[17],
        content=raw[18],
    )


def behind(conn: sqlite3.Connection, room_ids: Collection[int], most: int) -> list[Behind]:
    """Return the meetings that take up these rooms, are or may be in the calendar, and are still to be written."""
    marks = ", ".join("?" for _ in room_ids)
    found = conn.execute(
        "SELECT room_id, subject_id, written, hold IS NOT NULL FROM outbox "  # noqa: S608 - question marks
        "JOIN room_device ON device_id = lane JOIN mirrored ON meeting_id = subject_id "
        f"WHERE kind = 'mirror' AND blocks = 1 AND room_id IN ({marks}) "
        "AND (mirrored.state = 'live' OR (mirrored.state = 'claimed' AND (doubt > 0 OR claimed_by IS NOT NULL))) "
        "LIMIT ?",
        (*room_ids, most),
    )
    return [Behind(raw[0], raw[1], raw[2], bool(raw[3])) for raw in found]


def last_success_ms(conn: sqlite3.Connection) -> int | None:
    """Return when a calendar last took or gave back an event of a recent meeting (ms UTC), None when none did.

    Only the newest meetings are looked at, for this is asked by pages and there is no index to be kept up for it; an
    account's own `used_at` knows of the rest.
    """
    raw = conn.execute(
        "SELECT max(changed_at) FROM (SELECT changed_at, state FROM mirrored ORDER BY meeting_id DESC LIMIT 200) "
        "WHERE state IN ('live', 'gone')"
    ).fetchone()
    return None if raw[0] is None else int(raw[0])


def claim(
    conn: sqlite3.Connection,
    *,
    meeting_id: int,
    account_id: int,
    calendar_id: str,
    remote_id: str,
    generation: int,
    now_ms: int,
) -> MirroredRow:
    """Choose the event of a meeting, or its next generation; durable before the first call that names it."""
    conn.execute(
        "INSERT INTO mirrored (meeting_id, account_id, calendar_id, remote_id, generation, state, changed_at) "
        "VALUES (?, ?, ?, ?, ?, 'claimed', ?) "
        "ON CONFLICT (meeting_id) DO UPDATE SET account_id = excluded.account_id, calendar_id = excluded.calendar_id, "
        "remote_id = excluded.remote_id, generation = excluded.generation, state = 'claimed', revision = NULL, "
        "etag = NULL, link = NULL, stale = 0, written = NULL, content = NULL, plain = 0, adopted = 0, "
        "meet_request = '', meet_asked_at = NULL, meet_state = '', meet_link = NULL, changed_at = excluded.changed_at",
        (meeting_id, account_id, calendar_id, remote_id, generation, now_ms),
    )
    claimed = get(conn, meeting_id)
    if claimed is None:
        raise sqlite3.IntegrityError(f"the event of meeting {meeting_id} was not claimed")
    return claimed


def live(
    conn: sqlite3.Connection,
    *,
    meeting_id: int,
    revision: int,
    etag: str | None,
    link: str | None,
    now_ms: int,
    written: str | None = None,
    content: str | None = None,
    lacking: Iterable[str] = (),
    plain: bool = False,
    meet_state: str = "",
    meet_link: str | None = None,
    stale: int = 0,
) -> bool:
    """Remember that the calendar has this revision, and what the event said then: `written`, with its fingerprint.

    `stale` is the mark as it was when the job was claimed. False when the event was marked again since: it has to be
    written once more.
    """
    conn.execute(
        "UPDATE mirrored SET state = 'live', revision = ?, etag = ?, link = ?, written = ?, content = ?, lacking = ?, "
        "plain = ?, adopted = 0, meet_state = ?, meet_link = ?, stale = CASE WHEN stale = ? THEN 0 ELSE stale END, "
        "changed_at = ? WHERE meeting_id = ?",
        (
            revision,
            etag,
            link,
            written,
            content,
            ",".join(sorted(lacking)),
            plain,
            meet_state,
            meet_link,
            stale,
            now_ms,
            meeting_id,
        ),
    )
    left = conn.execute("SELECT stale FROM mirrored WHERE meeting_id = ?", (meeting_id,)).fetchone()
    return left is None or left[0] == 0


def lack(conn: sqlite3.Connection, meeting_id: int, lacking: Iterable[str]) -> None:
    """Remember ways around what the calendar refused, so that the next attempt begins with them."""
    conn.execute("UPDATE mirrored SET lacking = ? WHERE meeting_id = ?", (",".join(sorted(set(lacking))), meeting_id))


def ask_meet(conn: sqlite3.Connection, meeting_id: int, request_id: str, now_ms: int) -> None:
    """Remember the id of a request for a video conference, before it is sent for the first time."""
    conn.execute(
        "UPDATE mirrored SET meet_request = ?, meet_asked_at = ?, meet_state = 'pending', meet_link = NULL "
        "WHERE meeting_id = ?",
        (request_id, now_ms, meeting_id),
    )


def mark_stale(conn: sqlite3.Connection, meeting_id: int) -> None:
    """Remember that the event says something else than wanted: the next job compares it, and writes in that case."""
    conn.execute("UPDATE mirrored SET stale = stale + 1 WHERE meeting_id = ?", (meeting_id,))


def move(conn: sqlite3.Connection, meeting_id: int, calendar_id: str) -> None:
    """Remember that the event, with its id, is in another calendar of the same account now."""
    conn.execute(
        "UPDATE mirrored SET calendar_id = ?, etag = NULL, plain = 0 WHERE meeting_id = ?", (calendar_id, meeting_id)
    )


def adopt(
    conn: sqlite3.Connection,
    *,
    meeting_id: int,
    account_id: int,
    calendar_id: str,
    remote_id: str,
    link: str | None,
    now_ms: int,
) -> None:
    """Take an event that somebody else made as the meeting's own; the next job writes the gateway's marks on it.

    An event that the gateway itself made for the meeting before is forgotten, so it must be gone from the calendar.
    """
    generation = conn.execute("SELECT generation FROM mirrored WHERE meeting_id = ?", (meeting_id,)).fetchone()
    claim(
        conn,
        meeting_id=meeting_id,
        account_id=account_id,
        calendar_id=calendar_id,
        remote_id=remote_id,
        generation=0 if generation is None else generation[0],
        now_ms=now_ms,
    )
    conn.execute(
        "UPDATE mirrored SET state = 'live', link = ?, stale = 1, adopted = 1, lacking = '' WHERE meeting_id = ?",
        (link, meeting_id),
    )


def gone(conn: sqlite3.Connection, *, meeting_id: int, revision: int, now_ms: int) -> None:
    """Remember that the event was removed."""
    conn.execute(
        "UPDATE mirrored SET state = 'gone', revision = ?, etag = NULL, link = NULL, stale = 0, written = NULL, "
        "content = NULL, lacking = '', plain = 0, adopted = 0, meet_request = '', meet_asked_at = NULL, "
        "meet_state = '', meet_link = NULL, changed_at = ? WHERE meeting_id = ?",
        (revision, now_ms, meeting_id),
    )


def _set(text: str) -> frozenset[str]:
    return frozenset(entry for entry in text.split(",") if entry)
