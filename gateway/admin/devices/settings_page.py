"""The settings of one device: shown, judged and changed as a whole form; what they mean is decided in `devices`."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from gateway.admin.conflicts import Difference, conflict, version_of
from gateway.admin.devices.office import Fault, Office, Said, faults_of
from gateway.admin.devices.words import ADDED, CHOICES, TEXTS, TICKS, changed_words, labels, options, standing, zones
from gateway.admin.shell import actor_of, form_of, redirect
from gateway.devices.roster import Known
from gateway.errors import ConfigError, Conflict, ProfileError
from gateway.messages.languages import tr


class SettingsPages:
    """GET and POST /devices/{id}/settings."""

    def __init__(self, office: Office) -> None:
        self._office = office

    async def get(self, request: web.Request) -> web.Response:
        """The form with what is set now."""
        known = await self._office.roster(actor_of(request)).one(request.match_info["id"])
        return await self._show(request, known, _stored(known), [])

    async def save(self, request: web.Request) -> web.Response:
        """What was changed is changed; the rest stays."""
        office, name, form = self._office, request.match_info["id"], await form_of(request)
        roster = office.roster(actor_of(request))
        known = await roster.one(name)
        if known.section is None or known.locked_by:
            return redirect(f"/devices/{name}/settings")
        asked = known.section.poll is not None
        typed = {each: form[each] for each in (*TEXTS, *CHOICES, *(ADDED if asked else ())) if each in form}
        if form.get("calendar_id", "").strip():
            typed["calendar"] = form["calendar_id"]
        typed |= {each: "yes" if form.get(each) == "yes" else "" for each in TICKS}
        words, unset = changed_words(known.section, typed)
        profile = form.get("type", "")
        other = profile if profile and profile != known.section.profile else None
        if not words and not unset and other is None:
            return office.later(request, Said(kind="info", headline=tr("Nothing was changed.")), _place(name))
        if "password" in words.get("poll", {}) and (refused := await office.shell.proved(request)) is not None:
            return refused
        clash = await self._clash(request, known, typed)
        if clash is not None:
            return clash
        try:
            key = await roster.change(name, words, unset, profile=other)
        except (ConfigError, ProfileError, Conflict) as error:
            shown = standing(known.section) | typed | {"poll.password": ""}
            return await self._show(request, known, shown, faults_of(error, labels()), status=422)
        await office.changed()
        if key is not None:
            office.keys.put(office.key_place(request, name), key)
            return redirect(f"/devices/{name}/connect")
        return office.later(request, Said(kind="ok", headline=tr("The settings are saved.")), _place(name))

    async def _clash(self, request: web.Request, known: Known, typed: Mapping[str, str]) -> web.Response | None:
        """Return the page of A-06 when somebody else changed the settings since the form was shown."""
        office, shown, names = self._office, _stored(known), labels()
        last = await office.desk(actor_of(request)).last_change(known.row.name)
        differences = [Difference(names[name], shown.get(name, ""), value) for name, value in typed.items() if value]
        by, at_ms = last if last is not None else ("", None)
        return await conflict(
            office.shell, request, stored=version_of(shown), by=by, at_ms=at_ms, differences=differences
        )

    async def _show(
        self, request: web.Request, known: Known, shown: Mapping[str, str], faults: list[Fault], status: int = 200
    ) -> web.Response:
        office = self._office
        line = await office.devices.state(known.row.name)
        profile = office.devices.profile(known.row.profile)
        return await office.render(
            request,
            "settings.html",
            status=status,
            known=known,
            line=line,
            shown=shown,
            version=version_of(_stored(known)),
            labels=labels(),
            options=options(),
            zones=zones(),
            profiles=[(each.id, each.title) for each in office.catalog()],
            models=[each.model for each in profile.models] if profile is not None else [],
            accounts=office.accounts(),
            offered=await office.calendars.of((known.section.account if known.section is not None else None) or ""),
            own_zone=office.zone,
            faults=faults,
            fault=faults[0] if faults else None,
        )


def _stored(known: Known) -> dict[str, str]:
    return standing(known.section) if known.section is not None else {}


def _place(name: str) -> str:
    return f"/devices/{name}/settings"
