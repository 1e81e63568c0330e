"""The first run once there is an administrator: name and time, Google, the first device, done; pages only."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from aiohttp import web

from gateway.admin.settings.entries import Entry, changes, general, typed_of
from gateway.admin.settings.page import refused
from gateway.admin.shell import Shell, actor_of, form_of, redirect
from gateway.clock import Clock
from gateway.messages.times import day_and_time
from gateway.operations.checklist import Checklist, Step
from gateway.operations.first_run import FirstRun
from gateway.operations.settings.desk import SettingLocked, SettingsDesk, SettingsRefused
from gateway.operations.settings.shown import zone_names

_PLACES = {
    "administrator": "/settings/sign-in",
    "clock": "/diagnostics",
    "google": "/google",
    "calendar": "/google?change=calendar#step-4",
    "device": "/devices/add",
    "meeting": "/devices",
    "alerts": "/settings/notifications",
}
"""Where a step of the checklist is done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """A type of devices to choose: its profile, its name, and one line below it."""

    profile: str
    title: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Google:
    """How it stands with Google: the account if there is one, whether it works."""

    email: str = ""
    works: bool = False


class StepPages:
    """GET and POST of /welcome/name, /welcome/google, /welcome/device and /welcome/done, and of /welcome/later.

    `tiles` are the types of devices, `devices` how many there are, `name` what this machine is called.
    """

    def __init__(
        self,
        shell: Shell,
        *,
        first_run: FirstRun,
        desk: SettingsDesk,
        checklist: Checklist,
        clock: Clock,
        google: Callable[[], Google],
        devices: Callable[[], int],
        tiles: Callable[[], Awaitable[Sequence[Tile]]],
    ) -> None:
        self._shell = shell
        self._first_run = first_run
        self._desk = desk
        self._checklist = checklist
        self._clock = clock
        self._google = google
        self._devices = devices
        self._tiles = tiles

    def add(self, app: web.Application) -> None:
        """Add the pages to `app`."""
        shell = self._shell
        shell.add(app, "GET", "/welcome/name", self.name_page)
        shell.add(app, "POST", "/welcome/name", self.name)
        shell.add(app, "GET", "/welcome/google", self.google_page)
        shell.add(app, "GET", "/welcome/google/standing", self.google_standing)
        shell.add(app, "POST", "/welcome/google", self.past_google)
        shell.add(app, "GET", "/welcome/device", self.device_page)
        shell.add(app, "POST", "/welcome/device", self.past_device)
        shell.add(app, "GET", "/welcome/done", self.done_page)
        shell.add(app, "POST", "/welcome/done", self.end)
        shell.add(app, "POST", "/welcome/later", self.end)
        shell.add(app, "GET", "/welcome/later", self.to_the_open_step)

    async def name_page(self, request: web.Request) -> web.Response:
        """GET /welcome/name."""
        return await self._name_page(request, self._entries())

    async def name(self, request: web.Request) -> web.Response:
        """POST /welcome/name."""
        form, entries = await form_of(request), self._entries()
        new, without = changes(entries, form)
        try:
            if new or without:
                await self._desk.save(new, actor_of(request), without=without)
        except SettingsRefused as error:
            typed = tuple(replace(each, value=typed_of(each, form)) for each in entries)
            wrong = next((each for each in entries if each.part in error.problems), entries[0])
            fault = refused(wrong.label, wrong.name, error.problems.get(wrong.part, str(error)))
            return await self._name_page(request, typed, fault=fault, status=fault.status)
        except SettingLocked:
            return redirect("/welcome/name")
        return redirect(f"/welcome/{await self._first_run.went_past('name')}")

    async def google_page(self, request: web.Request) -> web.Response:
        """GET /welcome/google."""
        return await self._shell.render(request, "welcome/google.html", step=4, google=self._google())

    async def google_standing(self, request: web.Request) -> web.Response:
        """GET /welcome/google/standing: the part of the page that changes by itself."""
        return await self._shell.render(request, "welcome/google_standing.html", google=self._google())

    async def past_google(self, request: web.Request) -> web.Response:
        """POST /welcome/google: it is done, or done later."""
        del request
        return redirect(f"/welcome/{await self._first_run.went_past('google')}")

    async def device_page(self, request: web.Request) -> web.Response:
        """GET /welcome/device."""
        return await self._shell.render(
            request, "welcome/device.html", step=5, tiles=await self._tiles(), devices=self._devices()
        )

    async def past_device(self, request: web.Request) -> web.Response:
        """POST /welcome/device: there is one, or there is one later."""
        del request
        return redirect(f"/welcome/{await self._first_run.went_past('device')}")

    async def done_page(self, request: web.Request) -> web.Response:
        """GET /welcome/done."""
        steps: tuple[Step, ...] = (await self._checklist.progress()).steps
        return await self._shell.render(
            request, "welcome/done.html", step=6, steps_of_list=steps, leads_to=_PLACES, open_dashboard="/"
        )

    async def end(self, request: web.Request) -> web.Response:
        """POST /welcome/done and /welcome/later: the first run is over."""
        await self._first_run.end(actor_of(request))
        return redirect("/")

    async def to_the_open_step(self, request: web.Request) -> web.Response:
        """GET of a form's address."""
        del request
        step = await self._first_run.step()
        return redirect(f"/welcome/{step}" if step else "/")

    def _entries(self) -> tuple[Entry, ...]:
        name, zone, *_ = general(self._desk.config, ())
        return name, zone

    async def _name_page(
        self, request: web.Request, entries: tuple[Entry, ...], *, fault: object = None, status: int = 200
    ) -> web.Response:
        now_ms = self._clock.now_ms()
        zone = self._desk.config.gateway.time_zone or "UTC"
        return await self._shell.render(
            request,
            "welcome/name.html",
            status=status,
            step=3,
            entries=entries,
            zones=zone_names(),
            fault=fault,
            now_ms=now_ms,
            zone_set=self._desk.config.gateway.time_zone is not None,
            clock_words=day_and_time(datetime.fromtimestamp(now_ms / 1000, UTC).astimezone(ZoneInfo(zone))),
            clock_zone=zone,
        )
