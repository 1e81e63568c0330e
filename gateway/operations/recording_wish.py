"""How a command has the gateway that runs record: a wish in the data folder, taken when it is woken.

What is recorded is in the memory of that gateway, which no other process reaches.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

from gateway.domain.actor import COMMAND_LINE, Actor
from gateway.operations.recording import Recorder

FILE_NAME = "recording.wanted"
MOST_MINUTES = 60
_MOST_BYTES = 100


def wish(data_dir: Path, minutes: int) -> None:
    """Ask for a recording of so many minutes, 0 to end the one that is under way. Raises OSError."""
    made = data_dir / f"{FILE_NAME}.new"
    made.unlink(missing_ok=True)
    handle = os.open(made, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(json.dumps({"minutes": minutes}))
    made.replace(data_dir / FILE_NAME)


def is_open(data_dir: Path) -> bool:
    """Whether nobody has taken what was asked for."""
    return (data_dir / FILE_NAME).exists()


def withdraw(data_dir: Path) -> None:
    """Ask for nothing any more."""
    with contextlib.suppress(OSError):
        (data_dir / FILE_NAME).unlink()


class RecordingWishes:
    """Does what was asked for in this folder. `noted` is given who had it done, and `started` or `stopped`."""

    def __init__(self, data_dir: Path, recorder: Recorder, noted: Callable[[Actor, str], Awaitable[None]]) -> None:
        self._data_dir = data_dir
        self._recorder = recorder
        self._noted = noted

    async def look(self) -> None:
        """Take the wish, if there is one; what is no wish is removed."""
        minutes = self._taken()
        if minutes is None:
            return
        if minutes:
            self._recorder.start(minutes * 60.0)
        else:
            self._recorder.stop()
        await self._noted(COMMAND_LINE, "started" if minutes else "stopped")

    def _taken(self) -> int | None:
        path = self._data_dir / FILE_NAME
        try:
            with path.open("rb") as file:
                text = file.read(_MOST_BYTES)
            path.unlink()
            said = json.loads(text)
        except (OSError, ValueError):
            return None
        minutes = said.get("minutes") if isinstance(said, dict) else None
        return minutes if type(minutes) is int and 0 <= minutes <= MOST_MINUTES else None
