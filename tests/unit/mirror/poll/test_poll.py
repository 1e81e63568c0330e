"""Meetings of a UCM that is asked come in like those that are pushed: new, changed, gone, and nothing twice."""

from __future__ import annotations

import asyncio
import os
import random
from dataclasses import replace

from gateway.mirror.poll.state import stored_status
from gateway.store import polling
from gateway.store.polling import PollState
from simulator.pbx.booking import Member
from tests.unit.pbx.polled_ucm import MONDAY, form, polled_ucm

LONG = bool(os.environ.get("LONG"))
LIST = "listMultimediaConferenceReservationInfo"


async def test_new_changed_and_vanished_meetings():
    async with polled_ucm() as office:
        one = office.ucm.do.schedule(form("One", invitees=(Member(extension="1001", email="a@example.com"),)))
        two = office.ucm.do.schedule(form("Two", day=1))
        status = await office.look()
        assert (status.state, status.code, status.listed) == (PollState.OK, "", 2)
        assert await office.living() == ["One", "Two"]
        office.ucm.do.rename(two.book_id, "Two changed")
        await office.look()
        assert await office.living() == ["One", "Two changed"]
        office.ucm.do.cancel(one.book_id)
        assert (await office.look()).missing == 1
        assert await office.living() == ["One", "Two changed"]
        assert (await office.look()).missing == 0
        assert await office.living() == ["Two changed"]
        assert one.book_id not in await office.remembered()


async def test_what_is_unchanged_costs_no_write():
    async with polled_ucm() as office:
        for number in range(5):
            office.ucm.do.schedule(form(f"M{number}", day=number))
        await office.looks(2)
        pages = await office.database.read(lambda conn: conn.execute("PRAGMA data_version").fetchone())
        asked = office.calls(LIST)
        await office.looks(3)
        assert office.calls(LIST) == asked + 3
        assert await office.database.read(lambda conn: conn.execute("PRAGMA data_version").fetchone()) == pages


async def test_one_cookie_serves_nine_minutes_and_is_renewed_when_the_pbx_forgot_it():
    async with polled_ucm() as office:
        await office.looks(5)
        assert office.calls("login") == 1
        office.ucm.state.login.expire_cookies()
        assert (await office.look()).state is PollState.OK
        assert office.calls("login") == 2
        office.clock.ms += 541_000
        await office.look()
        assert office.calls("login") == 3
        for _ in range(3):  # good logins are not counted
            office.ucm.state.login.expire_cookies()
            assert (await office.look()).state is PollState.OK
        assert office.calls("login") == 6


async def test_all_pages_are_read_and_a_page_that_comes_twice_proves_nothing():
    async with polled_ucm() as office:
        for number in range(70):
            office.ucm.do.schedule(form(f"M{number}", day=number % 5))
        assert (await office.look()).listed == 70
        assert len(await office.living()) == 70
        office.ucm.state.switches.set("duplicate_page", True)
        for _ in range(3):
            assert (await office.look()).code == "D-21"
        assert len(await office.living()) == 70


async def test_a_failing_page_keeps_what_was_read_and_removes_nothing():
    async with polled_ucm() as office:
        for number in range(40):
            office.ucm.do.schedule(form(f"M{number:02}", day=number % 5))
        office.ucm.state.faults.add([{"action": LIST, "after": 1, "do": {"code": -9}}])
        for _ in range(3):
            status = await office.look()
        assert (status.state, status.code) == (PollState.FAILING, "D-16")
        assert len(await office.living()) == 30


async def test_a_part_of_a_list_proves_nothing():
    async with polled_ucm() as office:
        for number in range(34):  # four on the second page
            office.ucm.do.schedule(form(f"M{number:02}", day=number % 5))
        await office.look()
        office.ucm.state.faults.add([{"action": LIST, "after": 1, "times": 1, "do": {"code": -9}}])
        for _ in range(3):
            office.ucm.state.faults.rules[0].used = office.ucm.state.faults.rules[0].seen = 0
            status = await office.look()
            assert (status.code, status.missing) == ("D-16", 0)
        assert len(await office.living()) == 34


async def test_an_entry_without_an_id_proves_nothing_and_is_told():
    async with polled_ucm() as office:
        booked = [office.ucm.do.schedule(form(f"M{number}", day=number)).book_id for number in range(3)]
        await office.look()
        office.ucm.state.meetings[booked[0]].fields["bookid"] = ""
        status = await office.looks(3)
        assert (status.state, status.code, status.missing) == (PollState.OK, "D-04", 0)
        assert "meetings deleted on the PBX stay in the calendar" in status.text
        assert len(await office.living()) == 3


async def test_a_list_of_unexpected_form_is_kept_sealed_and_nothing_vanishes():
    async with polled_ucm() as office:
        office.ucm.do.schedule(form("One"))
        await office.look()
        for kind in ("form", "html", "truncated"):
            office.ucm.state.switches.set("garbled", kind)
            for _ in range(3):
                status = await office.look()
            assert status.code == "D-21", kind
        assert await office.living() == ["One"]
        kept = await office.database.read(lambda conn: conn.execute("SELECT odd FROM polling").fetchone()[0])
        assert kept[::-1].startswith(b'{"response": {"bookid": [')
        office.ucm.state.switches.set("garbled", "")
        assert (await office.look()).state is PollState.OK


async def test_a_list_that_loses_much_stops_and_asks():
    async with polled_ucm() as office:
        for number in range(20):
            office.ucm.do.schedule(form(f"M{number:02}", day=number % 5))
        await office.look()
        office.ucm.state.switches.set("vanish", 12)
        status = await office.looks(4)
        assert (status.state, status.asked) == (PollState.ASKS, 8)
        assert "lost 8 meetings" in status.text
        assert len(await office.living()) == 20
        office.ucm.state.switches.set("vanish", None)
        assert (await office.look()).state is PollState.OK
        office.ucm.state.switches.set("vanish", 12)
        await office.looks(2)
        assert await office.poll.believe("ucm-1") == 8
        assert (await office.look()).state is PollState.OK
        assert len(await office.living()) == 12


async def test_what_an_admin_believed_covers_no_more_than_was_asked():
    async with polled_ucm() as office:
        for number in range(20):
            office.ucm.do.schedule(form(f"M{number:02}", day=number % 5))
        await office.look()
        office.ucm.state.switches.set("vanish", 12)
        await office.looks(2)
        await office.poll.believe("ucm-1")
        office.ucm.state.switches.set("vanish", 0)
        status = await office.look()
        assert (status.state, status.asked) == (PollState.ASKS, 20)
        assert len(await office.living()) == 20


async def test_another_process_may_believe_and_read_how_it_stands():
    async with polled_ucm() as office:
        for number in range(20):
            office.ucm.do.schedule(form(f"M{number:02}", day=number % 5))
        await office.look()
        office.ucm.state.switches.set("vanish", 12)
        await office.look()
        stored = await stored_status(office.database, office.device.row)
        assert stored == replace(office.status, every_s=None)
        await office.poll.look_again()
        assert await office.database.write(lambda conn: polling.believe(conn, 1)) == 8
        await office.poll.look_again()
        assert (await office.look(soon=True)).state is PollState.OK
        assert len(await office.living()) == 12


async def test_up_to_five_may_vanish_at_once():
    async with polled_ucm() as office:
        for number in range(6):
            office.ucm.do.schedule(form(f"M{number}", day=number % 5))
        await office.look()
        office.ucm.state.switches.set("vanish", 1)
        await office.looks(2)
        assert await office.living() == ["M0"]


async def test_past_meetings_may_disappear_and_those_over_before_the_first_look_stay_out():
    async with polled_ucm() as office:
        past = office.ucm.do.schedule(form("Long ago", day=-40))
        soon = office.ucm.do.schedule(form("Soon"))
        await office.look()
        assert await office.living() == ["Soon"]
        office.clock.ms += 14 * 24 * 3600 * 1000
        office.ucm.do.cancel(past.book_id)
        office.ucm.do.cancel(soon.book_id)
        status = await office.looks(3)
        assert (status.state, status.missing) == (PollState.OK, 0)
        assert await office.living() == ["Soon"]
        assert await office.remembered() == {}


async def test_one_meeting_that_is_not_understood_blocks_no_other():
    async with polled_ucm() as office:
        bad = office.ucm.do.schedule(form("Bad"))
        office.ucm.do.schedule(form("Good", day=1))
        office.ucm.state.meetings[bad.book_id].zone_label = "Nowhere/Land"
        office.ucm.state.switches.set("zone_text", "form")
        office.ucm.state.meetings[bad.book_id].fields["endtime"] = office.ucm.state.meetings[bad.book_id].fields[
            "starttime"
        ]
        status = await office.look()
        assert (status.state, status.not_understood) == (PollState.OK, 1)
        assert await office.living() == ["Good"]
        note = (await office.remembered())[bad.book_id]
        assert note.code in ("D-07", "D-08")
        assert bad.book_id in note.text
        office.ucm.state.meetings[bad.book_id].zone_label = "(UTC+01:00) Etc/GMT-1"
        office.ucm.do.move(bad.book_id, MONDAY, minutes=30)
        assert (await office.look()).not_understood == 0
        assert await office.living() == ["Bad", "Good"]


async def test_a_meeting_that_comes_back_under_its_old_id_is_named_and_stays_away():
    async with polled_ucm() as office:
        office.ucm.do.schedule(form("One"), book_id="1714377600000")
        office.ucm.do.schedule(form("Two", day=1))
        await office.look()
        office.ucm.do.cancel("1714377600000")
        await office.looks(2)
        office.ucm.do.schedule(form("One again"), book_id="1714377600000")
        status = await office.look()
        assert (status.state, status.not_understood) == (PollState.OK, 1)
        assert "under a new id" in (await office.remembered())["1714377600000"].text
        assert await office.living() == ["Two"]


async def test_people_the_pbx_names_are_passed_on():
    async with polled_ucm() as office:
        heard = []
        await office.kill()
        office.learned = lambda name, meeting: heard.append((name, meeting.subject))
        await office.start()
        office.ucm.do.schedule(form("One"))
        await office.look()
        assert heard == [("ucm-1", "One")]


async def test_a_clock_that_is_wrong_is_told():
    async with polled_ucm() as office:
        office.ucm.state.switches.set("clock_off_minutes", 12)
        status = await office.look()
        assert status.state is PollState.OK
        assert "12 minutes off (fast)" in status.warning


async def test_a_gateway_killed_between_looks_goes_on_where_it_was():
    async with polled_ucm() as office:
        one = office.ucm.do.schedule(form("One"))
        await office.look()
        office.ucm.do.cancel(one.book_id)
        await office.look()
        await office.kill()
        await office.start()
        await office.look()
        assert await office.living() == []


async def test_a_gateway_killed_before_it_remembered_repeats_without_effect():
    async with polled_ucm() as office:
        office.ucm.do.schedule(form("One"))
        await office.look()
        await office.kill()
        await office.database.write(lambda conn: conn.execute("DELETE FROM polled_meeting"))
        await office.start()
        await office.look()
        revisions = await office.database.read(lambda conn: conn.execute("SELECT revision FROM meeting").fetchall())
        assert revisions == [(1,)]


async def test_a_gateway_cut_off_anywhere_ends_where_an_undisturbed_one_does():
    """After any number of steps of the loop, many times, while meetings come, change and go."""
    chance = random.Random(7)
    async with polled_ucm() as office:
        do = office.ucm.do
        booked = [do.schedule(form(f"M{number}", day=number % 5)).book_id for number in range(12)]
        for turn in range(60 if LONG else 20):
            if turn % 4 == 1:
                do.rename(booked[turn % 12], f"Renamed {turn}")
            if turn == 6:
                do.cancel(booked.pop())
            for _ in range(int(2 ** chance.uniform(0, 9))):
                await asyncio.sleep(0)
            await office.kill()
            office.clock.ms += 61_000
            await office.start()
        await office.looks(3)
        assert await office.living() == sorted(office.ucm.state.meetings[one].fields["confname"] for one in booked)
        twice = "SELECT count(*) FROM (SELECT external_id FROM meeting GROUP BY 1 HAVING count(*) > 1)"
        assert await office.database.read(lambda conn: conn.execute(twice).fetchone()[0]) == 0
        most = "SELECT max(revision) FROM meeting"
        assert await office.database.read(lambda conn: conn.execute(most).fetchone()[0]) <= 3


async def test_nothing_is_asked_when_there_is_no_device_or_it_is_paused():
    async with polled_ucm() as office:
        await office.look()
        office.paused = True
        before = office.ucm.state.call_count
        office.clock.ms += 600_000
        office.poll.wake()
        while office.poll.status("ucm-1") is not None:
            await asyncio.sleep(0)
        assert office.ucm.state.call_count == before
        office.paused = False
        await office.look()
        assert office.ucm.state.call_count > before


async def test_new_settings_are_used_at_once():
    async with polled_ucm() as office:
        good = office.settings
        office.settings = replace(good, port=1)
        assert (await office.look()).code == "D-16"
        office.settings = good
        status = await office.look(soon=True)
        assert status.state is PollState.OK
