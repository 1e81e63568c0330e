"""What the pages of the devices work with, what they say after a form, how their errors look; no page lives here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from aiohttp import web

from gateway import messages
from gateway.access.admins import Admins
from gateway.admin.buttons import Pressed, pressing
from gateway.admin.google.shelf import Shelf
from gateway.admin.shell import Handler, Shell, session_of
from gateway.clock import Clock
from gateway.devices.admission import Admission
from gateway.devices.pending import Pending
from gateway.devices.roster import Roster
from gateway.domain.actor import Actor
from gateway.domain.secret import Secret
from gateway.errors import ConfigError, Conflict, NotFound, ProfileError, StoreError
from gateway.messages import Message
from gateway.messages.languages import tr
from gateway.operations.devices.calendars import DeviceCalendars
from gateway.operations.devices.desk import DeviceDesk, OwnAddresses, Report
from gateway.operations.devices.listed import DeviceList
from gateway.operations.devices.simulated import Simulated
from gateway.operations.noticed import Noticed
from gateway.profiles.catalog import Catalog

Kind = Literal["ok", "warn", "bad", "info"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a page says about the form that led to it: a headline, lines below it, address and text of a link."""

    kind: Kind
    headline: str
    lines: tuple[str, ...] = ()
    link: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A test of a device. `report` is None while it runs; `at_ms` is when it began or ended (ms UTC)."""

    at_ms: int
    report: Report | None = None


@dataclass(slots=True, kw_only=True)
class Office:
    """What the pages work with.

    `roster` and `desk` work for whoever asks. `own` are the addresses of this gateway, `accounts` the e-mail addresses
    of those that signed in, `calendars` what can be chosen there, `zone_now` gives the IANA name by whose clock times
    are shown. `changed` is awaited after each change. `noticed` knows what is wrong at the moment and stands in no
    table, `refused` what was wrong with a device's newest call. `simulate` makes a call for a device, with the subject
    of its meeting.
    """

    shell: Shell
    admins: Admins
    clock: Clock
    zone_now: Callable[[], str]
    roster: Callable[[Actor], Roster]
    desk: Callable[[Actor], DeviceDesk]
    devices: DeviceList
    pending: Pending
    admission: Admission
    catalog: Callable[[], Catalog]
    own: Callable[[], OwnAddresses]
    accounts: Callable[[], tuple[str, ...]]
    calendars: DeviceCalendars
    changed: Callable[[], Awaitable[None]]
    noticed: Noticed
    refused: Callable[[str], Message | None]
    simulate: Callable[[str, str], Awaitable[Simulated]]
    said: Shelf[Said] = field(init=False)
    keys: Shelf[Secret] = field(init=False)
    trials: Shelf[Trial] = field(init=False)
    lists: Shelf[bytes] = field(init=False)

    @property
    def zone(self) -> str:
        """The zone of times that are shown, which may be changed on the page."""
        return self.zone_now()

    def __post_init__(self) -> None:
        self.said, self.keys = Shelf(self.clock), Shelf(self.clock)
        self.trials, self.lists = Shelf(self.clock, most=500), Shelf(self.clock, most=10)
        self.admins.follow(self._forget)

    def later(self, request: web.Request, said: Said, path: str) -> web.Response:
        """Lead on to a page of ours, which then says what came of the form."""
        self.said.put(session_of(request).key, said)
        return web.Response(status=303, headers={"Location": path})

    async def render(
        self, request: web.Request, template: str, *, status: int = 200, **context: object
    ) -> web.Response:
        """Return a page of this room."""
        said = self.said.take(session_of(request).key) if request.method == "GET" else None
        known = {
            "zone": self.zone,
            "said": said,
            "now_ms": self.clock.now_ms(),
            "pressed": pressing(signed_in=True),
        }
        return await self.shell.render(request, f"devices/{template}", status=status, **known | context)

    def key_place(self, request: web.Request, name: str) -> str:
        """Return under which name a new key waits to be shown once, to this session alone."""
        return f"{session_of(request).key} {name}"

    async def _forget(self, key: str) -> None:
        """The session of that key ended."""
        self.said.take(key)
        self.lists.take(key)


def pressed_at(name: str, values: Mapping[str, str]) -> Callable[..., Pressed]:
    """Return what the catalogue's buttons are on the page of the device `name`; `values` are those of the message."""
    here = f"/devices/{name}"
    others = pressing(signed_in=True)
    links = {
        "new-key": f"{here}/key",
        "choose-zone": f"{here}/settings#time_zone",
        "change-device-password": f"{here}/settings#poll.password",
        "add-email": f"{here}/directory",
        "show-device": here,
        "show-address": f"{here}/connect",
        "show-calls": f"{here}/calls",
        "save-for-project": f"{here}/calls",
    }

    def pressed(does: str, code: str = "", said: Mapping[str, str] = values) -> Pressed:
        if does in links:
            return Pressed(href=links[does])
        if does == "show-differences" and said.get("profile"):
            return Pressed(href=f"/profiles/{said['profile']}#caveats")
        if does == "test-device":
            return Pressed(post=f"{here}/test")
        if does == "resume-device":
            return Pressed(post=f"{here}/resume")
        if does == "trust-certificate":
            return Pressed(post=f"{here}/trust", fields={"fingerprint": said.get("fingerprint", "")})
        if does == "line-to-copy" and said.get("line"):
            return Pressed(copy=said["line"])
        return others(does, code, said)

    return pressed


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is wrong with a form, and the `field` it is about; shown above the form and at the field."""

    message: Message
    field: str = ""


def fault(title: str, *, text: str = "", field: str = "") -> Fault:
    """Make one in words of its own."""
    return Fault(message=Message(code="", title=title, text=text, remedy=""), field=field)


def coded(code: str, *, field: str = "", **values: str) -> Fault:
    """Make one of the catalogue."""
    return Fault(message=messages.text(code, **values), field=field)


def faults_of(error: ConfigError | ProfileError | Conflict, labels: Mapping[str, str]) -> list[Fault]:
    """Return a fault for each mistake; `labels` are the names of the fields as people read them."""
    if isinstance(error, Conflict):
        return [fault(str(error))]
    found = []
    for line in error.problems:
        setting, _, rest = line.partition(" ")
        if setting in labels:
            field = "type" if setting == "profile" else setting
            found.append(fault(f"{labels[setting]}: {rest}", field=field))
        else:
            found.append(fault(line))
    return found


def answering(office: Office, handler: Handler) -> Handler:
    """Return the handler with a page of its own for a device that is not there, and for what cannot be done."""

    async def answered(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except NotFound:
            name = request.match_info.get("id", "")
            heading = tr("There is no device %(name)s", name=name)
            sentence = tr("It may have been removed, or the address is not quite right.")
            return await office.render(request, "told.html", status=404, heading=heading, sentence=sentence)
        except StoreError:
            raise
        except (Conflict, ConfigError, ProfileError) as error:
            heading = tr("That cannot be done")
            return await office.render(request, "told.html", status=409, heading=heading, sentence=str(error))

    return answered
