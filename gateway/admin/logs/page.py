"""The log as a page, as a part that follows by itself, and as a file; which lines those are is decided elsewhere."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from aiohttp import web

from gateway.admin.shell import Shell, actor_of, form_of, redirect
from gateway.clock import Clock
from gateway.domain.actor import Actor
from gateway.log import Line
from gateway.messages.languages import tr
from gateway.messages.times import day_and_time, time_of_day
from gateway.operations.log_view import AREAS, LEVELS, LogView, Wanted, area_of
from gateway.operations.support_bundle.redaction import Redaction

_MOST_TEXT = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line as it is shown; `kind` is that of its badge, `word` the level, `area` where people look for it.

    `at` is its time for people, `machine` the same for programs.
    """

    line: Line
    kind: str
    word: str
    area: str
    at: str
    machine: str


class LogPages:
    """GET /logs, /logs/lines and /logs/download, POST /logs/level."""

    def __init__(
        self,
        *,
        shell: Shell,
        view: LogView,
        clock: Clock,
        redaction: Callable[[bool], Awaitable[Redaction]],
        raised: Callable[[Actor, bool], Awaitable[None]],
        zone: Callable[[], str],
    ) -> None:
        self._shell = shell
        self._view = view
        self._clock = clock
        self._redaction = redaction
        self._raised = raised
        self._zone = zone

    def add(self, app: web.Application) -> None:
        """Add the pages to `app`."""
        self._shell.add(app, "GET", "/logs", self.page)
        self._shell.add(app, "GET", "/logs/lines", self.lines)
        self._shell.add(app, "GET", "/logs/download", self.download)
        self._shell.add(app, "POST", "/logs/level", self.level)

    async def page(self, request: web.Request) -> web.Response:
        """The page with its five controls."""
        return await self._show(request, "logs/page.html")

    async def lines(self, request: web.Request) -> web.Response:
        """The lines alone, for a page that follows."""
        return await self._show(request, "logs/lines.html")

    async def download(self, request: web.Request) -> web.Response:
        """The lines as a file; addresses and subjects have other names in it unless `include` is ticked."""
        redaction = await self._redaction(request.query.get("include") == "yes")
        text = self._view.text(_wanted(request), redaction)
        headers = {"Content-Disposition": 'attachment; filename="meeting-gateway-log.txt"'}
        return web.Response(text=text, content_type="text/plain", headers=headers)

    async def level(self, request: web.Request) -> web.Response:
        """Let the log say more for a while, or as much as usual."""
        form = await form_of(request)
        more = form.get("do") == "raise"
        if more:
            self._view.raise_level()
        else:
            self._view.lower_level()
        await self._raised(actor_of(request), more)
        return redirect("/logs")

    async def _show(self, request: web.Request, template: str) -> web.Response:
        wanted, follows = _wanted(request), request.query.get("auto") == "yes"
        before = request.query.get("before", "")
        number = int(before) if before.isascii() and before.isdigit() and len(before) < 16 else None
        shown = self._view.shown(wanted, before=number)
        chosen = {"level": wanted.level, "area": wanted.area, "device": wanted.device, "text": wanted.text}
        query = {name: value for name, value in chosen.items() if value}
        zone = ZoneInfo(self._zone())
        today = datetime.fromtimestamp(self._clock.now_ms() / 1000, zone).date()
        wraps = request.query.get("wrap") == "yes"
        kept = {**query, **({"auto": "yes"} if follows else {}), **({"wrap": "yes"} if wraps else {})}
        return await self._shell.render(
            request,
            template,
            rows=[_row(line, zone, today) for line in shown.lines],
            wanted=wanted,
            levels=[("", tr("All levels")), *((name, _level(name)) for name in LEVELS)],
            areas=[("", tr("All areas")), *((name, name) for name in AREAS)],
            devices=[("", tr("All devices")), *((name, name) for name in self._view.devices())],
            follows=follows and number is None,
            wraps=wraps,
            is_newest=number is None,
            newer=f"/logs?{urlencode(kept)}" if number is not None else "",
            older=f"/logs?{urlencode({**kept, 'before': shown.lines[-1].number})}" if shown.more else "",
            again=f"/logs/lines?{urlencode(kept)}",
            query=query,
            raised_for=round(self._view.raised_for_s / 60 + 0.49),
        )


def _wanted(request: web.Request) -> Wanted:
    query = request.query
    level, area = query.get("level", ""), query.get("area", "")
    return Wanted(
        level=level if level in LEVELS else "",
        area=area if area in AREAS else "",
        text=query.get("text", "")[:_MOST_TEXT].strip(),
        device=query.get("device", "")[:_MOST_TEXT],
    )


def _row(line: Line, zone: ZoneInfo, today: date) -> Row:
    then = datetime.fromtimestamp(line.at_ms / 1000, zone)
    name = next((name for name, number in reversed(LEVELS.items()) if line.level >= number), "debug")
    kind = {"error": "bad", "warning": "warn", "info": "info"}.get(name, "off")
    return Row(
        line=line,
        kind=kind,
        word=_level(name),
        area=area_of(line) or line.area.rpartition(".")[2],
        at=(time_of_day if then.date() == today else day_and_time)(then, seconds=True),
        machine=then.isoformat(),
    )


def _level(name: str) -> str:
    return {"debug": tr("Debug"), "info": tr("Info"), "warning": tr("Warning"), "error": tr("Error")}[name]
