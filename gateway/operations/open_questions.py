"""What people have to decide about events, for whoever compares calendars; nothing is answered here."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from gateway.domain.facts import Part
from gateway.domain.kept_edit import WHOLE
from gateway.mirror.inbound.decisions import guard_status
from gateway.store import kept, second_looks
from gateway.store.second_looks import Guarded


@dataclass(frozen=True, slots=True, kw_only=True)
class Questions:
    """Open questions: calendars that lost many events at once, and meetings whose events people changed.

    `vanished_meetings` and `asked_meetings` count meetings that are not compared because of them, each once; `asks` is
    how many meetings ask in all.
    """

    vanished: tuple[Guarded, ...]
    asks: int
    vanished_meetings: int
    asked_meetings: int

    def __bool__(self) -> bool:
        return bool(self.vanished) or self.asks > 0


def open_questions(conn: sqlite3.Connection) -> Questions:
    """Return what is open."""
    vanished = guard_status(conn)
    guarded = {
        number for each in vanished for number in second_looks.guarded_in(conn, each.account_id, each.calendar_id)
    }
    asking = kept.asking(conn)
    whole = {edit.meeting_id for edit in asking if edit.original_start_utc_s == WHOLE and Part.EVENT in edit.parts}
    return Questions(
        vanished=vanished,
        asks=len({edit.meeting_id for edit in asking}),
        vanished_meetings=len(guarded),
        asked_meetings=len(whole - guarded),
    )
