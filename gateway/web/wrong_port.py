"""Who spoke https to the port for http, or the reverse: the last few, in memory; how it is noticed lives elsewhere."""

from __future__ import annotations

import logging
from collections import OrderedDict
from typing import Literal, NamedTuple

from gateway.clock import Clock

_LOGGER = logging.getLogger(__name__)
MOST = 20
SHOWN_FOR_MS = 3_600_000
LOG_AGAIN_AFTER_MS = 60_000
Spoken = Literal["http", "https"]


class WrongPort(NamedTuple):
    """Somebody at an address spoke one of the two to the port of the other; `at_ms` (UTC) is the last time."""

    address: str
    spoken: Spoken
    port: int
    at_ms: int

    @property
    def expected(self) -> Spoken:
        """What that port is for."""
        return "http" if self.spoken == "https" else "https"


class WrongPorts:
    """Takes note of the last `MOST` addresses; whoever has many addresses pushes out only others of this kind."""

    def __init__(self, clock: Clock) -> None:
        self._now_ms = clock.now_ms
        self._noted: OrderedDict[tuple[str, Spoken], WrongPort] = OrderedDict()
        self._logged: OrderedDict[str, int] = OrderedDict()

    def note(self, address: str, spoken: Spoken, port: int) -> None:
        """Somebody at `address` spoke so to `port`."""
        now_ms = self._now_ms()
        self._noted[address, spoken] = WrongPort(address, spoken, port, now_ms)
        self._noted.move_to_end((address, spoken))
        if len(self._noted) > MOST:
            self._noted.popitem(last=False)
        self._log(self._noted[address, spoken])

    def recent(self) -> list[WrongPort]:
        """Return who did within the last hour, the last one first."""
        now_ms = self._now_ms()
        return [each for each in reversed(self._noted.values()) if 0 <= now_ms - each.at_ms < SHOWN_FOR_MS]

    def _log(self, noted: WrongPort) -> None:
        """One line a minute for each address, and for all that nobody heard of one a minute at most."""
        last_ms = self._logged.get(noted.address)
        if last_ms is not None and 0 <= noted.at_ms - last_ms < LOG_AGAIN_AFTER_MS:
            return
        full = len(self._logged) >= MOST
        if full and 0 <= noted.at_ms - next(iter(self._logged.values())) < LOG_AGAIN_AFTER_MS:
            return  # from so many addresses within a minute, the lines would only fill the disk
        if full:
            self._logged.popitem(last=False)
        self._logged.pop(noted.address, None)
        self._logged[noted.address] = noted.at_ms
        _LOGGER.warning(
            "%s speaks %s to port %s, which is for %s",
            noted.address,
            noted.spoken,
            noted.port,
            noted.expected,
            extra={"problem": "D-13"},
        )
