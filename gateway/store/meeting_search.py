"""Finds meetings by the beginnings of words, with an index that follows behind; it does not catch up by itself."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, NamedTuple

from gateway.domain.search_words import begins, words

MOST_BEHIND = 2_000
"""With more meetings that are not in the index yet, it is not asked."""

_MOST_GUESTS = 20
_MOST_MONTHS = 36
_SERIES = "_s"
_BACK_S = 32 * 86_400
"""So long before a span a meeting may begin that is still going on in it."""

_AT_ONCE = 500


class Behind(NamedTuple):
    """Meetings that the index does not have, or not as they are. `audit_id` is up to where the audit was read.

    `new` are the first ones that were never in it, in order; `changed` those whose device said something else since.
    With more than were asked for, `all_told` is False.
    """

    new: list[int]
    changed: list[int]
    audit_id: int
    all_told: bool


def behind(conn: sqlite3.Connection, most: int) -> Behind:
    """Return what the index lacks; at most `most` of either kind are looked at."""
    next_id, audit_id = conn.execute("SELECT next_meeting_id, audit_id FROM meeting_indexed").fetchone()
    new = [
        int(raw[0])
        for raw in conn.execute("SELECT id FROM meeting WHERE id >= ? ORDER BY id LIMIT ?", (next_id, most + 1))
    ]
    lines = conn.execute(
        "SELECT id, action, object FROM audit WHERE id > ? ORDER BY id LIMIT ?", (audit_id, 4 * most + 1)
    ).fetchall()
    changed = {int(raw[2].partition(":")[2]) for raw in lines if raw[1] == "meeting.changed"}
    return Behind(
        new=new[:most],
        changed=sorted(each for each in changed if each < next_id),
        audit_id=int(lines[-1][0]) if lines else audit_id,
        all_told=len(new) <= most and len(lines) <= 4 * most,
    )


def catch_up(conn: sqlite3.Connection, said: Sequence[tuple[int, str]], upto: Behind) -> None:
    """Put the words of these meetings into the index, and remember that it is `upto` there. Ids rise in `said`."""
    before = _stored(conn, [each[0] for each in said])
    for meeting_id, text in said:
        old = before.get(meeting_id)
        if old == text:
            continue
        if old is not None:
            conn.execute(
                "INSERT INTO meeting_index (meeting_index, rowid, words) VALUES ('delete', ?, ?)", (meeting_id, old)
            )
        conn.execute("INSERT OR REPLACE INTO meeting_words VALUES (?, ?)", (meeting_id, text))
        conn.execute("INSERT INTO meeting_index (rowid, words) VALUES (?, ?)", (meeting_id, text))
    conn.execute(
        "UPDATE meeting_indexed SET next_meeting_id = max(next_meeting_id, ?), audit_id = max(audit_id, ?)",
        (upto.new[-1] + 1 if upto.new else 0, upto.audit_id),
    )


def words_of(conn: sqlite3.Connection, meeting_ids: Sequence[int]) -> list[tuple[int, str]]:
    """Return the words of these meetings as they are now, in order of their ids."""
    found = []
    for some in _some(sorted(meeting_ids)):
        marks = ", ".join("?" * len(some))
        rows = conn.execute(f"SELECT id, external_id, body FROM meeting WHERE id IN ({marks}) ORDER BY id", some)  # noqa: S608 - marks
        found += [(int(raw[0]), _words(raw[1], json.loads(raw[2]))) for raw in rows]
    return found


class Search:
    """One question: the meetings in which every word of a text is the beginning of a word.

    Looked for are subject, room, host and guests (extension, name, address), and the device's own id of the meeting.
    """

    def __init__(self, conn: sqlite3.Connection, text: str) -> None:
        self._conn = conn
        self._wanted = words([text])
        self._behind = behind(conn, MOST_BEHIND)
        self._late = frozenset((*self._behind.new, *self._behind.changed))

    def among(self, meeting_ids: Collection[int]) -> set[int]:
        """Return those of these meetings that have the text."""
        if not self._wanted:
            return set()
        ids = sorted(meeting_ids)
        said = (
            {} if not self._behind.all_told else _stored(self._conn, [each for each in ids if each not in self._late])
        )
        rest = [each for each in ids if each not in said]
        found = [*said.items(), *(words_of(self._conn, rest) if rest else ())]
        return {meeting_id for meeting_id, text in found if begins((text,), self._wanted)}

    def candidates(self, from_s: int, to_s: int, most: int) -> list[int] | None:
        """Return the meetings with the text that may take place in a span; None when they are more than `most`.

        None, too, while the index is too far behind.
        """
        if not self._wanted:
            return []
        if not self._behind.all_told:
            return None
        late = [
            meeting_id for meeting_id, text in words_of(self._conn, sorted(self._late)) if begins((text,), self._wanted)
        ]
        months = _months(from_s - _BACK_S, to_s)
        most_here = most + len(self._late)
        # Whole words are counted first: for beginnings of longer words the index is read before it gives anything.
        if len(self._matches(months, "", most_here)) > most_here:
            return None
        found = [*late, *(each for each in self._matches(months, "*", most_here) if each not in self._late)]
        return found if len(found) <= most else None

    def _matches(self, months: Sequence[str], star: str, most: int) -> list[int]:
        """Return up to one more than `most` meetings in the index with all words, or (star) beginnings of words."""
        # Words are letters and digits only, so that nothing in them has a meaning of its own here.
        parts = [f'"{word}"{star}' for word in self._wanted]
        if len(months) <= _MOST_MONTHS:
            parts.append(_any(months))
        rows = self._conn.execute(
            "SELECT rowid FROM meeting_index WHERE meeting_index MATCH ? LIMIT ?", (" AND ".join(parts), most + 1)
        )
        return [int(raw[0]) for raw in rows]


def _any(months: Sequence[str]) -> str:
    said = " OR ".join(f'"{each}"' for each in (*months, _SERIES))
    return f"({said})"


def _words(external_id: str, body: dict[str, Any]) -> str:
    people = [body.get("h") or [], *body.get("i", ())[:_MOST_GUESTS]]
    texts = [body["su"], external_id, body.get("ro") or "", *(each for one in people for each in one if each)]
    when = _SERIES if "rp" in body else _month(int(body["s"]))
    return " ".join((*words(texts), when))


def _month(at_s: int) -> str:
    return f"_{datetime.fromtimestamp(at_s, UTC):%Y%m}"


def _months(from_s: int, to_s: int) -> list[str]:
    """Return the months that a span touches; of a very long one only enough to tell that it is."""
    first, last = (datetime.fromtimestamp(each, UTC) for each in (from_s, to_s))
    low, high = first.year * 12 + first.month - 1, last.year * 12 + last.month - 1
    return [f"_{each // 12:04d}{each % 12 + 1:02d}" for each in range(low, min(high, low + _MOST_MONTHS) + 1)]


def _stored(conn: sqlite3.Connection, meeting_ids: Sequence[int]) -> dict[int, str]:
    found: dict[int, str] = {}
    for some in _some(meeting_ids):
        marks = ", ".join("?" * len(some))
        found.update(conn.execute(f"SELECT meeting_id, words FROM meeting_words WHERE meeting_id IN ({marks})", some))  # noqa: S608 - marks
    return found


def _some(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for first, last in pairwise((*range(0, len(ids), _AT_ONCE), len(ids))):
        yield ids[first:last]
