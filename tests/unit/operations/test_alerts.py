"""What people are told outside the page: each thing once, over restarts, however long a channel is out of order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain.account_event import AccountChange
from gateway.operations.alerts.rules import LATE_MS
from gateway.store import alerts
from tests.unit.operations.alert_desk import (
    ACCOUNT,
    DAY_MS,
    DEVICE,
    EMAIL,
    MINUTE_MS,
    START_MS,
    AlertDesk,
    Ear,
    alert_desk,
    meeting,
    queued,
)

TEXT = f"Sign in again. Account: {EMAIL}. Next: meeting-gateway google login"
LOST, BACK, SOON = AccountChange.LOST, AccountChange.BACK, AccountChange.ENDS_SOON


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[AlertDesk]:
    async with alert_desk(tmp_path, "email", "webhook") as opened:
        await opened.sql(ACCOUNT, DEVICE)
        yield opened


async def test_lost_and_back_are_told_once_on_every_channel_over_restarts(desk: AlertDesk):
    lost = "UPDATE account SET state = 'authorization-lost', state_code = 'G-503', state_text = 'It is over.'"
    await desk.sql(lost)
    for _ in range(3):
        await desk.tell(LOST)
        await desk.pass_time(MINUTE_MS)
        desk.restart()
    for ear in desk.ears:
        assert ear.types() == ["account.lost"]
        (alert,) = ear.heard
        assert (alert.code, alert.title, alert.text) == ("G-503", "It is over.", TEXT)
        assert alert.data == {"account": EMAIL, "main": True}
        assert alert.id == "alt_inst_1"
    await desk.sql("UPDATE account SET state = 'connected', state_code = ''")
    for _ in range(2):
        await desk.tell(BACK, "")
        await desk.pass_time(MINUTE_MS)
    assert desk.ears[0].types() == ["account.lost", "account.back"]
    assert EMAIL in desk.ears[0].heard[-1].title


async def test_another_reason_is_another_alert(desk: AlertDesk):
    await desk.tell(LOST, "G-503")
    await desk.tell(LOST, "G-504")
    await desk.deliver()
    assert [alert.code for alert in desk.ears[0].heard] == ["G-503", "G-504"]


async def test_what_is_lost_is_said_again_every_day_until_it_is_back(desk: AlertDesk):
    await desk.sql("UPDATE account SET state = 'authorization-lost', state_code = 'G-503'")
    await desk.tell(LOST)
    await desk.pass_time(int(3.2 * DAY_MS), looks=77)
    assert desk.ears[0].types() == ["account.lost", *["again account.lost"] * 3]
    assert desk.ears[0].heard[-1].headline == "Still: It is over."
    await desk.sql("UPDATE account SET state = 'connected'")
    await desk.pass_time(2 * DAY_MS, looks=4)
    assert desk.ears[0].types()[4:] == ["account.back"]


async def test_what_nobody_told_because_a_gateway_died_is_made_up_for(desk: AlertDesk):
    await desk.sql(
        "UPDATE account SET state = 'authorization-lost', state_code = 'G-502', state_text = 'Access was removed. Why?'"
    )
    await desk.pass_time(MINUTE_MS)
    assert [(alert.code, alert.title) for alert in desk.ears[0].heard] == [("G-502", "Access was removed.")]
    await desk.sql("UPDATE account SET sealed = x'', state_code = ''")  # somebody signed out
    await desk.pass_time(2 * DAY_MS)
    assert desk.ears[0].types() == ["account.lost"]
    assert await desk.database.read(alerts.states) == []


async def test_an_end_is_told_and_once_more_on_its_last_day(desk: AlertDesk):
    ends = START_MS + 3 * DAY_MS
    for _ in range(2):
        await desk.tell(SOON, "G-411", ends_at_ms=ends)
        await desk.pass_time(MINUTE_MS)
    assert desk.ears[0].types() == ["account.ends-soon"]
    assert desk.ears[0].heard[0].data["ends"] == "2023-11-17T22:13:20Z"
    await desk.pass_time(int(2.5 * DAY_MS), looks=10)
    assert desk.ears[0].types() == ["account.ends-soon", "again account.ends-soon"]
    await desk.tell(BACK, "")
    await desk.pass_time(DAY_MS, looks=3)
    assert len(desk.ears[0].heard) == 2


async def test_a_channel_that_is_out_of_order_loses_nothing_and_holds_up_no_other(desk: AlertDesk):
    desk.ears[0].works = False
    await desk.sql("UPDATE account SET state = 'authorization-lost', state_code = 'G-503'")
    await desk.tell(LOST)
    await desk.deliver()
    assert desk.ears[1].types() == ["account.lost"]
    for _ in range(20):
        desk.restart()
        await desk.pass_time(30 * MINUTE_MS)
    assert desk.ears[0].tries > 5
    desk.ears[0].works = True
    await desk.pass_time(30 * MINUTE_MS)
    assert desk.ears[0].types() == ["account.lost"]
    assert desk.ears[1].types() == ["account.lost"]
    assert {state for *_, state in await desk.sent()} == {"sent"}


async def test_an_alert_of_last_week_is_given_up(desk: AlertDesk):
    desk.ears[0].works = False
    await desk.tell(SOON, "G-411", ends_at_ms=START_MS + 60 * DAY_MS)
    await desk.pass_time(6 * DAY_MS, looks=200)
    assert {(channel, state) for _, _, channel, state in await desk.sent()} == {
        ("email", "given-up"),
        ("webhook", "sent"),
    }


async def test_meetings_that_wait_too_long_although_the_account_works(desk: AlertDesk):
    await desk.sql(meeting(1), meeting(2), queued(1, at_ms=START_MS, code="G-506"), queued(2, at_ms=START_MS))
    await desk.pass_time(MINUTE_MS)
    await desk.pass_time(LATE_MS - 2 * MINUTE_MS)
    assert desk.ears[0].heard == []
    await desk.pass_time(5 * MINUTE_MS, looks=5)
    assert desk.ears[0].types() == ["queue.late"]
    said = desk.ears[0].heard[0]
    assert said.code == "M-01"
    assert "2 meetings wait" in said.text
    assert "Last problem: G-506. See" in said.text
    await desk.sql("DELETE FROM outbox WHERE kind = 'mirror'")
    await desk.pass_time(5 * MINUTE_MS, looks=5)
    assert desk.ears[0].types() == ["queue.late", "queue.moves"]


@pytest.mark.parametrize("why", ["held", "account gone", "account just back", "written, lacks something"])
async def test_what_is_no_delay(desk: AlertDesk, why: str):
    await desk.sql(meeting(1), queued(1, at_ms=START_MS - DAY_MS, hold="authorization" if why == "held" else None))
    if why == "account gone":
        desk.usable.clear()
    if why == "written, lacks something":
        await desk.sql(
            "INSERT INTO mirrored (meeting_id, account_id, calendar_id, remote_id, generation, state, revision, "
            "changed_at) VALUES (1, 1, 'primary', 'r', 0, 'live', 1, 1)"
        )
    await desk.pass_time(10 * MINUTE_MS if why == "account just back" else 60 * MINUTE_MS, looks=3)
    assert desk.ears[0].heard == []


async def test_meetings_that_need_somebody_are_told_once_an_hour_at_most(desk: AlertDesk):
    await desk.sql(meeting(1), meeting(2), meeting(3), queued(1, at_ms=START_MS, hold="parked"))
    await desk.pass_time(5 * MINUTE_MS, looks=5)
    await desk.sql(queued(2, at_ms=START_MS, hold="parked"), queued(3, at_ms=START_MS, hold="parked"))
    await desk.pass_time(30 * MINUTE_MS, looks=5)
    assert [alert.title for alert in desk.ears[0].heard] == ["1 meeting needs you."]
    await desk.pass_time(60 * MINUTE_MS, looks=5)
    assert [alert.title for alert in desk.ears[0].heard][1:] == ["3 meetings need you."]
    await desk.sql("DELETE FROM outbox WHERE kind = 'mirror' AND subject_id > 1")
    await desk.pass_time(DAY_MS, looks=5)
    assert len(desk.ears[0].heard) == 2


def asks(meeting_id: int, put_backs: str = "") -> str:
    return (
        "INSERT INTO kept_edit (meeting_id, original_start_utc_s, state, parts, difference, at, put_backs) "
        f"VALUES ({meeting_id}, 0, 'asks', 'subject', '{{}}', 1, '{put_backs}')"
    )


async def test_meetings_that_people_changed_and_that_are_asked_about_need_somebody_too(desk: AlertDesk):
    await desk.sql(*map(meeting, range(1, 5)), asks(1), asks(2), asks(3, "1,2,3"))
    await desk.sql(queued(2, at_ms=START_MS, hold="parked"), "UPDATE meeting SET state = 'cancelled' WHERE id = 1")
    await desk.pass_time(5 * MINUTE_MS, looks=5)
    (alert,) = desk.ears[0].heard
    assert (alert.code, alert.title) == ("M-02", "2 meetings need you.")
    assert "Somebody, or a program, keeps changing 1 meeting in the calendar" in alert.text
    assert alert.data == {"parked": 2, "fought": 1}
    await desk.sql("DELETE FROM outbox WHERE kind = 'mirror'", "UPDATE kept_edit SET state = 'back'")
    await desk.pass_time(DAY_MS, looks=5)
    assert len(desk.ears[0].heard) == 1
    assert await desk.database.read(alerts.states) == []


GONE_TEXT = "The calendar is gone or no longer shared with this account. Choose another calendar."


async def held_back(desk: AlertDesk, numbers: range, calendar: str, code: str = "G-507", account: int = 1) -> None:
    for number in numbers:
        await desk.sql(
            meeting(number),
            queued(number, at_ms=START_MS, hold="configuration", code=code),
            f"UPDATE outbox SET last_text = '{GONE_TEXT}' WHERE kind = 'mirror' AND subject_id = {number}",
            "INSERT INTO mirrored (meeting_id, account_id, calendar_id, remote_id, generation, state, revision, "
            f"changed_at) VALUES ({number}, {account}, '{calendar}', 'r{number}', 0, 'live', 1, 1)",
        )


FREED = "UPDATE outbox SET hold = NULL WHERE kind = 'mirror'"
WRITTEN = "DELETE FROM outbox WHERE kind = 'mirror'"


async def test_a_calendar_that_nothing_can_be_written_to_is_told_once_and_its_end_too(desk: AlertDesk):
    await held_back(desk, range(1, 4), "rooms")
    for _ in range(3):
        await desk.pass_time(5 * MINUTE_MS, looks=3)
        desk.restart()
    for ear in desk.ears:
        (alert,) = ear.heard
        assert (alert.type, alert.code) == ("meetings.held", "G-507")
        assert alert.title == "The calendar is gone or no longer shared with this account."
        assert "Held back: 3 meetings. Calendar: rooms." in alert.text
        assert alert.data == {"account": EMAIL, "calendar": "rooms", "held": 3}
    await held_back(desk, range(4, 5), "others")
    await desk.pass_time(5 * MINUTE_MS, looks=3)
    assert [alert.data.get("calendar") for alert in desk.ears[0].heard] == ["rooms", "others"]
    # Let go, tried, and held again: nothing has changed.
    await desk.sql(FREED)
    await desk.pass_time(MINUTE_MS)
    await desk.sql("UPDATE outbox SET hold = 'configuration' WHERE kind = 'mirror'")
    await desk.pass_time(MINUTE_MS)
    assert len(desk.ears[0].heard) == 2
    await desk.sql(FREED)
    await desk.pass_time(MINUTE_MS)
    await desk.sql(WRITTEN, f"UPDATE mirrored SET changed_at = {desk.clock.ms} WHERE calendar_id = 'rooms'")
    await desk.pass_time(MINUTE_MS, looks=2)
    assert desk.ears[0].types() == ["meetings.held", "meetings.held", "meetings.freed"]
    assert desk.ears[0].heard[-1].data == {"calendar": "rooms"}
    assert await desk.database.read(alerts.states) == []


async def test_meetings_of_an_account_that_is_known_to_be_lost_are_not_told_again(desk: AlertDesk):
    await desk.sql("UPDATE account SET state = 'authorization-lost', state_code = 'G-503', state_text = 'It is over.'")
    await held_back(desk, range(1, 4), "rooms")
    await desk.pass_time(5 * MINUTE_MS, looks=5)
    assert desk.ears[0].types() == ["account.lost"]
    # Somebody signed in to another account instead: nobody hears of the old one any more, but its meetings stay there.
    await desk.sql(
        "UPDATE account SET sealed = x'', state_code = ''", "UPDATE outbox SET last_code = 'G-409' WHERE lane = 1"
    )
    await desk.pass_time(5 * MINUTE_MS, looks=5)
    assert [(alert.type, alert.code) for alert in desk.ears[0].heard][1:] == [("meetings.held", "G-409")]


async def test_what_is_held_and_then_not_wanted_any_more_is_no_good_news(desk: AlertDesk):
    await held_back(desk, range(1, 3), "rooms")
    await desk.pass_time(5 * MINUTE_MS)
    await desk.sql(WRITTEN, f"UPDATE mirrored SET state = 'gone', changed_at = {desk.clock.ms}")
    await desk.pass_time(5 * MINUTE_MS, looks=2)
    assert desk.ears[0].types() == ["meetings.held"]
    assert await desk.database.read(alerts.states) == []


async def test_many_that_vanished_at_once_are_asked_about(desk: AlertDesk):
    await desk.sql(
        *map(meeting, range(1, 13)),
        *(f"INSERT INTO guarded_deletion VALUES ({number}, 1, 'primary', 1)" for number in range(1, 13)),
        "INSERT INTO polling (device_id, state, asked) VALUES (1, 'asks', 7)",
    )
    await desk.pass_time(5 * MINUTE_MS, looks=5)
    texts = [f"{alert.title} {alert.text}" for alert in desk.ears[0].heard]
    assert len(texts) == 2
    assert any("12 meetings" in text and "mirror believe" in text for text in texts)
    assert any("7 meetings" in text and "device believe ucm-1" in text for text in texts)
    await desk.sql("DELETE FROM guarded_deletion", "DELETE FROM polling")
    await desk.pass_time(5 * MINUTE_MS)
    assert await desk.database.read(alerts.states) == []


async def test_a_disk_that_is_nearly_full(tmp_path: Path):
    async with alert_desk(tmp_path) as desk:
        desk.least_free_bytes = 1 << 62
        desk.restart()
        await desk.pass_time(5 * MINUTE_MS, looks=5)
        assert desk.ears[0].types() == ["disk.failing"]
        assert str(tmp_path) in desk.ears[0].heard[0].text
        desk.least_free_bytes = 0
        desk.restart()
        await desk.pass_time(5 * MINUTE_MS, looks=5)
        assert desk.ears[0].types() == ["disk.failing", "disk.works"]


async def test_a_disk_on_which_nothing_can_be_written_is_told_past_it(tmp_path: Path):
    """The database file cannot grow: the alert goes out all the same, once."""
    async with alert_desk(tmp_path) as desk:
        lost = "UPDATE account SET state = 'authorization-lost', state_text = '" + "x" * 200 + "'"
        trigger = "CREATE TRIGGER full BEFORE INSERT ON alert BEGIN SELECT fill(1); END"
        await desk.sql(ACCOUNT, lost, trigger, "PRAGMA max_page_count = 1")
        await desk.pass_time(5 * MINUTE_MS, looks=5)
        assert desk.ears[0].types() == ["disk.failing"]
        await desk.sql("DROP TRIGGER full")
        await desk.pass_time(5 * MINUTE_MS, looks=5)
        assert sorted(desk.ears[0].types()[1:]) == ["account.lost", "disk.works"]


async def test_without_a_channel_nothing_is_done(tmp_path: Path):
    async with alert_desk(tmp_path) as desk:
        desk.ears = []
        desk.restart()
        await desk.tell(LOST)
        await desk.alerts.look()
        running = asyncio.create_task(desk.alerts.run())
        await asyncio.sleep(0)
        assert await desk.database.read(alerts.states) == []
        assert await desk.sent() == []
        running.cancel()


async def test_channels_that_are_set_while_the_gateway_runs_are_used_at_once(tmp_path: Path) -> None:
    async with alert_desk(tmp_path) as desk:
        await desk.sql(ACCOUNT, "UPDATE account SET state = 'authorization-lost', state_code = 'G-503'")
        old, new = Ear("email"), Ear("webhook")
        desk.ears = []
        desk.restart()
        running = asyncio.create_task(desk.alerts.run())
        await asyncio.sleep(0)  # it waits for a channel
        async with asyncio.timeout(60):
            desk.alerts.use([old], gateway="Branch office")
            while not old.heard:
                await asyncio.sleep(0.01)
            desk.alerts.use([new], gateway="Branch office")
            await desk.sql("UPDATE account SET state = 'connected'")
            await desk.tell(BACK)
            while not new.heard:
                await asyncio.sleep(0.01)
        assert new.heard[0].gateway == "Branch office"
        assert len(old.heard) == 1
        assert not running.done()
        running.cancel()


async def test_what_is_old_is_forgotten_and_what_is_open_is_not(desk: AlertDesk):
    await desk.sql("UPDATE account SET state = 'authorization-lost', state_code = 'G-503'")
    await desk.tell(LOST)
    await desk.sql(meeting(1), queued(1, at_ms=START_MS, hold="parked"))
    await desk.pass_time(MINUTE_MS)
    await desk.sql("DELETE FROM outbox WHERE hold = 'parked'")
    await desk.pass_time(MINUTE_MS)
    await desk.database.write(lambda conn: alerts.purge(conn, START_MS + 100 * DAY_MS))
    assert {type_ for type_, *_ in await desk.sent()} == {"account.lost"}


@settings(max_examples=30, deadline=None)
@given(
    steps=st.lists(st.sampled_from(["lost", "other", "back", "restart", "hour", "mail off", "mail on"]), max_size=25)
)
async def test_whatever_happens_what_was_told_last_is_how_it_is(
    tmp_path_factory: pytest.TempPathFactory, steps: list[str]
):
    async with alert_desk(tmp_path_factory.mktemp("alerts")) as desk:
        await desk.sql(ACCOUNT)
        told: list[str] = []
        state = "back"
        for step in [*steps, "mail on", "hour"]:
            if step in ("lost", "other", "back"):
                code = {"lost": "G-503", "other": "G-504", "back": ""}[step]
                row = "connected" if step == "back" else "authorization-lost"
                await desk.sql(f"UPDATE account SET state = '{row}', state_code = '{code}', state_text = 'It.'")
                await desk.tell(BACK if step == "back" else LOST, code)
                if step != state:
                    told.append("account.back" if step == "back" else f"account.lost {code}")
                state = step
            elif step == "restart":
                desk.restart()
            elif step == "hour":
                await desk.pass_time(60 * MINUTE_MS)
            else:
                desk.ears[0].works = step == "mail on"
        heard = [each for each in desk.ears[0].heard if not each.reminder]
        said = [each.type if each.type == "account.back" else f"{each.type} {each.code}" for each in heard]
        assert sorted(said) == sorted(told)


async def test_alerts_speak_the_language_that_is_set(desk: AlertDesk):
    desk.mistakes = 2
    desk.alerts.use(desk.ears, gateway="Oficina", language="es")
    await desk.pass_time(MINUTE_MS)
    assert desk.ears[0].heard[-1].title == "El gateway no arrancó por completo."
