"""How long the bench takes: rounds, seconds and counts of a quick and of a full run; nothing is measured here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How long the bench takes: rounds of each phase, seconds of one load, starts, meetings followed to their end.

    `alone` meetings come one by one to an idle gateway, `backlog` wait while calls are made, `drained` are written at
    once in a round, beside `inserts` of the usual client. `asked` times a device asks when its room is taken.

    Processor time varies most, so it has rounds of its own.
    """

    rounds: int
    cpu_rounds: int
    seconds: float
    sync_seconds: float
    starts: int
    followed: int
    alone: int
    backlog: int
    drained: int
    inserts: int
    asked: int


QUICK = Plan(
    rounds=2,
    cpu_rounds=2,
    seconds=1,
    sync_seconds=0.3,
    starts=2,
    followed=60,
    alone=10,
    backlog=1000,
    drained=500,
    inserts=150,
    asked=20,
)
FULL = Plan(
    rounds=7,
    cpu_rounds=11,
    seconds=2,
    sync_seconds=0.7,
    starts=7,
    followed=400,
    alone=60,
    backlog=5000,
    drained=2000,
    inserts=500,
    asked=100,
)
