"""Whether the calendar of an event that was not found is there itself; what follows for the event is not known here."""

from __future__ import annotations

from gateway.domain.outcome import Outcome, Verdict
from gateway.domain.target import CalendarTarget


async def why_away(target: CalendarTarget, calendar_id: str) -> Outcome | None:
    """Ask why a calendar tells nothing of its events; None when it does, so that what is not in it is gone.

    A calendar that is no longer shared may be shared again, and then its events are in it as they were.
    """
    outcome = await target.look_calendar(calendar_id)
    return None if outcome.verdict is Verdict.DONE else outcome


def is_away(outcome: Outcome) -> bool:
    """Tell whether it is the calendar that somebody must give back, not its account or the way to it."""
    return outcome.verdict is Verdict.CONFIGURATION and not outcome.whole_account
