"""Looking at profiles: the list, one of them with its examples, trying it with a call, taking it away as a file."""

from __future__ import annotations

import asyncio
import json
from collections import Counter

from aiohttp import web

from gateway.admin.profiles.office import KINDS, ProfileOffice
from gateway.admin.shell import form_of
from gateway.domain.zones import UnknownZone, resolve
from gateway.errors import NotFound
from gateway.messages.languages import tr
from gateway.operations.call_understood import Understood
from gateway.operations.profiles.columns import Call
from gateway.operations.profiles.desk import Shelved
from gateway.operations.profiles.shown import capabilities, example_rows, field_rows, sample_of, trust_words
from gateway.profiles.model import Profile

_LONGEST_TEXT = 100
_FORM = "application/x-www-form-urlencoded"
_JSON = "application/json"


class LookPages:
    """The handlers of /profiles, /profiles/…/… and what is below it to look at."""

    def __init__(self, office: ProfileOffice) -> None:
        self._office = office

    async def every(self, request: web.Request) -> web.Response:
        """GET /profiles: all of them."""
        text = request.query.get("text", "").strip()[:_LONGEST_TEXT]
        every = self._office.desk.every()
        used = Counter(device.profile.id for device in self._office.register.served())
        shown = [each for each in every if text.casefold() in _searched(each)]
        return await self._office.shell.render(
            request,
            "profiles/list.html",
            profiles=shown,
            number=len(every),
            text=text,
            used=used,
            trust=trust_words(),
            kinds=KINDS,
        )

    async def one(self, request: web.Request) -> web.Response:
        """GET /profiles/…/…: one profile; `call` is the number of a call to try it with."""
        shelved = self._office.wanted(request)
        typed = {"body": "", "kind": _JSON, "zone": "", "id": "", "call": ""}
        number = request.query.get("call", "")
        if number.isascii() and number.isdigit() and len(number) <= 18:
            typed["call"] = number
        elif shelved.profile is not None and (sample := sample_of(shelved.profile)) is not None:
            typed |= {"body": _pretty(sample.call), "zone": sample.device_zone or "", "id": sample.external_id or ""}
        return await self._show(request, shelved, typed)

    async def _show(
        self,
        request: web.Request,
        shelved: Shelved,
        typed: dict[str, str],
        *,
        said: list[Understood] | None = None,
        fault: str = "",
    ) -> web.Response:
        profile, office = shelved.profile, self._office
        return await office.shell.render(
            request,
            "profiles/one.html",
            status=422 if fault else 200,
            shelved=shelved,
            profile=profile,
            at=f"/profiles/{shelved.id}",
            users=office.users(shelved.id),
            capabilities=capabilities(profile) if profile else [],
            fields=[(shape, field_rows(profile, shape)) for shape in profile.shapes] if profile else [],
            trust=trust_words(),
            kinds=KINDS,
            typed=typed,
            calls=office.recent(shelved.id),
            said=said,
            fault=fault,
            zone=office.zone(),
            forms=[(_JSON, "JSON"), (_FORM, tr("Form fields"))],
            examples=example_rows(profile, office.readers(profile))
            if profile and "examples" in request.query
            else None,
        )

    async def examples(self, request: web.Request) -> web.Response:
        """GET /profiles/…/…/examples: every example replayed; a part of the page."""
        shelved = self._office.wanted(request)
        if shelved.profile is None:
            raise web.HTTPNotFound
        profile = shelved.profile
        rows = await asyncio.to_thread(example_rows, profile, self._office.readers(profile))
        return await self._office.shell.render(request, "profiles/examples.html", examples=rows)

    async def test(self, request: web.Request) -> web.Response:
        """POST /profiles/…/…/test: what the profile makes of a call."""
        shelved, form = self._office.wanted(request), await form_of(request)
        typed = {name: form.get(name, "") for name in ("body", "kind", "zone", "id", "call")}
        if shelved.profile is None:
            return await self._show(request, shelved, typed)
        said, fault = await self._tried(shelved.profile, typed)
        return await self._show(request, shelved, typed, said=said, fault=fault)

    async def _tried(self, profile: Profile, typed: dict[str, str]) -> tuple[list[Understood] | None, str]:
        zone = typed["zone"].strip()[:_LONGEST_TEXT] or None
        if zone is not None:
            try:
                zone = resolve(zone).name
            except UnknownZone as unknown:
                return None, tr("The time zone %(zone)s is not known.", zone=unknown.text)
        pairs, fault = await self._opened(typed)
        if fault:
            return None, fault
        desk = self._office.desk
        return [desk.tried(profile, call, external_id=named, time_zone=zone) for call, named in pairs], ""

    async def _opened(self, typed: dict[str, str]) -> tuple[list[tuple[Call, str | None]], str]:
        if typed["call"].isdigit():
            try:
                return self._office.opened(await self._office.calls.raw(int(typed["call"][:18])))
            except NotFound:
                return [], tr("This call is no longer kept.")
        kind = _FORM if typed["kind"] == _FORM else _JSON
        return self._office.pasted(kind, typed["body"], typed["id"].strip())

    async def download(self, request: web.Request) -> web.Response:
        """GET /profiles/…/…/file: the file itself."""
        shelved = self._office.wanted(request)
        return _file(self._office.desk.text(shelved.id).encode(), f"{_plain(shelved.id)}.yaml", "application/yaml")

    async def contribute(self, request: web.Request) -> web.Response:
        """GET /profiles/…/…/bundle: everything to contribute it."""
        shelved = self._office.wanted(request)
        if shelved.profile is None:
            raise web.HTTPNotFound
        readers = self._office.readers(shelved.profile)
        packed = await asyncio.to_thread(self._office.desk.bundle, shelved.id, readers)
        return _file(packed, f"{_plain(shelved.id)}.zip", "application/zip")


def _searched(each: Shelved) -> str:
    profile = each.profile
    if profile is None:
        return each.id
    products = " ".join(f"{product.brand} {product.model}" for product in profile.products)
    return f"{each.id} {profile.title} {products}".casefold()


def _pretty(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)


def _plain(profile_id: str) -> str:
    return profile_id.replace("/", "-")


def _file(body: bytes, name: str, kind: str) -> web.Response:
    return web.Response(body=body, content_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})
