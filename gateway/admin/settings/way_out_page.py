"""The way out to Google on the page Network: a proxy, tried before it is saved, and a root certificate."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from aiohttp import web

from gateway.admin.conflicts import Difference, conflict, version_of
from gateway.admin.door_pages import Fault
from gateway.admin.forms import FileText
from gateway.admin.settings.entries import set_by
from gateway.admin.settings.page import SettingsPages, refused
from gateway.admin.shell import actor_of, form_of, redirect, session_of
from gateway.config.root_certificate import Root
from gateway.domain.secret import Secret
from gateway.errors import AccessError
from gateway.messages.languages import tr
from gateway.operations.settings.desk import SettingLocked, SettingsRefused
from gateway.operations.settings.shown import locked
from gateway.operations.settings.way_out import PROXY, ROOT, Tried, TypedProxy, WayOutDesk

PAGE = "/settings/network"
_TOLD = frozenset({"proxy-saved", "direct", "trusted", "untrusted"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyShown:
    """The proxy in effect, empty when calls go directly, and what its form says; `tried` is what came of a trial."""

    in_use: str
    in_use_as: str
    address: str
    user: str
    has_password: bool
    locked: str
    version: str
    tried: Tried | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RootShown:
    """The certificates that are trusted beside the usual ones, and from where; `until_ms` of each may be over."""

    roots: tuple[Root, ...]
    file: str
    locked: str
    now_ms: int


class WayOutPages:
    """The forms of the proxy and of the root certificate; `pages` shows the page, `beside` has what else is on it."""

    def __init__(self, *, pages: SettingsPages, desk: WayOutDesk, now_ms: Callable[[], int]) -> None:
        self._pages = pages
        self._office = pages.office
        self._desk = desk
        self._now_ms = now_ms

    def add(self, app: web.Application) -> None:
        """Add the forms to `app`, and what they show to the page."""
        shell = self._office.shell
        forms = {
            "proxy": self.save,
            "proxy/try": self.try_it,
            "proxy/remove": self.remove,
            "root-certificate": self.trust,
            "root-certificate/remove": self.trust_no_more,
        }
        for name, handler in forms.items():
            shell.add(app, "POST", f"{PAGE}/{name}", handler)
            shell.add(app, "GET", f"{PAGE}/{name}", self.to_the_page)
        before = self._pages.beside.get(PAGE)
        self._pages.beside[PAGE] = self._with(before)

    async def to_the_page(self, request: web.Request) -> web.Response:
        """GET of a form's address."""
        del request
        return redirect(PAGE)

    async def save(self, request: web.Request) -> web.Response:
        """POST /settings/network/proxy: calls go through it from the next one on."""
        form = await form_of(request)
        shown, typed = self._proxy(), _typed(form)
        clash = await conflict(
            self._office.shell,
            request,
            stored=shown.version,
            differences=[
                Difference(tr("Proxy"), shown.address, typed.address),
                Difference(tr("User name"), shown.user, typed.user),
            ],
        )
        if clash is not None:
            return clash
        if not typed.address:
            return await self.remove(request)
        fault = self._password_wanted(typed, shown)
        try:
            if fault is None:
                await self._office.shell.prove_again(request)
                without = () if typed.user else (PROXY,)  # with nobody's name, nobody's password is kept
                await self._office.desk.save(typed.changes(), actor_of(request), without=without)
        except AccessError as error:
            fault = Fault.of(error)
        except SettingsRefused as error:
            fault = _fault(error)
        except SettingLocked:
            return redirect(PAGE)
        if fault is not None:
            return await self._show(request, fault, typed)
        return redirect(f"{PAGE}?proxy-saved#proxy")

    async def try_it(self, request: web.Request) -> web.Response:
        """POST /settings/network/proxy/try: ask Google by the way that is typed in; nothing is saved."""
        typed, shown = _typed(await form_of(request)), self._proxy()
        fault: Fault | None = None
        tried: Tried | None = None
        try:
            if shown.locked:
                tried = await self._desk.try_saved()
            elif (fault := self._password_wanted(typed, shown)) is None:
                tried = await self._desk.try_proxy(typed)
        except SettingsRefused as error:
            fault = _fault(error)
        return await self._show(request, fault, None if shown.locked else typed, tried)

    async def remove(self, request: web.Request) -> web.Response:
        """POST /settings/network/proxy/remove: calls go directly from the next one on."""
        try:
            await self._office.desk.save({}, actor_of(request), without=(PROXY,))
        except SettingLocked:
            return redirect(PAGE)
        return redirect(f"{PAGE}?direct#proxy")

    async def trust(self, request: web.Request) -> web.Response:
        """POST /settings/network/root-certificate: trust it from the next call on."""
        file = (await form_of(request)).get("root_file", "")
        try:
            await self._office.shell.prove_again(request)
            changes = self._desk.root_of(file.data if isinstance(file, FileText) else file.encode())
            await self._office.desk.save(changes, actor_of(request))
        except AccessError as error:
            return await self._show(request, Fault.of(error), asking="root")
        except SettingsRefused as error:
            return await self._show(request, _fault(error))
        except SettingLocked:
            return redirect(PAGE)
        return redirect(f"{PAGE}?trusted#root-certificate")

    async def trust_no_more(self, request: web.Request) -> web.Response:
        """POST /settings/network/root-certificate/remove: trust the usual ones only."""
        try:
            await self._office.desk.save({}, actor_of(request), without=(ROOT,))
        except SettingLocked:
            return redirect(PAGE)
        return redirect(f"{PAGE}?untrusted#root-certificate")

    def _with(
        self, before: Callable[[web.Request], Awaitable[dict[str, object]]] | None
    ) -> Callable[[web.Request], Awaitable[dict[str, object]]]:
        async def context(request: web.Request) -> dict[str, object]:
            there = await before(request) if before is not None else {}
            return {
                **there,
                "proxy": self._proxy(),
                "root": self._root(),
                "asks_password": not session_of(request).proved,
                "asking": "certificate",
                "way_told": next((each for each in _TOLD if each in request.query), ""),
            }

        return context

    async def _show(
        self,
        request: web.Request,
        fault: Fault | None,
        typed: TypedProxy | None = None,
        tried: Tried | None = None,
        *,
        asking: str = "proxy",
    ) -> web.Response:
        more: dict[str, object] = {"proxy": self._proxy(typed, tried), "asking": asking}
        if fault is not None and fault.message.code in ("A-01", "A-12"):
            more["asks_password"] = True
        return await self._pages.show(request, PAGE, fault=fault, more=more)

    def _proxy(self, typed: TypedProxy | None = None, tried: Tried | None = None) -> ProxyShown:
        config = self._office.desk.config
        saved = config.network.proxy
        address, user = (saved.address, saved.user or "") if saved is not None else ("", "")
        return ProxyShown(
            in_use=address,
            in_use_as=user,
            address=address if typed is None else typed.address,
            user=user if typed is None else typed.user,
            has_password=saved is not None and saved.password is not None and bool(saved.user),
            locked=set_by(locked(config.sources, PROXY)),
            version=version_of(address, user),
            tried=tried,
        )

    def _root(self) -> RootShown:
        config = self._office.desk.config
        root = config.network.root_certificate
        return RootShown(
            roots=root.roots() if root is not None else (),
            file=root.file if root is not None else "",
            locked=set_by(locked(config.sources, ROOT)),
            now_ms=self._now_ms(),
        )

    def _password_wanted(self, typed: TypedProxy, shown: ProxyShown) -> Fault | None:
        """Return that a password is missing: the one that was saved for one proxy is not sent to another one."""
        if not typed.user or typed.password is not None:
            return None
        same = (typed.address.removesuffix("/"), typed.user) == (shown.address, shown.user)
        if shown.has_password and same:
            return None
        return refused(tr("Password"), "proxy_password", tr("Enter the password of this user at this proxy."))


def _typed(form: Mapping[str, str]) -> TypedProxy:
    password = form.get("proxy_password", "")
    return TypedProxy(
        address=form.get("proxy_address", "").strip(),
        user=form.get("proxy_user", "").strip(),
        password=Secret(password) if password else None,
    )


def _fault(error: SettingsRefused) -> Fault:
    labels = {
        f"{PROXY}.address": (tr("Proxy"), "proxy_address"),
        f"{PROXY}.user": (tr("User name"), "proxy_user"),
        f"{PROXY}.password": (tr("Password"), "proxy_password"),
        ROOT: (tr("Root certificate"), "root_file"),
    }
    for key, reason in error.problems.items():
        if key in labels:
            return refused(*labels[key], reason)
    return refused(tr("This setting"), "", str(error))
