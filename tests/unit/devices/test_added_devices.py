"""Devices that a command added: what opens the door, for how long, and what a running register learns of it."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.config import JoinSection, PollSection, Secret
from gateway.devices.device import accepts
from gateway.devices.register import Register
from gateway.domain.meeting import Invitations, Join
from gateway.errors import ConfigError, Conflict, NotFound, ProfileError
from gateway.store import audit, devices
from gateway.store.database import Database
from gateway.store.vault import Vault
from tests.unit.devices.office import HOUR_MS, KEY, StandingClock, raw_files, register_of, roster, section

PASSWORD = Secret("api-password-canary")


def opens(register: Register, name: str, key: Secret | None) -> bool:
    assert key is not None
    return accepts(register.find(name), key.reveal().encode())


async def added(database: Database, vault: Vault, clock: StandingClock, name: str = "hq", **own: object) -> Secret:
    key = await roster(database, vault, clock).add(section(name, key=None, **own))
    assert key is not None
    return key


async def test_an_added_device_is_served_with_all_that_was_chosen(
    database: Database, vault: Vault, clock: StandingClock
) -> None:
    register = await register_of(database, vault, clock)
    key = await added(
        database,
        vault,
        clock,
        name="hq",
        profile="grandstream/ucm6300",
        model="UCM6304",
        time_zone="Europe/Berlin",
        calendar="rooms@example.com",
        invitations=Invitations.GOOGLE,
        join=JoinSection(sip_uri="sip:{room}@pbx"),
        show_pins=True,
    )
    assert register.find("hq") is None
    await register.reload()
    device = register.find("hq")
    assert device is not None
    assert (device.profile.id, device.model, device.time_zone) == ("grandstream/ucm6300", "UCM6304", "Europe/Berlin")
    policy = device.policy
    assert (policy.name, policy.calendar_id, policy.invitations) == ("hq", "rooms@example.com", Invitations.GOOGLE)
    assert (policy.join, policy.show_pins) == (Join(sip_uri="sip:{room}@pbx"), True)
    assert opens(register, "hq", key)
    assert device.accepts(key.reveal().encode())
    assert not opens(register, "hq", KEY)
    assert [each.row.name for each in register.served()] == ["hq"]


async def test_a_key_is_held_in_clear_only_where_something_is_computed_from_it(
    database: Database, vault: Vault, clock: StandingClock, tmp_path: Path
) -> None:
    register = await register_of(database, vault, clock, section("fixed", "grandstream/ucm6300"), section("plain"))
    keys = [
        await added(database, vault, clock, name="hq", profile="grandstream/ucm6300"),
        await added(database, vault, clock, name="script"),
    ]
    await register.reload()
    held = {device.row.name: device.secret for device in register.served()}
    assert held == {"fixed": KEY, "plain": None, "hq": keys[0], "script": None}
    await database.close()
    for key in (*keys, KEY):
        assert key.reveal().encode() not in raw_files(tmp_path)


async def test_a_new_key_leaves_the_old_one_a_day(database: Database, vault: Vault, clock: StandingClock) -> None:
    office = roster(database, vault, clock)
    first = await added(database, vault, clock, profile="grandstream/ucm6300")
    register = await register_of(database, vault, clock)
    second = await office.rotate_key("hq")
    await register.reload()
    device = register.find("hq")
    assert device is not None
    assert (device.secret, device.old_secret) == (second, first)
    assert (opens(register, "hq", first), opens(register, "hq", second)) == (True, True)
    clock.ms += 24 * HOUR_MS - 1
    assert opens(register, "hq", first)
    clock.ms += 1
    assert not opens(register, "hq", first), "also without a reload"
    ended = register.find("hq")
    assert ended is not None
    assert ended.old_secret is None
    assert opens(register, "hq", second)
    third, fourth = await office.rotate_key("hq"), await office.rotate_key("hq")
    await register.reload()
    assert [opens(register, "hq", key) for key in (second, third, fourth)] == [False, True, True]
    fifth = await office.rotate_key("hq", at_once=True)
    await register.reload()
    assert [opens(register, "hq", key) for key in (third, fourth, fifth)] == [False, False, True]


async def test_a_removed_device_opens_nothing_and_leaves_nothing_secret(
    database: Database, vault: Vault, clock: StandingClock
) -> None:
    office = roster(database, vault, clock)
    poll = PollSection(address="ucm.lan", user="cdrapi", password=PASSWORD)
    await office.add(section("hq", "grandstream/ucm6300", key=KEY, poll=poll, name="UCM of HQ"))
    register = await register_of(database, vault, clock)
    assert opens(register, "hq", KEY)
    row_id = register.served()[0].row.id
    await office.remove("hq")
    await register.reload()
    assert register.find("hq") is None
    assert not opens(register, "hq", KEY)
    assert register.policy(row_id).name == "UCM of HQ", "its meetings are still in the calendar"
    [row] = await database.read(devices.everything)
    assert (row.key_hash, row.key_sealed, row.password_sealed, row.active) == (b"", None, None, False)
    again = await added(database, vault, clock)
    await register.reload()
    back = register.find("hq")
    assert back is not None
    assert back.row.id == row_id, "its meetings are its own again"
    assert opens(register, "hq", again)


async def test_a_device_that_is_asked_has_a_sealed_password_and_no_key(
    database: Database, vault: Vault, clock: StandingClock, tmp_path: Path
) -> None:
    office = roster(database, vault, clock)
    register = await register_of(database, vault, clock)
    poll = PollSection(address="ucm.lan", user="cdrapi", password=PASSWORD, every_s=30)
    assert await office.add(section("hq", "grandstream/ucm6300", key=None, poll=poll)) is None
    await register.reload()
    device = register.find("hq")
    assert device is not None
    assert device.poll is not None
    assert (device.poll.address, device.poll.port, device.poll.user) == ("ucm.lan", 8089, "cdrapi")
    assert (device.poll.password, device.poll.every_s, device.poll.fingerprint) == (PASSWORD, 30, None)
    for nothing in (b"", b"\0", b"no device has this key"):
        assert not device.accepts(nothing)
    await office.trust("hq", "ab" * 32)
    await register.reload()
    trusting = register.find("hq")
    assert trusting is not None
    assert trusting.poll is not None
    assert (trusting.poll.fingerprint, trusting.poll.password) == ("ab" * 32, PASSWORD)
    with pytest.raises(Conflict, match="has no key"):
        await office.rotate_key("hq")
    with pytest.raises(ConfigError, match=r"the profile generic/json says nothing about how"):
        await office.add(section("json", key=None, poll=poll))
    assert PASSWORD.reveal() not in repr(device)
    await database.close()
    assert PASSWORD.reveal().encode() not in raw_files(tmp_path)


async def test_a_pause_is_seen_by_a_running_register(database: Database, vault: Vault, clock: StandingClock) -> None:
    office = roster(database, vault, clock, section("fixed"))
    register = await register_of(database, vault, clock, section("fixed"))
    told: list[int] = []
    register.follow(lambda: told.append(len(register)))
    await office.pause("fixed", paused=True)
    await register.reload()
    device = register.find("fixed")
    assert device is not None
    assert device.paused
    await register_of(database, vault, clock, section("fixed"))  # a restart
    await register.reload()
    await office.pause("fixed", paused=False)
    await register.reload()
    assert [each.paused for each in register.served()] == [False]
    register.set_defaults("rooms@example.com", Invitations.OFF)
    assert told == [1, 1, 1, 1]
    assert {each.policy.calendar_id for each in register.served()} == {"rooms@example.com"}
    await register.reload()
    assert {each.policy.calendar_id for each in register.served()} == {"rooms@example.com"}, "kept by a reload"


async def test_what_the_configuration_sets_is_changed_there(
    database: Database, vault: Vault, clock: StandingClock
) -> None:
    office = roster(database, vault, clock, section("fixed"))
    with pytest.raises(NotFound, match="no gateway has served it yet"):
        await office.one("fixed")
    await register_of(database, vault, clock, section("fixed"))
    where = r"^fixed is set by config.yaml:7\. Change it there and restart the gateway\.$"
    for change in (office.rotate_key("fixed"), office.remove("fixed"), office.trust("fixed", "ab" * 32)):
        with pytest.raises(Conflict, match=where):
            await change
    with pytest.raises(Conflict, match=where):
        await office.add(section("fixed"))
    [known] = await office.everything()
    assert (known.locked_by, known.title) == ("config.yaml:7", "fixed")


async def test_the_configuration_wins_over_an_added_device_of_its_name(
    database: Database, vault: Vault, clock: StandingClock
) -> None:
    key = await added(database, vault, clock, name="hq", profile="grandstream/ucm6300")
    register = await register_of(database, vault, clock, section("hq"))
    assert (opens(register, "hq", key), opens(register, "hq", KEY)) == (False, True)
    [row] = await database.read(devices.everything)
    assert (row.origin, row.key_sealed) == (devices.Origin.CONFIGURATION, None)
    register = await register_of(database, vault, clock)
    assert register.find("hq") is None, "gone from the configuration, it does not fall back"


async def test_devices_of_the_configuration_do_not_touch_added_ones(
    database: Database, vault: Vault, clock: StandingClock
) -> None:
    key = await added(database, vault, clock)
    register = await register_of(database, vault, clock, section("fixed"))
    assert opens(register, "hq", key)
    assert len(register) == 2


async def test_a_device_that_cannot_be_used_is_left_out_and_told(
    database: Database, vault: Vault, clock: StandingClock, caplog: pytest.LogCaptureFixture
) -> None:
    await added(database, vault, clock, name="good")
    for name in ("no-profile", "broken", "other-key"):
        await added(database, vault, clock, name=name, profile="grandstream/ucm6300")

    def spoil(conn: sqlite3.Connection) -> None:
        conn.execute("UPDATE device SET profile = 'gone/away' WHERE name = 'no-profile'")
        conn.execute("UPDATE device SET settings = '{\"colour\":1}' WHERE name = 'broken'")
        conn.execute("UPDATE device SET key_sealed = X'00' WHERE name = 'other-key'")

    await database.write(spoil)
    with caplog.at_level(logging.WARNING):
        register = await register_of(database, vault, clock)
    assert [device.row.name for device in register.served()] == ["good"]
    left_out = {record.device: record.reason for record in caplog.records}  # type: ignore[attr-defined]
    assert left_out.keys() == {"no-profile", "broken", "other-key"}
    assert "there is no profile 'gone/away'" in left_out["no-profile"]
    states = {each.row.name: each.section is not None for each in await roster(database, vault, clock).everything()}
    assert states == {"good": True, "no-profile": True, "broken": False, "other-key": True}
    with pytest.raises(ProfileError):
        await register_of(database, vault, clock, section("fixed", "gone/away"))


async def test_who_does_what_with_whom_is_refused_in_words(
    database: Database, vault: Vault, clock: StandingClock
) -> None:
    office = roster(database, vault, clock)
    await added(database, vault, clock)
    with pytest.raises(Conflict, match="There is a device hq already"):
        await added(database, vault, clock)
    with pytest.raises(NotFound, match=r"There is no device hqq\. Did you mean hq\?"):
        await office.pause("hqq", paused=True)
    with pytest.raises(Conflict, match="calls the gateway"):
        await office.trust("hq", "ab" * 32)
    with pytest.raises(Conflict, match="device pause hq"):
        await office.ignore("hq", ignored=True)
    with pytest.raises(ProfileError, match="did you mean 'generic/json'"):
        await added(database, vault, clock, name="x", profile="generic/jsn")


async def test_what_was_done_is_in_the_audit_log_without_keys(
    database: Database, vault: Vault, clock: StandingClock
) -> None:
    office = roster(database, vault, clock)
    key = await added(database, vault, clock)
    new = await office.rotate_key("hq")
    await office.pause("hq", paused=True)
    await office.remove("hq")
    lines = await database.read(audit.everything)
    assert [(actor, action, about) for _, actor, action, about, _ in lines] == [
        ("command line", action, "device:hq")
        for action in ("device.added", "device.new_key", "device.paused", "device.removed")
    ]
    for secret in (key, new):
        assert secret.reveal() not in str(lines)


async def test_a_reload_during_calls_never_shows_half_of_a_register(
    database: Database, vault: Vault, clock: StandingClock
) -> None:
    key = await added(database, vault, clock)
    register = await register_of(database, vault, clock)
    for _ in range(20):
        reload = asyncio.create_task(register.reload())
        while not reload.done():
            assert opens(register, "hq", key)
            await asyncio.sleep(0)
        await reload


@given(st.binary(max_size=80))
def test_no_bytes_open_a_device_that_is_not_there(key: bytes) -> None:
    assert not accepts(None, key)
