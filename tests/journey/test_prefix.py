"""The pages below a path of a reverse proxy, which takes the path away or leaves it; asked as a proxy asks."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlencode

import pytest
import pytest_asyncio

from tests.journey.door_office import PASSWORD, Door, opened_door, raw
from tests.journey.test_door_routes import INSIDE, TRICKS

PUBLIC = "https://pbx.example.com/meetings"
HOST = "pbx.example.com"
PREFIX = "/meetings"
ADDRESSES = re.compile(
    r'\s(?:href|src|action|formaction|hx-\w+)="(/[^"]*)"|http-equiv="refresh" content="\d+;url=(/[^"]*)"'
)


@dataclass
class Seen:
    """What a browser gets."""

    status: int
    headers: list[tuple[str, str]]
    text: str

    @property
    def place(self) -> str:
        return next((value for name, value in self.headers if name == "location"), "")

    @property
    def addresses(self) -> list[str]:
        return [first or second for first, second in ADDRESSES.findall(self.text)]

    @property
    def token(self) -> str:
        found = re.search(r'name="csrf" value="([^"]+)"', self.text)
        return found[1] if found else ""


@dataclass
class Proxied:
    """A browser whose requests for https://pbx.example.com/meetings/... come from a proxy on this machine."""

    door: Door
    strips: bool
    host: str = HOST
    jar: dict[str, tuple[str, str]] = field(default_factory=dict)

    async def ask(self, method: str, path: str, form: dict[str, str] | None = None) -> Seen:
        """Ask for a path as the browser sees it."""
        assert path.startswith(PREFIX)
        sent = (path.removeprefix(PREFIX) or "/") if self.strips else path
        body = urlencode(form or {}).encode() if form is not None else b""
        bare = path.partition("?")[0]
        cookies = "; ".join(f"{name}={value}" for name, (value, below) in self.jar.items() if bare.startswith(below))
        head = [f"{method} {sent} HTTP/1.1", f"Host: {self.host}", "Accept: text/html", "Connection: close"]
        head += ["Sec-Fetch-Site: same-origin", f"Cookie: {cookies}", f"Content-Length: {len(body)}"]
        head += ["Content-Type: application/x-www-form-urlencoded"] if form is not None else []
        answer = await raw(self.door.http, "\r\n".join(head).encode() + b"\r\n\r\n" + body)
        return self._seen(answer)

    def _seen(self, answer: bytes) -> Seen:
        head, _, body = answer.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = [(name.lower(), value) for name, _, value in (line.partition(": ") for line in lines)]
        for name, value in headers:
            if name == "set-cookie":
                for key, morsel in SimpleCookie(value).items():
                    self.jar[key] = (morsel.value, morsel["path"])
        return Seen(int(first.split()[1]), headers, body.decode("utf-8", "replace"))

    async def sign_in(self) -> Seen:
        page = await self.ask("GET", f"{PREFIX}/sign-in")
        form = {"csrf": page.token, "name": "anna", "password": PASSWORD, "next": "/password"}
        return await self.ask("POST", next(each for each in page.addresses if each.endswith("/sign-in")), form)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def door(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Door]:
    async with opened_door(tmp_path_factory.mktemp("prefix"), anna=True, public_url=PUBLIC) as door:
        yield door


pytestmark = pytest.mark.asyncio(loop_scope="module")


def paths_of(door: Door) -> Iterator[str]:
    for route in door.gateway.listener.app.router.routes():
        assert route.resource is not None
        path = route.resource.canonical
        if route.method == "GET" and "{" not in path and not path.startswith(("/api", "/live")):
            yield path


@pytest.mark.parametrize("strips", [True, False])
async def test_a_walk_stays_below_the_path(door: Door, strips: bool) -> None:
    browser = Proxied(door, strips)
    assert (await browser.ask("GET", f"{PREFIX}/")).place == f"{PREFIX}/sign-in"
    assert (await browser.ask("GET", f"{PREFIX}/google?x=1")).place == f"{PREFIX}/sign-in?next=/google%3Fx%3D1"
    answer = await browser.sign_in()
    assert (answer.status, answer.place) == (303, f"{PREFIX}/password")
    assert browser.jar["gateway_session"][1] == PREFIX
    assert all("Secure" in value for name, value in answer.headers if name == "set-cookie")
    page = await browser.ask("GET", answer.place)
    assert page.status == 200
    chosen = await browser.ask("POST", f"{PREFIX}/look", {"csrf": page.token, "theme": "dark", "back": "/help/A-01"})
    assert chosen.place == f"{PREFIX}/help/A-01"
    assert 'data-theme="dark"' in (await browser.ask("GET", chosen.place)).text
    out = await browser.ask("POST", f"{PREFIX}/sign-out", {"csrf": page.token})
    assert out.place == f"{PREFIX}/sign-in"
    assert (await browser.ask("GET", f"{PREFIX}/password")).status == 303


@pytest.mark.parametrize("strips", [True, False])
async def test_every_address_on_every_page_is_below_the_path(door: Door, strips: bool) -> None:
    browser = Proxied(door, strips)
    await browser.sign_in()
    files, pages = set(), 0
    for path in paths_of(door):
        page = await browser.ask("GET", PREFIX + path)
        assert page.status < 500, path
        if strips and not page.text and page.place:
            assert page.place.startswith(f"{PREFIX}/"), path
        assert all(each.startswith(f"{PREFIX}/") for each in page.addresses), path
        if 'data-base="' in page.text:
            pages += 1
            assert f'data-base="{PREFIX}"' in page.text, path
        files |= {each for each in page.addresses if "/static/" in each}
    assert pages > 5
    assert len(files) >= 4
    for file in files:
        assert (await browser.ask("GET", file)).status == 200, file


@pytest.mark.parametrize("strips", [True, False])
async def test_google_leads_back_below_the_path(door: Door, strips: bool) -> None:
    browser = Proxied(door, strips)
    back = f"{PREFIX}/oauth/google/callback?state=unknown&code=4/0Aabcdefghijklmnopqrstuvwxyz0123456789"
    page = await browser.ask("GET", back)
    assert page.status in (200, 303)
    for place in [page.place] if page.place else page.addresses:
        assert place.startswith(f"{PREFIX}/")
        assert (await browser.ask("GET", place)).status in (200, 303)


async def test_a_form_that_came_late_is_sent_again_below_the_path(door: Door) -> None:
    browser = Proxied(door, strips=False)
    await browser.sign_in()
    page = await browser.ask("GET", f"{PREFIX}/prove?next=/help")
    assert page.place == f"{PREFIX}/help"
    await door.gateway.admins.set_password("anna", PASSWORD)
    token = (await Proxied(door, strips=True).ask("GET", f"{PREFIX}/sign-in")).token
    assert (await browser.ask("POST", f"{PREFIX}/password", {"csrf": token})).status == 401


@pytest.mark.parametrize("strips", [True, False])
async def test_devices_are_served_below_the_path_too(door: Door, strips: bool) -> None:
    browser = Proxied(door, strips)
    assert (await browser.ask("GET", f"{PREFIX}/api/v1/openapi.json")).status == 200
    assert (await browser.ask("GET", f"{PREFIX}/healthz")).status == 200
    assert (await browser.ask("POST", f"{PREFIX}/api/v1/devices/x/meetings", {})).status == 401


async def test_under_another_name_of_the_gateway_nothing_is_added(door: Door) -> None:
    direct = Proxied(door, strips=True, host="127.0.0.1")
    page = await direct.ask("GET", f"{PREFIX}/sign-in")
    assert 'data-base=""' in page.text
    assert 'action="/sign-in"' in page.text
    left = await Proxied(door, strips=False, host="127.0.0.1").ask("GET", f"{PREFIX}/sign-in")
    assert f'action="{PREFIX}/sign-in"' in left.text, "a proxy that does not tell its name leaves the path"


@pytest.mark.parametrize("strips", [True, False])
async def test_the_path_may_be_the_name_of_a_page(door: Door, strips: bool) -> None:
    browser = Proxied(door, strips)
    await browser.ask("GET", f"{PREFIX}/sign-in")
    for page in ("/meetings", "/meetings/google", "/google", "/devices", "/meetings/week", "/meetings/5"):
        assert (await browser.ask("GET", f"{PREFIX}{page}")).place == f"{PREFIX}/sign-in?next={page}"


async def test_no_way_of_writing_an_address_opens_the_door(door: Door) -> None:
    for trick in TRICKS:
        for host in (HOST, door.http.removeprefix("http://")):
            answers = []
            for path in (trick, f"{PREFIX}{trick}"):
                head = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nAccept: text/html\r\n\r\n"
                answer = await raw(door.http, head.encode())
                assert not any(words in answer for words in INSIDE), (path, answer[:200])
                answers.append(int(answer.split()[1]))
            assert answers[0] == answers[1], (trick, answers)
            assert answers[0] in (303, 400, 404), (trick, answers)


@pytest.mark.parametrize("path", ["", "/a-b/~c", "/a//b"])
async def test_other_paths_of_an_address(tmp_path: Path, path: str) -> None:
    async with opened_door(tmp_path, anna=True, public_url=f"https://{HOST}{path}") as door, door.visitor() as visitor:
        page = await visitor.get("/sign-in", {"Host": HOST})
        assert f'action="{path}/sign-in"' in page.text
        assert path == "" or (await visitor.get(f"{path}x/sign-in", {"Host": HOST})).status == 404


async def test_in_doubt_a_proxy_is_believed_to_leave_the_path(tmp_path: Path) -> None:
    """After a restart, before anything else was asked."""
    async with opened_door(tmp_path, anna=True, public_url=f"https://{HOST}/google") as door, door.visitor() as visitor:
        assert (await visitor.get("/google", {"Host": HOST})).place == "/google/sign-in"
        assert (await visitor.get("/google/google", {"Host": HOST})).place == "/google/sign-in?next=/google"
