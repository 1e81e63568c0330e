"""Brings alerts to their channels through the outbox, each in its own time; what is told is not decided here."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Sequence

from gateway.clock import Clock
from gateway.domain.outcome import Outcome, Verdict
from gateway.domain.retry import RetryLimits, decide
from gateway.notify.alert import Alert, Channel
from gateway.notify.webhook import Taken, Told
from gateway.store import alerts, outbox
from gateway.store.alerts import ALERT, AlertRow
from gateway.store.database import Database
from gateway.store.outbox import OutboxRow

_LOGGER = logging.getLogger(__name__)

LIMITS = RetryLimits(first_s=2.0, cap_s=900.0)
GIVE_UP_MS = 5 * 24 * 3600 * 1000
"""An alert this old helps nobody; what is still wrong is told again every day."""

_AT_ONCE = 50
_LEASE_MS = 300_000


class AlertDelivery:
    """Delivers what is due. `gateway` is the name people know this one by, `page` where its admin page is."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        channels: Sequence[Channel],
        installation_id: str,
        gateway: str,
        page: Callable[[], str],
        chance: Callable[[], float],
        owner: str,
        limits: RetryLimits = LIMITS,
    ) -> None:
        self._database = database
        self._clock = clock
        self._channels = {channel.name: channel for channel in channels}
        self._installation_id = installation_id
        self._gateway = gateway
        self._page = page
        self._chance = chance
        self._owner = owner
        self._limits = limits

    def use(self, channels: Sequence[Channel], *, gateway: str) -> None:
        """Deliver to these from now on, in this gateway's new name."""
        self._channels = {channel.name: channel for channel in channels}
        self._gateway = gateway

    async def recover(self) -> None:
        """Free what this worker had claimed before something went wrong. Raises StoreError."""
        await self._database.write(lambda conn: outbox.release_owner(conn, ALERT, self._owner))

    async def deliver_due(self) -> float | None:
        """Deliver what is due; return the seconds until something else is, None for nothing. Raises StoreError."""
        now_ms = self._clock.now_ms()

        def claim(conn: sqlite3.Connection) -> tuple[list[tuple[OutboxRow, str, AlertRow]], int | None]:
            rows = outbox.claim_due(
                conn, kind=ALERT, most=_AT_ONCE, owner=self._owner, now_ms=now_ms, lease_ms=_LEASE_MS
            )
            known = [(row, alerts.of_delivery(conn, row.subject_id)) for row in rows]
            for row, found in known:
                if found is None:
                    outbox.finish(conn, row, now_ms)
            return [(row, *found) for row, found in known if found is not None], outbox.next_due_ms(conn, ALERT)

        jobs, due_ms = await self._database.write(claim)
        lanes: dict[str, list[tuple[OutboxRow, AlertRow]]] = {}
        for row, name, alert in jobs:
            lanes.setdefault(name, []).append((row, alert))
        ends = [self._deliver_lane(self._channels.get(name), lane) for name, lane in lanes.items()]
        for end in await asyncio.gather(*ends, return_exceptions=True):
            if isinstance(end, BaseException):
                raise end
        if jobs:
            return 0.0
        return None if due_ms is None else max(0.0, (due_ms - now_ms) / 1000)

    async def send(self, channel: Channel, row: AlertRow, alert_id: str) -> Told:
        """Send an alert once, past the outbox."""
        return await channel.send(self._alert(row, alert_id), now_s=self._clock.now_ms() // 1000)

    async def _deliver_lane(self, channel: Channel | None, lane: list[tuple[OutboxRow, AlertRow]]) -> None:
        """Send the alerts of one channel one after the other, oldest first."""
        for row, alert in sorted(lane, key=lambda each: each[1].id):
            told = Told(taken=Taken.NEVER, text="This channel is no longer set.")
            if channel is not None:
                told = await self.send(channel, alert, f"alt_{self._installation_id}_{alert.id}")
            await self._settle(row, alert, told, "" if channel is None else channel.name)

    async def _settle(self, row: OutboxRow, alert: AlertRow, told: Told, channel: str) -> None:
        now_ms = self._clock.now_ms()
        over = told.taken is Taken.NEVER or now_ms - alert.at > GIVE_UP_MS
        outcome = Outcome(verdict=Verdict.LATER, text=told.text, retry_after_s=told.retry_after_s)
        decision = decide(outcome, attempts=row.attempts + 1, now_ms=now_ms, limits=self._limits, chance=self._chance())

        def write(conn: sqlite3.Connection) -> None:
            if told.taken is Taken.YES or over:
                alerts.ended(conn, row.subject_id, sent=told.taken is Taken.YES, now_ms=now_ms)
                outbox.finish(conn, row, now_ms)
                return
            outbox.postpone(
                conn,
                row,
                not_before=decision.not_before_ms,
                hold=None,
                doubt=0,
                code=ALERT,
                text=told.text,
            )

        await self._database.write(write)
        if told.text:
            level = logging.WARNING if over or row.attempts == 0 or told.taken is Taken.YES else logging.DEBUG
            note = {"channel": channel, "alert": alert.type}
            _LOGGER.log(level, "an alert was not taken: %s", told.text, extra=note)

    def _alert(self, row: AlertRow, alert_id: str) -> Alert:
        return Alert(
            id=alert_id,
            type=row.type,
            at_s=row.at // 1000,
            severity=row.severity,
            code=row.code,
            title=row.title,
            text=row.text,
            gateway=self._gateway,
            page=self._page(),
            reminder=row.reminder,
            data=row.data,
        )
