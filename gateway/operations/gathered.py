"""Something that was gathered from the database, good until anything is written there; what it is, the caller knows."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Generic, TypeVar

from gateway.store import pulse

T = TypeVar("T")

FRESH_S = 15.0
"""So long is what was gathered good for as long as nothing is written to the database."""


class Gathered(Generic[T]):
    """Something that was gathered, until anything is written to the database or it is `FRESH_S` old."""

    def __init__(self) -> None:
        self._kept: tuple[int, float, T] | None = None

    def get(self, conn: sqlite3.Connection, steady_s: float, gather: Callable[[sqlite3.Connection], T]) -> T:
        """Return it, gathered anew where that is needed; always called on the thread that reads."""
        version = pulse.version(conn)
        if self._kept is not None:
            seen, at_s, value = self._kept
            if seen == version and 0 <= steady_s - at_s < FRESH_S:
                return value
        value = gather(conn)
        self._kept = (version, steady_s, value)
        return value
