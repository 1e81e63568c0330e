"""What `meeting resolve` does: an admin says whose version counts; what follows from it is decided in `mirror`."""

from __future__ import annotations

import argparse
from datetime import date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from gateway.cli.command import say
from gateway.errors import Conflict, NotFound

if TYPE_CHECKING:
    import sqlite3

    from gateway.cli.device_office import Office
    from gateway.domain.kept_edit import KeptEdit
    from gateway.store.meeting_list import MeetingLine


async def decided(args: argparse.Namespace, office: Office) -> None:
    """Let the device or Google win where people changed the event, the device also where Google's version was kept.

    Raises NotFound, or Conflict: there is nothing to decide.
    """
    from gateway.cli.meeting import desk
    from gateway.domain.actor import COMMAND_LINE
    from gateway.domain.device import Wins
    from gateway.mirror.decisions import Matter, decide
    from gateway.mirror.overruling import overrule
    from gateway.store import audit, kept, meetings

    line = await desk(office).one(args.id)
    vault, now_ms = office.stored.vault, office.clock.now_ms()
    wins = Wins.DEVICE if args.device else Wins.CALENDAR

    def work(conn: sqlite3.Connection) -> int:
        row = meetings.get(conn, line.id)
        if row is None:
            raise NotFound(f"There is no meeting {line.id}.")
        starts = _starts(line, kept.of(conn, line.id), args.occurrence, device=args.device)
        for original_start_utc_s in starts:
            matter = Matter(
                conn=conn,
                row=row,
                now_ms=now_ms,
                unseal=lambda sealed: vault.unseal(sealed.encode("ascii")),
                original_start_utc_s=original_start_utc_s,
            )
            if not (wins is Wins.DEVICE and overrule(matter)):
                decide(matter, wins)
        audit.write(
            conn,
            at_ms=now_ms,
            actor=COMMAND_LINE.name,
            action="meeting.decided",
            object_=f"meeting:{line.id}",
            detail=f"{wins} wins",
        )
        return len(starts)

    number = await office.stored.database.write(work)
    whose = f"{line.device}'s version" if args.device else "Google's version"
    more = f", {number} times" if number > 1 else ""
    say(f"{whose} counts for meeting {line.id}{more}.")


def _starts(line: MeetingLine, edits: tuple[KeptEdit, ...], occurrence: str | None, *, device: bool) -> list[int]:
    """Return which events of a meeting are decided about, by their original starts.

    The device may also win where Google's version was kept; what is still asked about comes first. Raises Conflict.
    """
    from gateway.store.kept import KeptState

    asks = [edit.original_start_utc_s for edit in edits if edit.state is KeptState.ASKS]
    kept = [edit.original_start_utc_s for edit in edits if edit.state is KeptState.KEPT]
    if occurrence is not None:
        wanted = occurrence_start(occurrence, line.zone)
        open_ = [*asks, *(kept if device else [])]
        found = [each for each in open_ if each and _is_that(each, wanted, line.zone)]
        if not found:
            raise Conflict(
                f"Nothing is to be decided about that occurrence. See: meeting-gateway meeting show {line.id}"
            )
        return found
    if asks or (device and kept):
        return asks or kept
    if line.guarded:
        where = f" --calendar {line.calendar_id}" if line.calendar_id else ""
        raise Conflict(
            f"The event of meeting {line.id} vanished together with many others; that is answered for all of them: "
            f"meeting-gateway mirror restore{where}, or meeting-gateway mirror believe{where}"
        )
    if kept:
        raise Conflict(f"Google's version counts for meeting {line.id} already.")
    raise Conflict("Nothing is to be decided about this meeting: the calendar and the device agree, or were told.")


def occurrence_start(text: str | None, zone: str) -> datetime | date | None:
    """Read an instant, a local time in the meeting's zone, or a day. Raises ValueError, with a text for people."""
    if text is None:
        return None
    try:
        if len(text) == len("2026-11-23"):
            return date.fromisoformat(text)
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(
            f"--occurrence must be a day such as 2026-11-23, or a time such as 2026-11-23T09:00:00Z, not {text!r}"
        ) from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=ZoneInfo(zone))


def _is_that(original_start_utc_s: int, wanted: datetime | date | None, zone: str) -> bool:
    if isinstance(wanted, datetime):
        return int(wanted.timestamp()) == original_start_utc_s
    there = datetime.fromtimestamp(original_start_utc_s, ZoneInfo(zone))
    return wanted == there.date()
