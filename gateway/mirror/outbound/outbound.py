"""The loop that empties the outbox into the calendars: whose turn it is, is claimed, delivered and written down."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import sqlite3
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from gateway.clock import Clock
from gateway.domain.device import DevicePolicy
from gateway.domain.outcome import Outcome, Verdict
from gateway.domain.retry import Hold, RetryLimits
from gateway.domain.tally import Tally
from gateway.domain.target import TargetSource
from gateway.errors import StoreError
from gateway.mirror.outbound.claim import Claimed, Claims
from gateway.mirror.outbound.delivery import Delivery
from gateway.mirror.outbound.ending import STORE_PAUSE_S, Ending, Told, nobody
from gateway.mirror.outbound.job import DOUBT_CALL, Result, Undelivered
from gateway.mirror.outbound.lanes import View, choose
from gateway.mirror.paced import Pace, PacedTarget
from gateway.store import attempts, outbox, outbox_lanes
from gateway.store.database import Database
from gateway.store.vault import VaultError

_LOGGER = logging.getLogger(__name__)

GRACE_S = 3.0
"""How long calls under way may take to end when the gateway stops; those cut off are looked at after the next start."""

_LEAST_BATCH = 8
_MOST_BATCH = 40
_QUICK_S = 0.1
_MOST_UNSETTLED = 64
_CLOCK_WAS_SET_MS = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundLimits:
    """How many calls may be under way, how long one claim is meant to last, and how waits grow."""

    in_flight: int
    lease_s: float
    retry: RetryLimits


class Outbound:
    """Delivers the outbox. Nothing happens between wake-ups: new work, an ended call or the next due time wake it.

    Jobs are claimed a few at a time, with a call of the budget each; what is claimed waits in `_hand` for one of the
    calls under way to end. The end of a job is written down while the next one is already under way.
    """

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        source: TargetSource,
        delivery: Delivery,
        pace: Pace,
        policy: Callable[[int], DevicePolicy],
        installation_id: str,
        limits: OutboundLimits,
        owner: str,
        chance: Callable[[], float],
        told: Told = nobody,
        tally: Tally | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._source = source
        self._delivery = delivery
        self._pace = pace
        self._policy = policy
        self._in_flight = limits.in_flight
        self._least = self._batch = max(_LEAST_BATCH, 2 * limits.in_flight)
        self._claimed_s = -math.inf
        self._lease_ms = int(limits.lease_s * 1000)
        self._claims = Claims(installation_id=installation_id, owner=owner, lease_ms=self._lease_ms)
        self._ending = Ending(
            database=database,
            clock=clock,
            source=source,
            pace=pace,
            retry=limits.retry,
            chance=chance,
            told=told,
            tally=tally or Tally(),
        )
        self._woken = asyncio.Event()
        self._hand: deque[tuple[Claimed, PacedTarget]] = deque()
        self._running: dict[asyncio.Task[None], int] = {}
        self._unwritten: set[int] = set()
        self._calling = 0
        self._ahead_ms = self._wall_ahead_ms()
        pace.follow(self.wake)

    @property
    def rests_until_ms(self) -> int:
        """Until when (ms UTC) no call at all can be made with some account; in the past when there is no such rest."""
        waits = [self._pace.next_free_ms(account, None) or 0.0 for account in self._source.usable()]
        return self._clock.now_ms() + int(max(waits, default=0.0))

    def wake(self) -> None:
        """There may be something to do."""
        self._woken.set()

    async def recover(self) -> None:
        """Free what a gateway that died had claimed; call once, before `run`."""
        await self._database.write(self._release_claims)
        await self.account_returned()

    def _release_claims(self, conn: sqlite3.Connection) -> None:
        attempts.cut_off(conn, lease_ms=self._lease_ms, now_ms=self._clock.now_ms())
        outbox.release_claims(conn)

    async def account_returned(self, account_id: int | None = None) -> None:
        """An account, or with None any, can be used (again): its jobs that were held for an admin are due."""
        holds = (Hold.AUTHORIZATION, Hold.CONFIGURATION)
        now_ms = self._clock.now_ms()
        usable = {account.account_id for account in self._source.usable()}
        await self._database.write(lambda conn: outbox.release_holds(conn, holds, now_ms, account_id, usable))
        self.wake()

    async def run(self) -> None:
        """Deliver until cancelled."""
        try:
            while True:
                self._woken.clear()
                wait_s = await self._turn_or_wait()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(wait_s):
                        await self._woken.wait()
        finally:
            await self._stop()

    async def _turn_or_wait(self) -> float | None:
        try:
            return await self._turn()
        except StoreError as error:  # a full or failing disk: keep what is queued and look again
            _LOGGER.error("the outbox cannot be read or claimed: %s", error)  # noqa: TRY400 - the disk, not the code
            return STORE_PAUSE_S

    async def _turn(self) -> float | None:
        """Claim what can be done; return the seconds until something else can, or None to wait for a wake-up."""
        if len(self._hand) > self._in_flight // 2 or len(self._running) >= _MOST_UNSETTLED + self._in_flight:
            return None
        most = self._most_in_hand() - len(self._hand)
        view = View.of(self._source, self._ending.suspended)
        if not view.accounts:
            return None
        now_ms, set_back_ms = self._clock.now_ms(), self._set_back_ms()
        unwritten = self._unwritten - self._under_way()
        free: list[int] = []

        def claim(conn: sqlite3.Connection) -> tuple[list[Claimed], float | None]:
            if set_back_ms:
                outbox.shift(conn, -set_back_ms)
            attempts.cut_off(conn, lease_ms=self._lease_ms, now_ms=now_ms, meeting_ids=tuple(unwritten))
            free[:] = outbox.release_expired(conn, outbox.MIRROR, unwritten, now_ms)
            return self._claim(conn, view, most, now_ms)

        claimed, wait_ms = await self._database.write(claim)
        self._unwritten.difference_update(free)
        if self._unwritten:
            wait_ms = self._lease_ms if wait_ms is None else min(wait_ms, self._lease_ms)
        self._ahead_ms -= set_back_ms
        if len(claimed) == most:
            self._claimed_s = self._clock.monotonic_s()
        for each in claimed:
            account, calendar_id = each.pick.account, each.pick.calendar_id
            taken = calendar_id if self._pace.take(account, calendar_id) else None
            self._hand.append((each, PacedTarget(account.target, self._pace, account, taken)))
        self._start()
        return None if wait_ms is None else max(0.0, min(wait_ms, outbox.FARTHEST_MS) / 1000)

    def _most_in_hand(self) -> int:
        """Return how many to claim: more while they are used up at once, because every claim is a transaction."""
        quick = self._clock.monotonic_s() - self._claimed_s < _QUICK_S
        self._batch = min(2 * self._batch, max(_MOST_BATCH, self._least)) if quick else self._least
        return self._batch

    def _under_way(self) -> frozenset[int]:
        """Return the meetings of the jobs in hand, and of those that are being done."""
        return frozenset((*self._running.values(), *(claimed.job.meeting.id for claimed, _ in self._hand)))

    def _claim(
        self, conn: sqlite3.Connection, view: View, most: int, now_ms: int
    ) -> tuple[list[Claimed], float | None]:
        outbox.promote(conn, outbox.MIRROR, now_ms)
        choice = choose(conn, view, self._pace, self._policy, most=most, now_ms=now_ms)
        claimed = self._claims.claim(conn, choice.picks, now_ms) if choice.picks else []
        due_ms = outbox_lanes.next_waiting_ms(conn, outbox.MIRROR)
        if due_ms is not None:
            choice.waits(due_ms - now_ms)
        return claimed, choice.wait_ms

    def _start(self) -> None:
        """Begin calls for what is in hand, as many as may be under way."""
        while self._hand and self._calling < self._in_flight:
            claimed, target = self._hand.popleft()
            self._calling += 1
            task = asyncio.create_task(self._carry_out(claimed, target), name=f"deliver-{claimed.job.meeting.id}")
            self._running[task] = claimed.job.meeting.id
            task.add_done_callback(self._ended)

    async def _carry_out(self, claimed: Claimed, target: PacedTarget) -> None:
        try:
            result = await self._bring(claimed, target)
        finally:
            target.close()
            self._calling -= 1
            self._start()
            if len(self._hand) <= self._in_flight // 2:
                self._woken.set()
        await self._ending.settle(claimed.job, claimed.pick.account, result, target.calls)

    async def _bring(self, claimed: Claimed, target: PacedTarget) -> Result:
        job = claimed.job
        try:
            return await self._delivery.bring(job, target, self._policy(job.meeting.device_id))
        except VaultError as error:
            outcome = Outcome(verdict=Verdict.CONFIGURATION, code="G-419", text=str(error))
            return Undelivered(outcome=outcome, doubt=job.row.doubt)
        except Exception:  # whatever is wrong with this meeting must not stop the others
            _LOGGER.exception("a delivery failed in the gateway itself", extra={"meeting": job.meeting.id})
            return Undelivered(outcome=_OUR_FAULT, doubt=DOUBT_CALL)

    def _ended(self, task: asyncio.Task[None]) -> None:
        meeting_id = self._running.pop(task)
        self._woken.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            # Its claim is freed, and its event looked at, when the claim runs out: not sooner, it may fail again.
            self._unwritten.add(meeting_id)
            _LOGGER.critical("a delivery ended without being written down", exc_info=error)

    def _wall_ahead_ms(self) -> int:
        return self._clock.now_ms() - int(self._clock.monotonic_s() * 1000)

    def _set_back_ms(self) -> int:
        """Return by how much the clock was set back since the last turn; forward, what waits is due sooner at most."""
        ahead_ms = self._wall_ahead_ms()
        if ahead_ms > self._ahead_ms:
            self._ahead_ms = ahead_ms
        set_back_ms = self._ahead_ms - ahead_ms
        return set_back_ms if set_back_ms > _CLOCK_WAS_SET_MS else 0

    async def _stop(self) -> None:
        waiting = [claimed.job.row for claimed, _ in self._hand]
        self._hand.clear()
        if self._running:
            await asyncio.wait(self._running, timeout=GRACE_S)
        for task in tuple(self._running):
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        if waiting:
            with contextlib.suppress(StoreError):  # then they are looked at after the next start
                await self._database.write(lambda conn: outbox.unclaim(conn, waiting))


_OUR_FAULT = Outcome(
    verdict=Verdict.LATER, code="internal", text="The gateway failed on this meeting; the log has details."
)
