"""A meeting whose event is there is mirrored, with notes of what is lacking; the outbox knows who is in a hurry."""

from __future__ import annotations

import pytest

from gateway.domain.meeting import Frequency, Repeat
from gateway.mirror.event.lacks import Lacks
from gateway.mirror.intake.intake import Caller
from gateway.mirror.intake.queueing import LAST_MS
from gateway.store import mirrored, outbox
from tests.unit.mirror.busy_office import DAY_S, NOON_S, NOW_MS, BusyOffice, busy_office, hours

CALLER = Caller(1, "d1")


async def with_event(office: BusyOffice, lacking: frozenset[str], meet_state: str = "", revision: int = 1) -> None:
    def work(conn) -> None:
        conn.execute(
            "INSERT OR IGNORE INTO account (id, kind, subject, email, client_id, scopes, sealed, state, authorized_at, "
            "changed_at) VALUES (1, 'google', 's', 'a@example.com', 'c', '', x'00', 'connected', 1, 1)"
        )
        mirrored.claim(
            conn, meeting_id=1, account_id=1, calendar_id="primary", remote_id="r1", generation=0, now_ms=NOW_MS
        )
        mirrored.live(
            conn,
            meeting_id=1,
            revision=revision,
            etag="e",
            link="https://calendar.example.com/1",
            now_ms=NOW_MS,
            lacking=lacking,
            meet_state=meet_state,
            meet_link="https://meet.example.com/abc" if meet_state == "success" else None,
        )

    await office.database.write(work)


@pytest.mark.parametrize(
    ("lacking", "meet_state", "codes"),
    [
        (frozenset(), "", []),
        ({"guests", "revision:1"}, "", ["G-510"]),
        ({"guest:x@y", "revision:1"}, "pending", ["G-518", "G-511"]),
        ({"conference", "revision:1"}, "failure", ["G-517"]),
        ({"guests", "revision:9"}, "", []),
    ],
)
async def test_what_the_event_lacks_is_told(lacking, meet_state: str, codes: list[str]):
    async with busy_office() as office:
        await office.schedule("a", hours(0, 1))
        await with_event(office, frozenset(lacking), meet_state)
        found = await office.intake.find(CALLER, "a")
        assert [note.code for note in found.notes] == codes
        assert all(note.text for note in found.notes)
        assert found.receipt.state == "mirrored", "the row that waits is for what is lacking"
        assert Lacks.remembered(lacking, 1).guests == (frozenset({"x@y"}) if "guest:x@y" in lacking else frozenset())


async def test_the_meet_link_is_told():
    async with busy_office() as office:
        await office.schedule("a", hours(0, 1))
        await with_event(office, frozenset(), "success")
        assert (await office.intake.find(CALLER, "a")).meet_link == "https://meet.example.com/abc"


async def test_an_older_or_wrong_event_is_not_mirrored_yet():
    async with busy_office() as office:
        await office.schedule("a", hours(0, 1))
        await with_event(office, frozenset())
        assert (await office.schedule("a", hours(0, 2))).state == "queued"
        assert (await office.intake.find(CALLER, "a")).receipt.state == "queued"
        await with_event(office, frozenset(), revision=2)
        assert (await office.intake.find(CALLER, "a")).receipt.state == "mirrored"
        await office.database.write(lambda conn: mirrored.mark_stale(conn, 1))
        assert (await office.intake.find(CALLER, "a")).receipt.state == "queued"


async def test_the_outbox_hears_when_each_meeting_begins():
    async with busy_office() as office:
        await office.schedule("soon", hours(0, 1))
        await office.schedule("over", hours(-200, -199), device=2)
        await office.schedule("runs", hours(-24 * 30, 1 - 24 * 30), repeat=Repeat(frequency=Frequency.DAILY))
        rows = await office.database.read(
            lambda conn: conn.execute("SELECT subject_id, lane, starts_at_ms FROM outbox ORDER BY 1").fetchall()
        )
        # The series goes on right now, five days before noon of that day.
        assert rows == [(1, 1, NOON_S * 1000), (2, 2, LAST_MS), (3, 1, NOW_MS)]
        await office.intake.cancel(CALLER, "runs")
        assert await office.database.read(lambda conn: outbox.get(conn, outbox.MIRROR, 3)) is not None


async def test_the_next_occurrence_counts_not_the_one_that_is_over():
    async with busy_office() as office:
        office.clock.ms += 2 * 3600 * 1000
        await office.schedule("runs", hours(-24 * 10, 1 - 24 * 10), repeat=Repeat(frequency=Frequency.DAILY))
        (starts,) = await office.database.read(lambda conn: conn.execute("SELECT starts_at_ms FROM outbox").fetchone())
        assert starts == NOW_MS + DAY_S * 1000
