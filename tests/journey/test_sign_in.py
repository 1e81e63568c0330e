"""A person signs in at the simulated Google: what is refused, what is stored, and what becomes of it later."""

from __future__ import annotations

import asyncio
import json
import logging
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from gateway.accounts.accounts import Candidate
from gateway.accounts.attempt import LIFE_MS
from gateway.config import Secret
from gateway.domain.outcome import Outcome, Verdict
from gateway.errors import SignInError, StoreUnavailable
from gateway.store.accounts import AccountState
from gateway.store.vault import KEY_NAME
from tests.journey.google_office import (
    EMAIL,
    OTHER,
    REF,
    SECRET,
    Office,
    connect,
    refused,
    signed_in,
    write_event,
)

EVENTS = "https://www.googleapis.com/auth/calendar.events.owned"
FREE_BUSY = "https://www.googleapis.com/auth/calendar.events.freebusy"
DAY_MS = 24 * 3600 * 1000


async def test_the_link_asks_for_what_is_needed_and_no_more(office: Office) -> None:
    async with office.gateway() as accounts:
        link = await accounts.start()
        again = await accounts.start()
    query = {name: values[0] for name, values in parse_qs(urlsplit(link.url).query).items()}
    assert {name: query[name] for name in query if name not in ("state", "code_challenge", "scope")} == {
        "response_type": "code",
        "client_id": "sim-client.apps.googleusercontent.com",
        "redirect_uri": "http://127.0.0.1:8765/oauth/google/callback",
        "code_challenge_method": "S256",
        "access_type": "offline",
        "prompt": "consent",
    }
    assert {EVENTS, "openid", "email"} <= set(query["scope"].split())
    assert len(query["code_challenge"]) == 43
    assert len(query["state"]) >= 22
    assert parse_qs(urlsplit(again.url).query)["state"] != [query["state"]]
    assert query["state"] not in repr(link)


async def test_sign_in_store_and_write(office: Office) -> None:
    async with office.gateway() as accounts:
        assert accounts.status() is None
        candidate = await signed_in(office, accounts)
        assert (candidate.email, candidate.replaces, candidate.notes) == (EMAIL, None, ())
        assert EVENTS in candidate.scopes
        assert accounts.status() is None, "nothing is stored before it is confirmed"
        assert accounts.current() is None
        await accounts.store(candidate, replace=False)
        status = accounts.status()
        assert status is not None
        assert (status.email, status.state, status.code) == (EMAIL, AccountState.CONNECTED, "")
        assert (await write_event(accounts)).verdict is Verdict.DONE
    assert office.refreshes() == 0, "the token of the exchange is used while it is fresh"


async def test_a_restart_keeps_the_account_and_its_token(office: Office) -> None:
    async with office.gateway() as accounts:
        await connect(office, accounts)
    async with office.gateway() as accounts:
        assert (await write_event(accounts)).verdict is Verdict.DONE
    assert office.refreshes() == 0
    office.google.do.expire_access_tokens()
    office.clock.ahead_ms += 3_600_000
    async with office.gateway() as accounts:
        target = accounts.current()
        assert target is not None
        assert (await target.target.look(REF)).verdict is Verdict.DONE
    office.clock.ahead_ms -= 3_600_000
    async with office.gateway() as accounts:
        target = accounts.current()
        assert target is not None
        assert (await target.target.look(REF)).verdict is Verdict.DONE
    assert office.refreshes() == 1, "the renewed token outlives the process"


@pytest.mark.parametrize("form", ["address", "bare code", "without scheme", "query"])
async def test_address_and_bare_code_are_both_taken(office: Office, form: str) -> None:
    async with office.gateway() as accounts:
        link = await accounts.start()
        address = office.google.do.approve(link.url)
        code = parse_qs(urlsplit(address).query)["code"][0]
        shapes = {
            "address": address,
            "bare code": code,
            "without scheme": address.removeprefix("http://"),
            "query": address.partition("?")[2],
        }
        candidate = await accounts.finish(shapes[form])
        assert candidate.email == EMAIL


async def test_a_link_works_after_a_restart_but_only_once(office: Office) -> None:
    async with office.gateway() as accounts:
        address = office.google.do.approve((await accounts.start()).url)
    async with office.gateway() as accounts:
        await accounts.finish(address)
        assert await refused(accounts, address) == "G-213"
    async with office.gateway() as accounts:
        assert await refused(accounts, address) == "G-213"
    assert office.exchanges() == 1


async def test_the_same_address_pasted_twice_at_once_is_exchanged_once(office: Office) -> None:
    async with office.gateway() as accounts:
        address = office.google.do.approve((await accounts.start()).url)
        results = await asyncio.gather(*(accounts.finish(address) for _ in range(5)), return_exceptions=True)
    assert sum(isinstance(result, Candidate) for result in results) == 1
    assert {result.code for result in results if isinstance(result, SignInError)} == {"G-213"}
    assert office.exchanges() == 1


async def test_what_can_be_refused_is_refused_before_google_hears_of_it(office: Office) -> None:
    async with office.gateway() as accounts:
        code = f"4/0A{'x' * 60}"
        assert await refused(accounts, code) == "G-215"
        address = office.google.do.approve((await accounts.start()).url)
        assert await refused(accounts, address.replace("state=", "state=x")) == "G-207"
        assert await refused(accounts, f"{address}&iss=https://evil.example") == "G-207"
        assert await refused(accounts, "") == "G-201"
        assert await refused(accounts, f"{address}\n{address.replace('=4/0A', '=4/0AA')}") == "G-208"
        assert office.exchanges() == 0
        assert (await accounts.finish(address)).email == EMAIL, "none of it spent the link"
        assert await refused(accounts, code) == "G-213"


@pytest.mark.parametrize("bare", [False, True])
@pytest.mark.parametrize("late_ms", [LIFE_MS, LIFE_MS + 1, -LIFE_MS - 1000])
async def test_a_link_that_is_too_old(office: Office, late_ms: int, bare: bool) -> None:
    async with office.gateway() as accounts:
        link = await accounts.start()
        assert 0 < link.expires_at_ms - office.clock.now_ms() <= LIFE_MS
        address = office.google.do.approve(link.url)
        pasted = parse_qs(urlsplit(address).query)["code"][0] if bare else address
        office.clock.ahead_ms += late_ms
        assert await refused(accounts, pasted) == "G-214"
        await accounts.load()  # wipes what the link had sealed; the answer stays the same
        assert await refused(accounts, pasted) == "G-214"
    assert office.exchanges() == 0


async def test_a_code_of_somebody_elses_link_is_not_taken(office: Office) -> None:
    """The attacker's address has a foreign state; his bare code meets our verifier, and Google refuses it."""
    async with office.gateway() as accounts:
        link = await accounts.start()
        query = urlsplit(link.url).query
        state = parse_qs(query)["state"][0]
        theirs = link.url.replace(state, "attackers-state").replace(
            parse_qs(query)["code_challenge"][0], "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        )
        assert await refused(accounts, office.google.do.approve(theirs)) == "G-207"
        code = parse_qs(urlsplit(office.google.do.approve(theirs)).query)["code"][0]
        assert await refused(accounts, code) == "G-401"
        without_pkce = link.url.replace("&code_challenge_method=S256", "").partition("&code_challenge=")
        bare = without_pkce[0] + "&" + without_pkce[2].partition("&")[2]
        link = await accounts.start()
        code = parse_qs(urlsplit(office.google.do.approve(bare)).query)["code"][0]
        assert await refused(accounts, code) == "G-401"
        assert accounts.status() is None


@pytest.mark.parametrize(
    ("outcome", "code"),
    [("deny", "G-301"), ("server_error", "G-312"), ("untick_calendar", "G-403"), ("no_refresh_token", "G-404")],
)
async def test_a_consent_that_is_not_enough_stores_nothing(office: Office, outcome: str, code: str) -> None:
    async with office.gateway() as accounts:
        link = await accounts.start()
        office.google.do.set_consent(outcome)
        assert await refused(accounts, office.google.do.approve(link.url)) == code
        await accounts.load()
        assert accounts.status() is None
    assert office.exchanges() == (1 if outcome == "no_refresh_token" else 0)


async def test_the_token_answer_decides_about_scopes_when_the_address_says_nothing(office: Office) -> None:
    async with office.gateway() as accounts:
        link = await accounts.start()
        office.google.do.set_consent("untick_calendar")
        address = office.google.do.approve(link.url)
        assert await refused(accounts, address.partition("&scope=")[0]) == "G-403"
    assert office.exchanges() == 1


async def test_an_unticked_box_and_limited_time_are_told(office: Office) -> None:
    async with office.gateway() as accounts:
        link = await accounts.start()
        candidate = await accounts.finish(office.google.do.approve(link.url, untick=[FREE_BUSY]))
        assert [note.code for note in candidate.notes] == ["G-416"]
        link = await accounts.start()
        office.google.do.set_consent("time_limited")
        candidate = await accounts.finish(office.google.do.approve(link.url))
        assert [note.code for note in candidate.notes] == ["G-411"]
        await accounts.store(candidate, replace=False)
        status = accounts.status()
        assert status is not None
        assert status.access_ends_at_ms is not None
        assert 3_500_000 < status.access_ends_at_ms - office.clock.now_ms() <= 3_600_000


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"client_id": None}, "G-101"),
        ({"client_secret": None}, "G-104"),
        ({"client_id": SECRET, "client_secret": Secret("x.apps.googleusercontent.com")}, "G-102"),
        ({"client_secret": Secret("••••••••")}, "G-105"),
    ],
)
async def test_a_client_that_is_not_set_up(office: Office, changes: dict[str, object], code: str) -> None:
    async with office.gateway(**changes) as accounts:
        with pytest.raises(SignInError) as caught:
            await accounts.start()
    assert caught.value.code == code
    assert caught.value.field.startswith("client_")
    assert SECRET not in str(caught.value)


async def test_a_wrong_secret_and_a_deleted_client_are_named(office: Office) -> None:
    async with office.gateway(client_secret=Secret("GOCSPX-wrong")) as accounts:
        assert await refused(accounts, office.google.do.approve((await accounts.start()).url)) == "G-405"
    async with office.gateway() as accounts:
        address = office.google.do.approve((await accounts.start()).url)
        office.google.do.set_client(deleted=True)
        assert await refused(accounts, address) == "G-307"


async def test_only_the_expected_account_is_taken(office: Office) -> None:
    office.google.do.add_account(OTHER)
    async with office.gateway(expected_account=EMAIL.upper()) as accounts:
        with pytest.raises(SignInError) as caught:
            await signed_in(office, accounts, OTHER)
        assert caught.value.code == "G-417"
        assert OTHER in str(caught.value)
        assert accounts.status() is None
        assert (await signed_in(office, accounts)).email == EMAIL


async def test_another_account_needs_a_second_word(office: Office) -> None:
    office.google.do.add_account(OTHER)
    async with office.gateway() as accounts:
        await connect(office, accounts)
        before = accounts.current()
        candidate = await signed_in(office, accounts, OTHER)
        assert (candidate.email, candidate.replaces) == (OTHER, EMAIL)
        with pytest.raises(SignInError) as caught:
            await accounts.store(candidate, replace=False)
        assert caught.value.code == "G-409"
        assert accounts.current() is before
        await accounts.store(candidate, replace=True)
        status, after = accounts.status(), accounts.current()
        assert status is not None
        assert after is not None
        assert before is not None
        assert status.email == OTHER
        assert after.account_id != before.account_id
        back = await signed_in(office, accounts)
        assert back.replaces == OTHER
        await accounts.store(back, replace=True)
        again = accounts.current()
        assert again is not None
        assert again.account_id == before.account_id


async def test_a_revoked_authorization_is_lost_and_returns(office: Office, caplog: pytest.LogCaptureFixture) -> None:
    async with office.gateway() as accounts:
        await connect(office, accounts)
        target = accounts.current()
        assert target is not None
        office.google.do.revoke()
        outcome = await write_event(accounts)
        assert (outcome.verdict, outcome.code) == (Verdict.AUTHORIZATION, "G-502")
        await accounts.lost(target, outcome)
        await accounts.lost(target, outcome)
        assert accounts.current() is None
        assert [record.message for record in caplog.records if record.name.startswith("gateway")] == [
            "the account needs an admin: G-502"
        ]
    async with office.gateway() as accounts:
        assert accounts.current() is None
        status = accounts.status()
        assert status is not None
        assert (status.state, status.code) == (AccountState.AUTHORIZATION_LOST, "G-502")
        assert status.text
        await connect(office, accounts)
        assert (await write_event(accounts)).verdict is Verdict.DONE
        again = accounts.current()
        assert again is not None
        assert again.account_id == target.account_id


@pytest.mark.parametrize(("days", "code"), [(3.0, "G-503"), (7.0, "G-501"), (9.0, "G-503")])
async def test_seven_days_tell_that_the_app_is_in_testing(office: Office, days: float, code: str) -> None:
    async with office.gateway() as accounts:
        await connect(office, accounts)
        target = accounts.current()
        assert target is not None
        office.clock.ahead_ms += int(days * DAY_MS)
        said = Outcome(verdict=Verdict.AUTHORIZATION, code="G-503", text="No longer.", whole_account=True)
        await accounts.lost(target, said)
        status = accounts.status()
        assert status is not None
        assert status.code == code


async def test_limited_time_that_is_over_is_told_as_such(office: Office) -> None:
    async with office.gateway() as accounts:
        link = await accounts.start()
        office.google.do.set_consent("time_limited")
        await accounts.store(await accounts.finish(office.google.do.approve(link.url)), replace=False)
        target = accounts.current()
        assert target is not None
        office.clock.ahead_ms += 2 * 3_600_000
        office.google.do.set_clock(advance_s=7200)
        outcome = await write_event(accounts)
        assert outcome.verdict is Verdict.AUTHORIZATION
        await accounts.lost(target, outcome)
        status = accounts.status()
        assert status is not None
        assert status.code == "G-514"


async def test_a_mended_configuration_counts_as_soon_as_a_call_succeeds(office: Office) -> None:
    async with office.gateway() as accounts:
        await connect(office, accounts)
        target = accounts.current()
        assert target is not None
        office.google.do.set_behaviour(api_enabled=False)
        outcome = await write_event(accounts)
        assert (outcome.verdict, outcome.code) == (Verdict.CONFIGURATION, "G-512")
        await accounts.lost(target, outcome)
        assert accounts.current() is None
        await accounts.load()
        status = accounts.status()
        assert status is not None
        assert status.state is AccountState.CONFIGURATION
        assert (await write_event(accounts)).verdict is Verdict.CONFIGURATION
        office.google.do.set_behaviour(api_enabled=True)
        assert (await write_event(accounts)).verdict is Verdict.DONE
        status = accounts.status()
        assert status is not None
        assert (status.state, status.code) == (AccountState.CONNECTED, "")
    async with office.gateway() as accounts:
        status = accounts.status()
        assert status is not None
        assert status.state is AccountState.CONNECTED


async def test_a_new_secret_in_the_settings_is_used_for_an_old_sign_in(office: Office) -> None:
    async with office.gateway() as accounts:
        await connect(office, accounts)
    office.google.do.set_client(secret="GOCSPX-second")
    office.google.do.expire_access_tokens()
    async with office.gateway() as accounts:
        assert (await write_event(accounts)).code == "G-504"
    async with office.gateway(client_secret=Secret("GOCSPX-second")) as accounts:
        assert (await write_event(accounts)).verdict is Verdict.DONE


async def test_what_is_lost_of_an_older_sign_in_does_not_hurt_a_newer_one(office: Office) -> None:
    said = Outcome(verdict=Verdict.AUTHORIZATION, code="G-503", text="No longer.", whole_account=True)
    async with office.gateway() as server:
        await connect(office, server)
        target = server.current()
        assert target is not None
        async with office.gateway() as command:  # another process: `google login` beside the running gateway
            await connect(office, command)
        await server.lost(target, said)
        status = server.status()
        assert status is not None
        assert status.state is AccountState.CONNECTED
        assert (await write_event(server)).verdict is Verdict.DONE


async def test_another_process_signs_in_and_out(office: Office) -> None:
    async with office.gateway() as server:
        async with office.gateway() as command:
            await connect(office, command)
        assert server.current() is None
        await server.load()
        first = server.current()
        assert first is not None
        await server.load()
        assert server.current() is first, "nothing changed, so nothing is made anew"
        async with office.gateway() as command:
            await command.forget()
        await server.load()
        assert server.current() is None
        assert server.status() is None


@pytest.mark.parametrize("revoke", [False, True])
async def test_signing_out(office: Office, revoke: bool) -> None:
    async with office.gateway() as accounts:
        await connect(office, accounts)
        assert await accounts.forget(revoke=revoke) is (True if revoke else None)
        assert accounts.current() is None
        assert accounts.status() is None
        assert await accounts.forget(revoke=revoke) is None
    assert any(token.revoked for token in office.google.state.refresh_tokens.values()) is revoke
    async with office.gateway() as accounts:
        assert accounts.status() is None


async def test_signing_out_is_done_here_even_if_google_cannot_be_reached(office: Office) -> None:
    async with office.gateway() as accounts:
        await connect(office, accounts)
        await office.google.stop()
        assert await accounts.forget(revoke=True) is False
        assert accounts.status() is None


async def test_another_key_file_means_sign_in_again_not_a_crash(office: Office) -> None:
    async with office.gateway() as accounts:
        await connect(office, accounts)
    key = office.folder / KEY_NAME
    kept = key.read_bytes()
    key.unlink()
    async with office.gateway() as accounts:
        assert accounts.current() is None
        status = accounts.status()
        assert status is not None
        assert (status.state, status.code) == (AccountState.AUTHORIZATION_LOST, "G-419")
    key.write_bytes(kept)
    async with office.gateway() as accounts:
        assert (await write_event(accounts)).verdict is Verdict.DONE


async def test_a_refresh_token_goes_to_nobody_but_who_gave_it(office: Office) -> None:
    async with office.gateway() as accounts:
        await connect(office, accounts)
    elsewhere = replace(office.section.endpoints, token="https://oauth2.googleapis.com/token")
    async with office.gateway(endpoints=elsewhere) as accounts:
        assert accounts.current() is None
        status = accounts.status()
        assert status is not None
        assert status.code == "G-418"


async def test_an_authorization_that_cannot_be_stored_is_told(office: Office) -> None:
    async with office.gateway() as accounts:
        candidate = await signed_in(office, accounts)
    with pytest.raises(SignInError) as caught:  # the database of that gateway is closed
        await accounts.store(candidate, replace=False)
    assert caught.value.code == "G-413"
    assert isinstance(caught.value.__cause__, StoreUnavailable)


async def test_no_secret_on_disk_in_a_log_or_in_a_repr(office: Office, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with office.gateway() as accounts:
        link = await accounts.start()
        state = parse_qs(urlsplit(link.url).query)["state"][0]
        address = office.google.do.approve(link.url)
        code = parse_qs(urlsplit(address).query)["code"][0]
        candidate = await accounts.finish(address)
        await accounts.store(candidate, replace=False)
        office.google.do.expire_access_tokens()
        await write_event(accounts)
        office.google.do.revoke()
        outcome = await write_event(accounts)
        target = accounts.current()
        assert target is not None
        await accounts.lost(target, outcome)
        shown = f"{candidate!r} {link!r} {accounts.status()!r} {outcome!r} {vars(accounts)!r}"
    google = office.google.state
    secrets = [SECRET, state, code, *google.access_tokens, *google.refresh_tokens]
    assert len(secrets) >= 6
    on_disk = b"".join(path.read_bytes() for path in office.folder.iterdir() if path.name != KEY_NAME)
    for secret in secrets:
        assert secret.encode() not in on_disk
        assert secret not in caplog.text
        assert secret not in shown
    assert EMAIL not in caplog.text
    assert json.dumps(candidate.scopes)
