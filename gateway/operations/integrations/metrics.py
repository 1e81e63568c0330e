"""Gathers the numbers for Prometheus when it asks; nothing is measured, counted or kept here while nobody does."""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from gateway import __version__, messages
from gateway.accounts.accounts import Accounts
from gateway.clock import Clock
from gateway.domain.retry import Hold
from gateway.domain.tally import Tally
from gateway.errors import StoreError
from gateway.mirror.telling.webhooks import WEBHOOK
from gateway.operations.health import Health
from gateway.operations.integrations import measures
from gateway.operations.integrations.exposition import Exposition, Sample
from gateway.operations.overview.problems import Problem
from gateway.store import outbox
from gateway.store.accounts import AccountState
from gateway.store.alerts import ALERT
from gateway.store.database import Database
from gateway.store.measured import Measured, Queued, measured

MOST_DEVICES = 300
"""Devices that are told apart, the first ones that were added: every label value costs memory where it is kept."""
MOST_COUNTED = 16
"""Devices whose calls are told apart; those of all others are counted together."""
OTHERS = "_others"
"""What they are called; no device can have that name."""
OTHER_CODE = "other"
MOST_PROBLEMS = 24
"""Codes of problems that are told apart at the same time, the most frequent ones."""
_WAITING = "waiting"


@dataclass(slots=True, kw_only=True)
class Metrics:
    """Answers the question how the gateway does. `problems` are those on the dashboard; StoreError when it cannot."""

    database: Database
    clock: Clock
    tally: Tally
    accounts: Accounts
    health: Health
    problems: Callable[[], Awaitable[Iterable[Problem]]]
    devices: Callable[[], Iterable[str]]
    started_ms: int

    async def text(self) -> str:
        """Return all metrics. What cannot be read now is left out: a broken disk must be seen, too."""
        began_s = time.perf_counter()
        await asyncio.sleep(0)
        lag_s = time.perf_counter() - began_s
        readiness = await self.health.readiness()
        found = await self._measured()
        out = Exposition()
        out.add(measures.BUILD, Sample(1, {"version": __version__}))
        out.one(measures.STARTED, self.started_ms / 1000)
        out.one(measures.READY, readiness.ready)
        out.add(measures.PROBLEMS, *await self._problems())
        out.one(measures.LAG, lag_s)
        if found is not None:
            _devices(out, found)
        self._calls(out, found)
        if found is not None:
            _queue(out, found.queue, self.clock.now_ms())
        self._deliveries(out)
        self._google(out)
        self._disk(out)
        return out.text()

    async def _measured(self) -> Measured | None:
        try:
            return await self.database.read(lambda conn: measured(conn, MOST_DEVICES))
        except StoreError:
            return None

    async def _problems(self) -> list[Sample]:
        try:
            found = await self.problems()
        except StoreError:
            return []
        known = frozenset(messages.codes())
        numbers = Counter((each.code if each.code in known else OTHER_CODE, each.severity) for each in found)
        return [
            Sample(number, {"code": code, "severity": severity})
            for (code, severity), number in sorted(numbers.most_common(MOST_PROBLEMS))
        ]

    def _calls(self, out: Exposition, found: Measured | None) -> None:
        tally = self.tally
        tally.keep(frozenset(self.devices()))
        apart = frozenset(each.name for each in (found.devices if found is not None else ())[:MOST_COUNTED])
        numbers: Counter[tuple[str, str]] = Counter()
        for (device, result), number in tally.calls.items():
            numbers[device if device in apart else OTHERS, result] += number
        samples = (Sample(number, {"device": key[0], "result": key[1]}) for key, number in sorted(numbers.items()))
        out.add(measures.DEVICE_CALLS, *samples)
        out.one(measures.STRANGERS, tally.strangers)
        out.histogram(measures.CALL_DURATION, tally.call_s)

    def _deliveries(self, out: Exposition) -> None:
        tally = self.tally
        out.each(measures.DELIVERIES, tally.deliveries)
        out.histogram(measures.DELIVERY_DURATION, tally.delivery_s)
        out.histogram(measures.SYNC, tally.sync_s)
        out.one(measures.DELIVERED, tally.delivered_ms / 1000 if tally.delivered_ms else None)

    def _google(self, out: Exposition) -> None:
        statuses = self.accounts.statuses()
        ends = [each.end.at_ms for each in statuses if each.end is not None]
        states = Counter(each.state.value for each in statuses)
        out.one(measures.AUTHORIZED, self.accounts.current() is not None)
        out.one(measures.AUTHORIZATION_ENDS, min(ends) / 1000 if ends else None)
        out.each(measures.ACCOUNTS, {state.value: states[state.value] for state in AccountState})

    def _disk(self, out: Exposition) -> None:
        database = self.database
        out.add(
            measures.COMMITS,
            Sample(database.commit_ns / 1e9, suffix="_sum"),
            Sample(database.commits, suffix="_count"),
        )
        out.one(measures.WRITES, database.writes)
        out.one(measures.DB_ERRORS, database.failures)
        out.one(measures.DB_SIZE, _size(database.path))
        out.one(measures.DISK_FREE, _free(database.path.parent))


def _devices(out: Exposition, found: Measured) -> None:
    paused = sum(each.paused for each in found.devices)
    states = {"served": len(found.devices) - paused, "paused": paused, _WAITING: found.strangers}
    out.each(measures.DEVICES, states)
    out.each(measures.DEVICE_SEEN, {each.name: each.at / 1000 for each in found.devices if each.at is not None})


def _queue(out: Exposition, queue: Iterable[Queued], now_ms: int) -> None:
    mirrored = {each.state: each for each in queue if each.kind == outbox.MIRROR}
    states = (_WAITING, *(hold.value for hold in Hold))
    out.each(measures.QUEUE, {name: mirrored[name].number if name in mirrored else 0 for name in states})
    oldest = mirrored.get(_WAITING)
    out.one(measures.QUEUE_AGE, max(0, now_ms - oldest.oldest_at) / 1000 if oldest is not None else 0)
    for metric, kind in ((measures.WEBHOOKS, WEBHOOK), (measures.ALERTS, ALERT)):
        out.one(metric, sum(each.number for each in queue if each.kind == kind))


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None


def _free(folder: Path) -> int | None:
    try:
        numbers = os.statvfs(folder)
    except OSError:
        return None
    return numbers.f_bavail * numbers.f_frsize
