"""The door before all pages: handlers that fail, forms with files, and values that are missing on a page."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from gateway.access.admins import Admins
from gateway.admin.door import Door, Ports
from gateway.admin.door_pages import DoorPages
from gateway.admin.shell import Shell, actor_of, form_of
from gateway.errors import AccessError, StoreFull
from gateway.store.database import Database
from gateway.web.listeners import Listener, listen
from tests.journey.door_office import PASSWORD, Visitor
from tests.prepared import give_database
from tests.unit.google.moved_clock import MovedClock


@dataclass
class Served:
    """Some pages that behave badly, behind the door."""

    listener: Listener
    admins: Admins
    seen: list[dict[str, str]]


async def breaks(_request: web.Request) -> web.Response:
    raise RuntimeError("canary in the error")


async def full(_request: web.Request) -> web.Response:
    raise StoreFull("The disk is full.")


async def refuses(_request: web.Request) -> web.Response:
    raise AccessError("A-09", "no", values={"name": "anna"})


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    give_database(tmp_path / "gateway.db", 0)
    database = Database(tmp_path / "gateway.db")
    await database.open()
    admins = Admins(database=database, data_dir=tmp_path, clock=MovedClock())
    shell, seen = Shell(admins=admins, name="Here"), list[dict[str, str]]()

    async def keeps(request: web.Request) -> web.Response:
        seen.append({**await form_of(request), "actor": actor_of(request).name, "source": actor_of(request).source})
        return web.Response()

    async def forgets(request: web.Request) -> web.Response:
        return await shell.render(request, "help/code.html")

    app = web.Application(middlewares=[Door(shell, Ports(), frozenset).middleware()])
    DoorPages(shell).add(app)
    for path, handler in (("/breaks", breaks), ("/full", full), ("/refuses", refuses), ("/forgets", forgets)):
        shell.add(app, "GET", path, handler, public=True)
    shell.add(app, "POST", "/keeps", keeps)
    listener = await listen(app, "127.0.0.1", 0)
    await admins.add_user("anna", PASSWORD)
    yield Served(listener, admins, seen)
    await listener.close()
    await database.close()


@pytest.mark.parametrize(("path", "status"), [("/breaks", 500), ("/full", 503), ("/refuses", 422), ("/forgets", 500)])
@pytest.mark.parametrize("accept", ["text/html", "application/json"])
async def test_a_page_that_fails_is_answered(
    served: Served, path: str, status: int, accept: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with Visitor(served.listener.url) as visitor:
        answer = await visitor.get(path, {"Accept": accept})
        assert answer.status == status
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert answer.headers["Cache-Control"] == "no-store"
        assert "canary" not in answer.text
        assert "Traceback" not in answer.text
        assert answer.headers["Content-Type"].startswith(
            "text/html" if accept == "text/html" else "application/problem+json"
        )
        if status == 500:
            assert "a page failed" in caplog.text
        assert (await visitor.get("/sign-in")).status == 200


async def send(visitor: Visitor, served: Served, data: aiohttp.FormData) -> int:
    data.add_field("csrf", visitor.token)
    headers = {"Sec-Fetch-Site": "same-origin"}
    async with visitor.session.post(f"{served.listener.url}/keeps", data=data, headers=headers) as answer:
        return answer.status


async def test_a_chosen_file_is_read_as_text_and_never_written(served: Served, tmp_path: Path) -> None:
    async with Visitor(served.listener.url) as visitor:
        await visitor.sign_in()
        data = aiohttp.FormData()
        data.add_field("file", b'{"a": "\xc3\xa9"}', filename="../../x.json", content_type="application/json")
        data.add_field("file_text", "")
        assert await send(visitor, served, data) == 200
        assert {name: served.seen[0][name] for name in ("file", "file_text", "actor", "source")} == {
            "file": '{"a": "é"}',
            "file_text": "",
            "actor": "admin:anna",
            "source": "127.0.0.1",
        }
        assert {path.name for path in tmp_path.iterdir()} <= {
            "gateway.db",
            "gateway.db-wal",
            "gateway.db-shm",
            "set-up-done",
        }


@pytest.mark.parametrize(
    ("parts", "status"),
    [([("file", 300_000)], 413), ([("a", 100_000)] * 3, 413), ([("a", 1)] * 70, 400), ([("file", 200_000)], 200)],
)
async def test_a_form_with_files_is_read_within_limits(
    served: Served, parts: list[tuple[str, int]], status: int
) -> None:
    async with Visitor(served.listener.url) as visitor:
        await visitor.sign_in()
        data = aiohttp.FormData()
        data.add_field("csrf", visitor.token)
        for name, size in parts:
            data.add_field(name, b"x" * size, filename="x")
        assert await send(visitor, served, data) == status


async def test_strangers_send_no_files(served: Served) -> None:
    async with Visitor(served.listener.url) as visitor:
        await visitor.get("/sign-in")
        data = aiohttp.FormData()
        data.add_field("csrf", visitor.token)
        data.add_field("name", b"x", filename="x")
        headers = {"Sec-Fetch-Site": "same-origin"}
        async with visitor.session.post(f"{served.listener.url}/sign-in", data=data, headers=headers) as answer:
            assert answer.status == 415


@pytest.mark.parametrize(
    "body", [b"", b"--x", b"--x\r\n\r\n", b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\n1", b"\xff\x00"]
)
async def test_a_broken_form_is_refused(served: Served, body: bytes) -> None:
    async with Visitor(served.listener.url) as visitor:
        await visitor.sign_in()
        headers = {"Sec-Fetch-Site": "same-origin", "Content-Type": "multipart/form-data; boundary=x"}
        async with visitor.session.post(f"{served.listener.url}/keeps", data=body, headers=headers) as answer:
            assert answer.status in (400, 403)
    assert served.seen == []


async def test_what_is_registered_says_whether_it_is_public(served: Served) -> None:
    app = served.listener.app
    assert {route.resource.canonical for route in app.router.routes() if route.resource} >= {"/", "/keeps"}
