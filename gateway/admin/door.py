"""What a browser meets first: over which connection, under which name, how errors look; not who may do what."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler as NextHandler
from aiohttp.typedefs import Middleware

from gateway import messages
from gateway.admin.look import look_of
from gateway.admin.shell import Shell, wants_page
from gateway.errors import CatalogueError, GatewayError, StoreError, StoreRefused
from gateway.messages.languages import speaking, tr
from gateway.messages.times import writing
from gateway.web.addresses import own_names
from gateway.web.forwarded import is_for_others, says_plain_http
from gateway.web.headers import FOR_BROWSERS
from gateway.web.private_line import both_ends_here, is_loopback
from gateway.web.problem import problem

_LOGGER = logging.getLogger(__name__)

DEVICES = "/api/"
_FEEDS = "/feeds/"
_OTHERS = frozenset({"/api", "/healthz", "/readyz", "/metrics"})
_PLAIN_TOO = frozenset({"/oauth/google/callback"})
_FILES = "/static/"
_NOT_OURS = 421
_HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[a-z0-9_.-]+)(?P<port>:[0-9]{1,5})?")


@dataclass(slots=True, kw_only=True)
class Ports:
    """Where the pages are reached over TLS; set once the listener is open, None without one."""

    tls: int | None = None


class Door:
    """The middleware before all pages. Calls of devices pass without being looked at."""

    def __init__(self, shell: Shell, ports: Ports, own_hosts: Callable[[], frozenset[str]]) -> None:
        self._shell = shell
        self._ports = ports
        self._own_hosts = own_hosts

    def middleware(self) -> Middleware:
        """Return what goes before every other middleware."""

        @web.middleware
        async def door(request: web.Request, handler: NextHandler) -> web.StreamResponse:
            request = self._shell.proxies.heard(request)
            below = self._shell.below
            inner = await below.inner(request)
            if inner is not None:
                # Once more from the start, with the path that we know; aiohttp has no other name for its start.
                return await request.app._handle(inner)
            below.notice(request)
            path = request.path
            if path.startswith((DEVICES, _FEEDS)) or path in _OTHERS:
                response = await handler(request)
                below.lead(request, response)
                return response
            with speaking(look_of(request, self._shell.language).language), writing(self._shell.habits):
                response = await self._answer(request)
            below.lead(request, response)
            for name, value in FOR_BROWSERS.items():
                response.headers[name] = value
            response.headers.setdefault("Cache-Control", "no-store")
            return response

        return door

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        try:
            return await self._checked(request) or await request.match_info.handler(request)
        except web.HTTPException as error:
            return await self._plainly(request, error.status, allow=error.headers.get("Allow", ""))
        except CatalogueError as error:
            message = messages.text(error.code, **error.values)
            return await self._shell.tell(request, message, 422)
        except StoreRefused:
            return await self._shell.tell(request, messages.text("A-11"), 503)
        except StoreError as error:
            _LOGGER.warning("a page failed: %s", error, extra={"path": request.path})
            return await self._plainly(request, 503)
        except (asyncio.CancelledError, ConnectionError):
            raise
        except Exception:  # the last net: the person gets an answer, the log gets the cause, the process goes on
            _LOGGER.exception("a page failed", extra={"path": request.path, "method": request.method})
            return await self._plainly(request, 500)

    async def _checked(self, request: web.Request) -> web.Response | None:
        """Return why nothing is shown here, None when all is well."""
        if not request.raw_path.startswith("/"):  # a proxy's way to ask, with a host that is not the one we check
            return await self._plainly(request, 400)
        host = _HOST.fullmatch(request.host.lower())
        if host is None or not self._is_ours(host["name"]):
            return await self._plainly(request, 421)
        if request.secure or request.path in _PLAIN_TOO or request.path.startswith(_FILES):
            return None
        if self._stays_here(request, host["name"]):
            return None
        # Visitors of a proxy on this machine do not reach our own port under the name that the proxy uses for us.
        direct = not (both_ends_here(request) and is_for_others(request))
        address = f"https://{host['name']}:{self._ports.tls}" if direct and self._ports.tls is not None else ""
        if address and request.method in ("GET", "HEAD"):
            path = request.raw_path if request.raw_path.isascii() else "/"
            return web.Response(status=307, headers={"Location": address + path})
        return await self._shell.tell(request, messages.text("A-10", address=address), 403)

    def _is_ours(self, name: str) -> bool:
        """Whether a page may be asked for under this name: else a foreign name could be led to us (DNS rebinding)."""
        if _ip(name) is not None:
            return True
        return name in own_names() or name in self._own_hosts()

    def _stays_here(self, request: web.Request, name: str) -> bool:
        """Whether the request never left this machine: both ends, and what the browser believes to talk to.

        What a proxy on this machine hands on comes from elsewhere: it stays only if it came to the proxy over TLS.
        """
        if not both_ends_here(request):
            return False
        public = urlsplit(self._shell.public_origin)  # of a proxy on this machine that speaks TLS to the browser
        over_tls = (public.scheme, public.hostname) == ("https", name)
        if is_for_others(request):
            return over_tls and not says_plain_http(request)
        return name == "localhost" or is_loopback(name) or over_tls

    async def _plainly(self, request: web.Request, status: int, *, allow: str = "") -> web.Response:
        heading, sentence = _sentences().get(status, (HTTPStatus(status).phrase, tr("The gateway did nothing.")))
        if wants_page(request):
            try:
                response = await self._shell.render(
                    request, "plain.html", status=status, heading=heading, sentence=sentence, looks=status != _NOT_OURS
                )
            except (GatewayError, OSError):
                response = problem(status, "page", f"{heading}. {sentence}")
        else:
            response = problem(status, "page", f"{heading}. {sentence}")
        if allow:
            response.headers["Allow"] = allow
        return response


def _sentences() -> dict[int, tuple[str, str]]:
    return {
        400: (
            tr("The request cannot be read"),
            tr("Your browser sent something that the gateway does not understand."),
        ),
        403: (tr("This is not allowed"), tr("The gateway did nothing.")),
        404: (tr("There is no such page"), tr("The address is not one of this gateway.")),
        405: (tr("This page cannot be used like that"), tr("Open it in the ordinary way.")),
        408: (tr("That took too long"), tr("What you sent did not arrive in time. Try again.")),
        413: (tr("That is too large"), tr("The gateway takes at most 256 kB at once.")),
        415: (tr("This form cannot be read"), tr("The gateway understands ordinary forms only.")),
        _NOT_OURS: (
            tr("This is not my name"),
            tr("Open the gateway under its IP address, or set gateway.public_url to this name."),
        ),
        500: (tr("The gateway failed on this page"), tr("Its log says why. Please report it.")),
        503: (
            tr("The gateway cannot do that now"),
            tr("Its database cannot be used at the moment. Look into its log."),
        ),
    }


def _ip(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return None
