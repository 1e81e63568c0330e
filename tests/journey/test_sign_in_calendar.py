"""After the sign-in: what a look at Google finds, which calendar is chosen, and the test meeting."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from gateway.accounts.standing import Situation
from gateway.accounts.test_meeting import NAME, SentMeeting
from gateway.config import Secret
from gateway.domain.actor import Actor
from gateway.domain.meeting import Invitations
from gateway.domain.outcome import Verdict
from gateway.errors import SignInError
from gateway.store import outbox
from tests.journey.google_office import EMAIL, OTHER, Desk, Office, connect, signed_in, write_event

AUTH = "https://www.googleapis.com/auth/"
HERE = ("command line",)
ADMIN = Actor(name="admin:ann", source="192.0.2.7")
DAY_MS = 24 * 3600 * 1000


async def connect_without(office: Office, desk: Desk, *scopes: str) -> None:
    link = await desk.accounts.start()
    unticked = [f"{AUTH}{scope}" for scope in scopes]
    await desk.accounts.store(
        await desk.accounts.finish(office.google.do.approve(link.url, untick=unticked)), replace=False
    )


async def test_the_calendars_that_can_be_written_to(office: Office) -> None:
    do = office.google.do
    do.add_calendar("Rooms", calendar_id="rooms@example.com")
    do.add_calendar("another", calendar_id="another@example.com", role="owner")
    do.add_calendar("Shared for writing", calendar_id="shared@example.com", role="writer")
    do.add_calendar("Only to read", calendar_id="read@example.com", role="reader")
    async with office.desk() as desk:
        await connect(office, desk.accounts)
        found = await desk.accounts.check()
        assert found.problem is None
        assert found.notes == ()
        assert found.clock_difference_s is not None
        assert abs(found.clock_difference_s) < 5
        # With calendar.events.owned only what the account owns can be written to; the main one comes first.
        assert [entry.id for entry in found.calendars] == ["primary", "another@example.com", "rooms@example.com"]
        assert [entry.main for entry in found.calendars] == [True, False, False]
        assert all(entry.time_zone == "Europe/Berlin" for entry in found.calendars)


async def test_more_calendars_than_fit_on_a_page(office: Office) -> None:
    for number in range(260):
        office.google.do.add_calendar(f"Room {number:03}", calendar_id=f"r{number}@example.com")
    async with office.desk() as desk:
        await connect(office, desk.accounts)
        found = await desk.accounts.check()
    assert len(found.calendars) == 261
    assert [entry.name for entry in found.calendars[1:]] == [f"Room {number:03}" for number in range(260)]
    asked = [r.query for r in office.google.state.requests if r.operation == "calendarList.list"]
    assert ["pageToken" in query for query in asked] == [False, True]
    assert all(query["minAccessRole"] == ["owner"] for query in asked)


async def test_without_the_permission_to_list_there_is_the_main_calendar(office: Office) -> None:
    office.google.do.add_calendar("Rooms")
    async with office.desk() as desk:
        await connect_without(office, desk, "calendar.calendarlist.readonly")
        found = await desk.accounts.check()
    assert [(entry.id, entry.main) for entry in found.calendars] == [("primary", True)]
    assert found.problem is None


@pytest.mark.parametrize(
    ("break_it", "code"),
    [
        (lambda google: google.do.set_behaviour(api_enabled=False), "G-407"),
        (lambda google: google.do.set_calendar_user(False), "G-408"),
        (lambda google: google.do.set_access(EMAIL, "reader"), "G-410"),
        (lambda google: google.do.fault({"status": 503}, match={"operation": "calendarList.list"}), "G-506"),
        (lambda google: google.do.fault({"status": 429}, match={"operation": "calendarList.list"}), "G-505"),
        (lambda google: google.do.revoke(), "G-502"),
    ],
)
async def test_what_a_look_may_find_instead(office: Office, break_it: Any, code: str) -> None:
    async with office.desk() as desk:
        await connect(office, desk.accounts)
        break_it(office.google)
        found = await desk.accounts.check()
        assert found.calendars == ()
        assert found.problem is not None
        assert found.problem.code == code
        assert found.problem.title


async def test_a_look_without_a_way_to_google(office: Office) -> None:
    async with office.desk() as desk:
        assert (await desk.accounts.check()).problem is not None, "nobody signed in"
        await connect(office, desk.accounts)
        await office.google.stop()
        found = await desk.accounts.check()
        assert found.problem is not None
        assert found.problem.code == "N-02"
        with pytest.raises(SignInError) as caught:
            await desk.accounts.check_client()
        assert caught.value.code == "N-02"


@pytest.mark.parametrize(("skew_s", "said"), [(-300, "300 s ahead"), (120, "120 s behind"), (40, None), (-40, None)])
async def test_a_clock_that_differs_from_googles(office: Office, skew_s: int, said: str | None) -> None:
    async with office.desk() as desk:
        await connect(office, desk.accounts)
        office.google.do.set_clock(skew_s=skew_s)
        found = await desk.accounts.check()
        assert found.problem is None
        assert found.clock_difference_s is not None
        assert abs(found.clock_difference_s + skew_s) < 20
        if said is None:
            assert found.notes == ()
        else:
            assert [note.code for note in found.notes] == ["N-05"]
            number, _, direction = said.partition(" s ")
            assert direction in found.notes[0].title
            assert abs(int(found.notes[0].title.split(" is ")[1].split()[0]) - int(number)) <= 20


async def test_check_again_mends_what_an_admin_had_to_mend(office: Office) -> None:
    returned: list[str] = []

    async def told() -> None:
        returned.append("returned")

    async with office.desk() as desk:
        await connect(office, desk.accounts)
        desk.accounts.follow(told)
        target = desk.accounts.current()
        assert target is not None
        office.google.do.set_behaviour(api_enabled=False)
        await desk.accounts.lost(target, await write_event(desk.accounts))
        standing = await desk.accounts.standing()
        assert (standing.situation, standing.pill) == (Situation.ACTION, "Action needed")
        assert standing.message is not None
        assert standing.message.code == "G-512"
        found = await desk.accounts.check()
        assert found.problem is not None
        assert (found.problem.code, returned) == ("G-407", [])
        office.google.do.set_behaviour(api_enabled=True)
        assert (await desk.accounts.check()).problem is None
        assert returned == ["returned"], "so that what was held is sent"
        assert (await desk.accounts.standing()).situation is Situation.AUTHORIZED
        assert (await write_event(desk.accounts)).verdict is Verdict.DONE
    async with office.desk() as desk:
        assert (await desk.accounts.standing()).situation is Situation.AUTHORIZED, "durably"


async def test_the_client_is_checked_without_anybody_signing_in(office: Office) -> None:
    async with office.desk() as desk:
        await desk.accounts.check_client()
    async with office.desk(client_secret=Secret("GOCSPX-wrong")) as desk:
        with pytest.raises(SignInError) as caught:
            await desk.accounts.check_client()
        assert (caught.value.code, caught.value.field) == ("G-405", "client_secret")
    async with office.desk(client_id=None) as desk:
        with pytest.raises(SignInError) as caught:
            await desk.accounts.check_client()
        assert (caught.value.code, caught.value.field) == ("G-101", "client_id")


async def test_a_calendar_is_chosen_at_once_and_durably(office: Office) -> None:
    heard: list[tuple[str, Invitations]] = []
    async with office.desk() as desk:
        desk.choice.follow(lambda calendar, invitations: heard.append((calendar, invitations)))
        assert heard == [("primary", Invitations.DEVICE)]
        chosen = await desk.choice.save(
            "rooms@example.com", name="Rooms\n\u202e", invitations=Invitations.GOOGLE, by=ADMIN
        )
        assert (chosen.calendar_id, chosen.name, chosen.shown, chosen.locked) == (
            "rooms@example.com",
            "Rooms",
            "Rooms",
            "",
        )
        assert heard[1:] == [("rooms@example.com", Invitations.GOOGLE)]
        assert await desk.audit() == [("admin:ann", "google.calendar-chosen", "rooms@example.com")]
    async with office.desk() as desk:
        assert desk.choice.current() == chosen


async def test_another_account_begins_with_its_own_main_calendar(office: Office) -> None:
    office.google.do.add_account(OTHER)
    async with office.desk() as desk:
        await connect(office, desk.accounts)
        await desk.choice.save("rooms@example.com", name="Rooms", invitations=Invitations.GOOGLE)
        await connect(office, desk.accounts)
        assert desk.choice.current().calendar_id == "rooms@example.com", "the same account again"
        await desk.accounts.store(await signed_in(office, desk.accounts, OTHER), replace=True)
        chosen = desk.choice.current()
        assert (chosen.calendar_id, chosen.invitations) == ("primary", Invitations.GOOGLE)


async def test_a_calendar_of_the_settings_is_locked(office: Office) -> None:
    async with office.desk() as desk:
        await desk.choice.save("rooms@example.com", name="Rooms", invitations=Invitations.OFF)
    office.sources = {"google.calendar": "config.yaml:9"}
    async with office.desk(calendar="fixed@example.com") as desk:
        chosen = desk.choice.current()
        assert (chosen.calendar_id, chosen.name, chosen.invitations) == ("fixed@example.com", "", Invitations.OFF)
        assert chosen.locked == "config.yaml:9"
        with pytest.raises(SignInError) as caught:
            await desk.choice.save("rooms@example.com", name="Rooms", invitations=Invitations.OFF)
        assert (caught.value.code, caught.value.field) == ("G-117", "calendar")
        saved = await desk.choice.save("fixed@example.com", name="", invitations=Invitations.DEVICE)
        assert saved.invitations is Invitations.DEVICE


@pytest.mark.parametrize("calendar_id", ["", " ", "a\nb", "x" * 255, " rooms@example.com"])
async def test_what_cannot_be_a_calendar_is_not_kept(office: Office, calendar_id: str) -> None:
    async with office.desk() as desk:
        with pytest.raises(SignInError) as caught:
            await desk.choice.save(calendar_id, name="", invitations=Invitations.DEVICE)
        assert caught.value.field == "calendar"
        assert desk.choice.current().calendar_id == "primary"


async def test_a_test_meeting_comes_and_goes(office: Office) -> None:
    office.zone = "Europe/Berlin"
    async with office.desk() as desk:
        with pytest.raises(SignInError):
            await desk.test_meeting.send()
        await connect(office, desk.accounts)
        assert await desk.test_meeting.sent() is None
        before_ms = office.clock.now_ms()
        sent = await desk.test_meeting.send(ADMIN)
        assert isinstance(sent, SentMeeting)
        assert (sent.name, sent.calendar_id) == (NAME, "primary")
        assert NAME == "Gateway test - you can delete me"
        after_ms = office.clock.now_ms()
        assert sent.start_ms % 3_600_000 == 0
        assert before_ms + 3_600_000 < sent.start_ms <= after_ms + 7_200_000, "the hour after the next full one"
        assert sent.link.startswith("http")
        assert await desk.test_meeting.look()
    request = next(r for r in office.google.state.requests if r.operation == "insert")
    assert request.query["sendUpdates"] == ["none"]
    assert "attendees" not in request.body
    start, end = (datetime.fromisoformat(request.body[name]["dateTime"]) for name in ("start", "end"))
    assert (end - start).total_seconds() == 15 * 60
    assert request.body["start"]["timeZone"] == "Europe/Berlin"
    assert request.body["summary"] == NAME
    async with office.desk() as desk:  # after a restart
        again = await desk.test_meeting.sent()
        assert again == sent
        assert await desk.test_meeting.delete(ADMIN)
        assert not await desk.test_meeting.delete(ADMIN)
        assert not await desk.test_meeting.look()
        assert await desk.test_meeting.sent() is None
        told = [line[:2] for line in await desk.audit() if "test" in line[1]]
        assert told == [("admin:ann", "google.test-written"), ("admin:ann", "google.test-deleted")]
        counts = await desk.database.read(outbox.counts)
        assert counts == {}, "it is never mirrored"


async def test_there_is_one_test_meeting_at_most(office: Office) -> None:
    async with office.desk() as desk:
        await connect(office, desk.accounts)
        first = await desk.test_meeting.send()
        second = await desk.test_meeting.send()
        assert first.remote_id != second.remote_id
    done = [(r.operation, r.status) for r in office.google.state.requests if r.operation in ("insert", "delete")]
    assert done == [("insert", 200), ("delete", 204), ("insert", 200)]


async def test_a_test_meeting_whose_answer_was_lost_can_be_deleted(office: Office) -> None:
    async with office.desk() as desk:
        await connect(office, desk.accounts)
        office.google.do.fault({"reset": "after"}, match={"operation": "insert"}, times=1)
        with pytest.raises(SignInError) as caught:
            await desk.test_meeting.send()
        assert caught.value.code == "N-02"
        assert await desk.test_meeting.look(), "it is there, though nobody was told"
        assert await desk.test_meeting.delete()
        assert await desk.test_meeting.sent() is None


async def test_a_test_meeting_that_google_refuses_is_not_remembered(office: Office) -> None:
    async with office.desk() as desk:
        await connect(office, desk.accounts)
        await desk.choice.save("gone@example.com", name="Gone", invitations=Invitations.DEVICE)
        with pytest.raises(SignInError) as caught:
            await desk.test_meeting.send()
        assert caught.value.code == "G-507"
        assert await desk.test_meeting.sent() is None
        await desk.choice.save("primary", name="", invitations=Invitations.DEVICE)
        await desk.test_meeting.send()
        await office.google.stop()
        with pytest.raises(SignInError) as caught:
            await desk.test_meeting.delete()
        assert caught.value.code == "N-02"
        assert await desk.test_meeting.sent() is not None
