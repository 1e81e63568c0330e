"""Writes down how a job ended: done, again at a time, or held for a person; it makes no call to a calendar."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from gateway.clock import Clock
from gateway.domain.attempt import Attempt, Call
from gateway.domain.contact import Contact
from gateway.domain.outcome import Outcome
from gateway.domain.retry import Decision, RetryLimits, decide
from gateway.domain.tally import Tally
from gateway.domain.target import AccountTarget, TargetSource
from gateway.errors import StoreError
from gateway.mirror.outbound.job import Delivered, Job, Result, Undelivered, write_down
from gateway.mirror.paced import NOT_NOW, Pace
from gateway.mirror.telling import told
from gateway.store import attempts, outbox, reading
from gateway.store.database import Database

_LOGGER = logging.getLogger(__name__)

STORE_PAUSE_S = 1.0
"""How long to wait before the disk is tried again."""

SHARED_WITHIN_S = 0.01
"""How long an end waits for others to share its commit: nobody waits for it, and flash wears with every commit."""

Told = Callable[[frozenset[int]], Awaitable[None]]
"""Hears which devices have news."""


async def nobody(_devices: frozenset[int]) -> None:
    """Nobody is told."""


class Ending:
    """Ends jobs. `suspended` are sign-ins that were found lost and must not be used, by account and time."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        source: TargetSource,
        pace: Pace,
        retry: RetryLimits,
        chance: Callable[[], float],
        told: Told,
        tally: Tally,
    ) -> None:
        self._tally = tally
        self._database = database
        self._clock = clock
        self._source = source
        self._pace = pace
        self._retry = retry
        self._chance = chance
        self._told = told
        self._suspended: set[tuple[int, int]] = set()

    @property
    def suspended(self) -> frozenset[tuple[int, int]]:
        """Sign-ins (account, time) that a call found lost and that are not written down as lost yet."""
        return frozenset(self._suspended)

    async def settle(self, job: Job, account: AccountTarget, result: Result, calls: Sequence[Call]) -> None:
        """Write down the end of a job, however long the disk refuses: until then its row stays claimed.

        `calls` are those that were made for it.
        """
        now_ms = self._clock.now_ms()
        if isinstance(result, Delivered):
            delivered = result
            news: list[int] = []

            def close(conn: sqlite3.Connection) -> None:
                news[:] = [job.meeting.device_id] if _close(conn, job, delivered, now_ms) else []
                if calls:
                    attempts.add(conn, job.meeting.id, _attempt(job, calls, delivered, delivered.again_at_ms, now_ms))

            await _until_written(lambda: self._database.write(close, patience_s=SHARED_WITHIN_S))
            if calls:
                waited_s = (now_ms - job.row.created_at) / 1000
                self._tally.delivered(took_s=_took_s(calls), waited_s=waited_s, now_ms=now_ms)
            if news:
                await self._told(frozenset(news))
            _LOGGER.info("mirrored", extra={"meeting": job.meeting.id, "revision": job.meeting.revision})
            return
        await self._not_done(job, account, result, now_ms, calls)

    async def _not_done(
        self, job: Job, account: AccountTarget, result: Undelivered, now_ms: int, calls: Sequence[Call]
    ) -> None:
        outcome, decision = result.outcome, self._decide(job, account, result.outcome, now_ms)
        if outcome.whole_account and decision.hold is not None and not await self._is_lost(account, outcome):
            decision = Decision(not_before_ms=now_ms)

        def postpone(conn: sqlite3.Connection) -> None:
            outbox.postpone(
                conn,
                job.row,
                not_before=decision.not_before_ms,
                hold=decision.hold,
                doubt=result.doubt,
                code=outcome.code,
                text=outcome.text,
            )
            if calls or outcome.code != NOT_NOW:
                next_at = None if decision.hold else decision.not_before_ms
                attempts.add(conn, job.meeting.id, _attempt(job, calls, result, next_at, now_ms))
            if result.calendar_away and decision.hold is not None and job.event is not None:
                # Whoever reads the calendar frees what is held for it, once it can be read again.
                reading.failed(
                    conn,
                    account_id=job.event.account_id,
                    calendar_id=job.event.calendar_id,
                    code=outcome.code,
                    text=outcome.text,
                    now_ms=now_ms,
                )

        await _until_written(lambda: self._database.write(postpone))
        if calls or outcome.code != NOT_NOW:
            self._tally.not_delivered(held=decision.hold is not None, took_s=_took_s(calls))
        is_news = decision.hold or (job.row.attempts == 1 and outcome.code != NOT_NOW)
        level = logging.WARNING if is_news else logging.DEBUG
        note = {"meeting": job.meeting.id, "attempt": job.row.attempts, "problem": outcome.code, "hold": decision.hold}
        _LOGGER.log(level, "not mirrored yet: %s", outcome.text, extra=note)

    async def _is_lost(self, account: AccountTarget, outcome: Outcome) -> bool:
        """Say that an account is lost; False when somebody signed in again meanwhile, so that nothing is held."""
        key = (account.account_id, account.authorized_at)
        self._suspended.add(key)
        await _until_written(lambda: self._source.lost(account, outcome))
        self._suspended.discard(key)
        return self._source.account(account.account_id) is None

    def _decide(self, job: Job, account: AccountTarget, outcome: Outcome, now_ms: int) -> Decision:
        attempts, limits = job.row.attempts, self._retry
        if outcome.code == NOT_NOW:  # nothing went wrong
            attempts = 1
        elif self._pace.failing(account):
            # While nothing is heard from the account, somebody has to find out soon that it is there again.
            limits = replace(limits, cap_s=min(limits.cap_s, Contact.LONGEST_MS / 1000))
        return decide(outcome, attempts=attempts, now_ms=now_ms, limits=limits, chance=self._chance())


def _close(conn: sqlite3.Connection, job: Job, delivered: Delivered, now_ms: int) -> bool:
    """Write down what was delivered; return whether its device has news of a conference."""
    if not write_down(conn, job, delivered, now_ms):
        outbox.again(conn, job.row, now_ms)
    elif delivered.again_at_ms is not None:
        at_ms = delivered.again_at_ms
        outbox.keep(conn, job.row, again_at_ms=at_ms, now_ms=now_ms, code=delivered.code, text=delivered.text)
    else:
        outbox.finish(conn, job.row, now_ms)
    event, before = delivered.event, job.event
    if event is None or before is None or not event.meet_state:
        return False
    failed = event.meet_state == "failure" and before.meet_state != "failure"
    return told.meet(conn, job.meeting, before=before.meet_link, link=event.meet_link, failed=failed, now_ms=now_ms)


def _attempt(job: Job, calls: Sequence[Call], result: Result, next_at: int | None, now_ms: int) -> Attempt:
    done = isinstance(result, Delivered)
    code = result.code if isinstance(result, Delivered) else result.outcome.code or result.outcome.verdict.value
    at, number = calls[0].at if calls else now_ms, job.row.attempts
    return Attempt(at=at, number=number, done=done, code=code, next_at=next_at, calls=tuple(calls))


def _took_s(calls: Sequence[Call]) -> float:
    return (calls[-1].at + calls[-1].took_ms - calls[0].at) / 1000 if calls else 0.0


async def _until_written(work: Callable[[], Awaitable[object]]) -> None:
    while True:
        try:
            await work()
        except StoreError as error:
            _LOGGER.error("the end of a delivery cannot be written yet: %s", error)  # noqa: TRY400 - the disk
            await asyncio.sleep(STORE_PAUSE_S)
        else:
            return
