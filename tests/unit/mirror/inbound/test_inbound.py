"""Which calendars are read, with which account, and that what fails in one keeps no other from being read."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pytest

from gateway.clock import SystemClock
from gateway.domain.device import DevicePolicy
from gateway.domain.feed import AccountFeed, FeedPage
from gateway.domain.meeting import Invitations
from gateway.domain.outcome import Outcome, Verdict
from gateway.domain.target import AccountTarget, CalendarTarget
from gateway.mirror.inbound.inbound import Inbound
from gateway.mirror.inbound.reading_status import summary
from gateway.mirror.paced import Pace, PaceLimits
from gateway.store.database import Database
from tests.prepared import give_database

GONE = Outcome(verdict=Verdict.CONFIGURATION, code="G-507", text="The calendar is gone.")
LOST = Outcome(verdict=Verdict.AUTHORIZATION, code="G-503", text="Sign in again.", whole_account=True)


@dataclass
class Feeds:
    """Accounts whose calendars hold nothing, some of which cannot be read."""

    emails: tuple[str, ...] = ("main@example.com", "second@example.com")
    failing: dict[str, Outcome] = field(default_factory=dict)
    read: list[tuple[str, str, str | None]] = field(default_factory=list)
    told_lost: list[str] = field(default_factory=list)

    def feeds(self) -> tuple[AccountFeed, ...]:
        return tuple(
            AccountFeed(
                account=AccountTarget(account_id=number, target=cast("CalendarTarget", None), email=email, project="p"),
                feed=_Feed(self, email),
            )
            for number, email in enumerate(self.emails, 1)
        )

    async def lost(self, account: AccountTarget, outcome: Outcome) -> None:
        self.told_lost.append(f"{account.email} {outcome.code}")


@dataclass
class _Feed:
    feeds: Feeds
    email: str

    async def page(self, calendar_id: str, *, token: str | None, page: str | None) -> FeedPage | Outcome:
        self.feeds.read.append((self.email, calendar_id, token))
        problem = self.feeds.failing.get(calendar_id)
        return problem if problem is not None else FeedPage(events=(), next_token="t")


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    path = tmp_path / "gateway.db"
    give_database(path, 0)
    opened = Database(path)
    await opened.open()

    def accounts(conn: object) -> None:
        import sqlite3

        assert isinstance(conn, sqlite3.Connection)
        for number in (1, 2):
            conn.execute(
                "INSERT INTO account (id, kind, subject, email, client_id, scopes, sealed, state, authorized_at, "
                "changed_at) VALUES (?, 'google', ?, '', '', '', x'00', 'connected', 0, 0)",
                (number, str(number)),
            )

    await opened.write(accounts)
    yield opened
    await opened.close()


def inbound(database: Database, feeds: Feeds, *chosen: tuple[str | None, str]) -> Inbound:
    async def nobody(_devices: frozenset[int]) -> None:
        raise AssertionError("nothing is to be told")

    clock = SystemClock()
    return Inbound(
        database=database,
        clock=clock,
        source=feeds,
        installation_id="i",
        unseal=lambda sealed: sealed,
        told=nobody,
        policy=lambda _device: DevicePolicy(name="d", calendar_id="c", invitations=Invitations.OFF),
        pace=Pace(clock=clock, limits=PaceLimits()),
        chosen=lambda: chosen,
        wake=lambda: None,
        chance=lambda: 0.5,
    )


async def test_calendars_that_devices_chose_are_read_with_their_accounts(database: Database) -> None:
    feeds = Feeds()
    reads = inbound(database, feeds, (None, "a"), ("second@example.com", "b"), ("nobody@example.com", "c"))
    assert await reads.read() is None
    assert feeds.read == [("main@example.com", "a", None), ("second@example.com", "b", None)]
    assert await reads.read() is None
    assert [token for _, _, token in feeds.read[2:]] == ["t", "t"]
    status = reads.status
    assert (status.calls, status.calls_today, len(status.calendars), status.code) == (4, 4, 2, "")
    assert status.calls_per_day >= 2 * 1_440


async def test_without_a_calendar_it_is_quiet(database: Database) -> None:
    feeds = Feeds()
    reads = inbound(database, feeds)
    assert await reads.read() is None
    assert feeds.read == []
    assert (reads.status.calls, reads.status.calls_per_day, reads.status.read_at_ms) == (0, 0, None)


async def test_a_calendar_that_is_gone_and_an_account_that_is_lost_keep_no_other_from_being_read(
    database: Database,
) -> None:
    feeds = Feeds(failing={"a": GONE})
    reads = inbound(database, feeds, (None, "a"), (None, "b"), ("second@example.com", "c"))
    assert await reads.read() == GONE
    assert [calendar for _, calendar, _ in feeds.read] == ["a", "b", "c"]
    assert {status.calendar_id: status.code for status in reads.status.calendars} == {"a": "G-507", "b": "", "c": ""}
    assert reads.status.code == "G-507"
    assert feeds.told_lost == []
    said = await database.read(lambda conn: summary(conn, SystemClock().now_ms(), 60.0))
    assert {kept.calendar_id: kept.code for kept in said.calendars} == {"a": "G-507", "b": "", "c": ""}
    feeds.failing = {"a": LOST}
    feeds.read.clear()
    assert await reads.read() == LOST
    assert [calendar for _, calendar, _ in feeds.read] == ["a", "c"]
    assert feeds.told_lost == ["main@example.com G-503"]
    feeds.failing = {}
    assert await reads.read() is None
    assert reads.status.code == ""


async def test_asked_to_it_reads_at_once_and_else_in_its_time(database: Database) -> None:
    feeds = Feeds()
    reads = inbound(database, feeds, (None, "a"))
    running = asyncio.create_task(reads.run())
    try:
        async with asyncio.timeout(60):
            while len(feeds.read) < 1:
                await asyncio.sleep(0.001)
            await asyncio.sleep(0)
            reads.wake()
            while len(feeds.read) < 2:
                await asyncio.sleep(0.001)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert len(feeds.read) == 2
