"""GET /logs/audit and its download: which lines are asked for and how they look; the table itself is read elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from aiohttp import web

from gateway.admin.dashboard import words
from gateway.admin.shell import Shell
from gateway.messages.languages import tr
from gateway.operations.overview.audit import ACTORS, MOST_DOWNLOADED, NOUNS, AuditLog
from gateway.store.audit import Wanted

_LONGEST = 100
_FIELDS = ("who", "what", "text", "from", "to")


class AuditPages:
    """The audit log. `zone` is the time zone whose days can be asked for."""

    def __init__(self, *, shell: Shell, log: AuditLog, zone: Callable[[], str]) -> None:
        self._shell = shell
        self._log = log
        self._zone = zone

    def add(self, app: web.Application) -> None:
        """Add the pages."""
        self._shell.add(app, "GET", "/logs/audit", self.get)
        self._shell.add(app, "GET", "/logs/audit.csv", self.csv)

    async def get(self, request: web.Request) -> web.Response:
        """GET /logs/audit."""
        asked = _asked(request)
        before, after = (_number(request.query.get(name, "")) for name in ("before", "after"))
        page = await self._log.page(self._wanted(asked), before=before, after=after)
        kept = {name: value for name, value in asked.items() if value}
        return await self._shell.render(
            request,
            "dashboard/audit.html",
            page=page,
            asked=asked,
            filtered=bool(kept),
            zone=self._zone(),
            who_options=_who(),
            what_options=_what(),
            newer=_place(kept, "after", page.newer),
            older=_place(kept, "before", page.older),
            csv=f"/logs/audit.csv?{urlencode(kept)}" if kept else "/logs/audit.csv",
            most=MOST_DOWNLOADED,
            instant=words.instant,
        )

    async def csv(self, request: web.Request) -> web.Response:
        """GET /logs/audit.csv."""
        text = await self._log.csv(self._wanted(_asked(request)))
        headers = {"Content-Disposition": 'attachment; filename="audit.csv"'}
        return web.Response(text=text, content_type="text/csv", headers=headers)

    def _wanted(self, asked: Mapping[str, str]) -> Wanted:
        return Wanted(
            actors=ACTORS.get(asked["who"], ()),
            nouns=NOUNS.get(asked["what"], ()),
            text=asked["text"],
            from_ms=self._midnight(asked["from"]),
            to_ms=self._midnight(asked["to"], days=1),
        )

    def _midnight(self, text: str, days: int = 0) -> int | None:
        """Return when a day begins, or the day after it; None for what is no day."""
        try:
            day = date.fromisoformat(text) + timedelta(days=days)
            return int(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(self._zone())).timestamp() * 1000)
        except (ValueError, OverflowError):
            return None


def _asked(request: web.Request) -> dict[str, str]:
    return {name: request.query.get(name, "").strip()[:_LONGEST] for name in _FIELDS}


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


def _place(kept: Mapping[str, str], name: str, number: int) -> str:
    return f"/logs/audit?{urlencode({**kept, name: number})}" if number else ""


def _who() -> list[tuple[str, str]]:
    return [
        ("", tr("Everybody")),
        ("people", tr("People")),
        ("devices", tr("Devices")),
        ("gateway", tr("The gateway")),
        ("nobody", tr("Not signed in")),
    ]


def _what() -> list[tuple[str, str]]:
    return [
        ("", tr("Everything")),
        ("sign-in", tr("Sign-in and administrators")),
        ("google", tr("Google")),
        ("devices", tr("Devices")),
        ("meetings", tr("Meetings")),
        ("calendars", tr("Calendars")),
        ("settings", tr("Settings and backups")),
    ]
