"""What the doors noticed of devices and nobody wrote down, as problems; it is forgotten when the gateway ends."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from gateway import messages
from gateway.messages import Message
from gateway.operations.overview.problems import Problem


class WrongPort(Protocol):
    """Somebody who speaks http to the port for https, or the reverse (see `web.wrong_port`)."""

    @property
    def address(self) -> str:
        """Its IP address."""

    @property
    def spoken(self) -> str:
        """What it speaks."""

    @property
    def expected(self) -> str:
        """What the port is for."""

    @property
    def at_ms(self) -> int:
        """The last time (UTC)."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A device that is served: its id, its name for people, from where it called or is asked, when it last called.

    `address` is empty and `called_ms` 0 where that is not known.
    """

    name: str
    title: str
    address: str = ""
    called_ms: int = 0


class Outdated(Protocol):
    """A device whose firmware is not among those that its profile was made for (see `devices.firmware`)."""

    @property
    def name(self) -> str:
        """Its id."""

    @property
    def title(self) -> str:
        """Its name for people."""

    @property
    def profile(self) -> str:
        """The id of its profile."""

    @property
    def firmware(self) -> str:
        """The version it has."""

    @property
    def wanted(self) -> str:
        """The versions that the profile was made for, in the maker's words."""


class Noticed:
    """Asks the doors. `slowed` gives the ids of devices that make more than `per_minute` calls."""

    def __init__(
        self,
        *,
        per_minute: int,
        slowed: Callable[[], Iterable[str]],
        wrong_ports: Callable[[], Iterable[WrongPort]],
        seen: Callable[[], Iterable[Seen]],
        outdated: Callable[[], Mapping[str, Outdated]],
    ) -> None:
        self._per_minute = per_minute
        self._slowed = slowed
        self._wrong_ports = wrong_ports
        self._seen = seen
        self._outdated = outdated

    def problems(self) -> list[Problem]:
        """Return all that was noticed; hardly ever there is something, and then nothing is looked up."""
        found = [_outdated(each) for each in self._outdated().values()]
        slowed, wrong = tuple(self._slowed()), tuple(self._wrong_ports())
        if not slowed and not wrong:
            return found
        seen = {each.name: each for each in self._seen()}
        found += [_slowed(seen[name], self._per_minute) for name in slowed if name in seen]
        return [*found, *_at_wrong_ports(wrong, tuple(seen.values()))]

    def of_device(self, name: str) -> tuple[Message, ...]:
        """Return what was noticed of one device."""
        return tuple(each.message for each in self.problems() if each.device == name)


def _slowed(device: Seen, per_minute: int) -> Problem:
    said = messages.text("D-14", device=device.title, n=str(per_minute))
    return _of(f"slowed:{device.name}", said, device.name)


def _outdated(device: Outdated) -> Problem:
    said = messages.text("D-05", device=device.title, v=device.firmware, range=device.wanted)
    return _of(f"firmware:{device.name}:{device.firmware}", said, device.name, profile=device.profile)


def _at_wrong_ports(wrong: Iterable[WrongPort], seen: tuple[Seen, ...]) -> Iterator[Problem]:
    """A device is named where only one has the address; one that called properly since is in order again."""
    for each in wrong:
        there = [device for device in seen if device.address == each.address]
        if any(device.called_ms > each.at_ms for device in there):
            continue
        name, title = (there[0].name, there[0].title) if len(there) == 1 else ("", each.address)
        said = messages.text("D-13", device=title, spoken=each.spoken, expected=each.expected)
        yield _of(f"port:{each.address}:{each.spoken}", said, name)


def _of(key: str, message: Message, name: str, **more: str) -> Problem:
    """Its button leads to the device by its id; of no device, to where all of them are."""
    button = message.buttons[0]
    values = {**message.values, "device": name, **more}
    return Problem(key=key, message=replace(message, values=values), label=button.label, does=button.does)
