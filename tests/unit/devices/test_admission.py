"""New devices let in for ten minutes: only near ones of a known type, only so many, and it ends by itself."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest

from gateway.devices import admission
from gateway.devices.admission import Admission, is_near
from gateway.devices.device import key_hash
from gateway.devices.pending import KeptCall, Pending
from gateway.devices.register import Register
from gateway.devices.roster import Roster
from gateway.devices.visitors import Visitors
from gateway.domain.actor import Actor
from gateway.domain.secret import Secret
from gateway.store import audit
from gateway.store import pending as table
from gateway.store.database import Database
from gateway.store.vault import Vault
from tests.unit.devices.office import CATALOG, StandingClock, roster, section

ANNA = Actor(name="admin:anna", source="192.0.2.1")
FORM = json.dumps({"bookid": "1", "confname": "Weekly", "starttime": "2026-11-23 10:00:00", "endtime": "x"}).encode()
KEY = Secret("the-key-that-is-in-the-device")
UNKNOWN = b'{"a": 1}'


class Entrance:
    """An admission over one database, and the door in front of it."""

    def __init__(self, database: Database, vault: Vault, clock: StandingClock) -> None:
        self.clock = clock
        self.office: Roster = roster(database, vault, clock)
        self.pending = Pending(clock.now_ms, lambda: iter(CATALOG))
        self.visitors = Visitors(Register(), _NoCalls(), self.pending)  # type: ignore[arg-type]
        self.added = 0
        self.admission = self.visitors.admission = Admission(
            pending=self.pending,
            clock=clock,
            roster=lambda _actor: self.office,
            calls_itself=lambda profile: profile != "jitsi/reservation",
            near=lambda address: is_near(address, behind_proxy=False),
            added=self.after,
        )
        self.database = database

    async def after(self) -> None:
        self.added += 1
        await self.pending.reload(self.database, {each.row.name for each in await self.office.everything()})

    def comes(self, name: str, address: str = "192.168.1.9", body: bytes = FORM, key: Secret | None = KEY) -> None:
        call = KeptCall(method="POST", path="", content_type="application/json", body=body, at_ms=self.clock.now_ms())
        self.visitors.turned_away(name, address, lambda: call, lambda: key)

    async def names(self) -> list[str]:
        """Who is a device once the admission has looked at everybody."""
        await self.admission.looked()
        return [each.row.name for each in await self.office.everything()]


class _NoCalls:
    def refused(self, *_said: object) -> None:
        raise AssertionError("nobody here is a device of the register")


@pytest.fixture
async def entrance(database: Database, vault: Vault, clock: StandingClock) -> AsyncIterator[Entrance]:
    made = Entrance(database, vault, clock)
    yield made
    await made.admission.stop()


async def test_while_it_is_shut_everybody_waits(entrance: Entrance) -> None:
    entrance.comes("ucm-1")
    assert await entrance.names() == []
    assert [each.name for each in entrance.pending.callers()] == ["ucm-1"]
    assert entrance.admission.left_s == 0


async def test_a_near_device_of_a_known_type_is_let_in_with_the_key_it_has(
    entrance: Entrance, database: Database
) -> None:
    entrance.comes("early")
    await entrance.admission.open(ANNA)
    entrance.comes("ucm-1")
    assert await entrance.names() == ["ucm-1"]
    known = await entrance.office.one("ucm-1")
    assert known.row.profile == "grandstream/ucm6200"
    assert known.row.key_hash == key_hash(KEY)
    assert [each.name for each in entrance.pending.callers()] == ["early"], "nobody knows yet which key it has"
    entrance.comes("early", key=None)
    assert await entrance.names() == ["early", "ucm-1"]
    assert entrance.pending.callers() == []
    assert entrance.admission.names == ("ucm-1", "early")
    lines = [(action, object_, detail) for _, _, action, object_, detail in await database.read(audit.everything)]
    assert lines == [
        ("device.new_ones_allowed", "devices", ""),
        ("device.added", "device:ucm-1", "grandstream/ucm6200, let in from 192.168.1.9"),
        ("device.added", "device:early", "grandstream/ucm6200, let in from 192.168.1.9"),
    ]
    early = await entrance.office.one("early")
    assert early.row.key_hash, "it showed none that could be kept, so it has one that somebody has to fetch"
    assert early.row.key_hash != key_hash(KEY)


@pytest.mark.parametrize(
    ("address", "body"),
    [("203.0.113.9", FORM), ("2001:db8::1", FORM), ("not an address", FORM), ("192.168.1.9", UNKNOWN)],
)
async def test_who_is_far_or_of_no_known_type_waits_as_usual(entrance: Entrance, address: str, body: bytes) -> None:
    await entrance.admission.open(ANNA)
    entrance.comes("ucm-1", address, body)
    assert await entrance.names() == []
    assert [each.name for each in entrance.pending.callers()] == ["ucm-1"]


async def test_where_two_machines_use_one_name_somebody_is_asked(entrance: Entrance) -> None:
    await entrance.admission.open(ANNA)
    entrance.comes("ucm-1", "192.168.1.9")
    entrance.comes("ucm-1", "192.168.1.66")
    assert await entrance.names() == []


async def test_a_key_that_is_too_short_is_replaced(entrance: Entrance) -> None:
    await entrance.admission.open(ANNA)
    entrance.comes("ucm-1", key=Secret("1234"))
    assert await entrance.names() == ["ucm-1"]
    assert (await entrance.office.one("ucm-1")).row.key_hash != key_hash(Secret("1234"))


async def test_it_ends_by_itself(entrance: Entrance, clock: StandingClock) -> None:
    await entrance.admission.open(ANNA)
    clock.ms += int(admission.OPEN_S * 1000) - 1
    entrance.comes("just-in-time")
    assert await entrance.names() == ["just-in-time"]
    clock.ms += 1
    assert not entrance.admission.is_open
    entrance.comes("too-late")
    assert await entrance.names() == ["just-in-time"]


async def test_it_is_ended_by_hand_and_begun_again(entrance: Entrance) -> None:
    await entrance.admission.open(ANNA)
    await entrance.admission.close(ANNA)
    entrance.comes("ucm-1")
    assert await entrance.names() == []
    await entrance.admission.open(ANNA)
    entrance.comes("ucm-1")
    assert await entrance.names() == ["ucm-1"]


async def test_only_so_many_are_let_in(entrance: Entrance) -> None:
    await entrance.admission.open(ANNA)
    for number in range(admission.MOST_ADDED + 5):
        entrance.comes(f"ucm-{number}", f"192.168.{number}.9")
        await entrance.admission.looked()
    assert len(await entrance.names()) == admission.MOST_ADDED
    assert not entrance.admission.is_open


async def test_a_name_that_cannot_be_a_device_is_passed_over(
    entrance: Entrance, database: Database, vault: Vault, clock: StandingClock
) -> None:
    entrance.office = roster(database, vault, clock, section("fixed"))
    await entrance.admission.open(ANNA)
    entrance.comes("fixed")
    entrance.comes("ucm-1")
    await entrance.admission.looked()
    assert entrance.admission.names == ("ucm-1",)


@pytest.mark.parametrize(
    ("address", "near"),
    [
        ("10.1.2.3", True),
        ("172.31.0.1", True),
        ("172.32.0.1", False),
        ("169.254.1.1", True),
        ("fe80::1%eth0", True),
        ("fd00::1", True),
        ("::ffff:192.168.1.1", True),
        ("::ffff:8.8.8.8", False),
        ("100.64.0.1", False),
        ("", False),
    ],
)
def test_what_is_near(address: str, near: bool) -> None:
    assert is_near(address, behind_proxy=False) is near


def test_this_machine_is_near_unless_a_proxy_may_stand_there() -> None:
    assert is_near("127.0.0.1", behind_proxy=False)
    assert not is_near("127.0.0.1", behind_proxy=True)
    assert not is_near("::1", behind_proxy=True)


async def test_a_dismissed_caller_is_forgotten_until_it_calls_again(entrance: Entrance, database: Database) -> None:
    from gateway.devices.keeper import Keeper

    keeper = Keeper(database, entrance.pending)
    entrance.comes("ucm-1")
    entrance.comes("ucm-2")
    await keeper.write()
    await entrance.office.dismiss("ucm-1")
    await entrance.pending.reload(database, ())
    assert [each.name for each in entrance.pending.callers()] == ["ucm-2"]
    await keeper.write()
    assert [each.name for each in await database.read(table.pending)] == ["ucm-2"]
    entrance.comes("ucm-1")
    assert {each.name for each in entrance.pending.callers()} == {"ucm-1", "ucm-2"}
