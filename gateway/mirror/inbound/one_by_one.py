"""Deals with single events that a list could not tell about: looks at them, and removes those that are strays."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from datetime import date

from gateway.clock import Clock
from gateway.domain.change import from_json
from gateway.domain.feed import SeenEvent
from gateway.domain.kept_edit import WHOLE
from gateway.domain.meeting import Invitations, Meeting
from gateway.domain.outcome import Outcome, RemoteEvent, Verdict
from gateway.domain.target import AccountTarget, EventRef, OccurrenceRef
from gateway.domain.zones import to_local
from gateway.mirror.event.away import why_away
from gateway.mirror.event.ownership import is_current, ref_of
from gateway.mirror.inbound.write_down import WriteDown, Written
from gateway.mirror.paced import Pace, PacedTarget
from gateway.store import meetings, mirrored, outbox, second_looks
from gateway.store.database import Database
from gateway.store.mirrored import MirroredRow, MirrorState
from gateway.store.second_looks import SecondLook, StrayEvent

_LOGGER = logging.getLogger(__name__)

MOST_AT_ONCE = 50
"""Looks, and removals, of one account in one round; the others follow in the next."""

FEW_DOUBLES = 5
"""More events that are to be removed from a calendar at once are left there until somebody decides."""

AGAIN_MS = 30_000
_LONGEST_WAIT_MS = 3600 * 1000
_MOST_REMEMBERED = 10_000
_SAID_OF_REFUSALS = 2


class OneByOne:
    """Single events of the accounts of one installation; `counted` hears of every look."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        pace: Pace,
        installation_id: str,
        unseal: Callable[[str], str],
        write_down: WriteDown,
        counted: Callable[[], None],
    ) -> None:
        self._database = database
        self._clock = clock
        self._pace = pace
        self._installation_id = installation_id
        self._unseal = unseal
        self._write_down = write_down
        self._counted = counted
        self._untold: dict[SecondLook, int] = {}

    async def work(self, account: AccountTarget, written: Written) -> None:
        """Look at what is due and remove what is due; what cannot be done now stays for later. Raises StoreError."""
        now_ms = self._clock.now_ms()
        looks = await self._database.read(
            lambda conn: second_looks.due_looks(conn, account.account_id, now_ms, MOST_AT_ONCE)
        )
        for look in looks:
            await self._look(account, look, written)
        if account.read_only:
            return
        await self._ask_about_many(account)
        strays = await self._database.read(
            lambda conn: second_looks.due_strays(conn, account.account_id, now_ms, MOST_AT_ONCE)
        )
        for stray in strays:
            await self._remove(account, stray)

    async def _look(self, account: AccountTarget, look: SecondLook, written: Written) -> None:
        event, series = await self._database.read(lambda conn: self._matter(conn, look))
        if event is None or series is None or event.state is not MirrorState.LIVE:
            await self._looked(look)
            return
        if look.original_start_utc_s != WHOLE and await self._database.read(lambda conn: _waits(conn, look)):
            # The device's own change is not written yet: whose change this is can be told after that.
            await self._put_off(look)
            return
        self._counted()
        target = PacedTarget(account.target, self._pace, account)
        ref = ref_of(self._installation_id, event)
        if look.original_start_utc_s == WHOLE:
            outcome = await target.look(ref)
        else:
            day = _day(series, look.original_start_utc_s)
            outcome = await target.look_occurrence(
                OccurrenceRef(series=ref, original_start_utc_s=look.original_start_utc_s, original_day=day)
            )
        lost = outcome.verdict is Verdict.GONE and outcome.event is None
        if lost and await why_away(target, event.calendar_id):
            await self._put_off(look)
            return
        seen = _seen(outcome, event, look, series)
        if seen is None:
            await self._put_off(look)
            return
        await self._looked(look)
        if seen.event.cancelled and await self._database.read(lambda conn: _is_guarded(conn, event)):
            return
        calendar_id = account.calendar(event.calendar_id)
        await self._write_down.settle(account, calendar_id, [(seen, look.meeting_id)], written)

    def _matter(self, conn: sqlite3.Connection, look: SecondLook) -> tuple[MirroredRow | None, Meeting | None]:
        row = meetings.get(conn, look.meeting_id)
        series = None if row is None or not row.wanted else from_json(row.body, self._unseal)
        return mirrored.get(conn, look.meeting_id), series

    async def _put_off(self, look: SecondLook) -> None:
        """Look at another time, each time after twice as long; how often that was, a restart may forget."""
        attempts = self._untold.pop(look, 0)
        if len(self._untold) >= _MOST_REMEMBERED:
            self._untold.clear()
        self._untold[look] = attempts + 1
        due_at = self._clock.now_ms() + _wait_ms(attempts)
        await self._database.write(lambda conn: second_looks.put_off(conn, look, due_at))

    async def _looked(self, look: SecondLook) -> None:
        self._untold.pop(look, None)
        await self._database.write(lambda conn: second_looks.looked(conn, look))

    async def _ask_about_many(self, account: AccountTarget) -> None:
        """Remove nothing of a calendar in which very much is to be removed: that may be a mistake of the gateway's."""
        now_ms, account_id = self._clock.now_ms(), account.account_id
        if not await self._database.read(lambda conn: second_looks.due_strays(conn, account_id, now_ms, 1)):
            return
        asked = await self._database.write(
            lambda conn: second_looks.ask_about_many(conn, account_id, now_ms, FEW_DOUBLES)
        )
        for _, number in asked:
            _LOGGER.warning(
                "%d events of the gateway's in a calendar are no meeting's: none is removed until somebody decides. "
                "Next: meeting-gateway mirror status",
                number,
            )

    async def _remove(self, account: AccountTarget, stray: StrayEvent) -> None:
        """Remove an event that no meeting needs; that is looked up again, because it may be some time ago."""
        event = await self._database.read(lambda conn: mirrored.get(conn, stray.meeting_id))
        if event is not None and is_current(event, stray.remote_id):
            return  # it waits until its meeting has another one
        target = PacedTarget(account.target, self._pace, account)
        ref = EventRef(calendar_id=stray.calendar_id, remote_id=stray.remote_id, marks={})
        # Its guests have the meeting's own event, or were told by it that there is none.
        outcome = await target.delete(ref, Invitations.OFF)
        note = {"meeting": stray.meeting_id, "problem": outcome.code}
        if outcome.verdict in (Verdict.DONE, Verdict.GONE):
            _LOGGER.info("an event that stood twice was removed: %s", outcome.verdict, extra=note)
            await self._forget(stray)
            return
        if outcome.verdict is Verdict.REFUSED:
            level = logging.WARNING if stray.attempts < _SAID_OF_REFUSALS else logging.DEBUG
            _LOGGER.log(level, "an event that stands twice may not be removed: %s", outcome.text, extra=note)
        not_before = self._clock.now_ms() + _wait_ms(stray.attempts)
        await self._database.write(lambda conn: second_looks.try_stray_later(conn, stray, not_before))

    async def _forget(self, stray: StrayEvent) -> None:
        await self._database.write(
            lambda conn: second_looks.stray_gone(conn, stray.account_id, stray.calendar_id, stray.remote_id)
        )


def _waits(conn: sqlite3.Connection, look: SecondLook) -> bool:
    return outbox.get(conn, outbox.MIRROR, look.meeting_id) is not None


def _is_guarded(conn: sqlite3.Connection, event: MirroredRow) -> bool:
    return event.meeting_id in second_looks.guarded_in(conn, event.account_id, event.calendar_id)


def _wait_ms(attempts: int) -> int:
    return min(_LONGEST_WAIT_MS, AGAIN_MS << min(attempts, 7))


def _seen(outcome: Outcome, event: MirroredRow, look: SecondLook, series: Meeting) -> SeenEvent | None:
    """Return what a look saw; None when it did not tell."""
    if outcome.verdict not in (Verdict.DONE, Verdict.GONE):
        return None
    found = outcome.event
    if found is None or outcome.verdict is Verdict.GONE:
        found = RemoteEvent(
            remote_id=event.remote_id, etag="", cancelled=True, marks={}, content=None, link=None, raw={}
        )
    if look.original_start_utc_s == WHOLE:
        return SeenEvent(event=found)
    return SeenEvent(
        event=found,
        series_id=event.remote_id,
        original_start_utc_s=look.original_start_utc_s,
        original_day=_day(series, look.original_start_utc_s),
    )


def _day(series: Meeting, original_start_utc_s: int) -> date | None:
    return to_local(original_start_utc_s, series.zone).date() if series.all_day else None
