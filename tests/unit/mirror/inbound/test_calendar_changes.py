"""What the list of changes of a calendar may answer, as bytes: garbage in an event, endless pages, pages too large."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import cast

import aiohttp
import pytest
from aiohttp import web

from gateway.clock import SystemClock
from gateway.domain.feed import AccountFeed, FeedPage, TokenExpired
from gateway.domain.outcome import Outcome, Verdict
from gateway.domain.target import AccountTarget, CalendarTarget
from gateway.google.changes import PAGE_SIZES, GoogleChanges
from gateway.google.tokens import AccessTokens
from gateway.google.wire import LARGEST_BODY_BYTES, Wire, google_session
from gateway.mirror.inbound.calendar_reader import CalendarReader, Reading
from gateway.mirror.paced import Pace, PaceLimits
from tests.unit.google.raw_google import RawGoogle, answer

GONE = json.dumps({"error": {"code": 404, "message": "Not Found", "errors": [{"reason": "notFound"}]}})
EXPIRED = json.dumps({"error": {"code": 410, "message": "Gone", "errors": [{"reason": "fullSyncRequired"}]}})
BAD = json.dumps({"error": {"code": 400, "message": "Bad Request", "errors": [{"reason": "invalid"}]}})
FORBIDDEN = json.dumps({"error": {"code": 403, "message": "Forbidden", "errors": [{"reason": "forbidden"}]}})


@dataclass
class Before:
    """What was known of the calendar; the ids are asked for only when they are needed."""

    token: str | None
    known: str = ""

    async def ours(self) -> frozenset[str]:
        return frozenset({self.known})


class Tokens:
    """Access tokens that are always good."""

    async def token(self, *, rejected: str | None = None) -> str:
        return "t"


@pytest.fixture
async def google() -> AsyncIterator[RawGoogle]:
    raw = RawGoogle()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", raw.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    raw.base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield raw
    await runner.cleanup()


@pytest.fixture
async def session(google: RawGoogle) -> AsyncIterator[aiohttp.ClientSession]:
    async with google_session(google.endpoints, 10.0) as opened:
        yield opened


@pytest.fixture
def changes(google: RawGoogle, session: aiohttp.ClientSession) -> GoogleChanges:
    return GoogleChanges(
        wire=Wire(session, 10.0),
        endpoint=google.endpoints.calendar,
        tokens=cast("AccessTokens", Tokens()),
        clock=SystemClock(),
    )


def page(*items: object, **rest: object) -> str:
    return json.dumps({"items": list(items), **rest})


async def test_odd_events_are_left_out_or_left_without_facts(google: RawGoogle, changes: GoogleChanges) -> None:
    odd: list[object] = [
        5,
        {"id": 7},
        {"id": "cancelled", "status": "cancelled"},
        {"id": "no-times", "etag": "1", "start": {"date": "0000-99-99"}, "attendees": "nobody"},
        {"id": "x_2", "recurringEventId": "x", "status": "cancelled", "originalStartTime": {"date": "2026-11-23"}},
        {"id": "x_3", "recurringEventId": "x", "status": "cancelled", "originalStartTime": {"dateTime": "soon"}},
        {"id": "zone", "etag": "1", "start": {"dateTime": "2026-11-23T10:00:00", "timeZone": "Mars/Olympus"}},
        {"id": "rule", "etag": "1", "recurrence": ["RDATE;VALUE=PERIOD:19970101T180000Z/PT5H30M", 5]},
    ]
    google.will(answer(200, page(*odd, nextSyncToken="s")))
    got = await changes.page("primary", token=None, page=None)
    assert isinstance(got, FeedPage)
    assert [seen.event.remote_id for seen in got.events] == [
        "cancelled", "no-times", "x_2", "x_3", "zone", "rule"
    ]  # fmt: skip
    assert str(got.events[2].original_day) == "2026-11-23"
    assert got.events[3].original_start_utc_s is None
    assert got.events[1].event.facts is None


@pytest.mark.parametrize(
    ("status", "body", "verdict", "code"),
    [
        (404, GONE, Verdict.CONFIGURATION, "G-507"),
        (403, FORBIDDEN, Verdict.CONFIGURATION, "G-507"),
        (410, EXPIRED, Verdict.LATER, "G-506"),
        (404, "<html>a guest network</html>", Verdict.LATER, "G-412"),
        (503, "", Verdict.LATER, "G-506"),
        (200, "<html>", Verdict.LATER, "G-412"),
    ],
)
async def test_what_is_in_the_way_is_named(
    google: RawGoogle, changes: GoogleChanges, status: int, body: str, verdict: Verdict, code: str
) -> None:
    google.will(answer(status, body))
    got = await changes.page("primary", token=None, page=None)
    assert isinstance(got, Outcome)
    assert (got.verdict, got.code) == (verdict, code)


@pytest.mark.parametrize(("status", "body"), [(410, EXPIRED), (400, BAD)])
async def test_a_token_that_is_refused_has_expired(
    google: RawGoogle, changes: GoogleChanges, status: int, body: str
) -> None:
    google.will(answer(status, body))
    with pytest.raises(TokenExpired):
        await changes.page("primary", token="cut", page=None)


async def test_a_page_that_is_too_large_is_asked_for_in_smaller_ones(google: RawGoogle, changes: GoogleChanges) -> None:
    large = page({"id": "a", "description": "x" * LARGEST_BODY_BYTES})
    google.will(answer(200, large), answer(200, large), answer(200, page(nextSyncToken="s")))
    assert isinstance(await changes.page("primary", token=None, page=None), FeedPage)
    assert isinstance(await changes.page("primary", token=None, page=None), FeedPage)
    asked = [int(seen.query["maxResults"]) for seen in google.seen]
    assert asked == [*PAGE_SIZES, PAGE_SIZES[-1]]
    google.will(answer(200, large))
    assert isinstance(await changes.page("primary", token=None, page=None), Outcome)


def reader(changes: GoogleChanges) -> tuple[CalendarReader, AccountFeed, list[None]]:
    counted: list[None] = []
    nothing_is_written = cast("CalendarTarget", None)
    account = AccountTarget(account_id=1, target=nothing_is_written, email="a@example.com", project="p")
    reads = CalendarReader(
        pace=Pace(clock=SystemClock(), limits=PaceLimits()),
        installation_id="i",
        now_s=lambda: 0,
        counted=lambda: counted.append(None),
    )
    return reads, AccountFeed(account=account, feed=changes), counted


async def test_pages_that_never_end_are_no_reading(google: RawGoogle, changes: GoogleChanges) -> None:
    google.will(answer(200, page({"id": "a", "etag": "1"}, nextPageToken="again")))
    reads, account, counted = reader(changes)
    got = await reads.read(account, "primary", Before(None))
    assert isinstance(got, Outcome)
    assert got.code == "endless-list"
    assert len(counted) == 2


async def test_an_expired_token_leads_to_a_whole_reading(google: RawGoogle, changes: GoogleChanges) -> None:
    ours = {"id": "o", "etag": "1", "extendedProperties": {"private": {"gateway": "i", "meeting": "4"}}}
    theirs = {
        "id": "t",
        "etag": "1",
        "summary": "S",
        "start": {"dateTime": "2026-11-23T10:00:00Z"},
        "end": {"dateTime": "2026-11-23T11:00:00Z"},
    }
    google.will(
        answer(410, EXPIRED),
        answer(200, page(ours, nextPageToken="2")),
        answer(200, page(theirs, {"id": "known", "status": "cancelled"}, nextSyncToken="s")),
    )
    reads, account, counted = reader(changes)
    got = await reads.read(account, "primary", Before("old", "known"))
    assert isinstance(got, Reading)
    assert (got.whole, got.next_token, len(counted)) == (True, "s", 3)
    assert [seen.event.remote_id for seen in got.ours] == ["o", "known"]
    assert list(got.foreign) == ["t"]
    assert got.ours[0].event.raw == {}
