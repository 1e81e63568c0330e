"""What of the invitations stands under Meetings, and the form of reminders; nothing is saved here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from gateway.domain.reminders import AS_THE_CALENDAR, MOST_REMINDERS, NONE_AT_ALL, read_reminders
from gateway.messages.languages import tr

CHOSEN: Final = "these"
"""What the form calls reminders that are listed in its rows."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the form: minutes as typed, and the method; both empty where there is none."""

    number: int
    minutes: str
    method: str


def placeholders() -> list[tuple[str, str, bool]]:
    """Return each placeholder, what stands there, and whether a title may have it."""
    return [
        ("subject", tr("Subject of the meeting"), True),
        ("organizer", tr("Who holds it: extension, name and address"), True),
        ("room", tr("Number or name of the meeting room"), True),
        ("device", tr("Name of the device"), True),
        ("agenda", tr("Agenda"), False),
        ("join", tr("All ways to join, a line each, and the password where it may stand; alone on its line"), False),
        ("sip", tr("SIP address"), False),
        ("dial_in", tr("Telephone number"), False),
        ("web_link", tr("Address for browsers"), False),
        ("pin", tr("The password as “PIN: 1234”, where it may stand; alone on its line"), False),
        ("invitees", tr("Everybody who is invited"), False),
        ("left_out", tr("Who is not on the guest list because Google takes no more"), False),
        ("details", tr("Room, calls to everybody and recording, a line each"), False),
    ]


def choice_of(value: str) -> str:
    """Return what is chosen in the form for stored reminders."""
    return value if value in (AS_THE_CALENDAR, NONE_AT_ALL) else CHOSEN


def rows_of(value: str, form: Mapping[str, str] | None = None) -> list[Row]:
    """Return the rows of the form: as typed, else as stored."""
    if form is not None:
        typed = [(form.get(f"minutes_{n}", ""), form.get(f"method_{n}", "")) for n in _numbers()]
    else:
        try:
            known = read_reminders(value) or ()
        except ValueError:
            known = ()
        typed = [(str(each.minutes), each.method.value) for each in known]
    typed += [("", "")] * (MOST_REMINDERS - len(typed))
    return [
        Row(n, minutes.strip()[:9], method[:9] or "popup")
        for n, (minutes, method) in zip(_numbers(), typed, strict=True)
    ]


def typed_reminders(form: Mapping[str, str], stored: str) -> str:
    """Return what a form says about reminders, as the setting is written; rows without minutes do not count."""
    choice = form.get("reminders", "")
    if choice != CHOSEN:
        return choice[:100] or stored
    rows = [row for row in rows_of("", form) if row.minutes]
    return ", ".join(f"{row.minutes} {row.method}" for row in rows) or NONE_AT_ALL


def _numbers() -> range:
    return range(1, MOST_REMINDERS + 1)
