"""What the gateway says of itself on the network: its name and where it listens; how it is sent is not here."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zeroconf import ServiceInfo

WEB = "_http._tcp.local."
OWN = "_meeting-gateway._tcp.local."
_LONGEST_LABEL_BYTES = 63
_LONGEST_VALUE_BYTES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """The gateway's name for people, and the ports of its doors."""

    name: str
    http_port: int
    https_port: int

    def services(self, addresses: Sequence[str]) -> list[ServiceInfo]:
        """Return the services to announce (RFC 6763): a web page for browsers, and our own type for programs.

        The text records hold path, https port and name: no version and nothing secret, for everybody on the network
        reads them.
        """
        from zeroconf import ServiceInfo

        text = {"path": "/", "https": str(self.https_port), "name": _cut(self.name, _LONGEST_VALUE_BYTES)}
        # Room for the "-2" of a second one; a dot would be another label.
        label = _cut(self.name.replace(".", " ").strip(), _LONGEST_LABEL_BYTES - 4) or "Meeting gateway"
        own = hashlib.sha256(f"{socket.gethostname()} {self.name}".encode("utf-8", "replace")).hexdigest()[:8]
        return [
            ServiceInfo(
                kind,
                f"{label}.{kind}",
                port=self.http_port,
                properties=text,
                server=f"meeting-gateway-{own}.local.",
                parsed_addresses=list(addresses),
            )
            for kind in (WEB, OWN)
        ]


def reachable(listen_host: str, own: Sequence[str]) -> tuple[str, ...]:
    """Return the addresses under which others reach a listener at `listen_host`; none when it is for this machine only.

    `own` are the machine's addresses.
    """
    listening = ip_address(listen_host)
    if listening.is_loopback:
        return ()
    if not listening.is_unspecified:
        return (listen_host,)
    versions = (4,) if listening.version == 4 else (4, 6)
    found = (ip_address(each) for each in own)
    return tuple(str(each) for each in found if each.version in versions and not each.is_loopback)


def _cut(text: str, most_bytes: int) -> str:
    return text.encode("utf-8", "replace")[:most_bytes].decode("utf-8", "ignore").strip()
