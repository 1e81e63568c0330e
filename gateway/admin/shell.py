"""What every page is made with: who is asking, default-deny routes, forms, templates; no page lives here."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal
from urllib.parse import quote

from aiohttp import web

from gateway import messages
from gateway.access.admins import Admins, Session
from gateway.access.session_life import IDLE_S
from gateway.access.tokens import form_token, new_cookie, same
from gateway.admin import cookies
from gateway.admin.below import Below, base_of
from gateway.admin.buttons import pressing
from gateway.admin.forms import read_form
from gateway.admin.kept import kept
from gateway.admin.look import look_of
from gateway.admin.moments import at_ms
from gateway.admin.origin import comes_from_us
from gateway.admin.static_files import StaticFiles
from gateway.admin.templating import Templates
from gateway.clock import Clock, SystemClock
from gateway.domain.actor import Actor
from gateway.errors import AccessError, StoreError
from gateway.messages import Message
from gateway.messages.languages import LANGUAGES, direction, tr
from gateway.messages.times import Habits
from gateway.web.forwarded import TrustedProxies, is_for_others
from gateway.web.problem import problem

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Body = Literal["form", "large form", "own"]

SESSION: web.RequestKey[Session] = web.RequestKey("session", Session)
_FORM: web.RequestKey[Mapping[str, str]] = web.RequestKey("form", Mapping)
_VISITOR: web.RequestKey[str] = web.RequestKey("visitor", str)

_SAFE = frozenset({"GET", "HEAD"})
_NONE: Mapping[str, str] = MappingProxyType({})
_STANDING_S = 2.0
_LIVE, _STREAM = "live.js", "/live"
_ONCE = ("/oauth/", "/google/returned/")
"""Pages that hold what came back from a sign-in elsewhere: neither they nor their addresses are repeated."""
_MOST_KEPT = 64 * 1024
_UNASKED = "X-Unasked"
"""What our scripts say with a request that nobody pressed a button for."""


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
        self.below = Below()
        """The path of the public address."""
        self.proxies = TrustedProxies()
        """Whose word counts about who is calling."""
        self.clock: Clock = SystemClock()
        self.language = "auto"
        """What browsers read that have not chosen a language, see `look.look_of`."""
        self.habits = Habits()
        """How times are written for everybody."""
        self._name = name
        self._templates = Templates()
        self._paths: set[str] = set()
        self._look_at: Callable[[], Awaitable[Standing]] | None = None
        self._standing = (-_STANDING_S, Standing())
        self._streams: dict[str, set[asyncio.Event]] = {}
        admins.follow(self._session_ended)

    def rename(self, name: str) -> None:
        """From now on the gateway is called that."""
        self._name = name

    def stands(self, look_at: Callable[[], Awaitable[Standing]]) -> None:
        """Let every page show how the gateway does; asked at most every two seconds, and never without a page."""
        self._look_at = look_at

    def add(
        self,
        app: web.Application,
        method: str,
        path: str,
        handler: Handler,
        *,
        public: bool | Callable[[], bool] = False,
        body: Body = "form",
    ) -> None:
        """Serve `path`. Who is not signed in reaches public routes only; forms need our own token and origin.

        Where an administrator decides whether a page is public, it is asked each time.
        On a public route `large form` takes forms that are as large as those of people who are signed in. With `own`
        the handler reads the body itself, and the field `csrf` in it has to be `token_of` the request.
        """

        async def guarded(request: web.Request) -> web.StreamResponse:
            opened = public() if callable(public) else public
            refused = await self._refusal(request, public=opened, body=body)
            return refused if refused is not None else await handler(request)

        if method == "GET":
            self._paths.add(path)
        self.routes[guarded] = public is True
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
            "look": look_of(request, self.language),
            "looks": True,
            "languages": LANGUAGES,
            "dir": direction(),
            "static": self.static.url,
            "help_url": help_url,
            "pressed": pressing(signed_in=session is not None),
            "frame": self._frame(request),
        }
        with at_ms(self.clock.now_ms()):
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

    async def proved(self, request: web.Request) -> web.Response | None:
        """Make sure that the password was entered within the last 10 minutes, before secrets are shown or replaced.

        Returns None when it was. Else the answer to give, which asks for it: afterwards a page is opened again, and a
        form is sent again with all that was typed but secrets. A form that has a secret in it had better hold a field
        `password` and use `prove_again`.
        """
        if session_of(request).proved:
            return None
        goal = request.path_qs[:500]
        if request.method in _SAFE:
            return redirect(f"/prove?next={quote(goal, safe='/')}")
        form = await form_of(request)
        return await self.render(request, "prove.html", status=403, to=goal, fields=kept(form), fault=None)

    async def prove_again(self, request: web.Request) -> None:
        """Make sure of the same by the field `password` of the form. Raises AccessError with this field."""
        session = session_of(request)
        if session.proved:
            return
        password = (await form_of(request)).get("password", "")
        if not password:
            raise AccessError("A-12", str(messages.text("A-12")), field="password")
        await self.admins.prove(session, password, source_of(request))

    async def still(self, request: web.Request) -> bool:
        """Whether the session that a request came with goes on; asking is no use of it."""
        cookie = cookies.read(request, cookies.SESSION)
        return bool(cookie) and await self.admins.session(cookie) is not None

    @contextlib.contextmanager
    def watched(self, request: web.Request) -> Iterator[asyncio.Event]:
        """Give an event that is set when the session of the request ends, for answers that take long."""
        key, ended = session_of(request).key, asyncio.Event()
        self._streams.setdefault(key, set()).add(ended)
        try:
            yield ended
        finally:
            watching = self._streams.get(key, set())
            watching.discard(ended)
            if not watching:
                self._streams.pop(key, None)

    async def _session_ended(self, origin: str) -> None:
        for ended in self._streams.get(origin.removeprefix("session:"), ()):
            ended.set()

    def _frame(self, request: web.Request) -> dict[str, object]:
        """Return what only the layout needs."""
        live = _STREAM in self._paths and self.static.has(_LIVE)
        return {
            "base": base_of(request),
            "here": self._here(request),
            "dashboard": "/dashboard" in self._paths,
            "idle_s": IDLE_S,
            "live": self.static.url(_LIVE) if live else "",
        }

    def _here(self, request: web.Request) -> str:
        """Return the page that is asked for again when only its look has changed; none if it is shown but once."""
        if request.path.startswith(_ONCE):
            return ""
        resource = request.match_info.route.resource
        shown = request.method in _SAFE or (resource is not None and resource.canonical in self._paths)
        return request.path_qs[:500] if shown else "/"

    async def _stand(self) -> Standing:
        seen_s, standing = self._standing
        if self._look_at is not None and time.monotonic() - seen_s >= _STANDING_S:
            with contextlib.suppress(StoreError):  # the page itself says what is wrong with the database
                standing = await self._look_at()
            self._standing = (time.monotonic(), standing)
        return standing

    async def _refusal(self, request: web.Request, *, public: bool, body: Body) -> web.Response | None:
        """Return the answer to who may not do this, None when all is well."""
        cookie = cookies.read(request, cookies.SESSION)
        session = await self.admins.session(cookie) if cookie else None
        if session is not None:
            request[SESSION] = session
            if not _asked_by_script(request):
                await session.used()
        elif not public:
            return await self._stranger(request, cookie)
        if request.method in _SAFE:
            return None
        if not comes_from_us(request, self.public_origin):
            return await self.tell(request, messages.text("A-05"), 403)
        if body == "own":
            return None
        form = request[_FORM] = await read_form(request, stranger=session is None and body == "form")
        expected = token_of(request)
        if not expected or not same(form.get("csrf", ""), expected):
            return await self.tell(request, messages.text("A-05"), 403)
        return None

    async def _stranger(self, request: web.Request, cookie: str) -> web.Response:
        if request.method in _SAFE:
            ended = "&ended" if cookie else ""
            return redirect(f"/sign-in?next={quote(request.path_qs[:500], safe='/')}{ended}")
        message = messages.text("A-03")
        if not wants_page(request):
            return problem(401, message.code, str(message))
        fields = await self._typed(request, cookie) if cookie else {}
        return await self.render(
            request,
            "kept.html",
            status=401,
            message=message,
            fields=fields,
            to=request.path_qs[:500],
            name="",
            fault=None,
        )

    async def _typed(self, request: web.Request, cookie: str) -> Mapping[str, str]:
        """Return what somebody typed whose session ended meanwhile: only of a form that this very session was given."""
        if not comes_from_us(request, self.public_origin):
            return {}
        try:
            form = await read_form(request, stranger=False)
        except web.HTTPException:
            return {}
        fields = kept(form) if same(form.get("csrf", ""), form_token(cookie)) else {}
        return fields if sum(map(len, fields.values())) <= _MOST_KEPT else {}


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
    """Return the caller's address: the other end of the connection, or what a trusted proxy there says of it."""
    return (request.remote or "").removeprefix("::ffff:")


def is_loopback(request: web.Request) -> bool:
    """Whether the browser runs on the gateway's own machine; one behind a proxy there does not."""
    try:
        return not is_for_others(request) and ipaddress.ip_address(source_of(request)).is_loopback
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


def _asked_by_script(request: web.Request) -> bool:
    """Whether the page itself asks, to stay as it is: nobody stays signed in by that."""
    return (
        request.path == _STREAM
        or _UNASKED in request.headers
        or request.headers.get("Accept", "").startswith("text/event-stream")
    )


def token_of(request: web.Request) -> str:
    """Return what a form of this browser has to carry as `csrf`, nothing when it was given no form yet."""
    session = session_or_none(request)
    if session is not None:
        return session.csrf
    visitor = cookies.read(request, cookies.VISITOR)
    return form_token(visitor) if visitor else ""


def csrf_input(token: str) -> str:
    """Return the hidden field of a form with its token."""
    from markupsafe import Markup  # there with Jinja, which is rendering now

    return Markup('<input type="hidden" name="csrf" value="{}">').format(token)


def _csrf_field(request: web.Request) -> str:
    """Return the hidden field of a form; a browser that has no cookie yet gets one with this page."""
    session = session_or_none(request)
    if session is not None:
        return csrf_input(session.csrf)
    visitor = cookies.read(request, cookies.VISITOR) or request.get(_VISITOR)
    if not visitor:
        visitor = request[_VISITOR] = new_cookie()
    return csrf_input(form_token(visitor))


async def _expect(request: web.Request) -> None:
    """Let a client that waits for a word before it sends its body go on (RFC 9110 §10.1.1)."""
    if request.headers.get("Expect", "").lower() == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
