"""The checks of browser and web port: a clock that differs, an address at which nobody or somebody else answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from aiohttp import web

from gateway.app.diagnosing import addresses_told, why_silent
from gateway.config import Address, Config, GatewaySection
from gateway.operations.doctor.browser import FromOutside
from gateway.operations.doctor.doctor import Asked, Doctor, Finding
from tests.ports import free_port
from tests.unit.google.moved_clock import MovedClock

CLOCK = MovedClock()
Serve = Callable[[Callable[[web.Request], Awaitable[web.Response]]], Awaitable[str]]


async def found(name: str, asked: Asked, *told: str) -> Finding:
    doctor = Doctor(FromOutside(clock=CLOCK, told=lambda: told, why_silent=why_silent).checks())
    (finding,) = await doctor.run([name], asked)
    return finding


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    runners = []

    async def begin(handler: Callable[[web.Request], Awaitable[web.Response]]) -> str:
        app = web.Application()
        app.router.add_get("/{path:.*}", handler)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        runners.append(runner)
        return f"http://127.0.0.1:{runner.addresses[0][1]}"

    yield begin
    for runner in runners:
        await runner.cleanup()


@pytest.mark.parametrize(
    ("ahead_ms", "state", "said"),
    [
        (None, "skip", "Not checked"),
        (0, "ok", "agree"),
        (59_000, "ok", "agree"),
        (-59_000, "ok", "agree"),
        (3_600_000, "warn", "3600 seconds behind your computer's"),
        (-3_600_000, "warn", "3600 seconds ahead of your computer's"),
    ],
)
async def test_the_clock_of_the_browser(ahead_ms: int | None, state: str, said: str):
    browser_ms = None if ahead_ms is None else CLOCK.now_ms() + ahead_ms
    finding = await found("browser-clock", Asked(browser_ms=browser_ms))
    assert finding.state == state
    assert said in finding.said
    assert ("NTP" in finding.next) == (state == "warn")


async def test_an_address_where_the_gateway_answers(serve: Serve):
    async def alive(request: web.Request) -> web.Response:
        assert request.path == "/meetings/healthz"
        return web.json_response({"status": "ok"})

    address = f"{await serve(alive)}/meetings/"
    finding = await found("web", Asked(address="https://pbx.example.com"), address)
    assert finding.state == "ok"
    assert "Your browser reached the gateway at https://pbx.example.com." in finding.said
    assert f"are told {address}" in finding.said
    assert "firewall" in finding.said


async def test_an_address_where_somebody_else_or_nobody_answers(serve: Serve):
    async def other(_request: web.Request) -> web.Response:
        raise web.HTTPFound("https://somewhere.example.com/")

    async def endless(request: web.Request) -> web.Response:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"x" * 100_000)
        await asyncio.Event().wait()
        raise AssertionError

    assert "something else answers there (status 302)" in await why_silent(await serve(other))
    assert "something else answers there (status 200)" in await why_silent(await serve(endless))
    nobody = f"http://127.0.0.1:{free_port()}"
    finding = await found("web", Asked(), nobody)
    assert finding.state == "warn"
    assert "cannot be reached" in finding.said
    assert f"{nobody}/healthz" in finding.next
    assert await why_silent("http://")
    assert (await found("web", Asked())).state == "skip"


def test_the_addresses_that_are_told():
    config = Config(
        gateway=GatewaySection(listen=Address(host="192.0.2.1", port=80), public_url="https://x.example/y/")
    )
    assert addresses_told(config, (8765, 8766))[0] == "https://x.example/y"
    config = Config(gateway=GatewaySection(listen=Address(host="192.0.2.1", port=80)))
    assert addresses_told(config, (8765, 0)) == ("http://192.0.2.1:8765",)
    assert addresses_told(config)[0] == "http://192.0.2.1:80"
