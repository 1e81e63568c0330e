"""What asking a device came to is kept; believing, logins and odd lists do not get lost among looks."""

from __future__ import annotations

from dataclasses import replace

from gateway.store import devices, polling
from gateway.store.database import Database
from gateway.store.polling import PolledMeeting, PollingRow, PollState

ROW = PollingRow(
    device_id=1,
    state=PollState.FAILING,
    code="D-16",
    text="It does not answer.",
    polled_at=5,
    next_at=9,
    failures=3,
    slow=2,
    settings=b"mark",
    listed=7,
    fingerprint="ab" * 32,
)
ONE = PolledMeeting(external_id="m1", digest=b"d" * 16, ends_at=None, taken=True, detailed=True, code="D-08", text="?")


async def enrolled(database: Database) -> None:
    await database.write(
        lambda conn: devices.put(conn, name="ucm-1", profile="grandstream/ucm6300", key_hash=b"", now_ms=1)
    )


async def test_rows_come_back_as_they_were_put(database: Database):
    await enrolled(database)
    assert await database.read(lambda conn: polling.get(conn, 1)) == PollingRow(device_id=1)
    for row in (ROW, replace(ROW, state=PollState.OK, code="", text="", failures=0)):
        await database.write(lambda conn, row=row: polling.put(conn, row))
        assert await database.read(lambda conn: polling.get(conn, 1)) == row


async def test_what_an_admin_believed_outlives_a_look_that_began_before(database: Database):
    await enrolled(database)
    assert await database.write(lambda conn: polling.believe(conn, 1)) == 0
    asking = replace(ROW, state=PollState.ASKS, asked=8)
    await database.write(lambda conn: polling.put(conn, asking))
    assert await database.write(lambda conn: polling.believe(conn, 1)) == 8
    await database.write(lambda conn: polling.put(conn, replace(asking, listed=3)))
    assert (await database.read(lambda conn: polling.get(conn, 1))).believed == 8
    await database.write(lambda conn: polling.stop_believing(conn, 1))
    assert (await database.read(lambda conn: polling.get(conn, 1))).believed == 0


async def test_logins_outlive_looks_and_cost_nothing_when_none_failed(database: Database):
    await enrolled(database)
    await database.write(lambda conn: polling.put_logins(conn, 1, [5, 7]))
    await database.write(lambda conn: polling.put(conn, ROW))
    assert await database.read(lambda conn: polling.logins(conn, 1)) == [5, 7]
    await database.write(lambda conn: polling.put_logins(conn, 1, []))
    assert await database.read(lambda conn: polling.logins(conn, 1)) == []


async def test_the_last_odd_list_is_kept_alone(database: Database):
    await enrolled(database)
    assert await database.read(lambda conn: polling.odd(conn, 1)) is None
    for sealed in (b"first-canary" * 2000, b"second"):
        await database.write(lambda conn, sealed=sealed: polling.put_odd(conn, 1, sealed, 42))
    await database.write(lambda conn: polling.put(conn, ROW))
    assert await database.read(lambda conn: polling.odd(conn, 1)) == (b"second", 42)


async def test_meetings_are_kept_replaced_and_forgotten(database: Database):
    await enrolled(database)
    two = replace(ONE, external_id="m2", ends_at=5, code="", text="")
    await database.write(lambda conn: polling.put_meetings(conn, 1, [ONE, two]))
    await database.write(lambda conn: polling.put_meetings(conn, 1, [replace(two, missing=1)]))
    assert await database.read(lambda conn: polling.meetings(conn, 1)) == {"m1": ONE, "m2": replace(two, missing=1)}
    await database.write(lambda conn: polling.drop_meetings(conn, 1, ["m1", "unknown"]))
    assert list(await database.read(lambda conn: polling.meetings(conn, 1))) == ["m2"]
    assert await database.read(lambda conn: polling.meetings(conn, 2)) == {}
