"""Rooms that answer by themselves, and what people do by hand: series, many at once, the bin, guests, moves."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.google import SimulatedGoogle
from simulator.google.errors import ApiError
from simulator.google.project_verbs import CannotDo
from tests.simulator.google.conftest import EVENTS, Wire, timed

ROOM = "room1@resource.mycompanyabc.com"


def at(day: int, start: int = 10, **fields: Any) -> dict[str, Any]:
    return timed(f"2026-11-{day:02d}T{start:02d}:00:00", f"2026-11-{day:02d}T{start + 1}:00:00", **fields)


def weekly(**fields: Any) -> dict[str, Any]:
    return at(2, id="series0", summary="Weekly", recurrence=["RRULE:FREQ=WEEKLY;COUNT=5"], **fields)


def answer_of(event: dict[str, Any]) -> str:
    return next(guest["responseStatus"] for guest in event["attendees"] if guest["email"] == ROOM)


async def starts(wire: Wire, calendar: str = "primary") -> list[tuple[str, str]]:
    path = f"/calendar/v3/calendars/{calendar}/events"
    listed = await wire("GET", path, params={"singleEvents": "true", "orderBy": "startTime"})
    return [(event["start"]["dateTime"][5:13], event.get("summary", "")) for event in listed.json["items"]]


async def test_a_room_accepts_while_it_is_free(google: SimulatedGoogle):
    google.do.add_room(ROOM, "Room 1")
    first = google.do.create_event(at(23, attendees=[{"email": ROOM}]))
    assert first["attendees"] == [
        {"displayName": "Room 1", "email": ROOM, "responseStatus": "accepted", "resource": True}
    ]
    second = google.do.create_event(at(23, attendees=[{"email": ROOM}]))
    assert answer_of(second) == "declined"
    assert google.state.stored(ROOM).keys() == {first["id"]}
    moved = google.do.edit_event(second["id"], at(23, 11))
    assert answer_of(moved) == "accepted"
    assert answer_of(google.do.edit_event(second["id"], at(23, 10))) == "declined"
    assert google.state.stored(ROOM)[second["id"]].status == "cancelled"
    google.do.delete_event(first["id"])
    assert google.state.stored(ROOM)[first["id"]].status == "cancelled"
    assert answer_of(google.do.edit_event(second["id"], {"summary": "Now"})) == "accepted"
    google.do.remove_guest(second["id"], ROOM)
    assert google.state.stored(ROOM)[second["id"]].status == "cancelled"


async def test_a_room_looks_at_every_occurrence(google: SimulatedGoogle):
    google.do.add_room(ROOM)
    google.do.create_event(at(23, attendees=[{"email": ROOM}]))
    assert answer_of(google.do.create_event(weekly(attendees=[{"email": ROOM}]))) == "declined"


@pytest.mark.parametrize(
    ("answers", "status"), [("accept", "accepted"), ("decline", "declined"), ("none", "needsAction")]
)
async def test_rooms_with_a_mind_of_their_own(google: SimulatedGoogle, answers: Any, status: str):
    google.do.add_room(ROOM, answers=answers)
    for _ in range(2):
        assert answer_of(google.do.create_event(at(23, attendees=[{"email": ROOM}]))) == status


async def test_a_rooms_calendar_is_busy_then(wire: Wire, google: SimulatedGoogle):
    google.do.add_room("room2@mycompanyabc.com")
    made = await wire("POST", EVENTS, json=at(23, attendees=[{"email": "room2@mycompanyabc.com"}]))
    assert made.json["attendees"][0]["responseStatus"] == "accepted"
    body = {
        "timeMin": "2026-11-23T00:00:00Z",
        "timeMax": "2026-11-24T00:00:00Z",
        "items": [{"id": "room2@mycompanyabc.com"}],
    }
    answer = (await wire("POST", "/calendar/v3/freeBusy", json=body)).json["calendars"]["room2@mycompanyabc.com"]
    assert answer == {"busy": [{"start": "2026-11-23T09:00:00Z", "end": "2026-11-23T10:00:00Z"}]}


async def test_this_all_and_following(wire: Wire, google: SimulatedGoogle):
    google.do.create_event(weekly())
    google.do.edit_event("series0_20261109T090000Z", {"summary": "Only this"})
    google.do.edit_event("series0_20261116T090000Z", {"summary": "Everything"}, extent="all")
    assert [title for _, title in await starts(wire)] == ["Everything", "Only this", *["Everything"] * 3]
    times = {key: {"dateTime": f"2026-11-16T{hour}:00:00+01:00"} for key, hour in (("start", 14), ("end", 15))}
    zoned = {key: {**value, "timeZone": "Europe/Berlin"} for key, value in times.items()}
    new = google.do.edit_event("series0_20261116T090000Z", {"summary": "Later", **zoned}, extent="following")
    assert new["id"] != "series0"
    assert new["recurrence"] == ["RRULE:FREQ=WEEKLY;COUNT=3"]
    assert await starts(wire) == [
        ("11-02T10", "Everything"),
        ("11-09T10", "Only this"),
        ("11-16T14", "Later"),
        ("11-23T14", "Later"),
        ("11-30T14", "Later"),
    ]
    assert google.state.stored()["series0"].recurrence == ["RRULE:FREQ=WEEKLY;UNTIL=20261116T085959Z"]


async def test_deleting_this_following_and_all(wire: Wire, google: SimulatedGoogle):
    google.do.create_event(weekly())
    google.do.edit_event("series0_20261123T090000Z", {"summary": "Changed"})
    google.do.delete_event("series0_20261109T090000Z")
    google.do.delete_event("series0_20261116T090000Z", extent="following")
    assert await starts(wire) == [("11-02T10", "Weekly")]
    google.do.delete_event("series0_20261102T090000Z", extent="all")
    assert await starts(wire) == []
    google.do.create_event(at(23, id="singl0"))
    with pytest.raises(CannotDo):
        google.do.delete_event("singl0", extent="following")


async def test_following_from_the_first_is_the_whole_series(wire: Wire, google: SimulatedGoogle):
    google.do.create_event(weekly())
    changed = google.do.edit_event("series0_20261102T090000Z", {"summary": "New"}, extent="following")
    assert (changed["id"], changed["summary"]) == ("series0", "New")
    google.do.delete_event("series0_20261102T090000Z", extent="following")
    assert google.state.live_events == []


async def test_all_day_series_end_the_day_before(google: SimulatedGoogle):
    body = {"start": {"date": "2026-11-02"}, "end": {"date": "2026-11-03"}, "recurrence": ["RRULE:FREQ=DAILY"]}
    google.do.create_event({**body, "id": "dajs0"})
    new = google.do.edit_event("dajs0_20261105", {"summary": "Rest"}, extent="following")
    assert google.state.stored()["dajs0"].recurrence == ["RRULE:FREQ=DAILY;UNTIL=20261104"]
    assert (new["start"], new["recurrence"]) == ({"date": "2026-11-05"}, ["RRULE:FREQ=DAILY"])


async def test_many_are_deleted_and_taken_out_of_the_bin(wire: Wire, google: SimulatedGoogle):
    google.do.create_event(weekly())
    google.do.edit_event("series0_20261116T090000Z", {"summary": "Changed"})
    google.do.delete_event("series0_20261109T090000Z")
    google.do.create_event(at(24, id="abc01"))
    google.do.create_event(at(25, id="abc02"))
    before = await starts(wire)
    assert google.do.delete_many(["abc02"]) == {"deleted": 1}
    assert google.do.delete_many() == {"deleted": 2}
    assert await starts(wire) == []
    google.do.set_behaviour(restore_cancelled=False)
    for event_id in ("series0", "abc01", "abc02"):
        google.do.restore_event(event_id)
    assert await starts(wire) == before
    with pytest.raises(CannotDo):
        google.do.restore_event("abc01")
    with pytest.raises(CannotDo):
        google.do.delete_many(["nobody"])


async def test_moved_by_hand_and_unshared(wire: Wire, google: SimulatedGoogle):
    other = google.do.add_calendar("Second").calendar_id
    google.do.create_event(at(23, id="abc01"))
    assert google.do.move_event("abc01", other)["organizer"]["email"] == other
    assert google.state.stored()["abc01"].status == "cancelled"
    with pytest.raises(ApiError):
        google.do.move_event("abc01", other)
    google.do.unshare_calendar(other)
    assert (await wire("GET", f"/calendar/v3/calendars/{other}/events")).status == 404


async def test_guests_by_hand(google: SimulatedGoogle):
    google.do.create_event(at(23, id="abc01"))
    google.do.add_guest("abc01", "anna@example.com", name="Anna")
    google.do.reply("abc01", "anna@example.com", "tentative", comment="Ten minutes late")
    [event] = google.state.live_events
    assert event["attendees"] == [
        {
            "email": "anna@example.com",
            "displayName": "Anna",
            "responseStatus": "tentative",
            "comment": "Ten minutes late",
        }
    ]
    assert "attendees" not in google.do.remove_guest("abc01", "ANNA@example.com")


async def test_one_guest_answers_for_one_occurrence(google: SimulatedGoogle):
    google.do.create_event(weekly(attendees=[{"email": "anna@example.com"}]))
    google.do.reply("series0_20261109T090000Z", "anna@example.com", "declined")
    assert google.state.stored()["series0"].fields["attendees"][0]["responseStatus"] == "needsAction"
    changed = google.state.stored()["series0_20261109T090000Z"]
    assert changed.fields["attendees"][0]["responseStatus"] == "declined"


async def test_verbs_by_name(wire: Wire, google: SimulatedGoogle):
    google.do.create_event(weekly())
    given = {"event_id": "series0_20261116T090000Z", "changes": {"summary": "X"}, "extent": "following"}
    assert (await wire("POST", "/_sim/do/edit_event", json=given, token=None)).json["summary"] == "X"
    wrong = await wire("POST", "/_sim/do/edit_event", json={**given, "extent": "some"}, token=None)
    assert wrong.status == 400
    assert (await wire("POST", "/_sim/do/delete_many", json={}, token=None)).json == {"deleted": 2}
