"""Settings of an added device that are changed later: what is not named stays, and what cannot be so is refused."""

from __future__ import annotations

import pytest

from gateway.config import JoinSection, PollSection, Secret
from gateway.devices.changing import changed
from gateway.devices.device import accepts
from gateway.devices.register import Register
from gateway.domain.device import ConflictRule, Transparency, Visibility, Wins
from gateway.domain.meeting import Invitations
from gateway.errors import ConfigError, Conflict, ProfileError
from gateway.store import audit
from gateway.store.database import Database
from gateway.store.vault import Vault
from tests.unit.devices.office import StandingClock, raw_files, register_of, roster, section

PASSWORD, OTHER = Secret("api-password-canary"), Secret("other-password-canary")
POLL = PollSection(address="192.0.2.21", user="cdrapi", password=PASSWORD, port=8089, fingerprint="ab" * 32)


async def reloaded(register: Register) -> Register:
    await register.reload()
    return register


async def test_what_is_named_changes_and_everything_else_stays(
    database: Database, vault: Vault, clock: StandingClock
) -> None:
    desk = roster(database, vault, clock)
    own = {"name": "HQ", "time_zone": "Europe/Berlin", "join": JoinSection(sip_uri="sip:{room}@pbx"), "show_pins": True}
    key = await desk.add(section("hq", key=None, **own))
    register = await register_of(database, vault, clock)
    words = {
        "calendar": "rooms@example.com",
        "account": "rooms@example.com",
        "invitations": "google",
        "wins": "ask",
        "conflict": "refuse",
        "meet": True,
        "transparency": "transparent",
        "visibility": "private",
        "room_address": "room@resource.calendar.google.com",
        "join": {"dial_in": "+49 89 1234"},
    }
    assert await desk.change("hq", words, ["time_zone"]) is None
    device = (await reloaded(register)).find("hq")
    assert device is not None
    policy = device.policy
    assert (policy.name, device.time_zone, policy.show_pins) == ("HQ", None, True)
    assert (policy.account, policy.calendar_id, policy.invitations) == (words["account"], words["calendar"], "google")
    assert (policy.wins, policy.conflict, policy.meet) == (Wins.ASK, ConflictRule.REFUSE, True)
    assert (policy.transparency, policy.visibility) == (Transparency.TRANSPARENT, Visibility.PRIVATE)
    assert policy.room_address == words["room_address"]
    assert (policy.join.sip_uri, policy.join.dial_in) == ("sip:{room}@pbx", "+49 89 1234")
    assert key is not None
    assert accepts(device, key.reveal().encode()), "the key is still good"
    assert await desk.change("hq", {"show_pins": False}, [*words, "join.sip_uri"]) is None
    policy = (await reloaded(register)).policy(device.row.id)
    assert (policy.wins, policy.invitations, policy.show_pins) == (Wins.DEVICE, Invitations.DEVICE, False)
    assert (policy.join.sip_uri, policy.calendar_id) == (None, "primary")
    lines = [detail for _, _, action, _, detail in await database.read(audit.everything) if action == "device.changed"]
    assert len(lines) == 2
    assert "wins" in lines[0]
    assert "rooms@example.com" not in lines[0], "which settings, not what they say"


async def test_a_device_that_is_asked_keeps_its_password_and_its_certificate(
    database: Database, vault: Vault, clock: StandingClock
) -> None:
    desk = roster(database, vault, clock)
    await desk.add(section("hq", "grandstream/ucm6300", key=None, poll=POLL))
    register = await register_of(database, vault, clock)
    await desk.change("hq", {"poll": {"every_s": 300}, "name": "HQ"})
    device = (await reloaded(register)).find("hq")
    assert device is not None
    assert device.poll is not None
    assert (device.poll.every_s, device.poll.port, device.poll.fingerprint) == (300, 8089, "ab" * 32)
    assert device.poll.password == PASSWORD
    await desk.change("hq", {"poll": {"password": OTHER, "address": "192.0.2.22"}})
    device = (await reloaded(register)).find("hq")
    assert device is not None
    assert device.poll is not None
    assert (device.poll.address, device.poll.password) == ("192.0.2.22", OTHER)

    key = await desk.change("hq", {}, ["poll"])
    assert key is not None, "it calls from now on"
    device = (await reloaded(register)).find("hq")
    assert device is not None
    assert device.poll is None
    assert accepts(device, key.reveal().encode())
    stored = raw_files(database.path.parent)
    for secret in (PASSWORD, OTHER, key):
        assert secret.reveal().encode() not in stored
    with pytest.raises(ConfigError, match=r"poll\.password"):
        await desk.change("hq", {"poll": {"address": "192.0.2.22", "user": "cdrapi"}})
    with pytest.raises(ConfigError, match="calls by itself"):
        await desk.change("hq", {"poll": {"every_s": 60}})


async def test_another_profile(database: Database, vault: Vault, clock: StandingClock) -> None:
    desk = roster(database, vault, clock)
    key = await desk.add(section("hq", key=None))
    assert key is not None
    register = await register_of(database, vault, clock)
    assert await desk.change("hq", {}, profile="jitsi/reservation") is None
    device = (await reloaded(register)).find("hq")
    assert device is not None
    assert device.profile.id == "jitsi/reservation"
    assert accepts(device, key.reveal().encode())
    with pytest.raises(ProfileError, match="no profile"):
        await desk.change("hq", {}, profile="grandstream/ucm")
    with pytest.raises(ConfigError, match="key is needed again"):
        await desk.change("hq", {}, profile="grandstream/ucm6300")  # it signs in with what it computes of its key
    new = Secret("a-new-key-of-more-than-16-signs")
    assert await desk.change("hq", {"key": new}, profile="grandstream/ucm6300") is None
    device = (await reloaded(register)).find("hq")
    assert device is not None
    assert device.secret == new
    assert accepts(device, new.reveal().encode())
    assert not accepts(device, key.reveal().encode())


async def test_what_is_not_to_be_changed_here(database: Database, vault: Vault, clock: StandingClock) -> None:
    desk = roster(database, vault, clock, section("ucm-1"))
    await register_of(database, vault, clock, section("ucm-1"))
    with pytest.raises(Conflict, match=r"ucm-1 is set by config\.yaml:7\. Change it there"):
        await desk.change("ucm-1", {"name": "x"})
    await desk.add(section("hq", key=None))
    with pytest.raises(ConfigError) as refused:
        await desk.change("hq", {"time_zone": "Berlin", "wins": "me", "poll": {"address": "a b", "user": "u"}})
    assert [line.split()[0] for line in refused.value.problems] == ["poll.address", "time_zone", "wins"]
    assert (await desk.one("hq")).section == section("hq", key=None), "nothing was changed"


def test_nothing_named_changes_nothing() -> None:
    every = section(
        "hq",
        key=None,
        name="HQ",
        model="UCM6304",
        time_zone="Europe/Berlin",
        wins=Wins.CALENDAR,
        meet=True,
        join=JoinSection(web_link="https://example.com/{room}"),
        poll=POLL,
    )
    assert changed(every, {}, []) == every
