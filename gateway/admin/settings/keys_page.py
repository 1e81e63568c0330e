"""API keys on the page of the sign-in: create, show once, revoke; what a key may do is decided in `access`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

from aiohttp import web

from gateway.access.api_keys import ApiKeys, Scope, ends_after
from gateway.admin.door_pages import Fault
from gateway.admin.google.shelf import Shelf
from gateway.admin.settings.page import Office
from gateway.admin.settings.people_page import PAGE, PeoplePages
from gateway.admin.shell import actor_of, form_of, redirect, session_of
from gateway.clock import Clock
from gateway.domain.secret import Secret
from gateway.errors import AccessError, BadPayload, NotFound
from gateway.messages import Message
from gateway.messages.languages import tr

_PREFIX = "key-"
"""How the names of this form's fields begin: another form on the page has a name too."""
_NONE: Mapping[str, str] = MappingProxyType({})


class Choice(NamedTuple):
    """One scope as a box to tick: its word, what it is called, what it opens."""

    scope: str
    label: str
    says: str
    ticked: bool


@dataclass(frozen=True, slots=True)
class New:
    """A key that was just made."""

    name: str
    key: Secret


class KeyPages:
    """The card of API keys on GET /settings/sign-in, and its forms."""

    def __init__(self, office: Office, people: PeoplePages, keys: ApiKeys, clock: Clock) -> None:
        self._office = office
        self._people = people
        self._keys = keys
        self._new = Shelf[New](clock)
        people.beside = self._card
        office.shell.admins.follow(self._forget)

    def add(self, app: web.Application) -> None:
        """Add the forms to `app`."""
        shell = self._office.shell
        for name, handler in {"create": self.create, "revoke": self.revoke}.items():
            shell.add(app, "POST", f"{PAGE}/keys/{name}", handler)
            shell.add(app, "GET", f"{PAGE}/keys/{name}", self._people.to_the_page)

    async def create(self, request: web.Request) -> web.Response:
        """POST /settings/sign-in/keys/create: the page that follows shows the key, once."""
        form = await form_of(request)
        name, scopes = form.get("key-name", "")[:200], [scope for scope in Scope if form.get(f"key-{scope}") == "yes"]
        try:
            await self._office.shell.prove_again(request)
            ends_at = ends_after(form.get("key-until", "")[:20], self._office.zone)
            key = await self._keys.create(name, scopes, ends_at=ends_at, by=actor_of(request))
        except AccessError as error:
            return await self._people.show(request, Fault.of(error), user="keys")
        except BadPayload as error:
            problem = error.problems[0]
            fault = Fault(message=_message(problem.reason), field=f"{_PREFIX}{problem.field}")
            return await self._people.show(request, fault, user="keys")
        self._new.put(_place(request), New(name.strip(), key))
        return redirect(f"{PAGE}?created#key")

    async def revoke(self, request: web.Request) -> web.Response:
        """POST /settings/sign-in/keys/revoke."""
        name = (await form_of(request)).get("key", "")[:200]
        try:
            await self._office.shell.prove_again(request)
            await self._keys.revoke(name, actor_of(request))
        except AccessError as error:
            return await self._people.show(request, Fault.of(error), user=f"key {name}")
        except NotFound:  # somebody else was faster
            return redirect(f"{PAGE}#keys")
        return redirect(f"{PAGE}?revoked#keys")

    async def _card(self, request: web.Request) -> dict[str, object]:
        """Return what the page shows of keys, with what was typed if that could not be used."""
        form = await form_of(request) if request.path.endswith("/keys/create") else _NONE
        new = self._new.take(_place(request)) if request.method == "GET" and "created" in request.query else None
        return {
            "keys": await self._keys.listed(),
            "labels": {each.scope: each.label for each in _choices(())},
            "choices": _choices([scope for scope in Scope if form.get(f"key-{scope}") == "yes"]),
            "key_name": form.get("key-name", "")[:200],
            "key_until": form.get("key-until", "")[:20],
            "new_key": new.key.reveal() if new is not None else "",
            "new_name": new.name if new is not None else "",
        }

    async def _forget(self, origin: str) -> None:
        """A session ended: nobody sees its key any more."""
        self._new.take(origin)


def _place(request: web.Request) -> str:
    return f"session:{session_of(request).key}"


def _message(reason: str) -> Message:
    return Message(code="", title=reason, text="", remedy="")


def _choices(ticked: Collection[str]) -> list[Choice]:
    said = {
        Scope.STATUS: (
            tr("Status"),
            tr("How the gateway does: its lights and problems, what waits and why, accounts and calendars."),
        ),
        Scope.MEETINGS: (
            tr("Meetings"),
            tr("When meetings take place, their titles, and how they stand with Google. No guests, no PINs."),
        ),
        Scope.DEVICES: (
            tr("Devices"),
            tr("Devices, their settings, and when they called last. No keys, no passwords."),
        ),
        Scope.EVENTS: (
            tr("Events"),
            tr("What happens, as it happens: the lines of the audit log, with who did what."),
        ),
        Scope.METRICS: (tr("Metrics"), tr("Numbers for Prometheus, while metrics are switched on.")),
    }
    return [Choice(str(scope), label, says, scope in ticked) for scope, (label, says) in said.items()]
