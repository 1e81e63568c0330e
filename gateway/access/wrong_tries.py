"""How often a place showed a key that is none of ours; keys are too long to be guessed, so nothing is kept on disk."""

from __future__ import annotations

from gateway.access.gate import TRIES, WINDOW_MS, source_subject
from gateway.clock import Clock

_WINDOW_S = WINDOW_MS / 1000
MOST_PLACES = 1000
"""Places that are remembered; of more, the one that began first is forgotten."""


class WrongTries:
    """Counts wrong keys of each place: after five within five minutes it has to wait, and one line tells of it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._places: dict[str, tuple[float, int]] = {}

    def wait_s(self, source: str) -> float:
        """Return how long `source` (an IP address) has to wait, 0 while it may try."""
        began_s, number = self._lately(source_subject(source))
        return began_s + _WINDOW_S - self._clock.monotonic_s() if number >= TRIES else 0.0

    def count(self, source: str) -> bool:
        """Count a wrong key; True when it is the one after which `source` has to wait."""
        place = source_subject(source)
        began_s, number = self._lately(place)
        if place not in self._places and len(self._places) >= MOST_PLACES:
            del self._places[next(iter(self._places))]
        self._places[place] = (began_s, number + 1)
        return number + 1 == TRIES

    def _lately(self, place: str) -> tuple[float, int]:
        """When the window of a place began, and how many wrong keys there were in it."""
        now_s = self._clock.monotonic_s()
        began_s, number = self._places.get(place, (now_s, 0))
        if now_s < began_s + _WINDOW_S:
            return began_s, number
        del self._places[place]
        return now_s, 0
