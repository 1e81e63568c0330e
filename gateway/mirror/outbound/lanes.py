"""Whose turn it is: which waiting meetings are written next, where accounts and limits allow; nothing is claimed."""

from __future__ import annotations

import heapq
import logging
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from gateway.domain.device import DevicePolicy
from gateway.domain.retry import Hold
from gateway.domain.target import AccountTarget, TargetSource
from gateway.mirror.paced import Pace
from gateway.store import accounts, outbox_lanes
from gateway.store.outbox import MIRROR, MOST_AT_ONCE
from gateway.store.outbox_lanes import Group, Head

_LOGGER = logging.getLogger(__name__)

BEGAN_MS = 3_600_000
"""A meeting that began longer ago than this comes after all that lie ahead."""

_MOST_PASSED_OVER = 50
"""How many meetings of one device are passed over because their calendar, not the device's own, has no budget."""

_UNKNOWN_WAIT_MS = 30_000.0
"""Whose turn comes with the end of another call is told then; this is for a call whose end nobody tells."""

_LEAST_WAIT_MS = 5.0
"""Whose call was taken by one who waits already looks again soon, not at once."""

OTHER_ACCOUNT = "G-409"
OTHER_ACCOUNT_TEXT = (
    "This meeting is in the calendar of the account used before. It stays there and is no longer updated."
)


@dataclass(frozen=True, slots=True)
class View:
    """The accounts that may be written with now: by row id, and by address (None: the main one)."""

    accounts: Mapping[int, AccountTarget]
    chosen: Mapping[str | None, AccountTarget]

    @classmethod
    def of(cls, source: TargetSource, without: frozenset[tuple[int, int]]) -> View:
        """Take it from `source`, leaving out read-only accounts and the sign-ins of `without`."""
        usable = [
            account
            for account in source.usable()
            if not account.read_only and (account.account_id, account.authorized_at) not in without
        ]
        known = {account.account_id: account for account in usable}
        chosen: dict[str | None, AccountTarget] = {account.email.casefold(): account for account in usable}
        main = source.chosen(None)
        if main is not None and main.account_id in known:
            chosen[None] = main
        return cls(known, chosen)


class Pick(NamedTuple):
    """A meeting whose turn it is, with the account and calendar that it goes to."""

    meeting_id: int
    account: AccountTarget
    calendar_id: str


@dataclass(slots=True)
class Choice:
    """What is next: meetings whose turn it is, and in how many ms others may be (None: nothing is known to come)."""

    picks: list[Pick] = field(default_factory=list)
    wait_ms: float | None = None

    def waits(self, wait_ms: float) -> None:
        """Something else may be next in `wait_ms`."""
        self.wait_ms = wait_ms if self.wait_ms is None else min(self.wait_ms, wait_ms)


def choose(
    conn: sqlite3.Connection,
    view: View,
    pace: Pace,
    policy: Callable[[int], DevicePolicy],
    *,
    most: int,
    now_ms: int,
) -> Choice:
    """Choose up to `most` ready meetings, soonest first over all devices.

    Meetings whose account cannot be used, or whose calendar has no budget, do not stand before others. Those of an
    account that nobody is signed in to any more are held, or go to another when no calendar has them yet.
    """
    choice, budgets = Choice(), _Budgets(pace)
    if _leave_accounts(conn, view):
        choice.waits(0.0)
    turns = [turn for group in outbox_lanes.groups(conn, MIRROR) if (turn := _turn(conn, view, policy, group, now_ms))]
    heapq.heapify(turns)
    while turns and len(choice.picks) < most:
        turn = turns[0]
        if budgets.take(turn.account, turn.calendar_id):
            choice.picks.append(Pick(turn.head.subject_id, turn.account, turn.calendar_id))
            more = turn.advance()
        else:
            wait_ms = pace.next_free_ms(turn.account, turn.calendar_id)
            choice.waits(_UNKNOWN_WAIT_MS if wait_ms is None else max(_LEAST_WAIT_MS, wait_ms))
            more = turn.pass_over()
        if more:
            heapq.heapreplace(turns, turn)
        else:
            heapq.heappop(turns)
    if turns:
        choice.waits(0.0)
    return choice


def _leave_accounts(conn: sqlite3.Connection, view: View) -> bool:
    """Deal with meetings of accounts that nobody is signed in to any more; True when there may be more of them."""
    groups = [group for group in outbox_lanes.groups(conn, MIRROR) if group.account_id not in (0, *view.accounts)]
    left = accounts.signed_out(conn) if groups else frozenset()
    numbers = [
        outbox_lanes.hold_account(conn, group, Hold.CONFIGURATION, OTHER_ACCOUNT, OTHER_ACCOUNT_TEXT)
        for group in groups
        if group.account_id in left
    ]
    return max(numbers, default=0) >= MOST_AT_ONCE


def _turn(
    conn: sqlite3.Connection, view: View, policy: Callable[[int], DevicePolicy], group: Group, now_ms: int
) -> _Turn | None:
    try:
        device = policy(group.lane)
    except KeyError:
        _LOGGER.warning("meetings of an unknown device wait", extra={"device": group.lane})
        return None
    if group.account_id:
        account = view.accounts.get(group.account_id)
    else:
        account = view.chosen.get(None if device.account is None else device.account.casefold())
    if account is None:
        return None
    from_ms = now_ms - BEGAN_MS
    turn = _Turn(
        account, account.calendar(device.calendar_id), outbox_lanes.heads(conn, MIRROR, group, from_ms), from_ms
    )
    return turn if turn.advance() else None


class _Turn:
    """The ready meetings of one group, the soonest in `head`; turns are compared by that one."""

    def __init__(self, account: AccountTarget, calendar_id: str, heads: Iterator[Head], from_ms: int) -> None:
        self.account = account
        self.calendar_id = calendar_id
        self.head = Head(0, 0, None)
        self._own_calendar = calendar_id
        self._heads = heads
        self._from_ms = from_ms
        self._passed_over = 0

    def advance(self) -> bool:
        """Go to the next meeting; False when there is none."""
        head = next(self._heads, None)
        if head is None:
            return False
        self.head = head
        self.calendar_id = head.calendar_id or self._own_calendar
        return True

    def pass_over(self) -> bool:
        """As `advance`, because the calendar of this one has no budget; False when looking further is no use."""
        refused = self.calendar_id
        if self.head.calendar_id is None:
            return False
        while self._passed_over < _MOST_PASSED_OVER and self.advance():
            self._passed_over += 1
            if self.calendar_id != refused:
                return True
        return False

    def __lt__(self, other: _Turn) -> bool:
        return self._key() < other._key()

    def _key(self) -> tuple[bool, int]:
        starts_at_ms = self.head.starts_at_ms
        began = starts_at_ms < self._from_ms
        return began, -starts_at_ms if began else starts_at_ms


class _Budgets:
    """What is left of the budgets while a choice is made; nothing is entered yet."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._calendars: dict[tuple[int, str], int] = {}
        self._accounts: dict[int, int] = {}

    def take(self, account: AccountTarget, calendar_id: str) -> bool:
        """Take one call, if there is one for the calendar and for the account."""
        key = (account.account_id, calendar_id)
        if key not in self._calendars:
            self._calendars[key] = self._pace.free(account, calendar_id)
        if account.account_id not in self._accounts:
            # Where only the calendar has one left, that is a probe: one at a time for the account.
            self._accounts[account.account_id] = max(1, self._pace.free(account, None))
        if self._calendars[key] <= 0 or self._accounts[account.account_id] <= 0:
            return False
        self._calendars[key] -= 1
        self._accounts[account.account_id] -= 1
        return True
