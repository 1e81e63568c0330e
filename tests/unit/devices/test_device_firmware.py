"""Which firmware devices have: heard in passing or told when asked, written once, judged by their profiles."""

from __future__ import annotations

from gateway.devices.calls import Calls
from gateway.devices.firmware import Firmware
from gateway.devices.keeper import Keeper
from gateway.store import devices
from gateway.store.database import Database
from gateway.store.vault import Vault
from tests.unit.devices.office import StandingClock, register_of, section

OLD, NEW = "Grandstream UCM6304 1.0.19.8", "Grandstream UCM6304 1.0.27.15"


async def test_firmware_is_heard_in_passing_and_written_when_it_changed(
    database: Database, vault: Vault, clock: StandingClock
) -> None:
    register = await register_of(database, vault, clock, section("hq", "grandstream/ucm6300"))
    agents = {"hq": "curl/8.5.0"}
    firmware = Firmware(register.served, lambda name: agents[name])
    calls = Calls(clock.now_ms, firmware.called)
    keeper = Keeper(database, calls, firmware)
    device = register.served()[0]

    async def heard(agent: str) -> str:
        agents["hq"] = agent
        clock.ms += 60_000
        calls.accepted(device)
        await keeper.write()
        row = await database.read(lambda conn: devices.find(conn, "hq"))
        assert row is not None
        return row.firmware

    assert await heard("curl/8.5.0") == ""
    assert await heard(OLD) == "1.0.19.8"
    [old] = firmware.outdated().values()
    assert (old.name, old.profile, old.firmware, old.wanted) == ("hq", "grandstream/ucm6300", "1.0.19.8", ">=1.0.25.7")
    assert await heard("curl/8.5.0") == "1.0.19.8", "somebody else's program says nothing about the device"
    calls.accepted(device)
    assert firmware.take() is None, "what did not change is not written again"
    assert await heard(NEW) == "1.0.27.15"
    assert firmware.outdated() == {}


async def test_what_is_stored_is_judged_after_a_start_and_what_failed_is_written_again(
    database: Database, vault: Vault, clock: StandingClock
) -> None:
    hq = section("hq", "grandstream/ucm6300")
    register = await register_of(database, vault, clock, hq)
    firmware = Firmware(register.served, lambda _name: "")
    device = register.served()[0]
    woken: list[bool] = []
    firmware.follow(lambda: woken.append(True))
    firmware.told(device.row.id, "1.0.19.8")
    firmware.told(device.row.id, "1.0.19.8")
    firmware.told(device.row.id, "no version at all")
    firmware.told(4711, "1.0.1.1")
    assert woken == [True]
    assert firmware.take() is not None
    firmware.settle(written=False)
    work = firmware.take()
    assert work is not None
    await database.write(work)
    firmware.settle(written=True)
    assert firmware.take() is None
    register = await register_of(database, vault, clock, hq)
    again = Firmware(register.served, lambda _name: "")
    again.judge_again()
    assert again.outdated()["hq"].firmware == "1.0.19.8"
