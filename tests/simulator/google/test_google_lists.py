"""Lists of events: pages, filters, sync tokens, series and their occurrences; calendars."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import pytest
from googleapiclient.errors import HttpError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator.google import SimulatedGoogle
from simulator.google.listing import EventLister
from simulator.google.minting import Minter
from simulator.google.state import fresh_state
from simulator.google.writing import EventWriter
from tests.simulator.google.conftest import EVENTS, Wire, timed
from tests.simulator.google.official_client import OfficialClient


def on_day(day: int, **fields):
    return timed(f"2026-11-{day:02d}T10:00:00", f"2026-11-{day:02d}T11:00:00", **fields)


def listing(**parameters):
    return lambda api: api.events().list(calendarId="primary", **parameters)


def ids(answer) -> list[str]:
    return [event["id"] for event in answer["items"]]


async def all_pages(official: OfficialClient, **parameters) -> tuple[list[dict], str]:
    items, token = [], None
    while True:
        page = await official(listing(pageToken=token, **parameters))
        items += page["items"]
        token = page.get("nextPageToken")
        assert ("nextSyncToken" in page) == (token is None)
        if token is None:
            return items, page["nextSyncToken"]


async def test_pages_hold_every_event_once_also_when_events_come_in_between(
    official: OfficialClient, google: SimulatedGoogle
):
    for day in range(1, 8):
        google.do.create_event({**on_day(day), "id": f"event{day}"})
    first = await official(listing(maxResults=3))
    assert ids(first) == ["event1", "event2", "event3"]
    google.do.delete_event("event1")
    google.do.edit_event("event5", {"summary": "changed"})
    google.do.create_event({**on_day(9), "id": "event9"})
    second = await official(listing(maxResults=3, pageToken=first["nextPageToken"]))
    third = await official(listing(maxResults=3, pageToken=second["nextPageToken"]))
    assert ids(second) + ids(third) == ["event4", "event5", "event6", "event7", "event9"]
    changes = await official(listing(syncToken=third["nextSyncToken"]))
    assert ids(changes) == ["event1", "event5", "event9"]


async def test_page_token_belongs_to_its_question(official: OfficialClient, google: SimulatedGoogle):
    for day in range(1, 4):
        google.do.create_event(on_day(day))
    token = (await official(listing(maxResults=1)))["nextPageToken"]
    for wrong in (listing(maxResults=1, pageToken=token, q="x"), listing(pageToken="nonsense"), listing(pageToken="C")):
        with pytest.raises(HttpError) as refused:
            await official(wrong)
        assert refused.value.error_details[0]["location"] == "pageToken"


async def test_list_head_names_the_calendar(official: OfficialClient, google: SimulatedGoogle):
    answer = await official(listing())
    assert answer["summary"] == "arthur.morgan@mycompanyabc.com"
    assert answer["timeZone"] == "Europe/Berlin"
    assert answer["accessRole"] == "owner"
    assert answer["items"] == []


async def test_filters(official: OfficialClient, google: SimulatedGoogle):
    google.do.create_event(
        {
            **on_day(23, summary="Weekly Meeting", location="Room 7"),
            "id": "meeting0",
            "attendees": [{"email": "anna@example.com", "displayName": "Anna"}],
            "extendedProperties": {"private": {"meeting": "1", "device": "a"}, "shared": {"room": "7"}},
        }
    )
    google.do.create_event({**on_day(24, summary="Board"), "id": "board0"})
    google.do.create_event({"id": "festival0", "start": {"date": "2026-11-25"}, "end": {"date": "2026-11-26"}})
    for parameters, expected in (
        ({"q": "anna weekly"}, ["meeting0"]),
        ({"q": "room"}, ["meeting0"]),
        ({"iCalUID": "board0@google.com"}, ["board0"]),
        ({"privateExtendedProperty": "meeting=1"}, ["meeting0"]),
        ({"privateExtendedProperty": ["meeting=1", "device=b"]}, []),
        ({"sharedExtendedProperty": "room=7"}, ["meeting0"]),
        ({"timeMin": "2026-11-23T10:00:00Z"}, ["board0", "festival0"]),
        ({"timeMax": "2026-11-24T09:00:00Z"}, ["meeting0"]),
        ({"timeMax": "2026-11-24T09:00:01Z", "timeMin": "2026-11-23T09:59:59Z"}, ["meeting0", "board0"]),
        ({"timeMin": "2026-11-25T22:59:00Z"}, ["festival0"]),
        ({"timeMin": "2026-11-25T23:00:00Z"}, []),
        ({"eventTypes": "default"}, ["meeting0", "board0", "festival0"]),
        ({"eventTypes": "birthday"}, []),
        ({"singleEvents": True, "orderBy": "startTime"}, ["meeting0", "board0", "festival0"]),
    ):
        assert ids(await official(listing(**parameters))) == expected, parameters


async def test_order_by_updated(official: OfficialClient, google: SimulatedGoogle):
    for name in ("event1", "event2"):
        google.do.create_event({**on_day(3), "id": name})
    google.do.edit_event("event1", {"summary": "later"})
    assert ids(await official(listing(orderBy="updated"))) == ["event2", "event1"]


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"orderBy": "startTime"}, "badRequest"),
        ({"timeMin": "2026-11-23T10:00:00"}, "badRequest"),
        ({"timeMin": "2026-11-23"}, "badRequest"),
        ({"timeMin": "2026-11-24T00:00:00Z", "timeMax": "2026-11-24T00:00:00Z"}, "timeRangeEmpty"),
        ({"maxResults": "0"}, "invalidParameter"),
        ({"maxResults": "many"}, "invalidParameter"),
        ({"timeZone": "Mars/Olympus"}, "invalid"),
        ({"syncToken": "nonsense"}, "invalid"),
    ],
)
async def test_refused_lists(wire: Wire, parameters: dict, reason: str):
    answer = await wire("GET", EVENTS, params=parameters)
    assert (answer.status, answer.json["error"]["errors"][0]["reason"]) == (400, reason)


async def test_sync_token_brings_only_what_changed(official: OfficialClient, google: SimulatedGoogle):
    for day in range(1, 5):
        google.do.create_event({**on_day(day), "id": f"event{day}"})
    _, token = await all_pages(official, maxResults=2)
    assert (await official(listing(syncToken=token)))["items"] == []
    google.do.edit_event("event3", {"summary": "moved"})
    google.do.delete_event("event1")
    google.do.create_event({**on_day(9), "id": "event9"})
    items, after = await all_pages(official, maxResults=2, syncToken=token)
    assert [item["id"] for item in items] == ["event3", "event1", "event9"]
    gone = items[1]
    assert gone == {"kind": "calendar#event", "etag": gone["etag"], "id": "event1", "status": "cancelled"}
    assert (await official(listing(syncToken=after)))["items"] == []
    detailed = await official(listing(syncToken=token, showDeleted=True))
    assert detailed["items"][1]["start"]["dateTime"].startswith("2026-11-01")


async def test_sync_token_ends_and_forbids_filters(official: OfficialClient, google: SimulatedGoogle):
    token = (await official(listing()))["nextSyncToken"]
    for forbidden in (
        {"iCalUID": "x"},
        {"privateExtendedProperty": "a=b"},
        {"q": "x"},
        {"timeMin": "2026-11-23T00:00:00Z"},
        {"updatedMin": "2026-11-23T00:00:00Z"},
        {"orderBy": "updated"},
        {"showDeleted": False},
    ):
        with pytest.raises(HttpError) as refused:
            await official(listing(syncToken=token, **forbidden))
        assert refused.value.status_code == 400
    google.do.expire("sync_tokens")
    with pytest.raises(HttpError) as ended:
        await official(listing(syncToken=token))
    assert ended.value.status_code == 410
    assert ended.value.error_details[0]["reason"] == "fullSyncRequired"
    assert ended.value.error_details[0]["location"] == "syncToken"
    assert "nextSyncToken" in await official(listing())


async def test_sync_tokens_of_before_a_reset_are_expired(official: OfficialClient, google: SimulatedGoogle, wire: Wire):
    google.do.create_event(on_day(1))
    token = (await official(listing()))["nextSyncToken"]
    google.do.reset()
    fresh = google.do.issue_tokens()["access_token"]
    assert (await wire("GET", EVENTS, params={"syncToken": token}, token=fresh)).status == 410


async def test_deleted_events_in_lists(official: OfficialClient, google: SimulatedGoogle):
    google.do.set_clock(datetime(2026, 11, 1, 8, tzinfo=UTC))
    google.do.create_event({**on_day(3, summary="One"), "id": "event1"})
    google.do.set_clock(advance_s=60)
    google.do.create_event({**on_day(3), "id": "event2"})
    google.do.delete_event("event1")
    assert ids(await official(listing())) == ["event2"]
    shown = await official(listing(showDeleted=True))
    assert [(item["id"], item.get("summary")) for item in shown["items"]] == [("event1", "One"), ("event2", None)]
    recent = await official(listing(updatedMin="2026-11-01T08:00:30Z"))
    assert [(item["id"], item.get("summary")) for item in recent["items"]] == [("event1", None), ("event2", None)]
    assert ids(await official(listing(updatedMin="2026-11-01T09:00:30Z"))) == []


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["insert", "edit", "delete", "sync"]), st.integers(0, 5)), min_size=1, max_size=30
    ),
    size=st.integers(1, 4),
)
def test_a_mirror_kept_by_sync_tokens_never_differs(steps: list[tuple[str, int]], size: int):
    state = fresh_state(minter=Minter(1))
    calendar = state.calendar()
    writer, lister = EventWriter(state), EventLister(state)
    mirror: dict[str, str] = {}
    token: str | None = None

    def sync() -> None:
        nonlocal token
        asked: dict = {"maxResults": size, **({} if token is None else {"syncToken": token})}
        while True:
            page = lister.page(calendar, asked)
            for event in page.events:
                mirror.pop(event.event_id, None)
                if event.status != "cancelled":
                    mirror[event.event_id] = event.fields.get("summary", "")
            if page.next_page_token is None:
                token = page.next_sync_token
                return
            asked = {**asked, "pageToken": page.next_page_token}

    for number, (step, which) in enumerate(steps):
        living = [event for event in calendar.events.values() if event.status != "cancelled"]
        if step == "insert":
            writer.insert(calendar, on_day(3, summary=str(number)), {}, by="a@example.com")
        elif step == "sync":
            sync()
        elif living and step == "edit":
            writer.patch(calendar, living[which % len(living)].event_id, {"summary": str(number)}, {})
        elif living:
            writer.delete(calendar, living[which % len(living)].event_id, {})
    sync()
    assert mirror == {
        event.event_id: event.fields["summary"] for event in calendar.events.values() if event.status != "cancelled"
    }


WEEKLY = {**on_day(23, summary="Weekly"), "id": "series0", "recurrence": ["RRULE:FREQ=WEEKLY;COUNT=4"]}


async def test_series_are_expanded_on_request(official: OfficialClient, google: SimulatedGoogle):
    google.do.create_event(WEEKLY)
    assert ids(await official(listing())) == ["series0"]
    answer = await official(listing(singleEvents=True, orderBy="startTime"))
    assert ids(answer) == [f"series0_2026{day}T090000Z" for day in ("1123", "1130", "1207", "1214")]
    second = answer["items"][1]
    assert second["recurringEventId"] == "series0"
    assert second["originalStartTime"] == second["start"]
    assert second["iCalUID"] == "series0@google.com"
    assert "recurrence" not in second
    window = listing(singleEvents=True, timeMin="2026-12-01T00:00:00Z", timeMax="2026-12-08T00:00:00Z")
    assert ids(await official(window)) == ["series0_20261207T090000Z"]
    masters = listing(timeMin="2026-12-14T09:30:00Z")
    assert ids(await official(masters)) == ["series0"]
    assert ids(await official(listing(timeMin="2026-12-14T10:00:00Z"))) == []


async def test_one_occurrence_is_changed_and_another_cancelled(official: OfficialClient, google: SimulatedGoogle):
    google.do.create_event(WEEKLY)
    token = (await official(listing()))["nextSyncToken"]
    moved, dropped = "series0_20261130T090000Z", "series0_20261207T090000Z"
    before = await official(lambda api: api.events().get(calendarId="primary", eventId=moved))
    assert before["start"]["dateTime"] == "2026-11-30T10:00:00+01:00"
    changes = {"start": {"dateTime": "2026-11-30T15:00:00+01:00"}, "end": {"dateTime": "2026-11-30T16:00:00+01:00"}}
    after = await official(lambda api: api.events().patch(calendarId="primary", eventId=moved, body=changes))
    assert after["originalStartTime"]["dateTime"] == "2026-11-30T10:00:00+01:00"
    assert after["start"]["dateTime"] == "2026-11-30T15:00:00+01:00"
    await official(lambda api: api.events().delete(calendarId="primary", eventId=dropped))
    assert ids(await official(listing(singleEvents=True, orderBy="startTime"))) == [
        "series0_20261123T090000Z",
        moved,
        "series0_20261214T090000Z",
    ]
    plain = await official(listing())
    assert ids(plain) == ["series0", moved, dropped]
    assert plain["items"][2].keys() == {"kind", "etag", "id", "status", "recurringEventId", "originalStartTime"}
    assert ids(await official(listing(syncToken=token))) == [moved, dropped]
    with pytest.raises(HttpError) as refused:
        await official(lambda api: api.events().delete(calendarId="primary", eventId=dropped))
    assert refused.value.status_code == 410
    for none_then in ("series0_20261201T090000Z", "series0_20261130T100000Z", "series0_20261399T090000Z"):
        with pytest.raises(HttpError) as unknown:
            await official(lambda api, name=none_then: api.events().get(calendarId="primary", eventId=name))
        assert unknown.value.status_code == 404
    google.do.delete_event("series0")
    assert google.state.live_events == []
    assert ids(await official(listing(singleEvents=True))) == []


async def test_calendars(official: OfficialClient, google: SimulatedGoogle):
    google.do.add_calendar("PBX meetings", calendar_id="c_pbx@group.calendar.google.com", time_zone="Etc/GMT-1")
    google.do.add_calendar("Team", role="reader")
    everything = OfficialClient(google, scopes=["https://www.googleapis.com/auth/calendar"])
    try:
        primary = await everything(lambda api: api.calendars().get(calendarId="primary"))
        assert primary["id"] == "arthur.morgan@mycompanyabc.com"
        assert primary["timeZone"] == "Europe/Berlin"
        entry = await everything(lambda api: api.calendarList().get(calendarId="c_pbx@group.calendar.google.com"))
        assert (entry["summary"], entry["timeZone"], entry["accessRole"]) == ("PBX meetings", "Etc/GMT-1", "owner")
        listed = await everything(lambda api: api.calendarList().list(minAccessRole="writer"))
        assert [calendar["summary"] for calendar in listed["items"]] == [primary["id"], "PBX meetings"]
        assert listed["items"][0]["primary"] is True
        first = await everything(lambda api: api.calendarList().list(maxResults=2))
        rest = await everything(lambda api: api.calendarList().list(pageToken=first["nextPageToken"]))
        assert [calendar["summary"] for calendar in rest["items"]] == ["Team"]
        made = await everything(
            lambda api: api.events().insert(calendarId="c_pbx@group.calendar.google.com", body=on_day(23))
        )
        assert made["organizer"]["email"] == "c_pbx@group.calendar.google.com"
        assert made["creator"] == {"email": "arthur.morgan@mycompanyabc.com"}
        assert google.state.stored("c_pbx@group.calendar.google.com").keys() == {made["id"]}
    finally:
        everything.close()
    with pytest.raises(HttpError) as refused:
        await official(lambda api: api.calendars().get(calendarId="primary"))
    assert refused.value.status_code == 403


async def test_tokens_and_changes_that_are_too_old(wire: Wire, google: SimulatedGoogle):
    token = (await wire("GET", EVENTS)).json["nextSyncToken"]
    google.do.set_behaviour(sync_token_life_s=1200, updated_min_life_s=1200)
    since = google.state.clock.now().isoformat(timespec="seconds").replace("+00:00", "Z")
    google.do.set_clock(advance_s=1100)
    assert (await wire("GET", EVENTS, params={"syncToken": token})).status == 200
    assert (await wire("GET", EVENTS, params={"updatedMin": since})).status == 200
    google.do.set_clock(advance_s=200)
    for asked, reason in (({"syncToken": token}, "fullSyncRequired"), ({"updatedMin": since}, "updatedMinTooLongAgo")):
        answer = await wire("GET", EVENTS, params=asked)
        assert (answer.status, answer.json["error"]["errors"][0]["reason"]) == (410, reason)


async def test_lists_and_calendars_that_did_not_change_are_304(wire: Wire, google: SimulatedGoogle):
    entry = "/calendar/v3/users/me/calendarList/primary"
    for path in (EVENTS, EVENTS + "?maxResults=1", "/calendar/v3/users/me/calendarList", entry):
        etag = (await wire("GET", path)).headers["ETag"]
        again = await wire("GET", path, headers={"If-None-Match": etag})
        assert (again.status, again.body, again.headers["ETag"]) == (304, b"", etag)
    etag = (await wire("GET", EVENTS)).headers["ETag"]
    assert (await wire("GET", EVENTS + "?maxResults=1", headers={"If-None-Match": etag})).status == 200
    google.do.create_event(on_day(23))
    assert (await wire("GET", EVENTS, headers={"If-None-Match": etag})).status == 200
    etag = (await wire("GET", entry)).headers["ETag"]
    google.do.set_time_zone("Asia/Tokyo")
    assert (await wire("GET", entry, headers={"If-None-Match": etag})).status == 200


async def test_lists_of_one_icalendar_uid(wire: Wire, google: SimulatedGoogle):
    google.do.create_event({**on_day(23), "iCalUID": "x@pbx"})
    google.do.create_event({**on_day(24), "id": "abc01"})
    found = (await wire("GET", EVENTS, params={"iCalUID": "x@pbx"})).json["items"]
    assert [event["iCalUID"] for event in found] == ["x@pbx"]
    assert (await wire("GET", EVENTS, params={"iCalUID": "y@pbx"})).json["items"] == []


async def test_writes_cost_the_same_in_a_full_calendar(google: SimulatedGoogle):
    """The work of one write is bounded by a count of Python calls, which does not depend on the machine."""
    writer = EventWriter(google.state)
    calendar = google.state.calendar()

    def calls_of(number: int) -> int:
        count = 0

        def counting(frame: object, event: str, argument: object) -> None:
            nonlocal count
            count += event == "call"

        sys.setprofile(counting)
        try:
            body = on_day(23, summary=str(number), iCalUID=f"{number}@pbx")
            event = writer.insert(calendar, body, {}, by="a@example.com")
            writer.patch(calendar, event.event_id, {"summary": "again"}, {})
            writer.delete(calendar, event.event_id, {})
        finally:
            sys.setprofile(None)
        return count

    few = calls_of(0)
    for number in range(2000):
        writer.insert(calendar, on_day(23, summary=str(number)), {}, by="a@example.com")
    assert calls_of(1) <= few * 1.2
