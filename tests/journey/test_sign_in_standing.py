"""The status line of the page: every situation, word for word, and what the readiness probe says of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.accounts.app_entry import AppEntry, Audience
from gateway.accounts.standing import Situation, Standing
from gateway.config import Secret
from gateway.domain.actor import COMMAND_LINE
from gateway.domain.meeting import Invitations
from gateway.domain.outcome import Outcome, Verdict
from gateway.store import outbox
from tests.journey.google_office import EMAIL, SECRET, Desk, Office, connect, write_event

HERE = ("command line",)
DAY_MS = 24 * 3600 * 1000


async def standing(desk: Desk) -> Standing:
    return await desk.accounts.standing(HERE)


def time_of(at_ms: int, form: str = "%H:%M UTC") -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime(form)


async def queue(desk: Desk, count: int, code: str = "") -> None:
    """Leave changes in the outbox whose last try ended with `code`."""

    def work(conn: Any) -> None:
        for number in range(count):
            outbox.put(conn, kind="mirror", subject_id=number, revision=1, now_ms=0)
        conn.execute("UPDATE outbox SET last_code = ?", (code,))

    await desk.database.write(work)


async def test_the_status_from_the_first_visit_to_the_account(office: Office) -> None:
    async with office.desk() as desk:
        first = await standing(desk)
        assert (first.situation, first.pill, first.message) == (Situation.NOT_CONNECTED, "Not connected", None)
        assert first.line == (
            "Meetings from your devices are kept here and wait. They appear in Google Calendar as soon as you connect "
            "an account."
        )
        link = await desk.accounts.start()
        waits = await standing(desk)
        assert (waits.situation, waits.pill, waits.link) == (Situation.WAITING, "Waiting for your code", link)
        office_day = time_of(link.started_at_ms, "%d") == time_of(link.expires_at_ms, "%d")
        until = time_of(link.expires_at_ms, "%H:%M UTC" if office_day else "%Y-%m-%d %H:%M UTC")
        assert waits.line == (
            f"You opened Google's sign-in page at {time_of(link.started_at_ms)}. Paste what you got back in step 3. "
            f"The link works until {until}."
        )
        assert (await desk.accounts.standing(("session:other",))).situation is Situation.NOT_CONNECTED
        await desk.accounts.store(await desk.accounts.finish(office.google.do.approve(link.url)), replace=False)
        await desk.choice.save("rooms@example.com", name="Rooms", invitations=Invitations.DEVICE)
        done = await standing(desk)
        assert (done.situation, done.pill, done.email) == (Situation.AUTHORIZED, "Authorized", EMAIL)
        assert done.line == f"Account {EMAIL}. Calendar Rooms. Nothing was sent yet."
        await write_event(desk.accounts)
        for later_ms, ago in ((0, "just now"), (60_000, "1 minute ago"), (7_200_000, "2 hours ago")):
            office.clock.ahead_ms += later_ms
            assert f"Last success {ago}." in (await standing(desk)).line


async def test_the_status_of_an_app_in_testing(office: Office) -> None:
    office.zone = "Europe/Berlin"
    async with office.desk(client_id=None, client_secret=None) as desk:
        app = office.google.state.clients
        entry = AppEntry(
            client_id=next(iter(app)), client_secret=Secret(SECRET), redirect_uri="", audience=Audience.TESTING
        )
        await desk.apps.save(entry, COMMAND_LINE)
        await connect(office, desk.accounts)
        status = desk.accounts.status()
        assert status is not None
        ends = await standing(desk)
        assert (ends.situation, ends.ends_at_ms) == (Situation.ENDS, status.authorized_at_ms + 7 * DAY_MS)
        assert ends.pill.startswith("Authorized, ends on 20")
        assert ends.line.startswith("Your Google app is in Testing. Google ends this authorization on 20")
        assert ends.line.endswith(("CET. Publish the app to stop this.", "CEST. Publish the app to stop this."))
        assert desk.accounts.health() == ("connected", "")
        office.clock.ahead_ms += 5 * DAY_MS - 60_000
        assert desk.accounts.health() == ("connected", ""), "not before the fifth day"
        office.clock.ahead_ms += 120_000
        state, text = desk.accounts.health()
        assert state == "connected"
        assert text.startswith("Google ends the authorization on 20")


async def test_the_status_of_access_for_a_limited_time(office: Office) -> None:
    async with office.desk() as desk:
        link = await desk.accounts.start()
        office.google.do.set_consent("time_limited")
        await desk.accounts.store(await desk.accounts.finish(office.google.do.approve(link.url)), replace=False)
        ends = await standing(desk)
        assert ends.situation is Situation.ENDS
        assert ends.ends_at_ms is not None
        assert ends.pill == f"Authorized, ends on {time_of(ends.ends_at_ms, '%Y-%m-%d')}"
        assert time_of(ends.ends_at_ms, "%Y-%m-%d %H:%M UTC") in ends.line


@pytest.mark.parametrize(
    ("count", "code", "changes"),
    [(1, "N-02", "1 change is"), (3, "G-506", "3 changes are"), (2, "N-06", "2 changes are")],
)
async def test_the_status_while_google_is_not_reachable(office: Office, count: int, code: str, changes: str) -> None:
    async with office.desk() as desk:
        await connect(office, desk.accounts)
        await queue(desk, count, code)
        away = await standing(desk)
        assert (away.situation, away.pill, away.waiting) == (Situation.UNREACHABLE, "Google is not reachable", count)
        assert away.line == (
            f"{changes} waiting and will be sent automatically. Nothing is lost. Nothing was sent yet."
        )
        assert away.message is not None
        assert away.message.code == code
        await queue(desk, count, "G-505")
        assert (await standing(desk)).situation is Situation.AUTHORIZED


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("G-502", "somebody removed the access"),
        ("G-503", "Google gave no reason"),
        ("G-513", "The Workspace administrator blocked this app"),
    ],
)
async def test_the_status_of_an_authorization_that_is_lost(office: Office, code: str, reason: str) -> None:
    async with office.desk() as desk:
        await connect(office, desk.accounts)
        await queue(desk, 4)
        target = desk.accounts.current()
        assert target is not None
        outcome = Outcome(verdict=Verdict.AUTHORIZATION, code=code, text="As Google says.", whole_account=True)
        await desk.accounts.lost(target, outcome)
        lost = await standing(desk)
        assert (lost.situation, lost.pill) == (Situation.LOST, "Authorization lost")
        assert lost.line == f"Google no longer accepts our authorization ({reason}). 4 changes are waiting."
        assert lost.message is not None
        assert lost.message.code == code
        assert (await desk.accounts.check()).problem == lost.message
        state, text = desk.accounts.health()
        assert state == "authorization-lost"
        assert text.startswith(lost.message.title[:20])
        assert EMAIL not in text, "everybody may ask"
        await desk.accounts.start()
        assert (await standing(desk)).situation is Situation.WAITING, "somebody is at it"


async def test_the_status_when_the_key_file_does_not_fit(office: Office) -> None:
    async with office.desk() as desk:
        await connect(office, desk.accounts)
    (office.folder / "secret.key").unlink()
    async with office.desk() as desk:
        lost = await standing(desk)
        assert lost.situation is Situation.LOST
        assert lost.message is not None
        assert lost.message.code == "G-419"
        assert "secret.key" in str(lost.message)


async def test_the_secret_that_is_saved_is_used_at_once(office: Office) -> None:
    """Saved on the page while the gateway runs: no restart, no new sign-in."""
    async with office.desk(client_id=None, client_secret=None) as desk:
        entry = AppEntry(
            client_id=next(iter(office.google.state.clients)),
            client_secret=Secret(SECRET),
            redirect_uri="",
            audience=Audience.PRODUCTION,
        )
        await desk.apps.save(entry, COMMAND_LINE)
        await connect(office, desk.accounts)
        office.google.do.set_client(secret="GOCSPX-second")
        office.google.do.expire_access_tokens()
        office.clock.ahead_ms += 3_600_000
        target = desk.accounts.current()
        assert target is not None
        outcome = await write_event(desk.accounts)
        assert outcome.code == "G-504"
        await desk.accounts.lost(target, outcome)
        await desk.apps.save(replace(entry, client_secret=Secret("GOCSPX-second")), COMMAND_LINE)
        office.clock.ahead_ms -= 3_600_000
        assert (await write_event(desk.accounts)).verdict is Verdict.DONE
        assert (await standing(desk)).situation is Situation.AUTHORIZED
        office.google.do.set_client(secret="GOCSPX-third")
        await desk.apps.save(replace(entry, client_secret=Secret("GOCSPX-third")), COMMAND_LINE)
        office.google.do.expire_access_tokens()
        office.clock.ahead_ms += 7_200_000
        assert (await desk.accounts.check()).problem is None, "and before anything was refused"
