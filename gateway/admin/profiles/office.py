"""What the pages of the profiles share: their parts, the profile that is meant, the devices that use it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from aiohttp import web

from gateway import messages
from gateway.admin.shell import Shell
from gateway.devices.call_log import CallLog, HeardCall
from gateway.devices.register import Device, Register
from gateway.errors import BadPayload, ProfileError, Unreadable
from gateway.messages import Message
from gateway.operations.call_desk import CallDesk
from gateway.operations.profiles.columns import Call
from gateway.operations.profiles.desk import ProfileDesk, Shelved
from gateway.operations.profiles.examples import BodyReader
from gateway.operations.profiles.history import ProfileHistory
from gateway.profiles.fields import Trust
from gateway.profiles.firmware import firmware_of, outside
from gateway.profiles.model import Profile
from gateway.profiles.vocabulary import Dialect

KINDS = {Trust.HARDWARE: "ok", Trust.DOCUMENTED: "info", Trust.SIMULATED: "warn"}
MOST_CALLS = 40


@dataclass(frozen=True, slots=True)
class User:
    """A device that uses a profile; `message` says that its firmware is out of the profile's range."""

    name: str
    title: str
    firmware: str
    message: Message | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileOffice:
    """The parts. `readers` open bodies in examples, `captured` reads pasted calls (raises ValueError).

    `pasted` reads one body of a media type, with the id that its address would name: as `opened`.
    """

    shell: Shell
    desk: ProfileDesk
    history: ProfileHistory
    calls: CallDesk
    log: CallLog
    register: Register
    zone: Callable[[], str]
    readers: Callable[[Profile], Mapping[Dialect, BodyReader]]
    captured: Callable[[str], Sequence[Call]]
    pasted: Callable[[str, str, str], tuple[list[tuple[Call, str | None]], str]]

    def wanted(self, request: web.Request) -> Shelved:
        """Return the profile that the address names. Raises HTTPNotFound."""
        try:
            return self.desk.get(f"{request.match_info['vendor']}/{request.match_info['model']}")
        except ProfileError:
            raise web.HTTPNotFound from None

    def users(self, profile_id: str) -> list[User]:
        """Return the devices that use a profile, by name."""
        using = [device for device in self.register.served() if device.profile.id == profile_id]
        return [self._user(device) for device in sorted(using, key=lambda device: device.row.name)]

    def _user(self, device: Device) -> User:
        agents = (call.agent for call in self.log.recent(device.row.name) if call.proven)
        versions = (found for agent in agents if (found := firmware_of(agent, device.profile)))
        firmware = next(versions, device.row.firmware)
        wanted = outside(firmware, device.profile.products)
        name = device.row.name
        said = messages.text("D-05", device=name, v=firmware, range=wanted) if wanted else None
        return User(name, device.policy.name, firmware, said)

    def recent(self, profile_id: str = "") -> list[HeardCall]:
        """Return the last calls that can be tried with a profile: those of its devices, and of strangers."""
        using = {device.row.name for device in self.register.served() if profile_id in ("", device.profile.id)}
        every = [call for call in self.log.recent() if call.whole and (call.body or "/action" in call.path)]
        return [call for call in every if not profile_id or call.device in using or not call.proven][:MOST_CALLS]

    def opened(self, call: HeardCall) -> tuple[list[tuple[Call, str | None]], str]:
        """Return what a call says, each with the id that its address names; or why it cannot be read."""
        try:
            return [(Call(one.fields, one.text_values), one.external_id) for one in self.calls.fields(call)], ""
        except (Unreadable, BadPayload) as error:
            return [], str(error)
