"""How the simulated UCM can be odd: switches, faults of single calls, and the tester's controls over HTTP."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import datetime

import aiohttp
import pytest

from simulator.pbx.api import SimulatedUcm
from simulator.pbx.api.faults import BadRule
from simulator.pbx.api.switches import BadSwitch, Switches
from simulator.pbx.booking import vendor_example
from tests.simulator.pbx.api_client import ADD, LIST, ApiClient

MONDAY = datetime(2027, 1, 4)
FORM = vendor_example(MONDAY)


@pytest.fixture
async def ucm():
    async with SimulatedUcm(seed=3) as ucm:
        for hour in range(8, 13):
            ucm.do.schedule(FORM.moved(MONDAY.replace(hour=hour)))
        yield ucm


@pytest.fixture
async def client(ucm):
    async with ApiClient(ucm.base, ucm.user, ucm.password, ucm.fingerprint) as client:
        assert await client.log_in() == 0
        yield client


async def raw_list(client):
    body = json.dumps({"request": {"action": LIST, "cookie": client.cookie}}).encode()
    return (await client.post("/api", body, "application/json"))[1]


async def test_the_zone_is_written_as_the_firmware_does(ucm, client):
    async def zone():
        return (await client.do(LIST))["response"]["bookid"][0]["timezone"]

    assert await zone() == "(UTC+01:00) Etc/GMT-1"
    ucm.state.switches.zone_text = "code"
    assert await zone() == "Etc/GMT-1"
    ucm.state.switches.zone_text = "offset"
    assert await zone() == "+0100"
    ucm.state.switches.fixed_0800 = True
    assert await zone() == "+0800"


async def test_lists_may_lose_meetings_or_repeat_a_page(ucm, client):
    ucm.state.switches.vanish = 2
    short = (await client.do(LIST))["response"]
    assert (len(short["bookid"]), short["total_item"]) == (2, 2)
    ucm.state.switches.vanish = None
    ucm.state.switches.duplicate_page = True
    pages = [(await client.do(LIST, item_num=2, page=page))["response"] for page in (1, 2)]
    assert pages[0]["bookid"] == pages[1]["bookid"]
    assert (pages[1]["page"], pages[1]["total_page"]) == (2, 3)


async def test_lists_may_be_garbled(ucm, client):
    ucm.state.switches.garbled = "html"
    assert (await raw_list(client)).startswith("<!DOCTYPE html>")
    ucm.state.switches.garbled = "truncated"
    with pytest.raises(ValueError):
        json.loads(await raw_list(client))
    ucm.state.switches.garbled = "form"
    odd = json.loads(await raw_list(client))
    assert (odd["status"], "bookid" in odd["response"]) == (0, False)
    ucm.state.switches.garbled = ""
    ucm.state.switches.cut = True
    with pytest.raises(aiohttp.ClientError):
        await raw_list(client)
    assert (await client.do("checkInfo"))["status"] == 0


async def test_answers_may_be_slow(ucm, client):
    ucm.state.switches.slow_s = 0.2
    before = time.monotonic()
    assert (await client.do("checkInfo"))["status"] == 0
    assert time.monotonic() - before >= 0.2


async def test_rules_hit_single_calls(ucm, client):
    ucm.state.faults.add([{"action": "list*", "after": 1, "times": 2, "do": {"code": -57}}])
    assert [(await client.do(LIST))["status"] for _ in range(4)] == [0, -57, -57, 0]
    ucm.state.faults.add(
        [
            {"action": LIST, "times": 1, "do": {"http": 503}},
            {"action": LIST, "times": 1, "do": {"html": True}},
            {"action": LIST, "times": 1, "do": {"truncated": True}},
            {"action": LIST, "times": 1, "do": {"body": "nonsense"}},
            {"action": LIST, "times": 1, "do": {"form": True}},
        ]
    )
    body = json.dumps({"request": {"action": LIST, "cookie": client.cookie}}).encode()
    assert (await client.post("/api", body, "application/json"))[0] == 503
    assert "<html>" in await raw_list(client)
    assert (await raw_list(client)).startswith('{"response": {"bookid"')
    assert await raw_list(client) == "nonsense"
    assert "bookid" not in json.loads(await raw_list(client))["response"]
    assert (await client.do(LIST))["status"] == 0


@pytest.mark.parametrize("kind", ["reset", "cut"])
async def test_the_line_may_break(ucm, client, kind):
    ucm.state.faults.add([{"action": LIST, "times": 1, "do": {kind: True}}])
    with pytest.raises(aiohttp.ClientError):
        await client.do(LIST)
    assert (await client.do(LIST))["status"] == 0


async def test_a_call_may_have_its_effect_though_the_caller_hears_otherwise(ucm, client):
    said = {"confname": "Late", "starttime": "2027-02-01 09:00:00", "endtime": "2027-02-01 10:00:00"}
    ucm.state.faults.add([{"action": ADD, "times": 1, "do": {"code": -9, "late": True}}])
    assert (await client.do(ADD, **said))["status"] == -9
    assert "Late" in [one.fields["confname"] for one in ucm.state.meetings.values()]
    ucm.state.faults.add([{"action": ADD, "times": 1, "do": {"code": -8}}])
    assert (await client.do(ADD, **said))["status"] == -8
    assert len(ucm.state.meetings) == 6


@pytest.mark.parametrize(
    "rule",
    [
        [],
        {"do": {}},
        {"do": {"code": "x"}},
        {"do": {"code": 1, "html": True}},
        {"do": {"explode": 1}},
        {"do": {"html": True}, "what": 1},
        {"action": 5, "do": {"html": True}},
        {"times": -1, "do": {"html": True}},
        {"do": {"delay_s": -1}},
        {"do": {"http": 99}},
        {"do": {"body": 5}},
    ],
)
async def test_a_rule_that_cannot_be_used_is_refused(ucm, rule):
    with pytest.raises(BadRule):
        ucm.state.faults.add([{"do": {"code": -9}}, rule])
    assert ucm.state.faults.rules == []


def test_switches_are_read_from_texts():
    switches = Switches()
    for text in ("fixed-0800", "zone_text=offset", "slow_s=1.5", "vanish=3", "clock_off_minutes=-90", "cut=off"):
        switches.set_text(text)
    assert (switches.fixed_0800, switches.zone_text, switches.slow_s, switches.vanish) == (True, "offset", 1.5, 3)
    assert (switches.clock_off_minutes, switches.cut) == (-90, False)
    for wrong in ("colour", "zone_text", "zone_text=windows", "slow_s=fast", "slow_s=nan", "vanish=-1", "cut=maybe"):
        with pytest.raises(BadSwitch):
            switches.set_text(wrong)


async def test_the_controls_do_the_same_over_http(ucm, client):
    async with aiohttp.ClientSession() as session:

        async def post(name, given, status=200):
            async with session.post(f"{ucm.control}/_sim/{name}", json=given) as got:
                assert got.status == status, await got.text()
                return await got.json()

        booked = await post("do/schedule", {"start": "2027-03-01T10:00", "repeat": "weekly", "invite": ["1001"]})
        assert booked["warnings"]
        await post("do/move", {"id": booked["id"], "start": "2027-03-02T10:00", "minutes": 30})
        await post("do/move_occurrence", {"id": booked["id"], "original": "2027-03-09", "start": "2027-03-10T10:00"})
        meeting = ucm.state.meetings[booked["id"]]
        assert (meeting.fields["starttime"], meeting.fields["endtime"]) == (
            "2027-03-02 10:00:00",
            "2027-03-02 10:30:00",
        )
        await post("switches", {"fixed_0800": True, "vanish": 1})
        await post("faults", {"action": LIST, "times": 1, "do": {"code": -46}}, status=201)
        assert (await client.do(LIST))["status"] == -46
        assert (await client.do(LIST))["response"]["bookid"][0]["timezone"] == "+0800"
        await post("clock", {"advance_s": 601})
        assert (await client.do(LIST))["status"] == -6
        assert (await post("certificate", {}))["fingerprint"] == ucm.fingerprint
        await post("login", {"permitted": ["10.0.0.0/8"]})
        assert ucm.state.login.permitted == ["10.0.0.0/8"]
        for name, given, status in (
            ("do/move", {"id": booked["id"]}, 400),
            ("do/move", {"id": "1", "start": "2027-03-02"}, 404),
            ("do/schedule", {"start": "soon"}, 400),
            ("do/schedule", {"start": "2027-03-02T10:00", "minutes": 100000}, 400),
            ("switches", {"colour": 1}, 400),
            ("faults", {"do": {"explode": 1}}, 400),
            ("unknown", {}, 404),
        ):
            assert await post(name, given, status)
        async with session.get(f"{ucm.control}/_sim/state") as got:
            text = await got.text()
        assert json.loads(text)["meetings"][booked["id"]]["occurrences"] == {
            "2027-03-09 10:00:00": "2027-03-10 10:00:00"
        }
        assert "5021" not in text
        assert ucm.password not in text
        await post("do/cancel", {"id": booked["id"]})
        await post("reset", {})
        assert ucm.state.meetings == {}


async def test_the_page_shows_meetings_and_calls_to_people(ucm, client):
    ucm.do.schedule(replace(FORM, subject="<b>&"))
    await client.do(LIST)
    async with aiohttp.ClientSession() as session, session.get(ucm.control) as got:
        page = await got.text()
    assert got.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "NOT A REAL PBX" in page
    assert "&lt;b&gt;&amp;" in page
    assert LIST in page
    assert "5021" not in page


async def test_a_port_that_is_taken_is_said(ucm):
    with pytest.raises(OSError):
        await SimulatedUcm(port=ucm.port).start()
