"""The password once more before secrets are replaced, and sessions that end as the clock says."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.access.admins import Admins, Session
from gateway.errors import AccessError
from gateway.store.database import Database
from tests.prepared import give_database
from tests.unit.google.moved_clock import MovedClock

PASSWORD = "correct horse battery"
MINUTE_MS = 60_000


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
async def admins(database: Database, clock: MovedClock, tmp_path: Path) -> Admins:
    made = Admins(database=database, data_dir=tmp_path, clock=clock)
    await made.add_user("anna", PASSWORD)
    return made


async def session(admins: Admins, cookie: str) -> Session:
    found = await admins.session(cookie)
    assert found is not None
    return found


async def test_the_password_counts_for_ten_minutes(admins: Admins, clock: MovedClock) -> None:
    cookie = await admins.sign_in("anna", PASSWORD, "10.0.0.1")
    assert (await session(admins, cookie)).proved
    clock.ahead_ms += 9 * MINUTE_MS
    assert (await session(admins, cookie)).proved
    clock.ahead_ms += 1 * MINUTE_MS
    old = await session(admins, cookie)
    assert not old.proved
    await admins.prove(old, PASSWORD, "10.0.0.1")
    assert (await session(admins, cookie)).proved
    clock.ahead_ms += 10 * MINUTE_MS
    assert not (await session(admins, cookie)).proved


async def test_a_wrong_password_proves_nothing_and_is_counted(admins: Admins, clock: MovedClock) -> None:
    cookie = await admins.sign_in("anna", PASSWORD, "10.0.0.1")
    clock.ahead_ms += 20 * MINUTE_MS
    here = await session(admins, cookie)
    codes = []
    for _ in range(6):
        with pytest.raises(AccessError) as refused:
            await admins.prove(here, "wrong password", "10.0.0.1")
        codes.append(refused.value.code)
    assert codes == ["A-01"] * 5 + ["A-02"]
    with pytest.raises(AccessError, match="Too many tries"):
        await admins.prove(here, PASSWORD, "10.0.0.1")
    assert not (await session(admins, cookie)).proved


async def test_a_proof_survives_a_restart_as_long_as_it_counts(
    admins: Admins, database: Database, clock: MovedClock, tmp_path: Path
) -> None:
    cookie = await admins.sign_in("anna", PASSWORD, "10.0.0.1")
    clock.ahead_ms += 7 * MINUTE_MS
    again = Admins(database=database, data_dir=tmp_path, clock=clock)
    assert (await session(again, cookie)).proved
    clock.ahead_ms += 3 * MINUTE_MS
    assert not (await session(again, cookie)).proved


async def test_the_key_is_not_the_cookie(admins: Admins) -> None:
    cookie = await admins.sign_in("ANNA", PASSWORD, "10.0.0.1")
    here = await session(admins, cookie)
    assert here.user == "anna"
    assert cookie not in repr(here)
    assert len(bytes.fromhex(here.key)) == 32
    for other in ("", "x", cookie[:-1], cookie + "x", "é" * 43, here.key):
        assert await admins.session(other) is None


async def test_sessions_that_are_over_are_removed(admins: Admins, database: Database, clock: MovedClock) -> None:
    await admins.sign_in("anna", PASSWORD, "10.0.0.1")
    await admins.tidy()
    before = database.commits
    clock.ahead_ms += 32 * MINUTE_MS
    await admins.tidy()
    assert database.commits == before + 1
    await admins.tidy()
    assert database.commits == before + 1, "nothing to do writes nothing"
    assert await database.read(lambda conn: conn.execute("SELECT count(*) FROM admin_session").fetchone()) == (0,)


async def test_a_session_from_the_future_is_none(
    admins: Admins, database: Database, clock: MovedClock, tmp_path: Path
) -> None:
    clock.ahead_ms += 1000 * MINUTE_MS
    cookie = await admins.sign_in("anna", PASSWORD, "10.0.0.1")
    clock.ahead_ms = 0
    again = Admins(database=database, data_dir=tmp_path, clock=clock)
    assert await again.session(cookie) is None


@pytest.mark.parametrize("name", ["", " ", "a b", "a\nb", "-a", "a" * 64, "a/b", "<b>", "a\x1bb", "a'--"])
async def test_names_that_cannot_be_used(admins: Admins, name: str) -> None:
    with pytest.raises(AccessError) as refused:
        await admins.add_user(name, PASSWORD)
    assert (refused.value.code, refused.value.field) == ("A-09", "name")


@pytest.mark.parametrize("name", ["a", "anna.smith", "anna@example.com", "Ümit", "anna-2", "a" * 63])
async def test_names_that_can(admins: Admins, name: str) -> None:
    await admins.add_user(f" {name} ", PASSWORD)
    assert name in [user.name for user in await admins.users()]
    assert await admins.sign_in(name, PASSWORD, "10.0.0.1")
