"""One simulated UCM6300 put together: its memory, its line to a gateway and its verbs; for tests and commands alike."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from types import TracebackType
from typing import Self

from simulator.pbx.push import BodyType, Line, Patience, Pause
from simulator.pbx.state import DEFAULT_ZONE, Now, State, system_now
from simulator.pbx.usecases import UseCases
from simulator.pbx.wire import Shape


class SimulatedUcm:
    """`async with SimulatedUcm(base, device_id, key) as ucm: answer = await ucm.do.schedule(form)`.

    `state` is what the PBX remembers, `do` what people do at it, `line` its line to the gateway (`line.base` may be
    changed). Everything random (room numbers, host passwords, waits) comes from `seed`.
    """

    def __init__(
        self,
        gateway_base: str,
        device_id: str,
        key: str,
        seed: int | None = None,
        *,
        shape: Shape = Shape.FORM,
        body_type: BodyType = BodyType.JSON,
        zone: str = DEFAULT_ZONE,
        memory: Path | None = None,
        patience: Patience | None = None,
        now: Now = system_now,
        pause: Pause = asyncio.sleep,
    ) -> None:
        rng = random.Random(seed)  # noqa: S311 - repeatable make-believe, nothing is protected by it
        self.state = State(rng=rng, now=now, zone=zone, path=memory)
        self.line = Line(gateway_base, device_id, key, rng=rng, patience=patience or Patience(), pause=pause)
        self.do = UseCases(self.state, self.line, shape=shape, body_type=body_type)

    async def __aenter__(self) -> Self:
        await self.line.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.line.close()
