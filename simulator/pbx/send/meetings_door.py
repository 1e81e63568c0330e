"""Devices and scripts that post to the gateway's `/meetings` address, each with words of its own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from simulator.pbx.booking import Booking, Member, Repeat, ScheduleForm
from simulator.pbx.push import Answer
from simulator.pbx.send.sender import FORM_TYPE, JSON_TYPE, Sender, as_form
from simulator.pbx.wire import CannotSay, Shape, fields
from simulator.pbx.zones import zone_of

_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


class JsonSender(Sender):
    """A device whose maker chose the gateway's own words: POST, PUT and DELETE, days of a series below the meeting."""

    kind = "json"
    agent = "device with the gateway's own words (simulated)"

    def said(self, booking: Booking) -> Mapping[str, Any]:
        """The fields of a meeting."""
        form = booking.form
        repeat = {} if form.repeat is Repeat.NONE else {"repeat": {"frequency": form.repeat.value}}
        return {
            "external_id": booking.book_id,
            "subject": form.subject,
            "start": f"{form.start:%Y-%m-%dT%H:%M:%S}",
            "end": f"{form.end:%Y-%m-%dT%H:%M:%S}",
            "time_zone": form.time_zone,
            **repeat,
            **({"agenda": form.agenda} if form.agenda else {}),
            "host": _person(form.host),
            "invitees": [_person(one) for one in form.invitees],
            "room": form.room,
            **({"password": form.password} if form.password else {}),
            "host_password": form.host_password,
            "reminder_minutes": form.email_reminder_minutes,
        }

    async def look(self, external_id: str) -> Answer:
        """Ask what the gateway knows of a meeting."""
        return await self._ask("GET", self.line.address(external_id), external_id)

    async def _tell(self, booking: Booking, *, new: bool) -> Answer:
        url = self.line.address(None if new else booking.book_id)
        return await self._send("POST" if new else "PUT", url, booking)

    async def _tell_occurrence(self, external_id: str, original: datetime, form: ScheduleForm | None) -> Answer:
        day = quote(f"{original:%Y-%m-%dT%H:%M:%S}", safe="")
        url = f"{self.line.address(external_id)}/occurrences/{day}"
        if form is None:
            return await self._ask("DELETE", url, external_id)
        return await self._send("PUT", url, Booking(book_id=external_id, form=replace(form, repeat=Repeat.NONE)))

    async def _tell_cancelled(self, external_id: str) -> Answer:
        return await self._ask("DELETE", self.line.address(external_id), external_id)

    async def _send(self, method: str, url: str, booking: Booking) -> Answer:
        body = json.dumps(self.said(booking), ensure_ascii=False)
        return await self._ask(method, url, booking.book_id, headers=JSON_TYPE, body=body)


class FormSender(Sender):
    """A web form or a spreadsheet's script: it only knows how to post a form, a cancelled meeting too."""

    kind = "form"
    agent = "web form (simulated)"

    def said(self, booking: Booking) -> Mapping[str, str]:
        """Day and time in fields of their own, people as addresses with commas between."""
        form = booking.form
        return {
            "id": booking.book_id,
            "subject": form.subject,
            "date": f"{form.start:%Y-%m-%d}",
            "time": f"{form.start:%H:%M}",
            "end_date": f"{form.end:%Y-%m-%d}",
            "end_time": f"{form.end:%H:%M}",
            "time_zone": form.time_zone,
            **_repeat(form),
            **({"agenda": form.agenda} if form.agenda else {}),
            **({"room": form.room} if form.room else {}),
            **({"host": form.host.extension} if form.host.extension else {}),
            "people": addresses(form.invitees),
            "reminder_minutes": str(form.email_reminder_minutes),
        }

    async def _tell(self, booking: Booking, *, new: bool) -> Answer:
        del new
        return await self._post(self.said(booking), booking.book_id)

    async def _tell_occurrence(self, external_id: str, original: datetime, form: ScheduleForm | None) -> Answer:
        named = {"instead_of": f"{original:%Y-%m-%dT%H:%M:%S}"}
        if form is None:
            return await self._post({**self._gone(external_id, original), **named}, external_id)
        day = Booking(book_id=external_id, form=replace(form, repeat=Repeat.NONE))
        return await self._post({**self.said(day), **named}, external_id)

    async def _tell_cancelled(self, external_id: str) -> Answer:
        return await self._post(self._gone(external_id, self.known(external_id).start), external_id)

    def _gone(self, external_id: str, start: datetime) -> Mapping[str, str]:
        subject = self.known(external_id).subject
        return {"id": external_id, "subject": subject, "date": f"{start:%Y-%m-%d}", "cancelled": "yes"}

    async def _post(self, said: Mapping[str, str], external_id: str) -> Answer:
        return await self._ask("POST", self.line.address(), external_id, headers=FORM_TYPE, body=as_form(said))


class RoomOsMacro(Sender):
    """The macro of our own how-to on a Cisco room device: it posts each booking, and once more when it is gone.

    All times are UTC; every booking stands alone.
    """

    kind = "roomos"
    agent = "Cisco RoomOS 11 macro (simulated)"

    def said(self, booking: Booking) -> Mapping[str, Any]:
        """The device's `Booking` object, and the SIP address of its first call when it has one."""
        form = booking.form
        if form.repeat is not Repeat.NONE:
            raise CannotSay("roomos: a room device knows single bookings only; send each one")
        organizer = {"Email": form.host.email, "Name": form.host.extension or ""} if form.host.email else None
        times = {"StartTime": _utc(form.start, form.time_zone), "EndTime": _utc(form.end, form.time_zone)}
        return {
            "Booking": {
                "Id": booking.book_id,
                "Title": form.subject or "Booked",
                "Agenda": form.agenda,
                "Organizer": organizer,
                "Time": times,
            },
            **({"SipUri": f"sip:{form.room}@pbx.example.com"} if form.room else {}),
        }

    async def _tell(self, booking: Booking, *, new: bool) -> Answer:
        del new
        return await self._post(self.said(booking), booking.book_id)

    async def _tell_occurrence(self, external_id: str, original: datetime, form: ScheduleForm | None) -> Answer:
        del external_id, original, form
        raise CannotSay("roomos: a room device knows single bookings only")

    async def _tell_cancelled(self, external_id: str) -> Answer:
        booking = Booking(book_id=external_id, form=self.known(external_id))
        return await self._post({**self.said(booking), "Cancelled": True}, external_id)

    async def _post(self, said: Mapping[str, Any], external_id: str) -> Answer:
        body = json.dumps(said, ensure_ascii=False)
        return await self._ask("POST", self.line.address(), external_id, headers=JSON_TYPE, body=body)


class Ucm6200Pusher(Sender):
    """A script beside a UCM6200 that repeats the web interface's `addMeetme` calls to the gateway.

    `fixed_0800` is the fault of one version: `timezone` says `+0800` whatever the device's zone.
    """

    kind = "ucm6200"
    agent = "Grandstream UCM6204 1.0.20.38 (simulated)"
    fixed_0800 = False

    def said(self, booking: Booking) -> Mapping[str, Any]:
        """Naive local times, the offset of the device's clock, `members` as a JSON text."""
        form = booking.form
        if form.start.date() != form.end.date():
            raise CannotSay("ucm6200: a meeting must not cross midnight")
        kept = {name: value for name, value in fields(booking, Shape.FORM).items() if name not in _NOT_ON_6200}
        offset = form.start.replace(tzinfo=zone_of(form.time_zone)).strftime("%z")[:5]
        return {
            **kept,
            "kickall_time": 10,
            "timezone": "+0800" if self.fixed_0800 else offset,
            "wait_admin": "no",
            "announce_callers": "no",
            "quiet_mode": "no",
            "recording": "no",
            "moh_firstcaller": "no",
            "musicclass": "default",
            "call_menu": "no",
            "skipauth": "no",
            "closed": "no",
        }

    async def _tell(self, booking: Booking, *, new: bool) -> Answer:
        url = self.line.address(None if new else booking.book_id)
        body = as_form(self.said(booking))
        return await self._ask("POST" if new else "PUT", url, booking.book_id, headers=FORM_TYPE, body=body)

    async def _tell_occurrence(self, external_id: str, original: datetime, form: ScheduleForm | None) -> Answer:
        del external_id, original, form
        raise CannotSay("ucm6200: its web interface has no words for one occurrence of a series")

    async def _tell_cancelled(self, external_id: str) -> Answer:
        return await self._ask("DELETE", self.line.address(external_id), external_id)


_NOT_ON_6200 = frozenset({"email_reminder", "call_participants", "override_host_mute", "auto_record"})


def addresses(members: tuple[Member, ...]) -> str:
    """People as one text with commas between: the e-mail address, or the extension of who has none."""
    return ", ".join(str(one.email or one.extension) for one in members)


def _person(member: Member) -> dict[str, str]:
    return {
        **({"extension": member.extension} if member.extension else {}),
        **({"email": member.email} if member.email else {}),
    }


def _repeat(form: ScheduleForm) -> dict[str, str]:
    if form.repeat is Repeat.NONE:
        return {}
    days = {"days": _DAYS[form.start.weekday()]} if form.repeat is Repeat.WEEKLY else {}
    return {"repeat": form.repeat.value, **days}


def _utc(local: datetime, label: str) -> str:
    return f"{local.replace(tzinfo=zone_of(label)).astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
