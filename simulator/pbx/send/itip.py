"""A device that sends iTIP messages (RFC 5546) as `text/calendar`: REQUEST and CANCEL, of a series or one day of it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from simulator.pbx.booking import Booking, Member, Repeat, ScheduleForm
from simulator.pbx.push import Answer
from simulator.pbx.send.sender import Sender
from simulator.pbx.send.vtimezone import vtimezone
from simulator.pbx.zones import code_of, zone_of

PRODUCT = "-//Simulated PBX//meeting-simulator//EN"
_FOLD_AT = 75
_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


class ItipSender(Sender):
    """`external_id` is the UID; SEQUENCE rises with every change."""

    kind = "itip"
    agent = "Simulated PBX (iTIP)"

    def __init__(self, gateway_base: str, device_id: str, key: str, **options: Any) -> None:
        super().__init__(gateway_base, device_id, key, **options)
        self._all_day: set[str] = set()
        self._excluded: dict[str, list[datetime]] = {}

    def new_id(self) -> str:
        """A UID that no other device makes."""
        return f"{self.state.new_id()}-{self.line.device_id}@simulated-pbx.example.com"

    async def schedule(self, form: ScheduleForm, *, external_id: str | None = None, all_day: bool = False) -> Answer:
        """Send a REQUEST for a new meeting; `all_day` says dates only, from the day of the start to that of the end."""
        uid = external_id or self.new_id()
        if all_day:
            self._all_day.add(uid)
        return await super().schedule(form, external_id=uid)

    async def exclude(self, external_id: str, *originals: datetime) -> Answer:
        """Send the series again without these days (EXDATE)."""
        self._excluded.setdefault(external_id, []).extend(originals)
        form = self.known(external_id)
        self.state.touch(external_id)
        return await self._post("REQUEST", self._event(Booking(book_id=external_id, form=form)), form, external_id)

    async def send_text(self, text: str, *, method: str = "REQUEST", external_id: str = "") -> Answer:
        """Send any text as a calendar object."""
        headers = {"Content-Type": f"text/calendar; method={method}; charset=utf-8"}
        url = f"{self.line.device_address()}/calendar"
        return await self._ask("POST", url, external_id, headers=headers, body=text)

    async def _tell(self, booking: Booking, *, new: bool) -> Answer:
        del new
        return await self._post("REQUEST", self._event(booking), booking.form, booking.book_id)

    async def _tell_occurrence(self, external_id: str, original: datetime, form: ScheduleForm | None) -> Answer:
        series = self.known(external_id)
        zone = series.time_zone
        day = [self._moment("RECURRENCE-ID", original, zone, external_id)]
        if form is None:
            return await self._post("CANCEL", self._cancelled(external_id, series, day), series, external_id)
        event = self._event(Booking(book_id=external_id, form=form), day)
        return await self._post("REQUEST", event, form, external_id)

    async def _tell_cancelled(self, external_id: str) -> Answer:
        kept = self.state.kept(external_id)
        if kept is None:
            lines = [f"UID:{external_id}", self._stamp(), "SEQUENCE:1"]
            return await self._post("CANCEL", lines, None, external_id)
        form = kept.booking.form
        return await self._post("CANCEL", self._cancelled(external_id, form, []), form, external_id)

    def _cancelled(self, uid: str, form: ScheduleForm, day: list[str]) -> list[str]:
        start = self._moment("DTSTART", form.start, form.time_zone, uid)
        lines = [f"UID:{uid}", self._stamp(), f"SEQUENCE:{self._sequence(uid)}", *(day or [start])]
        return [*lines, f"SUMMARY:{escaped(form.subject)}", "STATUS:CANCELLED", _organizer(form)]

    def _event(self, booking: Booking, day: list[str] | None = None) -> list[str]:
        form, uid, zone = booking.form, booking.book_id, booking.form.time_zone
        rule = _rule(form) if day is None else ""
        excluded = self._excluded.get(uid, []) if day is None else []
        lines = [
            f"UID:{uid}",
            self._stamp(),
            f"SEQUENCE:{self._sequence(uid)}",
            *(day or []),
            self._moment("DTSTART", form.start, zone, uid),
            self._moment("DTEND", form.end, zone, uid),
            rule,
            *(self._moment("EXDATE", one, zone, uid) for one in excluded),
            f"SUMMARY:{escaped(form.subject)}",
            f"DESCRIPTION:{escaped(form.agenda)}" if form.agenda else "",
            f"LOCATION:{escaped(form.room)}" if form.room else "",
            _organizer(form),
            *(_attendee(one) for one in form.invitees if one.email),
            "STATUS:CONFIRMED",
        ]
        return [line for line in lines if line]

    async def _post(self, method: str, event: list[str], form: ScheduleForm | None, uid: str) -> Answer:
        zone = vtimezone(code_of(form.time_zone), zone_of(form.time_zone), form.start.year) if form else []
        lines = [
            "BEGIN:VCALENDAR",
            f"PRODID:{PRODUCT}",
            "VERSION:2.0",
            f"METHOD:{method}",
            *([] if uid in self._all_day else zone),
            "BEGIN:VEVENT",
            *event,
            "END:VEVENT",
            "END:VCALENDAR",
        ]
        return await self.send_text("".join(folded(line) for line in lines), method=method, external_id=uid)

    def _moment(self, name: str, local: datetime, label: str, uid: str) -> str:
        if uid in self._all_day:
            last = name == "DTEND" and local.time() != local.time().min
            return f"{name};VALUE=DATE:{_after(local.date()) if last else local.date():%Y%m%d}"
        return f"{name};TZID={code_of(label)}:{local:%Y%m%dT%H%M%S}"

    def _stamp(self) -> str:
        return f"DTSTAMP:{self.state.now().astimezone(UTC):%Y%m%dT%H%M%SZ}"

    def _sequence(self, uid: str) -> int:
        kept = self.state.kept(uid)
        return kept.changes if kept is not None else 0


def escaped(text: str) -> str:
    """TEXT of RFC 5545, section 3.3.11."""
    plain = text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return plain.replace("\r\n", "\\n").replace("\n", "\\n")


def folded(line: str) -> str:
    """A content line with its CRLF, folded at 75 octets (RFC 5545, section 3.1), never within a character."""
    pieces, length = [""], 0
    for letter in line:
        size = len(letter.encode())
        if length + size > _FOLD_AT:
            pieces.append(" ")
            length = 1
        pieces[-1] += letter
        length += size
    return "\r\n".join(pieces) + "\r\n"


def _after(day: date) -> date:
    return date.fromordinal(day.toordinal() + 1)


def _rule(form: ScheduleForm) -> str:
    if form.repeat is Repeat.NONE:
        return ""
    days = f";BYDAY={_DAYS[form.start.weekday()]}" if form.repeat is Repeat.WEEKLY else ""
    return f"RRULE:FREQ={form.repeat.value.upper()}{days}"


def _organizer(form: ScheduleForm) -> str:
    return f"ORGANIZER;CN={_quoted(_name(form.host))}:mailto:{_address(form.host)}"


def _attendee(member: Member) -> str:
    return f"ATTENDEE;CN={_quoted(_name(member))};PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:{member.email}"


def _address(member: Member) -> str:
    return member.email or f"{member.extension}@simulated-pbx.example.com"


def _name(member: Member) -> str:
    return member.extension or member.email or "?"


def _quoted(text: str) -> str:
    return '"' + text.replace('"', "'") + '"'
