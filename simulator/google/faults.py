"""Faults: which request a rule hits and by what; rules are read in `fault_rules` and kept in `fault_book`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from random import Random
from typing import Any, Literal

Kind = Literal["answer", "reset", "hang", "truncate", "change"]
When = Literal["before", "after"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What happens to a request that is hit.

    `when` is `before` (the request has no effect) or `after` (it has its effect, but the caller does not hear so).
    `answer` sends something else: Google's error for `status` and `reason`, or `body` as it is (text or JSON).
    `change` lets the request be answered, only late (`delay_s` to `delay_s + spread_s`), with a `Date` that is off by
    `skew_s`, or without noticing that the id of a new event is taken (`overwrites`): such rules add up.
    """

    kind: Kind
    when: When = "before"
    delay_s: float = 0.0
    spread_s: float = 0.0
    skew_s: float = 0.0
    overwrites: bool = False
    status: int | None = None
    reason: str | None = None
    error: str | None = None
    error_description: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    has_body: bool = False

    def late_s(self, random: Random) -> float:
        """How late this answer is."""
        return self.delay_s + (random.random() * self.spread_s if self.spread_s else 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A request as rules see it; `account` and `calendar` are looked up only when a rule asks."""

    operation: str
    method: str
    path: str
    now_s: float
    account: Callable[[], str | None]
    calendar: Callable[[], str | None]


@dataclass(slots=True, kw_only=True)
class Rule:
    """One rule with its counters: `seen` requests matched, `used` of them were hit.

    It is in force from `from_s` to `until_s` of the simulated clock. `random` is its own source of chance.
    """

    number: int
    effect: Effect
    method: str | None = None
    path: str | None = None
    operation: str | None = None
    account: str | None = None
    calendar: str | None = None
    times: int | None = None
    after: int = 0
    rate: float = 1.0
    wait_s: float = 0.0
    for_s: float | None = None
    from_s: float = 0.0
    random: Random | None = None
    seen: int = 0
    used: int = 0
    source: Mapping[str, Any] = field(default_factory=dict)

    @property
    def exhausted(self) -> bool:
        """Whether the rule was used as often as it may be."""
        return self.times is not None and self.used >= self.times

    def in_force(self, now_s: float) -> bool:
        """Whether its time has come and is not over."""
        return now_s >= self.from_s and (self.for_s is None or now_s < self.from_s + self.for_s)

    def matches(self, target: Target) -> bool:
        """Whether the rule is about such a request; `path` is matched with `*` and `?`."""
        return (
            (self.operation is None or self.operation == target.operation)
            and (self.method is None or self.method == target.method)
            and (self.path is None or fnmatchcase(target.path, self.path))
            and self.in_force(target.now_s)
            and (self.account is None or self.account == target.account())
            and (self.calendar is None or self.calendar == target.calendar())
        )

    def hits(self, random: Random) -> bool:
        """Count a matching request; whether it is hit."""
        self.seen += 1
        if self.seen <= self.after or (self.rate < 1.0 and (self.random or random).random() >= self.rate):
            return False
        self.used += 1
        return True

    def listed(self) -> dict[str, Any]:
        """The rule as it was given, with its number and counters."""
        return {"rule": self.number, **self.source, "seen": self.seen, "used": self.used}


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """What hits one request: the `changes` that add up, each with how late it makes the answer, and one `ending`."""

    changes: tuple[tuple[Rule, float], ...] = ()
    ending: Rule | None = None

    def late_s(self, when: When) -> float:
        """How late the changes make the request's effect (`before`) or only its answer (`after`)."""
        return sum(late_s for rule, late_s in self.changes if rule.effect.when == when)

    @property
    def skew_s(self) -> float:
        """How far the `Date` is off."""
        return sum(rule.effect.skew_s for rule, _ in self.changes)

    @property
    def overwrites(self) -> bool:
        """Whether a taken id is not noticed."""
        return any(rule.effect.overwrites for rule, _ in self.changes)

    @property
    def number(self) -> int | None:
        """The rule to name in the record of the request."""
        if self.ending is not None:
            return self.ending.number
        return self.changes[0][0].number if self.changes else None
