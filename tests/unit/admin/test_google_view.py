"""Which card is open and what is said in it, for everything that the page can be made of; no server, no files."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway import messages
from gateway.accounts.attempt import SignInLink
from gateway.accounts.google_app import AppEntry, GoogleApp
from gateway.accounts.standing import Situation, Standing
from gateway.admin.google import view as google_view
from gateway.admin.google.app_form import Draft, app_form, swapped
from gateway.admin.google.shelf import Shelf
from gateway.admin.google.view import Fault, Seen, Told, emphasised
from gateway.admin.google.way_back import returns
from gateway.config import Secret
from tests.unit.google.moved_clock import MovedClock

REDIRECT = "http://127.0.0.1:8765/oauth/google/callback"
SECRET = Secret("GOCSPX-abcdefghijkl")
APP = GoogleApp(client_id="1-a.apps.googleusercontent.com", client_secret=SECRET, redirect_uri=REDIRECT)
EMAIL = "rooms@example.com"
LINK = SignInLink(url="https://google.example/auth", started_at_ms=0, expires_at_ms=600_000)


def standing(situation: Situation, pill: str = "Pill", line: str = "Line.", **more: object) -> Standing:
    return replace(Standing(situation=situation, pill=pill, line=line), **more)  # type: ignore[arg-type]


SEEN = Seen(
    standing=standing(Situation.NOT_CONNECTED, "Not connected"),
    app=GoogleApp(),
    candidate=None,
    draft=None,
    fault=None,
    told=None,
    change="",
    authorized_at_ms=None,
    proved=True,
    zone=None,
)
CONNECTED = replace(
    SEEN, app=APP, standing=standing(Situation.AUTHORIZED, "Authorized", email=EMAIL), authorized_at_ms=86_400_000
)


@pytest.mark.parametrize(
    ("seen", "step", "done"),
    [
        (SEEN, 1, set()),
        (replace(SEEN, app=APP), 2, {1}),
        (replace(SEEN, app=APP, standing=standing(Situation.WAITING, link=LINK)), 3, {1}),
        (CONNECTED, 4, {1, 2, 3, 4}),
        (replace(CONNECTED, standing=standing(Situation.LOST, email=EMAIL)), 2, {1}),
    ],
    ids=["nothing", "app", "waiting", "connected", "lost"],
)
def test_the_step_is_where_a_person_is(seen: Seen, step: int, done: set[int]):
    found = google_view.view(seen)
    assert found.step == step
    assert {card for card in range(1, 5) if found.done(card)} == done
    assert not any(found.open(card) for card in range(1, 5) if seen.standing.link is None)


@pytest.mark.parametrize(
    ("more", "card"),
    [
        ({"change": "app"}, 1),
        ({"change": "calendar"}, 4),
        ({"told": Told(at=2, headline="Saved.")}, 2),
        ({"fault": Fault(message=messages.text("G-405"), field="client_secret")}, 1),
        ({"fault": Fault(message=messages.text("G-205"), field="code")}, 3),
        ({"standing": standing(Situation.AUTHORIZED, email=EMAIL, link=LINK)}, 3),
    ],
)
def test_a_done_card_opens_where_there_is_something_to_do(more: dict[str, object], card: int):
    found = google_view.view(replace(CONNECTED, **more))  # type: ignore[arg-type]
    assert {each for each in range(1, 5) if found.open(each)} == {card}


@pytest.mark.parametrize("situation", Situation)
def test_the_title_and_a_sign_say_what_the_colour_says(situation: Situation):
    found = google_view.view(replace(SEEN, standing=standing(situation, "Authorized, ends on 2026-11-28")))
    assert found.title == "Google Calendar - authorized, ends on 2026-11-28"
    assert found.colour
    assert found.mark


def test_the_title_keeps_names():
    found = google_view.view(replace(SEEN, standing=standing(Situation.UNREACHABLE, "Google is not reachable")))
    assert found.title == "Google Calendar - Google is not reachable"


@pytest.mark.parametrize("situation", [Situation.LOST, Situation.ACTION, Situation.UNREACHABLE])
def test_what_an_admin_has_to_mend_is_a_banner(situation: Situation):
    message = messages.text("G-503")
    assert google_view.view(replace(SEEN, standing=standing(situation, message=message))).banner is message
    assert google_view.view(replace(SEEN, standing=standing(Situation.AUTHORIZED, message=message))).banner is None


@pytest.mark.parametrize(
    ("redirect", "page", "from_loopback", "way"),
    [
        (REDIRECT, "https://gateway.lan:8766", False, "unreachable"),
        (REDIRECT, "http://127.0.0.1:8765", True, "automatic"),
        (REDIRECT, "http://localhost:8765", True, "shown"),
        (REDIRECT, "https://127.0.0.1:8766", True, "shown"),
        (REDIRECT, "https://127.0.0.1:8766", False, "unreachable"),
        ("http://127.0.0.1:9999/oauth/google/callback", "http://127.0.0.1:8765", True, "unreachable"),
        ("https://gw.example.com/oauth/google/callback", "https://gw.example.com", False, "automatic"),
        ("https://gw.example.com/oauth/google/callback", "https://10.0.0.7:8766", False, "shown"),
        ("https://other.example.com/x", "https://gw.example.com", False, "unreachable"),
        ("http://[::1]:8765/oauth/google/callback", "http://[::1]:8765", True, "automatic"),
    ],
)
def test_what_the_browser_will_show_after_allow(redirect: str, page: str, from_loopback: bool, way: str):
    own = frozenset({"http://127.0.0.1:8765", "http://localhost:8765", "https://gw.example.com:443"})
    assert returns(redirect, page=page, from_loopback=from_loopback, own=own).way == way


def test_names_in_the_status_line_are_strong():
    pieces = emphasised("Account a@b.c. Calendar Rooms. Last success just now.", "a@b.c", "Rooms", "")
    assert "".join(piece.text for piece in pieces) == "Account a@b.c. Calendar Rooms. Last success just now."
    assert [piece.text for piece in pieces if piece.strong] == ["a@b.c", "Rooms"]


@pytest.mark.parametrize(("told", "shown"), [("https://c/x", "https://c/x"), ("javascript:alert(1)", ""), ("", "")])
def test_only_addresses_of_web_pages_become_links(told: str, shown: str):
    assert google_view.web_link(told) == shown


def test_a_secret_in_the_wrong_field_is_not_shown_again():
    draft = Draft(id="1", entry=AppEntry(client_id=SECRET.reveal(), client_secret=SECRET))
    form = app_form(APP, draft)
    assert SECRET.reveal() not in repr(form)
    assert form.has_secret
    assert swapped(draft.entry).client_secret == SECRET


def test_what_was_typed_comes_back():
    draft = Draft(
        id="1", entry=AppEntry(client_id="typed", redirect_uri="http://x"), addresses=("https://a", "https://b")
    )
    form = app_form(APP, draft)
    assert (form.client_id, form.redirect_uri, form.addresses) == ("typed", "http://x", ("https://a", "https://b"))
    assert app_form(APP, None).client_id == APP.client_id


def test_a_shelf_forgets_the_old_and_the_many():
    clock = MovedClock()
    shelf: Shelf[str] = Shelf(clock, life_s=600, most=3)
    for name in "abcd":
        shelf.put(name, name.upper())
    assert shelf.get("a") is None
    assert [shelf.get(name) for name in "bcd"] == ["B", "C", "D"]
    assert shelf.take("b") == "B"
    assert shelf.take("b") is None
    clock.ahead_ms += 599_000
    shelf.put("d", "again")
    clock.ahead_ms += 2_000
    assert shelf.get("c") is None
    assert shelf.get("d") == "again"
    assert len(shelf) == 1
