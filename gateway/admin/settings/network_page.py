"""What stands on the page Network beside its form: another address that is tried first, a certificate of one's own."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from aiohttp import web

from gateway import messages
from gateway.admin.conflicts import Difference, conflict, version_of
from gateway.admin.door_pages import Fault
from gateway.admin.settings.entries import Entry, addresses, changes, typed_of
from gateway.admin.settings.page import SettingsPages, fault_at, refused
from gateway.admin.shell import actor_of, form_of, redirect, session_of
from gateway.errors import AccessError, CatalogueError
from gateway.messages.languages import tr
from gateway.operations.settings.address import TLS, NewAddress, Trial
from gateway.operations.settings.certificate import KEY, OwnCertificate
from gateway.operations.settings.desk import SettingLocked, SettingsRefused
from gateway.web.addresses import own_names, shown_host
from gateway.web.forwarded import visit_of
from gateway.web.tls import Facts

PAGE = "/settings/network"
_DONE = frozenset({"moved", "stayed", "uploaded", "own", "nothing"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the gateway is reached now: its addresses, and its certificate with its fingerprint (SHA-256)."""

    addresses: tuple[str, ...]
    fingerprint: str
    certificate: Facts


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialShown:
    """A trial as the page has it: the link to follow, the word that stands in it once somebody `came` that way."""

    addresses: tuple[str, ...]
    link: str
    came: bool
    word: str
    ends_at_ms: int


class NetworkPages:
    """The forms of /settings/network that are not of the ordinary kind; `pages` shows the page."""

    def __init__(
        self, *, pages: SettingsPages, address: NewAddress, certificate: OwnCertificate, place: Callable[[], Place]
    ) -> None:
        self._pages = pages
        self._office = pages.office
        self._address = address
        self._certificate = certificate
        self._place = place

    def add(self, app: web.Application) -> None:
        """Add the forms to `app`, and what they show to the page."""
        shell = self._office.shell
        forms = {
            "address": self.change,
            "keep": self.keep,
            "drop": self.drop,
            "certificate": self.upload,
            "certificate/own": self.make_own,
        }
        for name, handler in forms.items():
            shell.add(app, "POST", f"{PAGE}/{name}", handler)
            shell.add(app, "GET", f"{PAGE}/{name}", self.to_the_page)
        self._pages.beside[PAGE] = self.context

    async def to_the_page(self, request: web.Request) -> web.Response:
        """GET of a form's address."""
        del request
        return redirect(PAGE)

    async def change(self, request: web.Request) -> web.Response:
        """POST /settings/network/address: open the new address beside the old one."""
        form, entries = await form_of(request), self._entries()
        clash = await conflict(
            self._office.shell,
            request,
            stored=_version(entries),
            differences=[Difference(each.label, each.value, typed_of(each, form)) for each in entries],
        )
        if clash is not None:
            return clash
        wanted, without = changes(entries, form)
        typed = tuple(replace(each, value=typed_of(each, form)) for each in entries)
        if without:
            empty = next(each for each in entries if each.part == without[0])
            reason = tr("Type an IP address and a port, such as 0.0.0.0:8766.")
            return await self._show(request, refused(empty.label, empty.name, reason), typed)
        if not wanted:
            return redirect(f"{PAGE}?nothing")
        try:
            await self._address.begin({key: str(value) for key, value in wanted.items()})
        except SettingsRefused as error:
            return await self._show(request, fault_at(entries, error), typed)
        except CatalogueError as error:
            message = messages.text(error.code, **error.values)
            field = next((each.name for each in entries if each.part == error.field), "")
            return await self._show(request, Fault(message=message, field=field), typed)
        except SettingLocked:
            pass  # whoever set it elsewhere meanwhile is stronger; the page says so now
        return redirect(f"{PAGE}#new-address")

    async def keep(self, request: web.Request) -> web.Response:
        """POST /settings/network/keep: by somebody who came to the new address."""
        form = await form_of(request)
        try:
            kept = await self._address.keep(form.get("word", ""), actor_of(request))
        except (SettingLocked, SettingsRefused):
            kept = False
        return redirect(f"{PAGE}?{'moved' if kept else 'stayed'}")

    async def drop(self, request: web.Request) -> web.Response:
        """POST /settings/network/drop: stay with the old address."""
        del request
        await self._address.drop()
        return redirect(f"{PAGE}?stayed")

    async def upload(self, request: web.Request) -> web.Response:
        """POST /settings/network/certificate: use a certificate of one's own."""
        form = await form_of(request)
        try:
            await self._office.shell.prove_again(request)
            await self._certificate.upload(form.get("chain_file", ""), form.get("key_file", ""), actor_of(request))
        except AccessError as error:
            return await self._show(request, Fault.of(error))
        except SettingsRefused as error:
            about, reason = next(iter(error.problems.items()))
            label, field = (tr("Key"), "key_file") if about == KEY else (tr("Certificate"), "chain_file")
            return await self._show(request, refused(label, field, reason))
        return redirect(f"{PAGE}?uploaded#certificate")

    async def make_own(self, request: web.Request) -> web.Response:
        """POST /settings/network/certificate/own: back to the gateway's own."""
        await self._certificate.make_own(actor_of(request))
        return redirect(f"{PAGE}?own#certificate")

    async def context(self, request: web.Request) -> dict[str, object]:
        """Return what the page shows beside its ordinary form."""
        entries, trial = self._entries(), await self._address.standing()
        return {
            "place": self._place(),
            "addresses": entries,
            "address_version": _version(entries),
            "trial": None if trial is None else self._shown(request, trial),
            "visit": visit_of(request),
            "asks_password": not session_of(request).proved,
            "told": next((each for each in _DONE if each in request.query), ""),
        }

    async def _show(self, request: web.Request, fault: Fault, typed: tuple[Entry, ...] = ()) -> web.Response:
        more: dict[str, object] = {"addresses": typed} if typed else {}
        if fault.message.code in ("A-01", "A-12"):
            more["asks_password"] = True
        return await self._pages.show(request, PAGE, fault=fault, more=more)

    def _entries(self) -> tuple[Entry, ...]:
        return addresses(self._office.desk.config)

    def _shown(self, request: web.Request, trial: Trial) -> TrialShown:
        setting = TLS if TLS in trial.wanted else next(iter(trial.wanted))
        scheme = "https" if setting == TLS else "http"
        address = trial.wanted[setting]
        host = _host_for(request, address.host)
        return TrialShown(
            addresses=tuple(str(each) for each in trial.wanted.values()),
            link=f"{scheme}://{host}:{address.port}{PAGE}?tried={trial.word}",
            came=request.query.get("tried", "") == trial.word,
            word=trial.word,
            ends_at_ms=trial.ends_at_ms,
        )


def _host_for(request: web.Request, host: str) -> str:
    """Return what the browser calls this machine: as it does now where every address of the machine is served."""
    if not ipaddress.ip_address(host).is_unspecified:
        return shown_host(host)
    now = urlsplit(f"//{request.host}").hostname or ""
    try:
        return shown_host(now)
    except ValueError:
        return now if now in own_names() else shown_host(host)


def _version(entries: tuple[Entry, ...]) -> str:
    return version_of(*(each.value for each in entries))
