"""The dashboard and its parts that refresh themselves: gathered elsewhere, shown here, and its few buttons."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from gateway.admin.dashboard import words
from gateway.admin.meetings.words import badge
from gateway.admin.shell import Shell, actor_of, form_of, redirect
from gateway.clock import Clock
from gateway.operations.checklist import Checklist
from gateway.operations.overview.activity import Activity
from gateway.operations.overview.overview import Overview
from gateway.store.pending import PendingRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """What the dashboard is made of.

    `profile` gives the title of a profile by its id, `device` the name of a device; `zone` is the time zone shown.
    """

    shell: Shell
    clock: Clock
    overview: Overview
    activity: Activity
    checklist: Checklist
    profile: Callable[[str], str]
    device: Callable[[str], str]
    zone: Callable[[], str]


class DashboardPage:
    """GET /dashboard, its parts, and what can be pressed there."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def add(self, app: web.Application) -> None:
        """Add the pages."""
        shell = self._office.shell
        shell.add(app, "GET", "/dashboard", self.get)
        shell.add(app, "GET", "/dashboard/glance", self.glance)
        shell.add(app, "GET", "/dashboard/agenda", self.agenda)
        shell.add(app, "GET", "/dashboard/activity", self.activity)
        shell.add(app, "POST", "/dashboard/put-off", self.put_off)
        shell.add(app, "POST", "/dashboard/take-up", self.take_up)
        shell.add(app, "POST", "/dashboard/checklist/dismiss", self.dismiss)

    async def get(self, request: web.Request) -> web.Response:
        """GET /dashboard."""
        known = {**await self._glance(), **await self._agenda(), **await self._activity()}
        return await self._office.shell.render(request, "dashboard/page.html", **known)

    async def glance(self, request: web.Request) -> web.Response:
        """GET /dashboard/glance: lights, problems, who waits; `?told=` is how many problems people know of."""
        known, told = await self._glance(), request.query.get("told", "")
        if told.isascii() and told.isdigit():
            known["told"] = int(told[:6])
        return await self._office.shell.render(request, "dashboard/glance.html", **known)

    async def agenda(self, request: web.Request) -> web.Response:
        """GET /dashboard/agenda: the next meetings and the picture of today."""
        return await self._office.shell.render(request, "dashboard/agenda.html", **await self._agenda())

    async def activity(self, request: web.Request) -> web.Response:
        """GET /dashboard/activity: what happened last."""
        return await self._office.shell.render(request, "dashboard/activity.html", **await self._activity())

    async def put_off(self, request: web.Request) -> web.Response:
        """POST /dashboard/put-off: remind me in two days."""
        form = await form_of(request)
        await self._office.overview.put_off(form.get("key", ""), actor_of(request))
        return redirect("/dashboard#attention")

    async def take_up(self, request: web.Request) -> web.Response:
        """POST /dashboard/take-up: show it again."""
        form = await form_of(request)
        await self._office.overview.take_up(form.get("key", ""), actor_of(request))
        return redirect("/dashboard#attention")

    async def dismiss(self, request: web.Request) -> web.Response:
        """POST /dashboard/checklist/dismiss."""
        await self._office.checklist.dismiss(actor_of(request))
        return redirect("/dashboard")

    async def _glance(self) -> dict[str, Any]:
        office = self._office
        glance, progress = await office.overview.glance(), await office.checklist.progress()
        return {
            "glance": glance,
            "strangers": _by_name(glance.waiting),
            "profile": office.profile,
            "progress": progress,
            "step_link": words.PLACES.__getitem__,
            "light_link": words.light_link,
            "own_link": words.own_link,
            "zone": office.zone(),
        }

    async def _agenda(self) -> dict[str, Any]:
        agenda = await self._office.overview.agenda()
        return {
            "agenda": agenda,
            "bars": words.bars(agenda.today),
            "picture_words": words.picture_words(agenda.today),
            "picture_height": words.PICTURE_HEIGHT,
            "badge_of": badge,
            "clock_of": words.clock_of,
            "device_name": self._office.device,
            "zone": self._office.zone(),
        }

    async def _activity(self) -> dict[str, Any]:
        zone, now_s = self._office.zone(), self._office.clock.now_ms() // 1000
        return {
            "lines": await self._office.activity.last(),
            "badge_of": badge,
            "log_time": lambda at_ms: words.log_time(at_ms, now_s, zone),
        }


def _by_name(rows: tuple[PendingRow, ...]) -> list[tuple[PendingRow, int]]:
    """Return the last call of each name that waits, with how many addresses used the name."""
    found: dict[str, list[PendingRow]] = {}
    for row in rows:
        found.setdefault(row.name, []).append(row)
    return [(each[0], len({row.address for row in each})) for each in found.values()]
