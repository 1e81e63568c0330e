"""Reads the fields of an `addMeetme` or `update…` call into a meeting, as strict as the device's own form."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from simulator.pbx.api.codes import Code, Refused
from simulator.pbx.api.meeting import CANCELLED, ORIGINAL, Meeting, read_members, read_time
from simulator.pbx.api.models import FIRST_ROOM, Family, Model

RECURRING = (
    "COMMON", "DAILY", "MONTHLY", "Esunday", "Fmonday", "Gtuesday", "Hwednesday", "Ithursday", "Jfriday", "Ksaturday",
)  # fmt: skip
_NOT_KEPT = frozenset({"action", "cookie", "force", "members", "timezone", ORIGINAL, CANCELLED})
_YES_NO = ("public", "open_calendar", "user_invite", "wait_admin", "announce_callers", "quiet_mode", "recording")


def read_meeting(said: Mapping[str, Any], book_id: str, zone: str, model: Model) -> Meeting:
    """A new meeting; Refused with -1 when something is missing, -15 or -50 when a value is not taken."""
    for name in ("confname", "starttime", "endtime"):
        if not isinstance(said.get(name), str) or not said[name].strip():
            raise Refused(Code.INVALID_PARAMETERS, f"{name} is missing")
    fields = {"recurringevent": "COMMON", **_kept(said), "bookid": book_id}
    fields.setdefault("confno", str(FIRST_ROOM))
    meeting = Meeting(fields=fields, members=_members(said, []), zone_label=_zone(said, zone))
    check(meeting, model)
    return meeting


def changed(old: Meeting, said: Mapping[str, Any], model: Model) -> Meeting:
    """The meeting with what the call names; days that differ stay."""
    meeting = Meeting(
        fields={**old.fields, **_kept(said), "bookid": old.book_id},
        members=_members(said, old.members),
        zone_label=_zone(said, old.zone_label),
        occurrences=dict(old.occurrences),
        running=old.running,
    )
    check(meeting, model)
    return meeting


def check(meeting: Meeting, model: Model) -> None:
    """Refused when the device's form would not take the meeting."""
    _check_texts(meeting.fields)
    _check_times(meeting, model)
    _check_pins(meeting.fields)
    _check_members(meeting, model)
    room = str(meeting.fields["confno"])
    public = meeting.fields.get("public") == "yes" or model.family is Family.UCM6200
    if public and room not in {str(FIRST_ROOM + number) for number in range(model.rooms)}:
        raise Refused(Code.INVALID_VALUE, f"the {model.name} has no public room {room}")


def _kept(said: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in said.items() if name not in _NOT_KEPT}


def _members(said: Mapping[str, Any], old: list[dict[str, Any]]) -> list[dict[str, Any]]:
    if "members" not in said:
        return old
    try:
        return read_members(said["members"])
    except (ValueError, RecursionError) as error:
        raise Refused(Code.INVALID_PARAMETERS, "members is not a JSON list of objects") from error


def _zone(said: Mapping[str, Any], otherwise: str) -> str:
    given = said.get("timezone")
    return given if isinstance(given, str) and "/" in given else otherwise


def _check_texts(fields: Mapping[str, Any]) -> None:
    for name, longest in (("confname", 120), ("description", 499)):
        text = str(fields.get(name, ""))
        if '"' in text or "'" in text:
            raise Refused(Code.SENSITIVE_CHARACTERS, f"{name} has quotes")
        if len(text) > longest:
            raise Refused(Code.INVALID_VALUE, f"{name} has more than {longest} characters")
    for name in _YES_NO:
        if fields.get(name, "no") not in ("yes", "no"):
            raise Refused(Code.INVALID_VALUE, f"{name} is yes or no")
    if fields["recurringevent"] not in RECURRING:
        raise Refused(Code.INVALID_VALUE, f"recurringevent has no value {fields['recurringevent']!r}")


def _check_times(meeting: Meeting, model: Model) -> None:
    try:
        start, end = read_time(meeting.fields["starttime"]), read_time(meeting.fields["endtime"])
    except ValueError as error:
        raise Refused(Code.INVALID_VALUE, str(error)) from error
    if not timedelta(0) < end - start <= timedelta(minutes=1440):
        raise Refused(Code.INVALID_VALUE, "a meeting lasts 1 to 1440 minutes")
    if model.family is Family.UCM6200 and start.date() != end.date():
        raise Refused(Code.INVALID_VALUE, "a meeting must not cross midnight")


def _check_pins(fields: Mapping[str, Any]) -> None:
    pins = [str(fields[name]) for name in ("pincode", "admin_pincode") if fields.get(name) not in (None, "")]
    if any(not pin.isdecimal() or len(pin) < 4 for pin in pins):
        raise Refused(Code.INVALID_VALUE, "a PIN has at least four digits")
    if len(pins) != len(set(pins)):
        raise Refused(Code.INVALID_VALUE, "the two PINs must differ")


def _check_members(meeting: Meeting, model: Model) -> None:
    extensions = [str(one["member_extension"]) for one in meeting.members if one.get("member_extension")]
    if len(extensions) != len(set(extensions)):
        raise Refused(Code.INVALID_VALUE, "an extension is invited twice")
    if len(meeting.members) > model.members:
        raise Refused(Code.INVALID_VALUE, f"the {model.name} takes {model.members} members")
    host = meeting.fields.get("con_admin")
    if host and str(host) not in extensions:
        raise Refused(Code.INVALID_VALUE, "the host is not among the members")
