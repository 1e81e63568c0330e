"""Posted inputs of the simulated PBX's page, read into a form; every mistake is a text that names the item."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TypeVar

from simulator.pbx.booking import AutoRecord, Member, Repeat, ScheduleForm

Read = TypeVar("Read")


class FormMistakes(ValueError):
    """The form cannot be read; `lines` name every item and what to write."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__("; ".join(lines))
        self.lines = lines


def read_time(posted: Mapping[str, str]) -> tuple[datetime, datetime]:
    """Date, From and To as typed (an end before the start is for the gateway to refuse); or FormMistakes."""
    try:
        start = datetime.fromisoformat(f"{posted.get('date', '')} {posted.get('from', '')}")
        end = datetime.fromisoformat(f"{posted.get('date', '')} {posted.get('to', '')}")
    except ValueError as error:
        raise FormMistakes(["Time: write a date such as 2024-04-29 and times such as 10:00"]) from error
    if start.tzinfo is not None or end.tzinfo is not None:
        raise FormMistakes(["Time: write times such as 10:00, without a zone"])
    return start, end


def read_form(posted: Mapping[str, str]) -> ScheduleForm:
    """The whole form; FormMistakes with every item that cannot be read."""
    mistakes: list[str] = []
    nothing = datetime(2000, 1, 1)  # noqa: DTZ001 - wall-clock, and never used: a mistake raises below
    start, end = _tried(lambda: read_time(posted), mistakes, (nothing, nothing))
    host = _tried(lambda: _host(posted), mistakes, Member())
    nobody: tuple[Member, ...] = ()
    invitees = _tried(lambda: _invitees(posted.get("invitees", "")), mistakes, nobody)
    reminder = _tried(lambda: _minutes(posted.get("email_reminder_minutes", "")), mistakes, 0)
    repeat = _tried(lambda: Repeat(posted.get("repeat", "none")), mistakes, Repeat.NONE)
    record = _tried(lambda: AutoRecord(posted.get("auto_record", "none")), mistakes, AutoRecord.NONE)
    if mistakes:
        raise FormMistakes(mistakes)
    return ScheduleForm(
        start=start,
        end=end,
        subject=posted.get("subject", ""),
        room=posted.get("room", "").strip(),
        public_room=_ticked(posted, "public_room"),
        time_zone=posted.get("time_zone", ""),
        password=posted.get("password", "").strip(),
        host_password=posted.get("host_password", "").strip(),
        host=host,
        repeat=repeat,
        allow_user_invite=_ticked(posted, "allow_user_invite"),
        call_participants=_ticked(posted, "call_participants"),
        email_reminder_minutes=reminder,
        override_host_mute=_ticked(posted, "override_host_mute"),
        sync_to_google=_ticked(posted, "sync_to_google"),
        auto_record=record,
        invitees=invitees,
        agenda=posted.get("agenda", "").strip().replace("\r\n", "\n"),
    )


def _tried(read: Callable[[], Read], mistakes: list[str], otherwise: Read) -> Read:
    try:
        return read()
    except FormMistakes as error:
        mistakes.extend(error.lines)
    except ValueError as error:
        mistakes.append(str(error))
    return otherwise


def _host(posted: Mapping[str, str]) -> Member:
    email = posted.get("host_email", "").strip() or None
    extension = posted.get("host", "").strip() or None
    if extension is None:
        raise FormMistakes(["Host: write the host's extension, such as 1000"])
    return Member(extension=extension, email=email)


def _invitees(text: str) -> tuple[Member, ...]:
    try:
        return tuple(Member.parse(line) for line in text.splitlines() if line.strip())
    except ValueError as error:
        raise FormMistakes([f"Invitees: {error}"]) from error


def _minutes(text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise FormMistakes(["Email Reminder (m): write minutes, such as 60"]) from error


def _ticked(posted: Mapping[str, str], name: str) -> bool:
    return posted.get(name) == "yes"
