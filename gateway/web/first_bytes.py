"""Looks at the first bytes of a connection, to tell http from TLS; what is said after them is served elsewhere."""

from __future__ import annotations

import asyncio
import re
import ssl
from asyncio.sslproto import SSLProtocol
from collections.abc import Callable
from typing import Any, Final

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from gateway.web.headers import FOR_BROWSERS
from gateway.web.problem import SERVER
from gateway.web.wrong_port import Spoken, WrongPorts

SILENT_S = 30.0
"""So long may a connection say nothing."""
_LINGER_S = 2.0
_MOST_DISCARDED = 1_048_576
_HTTP = re.compile(rb"(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) [/*h]")
_FROM_A_BROWSER = re.compile(rb"\r\naccept:[^\r\n]*text/html", re.IGNORECASE)
_NO_HTTP: Final = b"TLS\r\n\r\n"
_TLS: Final = b"\x16\x03"
"""A handshake record of any version begins so (RFC 8446, 5.1); no request of HTTP does."""
_TEXT = (
    "This port is for https, and the call came as http. Use the same address with https:// at its beginning, or the "
    "gateway's port for http.\n"
)


class NoticingConnection(RequestHandler):
    """A connection of HTTP that takes note when TLS is spoken, and refuses it as it does all that is no HTTP."""

    __slots__ = ("_begun", "wrong_ports")

    def __init__(self, manager: web.Server, wrong_ports: WrongPorts, **settings: Any) -> None:
        super().__init__(manager, **settings)
        self.wrong_ports = wrong_ports
        self._begun = False

    def data_received(self, data: bytes) -> None:
        """See `RequestHandler.data_received`; TLS may have no end of a line in it, which the parser would wait for."""
        if self._begun:
            super().data_received(data)
            return
        self._begun = True
        transport = self.transport
        if transport is None or not data.startswith(_TLS):
            super().data_received(data)
            return
        _note(self.wrong_ports, transport, "https")
        super().data_received(_NO_HTTP)


class TlsSite(web.TCPSite):
    """A port for https that answers whoever speaks http there, and takes note of it.

    A browser is answered and not noted: people read the answer.
    """

    __slots__ = ("_arrivals", "_wrong_ports")

    def __init__(
        self, runner: web.AppRunner, host: str, port: int, context: ssl.SSLContext, wrong_ports: WrongPorts
    ) -> None:
        super().__init__(runner, host, port, ssl_context=context, reuse_address=True, backlog=512)
        self._wrong_ports = wrong_ports
        self._arrivals: set[_Arrival] = set()

    async def start(self) -> None:
        """See `TCPSite.start`, which has asyncio begin with TLS at once."""
        await web.BaseSite.start(self)
        loop, server, context = asyncio.get_running_loop(), self._runner.server, self._ssl_context
        assert server is not None  # noqa: S101 - the runner was set up, or there would be no site
        assert context is not None  # noqa: S101 - given above
        self._server = await loop.create_server(
            lambda: _Arrival(server, context, self._wrong_ports, self._arrivals),
            self._host,
            self._port,
            backlog=self._backlog,
            reuse_address=self._reuse_address,
        )
        self._bound_port = int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """See `TCPSite.stop`; who has not said anything yet is let go."""
        await super().stop()
        for each in tuple(self._arrivals):
            each.let_go()


class _Arrival(asyncio.Protocol):
    """A connection until its first bytes are there."""

    def __init__(
        self,
        made: Callable[[], asyncio.Protocol],
        context: ssl.SSLContext,
        wrong_ports: WrongPorts,
        arrivals: set[_Arrival],
    ) -> None:
        self._made = made
        self._context = context
        self._wrong_ports = wrong_ports
        self._arrivals = arrivals
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._discarded = -1

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.Protocol`."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - of a socket
        self._transport = transport
        self._timer = asyncio.get_running_loop().call_later(SILENT_S, self.let_go)
        self._arrivals.add(self)

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        if self._discarded >= 0:  # the rest of a call that was answered
            self._discarded += len(data)
            if self._discarded > _MOST_DISCARDED:
                self.let_go()
        elif _HTTP.match(data):
            self._answer(data)
        else:
            self._begin_tls(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        self._leave()

    def let_go(self) -> None:
        """Close the connection at once."""
        if self._transport is not None:
            self._transport.abort()

    def _begin_tls(self, data: bytes) -> None:
        """Hand the connection over, with what was read of it, as `loop.start_tls` does where nothing was read yet."""
        transport = self._transport
        assert transport is not None  # noqa: S101 - bytes came
        self._leave()
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Any] = loop.create_future()
        done.add_done_callback(lambda ended: ended.cancelled() or ended.exception())  # who fails is closed already
        tls = SSLProtocol(loop, self._made(), self._context, done, server_side=True)
        transport.set_protocol(tls)
        tls.connection_made(transport)
        tls.get_buffer(len(data))[: len(data)] = data
        tls.buffer_updated(len(data))

    def _answer(self, data: bytes) -> None:
        transport = self._transport
        assert transport is not None  # noqa: S101 - bytes came
        if not _FROM_A_BROWSER.search(data):
            _note(self._wrong_ports, transport, "http")
        transport.write(_plain_answer(_TEXT))
        transport.write_eof()
        # What still comes is read for a while: closing before would take the answer away from who is still sending.
        self._discarded = 0
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(_LINGER_S, self.let_go)

    def _leave(self) -> None:
        self._arrivals.discard(self)
        if self._timer is not None:
            self._timer.cancel()


def _note(wrong_ports: WrongPorts, transport: asyncio.BaseTransport, spoken: Spoken) -> None:
    """Take note of who is at the other end; nothing where that is gone already."""
    peer, own = transport.get_extra_info("peername"), transport.get_extra_info("sockname")
    if peer and own:
        wrong_ports.note(str(peer[0]), spoken, int(own[1]))


def _plain_answer(text: str) -> bytes:
    headers = {
        "Server": SERVER,
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Length": str(len(text)),
        "Connection": "close",
        **FOR_BROWSERS,
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 400 Bad Request\r\n{head}\r\n{text}".encode("ascii")
