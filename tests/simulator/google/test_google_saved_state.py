"""State that is saved and loaded again: calendars, tokens, sync tokens, quotas, faults and the clock go on."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from simulator.google import SimulatedGoogle
from simulator.google.saved_state import load, saved
from tests.simulator.google.conftest import EVENTS, Wire, timed

ROOM = "room@mycompanyabc.com"


def at(day: int, **fields: Any) -> dict[str, Any]:
    return timed(f"2026-11-{day}T10:00:00", f"2026-11-{day}T11:00:00", **fields)


def lived_in(google: SimulatedGoogle) -> None:
    """A Google in which a bit of everything happened."""
    google.do.set_clock(now=datetime(2026, 11, 20, 8, tzinfo=UTC), stopped=True)
    google.do.add_account("sadie.adler@mycompanyabc.com")
    google.do.add_room(ROOM)
    google.do.add_group("team@mycompanyabc.com", [ROOM])
    google.do.create_service_account()
    google.do.set_calendar(conference_delay_s=60)
    google.do.create_event(at(23, id="abc01", attendees=[{"email": ROOM}, {"email": "anna@example.com"}]))
    google.do.create_event({**at(24, id="abc02"), "recurrence": ["RRULE:FREQ=DAILY;COUNT=4"]})
    google.do.edit_event("abc02_20261125T090000Z", {"summary": "Changed"})
    google.do.create_event({"id": "abc03", "start": {"date": "2026-12-01"}, "end": {"date": "2026-12-02"}})
    google.do.edit_event("abc01", {"summary": "Last changed"})
    google.do.delete_event("abc03")
    google.do.burn_event("abc04")
    google.do.set_quota("account", 100, per_s=3600)
    google.do.fault({"status": 503}, match={"operation": "get"}, times=1, for_s=60)
    google.do.set_behaviour(restore_cancelled=False)


async def test_everything_goes_on_after_it_was_loaded(wire: Wire, google: SimulatedGoogle):
    lived_in(google)
    pending = {"conferenceData": {"createRequest": {"requestId": "r"}}, "id": "abc05"}
    await wire("POST", EVENTS, json={**at(26), **pending}, params={"conferenceDataVersion": "1"})
    first = (await wire("GET", EVENTS)).json
    google.do.edit_event("abc02", {"summary": "After the first look"})
    document = (await wire("GET", "/_sim/state?full=true", token=None)).json
    async with SimulatedGoogle(seed=8) as later:
        later_wire = Wire(wire.session, later)
        loaded = await later_wire("POST", "/_sim/load", json=document, token=None)
        assert loaded.status == 200, loaded.json
        assert saved(later.state) == document
        token = wire.tokens["access_token"]
        strip = ("htmlLink",)
        shown = [{k: v for k, v in event.items() if k not in strip} for event in later.state.all_events()]
        assert shown == [{k: v for k, v in event.items() if k not in strip} for event in google.state.all_events()]
        changes = await later_wire("GET", EVENTS, params={"syncToken": first["nextSyncToken"]}, token=token)
        assert [event["id"] for event in changes.json["items"]] == ["abc02"]
        assert (await later_wire("GET", EVENTS + "/abc01", token=token)).status == 503
        assert (await later_wire("GET", EVENTS + "/abc01", token=token)).status == 200
        assert (await later_wire("POST", EVENTS, json=at(27, id="abc04"), token=token)).status == 409
        assert later.state.quotas.report(later.state.clock.now_s())[0]["used"] > 2
        later.do.set_clock(advance_s=61)
        assert "hangoutLink" in (await later_wire("GET", EVENTS + "/abc05", token=token)).json
        later.do.delete_event("abc02")
        assert later.state.stored()["abc02_20261125T090000Z"].status == "cancelled"


@pytest.mark.parametrize(
    "change",
    [
        lambda document: [],
        lambda document: {},
        lambda document: {**document, "simulated_google": 99},
        lambda document: {**document, "accounts": {}},
        lambda document: {**document, "calendars": 5},
        lambda document: {**document, "counter": "many"},
        lambda document: {**document, "faults": [{"do": {"nothing": 1}}]},
        lambda document: {name: value for name, value in document.items() if name != "clients"},
    ],
)
async def test_what_is_no_saved_state_changes_nothing(wire: Wire, google: SimulatedGoogle, change: Any):
    lived_in(google)
    before = json.dumps(saved(google.state))
    answer = await wire("POST", "/_sim/load", json=change(json.loads(before)), token=None)
    assert (answer.status, bool(answer.json["error"])) == (400, True)
    assert json.dumps(saved(google.state)) == before


def test_a_saved_state_is_json_and_loads_into_a_google_that_is_not_running():
    google, other = SimulatedGoogle(seed=1), SimulatedGoogle(seed=2)
    lived_in(google)
    document = json.loads(json.dumps(saved(google.state)))
    load(other.state, document)
    assert other.state.live_events == google.state.live_events
    assert saved(other.state) == document
