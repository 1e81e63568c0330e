"""Tells people outside the page that something needs them: looks, is told, and lets it be delivered.

What is worth telling stands in `alert_rules`, how it gets there in `alert_delivery`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sqlite3
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

from gateway.clock import Clock
from gateway.domain.account_event import AccountEvent
from gateway.domain.alert_kind import AlertKind, is_wanted
from gateway.errors import StoreError
from gateway.messages.languages import speaking
from gateway.notify.alert import Channel
from gateway.notify.webhook import Taken
from gateway.operations.alerts.delivery import AlertDelivery
from gateway.operations.alerts.rules import DAY_MS, DISK, LATE_MS, Rules, disk_said
from gateway.operations.health import LEAST_FREE_BYTES
from gateway.store import alerts, installation
from gateway.store.database import Database

_LOGGER = logging.getLogger(__name__)

LOOK_EVERY_S = 60.0
STORE_PAUSE_S = 5.0
_FAILING = "disk.failing"


class Alerts:
    """Without a channel it does nothing at all. `usable` are the row ids of the accounts that may be called now.

    `chosen` are the kinds of alerts for each channel; one that is not in it is told of all. `mistakes` returns how many
    the settings have that keep the gateway from starting completely, None when nothing is to be told of that. What is
    told is in `language`, a code of `messages.languages`.
    """

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        channels: Sequence[Channel],
        delivery: AlertDelivery,
        usable: Callable[[], Collection[int]],
        data_dir: Path,
        least_free_bytes: int = LEAST_FREE_BYTES,
        look_every_s: float = LOOK_EVERY_S,
        chosen: Mapping[str, frozenset[AlertKind]] | None = None,
        mistakes: Callable[[], int | None] = lambda: 0,
        language: str = "en",
    ) -> None:
        self._database = database
        self._language = language
        self._clock = clock
        self._channels = tuple(channels)
        self._names = tuple(channel.name for channel in channels)
        self._delivery = delivery
        self._usable = usable
        self._data_dir = data_dir
        self._least_free_bytes = least_free_bytes
        self._look_every_s = look_every_s
        self._chosen = dict(chosen or {})
        self._mistakes = mistakes
        self._woken = asyncio.Event()
        self._replaced = asyncio.Event()
        self._old: list[Channel] = []
        self._usable_since: dict[int, int] = {}
        self._disk = _DiskWatch()
        self._low_was_told = False

    async def told(self, event: AccountEvent) -> None:
        """An account was lost, is back or ends soon; the same again changes nothing. Raises StoreError."""
        if not self._channels:
            return

        def work(conn: sqlite3.Connection) -> None:
            with speaking(self._language):
                self._rules(conn).account_changed(event)

        await self._database.write(work)
        self._woken.set()

    async def run(self) -> None:
        """Look and deliver until cancelled; while there is no channel, wait for one."""
        try:
            while True:
                self._replaced.clear()
                await self._until_replaced()
                await _closed(self._old)
        finally:
            await _closed([*self._old, *self._channels])

    def use(
        self,
        channels: Sequence[Channel],
        *,
        gateway: str,
        chosen: Mapping[str, frozenset[AlertKind]] | None = None,
        language: str = "en",
    ) -> None:
        """From now on tell these, under this name of the gateway; what waits for a channel that is left goes there.

        What is told from now on is in `language`, a code of `messages.languages`.
        """
        self._language = language
        self._chosen = dict(chosen or {})
        self._old += self._channels
        self._channels = tuple(channels)
        self._names = tuple(channel.name for channel in channels)
        self._delivery.use(channels, gateway=gateway)
        self._disk.missing &= set(self._names)
        self._replaced.set()

    async def _until_replaced(self) -> None:
        work = (self._looking(), self._delivering()) if self._channels else ()
        tasks = [asyncio.create_task(each) for each in (*work, self._replaced.wait())]
        try:
            ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in ended:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def look(self) -> None:
        """Look once at everything that people are told about."""
        if not self._channels:
            return
        now_ms, usable = self._clock.now_ms(), self._worked_for_a_while()
        reason = self._disk_problem()
        mistakes = self._mistakes()
        told_past_the_disk, failing = self._disk.told, bool(self._database.failing)

        def work(conn: sqlite3.Connection) -> bool:
            with speaking(self._language):
                return look_at(conn)

        def look_at(conn: sqlite3.Connection) -> bool:
            if failing:  # only a write shows that the disk works again
                installation.touch(conn)
            rules = self._rules(conn)
            rules.accounts(alerts.accounts(conn))
            rules.queue(usable)
            rules.parked()
            rules.held()
            rules.vanished()
            rules.disk(reason)
            if told_past_the_disk:
                rules.disk_was_told(reason)
            if mistakes is not None:
                rules.settings(mistakes)
            rules.remind()
            return alerts.state(conn, DISK) is not None

        try:
            self._low_was_told = await self._database.write(work)
        except StoreError as error:
            await self._tell_past_the_disk(str(error), now_ms)
            return
        self._disk = _DiskWatch()
        self._woken.set()

    async def deliver(self) -> float | None:
        """Deliver what is due once; return the seconds until something else is. Raises StoreError."""
        return await self._delivery.deliver_due()

    async def _looking(self) -> None:
        while True:
            await self.look()
            await asyncio.sleep(self._look_every_s)

    async def _delivering(self) -> None:
        behind = True
        while True:
            self._woken.clear()
            try:
                if behind:
                    await self._delivery.recover()
                behind = False
                wait_s = await self._delivery.deliver_due()
            except StoreError as error:
                _LOGGER.error("alerts cannot be read or written down: %s", error)  # noqa: TRY400 - the disk
                behind, wait_s = True, STORE_PAUSE_S
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._woken.wait()

    def _told_of_the_disk(self) -> set[str]:
        every = frozenset(AlertKind)
        return {each for each in self._names if is_wanted(self._chosen.get(each, every), _FAILING)}

    def _rules(self, conn: sqlite3.Connection) -> Rules:
        return Rules(conn=conn, channels=self._names, now_ms=self._clock.now_ms(), chosen=self._chosen)

    def _worked_for_a_while(self) -> frozenset[int]:
        """Return the accounts that have worked for a quarter of an hour: what waited for one needs time to drain."""
        now_ms, usable = self._clock.now_ms(), frozenset(self._usable())
        self._usable_since = {each: min(self._usable_since.get(each, now_ms), now_ms) for each in usable}
        return frozenset(each for each, since in self._usable_since.items() if now_ms - since >= LATE_MS)

    def _disk_problem(self) -> str:
        try:
            numbers = os.statvfs(self._data_dir)
        except OSError as error:
            return f"{self._data_dir} cannot be read: {error.strerror}"
        # Once it was told, twice as much has to be free: a disk at the border is told about once.
        if numbers.f_bavail * numbers.f_frsize < self._least_free_bytes * (2 if self._low_was_told else 1):
            return f"less than {self._least_free_bytes // 1024 // 1024} MiB are free under {self._data_dir}"
        return ""

    async def _tell_past_the_disk(self, reason: str, now_ms: int) -> None:
        """Nothing can be written down: send at once, to each channel until it took it, and again after a day."""
        if self._low_was_told:  # people know that the disk is nearly full
            return
        if self._disk.told and not 0 <= now_ms - self._disk.at < DAY_MS:
            self._disk = _DiskWatch()
        if not self._disk.told:
            _LOGGER.error("the data folder cannot be written: %s", reason)
            self._disk = _DiskWatch(at=now_ms, told=True, missing=self._told_of_the_disk())
        with speaking(self._language):
            row = disk_said(reason).row(DISK, self._disk.at)
        for channel in self._channels:
            if channel.name in self._disk.missing:
                told = await self._delivery.send(channel, row, f"alt_disk_{self._disk.at}")
                if told.taken is Taken.YES:
                    self._disk.missing.discard(channel.name)


async def _closed(channels: list[Channel]) -> None:
    while channels:
        await channels.pop().close()


class _DiskWatch:
    """What was told about a disk on which nothing can be remembered."""

    def __init__(self, *, at: int = 0, told: bool = False, missing: set[str] | None = None) -> None:
        self.at = at
        self.told = told
        self.missing = missing or set()
