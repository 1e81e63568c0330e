"""The table `wording`: the words that events were made from, by their mark; which are chosen now is not known here."""

from __future__ import annotations

import sqlite3

from gateway.domain.wording import Words, words_of

MOST = 200
"""How many are remembered; an event of older ones is judged by those of now."""


def keep(conn: sqlite3.Connection, words: Words, now_ms: int) -> None:
    """Remember words before the first event is written with them."""
    conn.execute(
        "INSERT INTO wording (mark, title, description, used_at) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (mark) DO UPDATE SET used_at = excluded.used_at",
        (words.mark, words.title, words.description, now_ms),
    )
    conn.execute(
        "DELETE FROM wording WHERE mark IN (SELECT mark FROM wording ORDER BY used_at DESC, mark LIMIT -1 OFFSET ?)",
        (MOST,),
    )


def find(conn: sqlite3.Connection, mark: str) -> Words | None:
    """Return the words of a mark, None when they are not known."""
    raw = conn.execute("SELECT title, description FROM wording WHERE mark = ?", (mark,)).fetchone()
    if raw is None:
        return None
    try:
        return words_of(*raw)
    except ValueError:  # stored by another version, with placeholders that this one does not know
        return None
