"""Adding a device in steps that are plain pages: its type, its name, how the two meet; nothing is kept in between."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from aiohttp import web

from gateway.admin.devices.office import Fault, Office, fault, faults_of
from gateway.admin.devices.words import ADDED, changed_words, labels, zones
from gateway.admin.shell import actor_of, form_of, redirect
from gateway.config import device_section
from gateway.domain.secret import Secret
from gateway.errors import ConfigError, Conflict, ProfileError
from gateway.messages.languages import tr
from gateway.operations.devices.desk import set_up_lines
from gateway.profiles.model import Profile
from gateway.profiles.vocabulary import Transport

RESERVED = frozenset({"add", "allow", "waiting"})
"""Ids that would stand in the way of the addresses of these pages."""
_KEPT = ("type", "id", "name", "model", "time_zone", "account", "calendar", "room_address", "email_domain")
_EVERY_S = "60"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """A type of devices to choose."""

    profile: Profile
    brands: tuple[str, ...]
    models: tuple[str, ...]


class AddPages:
    """Everything under /devices/add."""

    def __init__(self, office: Office, begin_test: Callable[[web.Request, str], Awaitable[None]]) -> None:
        self._office = office
        self._begin_test = begin_test

    async def types(self, request: web.Request) -> web.Response:
        """GET /devices/add: which type of device it is."""
        text, name = request.query.get("search", "").strip()[:100], request.query.get("id", "")[:64]
        guesses = [each.profile for each in self._office.pending.looks() if each.name == name and each.profile]
        tiles = [_tile(profile) for profile in self._office.catalog()]
        shown = [tile for tile in tiles if _fits(tile, text)]
        shown.sort(key=lambda tile: (tile.profile.id not in guesses, tile.brands, tile.profile.title))
        return await self._office.render(
            request, "add_type.html", tiles=shown, number=len(tiles), text=text, id=name, guesses=guesses
        )

    async def name(self, request: web.Request) -> web.Response:
        """GET /devices/add/name: what it is called, where it stands, which calendar it has."""
        typed = _kept(request.query)
        profile = self._profile(typed)
        if profile is None:
            return redirect(f"/devices/add?{urlencode({'id': typed['id']})}")
        return await self._show_name(request, typed, profile, [])

    async def connect(self, request: web.Request) -> web.Response:
        """GET /devices/add/connect: whether it calls us or we ask it."""
        typed = _kept(request.query)
        if not typed["id"]:
            typed["id"] = made_id(typed["name"])
        profile = self._profile(typed)
        if profile is None:
            return redirect(f"/devices/add?{urlencode({'id': typed['id']})}")
        faults = await self._judged(typed)
        if faults:
            return await self._show_name(request, typed, profile, faults, status=422)
        refused = await self._office.shell.proved(request)
        if refused is not None:
            return refused
        return await self._show_connect(request, typed, profile, request.query.get("way", ""), {}, [])

    async def add(self, request: web.Request) -> web.Response:
        """POST /devices/add: add it; the page that follows shows its key once, or tests it."""
        office, form = self._office, await form_of(request)
        typed, way = _kept(form), form.get("way", "")
        profile = self._profile(typed)
        if profile is None:
            return redirect("/devices/add")
        refused = await office.shell.proved(request)
        if refused is not None:
            return refused
        words = _words(typed)
        asked = way == "asked"
        if asked:
            poll, faults = _poll(form)
            if faults:
                return await self._show_connect(request, typed, profile, way, form, faults, status=422)
            words["poll"] = poll
        try:
            _refuse_reserved(typed["id"])
            key = await office.roster(actor_of(request)).add(device_section(words), origin="added on the page")
        except (ConfigError, ProfileError, Conflict) as error:
            faults = _named(error)
            return await self._show_connect(request, typed, profile, way, form, faults, status=422)
        await office.changed()
        if key is not None:
            office.keys.put(office.key_place(request, typed["id"]), key)
        if asked:
            await self._begin_test(request, typed["id"])
        return redirect(f"/devices/{typed['id']}/connect")

    async def _judged(self, typed: Mapping[str, str]) -> list[Fault]:
        """Return what is wrong with the first half, before somebody types the second."""
        try:
            _refuse_reserved(typed["id"])
            device_section(_words(typed))
        except (ConfigError, Conflict) as error:
            return _named(error)
        if await self._office.devices.state(typed["id"]) is not None:
            return [fault(tr("There is a device %(id)s already. Choose another name.", id=typed["id"]), field="id")]
        return []

    def _profile(self, typed: Mapping[str, str]) -> Profile | None:
        return self._office.devices.profile(typed["type"]) if typed["type"] else None

    async def _show_name(
        self, request: web.Request, typed: Mapping[str, str], profile: Profile, faults: list[Fault], status: int = 200
    ) -> web.Response:
        return await self._office.render(
            request,
            "add_name.html",
            status=status,
            profile=profile,
            typed=typed,
            faults=faults,
            fault=faults[0] if faults else None,
            models=[("", tr("Not said")), *((each.model, each.model) for each in profile.models)],
            zones=zones(),
            own_zone=self._office.zone,
            accounts=self._office.accounts(),
            offered=await self._office.calendars.of(typed["account"]),
        )

    async def _show_connect(
        self,
        request: web.Request,
        typed: Mapping[str, str],
        profile: Profile,
        way: str,
        form: Mapping[str, str],
        faults: list[Fault],
        status: int = 200,
    ) -> web.Response:
        ways = _ways(profile)
        chosen = way if way in ways else ways[0]
        values = self._office.own().values(typed["id"], tr("(the key that you get in the next step)"))
        return await self._office.render(
            request,
            "add_connect.html",
            status=status,
            profile=profile,
            typed=typed,
            back=f"/devices/add/name?{urlencode(typed)}",
            other=f"/devices/add/connect?{urlencode(dict(typed) | {'way': 'calls' if chosen == 'asked' else 'asked'})}",
            ways=ways,
            way=chosen,
            set_up=set_up_lines(profile, values, asked=chosen == "asked"),
            form={name: form.get(name, "") for name in ADDED} | {"poll.every_s": form.get("poll.every_s") or _EVERY_S},
            faults=faults,
            fault=faults[0] if faults else None,
        )


def made_id(name: str) -> str:
    """Return an id for a device of that name: small letters and digits, as it stands in addresses."""
    plain = re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-")
    return plain[:63]


def _refuse_reserved(name: str) -> None:
    if name in RESERVED:
        raise Conflict(tr("%(id)s is the name of a page of the gateway. Choose another one.", id=name))


def _named(error: ConfigError | ProfileError | Conflict) -> list[Fault]:
    return faults_of(error, labels())


def _words(typed: Mapping[str, str]) -> dict[str, object]:
    """Return what was typed as settings; what was left empty is at its default."""
    words: dict[str, object] = {name: value for name, value in typed.items() if value and name != "type"}
    return words | {"profile": typed["type"]}


def _kept(fields: Mapping[str, str]) -> dict[str, str]:
    """Return what was typed so far; a calendar's id that was typed counts more than one that was chosen."""
    kept = {name: fields.get(name, "").strip()[:254] for name in _KEPT}
    return kept | {"calendar": fields.get("calendar_id", "").strip()[:254] or kept["calendar"]}


def _poll(form: Mapping[str, str]) -> tuple[dict[str, object], list[Fault]]:
    """Return where to ask the device, and what is missing."""
    words, _ = changed_words(None, {name: form.get(name, "") for name in ADDED})
    poll = dict(words.get("poll", {})) if isinstance(words.get("poll"), dict) else {}
    names = labels()
    missing = [
        fault(tr("%(field)s is missing.", field=names[f"poll.{each}"]), field=f"poll.{each}")
        for each in ("address", "user", "password")
        if not poll.get(each)
    ]
    if isinstance(poll.get("password"), str):
        poll["password"] = Secret(poll["password"])
    return poll, missing


def _ways(profile: Profile) -> list[str]:
    """Return in which directions devices of a profile can talk, the usual one first."""
    ways = []
    if Transport.POLL in profile.transports and profile.api is not None and profile.api.list is not None:
        ways.append("asked")
    if Transport.PUSH in profile.transports:
        ways.append("calls")
    return ways or ["calls"]


def _tile(profile: Profile) -> Tile:
    return Tile(
        profile=profile,
        brands=tuple(dict.fromkeys(product.brand for product in profile.products)),
        models=tuple(dict.fromkeys(product.model for product in profile.products)),
    )


def _fits(tile: Tile, text: str) -> bool:
    said = " ".join((tile.profile.id, tile.profile.title, *tile.brands, *tile.models)).casefold()
    return all(word in said for word in text.casefold().split())
