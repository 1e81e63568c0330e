"""A raw server and the session the gateway would use with it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web

from gateway.google.wire import google_session
from tests.unit.google.raw_google import RawGoogle


@pytest.fixture
async def raw_google() -> AsyncIterator[RawGoogle]:
    google = RawGoogle()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", google.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    google.base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield google
    await runner.cleanup()


@pytest.fixture
async def session(raw_google: RawGoogle) -> AsyncIterator[aiohttp.ClientSession]:
    opened = google_session(raw_google.endpoints, 10.0)
    yield opened
    await opened.close()
