"""Real multicast DNS on this machine's loopback: heard, found, said goodbye to; and networks that let nobody in."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from zeroconf import IPVersion, ServiceInfo
from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf

from gateway.discovery.announcement import OWN, WEB, Announcement
from gateway.discovery.found import MOST_FOUND, Found
from gateway.discovery.network import Discovery

LOOPBACK = "127.0.0.1"
DEADLINE_S = 60.0


def multicast_works() -> bool:
    """Whether this machine lets a datagram to the group of mDNS out on its loopback."""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(LOOPBACK))
            member = socket.inet_aton("224.0.0.251") + socket.inet_aton(LOOPBACK)
            probe.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
            probe.sendto(b"", ("224.0.0.251", 9))
    except OSError:
        return False
    return True


needs_multicast = pytest.mark.skipif(not multicast_works(), reason="no multicast on the loopback of this machine")


@asynccontextmanager
async def running(discovery: Discovery) -> AsyncIterator[None]:
    task = asyncio.create_task(discovery.run())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


@asynccontextmanager
async def neighbour() -> AsyncIterator[AsyncZeroconf]:
    """Another machine on the network."""
    network = AsyncZeroconf(interfaces=[LOOPBACK], ip_version=IPVersion.V4Only)
    try:
        yield network
    finally:
        await network.async_close()


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not condition():
            await asyncio.sleep(0.01)


def heard() -> Found:
    return Found(lambda: time.time_ns() // 1_000_000)


@needs_multicast
async def test_the_gateway_is_found_under_its_name() -> None:
    name = f"Office {secrets.token_hex(4)}"
    announcement = Announcement(name=name, http_port=8765, https_port=8766)
    async with (
        neighbour() as network,
        running(Discovery(announcement=announcement, found=None, addresses=lambda: [LOOPBACK])),
    ):
        for kind in (WEB, OWN):
            service = AsyncServiceInfo(kind, f"{name}.{kind}")
            async with asyncio.timeout(DEADLINE_S):
                while not await service.async_request(network.zeroconf, 500):
                    pass
            assert (service.port, service.parsed_addresses()) == (8765, [LOOPBACK])
            assert service.properties == {b"path": b"/", b"https": b"8766", b"name": name.encode()}


@needs_multicast
async def test_an_appliance_is_heard_and_forgotten_and_never_called() -> None:
    found = heard()
    name = f"gds_{secrets.token_hex(6)}"
    with socket.socket() as door:  # where the appliance would be called
        door.bind((LOOPBACK, 0))
        door.listen()
        door.setblocking(False)
        service = ServiceInfo(
            "_https._tcp.local.",
            f"{name}._https._tcp.local.",
            port=door.getsockname()[1],
            properties={"product": "GDS3710", "mac": "C0:74:AD:12:34:56"},
            server=f"{name}.local.",
            parsed_addresses=[LOOPBACK],
        )
        async with running(Discovery(announcement=None, found=found, addresses=lambda: [LOOPBACK])):
            async with neighbour() as network:
                await (await network.async_register_service(service))
                await until(lambda: name in [each.name for each in found.everything()])
                [said] = [each for each in found.everything() if each.name == name]
                assert (said.product, said.mac, said.address) == ("GDS3710", "C0:74:AD:12:34:56", LOOPBACK)
            await until(lambda: name not in [each.name for each in found.everything()])
        with pytest.raises(BlockingIOError):
            door.accept()


@needs_multicast
async def test_a_flood_of_announcements_is_bounded_and_the_rest_goes_on() -> None:
    found = heard()
    mark = secrets.token_hex(4)
    discovery = Discovery(announcement=None, found=found, addresses=lambda: [LOOPBACK])
    async with running(discovery), neighbour() as network:
        for number in range(1_000):
            flooded = ServiceInfo(
                "_https._tcp.local.",
                f"fake-{mark}-{number}._https._tcp.local.",
                port=1,
                properties={"product": "x" * 200},
                server=f"fake-{mark}.local.",
                parsed_addresses=[LOOPBACK],
            )
            network.zeroconf.send(network.zeroconf.generate_service_broadcast(flooded, 120))
            if number % 50 == 0:
                await asyncio.sleep(0)
        await until(lambda: any(mark in each.name for each in found.everything()))
    assert len(found.everything()) <= MOST_FOUND


@pytest.mark.parametrize("addresses", [["192.0.2.77"], ["203.0.113.1", "198.51.100.1"]])
async def test_a_network_that_cannot_be_joined_is_one_line_in_the_log(
    addresses: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    """These addresses are for documentation: this machine has none of them."""
    announcement = Announcement(name="x", http_port=1, https_port=2)
    with caplog.at_level(logging.INFO):
        async with running(Discovery(announcement=announcement, found=heard(), addresses=lambda: addresses)):
            await until(lambda: caplog.records)
            assert len(caplog.records) == 1
    assert caplog.records[0].getMessage().startswith("discovery is off for now: ")


async def test_a_gateway_for_this_machine_only_waits_and_says_so_once(caplog: pytest.LogCaptureFixture) -> None:
    looks: list[int] = []

    def addresses() -> list[str]:
        looks.append(1)
        return []

    discovery = Discovery(announcement=None, found=heard(), addresses=addresses, look_again_s=0.0)
    with caplog.at_level(logging.INFO):
        async with running(discovery):
            await until(lambda: len(looks) > 5)
    assert [record.getMessage() for record in caplog.records] == [
        "discovery waits for an IPv4 address that others can reach"
    ]


async def test_with_both_switched_off_nothing_runs() -> None:
    await Discovery(announcement=None, found=None, addresses=lambda: [LOOPBACK]).run()


@needs_multicast
async def test_other_addresses_start_it_anew(caplog: pytest.LogCaptureFixture) -> None:
    current = [[LOOPBACK]]
    discovery = Discovery(announcement=None, found=heard(), addresses=lambda: current[0], look_again_s=0.01)
    with caplog.at_level(logging.INFO):
        async with running(discovery):
            await until(lambda: caplog.records)
            current[0] = [LOOPBACK, "::1"]
            await until(lambda: len(caplog.records) == 2)
    assert caplog.records[1].getMessage() == "discovery takes part on 127.0.0.1, ::1"
