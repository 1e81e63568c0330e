"""An admin says whose version counts where people changed a meeting's event; what follows from it is in `mirror`."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import date, datetime
from zoneinfo import ZoneInfo

from gateway.domain.device import Wins
from gateway.domain.kept_edit import KeptEdit, KeptState
from gateway.errors import Conflict, NotFound
from gateway.mirror.inbound.decisions import Matter, believe, decide, guard_status, put_back_all
from gateway.mirror.inbound.overruling import overrule
from gateway.store import kept, meetings
from gateway.store.meeting_list import MeetingLine

Unseal = Callable[[str], str]


def decided(
    conn: sqlite3.Connection,
    line: MeetingLine,
    wins: Wins,
    occurrence: datetime | date | int | None,
    *,
    now_ms: int,
    unseal: Unseal,
) -> int:
    """Let the device or Google win, the device also where Google's version was kept; return for how many events.

    `occurrence` names one of a series: an instant, a day in the meeting's zone, or its original start (seconds since
    1970; 0 means the series as a whole). Raises NotFound, or Conflict: there is nothing to decide.
    """
    row = meetings.get(conn, line.id)
    if row is None:
        raise NotFound(f"There is no meeting {line.id}.")
    starts = _starts(line, kept.of(conn, line.id), occurrence, device=wins is Wins.DEVICE)
    for original_start_utc_s in starts:
        matter = Matter(conn=conn, row=row, now_ms=now_ms, unseal=unseal, original_start_utc_s=original_start_utc_s)
        if not (wins is Wins.DEVICE and overrule(matter)):
            decide(matter, wins)
    return len(starts)


def vanished(conn: sqlite3.Connection, line: MeetingLine, *, restore: bool, now_ms: int, unseal: Unseal) -> int:
    """Answer for all events that vanished from the calendar of a meeting at once; return how many they are.

    Raises Conflict when that is not asked.
    """
    answer, number = put_back_all if restore else believe, 0
    for each in guard_status(conn):
        if (each.account_id, each.calendar_id) == (line.account_id, line.calendar_id):
            number += answer(conn, each.account_id, each.calendar_id, now_ms, unseal)
    if not number:
        raise Conflict("Nothing is asked about this calendar any more.")
    return number


def _starts(
    line: MeetingLine, edits: tuple[KeptEdit, ...], occurrence: datetime | date | int | None, *, device: bool
) -> list[int]:
    """Return which events of a meeting are decided about, by their original starts.

    The device may also win where Google's version was kept; what is still asked about comes first. Raises Conflict.
    """
    asks = [edit.original_start_utc_s for edit in edits if edit.state is KeptState.ASKS]
    held = [edit.original_start_utc_s for edit in edits if edit.state is KeptState.KEPT]
    if occurrence is not None:
        open_ = [*asks, *(held if device else [])]
        found = [each for each in open_ if _is_that(each, occurrence, line.zone)]
        if not found:
            raise Conflict(
                f"Nothing is to be decided about that occurrence. See: meeting-gateway meeting show {line.id}"
            )
        return found
    if asks or (device and held):
        return asks or held
    if line.guarded:
        where = f" --calendar {line.calendar_id}" if line.calendar_id else ""
        raise Conflict(
            f"The event of meeting {line.id} vanished together with many others; that is answered for all of them: "
            f"meeting-gateway mirror restore{where}, or meeting-gateway mirror believe{where}"
        )
    if held:
        raise Conflict(f"Google's version counts for meeting {line.id} already.")
    raise Conflict("Nothing is to be decided about this meeting: the calendar and the device agree, or were told.")


def _is_that(original_start_utc_s: int, wanted: datetime | date | int, zone: str) -> bool:
    if isinstance(wanted, int):
        return wanted == original_start_utc_s
    if not original_start_utc_s:
        return False
    if isinstance(wanted, datetime):
        return int(wanted.timestamp()) == original_start_utc_s
    return wanted == datetime.fromtimestamp(original_start_utc_s, ZoneInfo(zone)).date()
