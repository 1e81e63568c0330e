"""From an appliance that announces itself to the list an admin reads; who cannot be reached is not announced."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import time

import pytest
from zeroconf import IPVersion, ServiceInfo
from zeroconf.asyncio import AsyncZeroconf

from gateway.devices.keeper import Keeper
from gateway.devices.neighbours import Neighbours
from gateway.discovery.found import Found
from gateway.discovery.network import Discovery
from gateway.store.database import Database
from tests.journey.command_desk import CommandDesk
from tests.journey.gateway_process import GatewayProcess, until
from tests.unit.discovery.test_network import LOOPBACK, needs_multicast


@pytest.fixture
def desk(gateway: GatewayProcess) -> CommandDesk:
    return CommandDesk(gateway)


@needs_multicast
async def test_an_appliance_on_the_network_is_listed(gateway: GatewayProcess, desk: CommandDesk) -> None:
    assert await desk("device", "list", "--found") == ("", "Nothing announced itself on the network.\n")
    name = f"gds_{secrets.token_hex(6)}"
    database = Database(gateway.database)
    await database.open()
    found = Found(lambda: time.time_ns() // 1_000_000)
    keeper = Keeper(database, Neighbours(found))
    task = asyncio.create_task(Discovery(announcement=None, found=found, addresses=lambda: [LOOPBACK]).run())
    network = AsyncZeroconf(interfaces=[LOOPBACK], ip_version=IPVersion.V4Only)
    service = ServiceInfo(
        "_https._tcp.local.",
        f"{name}._https._tcp.local.",
        port=443,
        properties={"product": "GDS3710", "hostname": "door", "mac": "C0:74:AD:12:34:56"},
        server=f"{name}.local.",
        parsed_addresses=[LOOPBACK],
    )
    await (await network.async_register_service(service))
    await until(lambda: name in [each.name for each in found.everything()], "never heard")
    await keeper.write()
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    await network.async_close()
    await database.close()
    out, _ = await desk("device", "list", "--found", "--json")
    [said] = [each for each in map(json.loads, out.splitlines()) if each["name"] == name]
    assert (said["product"], said["address"], said["port"]) == ("GDS3710", LOOPBACK, 443)
    out, _ = await desk("device", "list", "--found")
    assert f"{name}  {LOOPBACK}:443  GDS3710  door  C0:74:AD:12:34:56  heard " in out


async def test_a_gateway_that_listens_for_itself_only_is_not_announced(gateway: GatewayProcess) -> None:
    await gateway.start()
    line = "discovery waits for an IPv4 address that others can reach"
    await until(lambda: line in gateway.log, "nothing said")
    assert await gateway.stop() == 0
    assert gateway.log.count("discovery ") == 1
