"""Several accounts at once: which is the main one, who is whose, and that none changes by what another meets."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest

from gateway.domain.outcome import Outcome, Verdict
from gateway.domain.target import AccountTarget
from gateway.errors import SignInError
from gateway.store.accounts import AccountState
from tests.journey.google_office import CONTENT, EMAIL, OTHER, REF, Desk, Office, connect, signed_in
from tests.store.left_over import left_of

THIRD = "third@example.com"


async def add(office: Office, desk: Desk, email: str = OTHER) -> AccountTarget:
    office.google.do.add_account(email)
    await desk.accounts.store(await signed_in(office, desk.accounts, email), replace=False, add=True)
    target = desk.accounts.chosen(email)
    assert target is not None
    return target


async def _looks(target: AccountTarget, number: int) -> list[Outcome]:
    return await asyncio.gather(*(target.target.look(REF) for _ in range(number)))


async def both(office: Office, desk: Desk) -> tuple[AccountTarget, AccountTarget]:
    await connect(office, desk.accounts)
    second = await add(office, desk)
    first = desk.accounts.current()
    assert first is not None
    return first, second


async def test_an_account_is_added_and_the_main_one_stays(office: Office) -> None:
    async with office.desk() as desk:
        first, second = await both(office, desk)
        assert (first.email, second.email) == (EMAIL, OTHER)
        assert first.account_id != second.account_id
        assert desk.accounts.usable() == (first, second)
        assert desk.accounts.chosen(None) == first
        assert desk.accounts.chosen(f" {OTHER.upper()} ") == second
        assert desk.accounts.chosen("nobody@example.com") is None
        assert desk.accounts.account(second.account_id) == second
        assert desk.accounts.account(99) is None
        assert [each.account for each in desk.accounts.feeds()] == [first, second]
        assert [(each.account, each.source is None) for each in desk.accounts.busy_sources()] == [
            (first, False),
            (second, False),
        ]
        assert (await second.target.insert(REF, CONTENT)).verdict is Verdict.DONE
        assert [(each.email, each.main) for each in desk.accounts.statuses()] == [(EMAIL, True), (OTHER, False)]
    async with office.desk() as desk:
        assert [each.email for each in desk.accounts.usable()] == [EMAIL, OTHER], "after a restart too"
    assert office.refreshes() == 0


async def test_only_the_main_one_is_ever_replaced(office: Office) -> None:
    async with office.desk() as desk:
        first, second = await both(office, desk)
        office.google.do.add_account(THIRD)
        new = await signed_in(office, desk.accounts, THIRD)
        assert new.replaces == EMAIL
        with pytest.raises(SignInError) as caught:
            await desk.accounts.store(new, replace=False)
        assert (caught.value.code, desk.accounts.usable()) == ("G-409", (first, second))
        await desk.accounts.store(new, replace=True)
        assert [each.email for each in desk.accounts.usable()] == [THIRD, OTHER]
        assert desk.accounts.account(first.account_id) is None
        assert not desk.accounts.signed_in(first.account_id)
        again = await signed_in(office, desk.accounts, OTHER)
        assert again.replaces is None, "it is in use already"
        await desk.accounts.store(again, replace=False)
        assert [(each.email, each.main) for each in desk.accounts.statuses()] == [(THIRD, True), (OTHER, False)]
        renewed = desk.accounts.chosen(OTHER)
        assert renewed is not None
        assert renewed.account_id == second.account_id
        assert renewed.authorized_at > second.authorized_at


async def test_another_account_is_made_the_main_one(office: Office) -> None:
    returned: list[str] = []

    async def told() -> None:
        returned.append("returned")

    async with office.desk() as desk:
        first, second = await both(office, desk)
        await desk.choice.save("rooms@example.com", name="Rooms", invitations=desk.choice.current().invitations)
        desk.accounts.follow(told)
        with pytest.raises(SignInError) as caught:
            await desk.accounts.make_main("nobody@example.com")
        assert (caught.value.code, OTHER in str(caught.value)) == ("G-526", True)
        await desk.accounts.make_main(EMAIL)
        assert returned == []
        await desk.accounts.make_main(OTHER)
        assert returned == ["returned"]
        assert desk.accounts.usable() == (second, first)
        assert desk.accounts.account(first.account_id) == first, "what it wrote is still looked after"
        assert desk.choice.current().calendar_id == "primary", "the other calendar belonged to the other account"
    async with office.desk() as desk:
        status = desk.accounts.status()
        assert status is not None
        assert status.email == OTHER


async def test_who_signs_out_takes_nobody_along_and_is_succeeded_by_nobody(office: Office) -> None:
    async with office.desk() as desk:
        first, second = await both(office, desk)
        await desk.accounts.forget()
        assert desk.accounts.usable() == (second,)
        assert desk.accounts.chosen(None) is None, "meetings do not move to somebody else by themselves"
        assert desk.accounts.status() is None
        standing = await desk.accounts.standing()
        assert (standing.pill, standing.message is not None) == ("No main account", True)
        assert "G-527" in [each.code for each in desk.accounts.warnings()]
        assert desk.accounts.health()[0] == "none"
        await connect(office, desk.accounts)
        back = desk.accounts.current()
        assert back is not None
        assert back.account_id == first.account_id
        await desk.accounts.forget(OTHER)
        assert desk.accounts.usable() == (back,)
        with pytest.raises(SignInError) as caught:
            await desk.accounts.forget(OTHER)
        assert caught.value.code == "G-526"


async def test_no_secret_of_the_one_that_left_is_left(office: Office) -> None:
    async with office.desk() as desk:
        _, second = await both(office, desk)
        query = "SELECT id, sealed FROM account ORDER BY id"
        sealed = dict(await desk.database.read(lambda conn: conn.execute(query).fetchall()))
        assert left_of([sealed[second.account_id]], office.folder), "the test can see it"
        await desk.accounts.forget(OTHER)
        assert left_of([sealed[second.account_id]], office.folder) == []
        kept = dict(await desk.database.read(lambda conn: conn.execute(query).fetchall()))
        assert (kept[second.account_id], bool(kept[1])) == (b"", True)


@pytest.mark.parametrize("verdict", [Verdict.AUTHORIZATION, Verdict.CONFIGURATION])
async def test_what_one_account_meets_is_not_held_against_the_other(office: Office, verdict: Verdict) -> None:
    said = Outcome(verdict=verdict, code="G-503", text="No longer.", whole_account=True)
    async with office.desk() as desk:
        first, second = await both(office, desk)
        await desk.accounts.lost(second, said)
        assert desk.accounts.usable() == (first,)
        states = {each.email: each.state for each in desk.accounts.statuses()}
        expected = AccountState(verdict.value if verdict is Verdict.CONFIGURATION else "authorization-lost")
        assert states == {EMAIL: AccountState.CONNECTED, OTHER: expected}
        assert (await first.target.insert(REF, CONTENT)).verdict is Verdict.DONE
        states = {each.email: each.state for each in desk.accounts.statuses()}
        assert states == {EMAIL: AccountState.CONNECTED, OTHER: expected}, "nor does the success of one help the other"
        state, text = desk.accounts.health()
        assert (state, OTHER in text) == ("connected", False)
        assert text == "1 other account needs a look. Run: meeting-gateway google status"
    async with office.desk() as desk:
        assert desk.accounts.chosen(EMAIL) is not None
        tried_again = verdict is Verdict.CONFIGURATION
        assert (desk.accounts.chosen(OTHER) is not None) is tried_again


async def test_what_an_old_authorization_met_is_not_held_against_the_new_one(office: Office) -> None:
    said = Outcome(verdict=Verdict.AUTHORIZATION, code="G-503", text="No longer.", whole_account=True)
    async with office.desk() as desk:
        first, second = await both(office, desk)
        await desk.accounts.store(await signed_in(office, desk.accounts, OTHER), replace=False)
        await desk.accounts.lost(second, said)
        assert [each.email for each in desk.accounts.usable()] == [EMAIL, OTHER]
        await desk.accounts.forget(EMAIL)
        await desk.accounts.lost(first, said)
        assert [each.state for each in desk.accounts.statuses()] == [AccountState.CONNECTED]


async def test_a_revoked_account_and_one_that_works(office: Office) -> None:
    async with office.desk() as desk:
        first, second = await both(office, desk)
        office.google.do.revoke(OTHER)
        office.google.do.expire_access_tokens()
        worked = await _looks(first, 50)
        assert {outcome.verdict for outcome in worked} == {Verdict.GONE}
        assert office.refreshes() == 1, "however many calls asked"
        refused = await _looks(second, 50)
        assert {outcome.code for outcome in refused} == {"G-502"}
        assert {outcome.verdict for outcome in await _looks(first, 5)} == {Verdict.GONE}
        await desk.accounts.lost(second, refused[-1])
        await desk.accounts.lost(second, refused[-1])
        assert desk.accounts.usable() == (first,)


@pytest.mark.parametrize(
    "trouble", [{"status": 503}, {"status": 429}, {"body": "<html>Sign in</html>"}, {"reset": "before"}]
)
async def test_no_trouble_of_the_moment_loses_either(office: Office, trouble: dict[str, object]) -> None:
    async with office.desk() as desk:
        targets = await both(office, desk)
        office.google.do.expire_access_tokens()
        office.clock.ahead_ms += 3_600_000
        office.google.do.fault(trouble, match={"operation": "token"})
        for target in targets:
            outcome = await target.target.look(REF)
            assert outcome.verdict not in (Verdict.AUTHORIZATION, Verdict.CONFIGURATION)
        assert desk.accounts.usable() == targets


async def test_a_device_that_names_an_account_nobody_signed_in_to(office: Office) -> None:
    async with office.desk() as desk:
        await connect(office, desk.accounts)
        await desk.database.write(
            lambda conn: conn.execute(
                "INSERT INTO device (name, profile, key_hash, active, changed_at, origin, settings) VALUES "
                "('hall', 'generic/json', X'00', 1, 0, 'added', ?)",
                (f'{{"account": "{OTHER}"}}',),
            )
        )
        await desk.accounts.load()
        (warning,) = desk.accounts.warnings()
        assert (warning.code, warning.device, warning.email) == ("G-524", "hall", OTHER)
        assert OTHER in warning.text
        assert "1 device names an account that nobody signed in to." in desk.accounts.health()[1]
        await add(office, desk)
        assert desk.accounts.warnings() == ()


async def test_the_expected_account_is_the_only_one_in_every_way(office: Office) -> None:
    office.google.do.add_account(OTHER)
    async with office.desk() as desk:
        await connect(office, desk.accounts)
        waits = await signed_in(office, desk.accounts, OTHER)
        await desk.accounts.store(waits, replace=False, add=True)
    async with office.desk(expected_account=OTHER.upper()) as desk:
        assert [each.email for each in desk.accounts.usable()] == [OTHER]
        assert desk.accounts.health()[0] == "authorization-lost"
        codes = [(each.code, each.email) for each in desk.accounts.warnings()]
        assert ("G-521", EMAIL) in codes
        link = await desk.accounts.start()
        with pytest.raises(SignInError) as caught:
            await desk.accounts.finish(office.google.do.approve(link.url, EMAIL))
        assert caught.value.code == "G-417"
    async with office.desk() as desk:
        assert [each.email for each in desk.accounts.usable()] == [EMAIL, OTHER], "nothing was lost by the setting"


async def test_a_client_that_is_changed_ends_all_that_came_from_it(office: Office) -> None:
    from gateway.accounts.app_entry import AppEntry
    from gateway.config import Secret
    from gateway.domain.actor import COMMAND_LINE
    from tests.journey.google_office import SECRET

    async with AsyncExitStack() as stack:
        desk = await stack.enter_async_context(office.desk(client_id=None, client_secret=None))
        entry = AppEntry(client_id="sim-client.apps.googleusercontent.com", client_secret=Secret(SECRET))
        await desk.apps.save(entry, COMMAND_LINE)
        await both(office, desk)
        other = AppEntry(client_id="1-new.apps.googleusercontent.com", client_secret=Secret("GOCSPX-another-secret-1"))
        with pytest.raises(SignInError) as caught:
            await desk.apps.save(other, COMMAND_LINE)
        assert caught.value.code == "G-116"
        assert EMAIL in str(caught.value)
        assert OTHER in str(caught.value)
        await desk.apps.save(other, COMMAND_LINE, confirmed=True)
        assert desk.accounts.usable() == ()
        assert {each.code for each in desk.accounts.statuses()} == {"G-116"}
