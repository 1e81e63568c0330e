"""The choices for devices: what their configuration says, else what was chosen on the page, at once."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.config import DeviceSection, MeetingsSection, Secret
from gateway.devices import chosen
from gateway.devices.register import Register, enrol
from gateway.devices.usual import meeting_defaults
from gateway.domain.device import Visibility
from gateway.domain.meeting import Invitations
from gateway.profiles.catalog import Catalog, builtin_folder
from gateway.store.database import Database
from gateway.store.devices import DeviceRow
from tests.prepared import give_database

NOW_MS = 1_700_000_000_000
KEY = Secret("a-key-of-more-than-16-signs")


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    path = tmp_path / "gateway.db"
    give_database(path, NOW_MS)
    opened = Database(path)
    await opened.open()
    yield opened
    await opened.close()


async def enrolled(database: Database, *sections: DeviceSection) -> Register:
    return await enrol(
        database,
        sections,
        catalog=Catalog.load([builtin_folder()]),
        default_calendar="primary",
        now_ms=NOW_MS,
    )


def section(device_id: str, **own: object) -> DeviceSection:
    return DeviceSection(id=device_id, profile="generic/json", key=KEY, **own)  # type: ignore[arg-type]


async def row_ids(database: Database) -> dict[str, int]:
    def work(conn: sqlite3.Connection) -> dict[str, int]:
        return dict(conn.execute("SELECT name, id FROM device").fetchall())

    return await database.read(work)


async def test_what_was_chosen_counts_at_once_where_nothing_else_is_said(database: Database) -> None:
    register = await enrolled(
        database,
        section("plain", name="Plain one"),
        section("own-calendar", calendar="own@example.com"),
        section("own-invitations", invitations=Invitations.OFF),
    )
    ids = await row_ids(database)
    before = {name: register.policy(number) for name, number in ids.items()}
    assert {policy.calendar_id for policy in before.values()} == {"primary", "own@example.com"}
    assert before["plain"].invitations is Invitations.DEVICE

    register.set_defaults("rooms@example.com", Invitations.GOOGLE)
    after = {name: register.policy(number) for name, number in ids.items()}
    assert {name: (policy.calendar_id, policy.invitations) for name, policy in after.items()} == {
        "plain": ("rooms@example.com", Invitations.GOOGLE),
        "own-calendar": ("own@example.com", Invitations.GOOGLE),
        "own-invitations": ("rooms@example.com", Invitations.OFF),
    }
    assert after["plain"].name == "Plain one"
    served = register.find("plain")
    assert served is not None
    assert served.policy == after["plain"]
    assert len(register) == 3


async def test_a_device_that_is_gone_follows_the_calendar_too(database: Database) -> None:
    await enrolled(database, section("old", calendar="own@example.com", invitations=Invitations.GOOGLE))
    register = await enrolled(database, section("new"))
    register.set_defaults("rooms@example.com", Invitations.GOOGLE)
    policy = register.policy((await row_ids(database))["old"])
    assert (policy.calendar_id, policy.invitations) == ("rooms@example.com", Invitations.DEVICE)
    assert register.find("old") is None


async def test_what_holds_for_all_meetings_is_weaker_than_what_a_device_says(database: Database) -> None:
    register = await enrolled(
        database, section("plain"), section("own", show_pins=False, visibility=Visibility.DEFAULT), section("gone")
    )
    register = await enrolled(
        database, section("plain"), section("own", show_pins=False, visibility=Visibility.DEFAULT)
    )
    ids = await row_ids(database)
    said = MeetingsSection(title="{room}", visibility=Visibility.PRIVATE, show_pins=True, reminders="5 popup")
    register.set_usual(meeting_defaults(said))
    found = {name: register.policy(number) for name, number in ids.items()}
    assert {name: (policy.show_pins, policy.visibility) for name, policy in found.items()} == {
        "plain": (True, Visibility.PRIVATE),
        "own": (False, Visibility.DEFAULT),
        "gone": (False, Visibility.DEFAULT),
    }
    assert all(policy.words is not None and policy.words.title == "{room}" for policy in found.values())
    assert all(policy.reminders is not None and len(policy.reminders) == 1 for policy in found.values())
    served = register.find("plain")
    assert served is not None
    assert served.policy == found["plain"]
    register.set_usual(meeting_defaults(MeetingsSection()))
    assert register.policy(ids["plain"]) == (await enrolled(database, section("plain"), section("own"))).policy(
        ids["plain"]
    )


def test_what_was_stored_before_devices_could_leave_it_open_still_means_that_nothing_was_chosen() -> None:
    def read(settings: str) -> DeviceSection:
        return chosen.from_row(
            DeviceRow(id=1, name="a", profile="a/b", key_hash=b"", active=True, settings=settings), None
        )

    assert (read("{}").show_pins, read("{}").visibility) == (None, None)
    old = read('{"show_pins":true,"visibility":"private"}')
    assert (old.show_pins, old.visibility) == (True, Visibility.PRIVATE)
    no = DeviceSection(id="a", profile="a/b", show_pins=False, visibility=Visibility.DEFAULT)
    assert read(chosen.to_text(no)) == no
