"""The readable calendar: an agenda of every calendar and one page per event; times in words come from `words`."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from html import escape
from typing import Any
from zoneinfo import ZoneInfo

from simulator.google import occurrences, words
from simulator.google.calendars import Calendar, StoredEvent
from simulator.google.errors import ApiError
from simulator.google.event_json import from_link, html_link, rendered
from simulator.google.page_frame import page
from simulator.google.state import GoogleState

AHEAD = timedelta(days=366)
"""How far the agenda looks."""
MOST_SHOWN = 200
MOST_OF_A_SERIES = 10
LONGEST_NOTES = 600


def agenda_page(state: GoogleState) -> str:
    """The coming events of every calendar, then the earlier ones."""
    now = state.clock.now()
    sections = [_section(state, calendar, now) for calendar in state.calendars.values()]
    waiting = len(state.live_events)
    note = (
        f"{waiting} event{'' if waiting == 1 else 's'} in {len(sections)} calendar{'' if len(sections) == 1 else 's'}"
    )
    moved = " (this clock is not the machine's)" if state.clock.is_moved else ""
    return page(
        "Calendar - simulated Google",
        f"<h1>Calendar</h1><p class='muted'>{note}. It is {now:%Y-%m-%d %H:%M}Z here{moved}. "
        "Reload this page to see what changed. <a href='/_sim/console'>Console</a></p>"
        f"{''.join(sections)}",
    )


def _section(state: GoogleState, calendar: Calendar, now: datetime) -> str:
    coming, earlier = _sorted_out(calendar, now)
    name = "" if calendar.is_primary else f" <span class='muted'>of {escape(calendar.owner)}</span>"
    shown = coming[:MOST_SHOWN]
    text = f"<section><h2>{escape(calendar.summary)}{name}</h2><p class='muted'>Time zone: {calendar.time_zone}</p>"
    text += _days(state, calendar, shown) or "<p>No coming events.</p>"
    if len(coming) > len(shown):
        text += f"<p class='muted'>{len(coming) - len(shown)} more are not shown.</p>"
    if earlier:
        latest = _days(state, calendar, earlier[-MOST_SHOWN:])
        text += f"<details><summary>Earlier ({len(earlier)})</summary>{latest}</details>"
    return text + "</section>"


def _sorted_out(calendar: Calendar, now: datetime) -> tuple[list[StoredEvent], list[StoredEvent]]:
    """Coming and earlier events, each by start; of a series the next occurrences."""
    coming: list[StoredEvent] = []
    earlier: list[StoredEvent] = []
    for event in calendar.events.values():
        for one in _coming_of(calendar, event, now) if event.recurrence else [event]:
            (coming if one.end.utc(calendar.zone) > now else earlier).append(one)
    for found in (coming, earlier):
        found.sort(key=lambda one: (one.start.utc(calendar.zone), one.serial))
    return coming, earlier


def _coming_of(calendar: Calendar, series: StoredEvent, now: datetime) -> list[StoredEvent]:
    try:
        every = list(occurrences.expanded(calendar, series, now + AHEAD))
    except ApiError:
        return [series]
    coming = [one for one in every if one.end.utc(calendar.zone) > now]
    return coming[:MOST_OF_A_SERIES] or [series]


def _days(state: GoogleState, calendar: Calendar, events: Iterable[StoredEvent]) -> str:
    text = ""
    last: date | None = None
    for event in events:
        day = words.day_of(event.start, calendar.zone)
        if day != last:
            text += f"<h3>{words.long_day(day)}</h3>"
            last = day
        text += _card(state, calendar, event)
    return text


def _card(state: GoogleState, calendar: Calendar, event: StoredEvent) -> str:
    gone = event.status == "cancelled"
    address = html_link(event.event_id, calendar.calendar_id, "")
    title = escape(event.fields.get("summary", "(No title)"))
    tag = " <span class='tag gone'>cancelled</span>" if gone else ""
    repeat = words.repeats(_series(calendar, event))
    lines = [f"<p class='muted'>Repeats {escape(repeat)}</p>" if repeat else ""]
    lines += [f"<p>{escape(event.fields['location'])}</p>" if "location" in event.fields else ""]
    if "description" in event.fields:
        lines += [f"<p class='notes'>{escape(_short(event.fields['description']))}</p>"]
    lines += [_guests(event)]
    shown = rendered(event, calendar, state.base)["reminders"]
    lines += [f"<p class='muted'>Reminders: {escape(words.reminders(shown))}</p>"]
    utc = words.span_utc(event)
    return (
        f"<article class='card event{' cancelled' if gone else ''}'><div><p class='when'><strong>"
        f"{words.span(event, calendar.zone)}</strong></p><p class='muted when'>{utc}</p>"
        f"<p class='muted'>{escape(_zone_note(event, calendar))}</p></div>"
        f"<div><h4><a href='{escape(address)}'>{title}</a>{tag}</h4>{''.join(lines)}</div></article>"
    )


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_NOTES else text[:LONGEST_NOTES] + " …"


def _series(calendar: Calendar, event: StoredEvent) -> StoredEvent:
    return calendar.events.get(event.master_id or "", event)


def _zone_note(event: StoredEvent, calendar: Calendar) -> str:
    """Names the zone an event was set in, with its local time there when that differs from the calendar's."""
    if event.start.zone is None or event.start.zone == calendar.time_zone:
        return calendar.time_zone
    there, here = words.span(event, ZoneInfo(event.start.zone)), words.span(event, calendar.zone)
    return f"set in {event.start.zone}" + ("" if there == here else f": {there}")


def _guests(event: StoredEvent) -> str:
    guests: list[dict[str, Any]] = event.fields.get("attendees", [])
    if not guests:
        return ""
    items = "".join(
        f"<li>{escape(guest.get('displayName') or guest['email'])} "
        f"<span class='tag {guest['responseStatus']}'>{words.RESPONSES[guest['responseStatus']]}</span></li>"
        for guest in guests
    )
    return f"<ul aria-label='Guests'>{items}</ul>"


def event_page(state: GoogleState, packed: str) -> str | None:
    """The page of one event, None when there is no such event."""
    found = from_link(packed)
    calendar = state.calendars.get(found[1]) if found else None
    event = occurrences.find(calendar, found[0]) if found and calendar else None
    if calendar is None or event is None:
        return None
    document = rendered(event, calendar, state.base)
    title = event.fields.get("summary", "(No title)")
    day = words.long_day(words.day_of(event.start, calendar.zone))
    utc = words.span_utc(event)
    rows = [
        ("When", f"{day}, {words.span(event, calendar.zone)} ({calendar.time_zone})"),
        ("In UTC", utc),
        ("Set in", event.start.zone or ""),
        ("Repeats", words.repeats(_series(calendar, event))),
        ("Where", event.fields.get("location", "")),
        ("Description", event.fields.get("description", "")),
        ("Reminders", words.reminders(document["reminders"])),
        ("Status", event.status),
        ("Calendar", calendar.summary),
    ]
    listed = "".join(f"<dt>{name}</dt><dd class='notes'>{escape(text)}</dd>" for name, text in rows if text)
    guests = _guests(event)
    whom = f"<h2>Guests</h2>{guests}" if guests else ""
    raw = escape(json.dumps(document, indent=2, ensure_ascii=False))
    gone = " <span class='tag gone'>cancelled</span>" if event.status == "cancelled" else ""
    return page(
        f"{title} - simulated Google",
        f"<p><a href='/calendar'>All events</a></p><h1>{escape(title)}{gone}</h1>"
        f"<dl>{listed}</dl>{whom}<h2>As the API answers it</h2><pre>{raw}</pre>",
    )


def missing_page(what: str = "event") -> str:
    """Said instead of an event (or a page) that does not exist."""
    return page(
        f"No such {what} - simulated Google", f"<h1>No such {what}</h1><p><a href='/calendar'>All events</a></p>"
    )
