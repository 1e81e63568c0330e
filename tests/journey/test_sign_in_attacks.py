"""Codes that do not belong here: of other sessions, of attackers, of links that are over; refused, and on record."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest

from gateway.accounts.accounts import Accounts
from gateway.accounts.attempt import LIFE_MS, LONG_LIFE_MS, Attempt
from gateway.domain.actor import Actor
from gateway.domain.outcome import Verdict
from gateway.errors import SignInError
from gateway.store.database import Database
from tests.journey.google_office import EMAIL, OTHER, SECRET, Desk, Office, connect, refused, signed_in, write_event

ANN, BOB = ("session:aa", "user:1"), ("session:bb", "user:2")
ADMIN = Actor(name="admin:ann", source="192.0.2.7")
CODE = f"4/0A{'x' * 60}"


def code_of(address: str) -> str:
    return parse_qs(urlsplit(address).query)["code"][0]


def attackers(url: str) -> str:
    """The same link with a state and a challenge that only the attacker knows the secrets of."""
    query = parse_qs(urlsplit(url).query)
    return url.replace(query["state"][0], "attackers-state").replace(
        query["code_challenge"][0], "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    )


def without_pkce(url: str) -> str:
    before, _, rest = url.partition("&code_challenge=")
    return f"{before}&{rest.partition('&')[2]}".replace("&code_challenge_method=S256", "")


def stored(office: Office) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(office.folder / "gateway.db")) as conn:
        return conn.execute("SELECT * FROM account ORDER BY id").fetchall()


def refusals(lines: list[tuple[str, str, str]]) -> list[tuple[str, str]]:
    return [(actor, object_) for actor, action, object_ in lines if action == "google.code-refused"]


def test_no_two_links_are_alike() -> None:
    made = [Attempt.fresh(redirect_uri="http://127.0.0.1/", client_id="c", scopes=("openid",)) for _ in range(10_000)]
    assert len({attempt.state for attempt in made}) == len({attempt.verifier for attempt in made}) == 10_000
    assert all(len(attempt.state) == 43 and 43 <= len(attempt.verifier) <= 128 for attempt in made)
    assert made[0].state not in repr(made[0])
    assert made[0].verifier not in repr(made[0])
    assert Attempt.from_json(made[0].to_json()) == made[0]


async def test_a_link_belongs_to_the_session_that_asked_for_it(office: Office) -> None:
    async with office.desk() as desk:
        accounts = desk.accounts
        anns = office.google.do.approve((await accounts.start(ANN[0])).url)
        await accounts.start(BOB[0])
        foreign = anns.replace("state=", "state=x")
        said = [await refused_text(accounts, pasted, BOB) for pasted in (anns, foreign)]
        assert said[0] == said[1], "a link of another session looks like one that was never ours"
        assert said[0][0] == "G-207"
        assert await refused(accounts, anns, origins=("command line",)) == "G-207"
        assert await refused(accounts, code_of(anns), origins=("session:cc",)) == "G-215", "nothing was started there"
        assert office.exchanges() == 0
        assert (await accounts.finish(anns, ANN, ADMIN)).email == EMAIL, "none of it spent the link"
        assert refusals(await desk.audit()) == [("command line", code) for code in ("G-207", "G-207", "G-207", "G-215")]


async def refused_text(accounts: Accounts, pasted: str, origins: tuple[str, ...]) -> tuple[str, str]:
    with pytest.raises(SignInError) as caught:
        await accounts.finish(pasted, origins)
    return caught.value.code, str(caught.value)


async def test_a_bare_code_goes_with_the_newest_link_of_its_own_session(office: Office) -> None:
    async with office.gateway() as accounts:
        first = office.google.do.approve((await accounts.start(ANN[0])).url)
        second = office.google.do.approve((await accounts.start(ANN[0])).url)
        await accounts.start(BOB[0])
        assert (await accounts.finish(code_of(second), ANN)).email == EMAIL
        assert await refused(accounts, code_of(second), origins=ANN) == "G-213", "again, though a link is left"
        assert (await accounts.finish(code_of(first), ANN)).email == EMAIL


async def test_after_signing_out_nothing_of_the_session_counts(office: Office) -> None:
    async with office.gateway() as accounts:
        own = office.google.do.approve((await accounts.start(ANN[0])).url)
        long = office.google.do.approve((await accounts.start(ANN[1], long=True)).url)
        accounts.hold(ANN[0], await signed_in(office, accounts))
        await accounts.forget_origin(ANN[0])
        assert accounts.held(ANN[0]) is None
        assert await accounts.pending((ANN[0],)) is None
        assert await refused(accounts, own, origins=("session:new", ANN[1])) == "G-207"
        assert await refused(accounts, own, origins=ANN) == "G-214"
        assert (await accounts.finish(long, ("session:new", ANN[1]))).email == EMAIL, "the 24-hour link is the user's"


@pytest.mark.parametrize(("long", "life_ms"), [(False, LIFE_MS), (True, LONG_LIFE_MS)])
async def test_a_link_lives_as_long_as_was_said(office: Office, long: bool, life_ms: int) -> None:
    async with office.gateway() as accounts:
        link = await accounts.start(ANN[1], long=long)
        assert link.expires_at_ms - link.started_at_ms == life_ms
        address = office.google.do.approve(link.url)
        office.clock.ahead_ms += life_ms - 2000
        await accounts.clean()
        again = await accounts.pending(ANN)
        assert again is not None
        assert (again.url, again.started_at_ms, again.expires_at_ms) == (
            link.url,
            link.started_at_ms,
            link.expires_at_ms,
        )
        office.clock.ahead_ms += 2001
        assert await accounts.pending(ANN) is None
        assert await refused(accounts, address, origins=ANN) == "G-214"
    assert office.exchanges() == 0


async def test_the_pending_link_is_shown_to_its_session_only_and_not_once_it_is_spent(office: Office) -> None:
    async with office.gateway() as accounts:
        assert await accounts.pending(ANN) is None
        link = await accounts.start(ANN[0])
        for other in (BOB, ("command line",), ()):
            assert await accounts.pending(other) is None
    async with office.gateway() as accounts:
        again = await accounts.pending(ANN)
        assert again is not None
        assert again.url == link.url
        assert link.url not in repr(again)
        await accounts.finish(office.google.do.approve(link.url), ANN)
        assert await accounts.pending(ANN) is None


async def test_a_link_of_another_client_is_worthless(office: Office) -> None:
    async with office.gateway() as accounts:
        address = office.google.do.approve((await accounts.start()).url)
    async with office.gateway(client_id="2-other.apps.googleusercontent.com") as accounts:
        assert await accounts.pending() is None
        assert await refused(accounts, address) == "G-207"
    assert office.exchanges() == 0


async def test_attack_a_the_admin_is_sent_the_attackers_address(office: Office) -> None:
    """Else the office's meetings would land in the attacker's calendar."""
    office.google.do.add_account(OTHER)
    async with office.desk() as desk:
        accounts = desk.accounts
        await connect(office, accounts)
        before = stored(office)
        address = office.google.do.approve(attackers((await accounts.start(ANN[0])).url), OTHER)
        sent = office.exchanges()
        assert await refused(accounts, address, origins=ANN, by=ADMIN) == "G-207"
        assert office.exchanges() == sent, "Google never hears of it"
        bare = code_of(address)
        assert await refused(accounts, bare, origins=ANN, by=ADMIN) == "G-401", "our verifier does not fit"
        assert stored(office) == before
        assert (await write_event(accounts)).verdict is Verdict.DONE
        assert refusals(await desk.audit()) == [("admin:ann", "G-207"), ("admin:ann", "G-401")]
        await assert_nothing_pasted_is_on_record(desk.database, address, bare)


async def test_attack_b_a_code_that_was_asked_for_without_pkce(office: Office) -> None:
    """The downgrade: a code without a challenge must not be taken with our verifier."""
    office.google.do.add_account(OTHER)
    async with office.desk() as desk:
        accounts = desk.accounts
        await connect(office, accounts)
        before = stored(office)
        link = await accounts.start(ANN[0])
        address = office.google.do.approve(without_pkce(link.url), OTHER)
        assert await refused(accounts, code_of(address), origins=ANN, by=ADMIN) == "G-401"
        assert stored(office) == before
        assert refusals(await desk.audit()) == [("admin:ann", "G-401")]


async def test_attack_c_somebody_gets_hold_of_what_the_admin_pasted(office: Office) -> None:
    """The code is worth nothing in another session, nor without the verifier, which never leaves the gateway."""
    async with office.desk() as desk:
        accounts = desk.accounts
        address = office.google.do.approve((await accounts.start(ANN[0])).url)
        assert await refused(accounts, address, origins=BOB, by=Actor(name="admin:bob")) == "G-207"
        assert await refused(accounts, code_of(address), origins=BOB, by=Actor(name="admin:bob")) == "G-215"
        form = {
            "grant_type": "authorization_code",
            "code": code_of(address),
            "client_id": office.section.client_id or "",
            "client_secret": SECRET,
            "redirect_uri": desk.apps.current().redirect_uri,
        }
        async with aiohttp.ClientSession() as session:
            for verifier in ({}, {"code_verifier": "v" * 64}):
                async with session.post(office.section.endpoints.token, data={**form, **verifier}) as got:
                    assert (got.status, (await got.json())["error"]) == (400, "invalid_grant")
        office.google.state.requests.clear()  # those were not the gateway's
        assert refusals(await desk.audit()) == [("admin:bob", "G-207"), ("admin:bob", "G-215")]
        assert accounts.status() is None


async def test_attack_d_a_bare_code_without_a_link_of_ones_own(office: Office) -> None:
    async with office.desk() as desk:
        for pasted in (CODE, f"code={CODE}", f"http://127.0.0.1:8765/oauth/google/callback?code={CODE}"):
            assert await refused(desk.accounts, pasted, origins=ANN, by=ADMIN) == "G-215"
        assert office.exchanges() == 0
        assert [object_ for _, object_ in refusals(await desk.audit())] == ["G-215"] * 3


async def assert_nothing_pasted_is_on_record(database: Database, *pasted: str) -> None:
    rows = await database.read(lambda conn: conn.execute("SELECT * FROM audit").fetchall())
    told = repr(rows)
    for text in pasted:
        assert text not in told
        assert text[:30] not in told


@pytest.mark.parametrize(
    ("pasted", "code"),
    [
        ("", "G-201"),
        ("http://127.0.0.1:8765/oauth/google/callback?state=x", "G-202"),
        ("GOCSPX-f-HNne3jXnz8ZP_TsdNFbtX", "G-205"),
        ("ya29.a0AfB_byC-d3f", "G-206"),
        ("hello", "G-211"),
        ("http://127.0.0.1:8765/oauth/google/callback?error=access_denied", "G-301"),
        (f"http://127.0.0.1:8765/oauth/google/callback?code={CODE}&scope=openid", "G-403"),
        (f"http://127.0.0.1:8765/oauth/google/callback?code={CODE}&iss=https://evil.example", "G-207"),
    ],
)
async def test_every_refusal_is_on_record_without_what_was_pasted(office: Office, pasted: str, code: str) -> None:
    async with office.desk() as desk:
        at_first_sight = desk.accounts.recognise(pasted)
        assert at_first_sight is not None
        assert at_first_sight.code == code
        assert await desk.audit() == [], "to recognise leaves no trace"
        assert await refused(desk.accounts, pasted, origins=ANN, by=ADMIN) == code
        rows = await desk.database.read(
            lambda conn: conn.execute("SELECT actor, source, action, object, detail FROM audit").fetchall()
        )
        assert rows == [("admin:ann", "192.0.2.7", "google.code-refused", code, "")]
    assert office.exchanges() == 0


async def test_what_looks_like_a_code_is_recognised_and_nothing_more(office: Office) -> None:
    async with office.gateway() as accounts:
        address = office.google.do.approve((await accounts.start()).url)
        for _ in range(3):
            assert accounts.recognise(address) is None
            assert accounts.recognise(CODE) is None
        assert office.exchanges() == 0
        assert (await accounts.finish(address)).email == EMAIL


async def test_a_candidate_waits_for_a_word_and_changes_nothing_until_then(office: Office) -> None:
    office.google.do.add_account(OTHER)
    async with office.desk() as desk:
        accounts = desk.accounts
        await connect(office, accounts)
        before, calls = stored(office), len(office.google.state.requests)
        candidate = await signed_in(office, accounts, OTHER)
        accounts.hold(ANN[0], candidate)
        assert accounts.held(ANN[0]) is candidate
        assert accounts.held(BOB[0]) is None
        assert stored(office) == before
        assert {r.operation for r in office.google.state.requests[calls:]} <= {"authorize", "token", "approve"}
        await accounts.cancel(ANN[0], ADMIN)
        assert accounts.held(ANN[0]) is None
        accounts.hold(ANN[0], candidate)
        office.clock.ahead_ms += 600_001
        assert accounts.held(ANN[0]) is None, "10 minutes are over"
        accounts.hold(ANN[0], candidate)
        accounts.drop(ANN[0])
        assert accounts.held(ANN[0]) is None
        accounts.hold(ANN[0], candidate)
        await accounts.store(candidate, replace=True, by=ADMIN)
        assert accounts.held(ANN[0]) is None, "it is stored, so it waits no longer"
        told = [line for line in await desk.audit() if line[1] not in ("google.link-made", "google.code-accepted")]
        assert told == [
            ("command line", "google.connected", EMAIL),
            ("admin:ann", "google.cancelled", OTHER),
            ("admin:ann", "google.replaced", OTHER),
        ]


async def test_a_candidate_does_not_survive_a_restart_or_a_disconnect(office: Office) -> None:
    async with office.desk() as desk:
        accounts = desk.accounts
        await connect(office, accounts)
        accounts.hold(ANN[0], await signed_in(office, accounts))
        link = await accounts.start(ANN[0])
        await accounts.forget(by=ADMIN)
        assert accounts.held(ANN[0]) is None
        assert await accounts.pending(ANN) is None
        assert await refused(accounts, office.google.do.approve(link.url), origins=ANN) == "G-214"
        assert ("admin:ann", "google.disconnected", EMAIL) in await desk.audit()
        accounts.hold(ANN[0], await signed_in(office, accounts))
    async with office.gateway() as accounts:
        assert accounts.held(ANN[0]) is None


@pytest.mark.parametrize("reachable", [True, False])
async def test_revoking_is_on_record_with_what_google_said(office: Office, reachable: bool) -> None:
    async with office.desk() as desk:
        await connect(office, desk.accounts)
        if not reachable:
            await office.google.stop()
        assert await desk.accounts.forget(revoke=True, by=ADMIN) is reachable
        rows = await desk.database.read(
            lambda conn: conn.execute("SELECT action, object, detail, source FROM audit ORDER BY id DESC").fetchmany(2)
        )
        said = "confirmed" if reachable else "not confirmed"
        assert rows == [
            ("google.revoked", EMAIL, said, ADMIN.source),
            ("google.disconnected", EMAIL, "", ADMIN.source),
        ]


async def test_a_verdict_on_an_old_authorization_does_not_hit_the_new_one(office: Office) -> None:
    """A call is under way while somebody signs in again as the same account; its bad end is not about the new one."""
    async with office.desk() as desk:
        await connect(office, desk.accounts)
        old = desk.accounts.current()
        assert old is not None
        office.google.do.expire_access_tokens()
        office.google.do.fault({"delay_s": 0.3}, match={"operation": "token"}, times=1)
        office.clock.ahead_ms += 3_600_000
        call = asyncio.create_task(write_event(desk.accounts))
        await asyncio.sleep(0)
        office.google.do.revoke()
        await connect(office, desk.accounts)
        outcome = await call
        new = desk.accounts.current()
        assert new is not None
        assert new.account_id == old.account_id
        await desk.accounts.lost(old, outcome)
        status = desk.accounts.status()
        assert status is not None
        assert status.state == "connected"
        assert desk.accounts.current() is new
        await desk.accounts.lost(new, outcome)
        assert desk.accounts.current() is None, "of its own it is told"


async def test_the_restart_of_the_gateway_is_not_needed_for_a_purge(office: Office) -> None:
    """`keep_clean` wipes in time, and writes not a byte while there is nothing to wipe."""
    async with office.desk() as desk:
        cleaning = asyncio.create_task(desk.accounts.keep_clean(every_s=0.01))
        link = await desk.accounts.start(ANN[0])
        await desk.accounts.start(ANN[1], long=True)
        assert await sealed_links(desk) == 2
        office.clock.ahead_ms += LIFE_MS
        async with asyncio.timeout(60):
            while await sealed_links(desk) != 1:
                await asyncio.sleep(0.01)
        assert await refused(desk.accounts, office.google.do.approve(link.url), origins=ANN) == "G-214"
        async with asyncio.timeout(60):
            while not await looks_cost_nothing(desk):
                pass
        assert not cleaning.done()
        cleaning.cancel()


async def test_a_crash_does_not_keep_a_link_alive(office: Office) -> None:
    async with office.desk() as desk:
        await desk.accounts.start(ANN[0])
    office.clock.ahead_ms += LIFE_MS
    async with office.desk() as desk:
        assert await sealed_links(desk) == 0


async def sealed_links(desk: Desk) -> int:
    query = "SELECT count(*) FROM sign_in WHERE length(sealed) > 0"
    return int(await desk.database.read(lambda conn: conn.execute(query).fetchone()[0]))


async def looks_cost_nothing(desk: Desk) -> bool:
    """Whether the log is empty and thirty looks wrote nothing; what the wiping before still writes may take a while."""
    before = (desk.database.writes, size_of(desk))
    await asyncio.sleep(0.3)
    return before == (desk.database.writes, size_of(desk)) and not before[1]["gateway.db-wal"][0]


def size_of(desk: Desk) -> dict[str, tuple[int, int]]:
    found = {path.name: path.stat() for path in desk.database.path.parent.glob("gateway.db*")}
    return {name: (stat.st_size, stat.st_mtime_ns) for name, stat in found.items() if not name.endswith("-shm")}
