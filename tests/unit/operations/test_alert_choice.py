"""Which alerts are told by which way, and those of settings with mistakes, with a database and without."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.account_event import AccountChange
from gateway.domain.alert_kind import AlertKind, chosen_of, is_wanted, written
from gateway.operations.alerts import rules
from gateway.operations.alerts.unstored import UnstoredAlerts
from tests.unit.operations.alert_desk import (
    ACCOUNT,
    DAY_MS,
    DEVICE,
    MINUTE_MS,
    AlertDesk,
    Ear,
    StandingClock,
    alert_desk,
)

LOST, BACK = AccountChange.LOST, AccountChange.BACK


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[AlertDesk]:
    async with alert_desk(tmp_path, "email", "webhook") as opened:
        await opened.sql(ACCOUNT, DEVICE)
        yield opened


async def test_settings_with_mistakes_are_told_once_and_every_day_until_the_gateway_starts(desk: AlertDesk):
    desk.mistakes = 2
    for _ in range(3):
        desk.restart()
        await desk.pass_time(MINUTE_MS, looks=2)
    assert desk.ears[0].types() == ["settings.broken"]
    assert desk.ears[0].heard[0].title == "The gateway did not start completely."
    assert "2 mistakes" in desk.ears[0].heard[0].text
    desk.mistakes = 1  # one of them was mended
    await desk.pass_time(DAY_MS, looks=2)
    assert desk.ears[0].types()[1:] == ["again settings.broken"]
    desk.mistakes = None  # all of them, and nobody has started it yet
    await desk.pass_time(MINUTE_MS)
    assert len(desk.ears[0].heard) == 2
    desk.mistakes = 0
    await desk.pass_time(2 * DAY_MS, looks=3)
    assert desk.ears[0].types()[2:] == ["settings.work"]


async def test_without_a_database_each_channel_hears_of_them_once_a_day():
    ears, clock, mistakes = [Ear("email"), Ear("syslog"), Ear("webhook", works=False)], StandingClock(), 0
    unstored = UnstoredAlerts(
        clock=clock,
        channels=[*ears],
        chosen={"syslog": frozenset({AlertKind.DISK})},
        mistakes=lambda: mistakes,
        gateway="Head office",
        page="",
    )
    await unstored.look()
    mistakes = 1
    for _ in range(3):
        await unstored.look()
        clock.ms += MINUTE_MS
    assert [ear.types() for ear in ears] == [["settings.broken"], [], []]
    ears[2].works = True
    for _ in range(2):
        await unstored.look()
    assert ears[2].heard == ears[0].heard
    assert "1 mistake." in ears[0].heard[0].text
    clock.ms += DAY_MS
    await unstored.look()
    assert [ear.types()[1:] for ear in ears] == [["again settings.broken"], [], ["again settings.broken"]]


async def test_a_channel_hears_of_the_kinds_that_were_chosen_for_it(desk: AlertDesk):
    desk.chosen = {"email": frozenset({AlertKind.DISK}), "webhook": frozenset({AlertKind.GOOGLE})}
    desk.restart()
    await desk.sql("UPDATE account SET state = 'authorization-lost', state_code = 'G-503'")
    await desk.tell(LOST)
    await desk.pass_time(int(1.2 * DAY_MS), looks=4)
    assert [ear.types() for ear in desk.ears] == [[], ["account.lost", "again account.lost"]]
    desk.least_free_bytes = 1 << 60
    desk.restart()
    await desk.pass_time(MINUTE_MS)
    assert desk.ears[0].types() == ["disk.failing"]
    assert len(desk.ears[1].heard) == 2
    desk.alerts.use([*desk.ears], gateway="Head office", chosen={"webhook": frozenset()})
    await desk.sql("UPDATE account SET state = 'connected', state_code = ''")
    await desk.tell(BACK, "")
    await desk.deliver()
    assert [ear.types()[-1] for ear in desk.ears] == ["account.back", "again account.lost"]


def test_every_type_of_alert_belongs_to_a_kind():
    source = Path(rules.__file__).read_text("utf-8")
    types = set(re.findall(r'"((?:account|queue|meetings|disk|settings)\.[a-z-]+)"', source))
    assert len(types) > 8
    assert not {each for each in types if is_wanted(frozenset(), each)}
    for kind in AlertKind:
        assert any(is_wanted(frozenset({kind}), each) for each in types), kind


@given(st.frozensets(st.sampled_from(AlertKind)))
def test_a_choice_is_read_as_it_was_written(chosen: frozenset[AlertKind]):
    assert chosen_of(written(chosen)) == chosen
