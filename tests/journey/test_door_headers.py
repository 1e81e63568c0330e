"""The headers of every answer to a browser, whatever its status, and under which names we answer."""

from __future__ import annotations

import logging
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.journey.door_office import PASSWORD, Answer, opened_door, raw
from tests.journey.test_door_routes import DEVICES, ENVELOPE, filled, routes

WANTED = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Server": "meeting-gateway",
    "Cache-Control": "no-store",
}


def check(answer: Answer, status: int) -> None:
    assert answer.status == status, answer.text
    for name, value in WANTED.items():
        assert answer.headers.get(name) == value, (status, name)


@pytest.mark.parametrize("accept", ["text/html", "*/*"])
async def test_every_status_carries_them(tmp_path: Path, accept: str) -> None:
    async with opened_door(tmp_path, anna=True) as door, door.visitor() as anna, door.visitor() as visitor:
        kind = {"Accept": accept, "Sec-Fetch-Site": "same-origin"}
        await anna.sign_in()
        check(await anna.get("/password", kind), 200)
        check(await visitor.get("/google", kind), 303)
        check(await visitor.get("/help", {**kind, "Host": "192.168.7.7"}), 307)
        check(await visitor.post("/sign-out", {**kind, "Host": "192.168.7.7"}), 403)
        check(
            await anna.post(
                "/password",
                {**kind, "Content-Type": "application/x-www-form-urlencoded"},
                old="",
                **{f"f{n}": "" for n in range(70)},
            ),
            400,
        )
        check(await visitor.post("/sign-out", kind), 401)
        check(await anna.post("/sign-out", {"Accept": accept}), 403)
        check(await anna.get("/nothing", kind), 404)
        check(await anna.get("/password", kind, "PUT"), 405)
        assert (await anna.get("/password", kind, "PUT")).headers["Allow"] == "GET,HEAD,POST"
        check(await anna.post("/password", kind, old="x" * 300_000), 413)
        check(await anna.get("/sign-out", {**kind, "Content-Type": "text/plain"}, "POST"), 415)
        check(await visitor.get("/help", {**kind, "Host": "evil.example"}), 421)
        check(await anna.post("/password", kind, old="wrong password", new=PASSWORD, again=PASSWORD), 401)
        for _ in range(5):
            answer = await visitor.sign_in("anna", "wrong password")
        check(answer, 429)
        with closing(sqlite3.connect(tmp_path / "gateway.db")) as conn:
            conn.execute("DROP TABLE admin_session")
            conn.commit()
        check(await anna.get("/google", kind), 503)
        with closing(sqlite3.connect(tmp_path / "gateway.db")) as conn:
            conn.execute("DROP TABLE admin_user")
            conn.commit()
        check(await visitor.get("/sign-in", kind), 503)


async def test_what_is_no_http_is_answered_without_repeating_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with opened_door(tmp_path) as door:
        for data in (
            b"GET /canary HTTP/9.9\r\n\r\n",
            b"GET /x HTTP/1.1\r\nHost: a\r\nHost: b\r\nX-canary\r\n\r\n",
            b"canary\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: x\r\ncanary : 1\r\n\r\n",
            b"GET /canary\xff HTTP/1.1\r\n" + b"x" * 20_000 + b"\r\n\r\n",
        ):
            answer = await raw(door.http, data)
            head, _, body = answer.partition(b"\r\n\r\n")
            assert head.startswith((b"HTTP/1.1 400 ", b"HTTP/1.0 400 ")), answer
            assert b"canary" not in answer
            assert b"Python" not in answer
            assert b"aiohttp" not in answer
            for name, value in WANTED.items():
                assert f"{name}: {value}".encode() in head, name
            assert b"Content-Type: application/problem+json" in head
            assert b'"code": "unreadable"' in body
    assert [
        record for record in caplog.records if record.levelno > logging.DEBUG and "canary" in record.getMessage()
    ] == []


async def test_no_answer_names_the_software_below(tmp_path: Path) -> None:
    async with opened_door(tmp_path, anna=True) as door, door.visitor() as visitor:
        for path in (
            "/",
            "/help",
            "/nothing",
            "/healthz",
            "/readyz",
            "/api/v1/openapi.json",
            "/api/nothing",
            "/static/style.css",
        ):
            assert (await visitor.get(path)).headers["Server"] == "meeting-gateway", path
        assert (await visitor.get("/help", {"Expect": "nonsense"})).headers["Server"] == "meeting-gateway"


async def test_files_may_be_kept_under_their_versioned_address_only(tmp_path: Path) -> None:
    async with opened_door(tmp_path, anna=True) as door, door.visitor() as visitor:
        page = (await visitor.get("/sign-in")).text
        style = page.partition('rel="stylesheet" href="')[2].partition('"')[0]
        answer = await visitor.get(style)
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert answer.headers["Content-Type"].startswith("text/css")
        assert answer.headers["Content-Encoding"] == "gzip"
        assert (await visitor.get("/static/style.css?v=old")).headers["Cache-Control"] == "no-cache"
        for name in ("vendor.toml", "shell.py", "..", "nothing.css"):
            assert (await visitor.get(f"/static/{name}")).status == 404


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1", 200),
        ("127.0.0.1:8765", 200),
        ("[::1]:80", 200),
        ("localhost", 200),
        ("LOCALHOST:1", 200),
        ("10.1.2.3", 307),
        ("[fd00::7]:8765", 307),
        ("meet.example.com", 307),
        ("evil.example", 421),
        ("localhost.evil.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("127.1", 421),
        ("2130706433", 421),
        ("localhost.", 421),
        ("evil.example@127.0.0.1", 421),
        ("127.0.0.1/x", 421),
        ("127.0.0.1:x", 421),
        ("", 421),
    ],
)
async def test_pages_answer_under_names_of_ours_only(tmp_path: Path, host: str, status: int) -> None:
    """Else a page of somebody else could point its own name at this machine and read along (DNS rebinding)."""
    async with (
        opened_door(tmp_path, anna=True, public_url="http://meet.example.com:8765") as door,
        door.visitor() as visitor,
    ):
        assert (await visitor.get("/help", {"Host": host})).status == status
        device = await visitor.get("/api/v1/openapi.json", {"Host": host})
        assert device.status == 200, "devices behind address translation know other names"


async def test_no_page_at_all_answers_under_a_foreign_name(tmp_path: Path) -> None:
    async with opened_door(tmp_path, anna=True) as door, door.visitor() as visitor:
        await visitor.sign_in()
        asked = set()
        for method, path in routes(door):
            if path.startswith(DEVICES) or path == ENVELOPE:
                continue
            asked.add(path)
            foreign = {"Host": "evil.example", "Sec-Fetch-Site": "same-origin"}
            answer = await visitor.get(filled(path), foreign, method)
            assert answer.status == 421, (method, path)
            assert "anna" not in answer.text
        assert len(asked) > 30
        assert await visitor.signed_in()


async def test_a_proxy_on_this_machine_that_speaks_tls(tmp_path: Path) -> None:
    async with (
        opened_door(tmp_path, anna=True, public_url="https://meet.example.com") as door,
        door.visitor() as visitor,
    ):
        assert (await visitor.get("/help", {"Host": "meet.example.com"})).status == 200
        await visitor.sign_in()
        wrong = {"Host": "meet.example.com", "Origin": "https://evil.example"}
        assert (await visitor.post("/sign-out", wrong)).status == 403
        right = {"Host": "meet.example.com", "Origin": "https://meet.example.com"}
        assert (await visitor.get("/password", {"Host": "meet.example.com"})).status == 200
        assert (await visitor.post("/sign-out", right)).status == 303
