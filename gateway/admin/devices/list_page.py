"""The list of devices with those who wait to become one, and the switch that lets new ones in for a while."""

from __future__ import annotations

from urllib.parse import urlencode

from aiohttp import web

from gateway import messages
from gateway.admin.devices.office import Office, Said
from gateway.admin.shell import actor_of, form_of, redirect
from gateway.devices.call_cleaning import CallCleaner, secret_names
from gateway.errors import NotFound
from gateway.messages.languages import tr
from gateway.operations.devices.listed import Stranger
from gateway.store.device_list import State

LONGEST_SEARCH = 100


class ListPages:
    """GET /devices, and everything under /devices/waiting and /devices/allow."""

    def __init__(self, office: Office) -> None:
        self._office = office

    async def get(self, request: web.Request) -> web.Response:
        """The list, filtered as the address says."""
        office, query = self._office, request.query
        text, state = query.get("search", "").strip()[:LONGEST_SEARCH], query.get("state", "")
        of_devices = State(state) if state in list(State) else None
        page = await office.devices.page(
            text, of_devices, after=query.get("after", "")[:64], before=query.get("before", "")[:64]
        )
        strangers = await office.devices.strangers(office.pending.looks())
        kept = {"search": text, "state": state}
        return await office.render(
            request,
            "list.html",
            lines=page.lines if of_devices or state not in ("waiting", "ignored") else [],
            number=page.number,
            newer=_place(kept, before=page.before),
            older=_place(kept, after=page.after),
            here=request.path_qs if query else "/devices",
            text=text,
            state=state,
            strangers=strangers,
            left_s=int(office.admission.left_s),
            let_in=office.admission.names,
        )

    async def stranger(self, request: web.Request) -> web.Response:
        """GET /devices/waiting/{id}: who it is, and what it asked for."""
        office, name = self._office, request.match_info["id"]
        found = await self._waiting(name)
        cleaner = CallCleaner(secret_names(found[0].profile))
        calls = [
            {
                "at_ms": call.at_ms,
                "line": f"{call.method} /api/v1/devices/{name}/meetings{'/' if call.path else ''}{call.path}",
                "type": call.content_type,
                "body": cleaner.body(call.content_type, call.body),
            }
            for call in office.pending.calls(name)
        ]
        newest = found[0]
        looks_like = newest.profile.title if newest.profile is not None else ""
        message = messages.text("D-01", device=name, ip=newest.caller.address, profile=looks_like)
        return await office.render(request, "stranger.html", name=name, found=found, calls=calls, message=message)

    async def add(self, request: web.Request) -> web.Response:
        """POST /devices/waiting/{id}/add: the first step of adding it."""
        name = request.match_info["id"]
        found = await self._waiting(name)
        profile = next((each.profile.id for each in found if each.profile is not None), "")
        if not profile:
            return redirect(f"/devices/add?{urlencode({'id': name})}")
        return redirect(f"/devices/add/name?{urlencode({'type': profile, 'id': name})}")

    async def ignore(self, request: web.Request) -> web.Response:
        """POST /devices/waiting/{id}/ignore: never ask again."""
        name = request.match_info["id"]
        await self._office.roster(actor_of(request)).ignore(name, ignored=True)
        await self._office.changed()
        headline = tr("%(device)s is ignored.", device=name)
        line = tr("You are not asked about it again. Undo stands in the list of ignored devices.")
        return self._office.later(request, Said(kind="ok", headline=headline, lines=(line,)), "/devices")

    async def heed(self, request: web.Request) -> web.Response:
        """POST /devices/waiting/{id}/heed: ask about it again."""
        name = request.match_info["id"]
        await self._office.roster(actor_of(request)).ignore(name, ignored=False)
        await self._office.changed()
        headline = tr("%(device)s is asked about again when it calls.", device=name)
        return self._office.later(request, Said(kind="ok", headline=headline), "/devices")

    async def dismiss(self, request: web.Request) -> web.Response:
        """POST /devices/waiting/{id}/dismiss: forget it until it calls again."""
        name = request.match_info["id"]
        await self._office.roster(actor_of(request)).dismiss(name)
        await self._office.changed()
        headline = tr("%(device)s is dismissed. You are asked again when it calls the next time.", device=name)
        return self._office.later(request, Said(kind="ok", headline=headline), "/devices")

    async def allow(self, request: web.Request) -> web.Response:
        """POST /devices/allow: let new devices in for ten minutes, or no longer."""
        form = await form_of(request)
        if form.get("allow") == "no":
            await self._office.admission.close(actor_of(request))
            said = Said(kind="ok", headline=tr("New devices have to ask again."))
        else:
            await self._office.admission.open(actor_of(request))
            said = Said(
                kind="ok",
                headline=tr("New devices are added for 10 minutes."),
                lines=(
                    tr("Only devices on your local network whose type is recognised. Everything else waits as usual."),
                ),
            )
        return self._office.later(request, said, "/devices")

    async def _waiting(self, name: str) -> list[Stranger]:
        callers = [each for each in self._office.pending.looks() if each.name == name]
        if not callers:
            raise NotFound(f"{name} does not want to connect.")
        return list((await self._office.devices.strangers(callers)).waiting)


def _place(kept: dict[str, str], **more: str) -> str:
    if not any(more.values()):
        return ""
    words = {name: value for name, value in (kept | more).items() if value}
    return f"/devices?{urlencode(words)}"
