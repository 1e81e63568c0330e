"""Ports for tests that must name one before it is opened; servers that can open port 0 do not need this."""

from __future__ import annotations

import secrets
import socket
from contextlib import closing

# Below what Linux gives to outgoing calls and to port 0 (from 32768): no other test gets such a port by chance between
# the look and the use, and nobody who tries whether it is open can be connected with himself.
_FIRST, _LAST = 12_000, 32_000


def free_port() -> int:
    """A port of this machine at which nothing listens, on any of its addresses."""
    while True:
        port = _FIRST + secrets.randbelow(_LAST - _FIRST)
        with closing(socket.socket()) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("0.0.0.0", port))
            except OSError:
                continue
            return port


def is_open(port: int) -> bool:
    """Whether somebody listens there."""
    with closing(socket.socket()) as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
