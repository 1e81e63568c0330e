"""The controls under /_sim/, and the verbs that have no test of their own elsewhere."""

from __future__ import annotations

import inspect
import json
from pathlib import Path

import pytest

from simulator.google import SimulatedGoogle
from simulator.google.catalogue import known_reasons
from simulator.google.controls import _FITS, CONTROLS, VERBS
from simulator.google.fault_rules import OPERATIONS
from simulator.google.outcomes import OUTCOMES
from simulator.google.usecases import EXPIRING, CannotDo, UseCases
from tests.simulator.google.conftest import EVENTS, Wire, timed

BODY = {**timed("2026-11-23T10:00:00", "2026-11-23T11:00:00", summary="Board"), "id": "abc0123"}


async def control(wire: Wire, method: str, path: str, document=None):
    return await wire(method, "/_sim" + path, json=document, token=None)


async def test_state_shows_everything_but_secrets(wire: Wire, google: SimulatedGoogle):
    await wire(
        "POST",
        EVENTS,
        json={**BODY, "colour": "red", "attendees": [{"email": "a@example.com"}]},
        params={"sendUpdates": "all"},
    )
    google.do.fault({"status": 503})
    state = (await control(wire, "GET", "/state")).json
    assert state["calendars"][0]["events"] == google.state.events
    assert state["requests"][0]["operation"] == "insert"
    assert state["mails"][0]["to"] == "a@example.com"
    assert state["unknown_fields"][0]["field"] == "colour"
    assert state["faults"][0]["do"] == {"status": 503}
    assert state["tokens"] == {"usable_access_tokens": 1, "usable_refresh_tokens": 1, "unused_codes": 0}
    text = json.dumps(state)
    secrets = [*wire.tokens.values(), *(client.secret for client in google.state.clients.values())]
    assert not [secret for secret in secrets if secret.startswith(("ya29", "1//", "GOCSPX")) and secret in text]


async def test_reset_begins_anew(wire: Wire, google: SimulatedGoogle):
    await wire("POST", EVENTS, json=BODY)
    google.do.add_account("second@example.com")
    google.do.fault({"status": 503}, match={"operation": "token"})
    google.do.set_clock(advance_s=1000)
    base = google.base
    assert (await control(wire, "POST", "/reset")).status == 200
    assert google.base == base
    assert (google.state.events, google.state.requests, google.state.faults.listed()) == ([], [], [])
    assert list(google.state.accounts) == ["arthur.morgan@mycompanyabc.com"]
    assert google.state.clock.is_moved is False
    assert (await wire("GET", EVENTS)).status == 401
    fresh = google.do.issue_tokens()["access_token"]
    assert (await wire("POST", EVENTS, json=BODY, token=fresh)).status == 200


async def test_clock(wire: Wire, google: SimulatedGoogle):
    stopped = await control(wire, "POST", "/clock", {"now": "2030-01-01T00:00:00+01:00", "stopped": True})
    assert stopped.json == {"now": "2029-12-31T23:00:00.000+00:00"}
    assert (await control(wire, "POST", "/clock", {"advance_s": 60})).json == {"now": "2029-12-31T23:01:00.000+00:00"}
    await control(wire, "POST", "/clock", {"real": True})
    assert google.state.clock.is_moved is False
    for wrong in ({"now": "soon"}, {"now": 5}, {"advance_s": "1"}, {"later": 1}):
        assert (await control(wire, "POST", "/clock", wrong)).status == 400


async def test_expire_and_revoke(wire: Wire, google: SimulatedGoogle):
    assert (await control(wire, "POST", "/expire", {"what": "access_tokens"})).status == 200
    assert (await wire("GET", EVENTS)).status == 401
    assert (await control(wire, "POST", "/expire", {"what": "patience"})).status == 400
    fresh = google.do.issue_tokens()["access_token"]
    assert (await control(wire, "POST", "/revoke", {})).status == 200
    assert (await wire("GET", EVENTS, token=fresh)).status == 401
    unknown = await control(wire, "POST", "/revoke", {"account": "nobody@example.com"})
    assert unknown.json == {"error": "There is no account nobody@example.com."}


async def test_consent_plan(wire: Wire, google: SimulatedGoogle):
    assert (await control(wire, "POST", "/consent", {"outcome": "deny", "auto": True})).status == 200
    assert (google.state.consent.outcome, google.state.consent.auto) == ("deny", True)
    assert (await control(wire, "POST", "/consent", {"outcome": None})).status == 200
    for wrong in ({"outcome": "maybe"}, {}, {"outcome": "allow", "account": "nobody@example.com"}):
        assert (await control(wire, "POST", "/consent", wrong)).status == 400


async def test_verbs_by_name(wire: Wire, google: SimulatedGoogle):
    made = await control(
        wire, "POST", "/do/create_event", {"body": {**BODY, "attendees": [{"email": "a@example.com"}]}}
    )
    assert made.json["id"] == "abc0123"
    edited = await control(wire, "POST", "/do/edit_event", {"event_id": "abc0123", "changes": {"summary": "New"}})
    assert edited.json["summary"] == "New"
    reply = {"event_id": "abc0123", "email": "A@example.com", "response": "accepted", "comment": "Yes"}
    assert (await control(wire, "POST", "/do/reply", reply)).status == 200
    assert google.state.events[0]["attendees"] == [
        {"email": "a@example.com", "responseStatus": "accepted", "comment": "Yes"}
    ]
    assert (await control(wire, "POST", "/do/reply", {**reply, "email": "x@example.com"})).status == 400
    added = await control(wire, "POST", "/do/add_account", {"email": "second@example.com"})
    assert added.json == {"email": "second@example.com"}
    calendar = (await control(wire, "POST", "/do/add_calendar", {"summary": "Room"})).json["calendar_id"]
    assert (await control(wire, "POST", "/do/delete_calendar", {"calendar_id": calendar})).status == 200
    assert (await control(wire, "POST", "/do/delete_calendar", {"calendar_id": calendar})).status == 400
    client = await control(
        wire, "POST", "/do/set_client", {"client_id": "new", "kind": "web", "redirect_uris": ["https://a.example"]}
    )
    assert client.json == {"client_id": "new"}
    assert google.state.clients["new"].redirect_uris == ("https://a.example",)
    tokens = await control(wire, "POST", "/do/issue_tokens", {})
    assert tokens.json["access_token"].startswith("ya29.")
    gone = await control(wire, "POST", "/do/delete_event", {"event_id": "nothing0"})
    assert (gone.status, gone.json["error"]["errors"][0]["reason"]) == (404, "notFound")


@pytest.mark.parametrize(
    ("path", "document", "problem"),
    [
        ("/do/edit_event", {"event_id": "abc0123"}, "changes is missing."),
        ("/do/edit_event", {"event_id": 5, "changes": {}}, "'event_id' must be str."),
        ("/do/edit_event", {"event_id": "a", "changes": {}, "colour": "red"}, "There is no 'colour' here"),
        ("/do/set_client", {"kind": "tv"}, "'kind' must be"),
        ("/do/set_access", {"calendar_id": "primary", "role": "king"}, "The role must be one of"),
        ("/do/add_calendar", [], "The body must be a JSON object."),
    ],
)
async def test_wrong_use_of_a_verb_is_explained(wire: Wire, path: str, document, problem: str):
    answer = await control(wire, "POST", path, document)
    assert answer.status == 400
    assert problem in answer.json["error"]


async def test_body_that_is_no_json(wire: Wire):
    answer = await wire("POST", "/_sim/clock", data=b"{", token=None)
    assert (answer.status, answer.json) == (400, {"error": "The body must be JSON."})


async def test_unknown_controls_list_the_known_ones(wire: Wire):
    for method, path in (("GET", "/nothing"), ("PUT", "/state"), ("POST", "/do/explode")):
        answer = await control(wire, method, path)
        assert answer.status == 404
        assert answer.json["controls"] == CONTROLS
    assert set((await control(wire, "GET", "")).json["verbs"]) == set(VERBS)


def test_every_argument_of_every_verb_can_be_checked():
    for name in (*VERBS, "expire", "revoke", "set_consent", "approve"):
        for parameter in list(inspect.signature(getattr(UseCases, name)).parameters.values())[1:]:
            assert set(str(parameter.annotation).replace('"', "'").split(" | ")) <= set(_FITS), (name, parameter)


def test_same_seed_same_ids():
    made = [SimulatedGoogle(seed=5).do.issue_tokens() for _ in range(2)]
    assert made[0] == made[1]
    assert made[0] != SimulatedGoogle(seed=6).do.issue_tokens()
    assert SimulatedGoogle().do.issue_tokens() != SimulatedGoogle().do.issue_tokens()


def test_verbs_in_process_refuse_what_does_not_exist():
    google = SimulatedGoogle(seed=1)
    with pytest.raises(CannotDo):
        google.do.edit_event("x", {}, calendar_id="nowhere")
    with pytest.raises(CannotDo):
        google.do.expire("patience")


def test_old_requests_are_forgotten():
    from simulator.google.state import RequestRecord

    google = SimulatedGoogle(seed=1)
    google.state.requests_kept = 20
    for number in range(25):
        google.state.remember(
            RequestRecord(
                number=number,
                operation="get",
                method="GET",
                path="/",
                query={},
                headers={},
                body=None,
                at="",
                arrived_s=0,
            )
        )
    assert [record.number for record in google.state.requests] == list(range(6, 25))


def test_the_reference_page_names_everything_that_can_be_asked_for():
    page = (Path(__file__).parents[3] / "docs/reference/simulated-google.md").read_text(encoding="utf-8")
    words = [*VERBS, *OUTCOMES, *OPERATIONS, *EXPIRING, *known_reasons()]
    words += [path.split()[1].removesuffix("/VERB") for path in CONTROLS]
    assert [word for word in words if word not in page] == []
