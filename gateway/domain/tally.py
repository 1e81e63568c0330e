"""What is counted while the gateway runs: in memory, at the price of an addition; who is shown it is not known here."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection

CALL_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
"""Upper bounds for the answers to devices, in seconds."""
DELIVERY_S = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Upper bounds for an attempt to bring a meeting to its calendar, in seconds."""
SYNC_S = (1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0, 21_600.0, 86_400.0)
"""Upper bounds for the time from a change at the device until it is in the calendar, in seconds."""


class Durations:
    """How often something took how long; `numbers` has one more place than `bounds_s`, for all that took longer."""

    __slots__ = ("bounds_s", "numbers", "total_s")

    def __init__(self, bounds_s: tuple[float, ...]) -> None:
        self.bounds_s = bounds_s
        self.numbers = [0] * (len(bounds_s) + 1)
        self.total_s = 0.0

    def note(self, took_s: float) -> None:
        """It took so long once more; a clock that went back counts as no time at all."""
        took_s = max(0.0, took_s)
        self.numbers[bisect_left(self.bounds_s, took_s)] += 1
        self.total_s += took_s


class Tally:
    """Counts since the gateway started. Everything in it rises only; after a restart it begins at 0.

    `calls` are answers to devices by the device's id and what became of the call; `strangers` are calls that showed a
    wrong key, or that of no device. `deliveries` are attempts to bring a meeting to its calendar by how they ended.
    `delivered_ms` is when one last succeeded (ms UTC), 0 before the first.
    """

    def __init__(self) -> None:
        self.calls: dict[tuple[str, str], int] = {}
        self.strangers = 0
        self.call_s = Durations(CALL_S)
        self.deliveries = {"done": 0, "later": 0, "held": 0}
        self.delivery_s = Durations(DELIVERY_S)
        self.sync_s = Durations(SYNC_S)
        self.delivered_ms = 0

    def call(self, device: str, result: str, took_s: float) -> None:
        """A call of a device, which showed its key, was answered."""
        self.call_s.note(took_s)
        key = (device, result)
        self.calls[key] = self.calls.get(key, 0) + 1

    def delivered(self, *, took_s: float, waited_s: float, now_ms: int) -> None:
        """A meeting was brought to its calendar, so long after its device had asked for it."""
        self.deliveries["done"] += 1
        self.delivery_s.note(took_s)
        self.sync_s.note(waited_s)
        self.delivered_ms = now_ms

    def not_delivered(self, *, held: bool, took_s: float) -> None:
        """An attempt failed; it is made again later, or waits for a person (`held`)."""
        self.deliveries["held" if held else "later"] += 1
        self.delivery_s.note(took_s)

    def keep(self, devices: Collection[str]) -> None:
        """Forget the calls of all devices but these."""
        for key in [key for key in self.calls if key[0] not in devices]:
            del self.calls[key]
