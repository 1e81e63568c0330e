"""A UCM that does not let itself be asked: what the admin is told, what is never sent, and when it is asked again."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from gateway.domain.secret import Secret
from gateway.store import devices
from gateway.store.polling import PollState
from tests.unit.pbx.polled_ucm import EVERY_S, PolledUcm, form, polled_ucm

LIST = "listMultimediaConferenceReservationInfo"


async def test_an_own_certificate_is_refused_until_it_is_trusted_and_so_is_another_one():
    async with polled_ucm() as office:
        office.ucm.do.schedule(form("One"))
        pinned = office.settings
        office.settings = replace(pinned, fingerprint=None)
        status = await office.look()
        assert (status.state, status.code, status.fingerprint) == (PollState.FAILING, "D-19", office.ucm.fingerprint)
        assert office.ucm.state.call_count == 0
        office.settings = pinned
        assert (await office.look(soon=True)).state is PollState.OK
        before = office.ucm.state.call_count
        other = office.ucm.change_certificate()
        status = await office.look()
        assert (status.code, status.fingerprint) == ("D-19", other)
        assert "another certificate" in status.text
        assert office.ucm.state.call_count == before
        office.settings = replace(pinned, fingerprint=other)
        status = await office.look(soon=True)
        assert (status.state, status.fingerprint) == (PollState.OK, "")


async def test_wrong_passwords_never_lead_to_a_ban():
    """Not within a day, not over restarts, and not when somebody tests the device again and again."""
    async with polled_ucm() as office:
        office.settings = replace(office.settings, password=Secret("wrong"))
        for number in range(16):
            assert (await office.look()).code == "D-17"
            await office.poll.test(office.device)
            if number % 5 == 0:
                await office.kill()
                await office.start()
        times = [call for call in office.ucm.state.calls if call.action == "login"]
        assert 4 <= len(times) <= 100
        assert not office.ucm.state.login.is_banned("127.0.0.1")


async def test_at_most_two_logins_fail_in_ten_minutes():
    async with polled_ucm() as office:
        await office.kill()
        office.settings = replace(office.settings, password=Secret("wrong"))
        for _ in range(5):
            report = await office.poll.test(office.device)
            assert (report.ok, report.code) == (False, "D-17")
        assert office.calls("login") == 2
        assert "next one is tried in 10 min" in report.text
        office.clock.ms += 601_000
        await office.poll.test(office.device)
        assert office.calls("login") == 3


async def test_a_login_whose_end_nobody_saw_counts():
    async with polled_ucm() as office:
        await office.kill()
        office.ucm.state.faults.add([{"action": "login", "do": {"reset": True}}])
        codes = [(await office.poll.test(office.device)).code for _ in range(4)]
        assert codes == ["D-16", "D-16", "D-17", "D-17"]
        assert office.calls("login") == 2


async def test_a_cookie_that_is_never_good_ends_after_one_more_login():
    async with polled_ucm() as office:
        office.ucm.state.faults.add([{"action": LIST, "do": {"code": -6}}])
        assert (await office.look()).code == "D-17"
        assert (office.calls("login"), office.calls(LIST)) == (2, 2)


@pytest.mark.parametrize("status", [-47, -68, -70])
async def test_who_is_not_permitted_is_told_which_line_to_add_and_asks_rarely(status: int):
    async with polled_ucm() as office:
        office.ucm.state.faults.add([{"action": "challenge", "do": {"code": status}}])
        said = await office.look()
        assert said.code == "D-18"
        assert f"status {status}" in said.text
        assert '127.0.0.1/32 to "Permitted IP(s)"' in said.text
        await office.look()
        before = office.clock.ms
        await office.look()
        assert office.clock.ms - before > 3_000_000


async def test_permitted_addresses_of_the_pbx_itself():
    async with polled_ucm(permitted=["192.0.2.0/24"]) as office:
        assert (await office.look()).code == "D-18"
        office.ucm.state.login.permitted = []
        assert (await office.look()).state is PollState.OK


@pytest.mark.parametrize(("status", "least_s"), [(-45, 15), (-57, 60)])
async def test_who_is_asked_to_slow_down_does(status: int, least_s: int):
    async with polled_ucm() as office:
        office.settings = replace(office.settings, every_s=10)
        office.ucm.do.schedule(form("One"))
        office.ucm.state.faults.add([{"action": LIST, "times": 2, "do": {"code": status}}])
        said = await office.look()
        assert said.code == "D-20"
        assert said.next_poll_ms - office.clock.ms >= least_s * 1000
        assert said.every_s == 20
        said = await office.look()
        assert said.every_s == 40
        await office.kill()
        await office.start()
        assert office.poll.status("ucm-1") is None
        status_after = await office.looks(1)
        assert (status_after.state, status_after.every_s) == (PollState.OK, 40)
        assert office.pauses[-1] == 2.0
        for _ in range(20):
            status_after = await office.look()
        assert status_after.every_s == 10


async def test_a_pbx_in_a_hurry_is_read_in_the_end():
    async with polled_ucm() as office:
        for number in range(100):
            office.ucm.do.schedule(form(f"M{number}", day=number % 5))
        office.ucm.state.switches.set("hurry", 3)

        async def pause(seconds: float) -> None:
            office.clock.ms += int(seconds * 1000)

        await office.kill()
        office._pause = pause
        await office.start()
        for _ in range(12):
            await office.looked()
            if (status := office.status).state is PollState.OK:
                break
        assert (status.state, status.listed) == (PollState.OK, 100)


ODD = [
    ({"do": {"html": True}}, "D-16", "not one of the API"),
    ({"do": {"http": 404}}, "D-16", "HTTP status 404"),
    ({"do": {"http": 302}}, "D-16", "HTTP status 302"),
    ({"do": {"reset": True}}, "D-16", "broke"),
    ({"do": {"body": '{"response": {}, "status": 0}'}}, "D-16", "no challenge"),
    ({"do": {"body": '{"response": {"challenge": 5}, "status": 0, "status": 0}'}}, "D-16", "not one of the API"),
    ({"do": {"body": "[" * 100_000}}, "D-16", "not one of the API"),
    ({"do": {"body": "x" * 1_100_000}}, "D-16", "larger than 1 MiB"),
    ({"action": LIST, "do": {"code": -19}}, "D-21", "unsupported action"),
    ({"action": LIST, "do": {"code": -1}}, "D-21", "invalid parameters"),
    ({"action": LIST, "do": {"code": -51}}, "D-16", "another task is running"),
    ({"action": LIST, "do": {"body": '{"response": {"bookid": 3}, "status": 0}'}}, "D-21", "unexpected form"),
    ({"action": LIST, "do": {"body": '{"response": {"bookid": [3]}, "status": 0}'}}, "D-21", "not a meeting"),
    ({"action": LIST, "do": {"body": '{"response": {"bookid": [{}]}, "status": 0}'}}, "D-21", "unexpected form"),
    ({"action": LIST, "do": {"body": '{"response": {}, "status": "zero"}'}}, "D-21", "unexpected form"),
    ({"action": LIST, "do": {"cut": True}}, "D-16", "broke"),
]


async def _is_told(office: PolledUcm, fault: dict[str, object], code: str, words: str) -> None:
    office.ucm.state.faults.add([fault])
    if "action" not in fault:
        office.clock.ms += 600_000  # the cookie has ended
    status = await office.look()
    assert (status.state, status.code) == (PollState.FAILING, code), fault
    assert words in status.text
    office.ucm.state.faults.rules.clear()
    office.clock.ms += 600_000  # a login whose end nobody saw is forgotten


async def test_odd_answers():
    async with polled_ucm() as office:
        office.ucm.do.schedule(form("One"))
        await office.look()
        for fault, code, words in ODD:
            await _is_told(office, fault, code, words)
            assert (await office.look()).state is PollState.OK
        assert await office.living() == ["One"]


async def test_a_call_that_is_never_answered():
    async with polled_ucm() as office:
        await _restart(office, timeout_s=2.0)
        await _is_told(office, {"do": {"hang": True}}, "D-16", "silent for 2 s")
        await _restart(office, timeout_s=30.0)
        assert (await office.look()).state is PollState.OK


async def _restart(office: PolledUcm, timeout_s: float) -> None:
    await office.kill()
    office.network = replace(office.network, timeout_s=timeout_s)
    await office.start()


async def test_a_pbx_that_is_off_is_asked_less_and_less_often():
    async with polled_ucm() as office:
        await office.ucm.stop()
        pauses = []
        for _ in range(8):
            status = await office.look()
            assert status.code == "D-16"
            pauses.append(round((status.next_poll_ms - office.clock.ms) / 1000 / 0.95))
        assert pauses[:3] == [EVERY_S, 2 * EVERY_S, 4 * EVERY_S]
        assert pauses[-1] == 900


async def test_a_device_that_is_tested_says_what_works():
    async with polled_ucm() as office:
        await office.kill()  # two that log in at once would spoil each other's challenge
        office.ucm.do.schedule(form("One"))
        report = await office.poll.test(office.device)
        assert report.ok
        assert report.text.endswith("accepts the login, and its list has 1 meeting.")
        assert await office.meetings() == {}
        office.settings = replace(office.settings, fingerprint=None)
        report = await office.poll.test(office.device)
        assert (report.ok, report.code, report.fingerprint) == (False, "D-19", office.ucm.fingerprint)
        report = await office.poll.test(replace(office.device, poll=None))
        assert not report.ok
        assert "has to call the gateway itself" in report.text


async def test_a_test_tells_what_is_not_understood_and_how_wrong_the_clock_is():
    async with polled_ucm() as office:
        await office.kill()
        booked = [office.ucm.do.schedule(form(name)).book_id for name in ("One", "Two")]
        office.ucm.state.meetings[booked[0]].fields["recurringevent"] = "SOMETIMES"
        office.ucm.state.switches.set("clock_off_minutes", -90)
        report = await office.poll.test(office.device)
        assert (report.ok, report.code, report.meetings, len(report.notes)) == (True, "D-04", 2, 1)
        assert "its list has 2 meetings. 1 of them could not be understood." in report.text
        assert booked[0] in report.text
        assert "90 minutes off (slow)" in report.text


async def test_silent_devices_block_no_other_and_are_asked_a_few_at_a_time():
    open_now, most = set(), 0

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal most
        open_now.add(writer)
        most = max(most, len(open_now))
        await reader.read()
        while await reader.read(1000):
            continue
        open_now.discard(writer)
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    async with server, polled_ucm() as office:
        await office.kill()
        office.network = replace(office.network, timeout_s=2.0)
        quiet = replace(office.settings, port=server.sockets[0].getsockname()[1])
        for number in range(2, 8):
            name = f"silent-{number}"
            await office.database.write(
                lambda conn, name=name: devices.put(conn, name=name, profile="x", key_hash=b"", now_ms=1)
            )
        rows = await office.database.read(devices.everything)
        # Who share a PBX and its user are asked one after the other; these only share an address.
        office.others = [
            replace(office.device, row=row, poll=replace(quiet, user=f"user-{row.id}")) for row in rows[1:]
        ]
        await office.start()
        assert (await office.look()).state is PollState.OK
        async with asyncio.timeout(60):
            while not all(status.code == "D-16" for status in office.poll.statuses() if status.device != "ucm-1"):
                await asyncio.sleep(0.01)
        assert 2 <= most <= 4


async def test_no_secret_is_said_anywhere():
    async with polled_ucm() as office:
        office.ucm.do.schedule(form("One", password="778899", host_password="665544"))
        for fault in ({"code": -1}, {"html": True}, {"code": -37}):
            office.ucm.state.faults.rules.clear()
            office.ucm.state.faults.add([{"action": LIST, "do": fault}])
            status = await office.look()
            for secret in (office.ucm.password, "778899", "665544", *office.ucm.state.login.cookies):
                assert secret not in repr(status)
        office.ucm.state.faults.rules.clear()
        await office.kill()
        await office.start()
        await office.look()
        dump = "\n".join(await office.database.read(lambda conn: list(conn.iterdump())))
        for secret in (office.ucm.password, "778899", "665544", *office.ucm.state.login.cookies):
            assert secret not in dump
