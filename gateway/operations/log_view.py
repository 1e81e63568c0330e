"""The last lines of the log as people look for them: by level, area, device and words; lines are made elsewhere."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.log import RAISED, RING, Line, RaisedLevel, Ring
from gateway.operations.support_bundle.bundle import as_text
from gateway.operations.support_bundle.redaction import Redaction

MOST_SHOWN = 200
LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
AREAS = ("google", "device", "queue", "web", "profile")
RAISED_FOR_S = 15 * 60.0
_WHOM = "log"

_AREA_OF = {
    "google": "google",
    "accounts": "google",
    "device_api": "device",
    "devices": "device",
    "dialects": "device",
    "discovery": "device",
    "pbx": "device",
    "mirror": "queue",
    "store": "queue",
    "web": "web",
    "admin": "web",
    "access": "web",
    "profiles": "profile",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which lines: of this level and above, of this area, with this text; empty: all."""

    level: str = ""
    area: str = ""
    text: str = ""
    device: str = ""

    def is_so(self, line: Line) -> bool:
        """Whether it is one of those lines."""
        if line.level < LEVELS.get(self.level, 0) or (self.area in AREAS and area_of(line) != self.area):
            return False
        if self.device and line.device != self.device:
            return False
        return self.text.casefold() in f"{line.area} {line.text}".casefold()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The newest of the lines that were wanted, the newest first; `more` says that there are older ones."""

    lines: tuple[Line, ...]
    more: bool


class LogView:
    """The log of this process, of which `ring` keeps the last lines; `raised` lets it say more for a while."""

    def __init__(self, ring: Ring = RING, raised: RaisedLevel = RAISED) -> None:
        self._ring = ring
        self._raised = raised

    def shown(self, wanted: Wanted, *, before: int | None = None) -> Shown:
        """Return the newest lines, of those with a number below `before` if it is given."""
        found = [line for line in self._ring.lines() if (before is None or line.number < before) and wanted.is_so(line)]
        return Shown(lines=tuple(reversed(found[-MOST_SHOWN:])), more=len(found) > MOST_SHOWN)

    def devices(self) -> list[str]:
        """Return the devices that the lines name."""
        return sorted({line.device for line in self._ring.lines() if line.device})

    def text(self, wanted: Wanted, redaction: Redaction) -> str:
        """Return all lines that are wanted, oldest first, as a file for others."""
        found: Sequence[Line] = [line for line in self._ring.lines() if wanted.is_so(line)]
        return "".join(f"{redaction.text(as_text(line))}\n" for line in found)

    def raise_level(self) -> None:
        """Log everything for 15 minutes; then the level falls back by itself."""
        self._raised.raise_to(logging.DEBUG, RAISED_FOR_S, _WHOM)

    def lower_level(self) -> None:
        """Log as usual again."""
        self._raised.raise_to(logging.DEBUG, 0.0, _WHOM)

    @property
    def raised_for_s(self) -> float:
        """For how many seconds more everything is logged because somebody asked for it here, 0 when as usual."""
        return self._raised.left_s(_WHOM)


def area_of(line: Line) -> str:
    """Return the area of a line as people choose it, empty for what belongs to none."""
    return _AREA_OF.get(line.area.partition(".")[0], "")
