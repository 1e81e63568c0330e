"""What `meeting resolve` does: an admin says whose version counts; what follows from it is decided in `mirror`."""

from __future__ import annotations

import argparse
from datetime import datetime
from typing import TYPE_CHECKING

from gateway.cli.command import say
from gateway.errors import GatewayError, NotFound

if TYPE_CHECKING:
    import sqlite3

    from gateway.cli.device_office import Office


async def decided(args: argparse.Namespace, office: Office) -> None:
    """Let the device or Google win where people changed the event. Raises NotFound, or Conflict: nothing asks."""
    from gateway.cli.meeting import desk
    from gateway.domain.actor import COMMAND_LINE
    from gateway.domain.device import Wins
    from gateway.mirror.decisions import Matter, decide
    from gateway.store import audit, kept, meetings

    line = await desk(office).one(args.id)
    vault, now_ms = office.stored.vault, office.clock.now_ms()
    wins = Wins.DEVICE if args.device else Wins.CALENDAR
    one = None if args.occurrence is None else _instant_s(args.occurrence)

    def work(conn: sqlite3.Connection) -> int:
        row = meetings.get(conn, line.id)
        if row is None:
            raise NotFound(f"There is no meeting {line.id}.")
        asks = [edit for edit in kept.of(conn, line.id) if edit.state is kept.KeptState.ASKS]
        # Without a question, `decide` says that there is none.
        starts = [one] if one is not None else [edit.original_start_utc_s for edit in asks] or [kept.WHOLE]
        for original_start_utc_s in starts:
            matter = Matter(
                conn=conn,
                row=row,
                now_ms=now_ms,
                unseal=lambda sealed: vault.unseal(sealed.encode("ascii")),
                original_start_utc_s=original_start_utc_s,
            )
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


def _instant_s(text: str) -> int:
    """Read an instant (RFC 3339) as seconds since 1970. Raises GatewayError."""
    try:
        moment: datetime | None = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise GatewayError(f"--occurrence must be a time such as 2026-11-23T09:00:00Z, not {text!r}")
    return int(moment.timestamp())
