"""After a disconnect no token is left: in no row, in no freed page, in no log, in no copy of the database."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from contextlib import closing

import pytest

from gateway.domain.outcome import Verdict
from gateway.store import accounts, outbox
from gateway.store.vault import KEY_NAME
from tests.journey.google_office import OTHER, REF, Desk, Office, connect, signed_in
from tests.store.left_over import left_of


async def sealed_now(desk: Desk) -> list[bytes]:
    """Everything that is sealed in the tables at the moment."""

    def work(conn: sqlite3.Connection) -> list[bytes]:
        query = "SELECT sealed FROM account UNION ALL SELECT sealed FROM sign_in"
        return [row[0] for row in conn.execute(query) if row[0]]

    return await desk.database.read(work)


async def refresh(office: Office, desk: Desk) -> None:
    office.google.do.expire_access_tokens()
    office.clock.ahead_ms += 3_600_000
    office.google.do.set_clock(advance_s=3600)
    target = desk.accounts.current()
    assert target is not None
    assert (await target.target.look(REF)).verdict in (Verdict.DONE, Verdict.GONE)


async def test_nothing_of_any_authorization_is_left(office: Office) -> None:
    office.google.do.add_account(OTHER)
    sealed: list[bytes] = []
    async with office.desk() as desk:
        await desk.accounts.start()
        sealed += await sealed_now(desk)
        await connect(office, desk.accounts)
        sealed += await sealed_now(desk)
        for _ in range(4):
            await refresh(office, desk)
            sealed += await sealed_now(desk)
        shutil.copy(office.folder / "gateway.db", office.folder / "gateway.db.v1.bak")
        await desk.accounts.store(await signed_in(office, desk.accounts, OTHER), replace=True)
        await refresh(office, desk)
        sealed += await sealed_now(desk)
        assert len(set(sealed)) == 7
        assert left_of(sealed, office.folder), "the test can see them"
        with closing(sqlite3.connect(office.folder / "gateway.db")) as source:
            copy = sqlite3.connect(office.folder / "gateway.db.v2.bak")
            source.backup(copy)
            copy.close()
        assert any(".bak" in line for line in left_of(sealed, office.folder))

        await desk.accounts.forget()
        assert left_of(sealed, office.folder) == []
    assert left_of(sealed, office.folder) == []
    tokens = [*office.google.state.access_tokens, *office.google.state.refresh_tokens]
    on_disk = b"".join(path.read_bytes() for path in office.folder.iterdir() if path.name != KEY_NAME)
    assert len(tokens) >= 4
    assert [token for token in tokens if token.encode() in on_disk] == []
    with closing(sqlite3.connect(office.folder / "gateway.db")) as conn:
        assert conn.execute("PRAGMA integrity_check").fetchone() == ("ok",)


async def test_a_refresh_that_ends_after_the_disconnect_brings_nothing_back(office: Office) -> None:
    async with office.desk() as desk:
        await connect(office, desk.accounts)
        sealed = await sealed_now(desk)
        target = desk.accounts.current()
        assert target is not None
        office.google.do.fault({"delay_s": 0.3}, match={"operation": "token"}, times=1)
        office.clock.ahead_ms += 3_600_000
        call = asyncio.create_task(target.target.look(REF))
        async with asyncio.timeout(60):
            while not office.refreshes():
                await asyncio.sleep(0.01)
        await desk.accounts.forget()
        await call
        assert await desk.database.read(accounts.current) is None
        assert await sealed_now(desk) == []
        assert left_of(sealed, office.folder) == []


async def test_a_log_that_cannot_be_emptied_now_is_emptied_later(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    async with office.desk() as desk:
        await connect(office, desk.accounts)
        sealed = await sealed_now(desk)
        with closing(sqlite3.connect(office.folder / "gateway.db", isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM account").fetchone()
            await desk.accounts.forget()
            assert desk.accounts.status() is None, "it counts at once all the same"
            assert left_of(sealed, office.folder)
            reader.execute("COMMIT")
        await desk.accounts.clean()
        assert left_of(sealed, office.folder) == []


async def test_a_link_that_was_used_or_is_over_leaves_nothing_either(office: Office) -> None:
    async with office.desk() as desk:
        await desk.accounts.start()
        first = await sealed_now(desk)
        office.clock.ahead_ms += 600_000
        await desk.accounts.clean()
        assert left_of(first, office.folder) == []
        link = await desk.accounts.start()
        second = await sealed_now(desk)
        await desk.accounts.finish(office.google.do.approve(link.url))
        await desk.accounts.clean()
        assert left_of(second, office.folder) == []
        assert await desk.database.read(outbox.counts) == {}
