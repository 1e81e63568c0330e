"""Brings the feed of changes to devices' webhooks, in order, through the outbox; how a call is made is not here."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
from collections.abc import Callable, Collection

import aiohttp

from gateway.clock import Clock
from gateway.domain.outcome import Outcome, Verdict
from gateway.domain.retry import Hold, RetryLimits, decide
from gateway.errors import StoreError
from gateway.notify.webhook import Message, Receiver, Taken, Told, tell
from gateway.store import changes, outbox
from gateway.store.changes import Change
from gateway.store.database import Database
from gateway.store.outbox import OutboxRow

_LOGGER = logging.getLogger(__name__)

WEBHOOK = "webhook"
"""The outbox kind whose subject is a device and whose revision is the newest place in its feed."""

LIMITS = RetryLimits(first_s=5.0, cap_s=6 * 3600.0)
GIVE_UP_MS = 5 * 24 * 3600 * 1000
"""A receiver that failed for five days is asked again only when there is something new to tell."""

_AT_ONCE = 50
_LEASE_MS = 120_000
_STORE_PAUSE_S = 1.0
_LONGEST_TURN_S = 30.0


class Webhooks:
    """Delivers what devices with a webhook should hear.

    `receiver` tells where, None for a device without one; `devices` are the row ids of all that are served.
    """

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        receiver: Callable[[int], Receiver | None],
        devices: Callable[[], Collection[int]],
        chance: Callable[[], float],
        owner: str,
    ) -> None:
        self._database = database
        self._clock = clock
        self._session: aiohttp.ClientSession | None = None
        self._receiver = receiver
        self._devices = devices
        self._behind = True
        self._chance = chance
        self._owner = owner
        self._woken = asyncio.Event()

    async def told(self, devices: Collection[int]) -> None:
        """Something was added to the feed of these devices; what the disk refuses now is made up for later."""
        try:
            await self._ask_for(devices)
        except StoreError:
            self._behind = True
        self._woken.set()

    async def _ask_for(self, devices: Collection[int]) -> None:
        wanted = [device_id for device_id in devices if self._receiver(device_id) is not None]
        if not wanted:
            return
        now_ms = self._clock.now_ms()

        def put(conn: sqlite3.Connection) -> None:
            for device_id in wanted:
                newest = changes.newest(conn, device_id)
                waiting = outbox.get(conn, WEBHOOK, device_id)
                told = changes.webhook_place(conn, device_id)[0] if waiting is None else waiting.revision
                if newest > told:
                    outbox.put(conn, kind=WEBHOOK, subject_id=device_id, revision=newest, now_ms=now_ms)

        await self._database.write(put)

    async def run(self) -> None:
        """Deliver until cancelled."""
        try:
            while True:
                self._woken.clear()
                wait_s = await self._deliver_due_or_wait()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(wait_s):
                        await self._woken.wait()
        finally:
            if self._session is not None:
                await self._session.close()

    async def _deliver_due_or_wait(self) -> float | None:
        try:
            if self._behind:  # after a start, or a disk that failed: free what was claimed, ask for what was not
                await self._database.write(lambda conn: outbox.release_owner(conn, WEBHOOK, self._owner))
                await self._ask_for(self._devices())
                self._behind = False
            return await self._deliver_due()
        except StoreError as error:
            self._behind = True
            _LOGGER.error("webhooks cannot be read or written down: %s", error)  # noqa: TRY400 - the disk
            return _STORE_PAUSE_S

    async def _deliver_due(self) -> float | None:
        """Deliver what is due; return the seconds until something else is, None to wait for a wake-up."""
        now_ms = self._clock.now_ms()
        rows, due_ms = await self._database.write(
            lambda conn: (
                outbox.claim_due(
                    conn, kind=WEBHOOK, most=_AT_ONCE, owner=self._owner, now_ms=now_ms, lease_ms=_LEASE_MS
                ),
                outbox.next_due_ms(conn, WEBHOOK),
            )
        )
        for row in rows:
            await self._deliver(row)
        if rows:
            return 0.0
        return None if due_ms is None else max(0.0, (due_ms - now_ms) / 1000)

    async def _deliver(self, row: OutboxRow) -> None:
        device_id = row.subject_id
        receiver = self._receiver(device_id)
        place, since = await self._database.read(lambda conn: changes.webhook_place(conn, device_id))
        waiting = await self._database.read(lambda conn: changes.after(conn, device_id, place, _AT_ONCE))
        told = Told(taken=Taken.YES)
        if receiver is not None:
            told, place = await self._tell(receiver, waiting, place)
        more = receiver is not None and bool(waiting) and (place < waiting[-1].id or len(waiting) == _AT_ONCE)
        await self._settle(row, place, since, told, more=more)

    async def _tell(self, receiver: Receiver, waiting: list[Change], place: int) -> tuple[Told, int]:
        """Send one after the other until one is not taken; return how that ended and the last place that was taken."""
        if self._session is None:
            self._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), trust_env=False)
        told, began_s = Told(taken=Taken.YES), self._clock.monotonic_s()
        for change in waiting:
            if self._clock.monotonic_s() - began_s > _LONGEST_TURN_S:
                break  # the next device's turn; this one's goes on after it
            told = await tell(self._session, receiver, _message(change), now_s=self._clock.now_ms() // 1000)
            if told.taken is not Taken.YES:
                break
            place = change.id
        return told, place

    async def _settle(self, row: OutboxRow, place: int, since: int | None, told: Told, *, more: bool) -> None:
        now_ms = self._clock.now_ms()
        failing_since = None if told.taken is Taken.YES else (since or now_ms)
        over = told.taken is Taken.NEVER or (failing_since is not None and now_ms - failing_since > GIVE_UP_MS)
        outcome = Outcome(
            verdict=Verdict.REFUSED if over else Verdict.LATER, text=told.text, retry_after_s=told.retry_after_s
        )
        decision = decide(outcome, attempts=row.attempts + 1, now_ms=now_ms, limits=LIMITS, chance=self._chance())

        def write(conn: sqlite3.Connection) -> None:
            changes.keep_webhook(conn, row.subject_id, place, failing_since)
            if told.taken is Taken.YES:
                outbox.finish(conn, row, now_ms)
                if more:
                    newest = changes.newest(conn, row.subject_id)
                    outbox.put(conn, kind=WEBHOOK, subject_id=row.subject_id, revision=newest, now_ms=now_ms)
                return
            outbox.postpone(
                conn,
                row,
                not_before=decision.not_before_ms,
                hold=Hold.PARKED if over else None,
                doubt=0,
                code="webhook",
                text=told.text,
            )

        await self._database.write(write)
        if told.taken is not Taken.YES:
            level = logging.WARNING if over or since is None else logging.DEBUG
            _LOGGER.log(level, "a webhook was not taken: %s", told.text, extra={"device": row.subject_id})


def _message(change: Change) -> Message:
    data = {"meeting_id": str(change.meeting_id), "external_id": change.external_id, **change.data}
    return Message(id=f"chg_{change.id}", type=change.type, at_s=change.at // 1000, data=data)
