"""Commands of the gateway that have to end as a test says, and questions that are asked until the answer is yes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tests.journey.gateway_process import DEADLINE_S, GatewayProcess


@dataclass(frozen=True)
class CommandDesk:
    """Runs what is asked of it in the folder of that gateway."""

    gateway: GatewayProcess

    async def __call__(self, *words: str, stdin: str = "", ends: int | None = 0) -> tuple[str, str]:
        """Run a command that has to end with `ends` (None: somehow); return what it printed and what it said."""
        code, out, talk = await self.gateway.command(*words, stdin=stdin)
        assert ends is None or code == ends, (words, out, talk)
        return out, talk


async def until_true(condition: Callable[[], Awaitable[bool]], what: str) -> None:
    """Ask until the answer is yes."""
    try:
        async with asyncio.timeout(DEADLINE_S):
            while not await condition():
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(what) from None
