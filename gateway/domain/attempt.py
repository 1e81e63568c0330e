"""One attempt to bring a meeting to its calendar, and the calls it made; never what they said."""

from __future__ import annotations

from typing import NamedTuple

from gateway.domain.outcome import Outcome, Verdict

UNKNOWN = "unknown"
"""The code of a call that nobody saw end."""

MOST_CALLS = 8
"""So many calls of one attempt are remembered: the first ones and the last ones."""


class Call(NamedTuple):
    """One call to a calendar: `at` is ms UTC, `status` the HTTP status (0: no answer came).

    `operation` is a stable word (`insert`, `replace`, `delete`, `look`, …). `code` is empty when the call did what it
    was to do, else the outcome's code, or its verdict where it has none (`exists`, `changed`, `gone`, …).
    """

    operation: str
    at: int
    took_ms: int
    status: int
    code: str


class Attempt(NamedTuple):
    """One attempt; times are ms UTC.

    `number` counts the attempts since the meeting was last changed or sent again. `done` says that the event is there
    (or gone) as wanted, but for what `code` names; None when nobody knows how it ended. `next_at` is when it is tried
    again, None when it is not by itself.
    """

    at: int
    number: int
    done: bool | None
    code: str
    next_at: int | None
    calls: tuple[Call, ...]

    @property
    def took_ms(self) -> int:
        """From the beginning of the first call to the end of the last one; 0 without calls."""
        return max(0, self.calls[-1].at + self.calls[-1].took_ms - self.at) if self.calls else 0


def call_of(operation: str, at: int, took_ms: float, outcome: Outcome | None) -> Call:
    """Return what is remembered of a call that ended with `outcome` (None: nobody saw how)."""
    took = max(0, round(took_ms))
    if outcome is None:
        return Call(operation, at, took, 0, UNKNOWN)
    code = "" if outcome.verdict is Verdict.DONE else outcome.code or outcome.verdict.value
    return Call(operation, at, took, outcome.status, code)


def remember(calls: list[Call], call: Call) -> None:
    """Add a call; of too many, one in the middle is forgotten."""
    calls.append(call)
    if len(calls) > MOST_CALLS:
        del calls[MOST_CALLS // 2]
