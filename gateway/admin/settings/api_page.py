"""The device API as a page for those who program devices; what stands on it comes from the contract."""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import web

from gateway.admin.shell import Shell, session_or_none
from gateway.operations.integrations.api_reference import Reference

PAGE = "/help/api"


class ApiPage:
    """GET /help/api: for administrators, and for everybody while they said so (`public`)."""

    def __init__(self, shell: Shell, reference: Callable[[], Reference], public: Callable[[], bool]) -> None:
        self._shell = shell
        self._reference = reference
        self._public = public

    def add(self, app: web.Application) -> None:
        """Add the page to `app`; before the pages of the codes, for one of which it would be taken."""
        self._shell.add(app, "GET", PAGE, self.get, public=self._public)

    async def get(self, request: web.Request) -> web.Response:
        """GET /help/api."""
        return await self._shell.render(
            request, "help/api.html", api=self._reference(), signed_in=session_or_none(request) is not None
        )
