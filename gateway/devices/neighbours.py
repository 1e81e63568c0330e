"""Keeps on disk what announced itself on the network, for commands in other processes; it is heard in `discovery`."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from gateway.discovery.found import Found
from gateway.store import pending
from gateway.store.pending import FoundRow


class Neighbours:
    """The list of `discovery`, written by a `Keeper`."""

    def __init__(self, found: Found) -> None:
        self._found = found
        self._dirty = True  # what an earlier process heard may be gone
        self._changed: Callable[[], None] = lambda: None
        found.follow(self._note)

    def follow(self, changed: Callable[[], None]) -> None:
        """Call this whenever there is something to write."""
        self._changed = changed

    def take(self) -> Callable[[sqlite3.Connection], None] | None:
        """Return the work that writes the list; None when it is on disk as it is."""
        if not self._dirty:
            return None
        self._dirty = False
        rows = [FoundRow(*each) for each in self._found.everything()]
        return lambda conn: pending.replace_found(conn, rows)

    def settle(self, *, written: bool) -> None:
        """What was taken is on disk, or has to be written again."""
        self._dirty = self._dirty or not written

    def _note(self) -> None:
        self._dirty = True
        self._changed()
