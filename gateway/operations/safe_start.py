"""A start that the configuration stopped: what is wrong, checking again, going back; it shows and serves nothing."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from gateway import messages
from gateway.clock import Clock
from gateway.config.last_good import LastGood, put_back, text_of
from gateway.domain.actor import Actor
from gateway.errors import CatalogueError, ConfigError, GatewayError, ProfileError, StoreError
from gateway.messages import Message
from gateway.messages.languages import language
from gateway.operations.settings.check import message_of, place_of
from gateway.store import audit
from gateway.store.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """One thing wrong: a message of the catalogue, and its `place` (`config.yaml:3:5`), empty when it is in no file."""

    message: Message
    place: str = ""


class SafeStart:
    """What administrators can do while the gateway is not there.

    `read` reads all settings as a start does and raises ConfigError or ProfileError. `file` is the settings file, there
    or not; `copy` the one that worked last, if it was kept.
    """

    def __init__(
        self,
        *,
        problems: Iterable[str],
        read: Callable[[], object],
        file: Path,
        copy: LastGood | None,
        clock: Clock,
        database: Database | None = None,
    ) -> None:
        self.file = file
        self.copy = copy
        self.database = database
        """Where it is written down who went back; None when it cannot be opened."""
        self._problems = tuple(problems)
        self._language = language()
        self._read = read
        self._clock = clock

    @property
    def number(self) -> int:
        """How many mistakes are known."""
        return len(self._problems)

    async def mistakes(self) -> list[Mistake]:
        """Return what is wrong, as far as was seen when it was looked at last, in the language that is spoken now."""
        if language() != self._language:
            again = await asyncio.to_thread(self._look)
            if len(again) == len(self._problems):  # else somebody is at it, and `check` will tell
                self._problems, self._language = again, language()
        folder = f"{self.file.parent}/"  # the place names it, the sentence need not
        return [Mistake(message=message_of(line.removeprefix(folder)), place=place_of(line)) for line in self._problems]

    async def check(self) -> bool:
        """Read the settings again; return whether they are right now."""
        self._problems, self._language = await asyncio.to_thread(self._look), language()
        return not self._problems

    async def text(self) -> bytes | None:
        """Return the settings file as it is; None when it is not there or cannot be read."""
        return await asyncio.to_thread(text_of, self.file) or None

    async def can_go_back(self) -> bool:
        """Whether there is a copy that says something else than the file."""
        return self.copy is not None and self.copy.text != await asyncio.to_thread(text_of, self.file)

    async def go_back(self, by: Actor | None) -> Path | None:
        """Put the copy in place of the file; return where that one is now. Raises CatalogueError (C-15), then
        nothing changed.

        `by` is None where nobody can be asked who it is.
        """
        if self.copy is None:
            return None
        try:
            aside = await asyncio.to_thread(put_back, self.copy, self.file, self._clock.now_ms())
        except GatewayError as error:
            values = {"reason": str(error), "file": str(self.file), "copy": str(self.copy.path)}
            raise CatalogueError("C-15", str(messages.text("C-15", **values)), values=values) from error
        if by is not None and self.database is not None:
            await self._note(self.database, by)
        return aside

    async def _note(self, database: Database, by: Actor) -> None:
        now_ms, name = self._clock.now_ms(), self.file.name

        def work(conn: sqlite3.Connection) -> None:
            audit.write(
                conn, at_ms=now_ms, actor=by.name, action="settings.put_back", object_=f"file {name}", source=by.source
            )

        try:
            await database.write(work)
        except StoreError:  # the settings are back, and a full disk is told by the gateway that starts now
            return

    def _look(self) -> tuple[str, ...]:
        try:
            self._read()
        except (ConfigError, ProfileError) as error:
            return tuple(error.problems)
        return ()
