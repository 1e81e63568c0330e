"""A Jitsi server that asks the gateway before it opens a room: Prosody's and Jicofo's reservation client.

Source: Jitsi handbook, "Reservation System setup".
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import quote

from simulator.pbx.booking import Booking, ScheduleForm
from simulator.pbx.push import Answer
from simulator.pbx.send.sender import FORM_TYPE, Sender, as_form
from simulator.pbx.wire import CannotSay
from simulator.pbx.zones import zone_of

CONFLICT = 409


class JitsiServer(Sender):
    """`schedule` opens the room named like the meeting, at its start; how long it may last is the gateway's answer.

    `external_id` of an answer is the reservation's id, which the gateway makes.
    """

    kind = "jitsi"
    agent = "prosody (simulated)"

    async def open_room(self, name: str, start: datetime, mail_owner: str = "") -> Answer:
        """Ask for a room at an instant (aware).

        On 409 the reservation named by `conflict_id` is read: it is the answer when it is for this room and owner,
        which is how a server that lost its memory finds its room again; otherwise the 409 is.
        """
        said = {"name": name, "start_time": _instant(start), **({"mail_owner": mail_owner} if mail_owner else {})}
        answer = await self._ask("POST", self._address(), "", headers=FORM_TYPE, body=as_form(said))
        if answer.status == CONFLICT and answer.body.get("conflict_id") is not None:
            known = await self.look(str(answer.body["conflict_id"]))
            mine = str(known.body.get("name", "")).casefold() == name.casefold()
            if known.ok and mine and known.body.get("mail_owner", "") == mail_owner:
                return known
        return replace(answer, external_id=str(answer.body.get("id", "")))

    async def look(self, reservation_id: str) -> Answer:
        """Read one reservation."""
        answer = await self._ask("GET", self._address(reservation_id), reservation_id)
        return replace(answer, external_id=str(answer.body.get("id", reservation_id)))

    async def schedule(self, form: ScheduleForm, *, external_id: str | None = None) -> Answer:
        """Open the room of a meeting; Jitsi has no word for an id of its own, a repeat or invitees."""
        if external_id is not None:
            raise CannotSay("jitsi: the gateway makes the id of a reservation")
        start = form.start.replace(tzinfo=zone_of(form.time_zone))
        booked = self.state.book(form)
        answer = await self.open_room(room_name(form.subject), start, booked.form.host.email or "")
        if answer.ok:
            self.state.remember(Booking(book_id=answer.external_id, form=booked.form))
        return answer

    async def change(self, external_id: str, form: ScheduleForm) -> Answer:
        """Refused: a reservation can only be deleted and made again."""
        del external_id, form
        raise CannotSay("jitsi has no word for a changed reservation; cancel it and schedule it again")

    async def _tell_cancelled(self, external_id: str) -> Answer:
        return await self._ask("DELETE", self._address(external_id), external_id)

    def _address(self, reservation_id: str | None = None) -> str:
        path = f"{self.line.device_address()}/conference"
        return path if reservation_id is None else f"{path}/{quote(reservation_id, safe='')}"


def room_name(subject: str) -> str:
    """A room's name as it stands in a link: `Weekly_Meeting` is `weekly_meeting`."""
    return re.sub(r"[^\w.-]+", "-", subject.strip().casefold()).strip("-") or "meeting"


def _instant(moment: datetime) -> str:
    utc = moment.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}Z"
