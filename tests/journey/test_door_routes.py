"""Who reaches what, from which page a form came, and that reading changes nothing."""

from __future__ import annotations

import asyncio
import hashlib
import re
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.journey.door_office import PASSWORD, Door, Visitor, opened_door, raw

PUBLIC = {
    "/", "/set-up", "/welcome", "/welcome/code", "/welcome/administrator",
    "/sign-in", "/sign-in/again", "/look", "/static/{name}", "/help", "/help/guide", "/help/{code}",
    "/oauth/google/callback", "/google/returned/{ticket}",
    "/welcome/restore",
}  # fmt: skip
"""All that a stranger may see of the pages."""
DEVICES = ("/api/", "/healthz", "/readyz", "/metrics", "/feeds/")
"""What is not for browsers: devices, and programs that watch; each has a door of its own."""
STREAM = "/live"
"""An answer that does not end."""
WAYS = 4
"""How many queries of one page, codes of the help and profiles: there is always one more week to look at."""
ENVELOPE = "/api"
"""Where devices speak the UCM's own words at the root; their door, not the people's."""


def routes(door: Door) -> Iterator[tuple[str, str]]:
    """Method and path of everything that is served."""
    for route in door.gateway.listener.app.router.routes():
        assert route.resource is not None
        yield route.method, route.resource.canonical


def filled(path: str) -> str:
    return re.sub(r"\{\w+\}", "1", path)


async def test_every_route_is_on_the_list_or_needs_a_session(tmp_path: Path) -> None:
    async with opened_door(tmp_path, anna=True) as door, door.visitor() as stranger:
        seen = set()
        for method, path in routes(door):
            if path.startswith(DEVICES) or path == ENVELOPE:
                continue
            seen.add(path)
            answer = await stranger.get(filled(path), {"Sec-Fetch-Site": "same-origin"}, method)
            if path in PUBLIC and method in ("GET", "HEAD"):
                assert answer.status in (200, 303, 404), (method, path)
            elif path in PUBLIC:
                assert answer.status in (403, 415), (method, path)
            elif method in ("GET", "HEAD"):
                assert answer.status == 303, (method, path)
                assert answer.place.startswith("/sign-in?next=/"), (method, path)
            else:
                assert answer.status == 401, (method, path)
                assert "A-03" in answer.text
        assert {"/google", "/google/code", "/google/start", "/sign-out", "/password"} < seen
        assert seen >= PUBLIC


async def test_every_page_goes_through_the_shell(tmp_path: Path) -> None:
    async with opened_door(tmp_path) as door:
        for route in door.gateway.listener.app.router.routes():
            assert route.resource is not None
            if not route.resource.canonical.startswith(DEVICES) and route.resource.canonical != ENVELOPE:
                assert "Shell.add" in route.handler.__qualname__, route.resource.canonical


TRICKS = [
    "//google", "/./google", "/google/", "/google/.", "/google.", "/x/../google", "/%2e/google", "/x/%2e%2e/google",
    "/%252e%252e/google", "/google;a=b", "/google%00", "/google%20", "/google%2f", "/GOOGLE", "/\\google", "/google\\",
    "/%67oogle", "/help/../google", "/help/%2e%2e/google", "/help/..%2fgoogle", "/help/..%5cgoogle",
    "/static/../google", "/static/..%2f..%2fshell.py", "/static/%2e%2e/shell.py", "/api/../google",
    "/api/%2e%2e/google", "/api//google",
    "/healthz/../google", "/oauth/google/callback/../../../google", "/google?x=/api/", "/google#/api/", "/google/%2e",
    "/password%3f", "/;/password", "//127.0.0.1/password", "/password/..;/password",
]  # fmt: skip
HEADERS = (
    "X-HTTP-Method-Override: GET", "X-Original-URL: /help", "X-Rewrite-URL: /help", "X-Forwarded-For: 127.0.0.1",
    "X-Forwarded-Proto: https", "X-Real-IP: 127.0.0.1", "Forwarded: for=127.0.0.1;proto=https",
)  # fmt: skip
INSIDE = (b"1. Google app", b"Your password now", b"import annotations", b"Sign out")


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


async def test_no_way_of_writing_an_address_opens_the_door(tmp_path: Path) -> None:
    async with opened_door(tmp_path, anna=True) as door:
        host = door.http.removeprefix("http://")
        for trick in TRICKS:
            for method in ("GET", "POST", "get", "Get", "HEAD"):
                for target in (trick, f"http://{host}{trick}", f"http://help.example{trick}"):
                    head = f"{method} {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nAccept: text/html\r\n"
                    answer = await raw(door.http, f"{head}Content-Length: 0\r\n\r\n".encode())
                    assert status_of(answer) in (303, 400, 401, 403, 404, 405), (method, target, answer[:200])
                    assert not any(words in answer for words in INSIDE), (method, target)


async def test_no_header_opens_the_door(tmp_path: Path) -> None:
    async with opened_door(tmp_path, anna=True) as door, door.visitor(tls=True) as stranger, door.visitor() as here:
        for line in HEADERS:
            name, _, value = line.partition(": ")
            assert (await stranger.get("/google", {name: value})).status == 303
            assert (await stranger.post("/sign-out", {name: value, "Sec-Fetch-Site": "same-origin"})).status == 401
            # Without TLS the pages are for this machine alone, and with such a header a proxy on it asks for others.
            assert (await here.get("/google", {name: value})).status == (
                403 if "Forwarded" in name or "Real" in name else 303
            )


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 303),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "null"}, 303),
        ({"Origin": "{base}"}, 303),
        ({}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "none"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "{base}"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "{base}.evil.example"}, 403),
        ({"Origin": "http://127.0.0.1"}, 403),
        ({"Origin": "http://127.0.0.1:1"}, 403),
        ({"Origin": "https{rest}"}, 403),
        ({"Referer": "{base}/password"}, 403),
    ],
)
async def test_a_form_must_come_from_a_page_of_ours(tmp_path: Path, headers: dict[str, str], status: int) -> None:
    async with opened_door(tmp_path, anna=True) as door, door.visitor() as visitor:
        await visitor.sign_in()
        sent = {name: text.format(base=door.http, rest=door.http[4:]) for name, text in headers.items()}
        answer = await visitor.post("/sign-out", sent)
        assert answer.status == status
        assert ("A-05" in answer.text) == (status == 403)
        assert await visitor.signed_in() == (status == 403)


async def test_a_form_must_carry_the_token_of_its_session(tmp_path: Path) -> None:
    async with opened_door(tmp_path, anna=True) as door, door.visitor() as visitor, door.visitor() as other:
        await visitor.sign_in()
        await other.sign_in()
        for token in ("", "x", other.token, visitor.token[:-1], f"{visitor.token}A", "é"):
            answer = await visitor.post("/sign-out", token=token)
            assert answer.status == 403
            assert "A-05" in answer.text
        assert await visitor.signed_in()
        assert (await visitor.post("/sign-out")).status == 303


async def test_forms_before_the_sign_in_are_bound_to_the_browser(tmp_path: Path) -> None:
    """Else somebody could sign others in to an account of theirs."""
    async with opened_door(tmp_path, anna=True) as door, door.visitor() as visitor, door.visitor() as other:
        page = await visitor.get("/sign-in")
        for attribute in ("HttpOnly", "SameSite=Strict", "Path=/"):
            assert attribute in page.cookies["gateway_visitor"]
        await other.get("/sign-in")
        assert (await visitor.post("/sign-in", token=other.token, name="anna", password=PASSWORD)).status == 403
        assert (await visitor.post("/sign-in", token="", name="anna", password=PASSWORD)).status == 403
        async with door.visitor() as third:
            assert (await third.post("/sign-in", token=other.token, name="anna", password=PASSWORD)).status == 403


async def test_no_other_site_may_read_an_answer(tmp_path: Path) -> None:
    async with opened_door(tmp_path, anna=True) as door, door.visitor() as visitor:
        await visitor.sign_in()
        asked = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
        for path in ("/google", "/help", "/sign-out", "/api/v1/openapi.json"):
            for method in ("GET", "OPTIONS"):
                answer = await visitor.get(path, asked, method)
                assert not [name for name in answer.headers if name.lower().startswith("access-control")]
                assert method == "GET" or answer.status == 405


def content(folder: Path) -> str:
    """A hash of all that is stored but the time of the last use."""
    with closing(sqlite3.connect(folder / "gateway.db")) as conn:
        conn.execute("UPDATE admin_session SET seen_at = 0")  # rolled back
        told = hashlib.sha256("\n".join(conn.iterdump()).encode()).hexdigest()
        conn.rollback()
    return told


async def crawl(visitor: Visitor, door: Door) -> int:
    """Ask for every page and everything that pages link to."""
    waiting = [filled(path) for method, path in routes(door) if method == "GET" and path != STREAM]
    waiting += [
        "/sign-in?next=/x&ended",
        "/google?change=app",
        "/google?told",
        "/help/A-01",
        "/help/G-999",
        "/password?done",
    ]
    seen: set[str] = set()
    often: Counter[str] = Counter()
    while waiting:
        path = waiting.pop()
        page = re.sub(r"\?.*|(?<=^/help/)[A-Z].*|(?<=^/profiles/)[a-z_]+/\w+", "", path)
        if path in seen or often[page] >= WAYS:
            continue
        seen.add(path)
        often[page] += 1
        assert (await visitor.get(path, method="HEAD")).status < 500, path
        answer = await visitor.get(path)
        assert answer.status < 500, path
        waiting += [found.partition("#")[0] for found in re.findall(r'(?:href|src)="(/[^"]*)"', answer.text)]
        waiting += [answer.place] if answer.place.startswith("/") else []
    return len(seen)


async def test_reading_changes_nothing(tmp_path: Path) -> None:
    async with opened_door(tmp_path, anna=True) as door, door.visitor() as visitor, door.visitor() as stranger:
        await visitor.sign_in()
        before = content(tmp_path)
        assert await crawl(visitor, door) > 30
        assert await crawl(stranger, door) > 30
        assert content(tmp_path) == before
        await visitor.post("/password", old=PASSWORD, new="staple battery", again="staple battery")
        assert content(tmp_path) != before


async def test_pages_hold_no_script_and_no_style_of_their_own(tmp_path: Path) -> None:
    async with opened_door(tmp_path, anna=True) as door, door.visitor() as visitor:
        for session in (False, True):
            if session:
                await visitor.sign_in()
            for path in ("/sign-in", "/google", "/help", "/help/G-305", "/password", "/nothing", "/google/error-page"):
                text = (await visitor.get(path)).text
                assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|javascript:", text), path


async def test_a_form_is_read_within_limits(tmp_path: Path) -> None:
    async with opened_door(tmp_path, anna=True) as door, door.visitor() as visitor:
        await visitor.get("/sign-in")
        assert (await visitor.post("/sign-in", name="x" * 9000, password="x")).status == 413
        await visitor.sign_in()
        assert (await visitor.post("/password", old="x" * 300_000, new="", again="")).status == 413
        assert (await visitor.post("/password", **{f"field{number}": "x" for number in range(70)})).status == 400
        with closing(sqlite3.connect(tmp_path / "gateway.db")) as conn:
            assert conn.execute("SELECT count(*) FROM admin_session").fetchone() == (1,)


async def test_many_strangers_at_once_are_all_refused(tmp_path: Path) -> None:
    async with opened_door(tmp_path, anna=True) as door, door.visitor() as stranger:
        answers = await asyncio.gather(*(stranger.get("/google") for _ in range(100)))
        assert {answer.status for answer in answers} == {303}
