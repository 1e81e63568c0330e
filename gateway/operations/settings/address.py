"""Another address for the gateway, tried beside the one until now: kept when somebody came that way, else given up.

Ports are opened and closed by whoever listens; how it is asked for and shown is known to the page.
"""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import logging
import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from gateway import messages
from gateway.clock import Clock
from gateway.config import Address
from gateway.domain.actor import Actor
from gateway.errors import CannotListen, CatalogueError
from gateway.messages.languages import tr
from gateway.operations.settings.desk import SettingsDesk, SettingsRefused

_LOGGER = logging.getLogger(__name__)

TRIAL_S: Final = 180.0
"""How long somebody has to come to the new address and keep it."""
_LOOK_EVERY_S = 1.0
PLAIN: Final = "gateway.listen"
TLS: Final = "gateway.listen_tls"


class Doors(Protocol):
    """What listens. Ports opened beside are what `open_beside` returned; it raises CannotListen."""

    async def open_beside(self, plain: tuple[str, int] | None, tls: tuple[str, int] | None) -> Any:
        """Serve at further ports too."""

    async def adopt(self, beside: Any) -> None:
        """Take these in place of those until now."""

    async def drop(self, beside: Any) -> None:
        """Close these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """Addresses that are open beside the old ones: `wanted` by setting, until `until_s` of the steady clock.

    `word` stands in the link to the new address only: who knows it has come that way.
    """

    wanted: Mapping[str, Address]
    until_s: float
    ends_at_ms: int
    word: str
    beside: Any = field(repr=False)


class NewAddress:
    """At most one trial. `doors` is what listens, once it does."""

    def __init__(
        self,
        *,
        desk: SettingsDesk,
        clock: Clock,
        doors: Callable[[], Doors | None],
    ) -> None:
        self._desk = desk
        self._clock = clock
        self._doors = doors
        self._followers: list[Callable[[], None]] = []
        self._trial: Trial | None = None
        self._begun = asyncio.Event()
        self._one_at_a_time = asyncio.Lock()

    def follow(self, moved: Callable[[], None]) -> None:
        """Call `moved` whenever a new address was kept."""
        self._followers.append(moved)

    async def standing(self) -> Trial | None:
        """Return the trial that is on; one whose time is over ends now."""
        async with self._one_at_a_time:
            await self._end_if_over()
            return self._trial

    async def begin(self, wanted: Mapping[str, str]) -> None:
        """Open other addresses, by setting, beside those until now; a trial before this one ends.

        Raises SettingLocked, SettingsRefused and CatalogueError (C-02, with `field`); then nothing has changed.
        """
        self._desk.judge(wanted)
        addresses = {key: Address.parse(text) for key, text in wanted.items()}
        self._refuse_unfit(addresses)
        doors = self._doors()
        if doors is None:
            raise SettingsRefused(dict.fromkeys(wanted, tr("The gateway is still starting. Try again in a moment.")))
        async with self._one_at_a_time:
            await self._end()
            beside = await self._opened(doors, addresses)
            self._trial = Trial(
                wanted=addresses,
                until_s=self._clock.monotonic_s() + TRIAL_S,
                ends_at_ms=self._clock.now_ms() + int(TRIAL_S * 1000),
                word=secrets.token_urlsafe(12),
                beside=beside,
            )
        _LOGGER.info("another address is tried: %s", ", ".join(map(str, addresses.values())))
        self._begun.set()

    async def keep(self, word: str, by: Actor) -> bool:
        """Save the addresses that are tried and close the old ones; False when there is no such trial any more.

        Raises what `SettingsDesk.save` raises; then both stay open until the time is over.
        """
        async with self._one_at_a_time:
            await self._end_if_over()
            trial, doors = self._trial, self._doors()
            if trial is None or doors is None or not secrets.compare_digest(trial.word.encode(), word.encode()):
                return False
            await self._desk.save({key: str(address) for key, address in trial.wanted.items()}, by)
            self._trial = None
            await doors.adopt(trial.beside)
        _LOGGER.info("the address is changed: %s", ", ".join(map(str, trial.wanted.values())))
        for moved in self._followers:
            moved()
        return True

    async def drop(self) -> None:
        """Stay with the old addresses."""
        async with self._one_at_a_time:
            await self._end()

    async def run(self) -> None:
        """End trials whose time is over, until cancelled; sleeps while there is none."""
        while True:
            await self._begun.wait()
            self._begun.clear()
            while await self.standing() is not None:  # noqa: ASYNC110 - a clock tells nobody
                await asyncio.sleep(_LOOK_EVERY_S)

    async def _opened(self, doors: Doors, wanted: Mapping[str, Address]) -> Any:
        plain, tls = ((each.host, each.port) if (each := wanted.get(key)) is not None else None for key in (PLAIN, TLS))
        try:
            return await doors.open_beside(plain, tls)
        except CannotListen as error:
            raise _refusal(error.setting, wanted[error.setting], error.reason) from error

    async def _end_if_over(self) -> None:
        if self._trial is not None and self._clock.monotonic_s() >= self._trial.until_s:
            _LOGGER.warning("nobody kept the new address: the old one stays")
            await self._end()

    async def _end(self) -> None:
        trial, doors, self._trial = self._trial, self._doors(), None
        if trial is not None and doors is not None:
            await doors.drop(trial.beside)

    def _refuse_unfit(self, wanted: Mapping[str, Address]) -> None:
        """Refuse what cannot be opened beside what is open, or would not be the same at the next start."""
        section = self._desk.config.gateway
        now = {PLAIN: section.listen, TLS: section.listen_tls}
        for key, address in wanted.items():
            if address.port == 0:
                raise SettingsRefused({key: tr("Choose a port from 1 to 65535.")})
            if any(_meet(address, each) for other, each in wanted.items() if other != key):
                raise SettingsRefused({key: tr("http and https need different ports.")})
            if any(_meet(address, each) for each in now.values()):
                raise SettingsRefused(
                    {
                        key: tr(
                            "The gateway uses port %(n)s itself now, and cannot open it a second time. Choose another "
                            "port, or set %(key)s in config.yaml and restart the gateway.",
                            n=address.port,
                            key=key,
                        )
                    }
                )


def _meet(one: Address, other: Address) -> bool:
    """Whether two addresses cannot be open at the same time."""
    every = any(ipaddress.ip_address(each.host).is_unspecified for each in (one, other))
    return one.port == other.port != 0 and (every or one.host == other.host)


def _refusal(setting: str, address: Address, reason: int) -> SettingsRefused | CatalogueError:
    """Return why an address is not opened, with what to do about it."""
    if reason == errno.EADDRINUSE:
        values = {"n": str(address.port)}
        return CatalogueError("C-02", str(messages.text("C-02", **values)), values=values, field=setting)
    if reason == errno.EADDRNOTAVAIL:
        words = tr(
            "This machine does not have the address %(host)s. Use 0.0.0.0 for all addresses that it has.",
            host=address.host,
        )
    elif reason in (errno.EACCES, errno.EPERM):
        words = tr("The gateway may not open port %(n)s. Choose a port from 1024 on.", n=address.port)
    else:
        words = tr("The gateway cannot listen at this address (%(reason)s).", reason=os.strerror(reason))
    return SettingsRefused({setting: words})
