"""How many calls a minute a device may make, and who is being slowed down; who a device is, is known to the caller."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.clock import Clock

MINUTE_S = 60.0
SHOWN_FOR_S = 300.0
"""So long after the last call that was one too many is a device still told of."""


@dataclass(slots=True)
class _Slowed:
    """A device that makes too many calls: when the last one too many came, and the last that was noted (steady)."""

    last_s: float
    noted_s: float


@dataclass(frozen=True, slots=True)
class TooMany:
    """One call too many: how long to wait until the next is taken, and whether it is one of those that are noted.

    Of all that are refused, one a minute is noted: the others say the same.
    """

    wait_s: float
    noted: bool


class CallRate:
    """Lets every device make `per_minute` calls a minute, and as many at once after a time of silence.

    A call costs the same however many there are; kept is one number for each device that called lately, in memory.
    """

    def __init__(self, per_minute: int, clock: Clock) -> None:
        self.per_minute = per_minute
        self._clock = clock
        self._each_s = MINUTE_S / per_minute
        self._due: dict[str, float] = {}
        self._slowed: dict[str, _Slowed] = {}

    def count(self, name: str) -> TooMany | None:
        """Count one call of the device of that name, which has proved who it is; None when it may be answered.

        Kept is when the device's calls would all have come if they came evenly (generic cell rate algorithm, ITU-T
        I.371): a minute ahead of the time that it is, there was one too many.
        """
        now_s = self._clock.monotonic_s()
        due_s = self._due.get(name, 0.0)
        if not now_s <= due_s <= now_s + 2 * MINUTE_S:  # it was silent for a while
            due_s = now_s
        due_s += self._each_s
        ahead_s = due_s - now_s
        if ahead_s > MINUTE_S + self._each_s / 2:
            return self._refuse(name, now_s, ahead_s - MINUTE_S)
        self._due[name] = due_s
        return None

    def slowed(self) -> tuple[str, ...]:
        """Return the devices that were slowed down within the last minutes."""
        since_s = self._clock.monotonic_s() - SHOWN_FOR_S
        for name in [name for name, each in self._slowed.items() if each.last_s < since_s]:
            del self._slowed[name]
        return tuple(self._slowed)

    def keep(self, names: frozenset[str]) -> None:
        """Forget all devices but these."""
        for kept in (self._due, self._slowed):
            for name in [name for name in kept if name not in names]:
                del kept[name]

    def _refuse(self, name: str, now_s: float, wait_s: float) -> TooMany:
        slowed = self._slowed.get(name)
        if slowed is None:
            self._slowed[name] = _Slowed(now_s, now_s)
            return TooMany(wait_s, noted=True)
        slowed.last_s = now_s
        noted = now_s - slowed.noted_s >= MINUTE_S
        if noted:
            slowed.noted_s = now_s
        return TooMany(wait_s, noted)
