"""Whatever happens in whatever order: in the end the calendar holds each wanted meeting exactly once, as last said."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.errors import Conflict, NotFound
from tests.unit.mirror.gateway_in_memory import CALLER, InMemoryGateway, gateway_in_memory
from tests.unit.mirror.model_calendar import Fault, ModelCalendar

EXAMPLES = 2000 if os.environ.get("LONG") else 120
NAMES = ("m1", "m2", "m3")


@dataclass(frozen=True)
class Schedule:
    name: str
    subject: str
    sync: bool


@dataclass(frozen=True)
class Cancel:
    name: str


@dataclass(frozen=True)
class PowerCut:
    pass


@dataclass(frozen=True)
class SignIn:
    pass


@dataclass(frozen=True)
class SomebodyEdits:
    pass


@dataclass(frozen=True)
class TimePasses:
    seconds: int


names = st.sampled_from(NAMES)
steps = st.one_of(
    st.builds(Schedule, names, st.sampled_from("ABCD"), st.sampled_from([True, True, True, False])),
    st.builds(Cancel, names),
    st.builds(TimePasses, st.sampled_from([0, 1, 3, 30, 1000])),
    st.just(PowerCut()),
    st.just(SignIn()),
    st.just(SomebodyEdits()),
)
faults = st.one_of(st.none(), st.sampled_from(Fault))


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    print_blob=True,
    derandomize=True,
)
@given(plan=st.lists(steps, min_size=1, max_size=14), faults=st.lists(faults, max_size=25))
def test_exactly_once(plan: list[object], faults: list[Fault | None]):
    asyncio.run(_play(plan, faults))


async def _play(plan: list[object], faults: list[Fault | None]) -> None:
    calendar = ModelCalendar(faults=list(faults))
    wanted: dict[str, str | None] = {}
    async with gateway_in_memory(calendar, in_flight=2) as gateway:
        for step in plan:
            await _take(gateway, step, wanted)
        calendar.faults.clear()
        calendar.flush()
        await _sign_in(gateway)
        await gateway.drain()
        calendar.flush()
        assert await gateway.rows() == []
        living = sorted(event.summary for event in calendar.living())
        assert living == sorted(subject for subject in wanted.values() if subject is not None)
        assert calendar.most_under_way_per_event <= 1


async def _take(gateway: InMemoryGateway, step: object, wanted: dict[str, str | None]) -> None:
    match step:
        case Schedule(name=name, subject=subject, sync=sync):
            try:
                receipt = await gateway.accept(external_id=name, subject=f"{name} {subject}", sync_to_calendar=sync)
            except Conflict:
                assert wanted[name] is None
            else:
                if receipt.state != "cancelled":
                    wanted[name] = f"{name} {subject}" if sync else None
        case Cancel(name=name):
            try:
                await gateway.intake.cancel(CALLER, name)
            except NotFound:
                assert name not in wanted
            else:
                wanted[name] = None
        case PowerCut():
            await gateway.kill()
            await gateway.start()
        case SignIn():
            await _sign_in(gateway)
        case SomebodyEdits():
            for event in gateway.calendar.living():
                event.etag += "'"
        case TimePasses(seconds=seconds):
            gateway.clock.ms += seconds * 1000
            await gateway.quiet()


async def _sign_in(gateway: InMemoryGateway) -> None:
    gateway.account.connected = True
    assert gateway.outbound is not None
    await gateway.outbound.account_returned()
