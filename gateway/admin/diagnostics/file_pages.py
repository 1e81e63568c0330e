"""Files for those who help, as pages: gathered on request, looked at one by one, downloaded; their content is given."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from gateway.admin.google.shelf import Shelf
from gateway.admin.shell import Shell, form_of, redirect, session_of
from gateway.clock import Clock
from gateway.operations.support_bundle.bundle import BundleFile, name_at, zipped

_LONGEST_PREVIEW = 200_000
_MOST_PEOPLE = 4


@dataclass(frozen=True, slots=True)
class Gathered:
    """The files that somebody asked for; `of` is what they were made of, to tell them from older ones."""

    of: object
    files: list[BundleFile]


class FilePages:
    """GET and POST of `at`, GET of `at`/download and `at`/file/N; files are kept for ten minutes for who made them.

    `make` is given whether addresses and subjects stay; it returns None when there is nothing to make them of. `source`
    is what they are made of now, and `values` are what the template shows besides.
    """

    def __init__(
        self,
        *,
        shell: Shell,
        clock: Clock,
        at: str,
        template: str,
        called: str,
        make: Callable[[bool], Awaitable[list[BundleFile] | None]],
        source: Callable[[], object] = lambda: None,
        values: Callable[[], dict[str, Any]] = dict,
    ) -> None:
        self._shell = shell
        self._clock = clock
        self._at = at
        self._template = template
        self._called = called
        self._make = make
        self._source = source
        self._values = values
        self._kept: Shelf[Gathered] = Shelf(clock, most=_MOST_PEOPLE)

    def add(self, app: web.Application) -> None:
        """Add the pages to `app`."""
        add = self._shell.add
        add(app, "GET", self._at, self.get)
        add(app, "POST", self._at, self.gather)
        add(app, "GET", f"{self._at}/download", self.download)
        add(app, "GET", f"{self._at}/file/{{number}}", self.file)

    async def get(self, request: web.Request) -> web.Response:
        """The files that were made last, and what to press for others."""
        return await self._show(request, self._files(request))

    async def gather(self, request: web.Request) -> web.Response:
        """Gather the files; they are kept for this session for a while."""
        form = await form_of(request)
        source = self._source()
        files = await self._make(form.get("include") == "yes")
        if files is None:
            return redirect(self._at)
        self._kept.put(session_of(request).key, Gathered(source, files))
        return redirect(f"{self._at}#files")

    async def download(self, request: web.Request) -> web.Response:
        """All of them as a zip file."""
        files = self._files(request)
        if files is None:
            return redirect(self._at)
        name = name_at(self._clock.now_ms(), self._called)
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return web.Response(body=zipped(files), content_type="application/zip", headers=headers)

    async def file(self, request: web.Request) -> web.Response:
        """One file, as it will be sent."""
        files, number = self._files(request), request.match_info["number"]
        if files is None:
            return redirect(self._at)
        if not (number.isascii() and number.isdigit() and int(number[:6]) < len(files)):
            raise web.HTTPNotFound
        shown = files[int(number[:6])]
        text = shown.text[:_LONGEST_PREVIEW]
        return await self._show(
            request,
            files,
            shown=BundleFile(name=shown.name, text=text),
            number=int(number[:6]),
            cut=len(text) < len(shown.text),
        )

    def _files(self, request: web.Request) -> list[BundleFile] | None:
        kept = self._kept.get(session_of(request).key)
        return None if kept is None or kept.of is not self._source() else kept.files

    async def _show(self, request: web.Request, files: list[BundleFile] | None, **more: Any) -> web.Response:
        known = {"shown": None, "number": None, "cut": False, **more}
        return await self._shell.render(request, self._template, at=self._at, files=files, **self._values(), **known)
