"""Things that wait in memory for the next step of one person: few, for ten minutes, and never on disk."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Generic, TypeVar

from gateway.clock import Clock

LIFE_S = 600.0
MOST = 50

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Kept(Generic[T]):
    item: T
    until_s: float


class Shelf(Generic[T]):
    """One item for each key. The oldest goes when there are more than `most`, and all that are older than `life_s`."""

    def __init__(self, clock: Clock, *, life_s: float = LIFE_S, most: int = MOST) -> None:
        self._clock = clock
        self._life_s = life_s
        self._most = most
        self._kept: OrderedDict[str, _Kept[T]] = OrderedDict()

    def put(self, key: str, item: T) -> None:
        """Keep `item`, in place of what was there."""
        self._kept.pop(key, None)
        self._drop_old()
        while len(self._kept) >= self._most:
            self._kept.popitem(last=False)
        self._kept[key] = _Kept(item, self._clock.monotonic_s() + self._life_s)

    def get(self, key: str) -> T | None:
        """Return what is kept, and leave it there."""
        self._drop_old()
        kept = self._kept.get(key)
        return kept.item if kept is not None else None

    def take(self, key: str) -> T | None:
        """Return what is kept, and keep it no longer."""
        item = self.get(key)
        self._kept.pop(key, None)
        return item

    def __len__(self) -> int:
        self._drop_old()
        return len(self._kept)

    def _drop_old(self) -> None:
        now_s = self._clock.monotonic_s()
        while self._kept and next(iter(self._kept.values())).until_s <= now_s:
            self._kept.popitem(last=False)
