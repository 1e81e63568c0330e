"""A calm client for the few calls that are not load: warming up, the first meeting, a meeting's whole life."""

from __future__ import annotations

import asyncio
import itertools
from types import TracebackType
from typing import Self

import aiohttp

from tests.bench.said import HOLE, Ids, Said, meeting_id
from tests.journey.gateway_process import DEVICE_KEY

_RUN = 999
"""The run whose ids are used here; callers count theirs from 1."""


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

    async def schedule(self, http: str, said: Said, *, meetings: int = 1, callers: int = 1) -> None:
        """Schedule new meetings, some callers at a time. Raises RuntimeError when one is not accepted."""
        left = iter(range(meetings))

        async def caller() -> None:
            for _ in left:
                await self._once(http, said)

        await asyncio.gather(*(caller() for _ in range(callers)))

    async def _once(self, http: str, said: Said) -> None:
        assert self._session is not None
        name = meeting_id(Ids.SCATTERED, next(self._numbers), _RUN)
        body = said.body.replace(HOLE.encode(), name.encode(), 1)
        async with self._session.post(http + said.path, data=body) as answer:
            if answer.status != 202:
                raise RuntimeError(f"{said.device}: {answer.status} {await answer.text()}")
