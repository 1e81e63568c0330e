"""A calm client for the few calls that are not load: warming up, the first meeting, a meeting's whole life."""

from __future__ import annotations

import asyncio
import itertools
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

import aiohttp

from tests.bench.said import Ids, Said, filled, meeting_id, start_of
from tests.journey.gateway_process import DEVICE_KEY

_RUN = 999
"""The run whose ids are used here; callers count theirs from 1."""

_ANY_TIME = datetime(2024, 1, 1, tzinfo=UTC)


class Client:
    """`async with Client() as client: await client.schedule(http, said, meetings=10)`."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        headers = {"Authorization": f"Bearer {DEVICE_KEY}", "Content-Type": "application/json"}
        self._session = aiohttp.ClientSession(headers=headers)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def schedule(
        self, http: str, said: Said, *, meetings: int = 1, callers: int = 1, first: datetime = _ANY_TIME
    ) -> None:
        """Schedule new meetings, some callers at a time. Raises RuntimeError when one is not accepted.

        Where each has a time of its own, they begin from `first` on (UTC), one in each slot.
        """
        left = iter(range(meetings))

        async def caller() -> None:
            for number in left:
                await self._once(http, said, start_of(first, number))

        await asyncio.gather(*(caller() for _ in range(callers)))

    async def ask(self, http: str, device: str, start: datetime, end: datetime) -> str:
        """Ask when the room of a device is taken and return the answer's text. Raises RuntimeError without one."""
        assert self._session is not None
        asked = {"from": start.isoformat(), "to": end.isoformat()}
        async with self._session.get(f"{http}/api/v1/devices/{device}/availability", params=asked) as answer:
            text = await answer.text()
            if answer.status != 200:
                raise RuntimeError(f"{device}: {answer.status} {text}")
            return text

    async def _once(self, http: str, said: Said, start: str) -> None:
        assert self._session is not None
        body = filled(said.body, meeting_id(Ids.SCATTERED, next(self._numbers), _RUN), start)
        async with self._session.post(http + said.path, data=body) as answer:
            if answer.status != 202:
                raise RuntimeError(f"{said.device}: {answer.status} {await answer.text()}")
