"""Opens and closes the HTTP ports; what is served there is given by the caller."""

from __future__ import annotations

import logging
import ssl

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from gateway.errors import ConfigError
from gateway.web.addresses import shown_host
from gateway.web.headers import FOR_BROWSERS
from gateway.web.problem import problem

_QUIET = logging.getLogger("gateway.web.http")
KEEP_ALIVE_S = 30.0


class Listener:
    """Open ports; `port` and `tls_port` are the real ones also when 0 (any free port) was asked for."""

    def __init__(self, runner: web.AppRunner, host: str, port: int) -> None:
        self._runner = runner
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

    async def open_tls(self, host: str, port: int, context: ssl.SSLContext) -> None:
        """Serve the same over TLS. Raises ConfigError when the address cannot be opened."""
        site = web.TCPSite(self._runner, host, port, ssl_context=context, reuse_address=True, backlog=512)
        await _start(site, "gateway.listen_tls", host, port)
        self.tls_host, self.tls_port = host, _port(self._runner, -1, port)

    async def close(self) -> None:
        """Take no new calls, let those under way end within a few seconds."""
        await self._runner.cleanup()


class _Connection(RequestHandler):
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

    def __call__(self) -> RequestHandler:
        return _Connection(self, loop=self._loop, **self._kwargs)


class _Runner(web.AppRunner):
    """Runs an application with our own connections."""

    async def _make_server(self) -> web.Server:
        server = await super()._make_server()
        server.__class__ = _Server  # it has no state of its own; aiohttp offers no other way to its connections
        return server


async def listen(app: web.Application, host: str, port: int) -> Listener:
    """Serve `app`; every caller is untrusted. Raises ConfigError when the address cannot be opened.

    No access log: it would halve the rate at which meetings are accepted. Connections that stay silent are closed
    after `KEEP_ALIVE_S`; malformed requests are answered by the parser and logged at debug level only, so that
    nobody can fill the disk from outside.
    """
    runner = _Runner(
        app,
        access_log=None,
        logger=_QUIET,
        keepalive_timeout=KEEP_ALIVE_S,
        shutdown_timeout=3.0,
        lingering_time=2.0,
        handle_signals=False,
    )
    await runner.setup()
    site = web.TCPSite(runner, host, port, reuse_address=True, backlog=512)
    try:
        await _start(site, "gateway.listen", host, port)
    except ConfigError:
        await runner.cleanup()
        raise
    return Listener(runner, host, _port(runner, 0, port))


async def _start(site: web.TCPSite, setting: str, host: str, port: int) -> None:
    try:
        await site.start()
    except OSError as error:
        raise ConfigError(
            [f"{setting}: {host}:{port} cannot be opened ({error.strerror}). Choose another port or address."]
        ) from error


def _port(runner: web.AppRunner, which: int, asked: int) -> int:
    """Return the port of the first or the last site that was opened."""
    addresses = [address for address in runner.addresses if isinstance(address, tuple)]
    return int(addresses[which][1]) if addresses else asked


def _on_this_machine(host: str) -> str:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - shown, not opened
    return f"[{host}]" if ":" in host else host
