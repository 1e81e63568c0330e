"""Faults that add up, are about one account or calendar, hold for a time, repeat with a seed, or hide a taken id."""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
import pytest

from simulator.google import SimulatedGoogle
from simulator.google.fault_rules import BadRule
from tests.simulator.google.conftest import EVENTS, Wire, timed

SADIE = "sadie.adler@mycompanyabc.com"


def at(day: int, **fields: Any) -> dict[str, Any]:
    return timed(f"2026-11-{day}T10:00:00", f"2026-11-{day}T11:00:00", **fields)


async def statuses(wire: Wire, count: int, **given: Any) -> list[int]:
    return [(await wire("GET", EVENTS, **given)).status for _ in range(count)]


async def test_lateness_adds_up_and_goes_with_an_ending(wire: Wire, google: SimulatedGoogle):
    google.do.fault({"delay_s": 0.06})
    google.do.fault({"status": 503}, match={"operation": "insert"}, times=1)
    google.do.fault({"delay_s": 0.04}, match={"operation": "insert"})
    began = time.monotonic()
    assert (await wire("POST", EVENTS, json=at(23))).status == 503
    assert time.monotonic() - began >= 0.1
    began = time.monotonic()
    assert (await wire("GET", EVENTS)).status == 200
    assert time.monotonic() - began >= 0.06
    assert [rule["used"] for rule in google.state.faults.listed()] == [1, 1, 2]


async def test_lateness_with_a_spread(wire: Wire, google: SimulatedGoogle):
    rule = google.do.fault({"delay_s": 0.01, "spread_s": 0.05}, seed=4)
    late = [rule.effect.late_s(rule.random) for _ in range(200)]
    assert 0.01 <= min(late) < 0.02
    assert 0.05 < max(late) <= 0.06
    assert await statuses(wire, 1) == [200]


async def test_one_account_and_one_calendar(wire: Wire, google: SimulatedGoogle):
    google.do.add_account(SADIE)
    sadie = google.do.issue_tokens(account=SADIE)
    room = google.do.add_calendar("Room").calendar_id
    google.do.fault({"status": 500}, match={"account": SADIE})
    assert await statuses(wire, 1) == [200]
    assert await statuses(wire, 1, token=sadie["access_token"]) == [500]
    refresh = {"grant_type": "refresh_token", "refresh_token": sadie["refresh_token"]}
    assert (await wire("POST", "/token", data=refresh, token=None)).status == 500
    google.do.clear_faults()
    google.do.fault({"status": 502}, match={"calendar": room})
    google.do.fault({"status": 504}, match={"calendar": SADIE, "operation": "list"})
    assert await statuses(wire, 1) == [200]
    assert (await wire("GET", f"/calendar/v3/calendars/{room}/events")).status == 502
    assert await statuses(wire, 1, token=sadie["access_token"]) == [504]


async def test_a_rule_has_its_hours(wire: Wire, google: SimulatedGoogle):
    google.do.set_clock(now=google.state.clock.now(), stopped=True)
    google.do.fault({"status": 503}, wait_s=60, for_s=120)
    seen = []
    for _ in range(4):
        seen += await statuses(wire, 1)
        google.do.set_clock(advance_s=60)
    assert seen == [200, 503, 503, 200]


async def test_the_same_seed_hits_the_same_requests(wire: Wire, google: SimulatedGoogle):
    hit = []
    for _ in range(2):
        google.do.clear_faults()
        google.do.fault({"status": 503}, rate=0.5, seed=99)
        hit.append(await statuses(wire, 30))
    assert hit[0] == hit[1]
    assert 5 < hit[0].count(503) < 25


async def test_a_clock_that_is_off_for_some_requests(wire: Wire, google: SimulatedGoogle):
    google.do.set_clock(now=google.state.clock.now(), stopped=True)
    google.do.fault({"skew_s": -600}, match={"operation": "get"})
    google.do.fault({"skew_s": 60})
    now_s = google.state.clock.now_s()
    listed = parsedate_to_datetime((await wire("GET", EVENTS)).headers["Date"]).timestamp()
    got = parsedate_to_datetime((await wire("GET", EVENTS + "/abc01")).headers["Date"]).timestamp()
    assert listed - now_s == pytest.approx(60, abs=1)
    assert got - now_s == pytest.approx(-540, abs=1)


async def test_a_taken_id_that_is_not_noticed(wire: Wire, google: SimulatedGoogle):
    google.do.fault({"overwrites": True}, match={"operation": "insert"}, after=1, times=1)
    first = await wire("POST", EVENTS, json=at(23, id="abc01", summary="First"))
    second = await wire("POST", EVENTS, json=at(23, id="abc01", summary="Second"))
    third = await wire("POST", EVENTS, json=at(23, id="abc01", summary="Third"))
    assert [answer.status for answer in (first, second, third)] == [200, 200, 409]
    assert [event["summary"] for event in google.state.live_events] == ["Second"]
    assert second.json["etag"] != first.json["etag"]
    google.do.delete_event("abc01")
    assert (await wire("POST", EVENTS, json=at(23, id="abc01"))).status == 409


async def test_ambiguous_endings_one_after_the_other(wire: Wire, google: SimulatedGoogle):
    google.do.faults(
        [
            {"match": {"operation": "insert"}, "times": 1, "do": {"status": 503, "when": "after"}},
            {"match": {"operation": "insert"}, "times": 1, "do": {"garbage": True, "when": "after"}},
            {"match": {"operation": "insert"}, "times": 1, "do": {"reset": "after"}},
            {"match": {"operation": "insert"}, "times": 1, "do": {"truncate": True}},
        ]
    )
    for number in range(4):
        try:
            await wire("POST", EVENTS, json=at(23, id=f"abc0{number}"))
        except (aiohttp.ClientError, ValueError):
            assert number > 0
    assert len(google.state.live_events) == 4
    assert [record.committed for record in google.state.requests_of("insert")] == [True] * 4


@pytest.mark.parametrize(
    "rule",
    [
        {"do": {"skew_s": "late"}},
        {"do": {"spread_s": -1}},
        {"do": {"overwrites": False}},
        {"do": {"status": 503, "skew_s": 5}},
        {"do": {"status": 503}, "wait_s": -1},
        {"do": {"status": 503}, "for_s": "long"},
        {"do": {"status": 503}, "seed": "x"},
        {"do": {"status": 503}, "match": {"account": 5}},
    ],
)
def test_rules_that_cannot_be_used(rule: dict[str, Any]):
    google = SimulatedGoogle(seed=1)
    with pytest.raises(BadRule) as bad:
        google.do.faults([{"do": {"status": 500}}, rule])
    assert bad.value.problems
    assert google.state.faults.listed() == []


async def test_one_rule_is_taken_away(wire: Wire, google: SimulatedGoogle):
    rule = google.do.fault({"status": 503})
    google.do.fault({"delay_s": 0.0})
    assert (await wire("DELETE", f"/_sim/faults/{rule.number}", token=None)).status == 200
    assert (await wire("DELETE", f"/_sim/faults/{rule.number}", token=None)).status == 404
    assert (await wire("DELETE", "/_sim/faults/first", token=None)).status == 404
    assert await statuses(wire, 1) == [200]
