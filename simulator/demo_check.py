"""Whether simulated Google holds the meeting that was scheduled: pure comparisons, nothing is fetched or printed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from simulator.pbx.booking import ScheduleForm
from simulator.pbx.zones import code_of, epoch_ms

Event = Mapping[str, Any]
"""An event as the Calendar API shows it."""

_GUESTS_READ = ("summary", "description", "location", "attendees")


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One expectation: `text` says it in words, and what came instead when it is not `right`."""

    text: str
    right: bool


def instant(when: Mapping[str, Any]) -> datetime:
    """The instant of an event's `start` or `end`, in UTC; ValueError when it has none (an all-day event)."""
    moment = datetime.fromisoformat(str(when.get("dateTime", "")))
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(str(when.get("timeZone", "UTC"))))
    return moment.astimezone(UTC)


def summary_lines(event: Event) -> list[str]:
    """An event in words, for people."""
    start, end = instant(event["start"]), instant(event["end"])
    guests = [str(guest.get("email")) for guest in event.get("attendees", [])]
    reminders = [f"{one.get('minutes')} min by {one.get('method')}" for one in _reminders(event)]
    return [
        f"summary    {event.get('summary')}",
        f"start      {start:%A} {_z(start)}",
        f"end        {end:%A} {_z(end)}",
        f"time zone  {event['start'].get('timeZone')}",
        f"reminders  {', '.join(reminders) or 'none'}",
        f"guests     {', '.join(guests) or 'none with an e-mail address'}",
    ]


def checks(events: Sequence[Event], form: ScheduleForm) -> list[Check]:
    """Every expectation on the calendar after `form` was scheduled once."""
    found = [_check("exactly one event in the calendar", 1, len(events))]
    if len(events) != 1:
        return found
    event = events[0]
    return [
        *found,
        _check(f"its summary is {form.subject}", form.subject, event.get("summary")),
        _check(f"it starts at {_local(form, form.start)}", _local(form, form.start), _z(instant(event["start"]))),
        _check(f"it ends at {_local(form, form.end)}", _local(form, form.end), _z(instant(event["end"]))),
        _check(f"its time zone is {code_of(form.time_zone)}", code_of(form.time_zone), event["start"].get("timeZone")),
        _check(
            f"it reminds {form.email_reminder_minutes} minutes before, and at no other time",
            [form.email_reminder_minutes],
            sorted({one.get("minutes", 0) for one in _reminders(event)}),
        ),
        _check("the host's PIN is nowhere in it", [], pin_places(event, form.host_password)),
    ]


def pin_places(event: Event, pin: str) -> list[str]:
    """Where a PIN shows: anywhere in what guests read, as a word of its own in everything else."""
    word = re.compile(rf"(?<![0-9A-Za-z]){re.escape(pin)}(?![0-9A-Za-z])")
    return [
        key
        for key, text in _texts(event)
        if pin and (pin in text if key.startswith(_GUESTS_READ) else word.search(text) is not None)
    ]


def _texts(event: Event) -> Iterator[tuple[str, str]]:
    for key, value in event.items():
        yield key, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _reminders(event: Event) -> list[Mapping[str, Any]]:
    return list(event.get("reminders", {}).get("overrides", []))


def _check(text: str, expected: object, came: object) -> Check:
    right = expected == came
    return Check(text=text if right else f"{text}: expected {expected!r}, found {came!r}", right=right)


def _local(form: ScheduleForm, local: datetime) -> str:
    return _z(datetime.fromtimestamp(epoch_ms(local, form.time_zone) / 1000, UTC))


def _z(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
