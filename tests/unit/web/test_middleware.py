"""The middleware on a real socket: limits first, every error an answer, and the last net logs the cause alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import aiohttp
import pytest
from aiohttp import web

from gateway.clock import SystemClock
from gateway.errors import ConfigError, StoreUnavailable
from gateway.web.listeners import Listener, listen
from gateway.web.middleware import guard
from gateway.web.wrong_port import WrongPorts

SECRET = "canary-key-0123456789"


@dataclass
class Served:
    listener: Listener
    session: aiohttp.ClientSession

    async def __call__(self, method: str, path: str, **options: object) -> tuple[int, dict[str, object]]:
        async with self.session.request(method, self.listener.url + path, **options) as answer:
            assert answer.content_type == "application/problem+json"
            return answer.status, await answer.json(content_type=None)


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    async def breaks(_request: web.Request) -> web.Response:
        raise RuntimeError(f"refused Bearer {SECRET}")

    async def refuses(_request: web.Request) -> web.Response:
        raise StoreUnavailable("Check the disk.")

    async def forbids(_request: web.Request) -> web.Response:
        raise web.HTTPForbidden

    app = web.Application(middlewares=[guard(0.2, 1000)], client_max_size=1000)
    app.router.add_post("/breaks", breaks)
    app.router.add_post("/refuses", refuses)
    app.router.add_get("/forbids", forbids, allow_head=False)
    listener = await listen(app, "127.0.0.1", 0)
    async with aiohttp.ClientSession() as session:
        yield Served(listener, session)
    await listener.close()


async def test_a_mistake_of_ours_is_an_answer_and_a_log_line_with_its_cause(
    served: Served, caplog: pytest.LogCaptureFixture
):
    status, document = await served("POST", "/breaks", headers={"Authorization": f"Bearer {SECRET}"}, data=b"{}")
    assert (status, document["code"], document["errors"]) == (500, "internal", [])
    assert SECRET not in str(document)
    (record,) = [record for record in caplog.records if record.name == "gateway.web.middleware"]
    assert (record.levelname, record.path, record.method) == ("ERROR", "/breaks", "POST")
    assert record.exc_info is not None


async def test_our_errors_are_no_mistakes_and_are_not_logged(served: Served, caplog: pytest.LogCaptureFixture):
    status, document = await served("POST", "/refuses", data=b"{}")
    assert (status, document["code"], document["detail"]) == (503, "store-unavailable", "Check the disk.")
    assert caplog.records == []


async def test_limits_come_before_the_handler(served: Served, caplog: pytest.LogCaptureFixture):
    status, document = await served("POST", "/breaks", data=b"x" * 1001)
    assert (status, document["code"], document["errors"][0]["field"]) == (413, "too-large", "body")

    async def slow() -> AsyncIterator[bytes]:
        yield b"x"
        await arrived.wait()

    arrived = asyncio.Event()
    status, document = await served("POST", "/breaks", data=slow())
    arrived.set()
    assert (status, document["code"], document["errors"][0]["field"]) == (408, "too-slow", "body")
    assert caplog.records == []


async def test_what_the_router_says_is_a_problem_document_too(served: Served):
    status, document = await served("GET", "/nowhere")
    assert (status, document["code"]) == (404, "no-such-address")
    status, document = await served("GET", "/breaks")
    assert (status, document["code"]) == (405, "method-not-allowed")
    assert "POST" in str(document["detail"])
    assert (await served("GET", "/forbids"))[0] == 403


async def test_a_port_that_is_taken_is_a_mistake_in_the_settings(served: Served):
    with pytest.raises(ConfigError, match=r"gateway\.listen: 127\.0\.0\.1:\d+ cannot be opened .* Choose another"):
        await listen(web.Application(), "127.0.0.1", served.listener.port)


@pytest.mark.parametrize(
    ("host", "url"),
    [("0.0.0.0", "http://127.0.0.1:80"), ("::", "http://[::1]:80"), ("fe80::1", "http://[fe80::1]:80")],
)
def test_the_address_that_is_shown_can_be_opened_here(host: str, url: str):
    runner = web.AppRunner(web.Application())
    assert Listener(runner, host, 80, WrongPorts(SystemClock())).url == url
