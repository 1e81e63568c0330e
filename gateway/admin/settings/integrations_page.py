"""What stands on the page Integrations beside its form, and the files for those who watch; nothing is decided here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from importlib import resources

from aiohttp import web

from gateway.admin.settings.entries import set_by
from gateway.admin.settings.feeds_page import FeedPages
from gateway.admin.settings.page import SettingsPages
from gateway.operations.integrations.standing import Integrations

PAGE = "/settings/integrations"
_FILES = {"grafana.json": "application/json", "alert-rules.yml": "application/yaml"}


class IntegrationsPages:
    """The further things on /settings/integrations; `pages` shows the page."""

    def __init__(
        self,
        pages: SettingsPages,
        standing: Callable[[], Awaitable[Integrations]],
        certificate: Callable[[], Awaitable[bytes]],
        feeds: FeedPages,
    ) -> None:
        self._feeds = feeds
        self._pages = pages
        self._certificate = certificate
        self._standing = standing

    def add(self, app: web.Application) -> None:
        """Add the files to `app`, and how things stand to the page."""
        for name in _FILES:
            self._pages.office.shell.add(app, "GET", f"{PAGE}/{name}", self.download)
        self._pages.office.shell.add(app, "GET", f"{PAGE}/meeting-gateway.crt", self.download_certificate)
        self._feeds.add(app)
        self._pages.beside[PAGE] = self.context

    async def context(self, request: web.Request) -> dict[str, object]:
        """Return what the page shows beside its form."""
        given = await self._standing()
        return {"given": given, "token_set": set_by(given.token_set), **await self._feeds.context(request)}

    async def download(self, request: web.Request) -> web.Response:
        """GET of a file to take along: a Grafana dashboard, rules for alerts."""
        name = request.path.rpartition("/")[2]
        body = (resources.files("gateway.operations.integrations") / name).read_bytes()
        return _file(body, f"meeting-gateway-{name}", _FILES[name])

    async def download_certificate(self, request: web.Request) -> web.Response:
        """GET of the certificate, without its key: for programs that shall know the gateway by it."""
        del request
        return _file(await self._certificate(), "meeting-gateway.crt", "application/x-pem-file")


def _file(body: bytes, name: str, kind: str) -> web.Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return web.Response(body=body, content_type=kind, headers=headers)
