"""The choices for devices: what their configuration says, else what was chosen on the page, at once."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.config import DeviceSection, Secret
from gateway.devices.register import Register, enrol
from gateway.domain.meeting import Invitations
from gateway.profiles.catalog import Catalog, builtin_folder
from gateway.store.database import Database
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
