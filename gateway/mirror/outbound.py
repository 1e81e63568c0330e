"""The loop that empties the outbox into the calendar: claims what is due, lets it be delivered, writes down the end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, replace

from gateway.clock import Clock
from gateway.domain.device import DevicePolicy
from gateway.domain.event_id import event_id
from gateway.domain.outcome import Outcome, Verdict
from gateway.domain.retry import Hold, RetryLimits, decide
from gateway.domain.target import AccountTarget, TargetSource
from gateway.errors import StoreError
from gateway.mirror.delivery import DOUBT_CALL, DOUBT_NONE, Delivered, Delivery, Job, Result, Undelivered
from gateway.store import meetings, mirrored, occurrences, outbox
from gateway.store.database import Database
from gateway.store.meetings import MeetingRow
from gateway.store.mirrored import MirroredRow, MirrorState
from gateway.store.vault import VaultError

_LOGGER = logging.getLogger(__name__)

GRACE_S = 3.0
"""How long calls under way may take to end when the gateway stops; those cut off are looked at after the next start."""

STORE_PAUSE_S = 1.0
"""How long to wait before the disk is tried again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundLimits:
    """How many calls may be under way, how long one claim is meant to last, and how waits grow."""

    in_flight: int
    lease_s: float
    retry: RetryLimits


class Outbound:
    """Delivers the outbox. Nothing happens between wake-ups: new work, an ended call or the next due time wake it."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        source: TargetSource,
        delivery: Delivery,
        policy: Callable[[int], DevicePolicy],
        installation_id: str,
        limits: OutboundLimits,
        owner: str,
        chance: Callable[[], float],
    ) -> None:
        self._database = database
        self._clock = clock
        self._source = source
        self._delivery = delivery
        self._policy = policy
        self._installation_id = installation_id
        self._limits = limits
        self._owner = owner
        self._chance = chance
        self._woken = asyncio.Event()
        self._running: set[asyncio.Task[None]] = set()
        self._rest_until_ms = 0

    @property
    def rests_until_ms(self) -> int:
        """Until when (ms UTC) the calendar asked for no calls at all; in the past when it did not."""
        return self._rest_until_ms

    def wake(self) -> None:
        """There may be something to do."""
        self._woken.set()

    async def recover(self) -> None:
        """Free what a gateway that died had claimed; call once, before `run`."""
        await self._database.write(outbox.release_claims)
        await self.account_returned()

    async def account_returned(self) -> None:
        """An account can be used (again): jobs that were held for an admin are due."""
        holds = (Hold.AUTHORIZATION, Hold.CONFIGURATION)
        await self._database.write(lambda conn: outbox.release_holds(conn, holds, self._clock.now_ms()))
        self._rest_until_ms = 0
        self.wake()

    async def run(self) -> None:
        """Deliver until cancelled."""
        try:
            while True:
                self._woken.clear()
                wait_s = await self._start_due_or_wait()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(wait_s):
                        await self._woken.wait()
        finally:
            await self._stop()

    async def _start_due_or_wait(self) -> float | None:
        try:
            return await self._start_due()
        except StoreError as error:  # a full or failing disk: keep what is queued and look again
            _LOGGER.error("the outbox cannot be read or claimed: %s", error)  # noqa: TRY400 - the disk, not the code
            return STORE_PAUSE_S

    async def _start_due(self) -> float | None:
        """Start what is due; return the seconds until something else is, or None to wait for a wake-up."""
        account = self._source.current()
        free = self._limits.in_flight - len(self._running)
        if account is None or free <= 0:
            return None
        now_ms = self._clock.now_ms()
        if self._resting(now_ms):
            return (self._rest_until_ms - now_ms) / 1000
        jobs, due_ms = await self._database.write(lambda conn: self._claim(conn, account, free, now_ms))
        for job in jobs:
            task = asyncio.create_task(self._carry_out(job, account), name=f"deliver-{job.meeting.id}")
            self._running.add(task)
            task.add_done_callback(self._ended)
        if due_ms is None or len(jobs) == free:
            return None
        return max(0.0, min((due_ms - now_ms) / 1000, outbox.FARTHEST_MS / 1000))

    def _resting(self, now_ms: int) -> bool:
        # A rest that ends absurdly late was stamped by a clock that was wrong.
        return now_ms < self._rest_until_ms <= now_ms + outbox.FARTHEST_MS

    def _claim(
        self, conn: sqlite3.Connection, account: AccountTarget, most: int, now_ms: int
    ) -> tuple[list[Job], int | None]:
        rows = outbox.claim_due(
            conn,
            kind=outbox.MIRROR,
            most=most,
            owner=self._owner,
            now_ms=now_ms,
            lease_ms=int(self._limits.lease_s * 1000),
        )
        jobs = []
        for row in rows:
            meeting = meetings.get(conn, row.subject_id)
            if meeting is None:
                raise sqlite3.IntegrityError(f"outbox row for meeting {row.subject_id}, which does not exist")
            event = self._event(conn, meeting, account, row.doubt, now_ms)
            exceptions = occurrences.of(conn, meeting.id) if meeting.exceptions else ()
            claimed = replace(row, attempts=row.attempts + 1)
            jobs.append(Job(row=claimed, meeting=meeting, event=event, occurrences=exceptions))
        return jobs, outbox.next_due_ms(conn, outbox.MIRROR)

    def _event(
        self, conn: sqlite3.Connection, meeting: MeetingRow, account: AccountTarget, doubt: int, now_ms: int
    ) -> MirroredRow | None:
        """Return the meeting's event, its id chosen and written down if this is the first claim."""
        event = mirrored.get(conn, meeting.id)
        untouched = event is None or (event.state is MirrorState.CLAIMED and doubt == DOUBT_NONE)
        if not meeting.wanted or not untouched:
            return event
        generation = 0 if event is None else event.generation
        calendar_id = self._policy(meeting.device_id).calendar_id
        if event is not None and (event.account_id, event.calendar_id) == (account.account_id, calendar_id):
            return event
        return mirrored.claim(
            conn,
            meeting_id=meeting.id,
            account_id=account.account_id,
            calendar_id=calendar_id,
            remote_id=event_id(self._installation_id, meeting.id, generation),
            generation=generation,
            now_ms=now_ms,
        )

    async def _carry_out(self, job: Job, account: AccountTarget) -> None:
        result: Result
        if job.event is not None and job.event.account_id != account.account_id:
            result = Undelivered(outcome=_OTHER_ACCOUNT, doubt=job.row.doubt)
        else:
            try:
                result = await self._delivery.bring(job, account.target, self._policy(job.meeting.device_id))
            except VaultError as error:
                outcome = Outcome(verdict=Verdict.CONFIGURATION, code="G-419", text=str(error))
                result = Undelivered(outcome=outcome, doubt=job.row.doubt)
            except Exception:  # whatever is wrong with this meeting must not stop the others
                _LOGGER.exception("a delivery failed in the gateway itself", extra={"meeting": job.meeting.id})
                result = Undelivered(outcome=_OUR_FAULT, doubt=DOUBT_CALL)
        await self._settle(job, account, result)

    async def _settle(self, job: Job, account: AccountTarget, result: Result) -> None:
        now_ms = self._clock.now_ms()
        if isinstance(result, Delivered):
            delivered = result
            await self._write_down(lambda conn: _close(conn, job, delivered, now_ms))
            _LOGGER.info("mirrored", extra={"meeting": job.meeting.id, "revision": job.meeting.revision})
            return
        outcome, doubt = result.outcome, result.doubt
        decision = decide(
            outcome, attempts=job.row.attempts, now_ms=now_ms, limits=self._limits.retry, chance=self._chance()
        )
        if decision.rest_until_ms is not None:
            self._rest_until_ms = max(self._rest_until_ms, decision.rest_until_ms)
        if outcome.whole_account and decision.hold is not None:
            await self._source.lost(account, outcome)
        await self._write_down(
            lambda conn: outbox.postpone(
                conn,
                job.row,
                not_before=decision.not_before_ms,
                hold=decision.hold,
                doubt=doubt,
                code=outcome.code,
                text=outcome.text,
            )
        )
        level = logging.WARNING if decision.hold or job.row.attempts == 1 else logging.DEBUG
        note = {"meeting": job.meeting.id, "attempt": job.row.attempts, "problem": outcome.code, "hold": decision.hold}
        _LOGGER.log(level, "not mirrored yet: %s", outcome.text, extra=note)

    async def _write_down(self, work: Callable[[sqlite3.Connection], object]) -> None:
        """Write the end of a delivery, however long the disk refuses: until then its row stays claimed."""
        while True:
            try:
                await self._database.write(work)
            except StoreError as error:
                _LOGGER.error("the end of a delivery cannot be written yet: %s", error)  # noqa: TRY400 - the disk
                await asyncio.sleep(STORE_PAUSE_S)
            else:
                return

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._woken.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            # Its claim is freed, and its event looked at, after the next start.
            _LOGGER.critical("a delivery ended without being written down", exc_info=error)

    async def _stop(self) -> None:
        if self._running:
            await asyncio.wait(self._running, timeout=GRACE_S)
        for task in tuple(self._running):
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)


def _close(conn: sqlite3.Connection, job: Job, delivered: Delivered, now_ms: int) -> None:
    meeting_id, revision = job.meeting.id, job.meeting.revision
    if delivered.event is not None:
        mirrored.live(
            conn,
            meeting_id=meeting_id,
            revision=revision,
            etag=delivered.event.etag,
            link=delivered.event.link,
            now_ms=now_ms,
        )
    elif job.event is not None:
        mirrored.gone(conn, meeting_id=meeting_id, revision=revision, now_ms=now_ms)
    outbox.finish(conn, job.row, now_ms)


_OTHER_ACCOUNT = Outcome(
    verdict=Verdict.CONFIGURATION,
    code="G-409",
    text="This meeting is in the calendar of the account used before. It stays there and is no longer updated.",
)
_OUR_FAULT = Outcome(
    verdict=Verdict.LATER, code="internal", text="The gateway failed on this meeting; the log has details."
)
