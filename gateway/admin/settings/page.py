"""The ordinary pages of the settings, and About; what may be saved is decided in `config`, by the desk."""

from __future__ import annotations

import asyncio
import platform
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, replace
from importlib import resources
from types import MappingProxyType
from typing import Any

from aiohttp import web

from gateway import __version__, messages
from gateway.admin.conflicts import Difference, conflict, version_of
from gateway.admin.door_pages import Fault
from gateway.admin.settings.entries import Entry, changes, general, integrations, meetings, network, typed_of
from gateway.admin.settings.tabs import settings_tabs, tab_of
from gateway.admin.shell import Shell, actor_of, form_of, redirect
from gateway.config import Config
from gateway.messages import Message
from gateway.messages.languages import tr
from gateway.operations.settings.check import findings
from gateway.operations.settings.desk import SettingLocked, SettingsDesk, SettingsRefused
from gateway.operations.settings.shown import zone_names

_PAGES: Mapping[str, Callable[[Config, Collection[str]], tuple[Entry, ...]]] = {
    "/settings": general,
    "/settings/integrations": integrations,
    "/settings/meetings": meetings,
    "/settings/network": network,
}
_TEMPLATES = {
    "/settings": "settings/general.html",
    "/settings/integrations": "settings/integrations.html",
    "/settings/meetings": "settings/meetings.html",
    "/settings/network": "settings/network.html",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """What the pages of the settings work with; `at_once` are the settings that count as soon as they are saved."""

    shell: Shell
    desk: SettingsDesk
    at_once: Collection[str]

    @property
    def zone(self) -> str:
        """The time zone of the pages."""
        return self.desk.config.gateway.time_zone or "UTC"

    async def render(
        self, request: web.Request, template: str, *, status: int = 200, **context: object
    ) -> web.Response:
        """Return a page of the settings with its tabs."""
        return await self.shell.render(
            request,
            template,
            status=status,
            zone=self.zone,
            saved_problems=await self.desk.saved_problems(),
            **{"tabs": settings_tabs(), "here": tab_of(request.path), **context},
        )


class SettingsPages:
    """GET and POST of /settings, /settings/meetings, /settings/network, and /settings/about."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.beside: dict[str, Callable[[web.Request], Awaitable[dict[str, object]]]] = {}
        """What further things on a page, by its address, have to show."""

    def add(self, app: web.Application) -> None:
        """Add the pages to `app`."""
        shell = self.office.shell
        for path in _PAGES:
            shell.add(app, "GET", path, self.get)
            shell.add(app, "POST", path, self.save)
        shell.add(app, "GET", "/settings/about", self.about)
        shell.add(app, "POST", "/settings/check", self.check)
        shell.add(app, "GET", "/settings/check", self.to_about)

    async def get(self, request: web.Request) -> web.Response:
        """Show one of the pages."""
        return await self.show(request, _path(request))

    async def save(self, request: web.Request) -> web.Response:
        """Save one of the pages."""
        form, entries = await form_of(request), self._entries(_path(request))
        clash = await conflict(
            self.office.shell,
            request,
            stored=_version(entries),
            differences=[Difference(each.label, each.value, typed_of(each, form)) for each in entries],
        )
        if clash is not None:
            return clash
        new, without = changes(entries, form)
        try:
            if new or without:
                await self.office.desk.save(new, actor_of(request), without=without)
        except SettingsRefused as error:
            typed = tuple(replace(each, value=typed_of(each, form)) for each in entries)
            return await self.show(request, _path(request), typed, fault=fault_at(entries, error))
        except SettingLocked:
            return redirect(_path(request))  # whoever set it elsewhere meanwhile is stronger; the page says so now
        later = any(each.part in {*new, *without} and not each.at_once for each in entries)
        return redirect(f"{_path(request)}?{'later' if later else 'saved'}")

    async def about(self, request: web.Request) -> web.Response:
        """GET /settings/about."""
        return await self._about(request, None)

    async def check(self, request: web.Request) -> web.Response:
        """POST /settings/check: what is wrong with the files now, before somebody restarts the gateway."""
        return await self._about(request, await asyncio.to_thread(findings, self.office.desk.config))

    async def to_about(self, request: web.Request) -> web.Response:
        """GET /settings/check: whoever comes back to the answer."""
        del request
        return redirect("/settings/about#check")

    async def _about(self, request: web.Request, faults: list[Message] | None) -> web.Response:
        config = self.office.desk.config
        return await self.office.render(
            request,
            "settings/about.html",
            here="/settings/about",
            version=__version__,
            python=platform.python_version(),
            system=platform.platform(),
            vendored=await asyncio.to_thread(_vendored),
            checked=faults is not None,
            faults=faults or [],
            file=str(config.path) if config.path is not None else "",
            data_dir=str(config.gateway.data_dir),
        )

    async def show(
        self,
        request: web.Request,
        path: str,
        typed: tuple[Entry, ...] = (),
        *,
        fault: Fault | None = None,
        more: Mapping[str, object] = MappingProxyType({}),
    ) -> web.Response:
        """Return the page at `path`, with `typed` in its form; `more` is stronger than what its further things say."""
        config, entries = self.office.desk.config, self._entries(path)
        beside = await self.beside[path](request) if path in self.beside else {}
        return await self.office.render(
            request,
            _TEMPLATES[path],
            status=200 if fault is None else fault.status,
            here=path,
            entries=typed or entries,
            version=_version(entries),
            fault=fault,
            done="later" if "later" in request.query else "saved" if "saved" in request.query else "",
            zones=zone_names(),
            read_only=config.google.read_only,
            **{**beside, **more},
        )

    def _entries(self, path: str) -> tuple[Entry, ...]:
        return _PAGES[path](self.office.desk.config, self.office.at_once)


def _path(request: web.Request) -> str:
    """Return the address of the page, however a proxy before us calls it."""
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else request.path


def _version(entries: tuple[Entry, ...]) -> str:
    return version_of(*(each.value for each in entries))


def fault_at(entries: tuple[Entry, ...], error: SettingsRefused) -> Fault:
    """Return the first thing that is wrong, at its field."""
    for entry in entries:
        if entry.part in error.problems:
            return refused(entry.label, entry.name, error.problems[entry.part])
    return refused(tr("This setting"), "", str(error))


def refused(label: str, field: str, reason: str) -> Fault:
    """Return why a setting cannot be saved, at its field."""
    sentence = f"{reason[:1].upper()}{reason[1:]}".rstrip(".")
    sentence += "" if sentence.endswith("?") else "."
    return Fault(message=messages.text("C-14", setting=label, reason=sentence), field=field)


def _vendored() -> list[dict[str, Any]]:
    """Return name, version and licence of what others made in the static files."""
    import tomllib

    text = (resources.files("gateway.admin") / "static" / "vendor.toml").read_text("utf-8")
    files: list[dict[str, Any]] = tomllib.loads(text).get("file", [])
    return files
