"""Calendars and the calendar list: made, changed, cleared, deleted, listed with sync tokens, and who may."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from googleapiclient.errors import HttpError

from simulator.google import SimulatedGoogle
from simulator.google.scopes import PREFIX
from tests.simulator.google.conftest import EVENTS, Wire, timed
from tests.simulator.google.official_client import OfficialClient

ARTHUR = "arthur.morgan@mycompanyabc.com"
EVENT = timed("2026-11-23T10:00:00", "2026-11-23T11:00:00")


@pytest.fixture
async def everything(google: SimulatedGoogle) -> AsyncIterator[OfficialClient]:
    client = OfficialClient(google, scopes=[PREFIX + "calendar"])
    yield client
    client.close()


async def refused(call: Any) -> tuple[int, str]:
    with pytest.raises(HttpError) as error:
        await call
    return error.value.status_code, error.value.error_details[0]["reason"]


async def test_life_of_a_calendar(everything: OfficialClient, google: SimulatedGoogle):
    body = {"summary": "PBX meetings", "description": "All of them", "timeZone": "Etc/GMT-1"}
    made = await everything(lambda api: api.calendars().insert(body=body))
    assert (made["summary"], made["timeZone"], made["dataOwner"]) == ("PBX meetings", "Etc/GMT-1", ARTHUR)
    assert google.state.calendars[made["id"]].made_by_project
    await everything(lambda api: api.events().insert(calendarId=made["id"], body=EVENT))
    changed = await everything(lambda api: api.calendars().patch(calendarId=made["id"], body={"location": "Hall"}))
    assert (changed["summary"], changed["location"], changed["description"]) == ("PBX meetings", "Hall", "All of them")
    replaced = await everything(lambda api: api.calendars().update(calendarId=made["id"], body={"summary": "New"}))
    assert "location" not in replaced
    assert (replaced["summary"], replaced["timeZone"]) == ("New", "Etc/GMT-1")
    await everything(lambda api: api.calendars().delete(calendarId=made["id"]))
    assert await refused(everything(lambda api: api.calendars().get(calendarId=made["id"]))) == (404, "notFound")
    assert made["id"] not in google.state.calendars


async def test_what_cannot_be_done_to_calendars(everything: OfficialClient, google: SimulatedGoogle):
    wrong = await refused(everything(lambda api: api.calendars().insert(body={"description": "no name"})))
    assert wrong == (400, "required")
    zone = await refused(everything(lambda api: api.calendars().insert(body={"summary": "x", "timeZone": "Here"})))
    assert zone == (400, "invalid")
    primary = await refused(everything(lambda api: api.calendars().delete(calendarId="primary")))
    assert primary == (400, "cannotDeletePrimaryCalendar")
    foreign = google.do.add_calendar("Theirs", role="writer").calendar_id
    assert await refused(everything(lambda api: api.calendars().delete(calendarId=foreign))) == (403, "forbidden")


async def test_clearing_leaves_tombstones(everything: OfficialClient, google: SimulatedGoogle):
    google.do.create_event({**EVENT, "id": "abc01"})
    await everything(lambda api: api.calendars().clear(calendarId="primary"))
    assert google.state.live_events == []
    assert google.state.stored()["abc01"].status == "cancelled"
    other = google.do.add_calendar("Second").calendar_id
    assert await refused(everything(lambda api: api.calendars().clear(calendarId=other))) == (400, "invalid")


async def test_a_token_for_own_calendars_of_the_application(wire: Wire, google: SimulatedGoogle):
    token = google.do.issue_tokens([PREFIX + "calendar.app.created"])["access_token"]
    made = await wire("POST", "/calendar/v3/calendars", json={"summary": "PBX"}, token=token)
    assert made.status == 200
    events = f"/calendar/v3/calendars/{made.json['id']}/events"
    assert (await wire("POST", events, json=EVENT, token=token)).status == 200
    assert (await wire("POST", EVENTS, json=EVENT, token=token)).status == 403
    assert (await wire("GET", "/calendar/v3/users/me/calendarList", token=token)).status == 403
    assert (await wire("POST", "/calendar/v3/freeBusy", json={}, token=token)).status == 403


async def test_the_list_of_calendars_and_its_sync_tokens(everything: OfficialClient, google: SimulatedGoogle):
    async def listed(**given: Any) -> dict[str, Any]:
        return await everything(lambda api: api.calendarList().list(**given))

    room = google.do.add_calendar("Room").calendar_id
    first = await listed()
    assert [entry["summary"] for entry in first["items"]] == [ARTHUR, "Room"]
    token = first["nextSyncToken"]
    assert (await listed(syncToken=token))["items"] == []
    named = {"summaryOverride": "My room", "colorId": "3"}
    await everything(lambda api: api.calendarList().patch(calendarId=room, body=named))
    again = await listed(syncToken=token)
    assert [(entry["id"], entry["summaryOverride"]) for entry in again["items"]] == [(room, "My room")]
    await everything(lambda api: api.calendarList().delete(calendarId=room))
    assert await refused(everything(lambda api: api.calendarList().get(calendarId=room))) == (404, "notFound")
    gone = await listed(syncToken=again["nextSyncToken"])
    assert [(entry["id"], entry["deleted"]) for entry in gone["items"]] == [(room, True)]
    back = await everything(lambda api: api.calendarList().insert(body={"id": room}))
    assert back["summaryOverride"] == "My room"
    plain = await everything(lambda api: api.calendarList().update(calendarId=room, body={"hidden": True}))
    assert "summaryOverride" not in plain
    assert [entry["id"] for entry in (await listed())["items"]] == [ARTHUR]
    assert [entry["id"] for entry in (await listed(showHidden=True))["items"]] == [ARTHUR, room]
    google.do.unshare_calendar(room)
    last = await listed(syncToken=gone["nextSyncToken"])
    assert [(entry["id"], entry.get("deleted")) for entry in last["items"]] == [(room, True)]
    assert await refused(listed(syncToken="nonsense")) == (400, "invalid")
    google.do.expire("sync_tokens")
    assert await refused(listed(syncToken=token)) == (410, "fullSyncRequired")
    stranger = await refused(everything(lambda api: api.calendarList().insert(body={"id": "who@example.com"})))
    assert stranger == (404, "notFound")
    main = await refused(everything(lambda api: api.calendarList().delete(calendarId="primary")))
    assert main == (400, "cannotUnsubscribeFromPrimary")


async def test_import_keeps_one_private_copy(everything: OfficialClient, google: SimulatedGoogle):
    body = {**EVENT, "summary": "Theirs", "iCalUID": "x1@pbx", "organizer": {"email": "boss@example.com"}}
    first = await everything(lambda api: api.events().import_(calendarId="primary", body=body))
    assert (first["organizer"], first["iCalUID"]) == ({"email": "boss@example.com"}, "x1@pbx")
    again = {**body, "summary": "Later"}
    second = await everything(lambda api: api.events().import_(calendarId="primary", body=again))
    assert (second["id"], second["summary"]) == (first["id"], "Later")
    assert len(google.state.live_events) == 1
    without = await refused(everything(lambda api: api.events().import_(calendarId="primary", body=EVENT)))
    assert without == (400, "required")


async def test_guests_change_only_their_own_parts(everything: OfficialClient, google: SimulatedGoogle):
    guests = [{"email": ARTHUR}, {"email": "anna@example.com"}]
    made = google.do.create_event({**EVENT, "attendees": guests}, organizer="boss@example.com")

    def patch(**changes: Any) -> Any:
        return everything(lambda api: api.events().patch(calendarId="primary", eventId=made["id"], body=changes))

    assert await refused(patch(summary="Mine now")) == (403, "forbiddenForNonOrganizer")
    assert await refused(patch(attendees=guests[:1])) == (403, "forbiddenForNonOrganizer")
    mine = [{"email": ARTHUR, "responseStatus": "accepted"}, guests[1]]
    answer = await patch(attendees=mine, colorId="5", reminders={"useDefault": False, "overrides": []})
    assert answer["attendees"][0] == {"email": ARTHUR, "self": True, "responseStatus": "accepted"}
    assert answer["organizer"] == {"email": "boss@example.com"}
    google.do.edit_event(made["id"], {"guestsCanModify": True})
    assert (await patch(summary="Ours"))["summary"] == "Ours"


async def test_moving_an_event(everything: OfficialClient, google: SimulatedGoogle):
    room = google.do.add_calendar("Room").calendar_id
    weekly = {**EVENT, "id": "series", "recurrence": ["RRULE:FREQ=WEEKLY;COUNT=3"]}
    google.do.create_event(weekly)
    google.do.edit_event("series_20261130T090000Z", {"summary": "Another"})
    sync = await everything(lambda api: api.events().list(calendarId="primary"))

    def move(source: str, destination: str | None, event_id: str = "series") -> Any:
        return everything(
            lambda api: api.events().move(calendarId=source, eventId=event_id, destination=destination or source)
        )

    moved = await move("primary", room)
    assert (moved["id"], moved["organizer"]["email"], moved["status"]) == ("series", room, "confirmed")
    changes = await everything(lambda api: api.events().list(calendarId="primary", syncToken=sync["nextSyncToken"]))
    assert {(event["id"], event["status"]) for event in changes["items"]} == {
        ("series", "cancelled"),
        ("series_20261130T090000Z", "cancelled"),
    }
    assert google.state.stored(room)["series_20261130T090000Z"].fields["summary"] == "Another"
    assert await refused(move("primary", room)) == (404, "notFound")
    assert await refused(move(room, None)) == (400, "invalid")
    assert await refused(move(room, "primary", "series_20261130T090000Z")) == (400, "invalid")
    assert await refused(move(room, "nobody@example.com")) == (404, "notFound")
    assert (await move(room, "primary"))["organizer"]["email"] == ARTHUR
    read_only = google.do.add_calendar("Theirs", role="reader").calendar_id
    assert await refused(move("primary", read_only)) == (403, "requiredAccessLevel")


async def test_channels_are_refused(wire: Wire):
    async def watch(**channel: Any) -> tuple[int, str]:
        answer = await wire("POST", EVENTS + "/watch", json=channel)
        return answer.status, answer.json["error"]["errors"][0]["reason"]

    assert await watch() == (400, "required")
    assert await watch(id="1", type="web_hook", address="http://gateway.lan/push") == (400, "push.webhookUrlNotHttps")
    assert await watch(id="1", type="web_hook", address="https://gateway.lan/p") == (401, "push.webhookUrlUnauthorized")
    stopped = await wire("POST", "/calendar/v3/channels/stop", json={"id": "1", "resourceId": "2"})
    assert stopped.status == 404
