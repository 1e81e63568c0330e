"""What follows from an outcome: again at a time, or held for a person; carrying it out is not done here."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from gateway.domain.outcome import Outcome, Verdict

SLOW_DOWN_CAP_S = 64.0
"""A job that met a limit of calls waits seconds (Calendar API error guide): the limit itself is kept by the pace."""


class Hold(StrEnum):
    """Why a job waits for a person instead of a time."""

    AUTHORIZATION = "authorization"
    CONFIGURATION = "configuration"
    PARKED = "parked"


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryLimits:
    """The first wait and the longest, in seconds."""

    first_s: float
    cap_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """When the job is due again (ms UTC), and why it is held if it is."""

    not_before_ms: int
    hold: Hold | None = None


_HOLDS = {
    Verdict.AUTHORIZATION: Hold.AUTHORIZATION,
    Verdict.CONFIGURATION: Hold.CONFIGURATION,
    Verdict.REFUSED: Hold.PARKED,
}


def decide(outcome: Outcome, *, attempts: int, now_ms: int, limits: RetryLimits, chance: float) -> Decision:
    """Decide about a job that is not done after its `attempts`-th attempt (1 is the first).

    Waits double from `first_s` to `cap_s`; `chance` (0 to 1) spreads each over its upper half, so that jobs that
    failed together do not come back together and none comes back at once. A time that the calendar named is never
    undercut; one beyond a day is not believed. Nothing is ever given up: a job is repeated, or held.
    """
    hold = _HOLDS.get(outcome.verdict)
    if hold is not None:
        return Decision(not_before_ms=now_ms, hold=hold)
    cap_s = min(limits.cap_s, SLOW_DOWN_CAP_S) if outcome.verdict is Verdict.SLOW_DOWN else limits.cap_s
    doublings = min(max(attempts, 1) - 1, 32)
    wait_s = min(cap_s, limits.first_s * 2**doublings) * (0.5 + chance / 2)
    if outcome.retry_after_s is not None:
        wait_s = max(wait_s, min(outcome.retry_after_s, 24 * 3600.0))
    # Rounded up: a millisecond early would still be early.
    return Decision(not_before_ms=now_ms + int(wait_s * 1000) + 1)
