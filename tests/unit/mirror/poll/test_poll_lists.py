"""What lists of UCMs look like: days of series, rooms, the older family, and what a list leaves out."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from gateway.store.polling import PollState
from simulator.pbx.booking import Member, Repeat
from tests.unit.pbx.polled_ucm import MONDAY, form, polled_ucm

GET = "getMultimediaConferenceReservation"


async def test_a_moved_and_a_cancelled_day_of_a_series():
    async with polled_ucm() as office:
        series = office.ucm.do.schedule(form("Series", repeat=Repeat.WEEKLY))
        office.ucm.do.move_occurrence(
            series.book_id, MONDAY + timedelta(days=7), MONDAY + timedelta(days=7, hours=2), minutes=30
        )
        office.ucm.do.cancel_occurrence(series.book_id, MONDAY + timedelta(days=14))
        assert (await office.look()).not_understood == 0
        query = "SELECT count(*) FROM occurrence"
        assert await office.database.read(lambda conn: conn.execute(query).fetchone()[0]) == 2
        assert await office.living() == ["Series"]


async def test_a_day_that_is_cancelled_first_and_moved_afterwards():
    async with polled_ucm() as office:
        office.ucm.state.switches.set("occurrence_gap", 2)
        series = office.ucm.do.schedule(form("Series", repeat=Repeat.WEEKLY))
        week = timedelta(days=7)
        office.ucm.do.move_occurrence(series.book_id, MONDAY + week, MONDAY + week + timedelta(hours=2))
        states = []
        query = "SELECT state FROM occurrence"
        for _ in range(4):
            await office.look()
            states += await office.database.read(lambda conn: [row[0] for row in conn.execute(query)])
        assert states == ["cancelled", "cancelled", "changed", "changed"]
        assert await office.living() == ["Series"]


async def test_a_list_by_rooms():
    async with polled_ucm() as office:
        office.ucm.state.switches.set("list_by_room", True)
        for number in range(4):
            office.ucm.do.schedule(form(f"M{number}", day=number))
        assert (await office.look()).listed == 4
        assert await office.living() == ["M0", "M1", "M2", "M3"]


async def test_the_older_family_and_its_false_offset():
    async with polled_ucm(profile="grandstream/ucm6200", model="UCM6202") as office:
        office.ucm.state.switches.set("fixed_0800", True)
        office.time_zone = "Europe/Berlin"
        booked = office.ucm.do.schedule(form("Old", room="6300"))
        assert (await office.look()).state is PollState.OK
        zones = await office.database.read(
            lambda conn: conn.execute("SELECT external_id, json_extract(body, '$.z') FROM meeting").fetchall()
        )
        assert zones == [(booked.book_id, "Europe/Berlin")]


async def test_details_are_fetched_only_for_what_the_list_leaves_out():
    async with polled_ucm() as office:
        office.profile = replace(office.profile, api=replace(office.profile.api, options_parameter=""))
        office.ucm.do.schedule(form("One", invitees=(Member(extension="1001", email="a@example.com"),)))
        await office.look()
        assert office.calls(GET) == 1
        query = "SELECT body FROM meeting"
        body = await office.database.read(lambda conn: conn.execute(query).fetchone()[0])
        assert "a@example.com" in body
        (known,) = (await office.remembered()).values()
        assert known.detailed
        book_id = known.external_id
        office.ucm.state.meetings[book_id].members[-1]["email"] = "b@example.com"  # no column of the list shows it
        await office.look()
        assert "b@example.com" in await office.database.read(lambda conn: conn.execute(query).fetchone()[0])


async def test_what_the_list_leaves_out_is_read_again_in_turn_a_few_at_a_time():
    async with polled_ucm() as office:
        office.profile = replace(office.profile, api=replace(office.profile.api, options_parameter=""))
        for number in range(8):
            office.ucm.do.schedule(form(f"M{number}", day=number % 5))
        fetched, versions = [], []
        for _ in range(4):
            await office.look()
            fetched.append(office.calls(GET))
            versions.append(await office.database.read(lambda conn: conn.execute("PRAGMA data_version").fetchone()))
        assert fetched == [8, 13, 16, 21]
        assert versions[1] == versions[3]  # nothing was different, nothing was written
