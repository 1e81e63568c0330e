"""The fault rules in force: stacked, asked, listed and taken away; what a rule is and does is in `faults`."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random
from typing import Any

from simulator.google.fault_rules import parsed
from simulator.google.faults import Hit, Rule, Target


class FaultBook:
    """The rules in force, asked newest first."""

    def __init__(self) -> None:
        self._rules: list[Rule] = []
        self._last_number = 0

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Every rule, newest first."""
        return tuple(self._rules)

    def add(self, documents: Iterable[Any], now_s: float = 0.0) -> list[Rule]:
        """Stack rules given as JSON; of several given together the first is asked first. All or none are taken.

        `now_s` is the simulated time from which their own times count. Raises `BadRule`.
        """
        added = [parsed(document) for document in documents]
        for rule in added:
            self._last_number += 1
            rule.number = self._last_number
            rule.from_s = now_s + rule.wait_s if rule.wait_s or rule.for_s is not None else 0.0
        self._rules[:0] = added
        return added

    def clear(self) -> None:
        """Take every rule away."""
        self._rules.clear()

    def remove(self, number: int) -> bool:
        """Take one rule away; whether there was one with this number."""
        found = [rule for rule in self._rules if rule.number == number]
        for rule in found:
            self._rules.remove(rule)
        return bool(found)

    def listed(self) -> list[dict[str, Any]]:
        """Every rule with its counters, newest first."""
        return [rule.listed() for rule in self._rules]

    def pick(self, target: Target, random: Random) -> Hit | None:
        """What hits this request: every change, and the newest ending; None when nothing does. Counts them."""
        if not self._rules:
            return None
        changes: list[tuple[Rule, float]] = []
        ending: Rule | None = None
        for rule in self._rules:
            changing = rule.effect.kind == "change"
            if rule.exhausted or (ending is not None and not changing) or not rule.matches(target):
                continue
            if not rule.hits(random):
                continue
            if changing:
                changes.append((rule, rule.effect.late_s(rule.random or random)))
            else:
                ending = rule
        return Hit(changes=tuple(changes), ending=ending) if changes or ending else None
