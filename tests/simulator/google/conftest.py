"""A running simulated Google and the ways of talking to it: Google's own client and plain HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest

from simulator.google import SimulatedGoogle
from tests.simulator.google.discovery_schema import assert_valid
from tests.simulator.google.official_client import OfficialClient

EVENTS = "/calendar/v3/calendars/primary/events"


@dataclass(frozen=True, kw_only=True)
class Answer:
    status: int
    headers: Any
    body: bytes
    json: Any = None


class Wire:
    """Plain HTTP with a bearer token; answers of the Calendar API are held against the discovery document."""

    def __init__(self, session: aiohttp.ClientSession, google: SimulatedGoogle) -> None:
        self.session = session
        self.google = google
        self.tokens = google.do.issue_tokens()

    async def __call__(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        data: Any = None,
        params: Any = None,
        headers: dict[str, str] | None = None,
        token: str | None = "",
    ) -> Answer:
        sent = dict(headers or {})
        if token is not None:
            sent["Authorization"] = f"Bearer {token or self.tokens['access_token']}"
        async with self.session.request(
            method, self.google.base + path, json=json, data=data, params=params, headers=sent, allow_redirects=False
        ) as response:
            body = await response.read()
        if path.startswith("/calendar/v3/") and (response.status < 400 or body.startswith(b"{")):
            assert_valid(method, path.partition("?")[0], response.status, body)
        document = await response.json() if "json" in response.headers.get("Content-Type", "") else None
        return Answer(status=response.status, headers=response.headers, body=body, json=document)


@pytest.fixture
async def google() -> AsyncIterator[SimulatedGoogle]:
    async with SimulatedGoogle(seed=7) as running:
        yield running


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


@pytest.fixture
def wire(session: aiohttp.ClientSession, google: SimulatedGoogle) -> Wire:
    return Wire(session, google)


@pytest.fixture
def official(google: SimulatedGoogle) -> Iterator[OfficialClient]:
    client = OfficialClient(google)
    yield client
    client.close()
    assert client.http.checked > 0


def timed(start: str, end: str, zone: str = "Europe/Berlin", **fields: Any) -> dict[str, Any]:
    """An event body from local times such as `2026-11-23T10:00:00`."""
    return {"start": {"dateTime": start, "timeZone": zone}, "end": {"dateTime": end, "timeZone": zone}, **fields}
