"""Opens and closes the HTTP ports; what is served there is given by the caller."""

from __future__ import annotations

import logging
import ssl
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from gateway.clock import Clock, SystemClock
from gateway.errors import CannotListen
from gateway.web.addresses import shown_host
from gateway.web.first_bytes import NoticingConnection, TlsSite
from gateway.web.headers import FOR_BROWSERS
from gateway.web.problem import problem
from gateway.web.wrong_port import WrongPorts

_QUIET = logging.getLogger("gateway.web.http")
KEEP_ALIVE_S = 30.0
_CLOCK = SystemClock()
PLAIN: Final = "gateway.listen"
TLS: Final = "gateway.listen_tls"
"""The settings of the two addresses."""


@dataclass(frozen=True, slots=True)
class _Opened:
    """One open port; `port` is the real one."""

    site: web.TCPSite
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Beside:
    """Ports that are open beside those of a listener, which still are; None where nothing is to change."""

    plain: _Opened | None
    tls: _Opened | None


class Listener:
    """Open ports; `port` and `tls_port` are the real ones also when 0 (any free port) was asked for.

    `wrong_ports` knows who lately spoke https to the one for http, or the reverse.
    """

    def __init__(self, runner: web.AppRunner, host: str, port: int, wrong_ports: WrongPorts) -> None:
        self._runner = runner
        self.wrong_ports = wrong_ports
        self._context: ssl.SSLContext | None = None
        self._sites: dict[str, web.TCPSite] = {}
        self.host = host
        self.port = port
        self.tls_host = ""
        self.tls_port: int | None = None

    @property
    def app(self) -> web.Application:
        """What is served."""
        return self._runner.app

    @property
    def url(self) -> str:
        """The address for people and programs on this machine."""
        return f"http://{_on_this_machine(self.host)}:{self.port}"

    @property
    def https_url(self) -> str:
        """The https address for people and programs on this machine; empty before `open_tls`."""
        return f"https://{_on_this_machine(self.tls_host)}:{self.tls_port}" if self.tls_port is not None else ""

    @property
    def https_for_others(self) -> str:
        """The https address for people at other machines; empty before `open_tls`."""
        return f"https://{shown_host(self.tls_host)}:{self.tls_port}" if self.tls_port is not None else ""

    async def open_plain(self, host: str, port: int) -> None:
        """Serve without encryption. Raises CannotListen."""
        opened = await self._open(PLAIN, host, port)
        self._sites[PLAIN], self.host, self.port = opened.site, host, opened.port

    async def open_tls(self, host: str, port: int, context: ssl.SSLContext) -> None:
        """Serve the same over TLS. Raises CannotListen."""
        self._context = context
        opened = await self._open(TLS, host, port)
        self._sites[TLS], self.tls_host, self.tls_port = opened.site, host, opened.port

    async def open_beside(self, plain: tuple[str, int] | None, tls: tuple[str, int] | None) -> Beside:
        """Serve at further ports too, until `adopt` or `drop`. Raises CannotListen; then none of them is open."""
        first = await self._open(PLAIN, *plain) if plain is not None else None
        try:
            second = await self._open(TLS, *tls) if tls is not None else None
        except BaseException:
            if first is not None:
                await first.site.stop()
            raise
        return Beside(first, second)

    async def adopt(self, beside: Beside) -> None:
        """Take ports that were opened beside in place of those until now, which take no new connections."""
        left = []
        if beside.plain is not None:
            left.append(self._sites[PLAIN])
            self._sites[PLAIN], self.host, self.port = beside.plain.site, beside.plain.host, beside.plain.port
        if beside.tls is not None:
            left.append(self._sites[TLS])
            self._sites[TLS], self.tls_host, self.tls_port = beside.tls.site, beside.tls.host, beside.tls.port
        for site in left:
            await site.stop()

    async def drop(self, beside: Beside) -> None:
        """Close ports that were opened beside."""
        for opened in (beside.plain, beside.tls):
            if opened is not None:
                await opened.site.stop()

    async def close(self) -> None:
        """Take no new calls, let those under way end within a few seconds."""
        await self._runner.cleanup()

    async def _open(self, setting: str, host: str, port: int) -> _Opened:
        if setting == TLS and self._context is not None:
            site: web.TCPSite = TlsSite(self._runner, host, port, self._context, self.wrong_ports)
        else:
            site = web.TCPSite(self._runner, host, port, reuse_address=True, backlog=512)
        try:
            await site.start()
        except OSError as error:
            await site.stop()  # which aiohttp counts as open even when it could not be opened
            problem = f"{setting}: {host}:{port} cannot be opened ({error.strerror}). Choose another port or address."
            raise CannotListen(setting, problem, error.errno or 0) from error
        return _Opened(site, host, site.port)


class _Connection(NoticingConnection):
    """A connection whose errors below the middleware look like all others, and repeat nothing of what was sent."""

    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """See `RequestHandler.handle_error`; its `message` quotes the bytes that could not be read."""
        del message
        _QUIET.debug("a request could not be read", exc_info=exc)
        if request.writer.output_size > 0:
            raise ConnectionError("part of an answer was sent already")
        code, text = ("internal", "The gateway failed on this call.") if status >= 500 else ("unreadable", _UNREADABLE)
        response = problem(status, code, text, headers=dict(FOR_BROWSERS))
        response.force_close()
        return response


_UNREADABLE = "This is no HTTP request that the gateway can read."


class _Server(web.Server):
    """Makes our own connections; everything else is aiohttp's."""

    wrong_ports: WrongPorts

    def __call__(self) -> RequestHandler:
        return _Connection(self, self.wrong_ports, loop=self._loop, **self._kwargs)


class _Runner(web.AppRunner):
    """Runs an application with our own connections."""

    def __init__(self, app: web.Application, wrong_ports: WrongPorts, **settings: Any) -> None:
        super().__init__(app, **settings)
        self._wrong_ports = wrong_ports

    async def _make_server(self) -> web.Server:
        server = await super()._make_server()
        server.__class__ = _Server  # aiohttp offers no other way to its connections
        assert isinstance(server, _Server)  # noqa: S101 - by the line above
        server.wrong_ports = self._wrong_ports
        return server


async def listen(app: web.Application, host: str, port: int, clock: Clock = _CLOCK) -> Listener:
    """Serve `app`; every caller is untrusted. Raises CannotListen.

    No access log: it would halve the rate at which meetings are accepted. Connections that stay silent are closed
    after `KEEP_ALIVE_S`; malformed requests are answered by the parser and logged at debug level only, so that
    nobody can fill the disk from outside.
    """
    wrong_ports = WrongPorts(clock)
    runner = _Runner(
        app,
        wrong_ports,
        access_log=None,
        logger=_QUIET,
        keepalive_timeout=KEEP_ALIVE_S,
        shutdown_timeout=3.0,
        lingering_time=2.0,
        handle_signals=False,
    )
    await runner.setup()
    listener = Listener(runner, host, port, wrong_ports)
    try:
        await listener.open_plain(host, port)
    except CannotListen:
        await runner.cleanup()
        raise
    return listener


def _on_this_machine(host: str) -> str:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - shown, not opened
    return f"[{host}]" if ":" in host else host
