"""Another way out to Google: tried before it is saved, and a root certificate looked at before it is trusted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from gateway import messages
from gateway.accounts.reached import Reached, reached
from gateway.clock import Clock
from gateway.config import ProxySection, Secret
from gateway.config.network import proxy_address
from gateway.config.root_certificate import Root, RootCertificate, checked, pem_of
from gateway.config.values import Refused
from gateway.messages import Message
from gateway.messages.languages import tr
from gateway.operations.settings.desk import SettingsDesk, SettingsRefused

PROXY: Final = "network.proxy"
ROOT: Final = "network.root_certificate"
_DAY_MS: Final = 24 * 3600 * 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedProxy:
    """A proxy as somebody typed it; an empty `address` is none. No `password` means the one that is saved."""

    address: str = ""
    user: str = ""
    password: Secret | None = None

    def changes(self) -> dict[str, object]:
        """Return it as settings."""
        words = {"address": self.address, "user": self.user or None, "password": self.password}
        return {f"{PROXY}.{name}": value for name, value in words.items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What came of a trial: the servers that answered, those that did not, and why, each reason once."""

    answered: tuple[str, ...]
    silent: tuple[str, ...]
    problems: tuple[Message, ...]


class WayOutDesk:
    """What administrators do with the way out; `desk` has the settings."""

    def __init__(self, desk: SettingsDesk, clock: Clock) -> None:
        self._desk = desk
        self._clock = clock

    async def try_proxy(self, typed: TypedProxy) -> Tried:
        """Ask every server of Google for anything, by this way; nothing is saved. Raises SettingsRefused."""
        config = self._desk.config
        if not typed.address:
            network = replace(config.network, proxy=None)
        else:
            network = replace(config.network, proxy=self._made(typed))
        return _tried_of(await reached(config.google.endpoints, self._clock, network))

    async def try_saved(self) -> Tried:
        """Do the same by the way that calls take now."""
        config = self._desk.config
        return _tried_of(await reached(config.google.endpoints, self._clock, config.network))

    def root_of(self, data: bytes) -> Mapping[str, object]:
        """Return a file as the setting that trusts it. Raises SettingsRefused when it should not be trusted."""
        try:
            pem = checked(pem_of(data))
            for root in RootCertificate(pem=pem).roots():
                self._refuse_by_date(root)
        except Refused as error:
            raise SettingsRefused({ROOT: error.text.removeprefix(": ")}) from error
        return {ROOT: pem}

    def _made(self, typed: TypedProxy) -> ProxySection:
        saved, password = self._desk.config.network.proxy, typed.password
        if password is None and typed.user and saved is not None:
            password = saved.password
        self._judge(replace(typed, password=password))
        return ProxySection(address=proxy_address(typed.address), user=typed.user or None, password=password)

    def _judge(self, typed: TypedProxy) -> None:
        if not self._desk.lock_of(PROXY):
            self._desk.judge(typed.changes())

    def _refuse_by_date(self, root: Root) -> None:
        now_ms = self._clock.now_ms()
        if root.until_ms <= now_ms:
            raise Refused(tr(": %(subject)s is no longer valid. Ask for the new one.", subject=root.subject))
        if root.from_ms > now_ms + _DAY_MS:
            text = tr(
                ": %(subject)s is not valid yet. Look at the clock of the gateway, or wait.", subject=root.subject
            )
            raise Refused(text)


def _tried_of(found: tuple[Reached, ...]) -> Tried:
    problems = {str(message): message for each in found if each.code for message in [_message(each)]}
    return Tried(
        answered=tuple(each.server for each in found if not each.code),
        silent=tuple(each.server for each in found if each.code),
        problems=tuple(problems.values()),
    )


def _message(silent: Reached) -> Message:
    return messages.text(silent.code, **silent.values)
