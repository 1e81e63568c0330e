"""Clients that other people wrote work here: gcal-sync, as Home Assistant uses it, and Google's own for the rest."""

from __future__ import annotations

import datetime
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from gcal_sync.api import (
    CalendarListRequest,
    GoogleCalendarService,
    ListEventsRequest,
    LocalListEventsRequest,
    SyncEventsRequest,
)
from gcal_sync.auth import AbstractAuth
from gcal_sync.exceptions import (
    ApiException,
    ApiForbiddenException,
    AuthException,
    CalendarParseException,
    InvalidSyncTokenException,
)
from gcal_sync.model import Attendee, DateOrDatetime, Event, ResponseStatus
from gcal_sync.sync import CalendarEventSyncManager, CalendarListSyncManager
from googleapiclient.errors import HttpError

from simulator.google import SimulatedGoogle
from simulator.google.scopes import PREFIX
from tests.simulator.google.conftest import timed
from tests.simulator.google.official_client import OfficialClient

ARTHUR = "arthur.morgan@mycompanyabc.com"
FROM = datetime.datetime(2026, 11, 1, tzinfo=datetime.UTC)
UNTIL = datetime.datetime(2027, 3, 1, tzinfo=datetime.UTC)


class Auth(AbstractAuth):
    """The one method a user of gcal-sync writes."""

    def __init__(self, session: aiohttp.ClientSession, google: SimulatedGoogle) -> None:
        super().__init__(session, host=google.base + "/calendar/v3")
        self.token = google.do.issue_tokens([PREFIX + "calendar"])["access_token"]

    async def async_get_access_token(self) -> str:
        return self.token


@pytest.fixture
async def service(session: aiohttp.ClientSession, google: SimulatedGoogle) -> GoogleCalendarService:
    return GoogleCalendarService(Auth(session, google))


@pytest.fixture
async def events(service: GoogleCalendarService) -> CalendarEventSyncManager:
    return CalendarEventSyncManager(service, calendar_id=ARTHUR)


def at(day: int, **fields: Any) -> dict[str, Any]:
    return timed(f"2026-11-{day:02d}T10:00:00", f"2026-11-{day:02d}T11:00:00", **fields)


def event_of(day: int, **fields: Any) -> Event:
    start = datetime.datetime(2026, 11, day, 10, tzinfo=datetime.UTC)
    ends = start + datetime.timedelta(hours=1)
    return Event(
        start=DateOrDatetime(date_time=start, timezone="Europe/Berlin"),
        end=DateOrDatetime(date_time=ends, timezone="Europe/Berlin"),
        **fields,
    )


async def known(events: CalendarEventSyncManager) -> list[tuple[str, str]]:
    """Day and title of everything the client's own store holds after a run."""
    await events.run()
    listed = await events.store_service.async_list_events(LocalListEventsRequest(start_time=FROM, end_time=UNTIL))
    return [(f"{event.start.value:%m-%d}", event.summary) for event in listed.events]


async def test_calendars_and_one_event(service: GoogleCalendarService, google: SimulatedGoogle):
    google.do.add_calendar("Team", role="reader")
    lists = CalendarListSyncManager(service)
    await lists.run()
    stored = await lists.store_service.async_list_calendars()
    assert [(one.summary, one.primary, one.access_role.value) for one in stored.calendars] == [
        (ARTHUR, True, "owner"),
        ("Team", False, "reader"),
    ]
    google.do.add_calendar("New one")
    await lists.run()
    assert len((await lists.store_service.async_list_calendars()).calendars) == 3
    assert (await service.async_get_calendar("primary")).timezone == "Europe/Berlin"
    made = google.do.create_event(at(23, summary="Board", attendees=[{"email": "anna@example.com"}]))
    google.do.reply(made["id"], "anna@example.com", "accepted")
    read = await service.async_get_event("primary", made["id"])
    assert read.attendees == [Attendee(email="anna@example.com", response_status=ResponseStatus.ACCEPTED)]
    assert read.start.value == datetime.datetime(2026, 11, 23, 9, tzinfo=datetime.UTC)


async def test_its_sync_follows_every_kind_of_change(events: CalendarEventSyncManager, google: SimulatedGoogle):
    first = google.do.create_event(at(23, summary="First"))["id"]
    google.do.create_event({**at(24, id="seres0", summary="Weekly"), "recurrence": ["RRULE:FREQ=WEEKLY;COUNT=3"]})
    google.do.create_event({"start": {"date": "2026-11-30"}, "end": {"date": "2026-12-01"}, "summary": "All day"})
    weekly = [("11-24", "Weekly"), ("12-01", "Weekly"), ("12-08", "Weekly")]
    assert await known(events) == [("11-23", "First"), weekly[0], ("11-30", "All day"), *weekly[1:]]
    google.do.edit_event(first, {"summary": "Renamed"})
    google.do.edit_event("seres0_20261201T090000Z", {"summary": "Only this"})
    google.do.delete_event("seres0_20261208T090000Z")
    assert await known(events) == [
        ("11-23", "Renamed"),
        ("11-24", "Weekly"),
        ("11-30", "All day"),
        ("12-01", "Only this"),
    ]
    google.do.delete_many()
    assert await known(events) == []
    google.do.restore_event(first)
    assert await known(events) == [("11-23", "Renamed")]


async def test_its_sync_begins_anew_after_410(events: CalendarEventSyncManager, google: SimulatedGoogle):
    gone = google.do.create_event(at(23, summary="Gone"))["id"]
    google.do.create_event(at(24, summary="Stays"))
    assert len(await known(events)) == 2
    google.do.delete_event(gone)
    google.do.expire("sync_tokens")
    assert await known(events) == [("11-24", "Stays")]
    assert [r.status for r in google.state.requests_of("list")] == [200, 410, 200]


async def test_its_sync_reads_page_after_page(service: GoogleCalendarService, google: SimulatedGoogle):
    for number in range(1005):
        google.do.create_event(at(1 + number % 28, summary=str(number)))
    events = CalendarEventSyncManager(service, request_template=SyncEventsRequest(calendar_id=ARTHUR, start_time=FROM))
    assert len(await known(events)) == 1005
    assert [r.query.get("maxResults") for r in google.state.requests_of("list")] == [["1000"], ["1000"]]
    google.do.create_event(at(29, summary="More"))
    assert len(await known(events)) == 1006
    assert "timeMin" not in google.state.requests_of("list")[-1].query


async def test_it_writes(events: CalendarEventSyncManager, google: SimulatedGoogle):
    store = events.store_service
    await store.async_add_event(event_of(23, summary="Single", description="Some text"))
    await store.async_add_event(event_of(24, summary="Weekly", recurrence=["RRULE:FREQ=WEEKLY;COUNT=4"]))
    assert len(await known(events)) == 5
    uids = {event["summary"]: (event["id"], event["iCalUID"]) for event in google.state.live_events}
    series, series_uid = uids["Weekly"]
    await store.async_delete_event(series_uid, f"{series}_20261201T100000Z")
    assert await known(events) == [
        (day, "Single" if day == "11-23" else "Weekly") for day in ("11-23", "11-24", "12-08", "12-15")
    ]
    await store.async_delete_event(uids["Single"][1])
    await store.async_delete_event(series_uid)
    assert await known(events) == []


async def test_expanded_lists_and_searches(service: GoogleCalendarService, google: SimulatedGoogle):
    google.do.create_event({**at(2, summary="Weekly"), "recurrence": ["RRULE:FREQ=WEEKLY;COUNT=3"]})
    google.do.create_event(at(5, summary="Board"))
    everything = await service.async_list_events(ListEventsRequest(calendar_id="primary", start_time=FROM))
    assert [event.summary async for page in everything for event in page.items] == [
        "Weekly",
        "Board",
        "Weekly",
        "Weekly",
    ]
    searched = await service.async_list_events(
        ListEventsRequest(calendar_id="primary", start_time=FROM, end_time=UNTIL, search="board")
    )
    assert [event.summary for event in searched.items] == ["Board"]


async def test_refusals_are_told_as_it_expects_them(service: GoogleCalendarService, google: SimulatedGoogle):
    request = ListEventsRequest(calendar_id="primary", start_time=FROM)
    google.do.set_quota("account", 0)
    with pytest.raises(ApiForbiddenException):
        await service.async_list_events(request)
    google.do.set_quotas("none")
    google.do.set_behaviour(api_enabled=False)
    with pytest.raises(ApiForbiddenException):
        await service.async_list_events(request)
    google.do.set_behaviour(api_enabled=True)
    google.do.fault({"reason": "backendError"}, times=1)
    with pytest.raises(ApiException, match="Backend Error"):
        await service.async_list_events(request)
    google.do.expire("sync_tokens")
    old = CalendarListRequest(syncToken="no token of ours")
    with pytest.raises(ApiException, match="Invalid sync token value"):
        await service.async_list_calendars(old)
    gone = google.do.create_event(at(23))["id"]
    google.do.burn_event(gone)
    with pytest.raises(ApiException, match="Not Found"):
        await service.async_get_event("primary", gone)
    google.do.expire_access_tokens()
    with pytest.raises(AuthException):
        await service.async_list_events(request)
    assert issubclass(InvalidSyncTokenException, ApiException)


async def test_a_role_it_does_not_know_breaks_its_list_of_calendars(
    service: GoogleCalendarService, google: SimulatedGoogle
):
    google.do.add_calendar("Shared", role="writerWithoutPrivateAccess")
    with pytest.raises(CalendarParseException):
        await service.async_list_calendars()


async def test_it_does_not_see_that_a_change_was_refused(service: GoogleCalendarService, google: SimulatedGoogle):
    made = google.do.create_event(at(23, summary="As it was"))["id"]
    google.do.fault({"status": 403, "reason": "forbidden"})
    await service.async_patch_event("primary", made, {"summary": "Never there"})
    await service.async_delete_event("primary", made)
    assert google.state.live_events[0]["summary"] == "As it was"


@pytest.fixture
async def google_client(google: SimulatedGoogle) -> AsyncIterator[OfficialClient]:
    client = OfficialClient(google, scopes=[PREFIX + "calendar"])
    yield client
    client.close()


async def test_googles_client_does_what_a_gateway_does(google_client: OfficialClient, google: SimulatedGoogle):
    """One walk through everything: a calendar, Meet, guests, a change with its etag, the way back, 410, busy times."""
    calendar = await google_client(lambda api: api.calendars().insert(body={"summary": "PBX", "timeZone": "UTC"}))
    here = calendar["id"]
    request = {"createRequest": {"requestId": "r1", "conferenceSolutionKey": {"type": "hangoutsMeet"}}}
    body = at(23, id="abc01", attendees=[{"email": "anna@example.com"}], conferenceData=request)
    made = await google_client(
        lambda api: api.events().insert(calendarId=here, body=body, conferenceDataVersion=1, sendUpdates="none")
    )
    assert made["hangoutLink"]
    with pytest.raises(HttpError) as taken:
        await google_client(lambda api: api.events().insert(calendarId=here, body=body))
    assert taken.value.status_code == 409
    full = await google_client(lambda api: api.events().list(calendarId=here))
    changed = await google_client(
        lambda api: api.events().update(calendarId=here, eventId="abc01", body=at(24)), If_Match=made["etag"]
    )
    with pytest.raises(HttpError) as stale:
        await google_client(
            lambda api: api.events().update(calendarId=here, eventId="abc01", body=at(25)), If_Match=made["etag"]
        )
    assert stale.value.status_code == 412
    token = full["nextSyncToken"]
    delta = await google_client(lambda api: api.events().list(calendarId=here, syncToken=token))
    assert [event["etag"] for event in delta["items"]] == [changed["etag"]]
    span = {"timeMin": "2026-11-24T00:00:00Z", "timeMax": "2026-11-25T00:00:00Z", "items": [{"id": here}]}
    answer = await google_client(lambda api: api.freebusy().query(body=span))
    assert len(answer["calendars"][here]["busy"]) == 1
    google.do.set_behaviour(sync_token_life_s=1800)
    google.do.set_clock(advance_s=1700)
    await google_client(lambda api: api.events().list(calendarId=here, syncToken=token))
    google.do.set_clock(advance_s=200)
    with pytest.raises(HttpError) as too_old:
        await google_client(lambda api: api.events().list(calendarId=here, syncToken=token))
    assert (too_old.value.status_code, too_old.value.error_details[0]["reason"]) == (410, "fullSyncRequired")
    await google_client(lambda api: api.events().delete(calendarId=here, eventId="abc01"))
    with pytest.raises(HttpError) as gone:
        await google_client(lambda api: api.events().delete(calendarId=here, eventId="abc01"))
    assert gone.value.status_code == 410
