"""How calls leave for Google: directly or through a proxy, and whom else they trust; no call is made here."""

from __future__ import annotations

import base64
import ssl
from dataclasses import dataclass
from typing import TypedDict

from yarl import URL

from gateway.config import NetworkSection, ProxySection
from gateway.domain.secret import Secret


class Options(TypedDict, total=False):
    """What a request is made with, in aiohttp's words."""

    proxy: URL
    proxy_headers: dict[str, str]
    ssl: ssl.SSLContext


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """The proxy that a call goes through; `user` is who we are there, empty for nobody, and `word` what proves it."""

    host: str
    port: int
    user: str = ""
    word: Secret | None = None

    @property
    def shown(self) -> str:
        """Host and port as people write them."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class WayOut:
    """The way that calls take; `use` changes it while they go on, from the next call on.

    Calls in plain http go to a simulated Google on this machine: they always go directly.
    """

    def __init__(self, network: NetworkSection | None = None) -> None:
        self.context: ssl.SSLContext | None = None
        """Trusts the root certificate beside the usual ones; None while there is none, and the usual ones do."""
        self._hop: Hop | None = None
        self._options: Options = {}
        self._pem = ""
        self.use(network or NetworkSection())

    def use(self, network: NetworkSection) -> None:
        """Go that way from now on."""
        root = network.root_certificate
        pem = root.pem if root is not None else ""
        if pem != self._pem:
            self._pem, self.context = pem, None
            if pem:
                self.context = ssl.create_default_context()
                self.context.load_verify_locations(cadata=pem)
        self._hop = _hop(network.proxy)
        options = Options()
        if self.context is not None:
            options["ssl"] = self.context
        if self._hop is not None:
            options["proxy"] = URL(f"http://{self._hop.shown}")
            if self._hop.word is not None:
                options["proxy_headers"] = {"Proxy-Authorization": f"Basic {self._hop.word.reveal()}"}
        self._options = options

    def hop(self, url: URL) -> Hop | None:
        """Return the proxy that a call to `url` goes through, None when it goes directly."""
        return self._hop if url.scheme == "https" else None

    def options(self, url: URL) -> Options:
        """Return what a request to `url` is made with."""
        return self._options if url.scheme == "https" else Options()


def _hop(proxy: ProxySection | None) -> Hop | None:
    if proxy is None:
        return None
    url = URL(proxy.address)
    hop = Hop(host=url.host or "", port=url.port or 80)
    if proxy.user is None or proxy.password is None:
        return hop
    both = f"{proxy.user}:{proxy.password.reveal()}".encode()  # RFC 7617 section 2.1
    return Hop(host=hop.host, port=hop.port, user=proxy.user, word=Secret(base64.b64encode(both).decode("ascii")))
