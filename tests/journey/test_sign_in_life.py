"""The life of an authorization: kind, age and end, who is warned when, and that each change is told once or again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.accounts.app_entry import AppEntry, Audience
from gateway.accounts.life import EndsBecause, Kind
from gateway.config import Secret
from gateway.domain.account_event import AccountChange, AccountEvent
from gateway.domain.actor import COMMAND_LINE
from gateway.domain.outcome import Outcome, Verdict
from gateway.domain.target import AccountTarget
from gateway.errors import StoreUnavailable
from gateway.store.accounts import AccountState
from tests.journey.google_office import EMAIL, OTHER, REF, SECRET, Desk, Office, connect, signed_in, write_event

HOUR_MS = 3600 * 1000
DAY_MS = 24 * HOUR_MS
APP = {"client_id": None, "client_secret": None}
CLIENT_ID = "sim-client.apps.googleusercontent.com"
REFUSED = Outcome(verdict=Verdict.AUTHORIZATION, code="G-503", text="No longer.", whole_account=True)


class Ears:
    """What was told."""

    def __init__(self) -> None:
        self.heard: list[AccountEvent] = []
        self.deaf = False

    async def told(self, event: AccountEvent) -> None:
        if self.deaf:
            raise StoreUnavailable("The disk is full.")
        self.heard.append(event)

    def changes(self) -> list[tuple[str, str, str]]:
        return [(each.email, each.change, each.code) for each in self.heard]


async def save_app(desk: Desk, audience: Audience) -> None:
    entry = AppEntry(client_id=CLIENT_ID, client_secret=Secret(SECRET), audience=audience)
    await desk.apps.save(entry, COMMAND_LINE)


async def lose(desk: Desk, said: Outcome = REFUSED) -> AccountTarget:
    target = desk.accounts.current()
    assert target is not None
    await desk.accounts.lost(target, said)
    return target


async def test_an_app_in_testing_is_warned_of_from_the_fifth_day(office: Office) -> None:
    ears = Ears()
    async with office.desk(**APP) as desk:
        desk.accounts.follow_standing(ears.told)
        await save_app(desk, Audience.TESTING)
        await connect(office, desk.accounts)
        status = desk.accounts.status()
        assert status is not None
        assert status.end is not None
        assert (status.kind, status.end.because) == (Kind.TESTING, EndsBecause.TESTING)
        assert status.end.at_ms == status.authorized_at_ms + 7 * DAY_MS
        office.clock.ahead_ms += 5 * DAY_MS - HOUR_MS
        await desk.accounts.load()
        assert (desk.accounts.warnings(), ears.heard) == ((), [])
        office.clock.ahead_ms += 2 * HOUR_MS
        await desk.accounts.load()
        await desk.accounts.load()
        assert [each.code for each in desk.accounts.warnings()] == ["G-520"]
        assert ears.changes() == [(EMAIL, AccountChange.ENDS_SOON, "G-520")]
        assert (ears.heard[0].ends_at_ms, ears.heard[0].main) == (status.end.at_ms, True)
    async with office.desk(**APP) as desk:
        desk.accounts.follow_standing(ears.told)
        await desk.accounts.load()
        assert len(ears.heard) == 1, "once, also after a restart"
        await connect(office, desk.accounts)
        assert desk.accounts.warnings() == ()
        office.clock.ahead_ms += 5 * DAY_MS + HOUR_MS
        await desk.accounts.load()
        assert len(ears.heard) == 2, "the new authorization has an end of its own"


async def test_publishing_the_app_does_not_save_what_was_allowed_before(office: Office) -> None:
    async with office.desk(**APP) as desk:
        await save_app(desk, Audience.TESTING)
        await connect(office, desk.accounts)
        await save_app(desk, Audience.PRODUCTION)
        status = desk.accounts.status()
        assert status is not None
        assert status.kind is Kind.TESTING
        await connect(office, desk.accounts)
        status = desk.accounts.status()
        assert status is not None
        assert (status.kind, status.end) == (Kind.PRODUCTION, None)
        await save_app(desk, Audience.TESTING)
        status = desk.accounts.status()
        assert status is not None
        assert status.kind is Kind.TESTING, "better warned once too often"


async def test_a_rule_whose_time_is_over_did_not_apply(office: Office) -> None:
    async with office.desk(**APP) as desk:
        await save_app(desk, Audience.TESTING)
        await connect(office, desk.accounts)
        office.clock.ahead_ms += 9 * DAY_MS
        status = desk.accounts.status()
        assert status is not None
        assert status.end is None
        assert desk.accounts.warnings() == ()


@pytest.mark.parametrize(
    ("audience", "days", "code"),
    [
        (Audience.UNKNOWN, 6.4, "G-503"),
        (Audience.UNKNOWN, 6.6, "G-501"),
        (Audience.UNKNOWN, 7.4, "G-501"),
        (Audience.UNKNOWN, 7.6, "G-503"),
        (Audience.TESTING, 30.0, "G-501"),
        (Audience.TESTING, 3.0, "G-503"),
        (Audience.PRODUCTION, 200.0, "G-534"),
    ],
)
async def test_why_google_accepts_it_no_longer(office: Office, audience: Audience, days: float, code: str) -> None:
    async with office.desk(**APP) as desk:
        await save_app(desk, audience)
        await connect(office, desk.accounts)
        office.clock.ahead_ms += int(days * DAY_MS)
        await lose(desk)
        status = desk.accounts.status()
        assert status is not None
        assert (status.state, status.code) == (AccountState.AUTHORIZATION_LOST, code)


@pytest.mark.parametrize("code", ["G-307", "G-504", "G-513", "G-512"])
async def test_causes_apart_from_the_authorization_keep_their_names(office: Office, code: str) -> None:
    async with office.desk(**APP) as desk:
        await save_app(desk, Audience.TESTING)
        await connect(office, desk.accounts)
        office.clock.ahead_ms += 7 * DAY_MS
        await lose(desk, Outcome(verdict=Verdict.CONFIGURATION, code=code, text="Why", whole_account=True))
        status = desk.accounts.status()
        assert status is not None
        assert (status.state, status.code) == (AccountState.CONFIGURATION, code)


async def test_an_account_that_nobody_uses_is_warned_of(office: Office) -> None:
    async with office.desk() as desk:
        await connect(office, desk.accounts)
        office.clock.ahead_ms += 151 * DAY_MS
        assert desk.accounts.warnings() == ()
        office.clock.ahead_ms += 3 * DAY_MS
        assert [each.code for each in desk.accounts.warnings()] == ["G-525"]
        assert (await desk.accounts.check()).problem is None, "which is a use of it"
        assert desk.accounts.warnings() == ()
    async with office.desk() as desk:
        assert desk.accounts.warnings() == (), "and is kept"


async def test_lost_and_back_are_told(office: Office) -> None:
    ears = Ears()
    async with office.desk() as desk:
        desk.accounts.follow_standing(ears.told)
        await connect(office, desk.accounts)
        assert ears.heard == [], "a first sign-in is no news"
        office.google.do.revoke()
        target = await lose(desk, await write_event(desk.accounts))
        await desk.accounts.lost(target, REFUSED)
        assert ears.changes() == [(EMAIL, AccountChange.LOST, "G-502")]
        assert ears.heard[0].text
        await connect(office, desk.accounts)
        assert ears.changes()[1:] == [(EMAIL, AccountChange.BACK, "")]
        await desk.accounts.load(anew=True)
        assert len(ears.heard) == 2


async def test_what_was_lost_while_nobody_listened_is_told_later(office: Office) -> None:
    ears = Ears()
    async with office.desk() as desk:
        await connect(office, desk.accounts)
        await lose(desk)
    async with office.desk() as desk:
        desk.accounts.follow_standing(ears.told)
        ears.deaf = True
        await desk.accounts.load()
        assert ears.heard == []
        ears.deaf = False
        await desk.accounts.load()
        await desk.accounts.load()
        assert ears.changes() == [(EMAIL, AccountChange.LOST, "G-503")]
        async with office.desk() as command:  # another process
            await connect(office, command.accounts)
        await desk.accounts.load()
        assert ears.changes()[1:] == [(EMAIL, AccountChange.BACK, "")]


async def test_each_account_is_told_of_by_its_name(office: Office) -> None:
    ears = Ears()
    office.google.do.add_account(OTHER)
    async with office.desk() as desk:
        desk.accounts.follow_standing(ears.told)
        await connect(office, desk.accounts)
        await desk.accounts.store(await signed_in(office, desk.accounts, OTHER), replace=False, add=True)
        second = desk.accounts.chosen(OTHER)
        assert second is not None
        await desk.accounts.lost(second, replace(REFUSED, code="G-502"))
        assert [(each.email, each.main, each.account_id) for each in ears.heard] == [(OTHER, False, second.account_id)]


async def test_a_check_and_a_test_meeting_lose_what_is_lost(office: Office) -> None:
    from gateway.errors import SignInError

    async with office.desk() as desk:
        await connect(office, desk.accounts)
        office.google.do.revoke()
        office.google.do.expire_access_tokens()
        found = await desk.accounts.check()
        assert found.problem is not None
        status = desk.accounts.status()
        assert status is not None
        assert (status.state, status.code) == (AccountState.AUTHORIZATION_LOST, "G-502")
        assert desk.accounts.usable() == ()
        await connect(office, desk.accounts)
        office.google.do.set_behaviour(api_enabled=False)
        with pytest.raises(SignInError) as caught:
            await desk.test_meeting.send()
        assert caught.value.code == "G-512"
        assert desk.accounts.usable() == ()
        office.google.do.set_behaviour(api_enabled=True)
        assert (await desk.accounts.check()).problem is None
        target = desk.accounts.current()
        assert target is not None
        assert (await target.target.look(REF)).verdict is Verdict.GONE
