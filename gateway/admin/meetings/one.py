"""The page of one meeting, its picture of calls, its file to take along; what its buttons do is in `deeds`."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web

from gateway.admin.meetings import story_words
from gateway.admin.meetings.office import MeetingOffice
from gateway.admin.meetings.view import view
from gateway.admin.shell import actor_of
from gateway.errors import NotFound
from gateway.messages.languages import tr
from gateway.mirror.inbound.adoption import Offer
from gateway.operations.meetings import agenda as meeting_agenda
from gateway.operations.meetings.agenda import Word
from gateway.operations.meetings.desk import Shown
from gateway.operations.meetings.ics import icalendar
from gateway.operations.meetings.story import Step, story
from gateway.store import meeting_told
from gateway.store.meeting_told import Reply

DONE = ("sent", "cancelled", "device", "google", "back", "left", "adopted", "rejected", "conflict")
"""What a form can have done, as the address of the page says it afterwards."""


@dataclass(frozen=True, slots=True)
class _Seen:
    shown: Shown
    word: Word
    replies: dict[str, Reply]
    story: tuple[Step, ...]


class MeetingPages:
    """GET /meetings/{id} and what belongs to it."""

    def __init__(self, office: MeetingOffice) -> None:
        self.office = office

    async def get(self, request: web.Request) -> web.Response:
        """GET /meetings/{id}."""
        return await self.show(request)

    async def part(self, request: web.Request) -> web.Response:
        """GET /meetings/{id}/part: all below the title, for a page that is open."""
        return await self.show(request, template="meetings/one_part.html")

    async def show(
        self,
        request: web.Request,
        *,
        template: str = "meetings/one.html",
        passwords: Mapping[str, str] | None = None,
    ) -> web.Response:
        """Return the page; `passwords` are those that somebody who proved who they are wants to see, by their name."""
        office = self.office
        try:
            seen = await self._seen(request)
        except NotFound:
            return await self._missing(request)
        said = request.query.get("done", "")
        offers = await office.offers(seen.shown.line)
        return await office.shell.render(
            request,
            template,
            view=view(seen.shown, seen.word, seen.replies, office.invitations(seen.shown.line.device_id), office.zone),
            story=story_words.steps(seen.story, office.zone),
            offers=[_offer(each) for each in offers],
            passwords=passwords or {},
            done=_done(said, seen.shown) if said in DONE else "",
            went_wrong=said == "conflict",
            zone=office.zone,
            part=f"/meetings/{seen.shown.line.id}/part",
        )

    async def ladder(self, request: web.Request) -> web.Response:
        """GET /meetings/{id}/ladder: the calls as a picture, and as a table."""
        office = self.office
        try:
            seen = await self._seen(request)
        except NotFound:
            return await self._missing(request)
        line = seen.shown.line
        return await office.shell.render(
            request,
            "meetings/ladder.html",
            id=line.id,
            subject=line.subject or tr("(no subject)"),
            ladder=story_words.ladder(seen.story, office.zone, line.device),
            story=story_words.steps(seen.story, office.zone),
            zone=office.zone,
        )

    async def ics(self, request: web.Request) -> web.Response:
        """GET /meetings/{id}/meeting.ics."""
        office = self.office
        try:
            shown = await office.desk(actor_of(request)).shown(_id(request))
        except NotFound:
            return await self._missing(request)
        name = re.sub(r"[^A-Za-z0-9._-]+", "-", shown.line.subject).strip("-.")[:60] or "meeting"
        return web.Response(
            body=icalendar(shown, office.clock.now_ms()),
            content_type="text/calendar",
            charset="utf-8",
            headers={"Content-Disposition": f'attachment; filename="{name}.ics"', "Cache-Control": "no-store"},
        )

    async def _seen(self, request: web.Request) -> _Seen:
        office = self.office
        shown = await office.desk(actor_of(request)).shown(_id(request))

        def read(conn: sqlite3.Connection) -> _Seen:
            return _Seen(
                shown=shown,
                word=meeting_agenda.word_of(conn, shown.line),
                replies=meeting_told.replies(conn, shown.line.id),
                story=story(conn, shown),
            )

        return await office.database.read(read)

    async def _missing(self, request: web.Request) -> web.Response:
        return await self.office.shell.render(request, "meetings/missing.html", status=404, id=_id(request)[:40])


def _id(request: web.Request) -> str:
    return request.match_info["id"]


def _offer(offer: Offer) -> dict[str, object]:
    pair = offer.pair
    return {
        "event": pair.remote_id,
        "calendar": pair.calendar_id,
        "organiser": pair.organiser or pair.account,
        "double": pair.double,
    }


def _done(said: str, shown: Shown) -> str:
    device = shown.line.device
    return {
        "sent": tr("The meeting is sent again. The page shows how it goes."),
        "cancelled": tr(
            "The meeting is cancelled; its event leaves the calendar. %(device)s does not hear of it: cancel it there "
            "too, if it still has it.",
            device=device,
        ),
        "device": tr("The device's version counts. It is written to Google."),
        "google": tr("Google's version counts. The event stays as people made it."),
        "back": tr("All events that vanished are written again."),
        "left": tr("The events that vanished stay deleted."),
        "adopted": tr("The event is used for this meeting now. The device's version is written to it."),
        "rejected": tr("The event is not offered for this meeting again."),
        "conflict": tr("Nothing was changed: the meeting stands differently by now. Look again, then decide."),
    }[said]
