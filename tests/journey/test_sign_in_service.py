"""A service account that acts for a person: its key, its tokens, what is refused, and that the key leaks nowhere."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from gateway.accounts.life import Kind
from gateway.accounts.service_sign_in import key_from
from gateway.domain.outcome import Verdict
from gateway.errors import SignInError
from gateway.google.scopes import Feature, asked_for, calendar_only
from gateway.store.accounts import AccountState
from gateway.store.vault import KEY_NAME
from tests.journey.google_office import CONTENT, EMAIL, OTHER, REF, Office, connect

SCOPES = calendar_only(asked_for())
DAY_MS = 24 * 3600 * 1000


def key_file(office: Office, *, delegated: tuple[str, ...] = SCOPES) -> Path:
    content = office.google.do.create_service_account()
    office.google.do.delegate(content["client_email"], delegated)
    path = office.folder.parent / "key.json"
    path.write_text(json.dumps(content))
    return path


async def sign_in(office: Office, accounts: Any, user: str = EMAIL, **key: Any) -> Path:
    path = key_file(office, **key)
    await accounts.store(await accounts.service_account(key_from(path), user), replace=False)
    return path


async def test_it_writes_as_the_person(office: Office) -> None:
    async with office.desk() as desk:
        await sign_in(office, desk.accounts)
        target = desk.accounts.current()
        assert target is not None
        assert (target.email, target.read_only) == (EMAIL, False)
        assert (await target.target.insert(REF, CONTENT)).verdict is Verdict.DONE
        status = desk.accounts.status()
        assert status is not None
        assert (status.kind, status.end, status.state) == (Kind.SERVICE, None, AccountState.CONNECTED)
        office.clock.ahead_ms += 400 * DAY_MS
        assert desk.accounts.status() is not None
        assert [each.code for each in desk.accounts.warnings()] == [], "no 7 days and no 6 months"
    async with office.desk() as desk:
        target = desk.accounts.current()
        assert target is not None
        office.google.do.expire_access_tokens()
        assert (await target.target.look(REF)).verdict is Verdict.DONE, "the sealed key is enough after a restart"
    asked = [r.operation for r in office.google.state.requests]
    assert asked.count("token") == 2


async def test_the_private_key_is_nowhere_in_clear(office: Office, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with office.desk() as desk:
        path = await sign_in(office, desk.accounts)
        target = desk.accounts.current()
        assert target is not None
        await target.target.look(REF)
        key = key_from(path)
        line = key.private_key.splitlines()[3]
        on_disk = b"".join(each.read_bytes() for each in office.folder.iterdir() if each.name != KEY_NAME)
        assert line.encode() not in on_disk
        shown = repr([*desk.accounts.statuses(), *desk.accounts.usable(), key, await desk.audit()]) + caplog.text
        assert line not in shown
        await desk.accounts.forget()
        assert desk.accounts.usable() == ()


@pytest.mark.parametrize(
    ("break_it", "user", "code"),
    [
        (lambda do, email: do.delegate(email, SCOPES[:1]), EMAIL, "G-531"),
        (lambda do, email: do.delegate(email, ()), EMAIL, "G-531"),
        (lambda do, email: do.set_service_account(email, deleted=True), EMAIL, "G-532"),
        (lambda do, email: do.set_service_account(email, without_keys=True), EMAIL, "G-532"),
        (lambda do, email: None, "nobody@mycompanyabc.com", "G-533"),
        (lambda do, email: None, "no address", "G-533"),
        (lambda do, email: do.fault({"status": 503}, match={"operation": "token"}), EMAIL, "G-506"),
        (lambda do, email: do.fault({"body": "<html>Hi</html>"}, match={"operation": "token"}), EMAIL, "G-412"),
    ],
)
async def test_what_is_refused_is_stored_nowhere(office: Office, break_it: Any, user: str, code: str) -> None:
    path = key_file(office)
    key = key_from(path)
    break_it(office.google.do, key.client_email)
    async with office.desk() as desk:
        with pytest.raises(SignInError) as caught:
            await desk.accounts.service_account(key, user)
        assert caught.value.code == code
        if code == "G-531":
            assert key.client_id in str(caught.value)
            assert all(scope in str(caught.value) for scope in SCOPES)
        assert desk.accounts.statuses() == ()


async def test_a_delegation_that_ends_is_for_the_admin_to_mend(office: Office) -> None:
    async with office.desk() as desk:
        path = await sign_in(office, desk.accounts)
        key, target = key_from(path), desk.accounts.current()
        assert target is not None
        office.google.do.delegate(key.client_email, ())
        office.google.do.expire_access_tokens()
        outcome = await target.target.look(REF)
        assert (outcome.verdict, outcome.code) == (Verdict.CONFIGURATION, "G-531")
        await desk.accounts.lost(target, outcome)
        assert desk.accounts.usable() == ()
        office.google.do.delegate(key.client_email, SCOPES)
        assert (await desk.accounts.check()).problem is None
        assert len(desk.accounts.usable()) == 1


async def test_a_clock_that_is_wrong_is_not_held_against_it(office: Office) -> None:
    async with office.desk() as desk:
        await sign_in(office, desk.accounts)
        target = desk.accounts.current()
        assert target is not None
        office.google.do.expire_access_tokens()
        office.google.do.set_clock(advance_s=7200)
        outcome = await target.target.look(REF)
        assert (outcome.verdict, outcome.code) == (Verdict.LATER, "N-05")


async def test_it_is_used_beside_a_person_and_not_in_its_place(office: Office) -> None:
    async with office.desk() as desk:
        office.google.do.add_account("rooms@mycompanyabc.com")
        await connect(office, desk.accounts)
        path = key_file(office)
        candidate = await desk.accounts.service_account(key_from(path), "rooms@mycompanyabc.com")
        with pytest.raises(SignInError) as caught:
            await desk.accounts.store(candidate, replace=False)
        assert caught.value.code == "G-409"
        await desk.accounts.store(candidate, replace=False, add=True)
        assert [(each.email, each.main) for each in desk.accounts.statuses()] == [
            (EMAIL, True),
            ("rooms@mycompanyabc.com", False),
        ]


async def test_the_service_account_of_the_settings(office: Office) -> None:
    path = key_file(office)
    settings = {"service_account_file": path, "service_account_user": EMAIL}
    async with office.desk(**settings) as desk:
        target = desk.accounts.current()
        assert target is not None, "the first account is the main one"
        assert (await target.target.insert(REF, CONTENT)).verdict is Verdict.DONE
        await desk.accounts.load()
        assert desk.accounts.current() == target, "nothing changed, nothing is stored again"
    old = key_from(path)
    path = key_file(office)
    assert key_from(path) != old
    async with office.desk(**settings) as desk:
        again = desk.accounts.current()
        assert again is not None
        assert (again.account_id, again.authorized_at > target.authorized_at) == (target.account_id, True)
        path.unlink()
        await desk.accounts.load()
        assert [each.code for each in desk.accounts.warnings()] == ["G-530"]
        assert desk.accounts.current() == again, "what was kept of it is good all the same"
    async with office.desk(expected_account=OTHER, **settings) as desk:
        assert desk.accounts.usable() == ()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[1]",
        b'{"installed": {}}',
        b'{"type": "service_account"}',
        b"\xff\xfe{",
        b"x" * 70_000,
        json.dumps(
            {
                "type": "service_account",
                "client_email": "a@b",
                "client_id": "1",
                "private_key_id": "k",
                "private_key": "not a key but a SECRET",
            }
        ).encode(),
        json.dumps(
            {"type": "service_account", "client_email": ["a"], "client_id": 1, "private_key_id": "k", "private_key": {}}
        ).encode(),
    ],
)
def test_a_file_that_is_no_key(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "key.json"
    path.write_bytes(content)
    with pytest.raises(SignInError) as caught:
        key_from(path)
    assert caught.value.code == "G-530"
    assert "SECRET" not in str(caught.value)
    with pytest.raises(SignInError):
        key_from(tmp_path / "nowhere.json")


async def test_a_key_that_looks_like_one_and_is_none(office: Office) -> None:
    path = key_file(office)
    content = json.loads(path.read_text())
    body = content["private_key"].splitlines()
    content["private_key"] = "\n".join([body[0], *reversed(body[1:-1]), body[-1], ""])
    path.write_text(json.dumps(content))
    async with office.desk() as desk:
        with pytest.raises(SignInError) as caught:
            await desk.accounts.service_account(key_from(path), EMAIL)
        assert caught.value.code == "G-530"
        assert body[3] not in repr(caught.value)


def test_what_an_administrator_has_to_authorise() -> None:
    assert calendar_only(asked_for([Feature.CREATE])) == (
        "https://www.googleapis.com/auth/calendar.events.owned",
        "https://www.googleapis.com/auth/calendar.events.freebusy",
        "https://www.googleapis.com/auth/calendar.calendarlist.readonly",
        "https://www.googleapis.com/auth/calendar.app.created",
    )
