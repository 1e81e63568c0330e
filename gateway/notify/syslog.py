"""Alerts as syslog messages (RFC 5424), over UDP (RFC 5426) or a socket of this machine; it waits for no answer."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import socket
from dataclasses import dataclass
from datetime import UTC, datetime

from gateway import __version__
from gateway.notify.alert import Alert, plain
from gateway.notify.reasons import reason
from gateway.notify.webhook import Taken, Told

FACILITY_DAEMON = 3
_SEVERITIES = {"error": 3, "warning": 4, "info": 6}
MOST_BYTES = 2048
"""What a receiver should be able to take (RFC 5424, 6.1)."""
_APP = "meeting-gateway"
_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SyslogServer:
    """A host and its UDP port, or the path of a socket."""

    host: str = ""
    port: int = 514
    path: str = ""

    @property
    def shown(self) -> str:
        """As it is written in the settings."""
        return self.path or f"{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"


def server_of(address: str) -> SyslogServer:
    """Read `host:port`, `[address]:port`, a host alone, or the path of a socket. ValueError says what is wrong."""
    if address.startswith("/"):
        return SyslogServer(path=address)
    host, colon, port = address.rpartition(":")
    if not colon or (":" in host and not host.startswith("[")):
        host, port = address, "514"
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65_536:
        raise ValueError("must be host:port, or the path of a socket")
    return SyslogServer(host=host, port=int(port))


class SyslogChannel:
    """Sends alerts to a syslog server. Over UDP nobody says whether they arrived."""

    name = "syslog"

    def __init__(self, server: SyslogServer) -> None:
        self._server = server

    async def send(self, alert: Alert, *, now_s: int) -> Told:
        """Send a message once; `now_s` is not needed, the message carries when it happened."""
        del now_s
        message = line(alert, host=socket.gethostname())
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                if self._server.path:
                    _to_socket(self._server.path, message)
                else:
                    await _to_host(self._server, message)
        except TimeoutError:
            return Told(taken=Taken.LATER, text=f"The name {self._server.host} was not resolved in time.")
        except socket.gaierror:
            return Told(taken=Taken.LATER, text=f"The name {self._server.host} can't be resolved.")
        except (OSError, UnicodeError) as error:
            text = f"Nothing takes syslog messages at {self._server.shown} ({_why(error)})."
            return Told(taken=Taken.LATER, text=text)
        return Told(taken=Taken.YES)

    async def close(self) -> None:
        """Nothing is held open between two messages."""


def line(alert: Alert, *, host: str) -> bytes:
    """Return an alert as one message, cut to 2048 bytes at the border of a character.

    The message id is the alert's type; `origin` is the one registered element (RFC 5424, 7.2) that fits.
    """
    priority = FACILITY_DAEMON * 8 + _SEVERITIES[alert.severity]
    stamp = f"{datetime.fromtimestamp(alert.at_s, UTC):%Y-%m-%dT%H:%M:%SZ}"
    head = (
        f"<{priority}>1 {stamp} {_word(host, 255)} {_APP} {os.getpid()} {_word(alert.type, 32)} "
        f'[origin software="{_APP}" swVersion="{__version__}"] '
    )
    said = plain(" ".join((alert.code, f"{alert.gateway}:", alert.headline, alert.text)), MOST_BYTES)
    body = said.encode("utf-8")
    if not said.isascii():  # UTF-8 is announced by its mark (RFC 5424, 6.4)
        body = b"\xef\xbb\xbf" + body
    cut = (head.encode("ascii") + body)[:MOST_BYTES]
    return cut.decode("utf-8", "ignore").encode("utf-8")


def _word(text: str, most: int) -> str:
    """Return a field of the head: printable ASCII without spaces, `-` for nothing (RFC 5424, 6)."""
    return "".join(each for each in text if "!" <= each <= "~")[:most] or "-"


def _why(error: OSError | UnicodeError) -> str:
    return reason(error) if isinstance(error, OSError) else "that is no name of a host"


async def _to_host(server: SyslogServer, message: bytes) -> None:
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(server.host, server.port, type=socket.SOCK_DGRAM)
    family, kind, protocol, _, address = found[0]
    with contextlib.closing(socket.socket(family, kind, protocol)) as sender:
        sender.setblocking(False)
        sender.connect(address)
        sender.send(message)


def _to_socket(path: str, message: bytes) -> None:
    """Try a socket for datagrams, as syslog's own are, then one for a stream. Neither of them ever waits."""
    try:
        _through(path, socket.SOCK_DGRAM, message)
    except OSError as error:
        if not isinstance(error, ConnectionError) and error.errno != errno.EPROTOTYPE:
            raise
        _through(path, socket.SOCK_STREAM, message + b"\n")


def _through(path: str, kind: socket.SocketKind, message: bytes) -> None:
    with contextlib.closing(socket.socket(socket.AF_UNIX, kind)) as sender:
        sender.setblocking(False)
        sender.connect(path)
        sender.send(message)
