"""API keys: what makes one good, what ends it, how often wrong ones are looked at, and that none can be read back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.access.api_keys import (
    MOST_KEYS,
    USED_EVERY_MS,
    ApiKeys,
    NotAllowed,
    Scope,
    TooManyWrongKeys,
    WrongKey,
    ends_after,
)
from gateway.access.wrong_tries import MOST_PLACES, WrongTries
from gateway.domain.actor import Actor
from gateway.errors import BadPayload, NotFound
from gateway.store import api_keys
from gateway.store.database import Database
from tests.prepared import give_database
from tests.unit.google.moved_clock import MovedClock

HERE = "192.0.2.7"
DAY_MS = 86_400_000


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    give_database(tmp_path / "gateway.db", 0)
    opened = Database(tmp_path / "gateway.db")
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
def clock() -> MovedClock:
    return MovedClock()


@pytest.fixture
def keys(database: Database, clock: MovedClock) -> ApiKeys:
    return ApiKeys(database=database, clock=clock)


async def refused(keys: ApiKeys, key: str, scope: str = "status", source: str = HERE) -> str:
    """What happens to who shows this key, in a word; nothing when he is let in."""
    try:
        await keys.judge(key, scope, source=source)
    except (WrongKey, NotAllowed, TooManyWrongKeys) as error:
        return type(error).__name__
    return ""


def blamed(error: pytest.ExceptionInfo[BadPayload]) -> list[str]:
    return [each.field for each in error.value.problems]


async def test_a_key_opens_what_was_chosen_and_nothing_else(keys: ApiKeys) -> None:
    key = (await keys.create("Door display", ["meetings", "events"])).reveal()
    assert (await keys.judge(key, "meetings", source=HERE)).name == "Door display"
    assert await keys.holder(key, "events") == "Door display"
    for scope in ("status", "devices", "metrics", ""):
        assert await refused(keys, key, scope) == "NotAllowed"
        assert await keys.holder(key, scope) is None
    for wrong in ("", key[:-1], key + "A", key.upper(), key.removeprefix("mgk_"), f" {key}", "mgk_é" + key[5:]):
        assert await keys.holder(wrong, "meetings") is None, wrong


async def test_the_database_does_not_know_the_key(keys: ApiKeys, database: Database) -> None:
    key = (await keys.create("Script", ["status"], by=Actor(name="admin:anna", source=HERE))).reveal()
    dump = "\n".join(await database.read(lambda conn: list(conn.iterdump())))
    assert "Script" in dump
    assert key not in dump
    assert key.removeprefix("mgk_") not in dump
    for file in database.path.parent.iterdir():
        assert key.removeprefix("mgk_").encode() not in file.read_bytes(), file.name
    (row,) = await database.read(api_keys.everything)
    assert (row.created_by, row.scopes) == ("admin:anna", ("status",))
    assert key not in repr(await keys.listed())


async def test_who_made_and_revoked_it_stands_in_the_audit_log(keys: ApiKeys, database: Database) -> None:
    by = Actor(name="admin:anna", source=HERE)
    await keys.create("Script", ["status", "events"], by=by)
    await keys.revoke("SCRIPT", by)
    said = await database.read(
        lambda conn: list(conn.execute("SELECT actor, action, object, detail, source FROM audit ORDER BY id"))
    )
    assert said[-2:] == [
        ("admin:anna", "api-key.created", "Script", "status events", HERE),
        ("admin:anna", "api-key.revoked", "Script", "", HERE),
    ]


async def test_a_revoked_key_and_one_whose_day_is_over_are_wrong(keys: ApiKeys, clock: MovedClock) -> None:
    ends = clock.now_ms() + DAY_MS
    short, long = [
        (await keys.create(name, ["status"], ends_at=end)).reveal() for name, end in (("s", ends), ("l", None))
    ]
    clock.ahead_ms += DAY_MS - 60_000
    assert await refused(keys, short) == ""
    clock.ahead_ms += 60_000
    assert await refused(keys, short) == "WrongKey"
    assert [each.ended for each in await keys.listed()] == [False, True]
    assert await refused(keys, long) == ""
    assert await keys.revoke("L") == "l"
    assert await refused(keys, long) == "WrongKey"
    with pytest.raises(NotFound):
        await keys.revoke("l")


@pytest.mark.parametrize(
    ("name", "scopes", "fields"),
    [
        ("", ["status"], ["name"]),
        (" \t", ["status"], ["name"]),
        ("x" * 61, ["status"], ["name"]),
        ("two\nlines", ["status"], ["name"]),
        ("turned\u202e", ["status"], ["name"]),
        ("Script", [], ["scopes"]),
        ("Script", ["status", "everything"], ["scopes"]),
        ("", [], ["name", "scopes"]),
    ],
)
async def test_what_no_key_is_made_of(keys: ApiKeys, name: str, scopes: list[str], fields: list[str]) -> None:
    with pytest.raises(BadPayload) as error:
        await keys.create(name, scopes)
    assert blamed(error) == fields
    assert await keys.listed() == []


async def test_a_name_is_taken_once_and_there_are_not_too_many(keys: ApiKeys, clock: MovedClock) -> None:
    await keys.create("Script", ["status"])
    with pytest.raises(BadPayload) as error:
        await keys.create("\uff53cript ", ["status"])
    assert blamed(error) == ["name"]
    with pytest.raises(BadPayload) as error:
        await keys.create("late", ["status"], ends_at=clock.now_ms())
    assert blamed(error) == ["until"]
    for number in range(1, MOST_KEYS):
        await keys.create(f"key {number}", ["status"])
    with pytest.raises(BadPayload, match="50 keys"):
        await keys.create("one more", ["status"])


async def test_the_last_use_is_written_now_and_then(keys: ApiKeys, database: Database, clock: MovedClock) -> None:
    key = (await keys.create("Prometheus", [Scope.METRICS])).reveal()
    await keys.holder(key, "metrics")
    (first,) = await keys.listed()
    commits = database.commits
    for _ in range(20):
        await keys.holder(key, "metrics")
    assert database.commits == commits
    clock.ahead_ms += USED_EVERY_MS
    await keys.holder(key, "metrics")
    (later,) = await keys.listed()
    assert first.used_at is not None
    assert later.used_at is not None
    assert later.used_at - first.used_at >= USED_EVERY_MS


async def test_a_full_disk_keeps_nobody_from_reading(keys: ApiKeys, database: Database) -> None:
    key = (await keys.create("Prometheus", ["metrics"])).reveal()
    await database.write(lambda conn: conn.execute("PRAGMA query_only = ON"))
    assert await keys.holder(key, "metrics") == "Prometheus"
    assert [await refused(keys, "mgk_wrong") for _ in range(6)] == ["WrongKey"] * 5 + ["TooManyWrongKeys"]


async def test_wrong_keys_have_to_wait_and_the_right_one_does_not(
    keys: ApiKeys, database: Database, clock: MovedClock
) -> None:
    key = (await keys.create("Script", ["status"])).reveal()
    answers = [await refused(keys, f"mgk_{number:043}") for number in range(8)]
    assert answers == ["WrongKey"] * 5 + ["TooManyWrongKeys"] * 3
    assert await refused(keys, key) == ""
    assert await refused(keys, "mgk_wrong", source="192.0.2.8") == "WrongKey"
    assert await refused(keys, key, "devices") == "NotAllowed"
    told = "SELECT count(*) FROM audit WHERE action = 'api-key.throttled' AND source = ?"
    assert await database.read(lambda conn: conn.execute(told, (HERE,)).fetchone()) == (1,)
    clock.ahead_ms += 5 * 60_000
    assert await refused(keys, "mgk_wrong") == "WrongKey"


def test_places_are_remembered_within_bounds() -> None:
    tries = WrongTries(MovedClock())
    for number in range(MOST_PLACES + 10):
        tries.count(f"10.0.{number // 256}.{number % 256}")
    assert len(tries._places) == MOST_PLACES


def test_a_day_ends_at_midnight_of_its_zone() -> None:
    assert ends_after("", "Europe/Berlin") is None
    assert ends_after(" 2026-12-31 ", "UTC") == 1_798_761_600_000
    assert ends_after("2026-12-31", "America/New_York") == 1_798_761_600_000 + 5 * 3_600_000


@given(st.text(max_size=30))
def test_what_is_no_day_is_said_to_be_none(text: str) -> None:
    said: list[str] = []
    found = None
    try:
        found = ends_after(text, "UTC")
    except BadPayload as error:
        said = [each.field for each in error.problems]
    assert said in ([], ["until"])
    assert (found is None) == (bool(said) or not text.strip())
