"""The numbers of one run of the bench: samples by name, their middle and spread, ratios round by round."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from statistics import median


@dataclass(slots=True)
class Figures:
    """Samples by name, one for each round; rounds of two names belong together by their position."""

    samples: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    facts: dict[str, str] = field(default_factory=dict)
    calls: int = 0
    not_accepted: int = 0

    def note(self, name: str, value: float) -> None:
        """Add a sample."""
        self.samples[name].append(value)

    def middle(self, name: str) -> float | None:
        """Return the median of a name; None when it was not measured."""
        return median(self.samples[name]) if self.samples.get(name) else None

    def ratios(self, name: str, other: str) -> list[float]:
        """Return name / other of each round, lowest first."""
        pairs = zip(self.samples.get(name, ()), self.samples.get(other, ()), strict=False)
        return sorted(one / two for one, two in pairs if two)

    def ratio(self, name: str, other: str) -> float | None:
        """Return the median of the rounds' ratios."""
        found = self.ratios(name, other)
        return median(found) if found else None
