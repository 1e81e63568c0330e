"""A thousand meetings against quotas that the gateway is not told: nearly all that is allowed is used, no more."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from simulator.google import SimulatedGoogle
from tests.journey.fast_office import FastOffice, fast_google, folder_in_memory, meeting, opened_fast
from tests.journey.fast_time import BEGINS_MS, in_fast_time

LONG = bool(os.environ.get("LONG"))
LATENCY_S = 0.15
MINUTE_S = 60.0
MOST_MORE = 20
"""Calls beyond one for each meeting: 1.02 of them for a thousand."""

WRITES = ("insert", "update", "patch", "delete", "get")
"""What the mirror calls for meetings; reading what people changed has calls of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """How many calls a minute Google lets through, counted `within_s`: of an account, or of each calendar."""

    scope: str
    per_min: int
    calendars: int
    meetings: int
    within_s: float = MINUTE_S

    @property
    def allowed_per_s(self) -> float:
        """For the whole office; an account never gets more than it is allowed by the gateway's own settings."""
        each = self.per_min / MINUTE_S
        return min(600 / MINUTE_S, each * (self.calendars if self.scope == "calendar" else 1))


QUOTAS = {
    "account, one calendar": Quota(scope="account", per_min=300, calendars=1, meetings=1000),
    "account, ten calendars": Quota(scope="account", per_min=300, calendars=10, meetings=1000),
    "calendar, one calendar": Quota(scope="calendar", per_min=60, calendars=1, meetings=1000),
    "calendar, ten seconds": Quota(scope="calendar", per_min=60, calendars=1, meetings=1000, within_s=10),
    "calendar, ten calendars": Quota(scope="calendar", per_min=60, calendars=10, meetings=1500, within_s=10),
}
SMALL = {
    "account, ten calendars": Quota(scope="account", per_min=120, calendars=10, meetings=400),
    "calendar, one calendar": Quota(scope="calendar", per_min=60, calendars=1, meetings=200),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Drain:
    """What Google saw while the backlog drained: when each call came (s since the first), which were
    refused, which made an event, and which counted against the quota."""

    calls: tuple[float, ...]
    refused: tuple[float, ...]
    done: tuple[float, ...]
    counted: tuple[float, ...]

    @property
    def per_s_after_a_minute(self) -> float:
        """Calls let through per second in all whole minutes after the first in which there was something to do."""
        minutes = int(max(self.done) // MINUTE_S) - 1
        assert minutes > 0, "the backlog was too small to tell"
        late = [at_s for at_s in self.counted if MINUTE_S <= at_s < (minutes + 1) * MINUTE_S]
        return len(late) / (minutes * MINUTE_S)


def drain_of(google: SimulatedGoogle, quota: Quota) -> Drain:
    everything = [request for request in google.state.requests if "/events" in request.path]
    mirrored = [request for request in everything if request.operation in WRITES]
    refused = [request for request in everything if request.status in (403, 429)]
    # Reading what people changed counts for the account as well, and not for a calendar that is written to.
    counted = mirrored if quota.scope == "calendar" else everything
    counted = [request for request in counted if request.status not in (403, 429)]
    done = [request for request in mirrored if request.operation == "insert" and request.committed]
    first_s = min(at_s(request) for request in mirrored)
    calls, late, made, used = (
        tuple(at_s(request) - first_s for request in requests) for requests in (mirrored, refused, done, counted)
    )
    return Drain(calls=calls, refused=late, done=made, counted=used)


def at_s(request: Any) -> float:
    return datetime.fromisoformat(request.at).timestamp() - BEGINS_MS / 1000


async def drained(folder: Path, quota: Quota, faults: Mapping[str, float]) -> Drain:
    """Give every device its share of a backlog, let it drain, and see that each meeting is there once."""
    async with fast_google() as google:
        ids = ["primary"] + [google.do.add_calendar(f"Room {n}").calendar_id for n in range(1, quota.calendars)]
        calendars = {f"pbx-{number}": calendar_id for number, calendar_id in enumerate(ids, start=1)}
        google.do.fault({"delay_s": LATENCY_S})
        for fault, rate in faults.items():
            google.do.fault(FAULTS[fault], rate=rate, match={"operation": "insert"})
        google.do.set_quota(quota.scope, round(quota.per_min * quota.within_s / MINUTE_S), per_s=quota.within_s)
        async with opened_fast(folder, google, calendars=calendars) as office:
            names = await backlog(office, quota.meetings)
            await office.drained(within_s=4 * 3600, look_every_s=5)
            assert Counter(event["summary"] for event in office.living()) == Counter(names)
            return drain_of(google, quota)


FAULTS: dict[str, dict[str, object]] = {
    "503": {"status": 503, "reason": "backendError", "delay_s": LATENCY_S},
    "answer lost": {"reset": "after", "delay_s": LATENCY_S},
}


async def backlog(office: FastOffice, meetings: int) -> list[str]:
    devices = list(office.calendars)
    names = [f"Meeting {number}" for number in range(meetings)]
    for number, name in enumerate(names):
        body = meeting(f"b{number}", subject=name, start=f"2026-03-{9 + number % 20:02d}T10:00:00")
        await office.schedule(body, device=devices[number % len(devices)])
    return names


@pytest.mark.parametrize("name", QUOTAS if LONG else SMALL)
def test_a_backlog_against_a_quota_that_nobody_told(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    quota = (QUOTAS if LONG else SMALL)[name]
    with folder_in_memory() as folder:
        drain = in_fast_time(drained(folder, quota, {}))
    rate, calls = drain.per_s_after_a_minute / quota.allowed_per_s, len(drain.calls) / quota.meetings
    late = [at_s for at_s in drain.refused if at_s > MINUTE_S]
    with capsys.disabled():
        print(f"\n{name}: {rate:.3f} of the allowed rate, {len(drain.refused)} refused, {calls:.4f} calls a meeting")
    assert rate >= 0.95
    assert not late, f"{len(late)} calls too many, the first {late[0]:.1f} s after the first call"
    assert len(drain.calls) - quota.meetings <= MOST_MORE


def test_nothing_is_lost_or_doubled_when_one_call_in_twenty_fails() -> None:
    quota = QUOTAS["account, one calendar"] if LONG else SMALL["account, ten calendars"]
    with folder_in_memory() as folder:
        drain = in_fast_time(drained(folder, quota, {"503": 0.025, "answer lost": 0.025}))
    assert len(drain.done) == quota.meetings
