"""What `meeting resolve` reads and prints; who may win, and what follows from it, is decided in `operations`."""

from __future__ import annotations

import argparse
from datetime import date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from gateway.cli.command import say

if TYPE_CHECKING:
    from gateway.cli.device_office import Office


async def decided(args: argparse.Namespace, office: Office) -> None:
    """Let the device or Google win where people changed the event, the device also where Google's version was kept.

    Raises NotFound, or Conflict: there is nothing to decide.
    """
    from gateway.cli.meeting import desk
    from gateway.domain.device import Wins

    meetings = desk(office)
    line = await meetings.one(args.id)
    wins = Wins.DEVICE if args.device else Wins.CALENDAR
    number = await meetings.resolve(str(line.id), wins, occurrence_start(args.occurrence, line.zone))
    whose = f"{line.device}'s version" if args.device else "Google's version"
    more = f", {number} times" if number > 1 else ""
    say(f"{whose} counts for meeting {line.id}{more}.")


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
