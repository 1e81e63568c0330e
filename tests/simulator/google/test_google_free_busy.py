"""freeBusy: what makes a calendar busy, whose calendars are seen, and what is wrong with one of them."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.google import SimulatedGoogle
from simulator.google.scopes import PREFIX
from tests.simulator.google.conftest import Answer, Wire, timed
from tests.simulator.google.official_client import OfficialClient

ARTHUR = "arthur.morgan@mycompanyabc.com"
SADIE = "sadie.adler@mycompanyabc.com"
DAY = {"timeMin": "2026-11-23T00:00:00Z", "timeMax": "2026-11-24T00:00:00Z"}


async def asked(wire: Wire, *calendars: str, token: str = "", **given: Any) -> Answer:
    body = {**DAY, "items": [{"id": name} for name in calendars], **given}
    return await wire("POST", "/calendar/v3/freeBusy", json=body, token=token)


async def busy(wire: Wire, calendar: str = ARTHUR, **given: Any) -> list[tuple[str, str]]:
    answer = await asked(wire, calendar, **given)
    assert answer.status == 200, answer.json
    return [(span["start"][11:], span["end"][11:]) for span in answer.json["calendars"][calendar]["busy"]]


def between(start: str, end: str, **fields: Any) -> dict[str, Any]:
    return timed(f"2026-11-23T{start}:00", f"2026-11-23T{end}:00", "UTC", **fields)


async def test_what_counts_as_busy(wire: Wire, google: SimulatedGoogle):
    google.do.create_event(between("08:00", "09:00"))
    google.do.create_event(between("10:00", "11:00", transparency="transparent"))
    google.do.create_event(between("12:00", "13:00", status="tentative"))
    google.do.create_event(
        between("14:00", "15:00", attendees=[{"email": ARTHUR, "responseStatus": "declined"}]), organizer=SADIE
    )
    google.do.create_event(
        between("16:00", "17:00", attendees=[{"email": ARTHUR, "responseStatus": "needsAction"}]), organizer=SADIE
    )
    gone = google.do.create_event(between("18:00", "19:00"))
    google.do.delete_event(gone["id"])
    assert await busy(wire) == [("08:00:00Z", "09:00:00Z"), ("12:00:00Z", "13:00:00Z"), ("16:00:00Z", "17:00:00Z")]


async def test_spans_are_cut_and_joined_and_series_expanded(wire: Wire, google: SimulatedGoogle):
    google.do.create_event(timed("2026-11-22T23:00:00", "2026-11-23T01:00:00", "UTC"))
    google.do.create_event(between("09:00", "10:00"))
    google.do.create_event(between("10:00", "10:30"))
    google.do.create_event(between("10:15", "11:00"))
    google.do.create_event(between("23:30", "23:45"))
    daily = timed("2026-11-16T15:00:00", "2026-11-16T15:30:00", "UTC", id="dail0", recurrence=["RRULE:FREQ=DAILY"])
    google.do.create_event(daily)
    spans = [("00:00:00Z", "01:00:00Z"), ("09:00:00Z", "11:00:00Z"), ("15:00:00Z", "15:30:00Z")]
    assert await busy(wire) == [*spans, ("23:30:00Z", "23:45:00Z")]
    google.do.edit_event("dail0_20261123T150000Z", between("16:00", "16:30"))
    assert (await busy(wire))[2] == ("16:00:00Z", "16:30:00Z")
    google.do.delete_event("dail0_20261123T150000Z")
    assert len(await busy(wire)) == 3
    assert (await busy(wire, timeZone="Europe/Berlin"))[1] == ("10:00:00+01:00", "12:00:00+01:00")


async def test_all_day_events_fill_the_calendars_own_day(wire: Wire, google: SimulatedGoogle):
    google.do.create_event({"start": {"date": "2026-11-23"}, "end": {"date": "2026-11-24"}})
    assert await busy(wire) == [("00:00:00Z", "23:00:00Z")]


async def test_the_official_client_asks(official: OfficialClient, google: SimulatedGoogle):
    google.do.create_event(between("08:00", "09:00"))
    body = {**DAY, "items": [{"id": "primary"}]}
    answer = await official(lambda api: api.freebusy().query(body=body))
    assert len(answer["calendars"]["primary"]["busy"]) == 1
    assert (answer["timeMin"], answer["timeMax"]) == ("2026-11-23T00:00:00.000Z", "2026-11-24T00:00:00.000Z")


@pytest.mark.parametrize(
    ("scope", "status"),
    [
        ("calendar", 200),
        ("calendar.readonly", 200),
        ("calendar.freebusy", 200),
        ("calendar.events.freebusy", 200),
        ("calendar.events", 403),
        ("calendar.events.owned", 403),
        ("calendar.calendarlist.readonly", 403),
    ],
)
async def test_scopes(wire: Wire, google: SimulatedGoogle, scope: str, status: int):
    token = google.do.issue_tokens([PREFIX + scope])["access_token"]
    answer = await asked(wire, ARTHUR, token=token)
    assert answer.status == status
    if status == 403:
        assert answer.json["error"]["details"][0]["reason"] == "ACCESS_TOKEN_SCOPE_INSUFFICIENT"
        assert answer.json["error"]["details"][0]["metadata"]["method"] == "calendar.v3.Freebusy.Query"


async def test_whose_calendars_are_seen(wire: Wire, google: SimulatedGoogle):
    google.do.add_account(SADIE)
    google.do.add_account("dutch@gmail.com")
    shared = google.do.add_calendar("Shared", role="freeBusyReader").calendar_id
    names = (ARTHUR, SADIE, shared, "dutch@gmail.com", "nobody@example.com")
    answer = (await asked(wire, *names)).json["calendars"]
    unseen = {"errors": [{"domain": "global", "reason": "notFound"}], "busy": []}
    seen: dict[str, Any] = {"busy": []}
    assert [answer[name] for name in names] == [seen, seen, seen, unseen, unseen]
    google.do.hide_free_busy(SADIE)
    assert (await asked(wire, SADIE)).json["calendars"] == {SADIE: unseen}
    google.do.hide_free_busy(SADIE, hidden=False)
    own = google.do.issue_tokens([PREFIX + "calendar.freebusy"])["access_token"]
    narrow = (await asked(wire, ARTHUR, SADIE, shared, token=own)).json["calendars"]
    assert narrow == {ARTHUR: seen, SADIE: unseen, shared: unseen}


async def test_one_calendar_fails_and_the_others_answer(wire: Wire, google: SimulatedGoogle):
    google.do.set_calendar(free_busy_error="internalError")
    room = google.do.add_calendar("Room").calendar_id
    answer = (await asked(wire, ARTHUR, room)).json["calendars"]
    assert answer == {
        ARTHUR: {"errors": [{"domain": "global", "reason": "internalError"}], "busy": []},
        room: {"busy": []},
    }
    google.do.set_calendar(free_busy_error="")
    assert (await asked(wire, ARTHUR)).json["calendars"] == {ARTHUR: {"busy": []}}


async def test_limits_of_expansion(wire: Wire, google: SimulatedGoogle):
    google.do.add_group("team@mycompanyabc.com", [ARTHUR, "b@example.com"])
    answer = (await asked(wire, "team@mycompanyabc.com")).json
    assert answer["groups"] == {"team@mycompanyabc.com": {"calendars": [ARTHUR, "b@example.com"]}}
    assert set(answer["calendars"]) == {ARTHUR, "b@example.com"}
    too_big = (await asked(wire, "team@mycompanyabc.com", groupExpansionMax=1)).json
    assert too_big["groups"]["team@mycompanyabc.com"]["errors"][0]["reason"] == "groupTooBig"
    many = (await asked(wire, ARTHUR, "b@example.com", calendarExpansionMax=1)).json["calendars"]
    assert many[ARTHUR] == {"busy": []}
    assert many["b@example.com"]["errors"][0]["reason"] == "tooManyCalendarsRequested"
    for wrong in ({"calendarExpansionMax": 51}, {"groupExpansionMax": 101}, {"calendarExpansionMax": 0}):
        assert (await asked(wire, ARTHUR, **wrong)).status == 400


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"timeMin": None}, "required"),
        ({"timeMax": None}, "required"),
        ({"timeMin": "2026-11-23"}, "badRequest"),
        ({"timeMax": "2026-11-23T00:00:00Z"}, "timeRangeEmpty"),
        ({"timeMax": "2027-03-01T00:00:00Z"}, "timeRangeTooLong"),
        ({"timeZone": "Mars/Olympus"}, "invalid"),
        ({"items": [5]}, "invalid"),
        ({"items": 5}, "invalid"),
    ],
)
async def test_wrong_questions(wire: Wire, given: dict[str, Any], reason: str):
    answer = await asked(wire, ARTHUR, **given)
    assert (answer.status, answer.json["error"]["errors"][0]["reason"]) == (400, reason)
