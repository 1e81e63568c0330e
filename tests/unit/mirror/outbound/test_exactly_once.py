"""Whatever happens in whatever order: in the end the calendar holds each wanted meeting exactly once, as last said.

So it does for every occurrence of a series, moved, cancelled or as its rule says.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from dataclasses import dataclass
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.errors import BadPayload, Conflict, NotFound
from gateway.store import meetings, mirrored, outbox
from tests.unit.mirror.gateway_in_memory import CALLER, InMemoryGateway, gateway_in_memory
from tests.unit.mirror.model_calendar import Fault, ModelCalendar
from tests.unit.mirror.wanted_calendar import Entry, Exception_, Said, occurrence_change

EXAMPLES = 2000 if os.environ.get("LONG") else 120
SERIES_EXAMPLES = 2000 if os.environ.get("LONG") else 50
TIME_LIMIT_S = 1800 if os.environ.get("LONG") else 300
NAMES = ("m1", "m2", "m3")


@dataclass(frozen=True)
class Schedule:
    name: str
    said: Said
    exactly: tuple[tuple[int, int | None], ...] | None = None


@dataclass(frozen=True)
class Cancel:
    name: str


@dataclass(frozen=True)
class ChangeOccurrence:
    """The `nth` (from 0) is moved by `hours`, and given a subject of its own or the series'."""

    name: str
    nth: int
    hours: int
    subject: str | None


@dataclass(frozen=True)
class CancelOccurrence:
    name: str
    nth: int


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
class SomebodyRewrites:
    """A person changes what the events say, and the reader of the calendar has that put back."""


@dataclass(frozen=True)
class TimePasses:
    seconds: int


names = st.sampled_from(NAMES)
synced = st.sampled_from([True, True, True, False])
singles = st.builds(Said, subject=st.sampled_from("ABCD"), sync=synced)
series = st.builds(
    Said,
    subject=st.sampled_from("AB"),
    hour=st.sampled_from([10, 11]),
    step=st.sampled_from([1, 1, 1, 7]),
    count=st.sampled_from([2, 3]),
    sync=st.sampled_from([True] * 7 + [False]),
)
disturbances = st.sampled_from([PowerCut(), SignIn(), SomebodyEdits(), SomebodyRewrites()])
steps = st.one_of(
    st.builds(Schedule, names, singles),
    st.builds(Cancel, names),
    st.builds(TimePasses, st.sampled_from([0, 1, 3, 30, 1000])),
    disturbances,
)
nths = st.sampled_from([0, 1, 2, 1, 0, 3])
changes = st.builds(ChangeOccurrence, st.just("m1"), nths, st.integers(-1, 2), st.sampled_from([None, None, "X"]))
exactly = st.lists(
    st.tuples(st.integers(0, 2), st.none() | st.integers(0, 2)), max_size=3, unique_by=lambda each: each[0]
).map(tuple)
series_steps = st.one_of(
    changes,
    changes,
    st.builds(CancelOccurrence, st.just("m1"), nths),
    st.builds(Schedule, st.just("m1"), series),
    st.builds(Schedule, st.just("m1"), series),
    st.builds(Schedule, st.just("m1"), series, exactly),
    disturbances,
    st.one_of(st.builds(Schedule, st.just("m1"), singles), st.builds(Cancel, st.just("m1"))),
)
pauses = st.sampled_from([None, 30, 30]).map(lambda seconds: seconds and TimePasses(seconds))
faults = st.one_of(st.none(), st.sampled_from(Fault))
common = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.mark.timeout(TIME_LIMIT_S)
@settings(common, max_examples=EXAMPLES)
@given(plan=st.lists(steps, min_size=1, max_size=14), faults=st.lists(faults, max_size=25))
def test_exactly_once(plan: list[object], faults: list[Fault | None]):
    asyncio.run(_play(plan, ModelCalendar(faults=faults)))


@pytest.mark.timeout(TIME_LIMIT_S)
@settings(common, max_examples=SERIES_EXAMPLES)
@given(
    first=series,
    plan=st.lists(st.tuples(series_steps, pauses), min_size=4, max_size=14),
    faults=st.lists(st.one_of(st.none(), st.none(), faults), max_size=40),
    resets=st.booleans(),
)
def test_every_occurrence_exactly_once(
    first: Said, plan: list[tuple[object, object]], faults: list[Fault | None], resets: bool
):
    taken = [step for pair in plan for step in pair if step is not None]
    asyncio.run(_play([Schedule("m1", first), *taken], ModelCalendar(faults=faults, resets=resets)))


async def _play(plan: list[object], calendar: ModelCalendar) -> None:
    wanted: dict[str, Entry] = {}
    async with gateway_in_memory(calendar, in_flight=2, paced=False) as gateway:
        for step in plan:
            await _take(gateway, step, wanted)
        calendar.faults.clear()
        calendar.flush()
        await _sign_in(gateway)
        await gateway.drain()
        calendar.flush()
        assert await gateway.rows() == []
        assert calendar.shown() == sorted(line for entry in wanted.values() for line in entry.shown())
        assert calendar.most_under_way_per_event <= 1
        assert calendar.lost == []  # nothing that people added was written over unseen


async def _take(gateway: InMemoryGateway, step: object, wanted: dict[str, Entry]) -> None:
    match step:
        case Schedule():
            await _schedule(gateway, step, wanted)
        case Cancel(name=name):
            try:
                await gateway.intake.cancel(CALLER, name)
            except NotFound:
                assert name not in wanted
            else:
                wanted[name].cancelled = True
        case ChangeOccurrence() | CancelOccurrence():
            await _occurrence(gateway, step, wanted)
        case PowerCut():
            await gateway.kill()
            await gateway.start()
        case SignIn():
            await _sign_in(gateway)
        case SomebodyEdits():
            for event in gateway.calendar.events.values():
                event.etag += "'"
        case SomebodyRewrites():
            await _rewrite(gateway)
        case TimePasses(seconds=seconds):
            gateway.clock.ms += seconds * 1000
            await gateway.quiet()


async def _rewrite(gateway: InMemoryGateway) -> None:
    calendar = gateway.calendar
    edited = {key: event for key, event in calendar.events.items() if not event.cancelled and not event.series}
    for key in edited:
        calendar.person_edits(key, subject="Somebody's", added="red")

    def put_back(conn: sqlite3.Connection) -> None:
        for event in edited.values():
            meeting = meetings.get(conn, int(event.marks["meeting"]))
            if meeting is None or not meeting.wanted:
                continue
            mirrored.mark_stale(conn, meeting.id)
            outbox.put(
                conn, kind=outbox.MIRROR, subject_id=meeting.id, revision=meeting.revision, now_ms=gateway.clock.ms
            )

    await gateway.database.write(put_back)


async def _schedule(gateway: InMemoryGateway, step: Schedule, wanted: dict[str, Entry]) -> None:
    name, said = step.name, step.said
    exactly = None
    if step.exactly is not None:
        exactly = {
            day: Exception_(cancelled=True)
            if hours is None
            else Exception_(f"{said.subject} exactly", said.starts[day] + timedelta(hours=hours))
            for nth, hours in step.exactly
            if (day := nth * said.step) in said.starts
        }
    given_ = None if exactly is None else [occurrence_change(name, said, day, one) for day, one in exactly.items()]
    before = wanted.get(name)
    try:
        receipt = await gateway.intake.accept(CALLER, said.meeting(name), shape="native", occurrences=given_)
    except Conflict:
        assert before is not None
        assert before.cancelled
        return
    if receipt.state == "cancelled":
        return
    entry = wanted.setdefault(name, Entry(said))
    entry.edited(said, exactly)


async def _occurrence(
    gateway: InMemoryGateway, step: ChangeOccurrence | CancelOccurrence, wanted: dict[str, Entry]
) -> None:
    entry = wanted[step.name]
    said, day = entry.said, step.nth * entry.said.step
    one = Exception_(cancelled=True)
    if isinstance(step, ChangeOccurrence):
        start = said.starts.get(day, said.starts[0]) + timedelta(hours=step.hours)
        one = Exception_(step.subject or said.subject, start)
    change = occurrence_change(step.name, said, day, one)
    call = gateway.intake.change_occurrence(CALLER, step.name, change, shape="native")
    if not said.step or day not in said.starts:
        with pytest.raises(BadPayload, match=r"^original_start: "):
            await call
        return
    try:
        receipt = await call
    except Conflict:
        assert entry.cancelled
        return
    if entry.cancelled:
        assert not receipt.fresh
    elif one.cancelled:
        entry.dropped(day)
    else:
        assert one.subject is not None
        assert one.start is not None
        entry.changed(day, one.subject, one.start)


async def _sign_in(gateway: InMemoryGateway) -> None:
    gateway.account.connected = True
    assert gateway.outbound is not None
    await gateway.outbound.account_returned()
