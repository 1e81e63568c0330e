"""What every page is made with: who is asking, default-deny routes, forms, templates; no page lives here."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import quote

from aiohttp import web

from gateway import messages
from gateway.access.admins import Admins, Session
from gateway.access.tokens import form_token, new_cookie, same
from gateway.admin import cookies
from gateway.admin.buttons import pressing
from gateway.admin.forms import read_form
from gateway.admin.look import THEMES, look_of
from gateway.admin.origin import comes_from_us
from gateway.admin.static_files import StaticFiles
from gateway.admin.templating import Templates
from gateway.domain.actor import Actor
from gateway.messages import Message
from gateway.messages.languages import LANGUAGES, direction, tr
from gateway.web.problem import problem

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

SESSION: web.RequestKey[Session] = web.RequestKey("session", Session)
_FORM: web.RequestKey[Mapping[str, str]] = web.RequestKey("form", Mapping)
_VISITOR: web.RequestKey[str] = web.RequestKey("visitor", str)

_SAFE = frozenset({"GET", "HEAD"})
_NONE: Mapping[str, str] = MappingProxyType({})
_STANDING_S = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the top of every page says: problems that want attention, and devices that wait to connect."""

    problems: int = 0
    waiting: int = 0


class Shell:
    """Makes pages, and lets nobody to those that are not public.

    `name` is what the gateway is called. `public_origin` is scheme and host, with a port that is not the usual one, of
    `gateway.public_url`, if it is set. A route that was not added here does not exist for browsers.
    """

    def __init__(self, *, admins: Admins, name: str, public_origin: str = "") -> None:
        self.admins = admins
        self.public_origin = public_origin.lower()
        self.routes: dict[Handler, bool] = {}
        """Every handler that was added, and whether it is public."""
        self.static = StaticFiles()
        self._name = name
        self._templates = Templates()
        self._paths: set[str] = set()
        self._look_at: Callable[[], Awaitable[Standing]] | None = None
        self._standing = (-_STANDING_S, Standing())

    def stands(self, look_at: Callable[[], Awaitable[Standing]]) -> None:
        """Let every page show how the gateway does; asked at most every two seconds, and never without a page."""
        self._look_at = look_at

    def add(self, app: web.Application, method: str, path: str, handler: Handler, *, public: bool = False) -> None:
        """Serve `path`. Who is not signed in reaches public routes only; forms need our own token and origin."""

        async def guarded(request: web.Request) -> web.StreamResponse:
            refused = await self._refusal(request, public=public)
            return refused if refused is not None else await handler(request)

        self._paths.add(path)
        self.routes[guarded] = public
        for each in ("GET", "HEAD") if method == "GET" else (method,):
            app.router.add_route(each, path, guarded, expect_handler=_expect)

    async def render(
        self, request: web.Request, template: str, *, status: int = 200, **context: object
    ) -> web.Response:
        """Return the page that `template` makes of `context` and of what every page knows."""
        session = session_or_none(request)
        known: dict[str, object] = {
            "gateway_name": self._name,
            "user": session.user if session is not None else "",
            "csrf": session.csrf if session is not None else "",
            "csrf_field": lambda: _csrf_field(request),
            "path": request.path,
            "places": [(label, path) for label, path in _places() if path in self._paths],
            "standing": await self._stand() if session is not None else Standing(),
            "look": look_of(request),
            "themes": THEMES,
            "languages": LANGUAGES,
            "dir": direction(),
            "static": self.static.url,
            "help_url": help_url,
            "pressed": pressing(signed_in=session is not None),
        }
        html = await self._templates.html(template, known | context)
        response = web.Response(text=html, content_type="text/html", status=status)
        if (visitor := request.get(_VISITOR)) is not None:
            cookies.put(request, response, cookies.VISITOR, visitor)
        return response

    async def tell(
        self, request: web.Request, message: Message, status: int, headers: Mapping[str, str] = _NONE
    ) -> web.Response:
        """Return a message as a page of its own, or as a problem document to a caller that reads no pages."""
        if not wants_page(request):
            return problem(status, message.code, str(message), headers=dict(headers))
        response = await self.render(request, "told.html", status=status, message=message)
        response.headers.update(headers)
        return response

    async def _stand(self) -> Standing:
        seen_s, standing = self._standing
        if self._look_at is not None and time.monotonic() - seen_s >= _STANDING_S:
            standing = await self._look_at()
            self._standing = (time.monotonic(), standing)
        return standing

    async def _refusal(self, request: web.Request, *, public: bool) -> web.Response | None:
        """Return the answer to who may not do this, None when all is well."""
        cookie = cookies.read(request, cookies.SESSION)
        session = await self.admins.session(cookie) if cookie else None
        if session is not None:
            request[SESSION] = session
        elif not public:
            return await self._stranger(request, had_session=cookie != "")
        if request.method in _SAFE:
            return None
        if not comes_from_us(request, self.public_origin):
            return await self.tell(request, messages.text("A-05"), 403)
        form = request[_FORM] = await read_form(request, stranger=session is None)
        expected = session.csrf if session is not None else _visitor_token(request)
        if not expected or not same(form.get("csrf", ""), expected):
            return await self.tell(request, messages.text("A-05"), 403)
        return None

    async def _stranger(self, request: web.Request, *, had_session: bool) -> web.Response:
        if request.method in _SAFE:
            ended = "&ended" if had_session else ""
            return redirect(f"/sign-in?next={quote(request.path_qs[:500], safe='/')}{ended}")
        message = messages.text("A-03")
        if not wants_page(request):
            return problem(401, message.code, str(message))
        return await self.render(request, "door/signed_out.html", status=401, message=message)


def _places() -> tuple[tuple[str, str], ...]:
    return (
        (tr("Dashboard"), "/dashboard"),
        (tr("Meetings"), "/meetings"),
        (tr("Devices"), "/devices"),
        (tr("Google"), "/google"),
        (tr("Profiles"), "/profiles"),
        (tr("Logs"), "/logs"),
        (tr("Diagnostics"), "/diagnostics"),
        (tr("Settings"), "/settings"),
        (tr("Help"), "/help"),
    )


def session_or_none(request: web.Request) -> Session | None:
    """Return who is signed in, on a public page."""
    return request.get(SESSION)


def session_of(request: web.Request) -> Session:
    """Return who is signed in; only for routes that are not public."""
    return request[SESSION]


def actor_of(request: web.Request) -> Actor:
    """Return who does something, for the audit log."""
    return Actor(name=f"admin:{session_of(request).user}", source=source_of(request))


def source_of(request: web.Request) -> str:
    """Return the address at the other end of the connection; headers that claim another are not believed."""
    return (request.remote or "").removeprefix("::ffff:")


def is_loopback(request: web.Request) -> bool:
    """Whether the browser runs on the gateway's own machine."""
    try:
        return ipaddress.ip_address(source_of(request)).is_loopback
    except ValueError:
        return False


async def form_of(request: web.Request) -> Mapping[str, str]:
    """Return the fields that were sent; of a request without a form, none."""
    return request.get(_FORM) or _NONE


def redirect(path: str) -> web.Response:
    """Lead on to a page of ours (303), which is then asked for with GET."""
    return web.Response(status=303, headers={"Location": path})


def help_url(code: str) -> str:
    """Return where a code is explained."""
    return f"/help/{code}"


def wants_page(request: web.Request) -> bool:
    """Whether a person with a browser is asking."""
    return "text/html" in request.headers.get("Accept", "")


def _visitor_token(request: web.Request) -> str:
    visitor = cookies.read(request, cookies.VISITOR)
    return form_token(visitor) if visitor else ""


def _csrf_field(request: web.Request) -> str:
    """Return the hidden field of a form; a browser that has no cookie yet gets one with this page."""
    from markupsafe import Markup  # there with Jinja, which is rendering now

    session = session_or_none(request)
    if session is not None:
        token = session.csrf
    else:
        visitor = cookies.read(request, cookies.VISITOR) or request.get(_VISITOR)
        if not visitor:
            visitor = request[_VISITOR] = new_cookie()
        token = form_token(visitor)
    return Markup('<input type="hidden" name="csrf" value="{}">').format(token)


async def _expect(request: web.Request) -> None:
    """Let a client that waits for a word before it sends its body go on (RFC 9110 §10.1.1)."""
    if request.headers.get("Expect", "").lower() == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
