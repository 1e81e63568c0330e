"""Permissions feature by feature, reading only, one more permission on request, and calendars that are made."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlsplit

import pytest

from gateway.domain.outcome import Verdict
from gateway.errors import SignInError
from gateway.google.scopes import Feature
from gateway.google.upcoming import MOST_EVENTS
from tests.journey.google_office import CONTENT, EMAIL, OTHER, REF, Desk, Office, connect, signed_in

AUTH = "https://www.googleapis.com/auth/"
USUAL = ["openid", "email", f"{AUTH}calendar.events.owned", f"{AUTH}calendar.events.freebusy"]
USUAL.append(f"{AUTH}calendar.calendarlist.readonly")


async def asked(desk: Desk, *more: Feature) -> list[str]:
    link = await desk.accounts.start(more=more)
    query = parse_qs(urlsplit(link.url).query)
    assert "include_granted_scopes" not in query
    return query["scope"][0].split()


async def connect_with(office: Office, desk: Desk, *more: Feature, untick: tuple[str, ...] = ()) -> tuple[str, ...]:
    link = await desk.accounts.start(more=more)
    unticked = [f"{AUTH}{scope}" for scope in untick]
    candidate = await desk.accounts.finish(office.google.do.approve(link.url, untick=unticked))
    await desk.accounts.store(candidate, replace=False)
    return tuple(note.code for note in candidate.notes)


def off(desk: Desk) -> set[Feature]:
    status = desk.accounts.status()
    assert status is not None
    return {each.feature for each in status.features if not each.on}


async def test_each_feature_asks_for_its_narrowest_scope(office: Office) -> None:
    async with office.desk() as desk:
        assert await asked(desk) == USUAL
        assert await asked(desk, Feature.CREATE) == [*USUAL, f"{AUTH}calendar.app.created"]
    async with office.desk(read_only=True) as desk:
        scopes = await asked(desk, Feature.CREATE)
        assert scopes == [
            "openid",
            "email",
            f"{AUTH}calendar.events.owned.readonly",
            f"{AUTH}calendar.events.freebusy",
            f"{AUTH}calendar.calendarlist.readonly",
        ]


@pytest.mark.parametrize(
    ("unticked", "missing"),
    [
        ((), set()),
        (("calendar.events.freebusy",), {Feature.BUSY}),
        (("calendar.calendarlist.readonly",), {Feature.LIST}),
        (("calendar.events.freebusy", "calendar.calendarlist.readonly"), {Feature.BUSY, Feature.LIST}),
    ],
)
async def test_boxes_that_were_not_ticked(office: Office, unticked: tuple[str, ...], missing: set[Feature]) -> None:
    async with office.desk() as desk:
        notes = await connect_with(office, desk, untick=unticked)
        assert notes == ("G-416",) * len(missing)
        assert off(desk) == {*missing, Feature.CREATE}
        warned = [each for each in desk.accounts.warnings() if each.code == "G-522"]
        assert len(warned) == len(missing)
        assert all("meeting-gateway google login" in each.text for each in warned)
        (busy,) = desk.accounts.busy_sources()
        assert (busy.source is None) is (Feature.BUSY in missing)
        target = desk.accounts.current()
        assert target is not None
        assert (await target.target.insert(REF, CONTENT)).verdict is Verdict.DONE, "meetings work in any case"


async def test_a_permission_that_was_asked_for_once_is_asked_for_again(office: Office) -> None:
    async with office.desk() as desk:
        assert await connect_with(office, desk, Feature.CREATE) == ()
        assert off(desk) == set()
        assert f"{AUTH}calendar.app.created" in await asked(desk), "or signing in again would take it away"
        assert await connect_with(office, desk, untick=("calendar.app.created",)) == ("G-416",)
        assert off(desk) == {Feature.CREATE}


async def test_more_than_was_asked_for_is_told(office: Office) -> None:
    async with office.desk() as desk:
        link = await desk.accounts.start()
        wider = link.url.replace("calendar.events.owned%20", "calendar%20")
        assert wider != link.url
        address = office.google.do.approve(wider)
        candidate = await desk.accounts.finish(address)
        assert [(note.code, f"{AUTH}calendar." in note.title) for note in candidate.notes] == [("G-523", True)]
        await desk.accounts.store(candidate, replace=False)
        assert off(desk) == set()


async def test_reading_only_writes_nothing(office: Office) -> None:
    async with office.desk(read_only=True) as desk:
        await connect(office, desk.accounts)
        target = desk.accounts.current()
        assert target is not None
        assert target.read_only
        assert off(desk) == set()
        found = await desk.accounts.check()
        assert (found.problem, [each.id for each in found.calendars]) == (None, ["primary"])
        assert await desk.accounts.upcoming() == ()
        for refused in (desk.test_meeting.send(), desk.accounts.create_calendar("Rooms")):
            with pytest.raises(SignInError) as caught:
                await refused
            assert caught.value.code == "G-528"
    async with office.desk() as desk:
        target = desk.accounts.current()
        assert target is not None
        assert target.read_only, "what was allowed is reading, whatever the setting says now"
        assert "G-522" in [each.code for each in desk.accounts.warnings()]
    methods = {r.method for r in office.google.state.requests if "/calendar/v3/" in r.path}
    assert methods == {"GET"}


async def test_an_account_that_may_write_is_only_read_with_when_that_is_set(office: Office) -> None:
    async with office.desk() as desk:
        await connect(office, desk.accounts)
    async with office.desk(read_only=True) as desk:
        target = desk.accounts.current()
        assert target is not None
        assert target.read_only


async def test_a_calendar_is_made(office: Office) -> None:
    async with office.desk() as desk:
        await connect(office, desk.accounts)
        with pytest.raises(SignInError) as caught:
            await desk.accounts.create_calendar("Rooms")
        assert caught.value.code == "G-522"
        assert "--for create-calendar" in str(caught.value)
        assert "calendars.insert" not in [r.operation for r in office.google.state.requests], "that is known here"
        await connect_with(office, desk, Feature.CREATE)
        made = await desk.accounts.create_calendar("  Rooms\n of the  house ")
        assert (made.name, made.time_zone) == ("Rooms of the house", "UTC")
        found = await desk.accounts.check()
        assert (made.id, made.name) in [(each.id, each.name) for each in found.calendars]
        for name in ("", "  ", "x" * 101, "\u0000"):
            with pytest.raises(SignInError) as caught:
                await desk.accounts.create_calendar(name)
            assert caught.value.code == "G-529"


@pytest.mark.parametrize(
    ("fault", "code"),
    [({"status": 503}, "G-506"), ({"status": 429}, "G-505"), ({"body": "<html>", "status": 200}, "G-412")],
)
async def test_a_calendar_that_is_not_made(office: Office, fault: dict[str, object], code: str) -> None:
    async with office.desk() as desk:
        await connect_with(office, desk, Feature.CREATE)
        office.google.do.fault(fault, match={"operation": "calendars.insert"})
        with pytest.raises(SignInError) as caught:
            await desk.accounts.create_calendar("Rooms")
        assert caught.value.code == code
        assert sum(1 for r in office.google.state.requests if r.operation == "calendars.insert") == 1
        assert len(desk.accounts.usable()) == 1


async def test_what_comes_next(office: Office) -> None:
    office.google.do.add_account(OTHER)
    async with office.desk(calendar="primary") as desk:
        await connect(office, desk.accounts)
        await desk.accounts.store(await signed_in(office, desk.accounts, OTHER), replace=False, add=True)
        await desk.test_meeting.send()
        target = desk.accounts.current()
        assert target is not None
        assert (await target.target.insert(REF, CONTENT)).verdict is Verdict.DONE, "years ago"
        (event,) = await desk.accounts.upcoming()
        assert event.subject == "Gateway test - you can delete me"
        assert event.start_utc_s is not None
        assert event.end_utc_s == event.start_utc_s + 15 * 60
        assert await desk.accounts.upcoming(email=OTHER) == ()
        with pytest.raises(SignInError) as caught:
            await desk.accounts.upcoming("nowhere@example.com")
        assert caught.value.code == "G-507"
        with pytest.raises(SignInError) as caught:
            await desk.accounts.upcoming(email="nobody@example.com")
        assert caught.value.code == "G-526"
        office.google.do.revoke(EMAIL)
        office.google.do.expire_access_tokens()
        with pytest.raises(SignInError) as caught:
            await desk.accounts.upcoming()
        assert caught.value.code == "G-502"
        assert [each.email for each in desk.accounts.usable()] == [OTHER], "asking shows that it is lost"


async def test_whatever_a_list_holds_what_can_be_read_is_told(office: Office) -> None:
    long = "x" * 5000
    items = [
        {"id": "1", "summary": f"One\n{long}", "start": {"dateTime": "2030-01-01T10:00:00Z"}, "end": {"dateTime": "?"}},
        {"id": "2", "start": {"date": "2030-01-02"}, "end": {"date": "2030-01-04"}, "visibility": "private"},
        {"id": "3", "start": {"date": "2030-02-30"}, "end": {}},
        {"id": "4", "status": "cancelled", "start": {"date": "2030-01-02"}, "end": {"date": "2030-01-04"}},
        {"id": "5", "start": {"date": "2030-01-05"}, "end": {"date": "2030-01-05"}, "summary": ["no"]},
        {"id": 6, "start": {"date": "2030-01-02"}},
        {"id": "7", "start": {"dateTime": "2030-01-01T10:00:00"}, "end": "never"},
        {"id": "8", "start": {"dateTime": "9999-12-31T23:59:59-23:59"}, "end": None},
        "no event",
        None,
    ]
    async with office.desk() as desk:
        await connect(office, desk.accounts)
        body = json.dumps({"items": items})
        office.google.do.fault({"status": 200, "body": body}, match={"operation": "list"})
        one, two, five, *rest = await desk.accounts.upcoming(days=10**9)
    assert (len(one.subject) <= 2000, one.end_utc_s, "\n" in one.subject) == (True, None, False)
    assert (two.subject, str(two.first_day), str(two.last_day)) == ("(private)", "2030-01-02", "2030-01-03")
    assert (five.subject, five.first_day == five.last_day) == ("(no subject)", True)
    assert [each.id for each in rest] in ([], ["8"])
    asked = [r.query for r in office.google.state.requests if r.operation == "list"]
    assert all(query["singleEvents"] == ["true"] for query in asked)


async def test_a_list_without_end_is_cut(office: Office) -> None:
    page = [{"id": str(n), "start": {"date": "2030-01-02"}, "end": {"date": "2030-01-03"}} for n in range(250)]
    async with office.desk() as desk:
        await connect(office, desk.accounts)
        body = json.dumps({"items": page, "nextPageToken": "again"})
        office.google.do.fault({"status": 200, "body": body}, match={"operation": "list"})
        assert len(await desk.accounts.upcoming()) == MOST_EVENTS
    asked = sum(1 for r in office.google.state.requests if r.operation == "list")
    assert asked == MOST_EVENTS // 250
