"""A short time in which new devices are let in without being asked about; it ends by itself and is kept nowhere."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from ipaddress import ip_address, ip_network

from gateway.clock import Clock
from gateway.config import DeviceSection, device_section
from gateway.devices.pending import Pending
from gateway.devices.roster import Roster
from gateway.domain.actor import Actor
from gateway.domain.secret import Secret
from gateway.errors import ConfigError, GatewayError, StoreError
from gateway.messages.languages import apart
from gateway.store.pending import PendingRow

_LOGGER = logging.getLogger(__name__)

OPEN_S = 600.0
MOST_ADDED = 50
"""So many devices at most are let in at one opening; then it is over."""
MOST_CALLERS = 100
_NETWORKS = tuple(
    ip_network(each)
    for each in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "fc00::/7", "fe80::/10")
)
"""Networks that no router passes on to the internet (RFC 1918, RFC 3927, RFC 4193, RFC 4291)."""


def is_near(address: str, *, behind_proxy: bool) -> bool:
    """Whether a caller is on the local network; one from this very machine is not, when a proxy may stand there."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    found = getattr(found, "ipv4_mapped", None) or found
    if found.is_loopback:
        return not behind_proxy
    return any(found in network for network in _NETWORKS if network.version == found.version)


class Admission:
    """Lets devices in whose profile is recognised, from the local network, for ten minutes.

    A device keeps the key that it showed, when it showed one that is good enough; else it gets a new one, which
    somebody has to fetch. `roster` makes the roster of whoever opened, `calls_itself` says whether devices of a profile
    call, `near` whether an address is on the local network, `added` is awaited after devices were let in.
    """

    def __init__(
        self,
        *,
        pending: Pending,
        clock: Clock,
        roster: Callable[[Actor], Roster],
        calls_itself: Callable[[str], bool],
        near: Callable[[str], bool],
        added: Callable[[], Awaitable[None]],
    ) -> None:
        self._pending = pending
        self._clock = clock
        self._roster = roster
        self._calls_itself = calls_itself
        self._near = near
        self._added = added
        self._until_s: float | None = None
        self._names: list[str] = []
        self._passed_over: set[tuple[str, str]] = set()
        self._callers: dict[tuple[str, str], Secret | None] = {}
        self._came = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._looking = asyncio.Lock()
        self._actor: Actor | None = None
        pending.watch(self._came.set)

    @property
    def is_open(self) -> bool:
        """Whether new devices are let in now."""
        return self.left_s > 0

    @property
    def left_s(self) -> float:
        """How long it stays open, in seconds; 0 when it is shut."""
        if self._until_s is None or len(self._names) >= MOST_ADDED:
            return 0.0
        return max(0.0, self._until_s - self._clock.monotonic_s())

    @property
    def names(self) -> tuple[str, ...]:
        """Who was let in since it was opened last."""
        return tuple(self._names)

    async def open(self, actor: Actor) -> None:
        """Let devices in that call within the next ten minutes. Raises StoreError."""
        await self._shut()
        await self._roster(actor).note_window(opened=True)
        self._names, self._passed_over = [], set()
        self._until_s = self._clock.monotonic_s() + OPEN_S
        self._actor = actor
        self._came.set()
        self._task = asyncio.create_task(self._run(), name="admission", context=apart())
        _LOGGER.info("new devices are let in for %d minutes", OPEN_S // 60, extra={"actor": actor.name})

    async def close(self, actor: Actor) -> None:
        """Let nobody in any more. Raises StoreError; it is shut all the same."""
        was_open = self.is_open
        await self._shut()
        if was_open:
            await self._roster(actor).note_window(opened=False)

    async def stop(self) -> None:
        """The gateway ends."""
        await self._shut()

    async def looked(self) -> None:
        """Everybody who has called is judged when this returns. Raises StoreError."""
        async with self._looking:
            if self.is_open and self._actor is not None:
                await self._let_in(self._actor)

    def offer(self, name: str, address: str, key: Secret | None) -> None:
        """Somebody who is no device called and showed `key`; costs next to nothing."""
        if len(self._callers) < MOST_CALLERS or (name, address) in self._callers:
            self._callers[name, address] = key

    async def _shut(self) -> None:
        self._until_s = None
        self._callers.clear()
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _run(self) -> None:
        """Look at who called until the time is over."""
        while self.is_open:
            self._came.clear()
            try:
                await self.looked()
            except GatewayError as error:
                _LOGGER.warning("a new device cannot be taken in yet: %s", error)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self.left_s):
                    await self._came.wait()
        self._callers.clear()
        _LOGGER.info("new devices have to ask again", extra={"number": len(self._names)})

    async def _let_in(self, actor: Actor) -> None:
        waiting = self._pending.looks()
        callers = Counter(each.name for each in waiting)
        before = len(self._names)
        for each in reversed(waiting):
            if not self.is_open:
                break
            # Where several callers use one name nobody can tell whose device it is: somebody has to be asked.
            if callers[each.name] == 1 and self._fits(each):
                await self._add(actor, each)
        if len(self._names) > before:
            await self._added()

    def _fits(self, caller: PendingRow) -> bool:
        """Whether it called since it was opened, from near by, and is of a type that calls."""
        where = (caller.name, caller.address)
        called = where in self._callers and where not in self._passed_over
        return called and bool(caller.profile) and self._near(caller.address) and self._calls_itself(caller.profile)

    async def _add(self, actor: Actor, caller: PendingRow) -> None:
        name, address, roster = caller.name, caller.address, self._roster(actor)
        try:
            await roster.add(_section(caller, self._callers.pop((name, address))), origin=f"let in from {address}")
        except StoreError:
            raise
        except GatewayError as error:
            self._passed_over.add((name, address))
            _LOGGER.warning("a new device cannot be let in: %s", error, extra={"device": name})
            return
        self._names.append(name)
        _LOGGER.info("a new device was let in", extra={"device": name, "address": address, "profile": caller.profile})


def _section(caller: PendingRow, key: Secret | None) -> DeviceSection:
    """Return the settings of a new device; a key that is too short for one is left out, so that it gets another."""
    words: dict[str, object] = {"id": caller.name, "profile": caller.profile}
    if key is not None:
        with contextlib.suppress(ConfigError):
            return device_section({**words, "key": key})
    return device_section(words)
