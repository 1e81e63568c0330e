"""The console: everything an administrator would change at Google, by buttons; and the file it lets them download."""

from __future__ import annotations

import json
from email.utils import parsedate_to_datetime

import pytest

from simulator.google import SimulatedGoogle
from simulator.google.identities import DEFAULT_ACCOUNT, DEFAULT_CLIENT_ID, WEB_CLIENT_ID, redirect_problem
from tests.simulator.google.conftest import EVENTS, Wire
from tests.simulator.google.html_form import Form, read_all
from tests.simulator.google.test_google_endings import ASK

CONSOLE = "/_sim/console"
LIST = "/calendar/v3/users/me/calendarList"


async def shown(wire: Wire) -> tuple[list[Form], str]:
    page = await wire("GET", CONSOLE, token=None)
    assert page.status == 200
    forms, text, _ = read_all(page.body.decode())
    assert "SIMULATOR \u2013 NOT GOOGLE" in text
    assert b"<script" not in page.body
    return forms, text


async def press(wire: Wire, what: str, button: str, *, among: str = "", **typed: str) -> str:
    """Press a button of the form that does `what` (and is about `among`); gives the page's text afterwards."""
    forms, _ = await shown(wire)
    form = next(
        form
        for form in forms
        if ("do", what) in form.fields and (not among or among in [value for _, value in form.fields])
    )
    sent = form.pressed(button, **typed)
    answer = await wire("POST", form.action, data=sent, token=None)
    assert (answer.status, answer.headers["Location"]) == (303, CONSOLE)
    return (await shown(wire))[1]


async def test_a_web_client_from_nothing_to_its_file(wire: Wire, google: SimulatedGoogle):
    said = await press(wire, "create", "Create", kind="web", name="Head office")
    client = list(google.state.clients.values())[-1]
    assert client.client_id.endswith(".apps.googleusercontent.com")
    assert client.secret in said
    path = f"/_sim/clients/{client.client_id}/client_secret.json"
    empty = await wire("GET", path, token=None)
    assert empty.json == {
        "web": {
            "client_id": client.client_id,
            "project_id": "simulated-meeting-rooms",
            "auth_uri": google.base + "/o/oauth2/v2/auth",
            "token_uri": google.base + "/token",
            "auth_provider_x509_cert_url": google.base + "/oauth2/v1/certs",
            "client_secret": client.secret,
        }
    }
    assert empty.headers["Content-Disposition"].startswith("attachment; filename=")
    uri = "https://gateway.example.com/oauth/google/callback"
    assert "is registered" in await press(wire, "add_redirect", "Add URI", among=client.client_id, uri=uri)
    assert (await wire("GET", path, token=None)).json["web"]["redirect_uris"] == [uri]
    assert "Invalid Redirect" in await press(
        wire, "add_redirect", "Add URI", among=client.client_id, uri="https://10.0.0.5/"
    )
    await press(wire, "remove_redirect", "Remove", among=client.client_id)
    assert client.redirect_uris == ()


async def test_the_desktop_clients_file_and_no_file(wire: Wire, google: SimulatedGoogle):
    file = await wire("GET", f"/_sim/clients/{DEFAULT_CLIENT_ID}/client_secret.json", token=None)
    assert file.json["installed"]["redirect_uris"] == ["http://localhost"]
    assert file.json["installed"]["client_secret"] == google.state.clients[DEFAULT_CLIENT_ID].secret
    assert (await wire("GET", "/_sim/clients/nobody/client_secret.json", token=None)).status == 404
    page = (await wire("GET", CONSOLE, token=None)).body.decode()
    assert f"/_sim/clients/{WEB_CLIENT_ID}/client_secret.json" in read_all(page)[2]
    assert "GOCSPX-" not in page


async def test_secrets_deletion_trust_and_audience(wire: Wire, google: SimulatedGoogle):
    client = google.state.clients[DEFAULT_CLIENT_ID]
    first = client.secret
    said = await press(wire, "add_secret", "Add secret", among=DEFAULT_CLIENT_ID)
    assert client.secret in said
    assert client.older_secret == first
    await press(wire, "delete_secret", "Delete the older secret")
    assert (client.older_secret, client.knows(first)) == (None, False)
    await press(wire, "delete", "Delete", among=DEFAULT_CLIENT_ID)
    assert (await wire("GET", ASK, token=None)).status == 401
    await press(wire, "delete", "Restore", among=DEFAULT_CLIENT_ID)
    assert (await wire("GET", ASK, token=None)).status == 200
    await press(wire, "trust", "Block", among=DEFAULT_CLIENT_ID)
    assert client.trusted is False
    await press(wire, "trust", "Trust", among=DEFAULT_CLIENT_ID)
    assert client.trusted is True
    await press(
        wire, "audience", "Save", among=DEFAULT_CLIENT_ID, publishing="testing", test_users="a@example.com\nb@x.org"
    )
    assert (client.publishing, client.test_users) == ("testing", ("a@example.com", "b@x.org"))


async def test_the_api_the_accounts_and_the_plan(wire: Wire, google: SimulatedGoogle):
    await press(wire, "api", "Disable")
    assert (await wire("GET", EVENTS)).json["error"]["errors"][0]["reason"] == "accessNotConfigured"
    await press(wire, "api", "Enable")
    await press(wire, "calendar_user", "Turn off", among=DEFAULT_ACCOUNT)
    assert (await wire("GET", EVENTS)).json["error"]["errors"][0]["reason"] == "notACalendarUser"
    await press(wire, "calendar_user", "Turn on", among=DEFAULT_ACCOUNT)
    await press(wire, "access", "Share", role="reader")
    assert google.state.accounts[DEFAULT_ACCOUNT].access[DEFAULT_ACCOUNT] == "reader"
    await press(wire, "account", "Add account", email="new@example.com")
    assert "new@example.com" in google.state.accounts
    assert "somebody who is not here yet" in await press(wire, "account", "Add account", email="new@example.com")
    assert "for every client" in await press(wire, "revoke", "Remove access", among=DEFAULT_ACCOUNT)
    assert (await wire("GET", EVENTS)).status == 401
    await press(wire, "plan", "Plan", outcome="deny", times="")
    assert (google.state.consent.outcome, google.state.consent.times) == ("deny", None)


async def test_buttons_of_a_page_that_is_out_of_date(wire: Wire, google: SimulatedGoogle):
    for sent in ({"do": "explode"}, {"do": "delete", "client_id": "gone"}, {"do": "access", "role": "king"}):
        assert (await wire("POST", CONSOLE, data=sent, token=None)).status == 303
    _, text = await shown(wire)
    assert "The role must be" in text or "There is no" in text


@pytest.mark.parametrize(
    ("uri", "fine"),
    [
        ("http://localhost:8080/oauth/google/callback", True),
        ("http://127.0.0.1/x", True),
        ("http://[::1]:5000/", True),
        ("https://pbx.example.com/x", True),
        ("http://pbx.example.com/x", False),
        ("https://192.168.1.5/x", False),
        ("https://203.0.113.5/x", False),
        ("https://pbx.local/x", False),
        ("https://pbx/x", False),
        ("https://pbx.example.com/x#y", False),
        ("https://user@pbx.example.com/x", False),
        ("https://*.example.com/x", False),
        ("https://pbx.example.com/../x", False),
        ("https://pbx.example.com:99999/x", False),
        ("urn:ietf:wg:oauth:2.0:oob", False),
        ("", False),
    ],
)
def test_which_addresses_can_be_registered(uri: str, fine: bool):
    assert (redirect_problem(uri) is None) is fine


async def test_the_api_that_is_off_in_every_shape(wire: Wire, google: SimulatedGoogle):
    google.do.set_behaviour(api_enabled=False)
    seen = {}
    for shape in ("both", "errors", "details"):
        await wire("POST", "/_sim/do/set_behaviour", json={"api_disabled_shape": shape}, token=None)
        error = (await wire("GET", EVENTS)).json["error"]
        assert (error["code"], "has not been used in project" in error["message"]) == (403, True)
        seen[shape] = ("errors" in error, "details" in error)
    assert seen == {"both": (True, True), "errors": (True, False), "details": (False, True)}


async def test_the_date_header_follows_the_clock_and_can_be_off(wire: Wire, google: SimulatedGoogle):
    async def off_by() -> float:
        answer = await wire("POST", "/token", data={}, token=None)
        return (parsedate_to_datetime(answer.headers["Date"]) - google.state.clock.now()).total_seconds()

    assert -2 < await off_by() < 2
    await wire("POST", "/_sim/clock", json={"skew_s": 90}, token=None)
    assert 88 < await off_by() < 92
    google.do.set_clock(advance_s=3600)
    assert 88 < await off_by() < 92
    await wire("POST", "/_sim/clock", json={"real": True}, token=None)
    assert -2 < await off_by() < 2


@pytest.mark.parametrize(("by", "status"), [("guest_page", 200), ("guest_redirect", 302), ("proxy", 407)])
async def test_somebody_else_answers_at_any_endpoint(wire: Wire, google: SimulatedGoogle, by: str, status: int):
    await wire("POST", "/_sim/do/intercept", json={"by": by, "operation": "token", "times": 1}, token=None)
    assert (await wire("POST", "/token", data={}, token=None)).status == status
    assert (await wire("POST", "/token", data={}, token=None)).status == 400
    google.do.intercept(by)
    for path in ("/v1/userinfo", ASK, "/token"):
        answer = await wire("POST" if path == "/token" else "GET", path, token=None)
        assert (answer.status, answer.headers["Content-Type"]) == (status, "text/html; charset=utf-8")
    wrong = await wire("POST", "/_sim/do/intercept", json={"by": by, "operation": "dance"}, token=None)
    assert wrong.status == 400


async def test_calendars_by_role_and_in_pages(wire: Wire, google: SimulatedGoogle):
    for role in ("writer", "reader", "owner", "freeBusyReader"):
        google.do.add_calendar(role, role=role)
    listed = (await wire("GET", LIST, params={"minAccessRole": "writer"})).json
    assert [entry["accessRole"] for entry in listed["items"]] == ["owner", "writer", "owner"]
    seen, token = [], None
    while token != "":
        query = {"minAccessRole": "writer", "maxResults": "2", **({"pageToken": token} if token else {})}
        page = (await wire("GET", LIST, params=query)).json
        seen += [entry["summary"] for entry in page["items"]]
        token = page.get("nextPageToken", "")
    assert seen == [DEFAULT_ACCOUNT, "writer", "owner"]


async def test_every_page_says_that_it_is_simulated(wire: Wire, google: SimulatedGoogle):
    google.do.fault({"status": 500}, match={"operation": "authorize"}, times=1)
    broken = await wire("GET", ASK, token=None)
    assert broken.status == 500
    pages = [broken, *[await wire("GET", path, token=None) for path in ("/", "/nothing", "/calendar/event", CONSOLE)]]
    assert all("SIMULATOR \u2013 NOT GOOGLE".encode() in page.body for page in pages)
    assert [page.status for page in pages[1:]] == [200, 404, 404, 200]
    assert json.loads((await wire("GET", "/calendar/v3/nothing", token=None)).body)["error"]["code"] == 404
