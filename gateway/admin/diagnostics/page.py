"""The checks and their summary as pages; what is looked at is decided elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from aiohttp import web

from gateway.admin.diagnostics.recording_page import recording_shown
from gateway.admin.shell import Shell, redirect
from gateway.clock import Clock
from gateway.messages.languages import tr
from gateway.operations.doctor.doctor import Asked, Doctor, Finding, worst
from gateway.operations.recording import Recorder
from gateway.operations.support_bundle.bundle import Bundle

_BADGES = {"ok": "ok", "warn": "warn", "fail": "bad", "skip": "off"}
_LONGEST_TIME = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A check as it is shown; without a `finding` it was not run yet."""

    id: str
    title: str
    finding: Finding | None = None

    @property
    def kind(self) -> str:
        """The kind of its badge."""
        return _BADGES[self.finding.state] if self.finding is not None else "off"

    @property
    def word(self) -> str:
        """Its state in a word."""
        state = self.finding.state if self.finding is not None else ""
        return {
            "ok": tr("OK"),
            "warn": tr("Warning"),
            "fail": tr("Failed"),
            "skip": tr("Left out"),
            "": tr("Not run yet"),
        }[state]


class DiagnosticsPages:
    """GET and POST of /diagnostics and what is below it."""

    def __init__(
        self,
        *,
        shell: Shell,
        doctor: Doctor,
        bundle: Bundle,
        recorder: Recorder,
        clock: Clock,
        zone: Callable[[], str],
    ) -> None:
        self._shell = shell
        self._doctor = doctor
        self._bundle = bundle
        self._recorder = recorder
        self._clock = clock
        self._zone = zone
        self._found: dict[str, Finding] = {}
        self._at_ms: int | None = None

    def add(self, app: web.Application) -> None:
        """Add the pages to `app`."""
        add = self._shell.add
        add(app, "GET", "/diagnostics", self.page)
        add(app, "POST", "/diagnostics", self.run_all)
        add(app, "GET", "/diagnostics/checks", self.checks)
        add(app, "GET", "/diagnostics/check/{check}", self.check)
        add(app, "GET", "/diagnostics/summary", self.summary)
        add(app, "POST", "/diagnostics/test-event", self.test_event)

    async def page(self, request: web.Request) -> web.Response:
        """What the last checks found."""
        return await self._shell.render(
            request,
            "diagnostics/page.html",
            rows=self._rows(),
            at_ms=self._at_ms,
            zone=self._zone(),
            worst=worst(self._usual()) if self._at_ms is not None else "",
            summary=await self._summary(),
            running=False,
            ended=False,
            recording=recording_shown(self._recorder),
        )

    async def run_all(self, request: web.Request) -> web.Response:
        """Run all checks and show what they found."""
        self._remember(await self._doctor.run(asked=self._asked(request)))
        return redirect("/diagnostics#checks")

    async def checks(self, request: web.Request) -> web.Response:
        """The list of checks, each of which then fills in by itself."""
        self._at_ms = self._clock.now_ms()
        rows = [Row(id=each, title=title) for each, title in self._doctor.usual]
        return await self._shell.render(
            request, "diagnostics/checks.html", rows=rows, at_ms=self._at_ms, zone=self._zone(), running=True, worst=""
        )

    async def check(self, request: web.Request) -> web.Response:
        """Run one check and show what it found."""
        check_id = request.match_info["check"]
        if check_id not in dict(self._doctor.usual):
            raise web.HTTPNotFound
        (finding,) = await self._doctor.run([check_id], self._asked(request))
        self._remember([finding])
        row = Row(id=finding.id, title=finding.title, finding=finding)
        response = await self._shell.render(request, "diagnostics/check.html", row=row, running=False)
        response.headers["HX-Trigger"] = "check-done"
        return response

    async def summary(self, request: web.Request) -> web.Response:
        """The summary alone, for a page on which checks have ended."""
        return await self._shell.render(
            request,
            "diagnostics/summary.html",
            summary=await self._summary(),
            at_ms=self._at_ms,
            zone=self._zone(),
            ended=self._at_ms is not None,
        )

    async def test_event(self, request: web.Request) -> web.Response:
        """Write, read and delete a test event."""
        del request
        self._remember(await self._doctor.run(["test-event"]))
        return redirect("/diagnostics#check-test-event")

    def _asked(self, request: web.Request) -> Asked:
        """Return what the request tells of the browser; its clock is told by the script of the page."""
        told = request.headers.get("X-Browser-Time", "")
        known = told.isascii() and told.isdigit() and len(told) < _LONGEST_TIME
        origin = self._shell.public_origin if self._shell.public_origin.endswith(f"//{request.host}") else ""
        address = origin or f"{request.scheme}://{request.host}"
        return Asked(browser_ms=int(told) if known else None, address=address)

    def _remember(self, findings: Sequence[Finding]) -> None:
        self._at_ms = self._clock.now_ms()
        self._found |= {finding.id: finding for finding in findings}

    def _usual(self) -> list[Finding]:
        return [self._found[each] for each, _ in self._doctor.usual if each in self._found]

    def _rows(self) -> list[Row]:
        rows = [Row(id=each, title=title, finding=self._found.get(each)) for each, title in self._doctor.usual]
        extra = self._found.get("test-event")
        return [*rows, Row(id=extra.id, title=extra.title, finding=extra)] if extra is not None else rows

    async def _summary(self) -> list[str]:
        return await self._bundle.summary(self._usual()) if self._found else []
