"""What administrators change of the settings on the page: judged, written down, and told to whoever uses them.

Which settings there are and what they accept is known to `config`; how a form looks is known to the page.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.clock import Clock
from gateway.config import Config
from gateway.config.saved import (
    FILE_NAME,
    SAVED,
    SEALED,
    Saved,
    lay_under,
    lock_of,
    part_of,
    problems_of,
    read_saved,
    without_saved,
    write_saved,
)
from gateway.domain.actor import Actor
from gateway.domain.secret import Secret
from gateway.errors import GatewayError, StoreUnavailable
from gateway.store import audit
from gateway.store.database import Database
from gateway.store.vault import Vault

if TYPE_CHECKING:
    import sqlite3


class SettingsRefused(GatewayError):
    """What was typed cannot be saved; `problems` says why, by the setting's dotted key."""

    code = "settings"

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{key} {reason}" for key, reason in problems.items()))
        self.problems = dict(problems)


class SettingLocked(GatewayError):
    """Somebody tried to save what is set in a stronger place; `key` is the setting."""

    code = "setting-locked"

    def __init__(self, key: str) -> None:
        super().__init__(f"{key} is set elsewhere, which is stronger than the page.")
        self.key = key


def unseal(data_dir: Path, text: str) -> str:
    """Open a secret that was saved on the page. Raises StoreError when the key file does not fit."""
    return Vault.open(data_dir).unseal(text.encode("ascii", "replace"))


class SettingsDesk:
    """Keeps the settings in effect, and what was saved. `config` are the settings the gateway started with."""

    def __init__(self, *, config: Config, vault: Vault, database: Database, clock: Clock) -> None:
        self._config = config
        self._vault = vault
        self._database = database
        self._clock = clock
        self._followers: list[Callable[[Config], Awaitable[None]]] = []
        self._saving = asyncio.Lock()

    @property
    def config(self) -> Config:
        """The settings as they are now; what takes effect with the next start is in them already."""
        return self._config

    @property
    def data_dir(self) -> Path:
        """The folder with the file of what was saved."""
        return self._config.gateway.data_dir

    def follow(self, changed: Callable[[Config], Awaitable[None]]) -> None:
        """Call `changed` with the new settings whenever something was saved."""
        self._followers.append(changed)

    def lock_of(self, part: str) -> str:
        """Return the setting because of which a part cannot be saved here, empty when it can."""
        return lock_of(self._config.sources, part)

    async def mark(self) -> str:
        """Return a word that changes with what is saved, for forms that are open in two browsers."""
        saved = await asyncio.to_thread(read_saved, self.data_dir)
        return _mark(saved.values)

    async def saved_problems(self) -> tuple[str, ...]:
        """Return what is not used of the file of what was saved, a line each in the language that is spoken now."""
        if not self._config.saved_problems:
            return ()

        def read_again() -> tuple[str, ...]:
            return lay_under(without_saved(self._config), read_saved(self.data_dir), self._open).saved_problems

        return await asyncio.to_thread(read_again)

    async def save(self, changes: Mapping[str, object], by: Actor, *, without: tuple[str, ...] = ()) -> None:
        """Save values by dotted key (secrets as `Secret`), and forget what was saved for the parts in `without`.

        A part that is a section is replaced whole, but for a secret that is not among the changes.
        Raises SettingLocked, SettingsRefused and StoreError; then nothing has changed.
        """
        async with self._saving:
            self._refuse_locked(changes, without)
            saved = await asyncio.to_thread(read_saved, self.data_dir)
            kept = {key: value for key, value in saved.values.items() if self._is_good(key)}
            values = self._new_values(kept, changes, without)
            base = self._judged(values, changes)
            strange = bool(saved.problems) or len(kept) < len(saved.values)
            await self._write(saved, values, by, sorted({*changes, *without}), strange=strange)
            self._config = lay_under(base, Saved(path=saved.path, values=values), self._open)
        for follower in self._followers:
            await follower(self._config)

    def judge(self, changes: Mapping[str, object]) -> None:
        """Raise what `save` would raise for these values; nothing is saved."""
        self._refuse_locked(changes, ())
        self._judged(self._new_values({}, changes, ()), changes)

    def tried(self, changes: Mapping[str, object]) -> Config:
        """Return the settings with these values, of what can be saved these alone; raises what `save` would."""
        self._refuse_locked(changes, ())
        values = self._new_values({}, changes, ())
        base = self._judged(values, changes)
        return lay_under(base, Saved(path=self.data_dir / FILE_NAME, values=values), self._open)

    def _refuse_locked(self, changes: Mapping[str, object], without: tuple[str, ...]) -> None:
        for part in {*(part_of(key) for key in changes), *without}:
            if lock := self.lock_of(part):
                raise SettingLocked(lock)

    def _judged(self, values: Mapping[str, object], changes: Mapping[str, object]) -> Config:
        """Return the settings without what was saved, when those of the changed parts can be used. SettingsRefused."""
        touched, base = {part_of(key) for key in changes}, without_saved(self._config)
        judged = {key: value for key, value in values.items() if part_of(key) in touched}
        if problems := problems_of(base, judged, self._open):
            raise SettingsRefused({_key_of(line): _reason_of(line) for line in problems})
        return base

    def _is_good(self, key: str) -> bool:
        """Whether what stands in the file is used, or would be if nothing stronger said something else."""
        return self._config.sources.get(key) == SAVED or bool(part_of(key) and self.lock_of(part_of(key)))

    def _new_values(
        self, old: Mapping[str, object], changes: Mapping[str, object], without: tuple[str, ...]
    ) -> dict[str, object]:
        touched = {part_of(key) for key in changes}
        values = {
            key: value
            for key, value in old.items()
            if part_of(key) not in without and (part_of(key) not in touched or _is_sealed(value))
        }
        values.update({key: self._storable(value) for key, value in changes.items() if value is not None})
        return values

    def _storable(self, value: object) -> object:
        if isinstance(value, Secret):
            return SEALED + self._vault.seal(value.reveal()).decode("ascii")
        return value

    def _open(self, data_dir: Path, text: str) -> str:
        del data_dir
        return self._vault.unseal(text.encode("ascii", "replace"))

    async def _write(
        self, saved: Saved, values: Mapping[str, object], by: Actor, keys: list[str], *, strange: bool
    ) -> None:
        def note(conn: sqlite3.Connection) -> None:
            audit.write(
                conn,
                at_ms=self._clock.now_ms(),
                actor=by.name,
                action="settings.saved",
                object_="settings",
                detail=", ".join(keys),
                source=by.source,
            )

        try:
            await asyncio.to_thread(write_saved, self.data_dir, values, keep_old=strange)
        except OSError as error:
            raise StoreUnavailable(f"The data folder cannot be written ({error.strerror}).") from error
        try:
            await self._database.write(note)
        except BaseException:  # nobody may change settings unseen
            await asyncio.to_thread(write_saved, self.data_dir, saved.values)
            raise


def _is_sealed(value: object) -> bool:
    return isinstance(value, str) and value.startswith(SEALED)


def _mark(values: Mapping[str, object]) -> str:
    return hashlib.sha256(repr(sorted(values.items())).encode("utf-8", "replace")).hexdigest()[:16]


_LINE = re.compile(r"(?P<key>[a-z_]+(?:\.[a-z_]+)*):?\s+(?P<reason>.*)", re.DOTALL)


def _key_of(line: str) -> str:
    found = _LINE.fullmatch(line)
    return found["key"] if found is not None else ""


def _reason_of(line: str) -> str:
    found = _LINE.fullmatch(line)
    return found["reason"] if found is not None else line
