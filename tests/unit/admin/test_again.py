"""Who is asked again who it is, and what was typed meanwhile: sessions that end, secrets, two people at one form."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import web

from gateway.access.admins import Admins
from gateway.access.session_life import IDLE_S, PROVED_S
from gateway.admin.again import Again
from gateway.admin.conflicts import Difference, conflict, version_of
from gateway.admin.door import Door, Ports
from gateway.admin.door_pages import DoorPages
from gateway.admin.look_page import LookPage
from gateway.admin.shell import Shell, form_of, redirect
from gateway.errors import AccessError
from gateway.store.database import Database
from gateway.web.listeners import listen
from tests.journey.door_office import PASSWORD, Visitor
from tests.journey.plain_browser import Page, PlainBrowser
from tests.prepared import give_database
from tests.unit.google.moved_clock import MovedClock

pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass
class Rooms:
    """Some pages of a room: a form that two people may have open, a secret, and an answer that takes long."""

    shell: Shell
    clock: MovedClock
    base: str = ""
    stored: dict[str, str] = field(default_factory=lambda: {"name": "PBX", "zone": "UTC"})
    changed_ms: int = 0
    saved: list[dict[str, str]] = field(default_factory=list)
    ended: list[bool] = field(default_factory=list)
    watching: asyncio.Event = field(default_factory=asyncio.Event)

    def add(self, app: web.Application) -> None:
        self.shell.add(app, "GET", "/form", self.form)
        self.shell.add(app, "POST", "/form", self.save)
        self.shell.add(app, "GET", "/secret", self.secret)
        self.shell.add(app, "POST", "/secret", self.secret)
        self.shell.add(app, "POST", "/typed-secret", self.typed_secret)
        self.shell.add(app, "GET", "/stream", self.stream)

    async def form(self, request: web.Request) -> web.Response:
        """A page that is there for something else, and has a form with hidden fields."""
        return await self.shell.render(
            request,
            "conflict.html",
            message=_Nothing(),
            differences=[],
            fields={**self.stored, "version": self.version},
            dropped=False,
            to="/form",
            back="/form",
        )

    def forward(self, seconds: float) -> None:
        self.clock.ahead_ms += int(seconds * 1000)

    @property
    def version(self) -> str:
        return version_of(*self.stored.values())

    async def save(self, request: web.Request) -> web.Response:
        form = dict(await form_of(request))
        clash = await conflict(
            self.shell,
            request,
            stored=self.version,
            by="admin:boris",
            at_ms=self.changed_ms,
            differences=[Difference(each, self.stored[each], form.get(each, "")) for each in self.stored],
        )
        if clash is not None:
            return clash
        self.stored = {name: form[name] for name in self.stored}
        self.changed_ms = self.clock.now_ms()
        self.saved.append(form)
        return redirect("/form")

    async def secret(self, request: web.Request) -> web.Response:
        asked = await self.shell.proved(request)
        if asked is not None:
            return asked
        self.saved.append(dict(await form_of(request)))
        return web.Response(text="the key")

    async def typed_secret(self, request: web.Request) -> web.Response:
        try:
            await self.shell.prove_again(request)
        except AccessError as error:
            return web.Response(status=422, text=f"{error.code} {error.field}")
        return web.Response(text="replaced")

    async def stream(self, request: web.Request) -> web.Response:
        with self.shell.watched(request) as ended:
            self.watching.set()
            async with asyncio.timeout(60):
                await ended.wait()
        self.ended.append(await self.shell.still(request))
        return web.Response(text="over")


class _Nothing:
    """A message that says nothing."""

    severity, title, text, remedy, code = "info", "Form", "", "", "A-06"

    def __str__(self) -> str:
        return ""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rooms(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Rooms]:
    folder: Path = tmp_path_factory.mktemp("again")
    give_database(folder / "gateway.db", 0)
    database = Database(folder / "gateway.db")
    await database.open()
    clock = MovedClock()
    admins = Admins(database=database, data_dir=folder, clock=clock)
    shell = Shell(admins=admins, name="Here")
    shell.clock = clock
    app = web.Application(middlewares=[Door(shell, Ports(), frozenset).middleware()])
    for pages in (DoorPages(shell), Again(shell), LookPage(shell), rooms := Rooms(shell, clock)):
        pages.add(app)
    listener = await listen(app, "127.0.0.1", 0)
    rooms.base = listener.url
    await admins.add_user("anna", PASSWORD)
    yield rooms
    await listener.close()
    await database.close()


@pytest_asyncio.fixture(loop_scope="module")
async def anna(rooms: Rooms) -> AsyncIterator[PlainBrowser]:
    async with PlainBrowser(rooms.base) as browser:
        await browser.open("/sign-in?next=/form")
        await browser.press("Sign in", name="anna", password=PASSWORD)
        rooms.saved.clear()
        yield browser


async def sign_in_again(browser: PlainBrowser, password: str = PASSWORD) -> Page:
    return await browser.press("Sign in", **{"again-name": "anna", "again-password": password})  # type: ignore[arg-type]


async def test_what_was_typed_when_the_session_ended_comes_back(rooms: Rooms, anna: PlainBrowser) -> None:
    await anna.open("/form")
    rooms.forward(IDLE_S + 120)
    page = await anna.press("Overwrite", name="Typed <long> & well", zone="Asia/Tokyo")
    assert page.status == 401
    assert page.codes() == ["A-03"]
    assert "What you typed is still here." in page.text
    assert rooms.saved == []
    page = await sign_in_again(anna, "wrong password")
    assert page.status == 401
    assert "A-01" in page.codes()
    page = await sign_in_again(anna)
    assert "You are signed in again" in page.text
    assert rooms.saved == []
    page = await anna.press("Send it now")
    assert page.status == 200
    assert [each["name"] for each in rooms.saved] == ["Typed <long> & well"]
    assert rooms.stored["zone"] == "Asia/Tokyo"


async def test_secrets_do_not_come_back(rooms: Rooms, anna: PlainBrowser) -> None:
    page = await anna.open("/form")
    token = next(each.value for each in page.controls if each.name == "csrf")
    rooms.forward(IDLE_S + 120)
    fields = [("csrf", token), ("name", "kept name"), ("smtp_password", "canary"), ("client_secret", "canary")]
    page = await anna.post("/form", fields)
    assert "kept name" in page.source
    assert "canary" not in page.source


async def test_only_a_form_of_the_ended_session_is_kept(rooms: Rooms, anna: PlainBrowser) -> None:
    page = await anna.open("/form")
    token = next(each.value for each in page.controls if each.name == "csrf")
    rooms.forward(IDLE_S + 120)
    page = await anna.post("/form", [("csrf", "other"), ("name", "canary")])
    assert page.status == 401
    assert "canary" not in page.source
    page = await anna.post("/form", [("csrf", token), ("name", "x" * 70_000)])
    assert page.status == 401
    assert "Nothing was done with what you sent." in page.text
    async with Visitor(rooms.base) as stranger:
        answer = await stranger.post("/form", name="canary")
        assert answer.status == 401
        assert "canary" not in answer.text


async def test_the_form_is_never_sent_to_another_site(rooms: Rooms, anna: PlainBrowser) -> None:
    async with Visitor(rooms.base) as visitor:
        await visitor.get("/sign-in")
        sent = {"again-name": "anna", "again-password": PASSWORD, "again-to": "https://evil.example/", "name": "x"}
        answer = await visitor.post("/sign-in/again", **sent)
        assert answer.status == 200
        assert "evil.example" not in answer.text
        elsewhere = {"Origin": "https://evil.example"}
        assert (await visitor.post("/sign-in/again", elsewhere, **sent)).status == 403
        assert (await visitor.post("/sign-in/again", token="x", **sent)).status == 403


async def test_a_secret_asks_for_the_password_when_it_was_entered_long_ago(rooms: Rooms, anna: PlainBrowser) -> None:
    assert (await anna.open("/secret")).source == "the key"
    rooms.forward(PROVED_S - 5)
    assert (await anna.open("/secret")).source == "the key"
    rooms.forward(10)
    page = await anna.open("/secret")
    assert "Enter your password again" in page.text
    page = await anna.press("Continue", **{"again-password": "wrong password"})  # type: ignore[arg-type]
    assert (page.status, page.codes()) == (401, ["A-01"])
    page = await anna.press("Continue", **{"again-password": PASSWORD})  # type: ignore[arg-type]
    assert page.source == "the key"
    assert page.url.endswith("/secret")


async def test_a_form_goes_on_where_it_was_after_the_password(rooms: Rooms) -> None:
    async with Visitor(rooms.base) as visitor:
        await visitor.sign_in()
        rooms.forward(PROVED_S + 5)
        rooms.saved.clear()
        answer = await visitor.post("/secret?x=1", device="pbx", note="typed")
        assert answer.status == 403
        assert 'name="device" value="pbx"' in answer.text
        assert rooms.saved == []
        sent = {"again-to": "/secret?x=1", "again-post": "yes", "again-password": PASSWORD, "device": "pbx"}
        answer = await visitor.post("/prove", **sent)
        assert (answer.status, answer.place) == (307, "/secret?x=1")
        assert (await visitor.post("/secret?x=1", **sent)).text == "the key"
        assert rooms.saved[0]["device"] == "pbx"


async def test_a_form_with_a_secret_asks_in_the_form(rooms: Rooms) -> None:
    async with Visitor(rooms.base) as visitor:
        await visitor.sign_in()
        assert (await visitor.post("/typed-secret")).text == "replaced"
        rooms.forward(PROVED_S + 5)
        assert (await visitor.post("/typed-secret")).text == "A-12 password"
        assert (await visitor.post("/typed-secret", password="wrong password")).text == "A-01 password"
        assert (await visitor.post("/typed-secret", password=PASSWORD)).text == "replaced"
        assert (await visitor.post("/typed-secret")).text == "replaced"


async def test_the_second_of_two_people_sees_what_the_first_one_changed(rooms: Rooms, anna: PlainBrowser) -> None:
    rooms.stored = {"name": "PBX", "zone": "UTC"}
    await anna.open("/form")
    rooms.stored = {"name": "PBX of Boris", "zone": "UTC"}
    rooms.changed_ms = rooms.clock.now_ms()
    rooms.forward(185)
    page = await anna.press("Overwrite", name="PBX of Anna")
    assert page.status == 409
    assert page.codes() == ["A-06"]
    assert "boris changed these settings 3 minutes ago." in page.text
    assert "PBX of Boris" in page.text
    assert "PBX of Anna" in page.text
    assert "UTC" not in page.text, "what is the same is no difference"
    assert rooms.stored["name"] == "PBX of Boris"
    assert page.link("Show changes") == "/form"
    rooms.stored = {"name": "PBX of Clara", "zone": "UTC"}
    page = await anna.press("Overwrite")
    assert page.status == 409, "a third one was faster again"
    page = await anna.press("Overwrite")
    assert page.status == 200
    assert rooms.stored["name"] == "PBX of Anna"


async def test_a_form_without_a_version_is_not_held_back(rooms: Rooms) -> None:
    async with Visitor(rooms.base) as visitor:
        await visitor.sign_in()
        await visitor.get("/form")
        assert (await visitor.post("/form", name="New", zone="UTC")).status == 303


@pytest.mark.parametrize("how", ["sign-out", "password"])
async def test_an_answer_that_takes_long_ends_with_its_session(rooms: Rooms, how: str) -> None:
    async with Visitor(rooms.base) as visitor, Visitor(rooms.base) as other:
        await visitor.sign_in()
        await other.sign_in()
        rooms.watching.clear()
        rooms.ended.clear()
        open_one = asyncio.create_task(visitor.get("/stream"))
        await rooms.watching.wait()
        async with asyncio.timeout(60):
            if how == "sign-out":
                await other.post("/sign-out")
            else:
                await other.post("/password", old=PASSWORD, new=PASSWORD, again=PASSWORD)
            await open_one
        assert rooms.ended == [False]


@pytest.mark.parametrize("header", [{"X-Unasked": "yes"}, {"Accept": "text/event-stream"}])
async def test_a_page_that_refreshes_itself_keeps_nobody_signed_in(rooms: Rooms, header: dict[str, str]) -> None:
    async with Visitor(rooms.base) as visitor:
        await visitor.sign_in()
        for _ in range(3):
            rooms.forward(IDLE_S / 3 + 10)
            answer = await visitor.get("/password", header)
        assert answer.status == 303
        await visitor.sign_in()
        for _ in range(4):
            rooms.forward(IDLE_S / 2)
            assert (await visitor.post("/stay", {"Accept": "*/*", "Sec-Fetch-Site": "same-origin"})).status == 204
        assert await visitor.signed_in()


async def test_the_page_says_when_the_session_ends(rooms: Rooms, anna: PlainBrowser) -> None:
    page = await anna.open("/password")
    warning = page.by_id("ending")
    assert warning.attributes["data-idle-s"] == str(IDLE_S)
    assert "2 minutes" in warning.text
    assert "open" not in warning.attributes


async def test_language_and_colours_are_chosen_on_any_page(rooms: Rooms) -> None:
    async with PlainBrowser(rooms.base) as browser:
        page = await browser.open("/sign-in?next=/form")
        assert 'lang="en" dir="ltr" data-theme="auto"' in page.source
        await browser.press("Dark")
        page = await browser.press("Español")
        assert page.url.endswith("/sign-in?next=/form")
        assert 'lang="es" dir="ltr" data-theme="dark"' in page.source
        page = await browser.press("English")
        assert 'lang="en" dir="ltr" data-theme="dark"' in page.source


@pytest.mark.parametrize(
    ("sent", "place", "cookie"),
    [
        ({"theme": "light", "back": "//evil.example"}, "/", "light.en"),
        ({"theme": "pink", "language": "xx", "back": "/help"}, "/help", "auto.en"),
        ({"language": "ar-XB"}, "/", "auto.ar-XB"),
        ({}, "/", "auto.en"),
    ],
)
async def test_nothing_else_can_be_chosen(rooms: Rooms, sent: dict[str, str], place: str, cookie: str) -> None:
    async with Visitor(rooms.base) as visitor:
        await visitor.get("/sign-in")
        answer = await visitor.post("/look", **sent)
        assert (answer.status, answer.place) == (303, place)
        assert answer.cookies["gateway_look"].startswith(f"gateway_look={cookie};")
        assert "HttpOnly" in answer.cookies["gateway_look"]
        assert (await visitor.post("/look", token="x", **sent)).status == 403


async def test_a_page_below_right_to_left(rooms: Rooms) -> None:
    async with Visitor(rooms.base) as visitor:
        await visitor.get("/sign-in")
        await visitor.post("/look", language="ar-XB")
        assert 'lang="ar-XB" dir="rtl"' in (await visitor.get("/sign-in")).text
