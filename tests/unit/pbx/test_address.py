"""The gateway asks PBXs on the network, and cannot be made to ask itself, its neighbours' data, or anything else."""

from __future__ import annotations

import ipaddress
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.pbx.address import AddressRefused, vetted, way_to


def answering(*addresses: str):
    async def resolve(name: str, port: int) -> list[str]:
        resolve.asked.append((name, port))
        return list(addresses)

    resolve.asked = []
    return resolve


REFUSED = [
    "127.0.0.1", "127.1", "127.0.0.2", "0", "0.0.0.0", "0.1.2.3", "0x7f.1", "0x7f000001", "2130706433", "017700000001",
    "::1", "[::1]", "::", "::ffff:127.0.0.1", "::ffff:192.0.2.7", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1",
    "2002:7f00:1::", "2001:0:1::1", "::ffff:0:127.0.0.1", "169.254.169.254", "fe80::1", "fe80::1%eth0", "fec0::1",
    "224.0.0.1", "239.1.2.3", "ff02::1", "255.255.255.255", "240.0.0.1", "user@192.0.2.7", "192.0.2.7#", "192.0.2.7\\",
    "192.0.2.7/", "192.0.2.7:8089", "a b", "", ".", "..", "-a", "a..b", "x" * 254, "a\tb", "a\0b", "host%2f", "1.2.3",
    "192.0.2.256", "192.0.2.07", "١٢٧.0.0.1", "ⓛocalhost",
]  # fmt: skip


@pytest.mark.parametrize("address", REFUSED)
async def test_refused_as_written(address: str):
    with pytest.raises(AddressRefused):
        await vetted(address, 8089, resolve=answering("198.51.100.7"))


@pytest.mark.parametrize(
    "answer",
    ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1", "169.254.169.254", "0.0.0.0", "224.0.0.1", "fe80::1", "junk"],
)
@pytest.mark.parametrize("name", ["localhost", "localhost.", "gateway.local", "pbx.example.com"])
async def test_a_name_that_leads_there_is_refused(name: str, answer: str):
    with pytest.raises(AddressRefused):
        await vetted(name, 8089, resolve=answering(answer))


async def test_the_gateways_own_addresses_are_refused():
    own = way_to("198.51.100.7")
    if not own:
        pytest.skip("this machine has no way to any network")
    with pytest.raises(AddressRefused, match="own machine"):
        await vetted(own, 8089, resolve=answering())
    with pytest.raises(AddressRefused, match="own machine"):
        await vetted("this-machine.local", 8089, resolve=answering(own))


async def test_a_name_is_resolved_once_and_only_what_was_judged_is_left():
    resolve = answering("127.0.0.1", "198.51.100.7", "fe80::1", "2001:db8::7")
    assert await vetted("PBX.example.com.", 8089, resolve=resolve) == ["198.51.100.7", "2001:db8::7"]
    assert resolve.asked == [("pbx.example.com", 8089)]


@pytest.mark.parametrize("address", ["192.168.1.20", "10.0.0.9", "172.16.3.4", "100.64.0.8", "fd12::5", "198.51.100.7"])
async def test_addresses_of_pbxs_are_taken_without_a_name_server(address: str):
    resolve = answering()
    assert await vetted(address, 8089, resolve=resolve) == [address]
    assert resolve.asked == []


async def test_ports():
    for port in (443, 8089, 8443):
        assert await vetted("192.0.2.7", port, resolve=answering())
    for port in (1, 22, 80, 6379, 8765, 65535):
        with pytest.raises(AddressRefused, match=f"port {port}"):
            await vetted("192.0.2.7", port, resolve=answering())
    assert await vetted("192.0.2.7", 9443, resolve=answering(), ports={9443})
    with pytest.raises(AddressRefused, match="port 22"):
        await vetted("192.0.2.7", 22, resolve=answering(), allow_loopback=True)


async def test_loopback_only_where_it_is_allowed():
    assert await vetted("127.0.0.1", 40_000, resolve=answering(), allow_loopback=True) == ["127.0.0.1"]
    assert await vetted("localhost", 40_000, resolve=answering("127.0.0.1"), allow_loopback=True) == ["127.0.0.1"]
    for address in ("::ffff:127.0.0.1", "127.1", "169.254.169.254", "0.0.0.0"):
        with pytest.raises(AddressRefused):
            await vetted(address, 40_000, resolve=answering(), allow_loopback=True)


async def test_a_name_that_leads_nowhere():
    with pytest.raises(AddressRefused, match="leads to no address"):
        await vetted("pbx.example.com", 8089, resolve=answering())


@given(st.text(max_size=30))
@settings(max_examples=2000 if os.environ.get("LONG") else 40, deadline=None)
async def test_whatever_is_written_is_refused_or_judged(text: str):
    try:
        found = await vetted(text, 8089, resolve=answering("127.0.0.1"))
    except AddressRefused:
        return
    assert all(not ipaddress.ip_address(each).is_loopback for each in found)
