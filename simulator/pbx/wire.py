"""A booking as the JSON fields a UCM6300 would send, in two shapes; who is called and how is in `push`."""

from __future__ import annotations

import json
from datetime import datetime
from enum import StrEnum

from simulator.pbx.booking import AutoRecord, Booking, Member, Repeat, ScheduleForm
from simulator.pbx.zones import epoch_ms

PIN_FIELDS = frozenset({"pincode", "admin_pincode", "password", "hostCode", "host_password"})
"""Fields of any shape that nobody may see printed."""

_WEEKDAYS = ("Fmonday", "Gtuesday", "Hwednesday", "Ithursday", "Jfriday", "Ksaturday", "Esunday")


class Shape(StrEnum):
    """How a meeting is written.

    `FORM`: the web interface's `addMeetme` object (local times and a zone). `WAVE`: the Wave SDK's
    `meeting.schedule` object (epoch milliseconds, no zone).
    """

    FORM = "form"
    WAVE = "wave"


class CannotSay(ValueError):
    """The chosen shape has no field for something in the form; `str(error)` names it and the way out."""


def repeats(shape: Shape) -> tuple[Repeat, ...]:
    """What a shape can say of "Repeat"."""
    return tuple(one for one in Repeat if shape is Shape.WAVE or one is not Repeat.MONTHLY)


def fields(booking: Booking, shape: Shape) -> dict[str, object]:
    """Every field of the booking, named and ordered as the device does; CannotSay when the shape lacks one."""
    return _form_shape(booking) if shape is Shape.FORM else _wave_shape(booking)


def _form_shape(booking: Booking) -> dict[str, object]:
    form = booking.form
    return {
        "bookid": booking.book_id,
        "confname": form.subject,
        "confno": form.room,
        "description": form.agenda,
        "starttime": _naive(form.start),
        "endtime": _naive(form.end),
        "recurringevent": _recurring(form),
        "open_calendar": _yes(form.sync_to_google),
        "pincode": form.password,
        "admin_pincode": form.host_password,
        "user_invite": _yes(form.allow_user_invite),
        "con_admin": form.host.extension or "",
        "members": json.dumps(_members(form), ensure_ascii=False, separators=(",", ":")),
        "timezone": form.time_zone,
        "email_reminder": form.email_reminder_minutes,
        "call_participants": _yes(form.call_participants),
        "override_host_mute": _yes(form.override_host_mute),
        "auto_record": form.auto_record.value,
        "public": _yes(form.public_room),
    }


def _members(form: ScheduleForm) -> list[dict[str, str]]:
    return [_member(form.host, is_host=True)] + [_member(invitee, is_host=False) for invitee in form.invitees]


def _member(member: Member, *, is_host: bool) -> dict[str, str]:
    return {
        "member_name": (member.extension or member.email or "")[:64],
        "member_extension": member.extension or "",
        "email": member.email or "",
        "send_email": _yes(member.email is not None),
        "location": "local" if member.extension else "remote",
        "is_admin": _yes(is_host),
        "state": "needsAction",
    }


def _recurring(form: ScheduleForm) -> str:
    if form.repeat is Repeat.MONTHLY:
        raise CannotSay("the form shape has no monthly 'Repeat'; use the wave shape")
    words = {Repeat.NONE: "COMMON", Repeat.DAILY: "DAILY", Repeat.WEEKLY: _WEEKDAYS[form.start.weekday()]}
    return words[form.repeat]


def _wave_shape(booking: Booking) -> dict[str, object]:
    form = booking.form
    _refuse_what_wave_lacks(form)
    return {
        "external_id": booking.book_id,
        "subject": form.subject,
        **({"password": _number(form.password)} if form.password else {}),
        **({"hostCode": _number(form.host_password)} if form.host_password else {}),
        "agenda": form.agenda,
        **({"meetingType": 1, "meetingNum": form.room} if form.public_room else {"meetingType": 0}),
        "autoCallInvite": int(form.call_participants),
        "allowParticipantsInvite": int(form.allow_user_invite),
        "emailRemindTime": form.email_reminder_minutes,
        "startTime": _instant_ms(form.start, form.time_zone),
        "endTime": _instant_ms(form.end, form.time_zone),
        **({"cycle": form.repeat.value.upper()} if form.repeat is not Repeat.NONE else {}),
        "invitees": [{**_invitee(form.host), "isHost": 1}, *(_invitee(invitee) for invitee in form.invitees)],
    }


def _refuse_what_wave_lacks(form: ScheduleForm) -> None:
    lacking = {
        "Sync to Google Calendar (off)": not form.sync_to_google,
        "Allowed to Override Host Mute": form.override_host_mute,
        "Auto Record": form.auto_record is not AutoRecord.NONE,
    }
    for item, wanted in lacking.items():
        if wanted:
            raise CannotSay(f"the wave shape has no field for '{item}'; use the form shape")


def _instant_ms(local: datetime, label: str) -> int:
    try:
        return epoch_ms(local, label)
    except ValueError as error:
        raise CannotSay(f"the wave shape needs the instant, and there is {error}") from error


def _invitee(member: Member) -> dict[str, object]:
    return {
        **({"memberExtension": member.extension} if member.extension else {}),
        **({"email": member.email} if member.email else {}),
    }


def _number(pin: str) -> int | str:
    """The SDK types PINs as integers; one that would lose its leading zeros goes as text."""
    return int(pin) if pin.isascii() and pin.isdigit() and str(int(pin)) == pin else pin


def _naive(local: datetime) -> str:
    return local.strftime("%Y-%m-%d %H:%M:%S")


def _yes(value: bool) -> str:
    return "yes" if value else "no"
