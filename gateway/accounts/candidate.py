"""Accounts that signed in and wait for a person's word, in memory only; storing one is done elsewhere."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from gateway.clock import Clock
from gateway.google.tokens import Grant
from gateway.messages import Message

WAIT_S = 600.0
"""How long a person may take to confirm an account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An account that signed in and is not stored yet.

    `replaces` is the address of the main one, if this is another that is not in use yet. `kind` and `subject` name the
    account for good. `notes` are worth telling, none of them stands in the way.
    """

    kind: str
    email: str
    subject: str
    scopes: tuple[str, ...]
    replaces: str | None
    notes: tuple[Message, ...]
    grant: Grant = field(repr=False)
    access_ends_at_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    candidate: Candidate
    until_s: float
    timer: asyncio.TimerHandle


class WaitingCandidates:
    """At most one candidate for each origin; its tokens leave the memory when the wait is over."""

    def __init__(self, clock: Clock, wait_s: float = WAIT_S) -> None:
        self._clock = clock
        self._wait_s = wait_s
        self._kept: dict[str, _Kept] = {}

    def put(self, origin: str, candidate: Candidate) -> None:
        """Keep `candidate` for this origin, in place of one that waits already."""
        self.drop(origin)
        self._kept[origin] = _Kept(
            candidate=candidate,
            until_s=self._clock.monotonic_s() + self._wait_s,
            timer=asyncio.get_running_loop().call_later(self._wait_s, self.drop, origin),
        )

    def get(self, origin: str) -> Candidate | None:
        """Return the candidate that waits for a word of this origin."""
        kept = self._kept.get(origin)
        if kept is not None and self._clock.monotonic_s() >= kept.until_s:
            self.drop(origin)
            return None
        return kept.candidate if kept is not None else None

    def drop(self, origin: str) -> Candidate | None:
        """Forget the candidate of this origin and return it."""
        kept = self._kept.pop(origin, None)
        if kept is None:
            return None
        kept.timer.cancel()
        return kept.candidate

    def settle(self, candidate: Candidate) -> None:
        """Forget `candidate` wherever it waits: it is stored."""
        for origin in [origin for origin, kept in self._kept.items() if kept.candidate is candidate]:
            self.drop(origin)

    def clear(self) -> None:
        """Forget all of them."""
        for origin in list(self._kept):
            self.drop(origin)
