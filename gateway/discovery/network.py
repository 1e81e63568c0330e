"""Takes part in multicast DNS while the gateway serves; what is said and what is kept lives beside this file."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import logging
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from ipaddress import ip_address
from typing import TYPE_CHECKING

from gateway.discovery.announcement import Announcement
from gateway.discovery.found import Found

if TYPE_CHECKING:
    from zeroconf import ServiceStateChange, Zeroconf
    from zeroconf.asyncio import AsyncZeroconf

_LOGGER = logging.getLogger(__name__)

BROWSED = ("_https._tcp.local.", "_device-info._tcp.local.")
"""Where Grandstream devices announce themselves, as Grandstream's integration for Home Assistant looks for them."""
MOST_WAITING = 200
LOOK_AGAIN_S = 60.0
TRY_AGAIN_S = 600.0
ANSWER_WITHIN_MS = 1_500
GOODBYE_WITHIN_S = 2.0
_GROUP = socket.inet_aton("224.0.0.251")


class Discovery:
    """Announces (`announcement`) and listens (`found`), each unless None, on the networks of `addresses`.

    A network without multicast, a port that is taken, a container: one line in the log, and another try later. Devices
    are never called: all that leaves the machine are multicast DNS packets.
    """

    def __init__(
        self,
        *,
        announcement: Announcement | None,
        found: Found | None,
        addresses: Callable[[], Sequence[str]],
        look_again_s: float = LOOK_AGAIN_S,
    ) -> None:
        self._announcement = announcement
        self._found = found
        self._addresses = addresses
        self._look_again_s = look_again_s
        self._said = ""

    def announce(self, announcement: Announcement | None) -> None:
        """Say this from now on; who announces nothing, or did not, keeps to that until the next start."""
        if self._announcement is not None and announcement is not None:
            self._announcement = announcement

    async def run(self) -> None:
        """Take part until cancelled; returns at once when there is nothing to do."""
        if self._announcement is None and self._found is None:
            return
        while True:
            addresses = tuple(self._addresses())
            if not any(ip_address(each).version == 4 for each in addresses):
                self._say("discovery waits for an IPv4 address that others can reach")
                await asyncio.sleep(self._look_again_s)
                continue
            try:
                await asyncio.to_thread(importlib.import_module, "zeroconf.asyncio")  # which takes a moment
                await self._take_part(addresses)
            except Exception as error:  # noqa: BLE001 - nothing of this may ever stop the gateway
                reason = error.exceptions[0] if isinstance(error, ExceptionGroup) else error
                self._say(f"discovery is off for now: {type(reason).__name__}: {reason}")
                await asyncio.sleep(TRY_AGAIN_S)

    async def _take_part(self, addresses: Sequence[str]) -> None:
        """Announce and listen until the machine has other addresses, or something else is to be announced."""
        said = self._announcement
        async with _multicast(addresses) as network, asyncio.TaskGroup() as tasks:
            if said is not None:
                for service in said.services(addresses):
                    # The first await probes whether the name is free, the second one announces it.
                    await (await network.async_register_service(service, allow_name_change=True))
            listening = None
            if self._found is not None:
                listening = tasks.create_task(_Listener(self._found).listen(network))
            self._say(f"discovery takes part on {', '.join(addresses)}")
            while said is self._announcement and tuple(self._addresses()) == tuple(addresses):  # noqa: ASYNC110 - the kernel's tables tell nobody
                await asyncio.sleep(self._look_again_s)
            if listening is not None:
                listening.cancel()

    def _say(self, line: str) -> None:
        if line != self._said:
            self._said = line
            _LOGGER.info("%s", line)


@asynccontextmanager
async def _multicast(addresses: Sequence[str]) -> AsyncIterator[AsyncZeroconf]:
    from zeroconf import IPVersion
    from zeroconf.asyncio import AsyncZeroconf

    logging.getLogger("zeroconf").setLevel(logging.CRITICAL)  # it would tell of every odd packet of a stranger
    interfaces = [each for each in addresses if ip_address(each).version == 4]
    _refuse_unusable(interfaces)
    network = AsyncZeroconf(interfaces=interfaces, ip_version=IPVersion.V4Only)
    try:
        await network.zeroconf.async_wait_for_start()
        yield network
    finally:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GOODBYE_WITHIN_S):
                await network.async_close()


def _refuse_unusable(interfaces: Sequence[str]) -> None:
    """Raise OSError where a network does not let us join the group: zeroconf finds out too, and leaves sockets open."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        for each in interfaces:
            probe.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, _GROUP + socket.inet_aton(each))


class _Listener:
    """Reads announcements one after the other, however many come."""

    def __init__(self, found: Found) -> None:
        self._found = found
        self._waiting: dict[tuple[str, str], None] = {}
        self._woken = asyncio.Event()

    async def listen(self, network: AsyncZeroconf) -> None:
        """Listen until cancelled."""
        from zeroconf.asyncio import AsyncServiceBrowser

        browser = AsyncServiceBrowser(network.zeroconf, list(BROWSED), handlers=[self._heard])
        try:
            while True:
                await self._woken.wait()
                self._woken.clear()
                while self._waiting:
                    kind, name = next(iter(self._waiting))
                    del self._waiting[kind, name]
                    await self._read(network, kind, name)
        finally:
            await browser.async_cancel()

    def _heard(self, zeroconf: Zeroconf, service_type: str, name: str, state_change: ServiceStateChange) -> None:
        from zeroconf import ServiceStateChange

        if state_change is ServiceStateChange.Removed:
            self._found.forget(name.removesuffix(f".{service_type}"))
        elif len(self._waiting) < MOST_WAITING:  # what finds no place will be heard again
            self._waiting[service_type, name] = None
            self._woken.set()

    async def _read(self, network: AsyncZeroconf, kind: str, name: str) -> None:
        """Put together what was announced; a part that is missing is asked of the group, not of the device."""
        from zeroconf import BadTypeInNameException, NotRunningException
        from zeroconf.asyncio import AsyncServiceInfo

        try:
            info = AsyncServiceInfo(kind, name)
            await info.async_request(network.zeroconf, ANSWER_WITHIN_MS)
        except (BadTypeInNameException, NotRunningException, ValueError):
            return
        addresses = info.parsed_addresses()
        self._found.hear(
            name.removesuffix(f".{kind}"), addresses[0] if addresses else "", info.port or 0, info.properties
        )
