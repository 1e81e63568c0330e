"""A meeting as the body of a Google Calendar event, and an event as the gateway sees it; pure, no calls."""

from __future__ import annotations

import html
from collections.abc import Mapping

from gateway.domain.device import Transparency, Visibility
from gateway.domain.facts import EventFacts, Part
from gateway.domain.outcome import Remedy, RemoteEvent
from gateway.domain.reminders import LONGEST_MINUTES, Reminder
from gateway.domain.target import EventContent, EventRef
from gateway.google.conference import create_request, read_conference
from gateway.google.event_facts import edited_since, facts_of, notes_of
from gateway.google.event_guests import attendees, merged_attendees, says_more, usable_address
from gateway.google.event_text import description, one_line
from gateway.google.event_times import event_times, rule_line
from gateway.google.event_words import description_in_words, title_in_words
from gateway.google.join_text import join_lines, place

__all__ = [
    "LONGEST_REMINDER_MINUTES",
    "but_the_guests",
    "event_body",
    "expected_facts",
    "is_plain",
    "merge",
    "own_fields",
    "remote_event",
    "title_and_text",
    "usable_address",
]

LONGEST_REMINDER_MINUTES = LONGEST_MINUTES
"""Four weeks (discovery document, `EventReminder.minutes`)."""

_MARKS = ("gateway", "meeting", "generation")
_CONTENT = "content"
_WROTE = "wrote"
_SETTINGS = "settings"

_OURS = (
    "summary",
    "location",
    "description",
    "start",
    "end",
    "recurrence",
    "reminders",
    "attendees",
    "guestsCanInviteOthers",
)
"""What the device decides; a body without one of these means that it is to be empty."""

_GOOGLES = (
    # A sequence lower than the server's is refused with 400, so none is ever sent.
    "sequence",
    "kind",
    "etag",
    "id",
    "iCalUID",
    "created",
    "updated",
    "creator",
    "organizer",
    "htmlLink",
    "hangoutLink",
    "attendeesOmitted",
    "endTimeUnspecified",
    "locked",
    "privateCopy",
)
"""What Google decides and ignores, or refuses, when it is sent (discovery document, schema `Event`)."""

_KNOWN = frozenset((*_OURS, *_GOOGLES, "extendedProperties", "attendees"))
"""What an event may have without saying more than a body that is written over it, or what is looked at by itself."""

_AS_EVER = {"status": "confirmed", "eventType": "default", "transparency": "opaque", "visibility": "default"}
"""Values of fields that say nothing: what an event has when nobody set them."""

_FIELDS_OF: Mapping[Part, tuple[str, ...]] = {
    Part.SUBJECT: ("summary",),
    Part.TIME: ("start", "end"),
    Part.LOCATION: ("location",),
    Part.DESCRIPTION: ("description",),
    Part.REPEAT: ("recurrence",),
    Part.GUESTS: ("attendees",),
}


def event_body(ref: EventRef, content: EventContent, guests: object = None) -> dict[str, object]:
    """Return the body of `events.insert`; `guests` are attendees that stay, where the content may not name any.

    PINs are no part of an event, because guests read it, unless the content says so.
    """
    body = _said(content)
    if guests:
        body["attendees"] = guests
    settings = [value for value in (body.get("transparency"), body.get("visibility")) if isinstance(value, str)]
    private = {**ref.marks, _CONTENT: content.fingerprint}
    if (facts := facts_of(body)) is not None:
        private[_WROTE] = notes_of(facts)
    if settings:
        private[_SETTINGS] = ",".join(settings)
    body = {"id": ref.remote_id, **body, "extendedProperties": {"private": private}}
    if content.meet_request and Remedy.WITHOUT_CONFERENCE not in content.remedies:
        body["conferenceData"] = create_request(content.meet_request)
    return body


def expected_facts(content: EventContent) -> EventFacts:
    """Return what the event would say (`domain.target.CalendarTarget.facts`)."""
    facts = facts_of(_said(content))
    if facts is None:
        raise ValueError("the times of a meeting cannot be written")
    return facts


def title_and_text(content: EventContent) -> tuple[str, str]:
    """Return the title and the description of the event as people read them."""
    said = _said(content)
    return str(said["summary"]), html.unescape(str(said["description"]))


def merge(
    current: Mapping[str, object], body: Mapping[str, object], keep: frozenset[Part] = frozenset()
) -> dict[str, object]:
    """Return the body of `events.update` that makes `current` say `body`, in all parts but those to `keep`.

    An update replaces the whole event, so what people set in Google and no device knows (colour, conference,
    attachments, visibility, other programs' properties) is sent along. The device's guest list wins; its guests keep
    their answers and comments, and the organiser and booked rooms, which no device can name, stay.
    """
    merged = {key: value for key, value in current.items() if key not in _OURS and key not in _GOOGLES}
    for name in _settings_before(current):
        merged.pop(name, None)
    merged.update({key: value for key, value in body.items() if key != "id"})
    merged["extendedProperties"] = _properties(current.get("extendedProperties"), body.get("extendedProperties"))
    merged["status"] = current.get("status") if current.get("status") == "tentative" else "confirmed"
    guests = merged_attendees(_objects(current.get("attendees")), _objects(body.get("attendees")))
    merged.pop("attendees", None)
    if guests:
        merged["attendees"] = guests
    for name in (field for part in keep for field in _FIELDS_OF.get(part, ())):
        merged.pop(name, None)
        if name in current:
            merged[name] = current[name]
    return merged


def own_fields(body: Mapping[str, object]) -> dict[str, object]:
    """Return the body of an `events.patch` that changes only what a guest's own copy of an event may say."""
    names = ("reminders", "transparency", "visibility", "extendedProperties")
    return {name: body[name] for name in names if name in body}


def but_the_guests(merged: Mapping[str, object]) -> dict[str, object]:
    """Return the body of an `events.patch` that writes all but the guests, who are not even named.

    What is empty is said as null, for a patch leaves alone what it does not name (Calendar API, "Patch semantics").
    """
    patch = {name: merged.get(name) for name in _OURS if name != "attendees"}
    for name in ("start", "end"):
        value = merged.get(name)
        patch[name] = {"date": None, "dateTime": None, "timeZone": None, **(value if isinstance(value, dict) else {})}
    reminders = merged.get("reminders")
    patch["reminders"] = {"overrides": None, **(reminders if isinstance(reminders, dict) else {})}
    named = ("transparency", "visibility", "extendedProperties", "status", "conferenceData")
    return patch | {name: merged[name] for name in named if name in merged}


def is_plain(raw: Mapping[str, object], body: Mapping[str, object]) -> bool:
    """Whether an event holds nothing that would be lost if `body` were written over it without a look."""
    if "conferenceData" in raw:
        return False
    # What `merge` would add to the body, said without building both: this is asked after every write.
    more = [
        name for name, value in raw.items() if name not in _KNOWN and name not in body and not _as_ever(name, value)
    ]
    if more and not set(more) <= set(_settings_before(raw)):
        return False
    if not _adds_nothing(raw.get("extendedProperties"), body.get("extendedProperties")):
        return False
    wanted = {str(entry.get("email", "")).casefold(): entry for entry in _objects(body.get("attendees"))}
    return not any(
        says_more(entry, wanted.get(str(entry.get("email", "")).casefold(), {}))
        for entry in _objects(raw.get("attendees"))
    )


def remote_event(raw: dict[str, object], *, written: Mapping[str, object] | None = None) -> RemoteEvent | None:
    """Return an event resource as the gateway sees it; None when it is no event.

    One that was just `written` with this body is not asked what people edited in it since, but whether it is plain.
    """
    remote_id, etag, link = raw.get("id"), raw.get("etag"), raw.get("htmlLink")
    if not isinstance(remote_id, str) or not isinstance(etag, str):
        return None
    notes = _private(raw)
    cancelled = raw.get("status") == "cancelled"
    facts = None if cancelled else facts_of(raw)
    meet_state, meet_link = read_conference(raw)
    return RemoteEvent(
        remote_id=remote_id,
        etag=etag,
        cancelled=cancelled,
        marks={key: notes[key] for key in _MARKS if key in notes} if "gateway" in notes else {},
        content=notes.get(_CONTENT),
        link=link if isinstance(link, str) else None,
        raw=raw,
        facts=facts,
        # An occurrence inherits the notes of its series, which are about other times.
        edited=None if written is not None or raw.get("recurringEventId") else edited_since(facts, notes.get(_WROTE)),
        plain=written is not None and is_plain(raw, written),
        meet_state=meet_state,
        meet_link=meet_link,
    )


def _said(content: EventContent) -> dict[str, object]:
    """Return what the event says, without its id and the gateway's notes."""
    meeting = content.meeting
    guests, left_out = attendees(content)
    start, end = event_times(meeting, other_zone=Remedy.OTHER_ZONE in content.remedies)
    if content.words is None:
        joining = join_lines(content.join, meeting.password if content.show_pins else None)
        summary = one_line(meeting.subject, 255) or "Meeting"
        text = description(meeting, device_name=content.device_name, left_out=left_out, joining=joining)
    else:
        summary = title_in_words(content, content.words)
        text = description_in_words(content, content.words, left_out)
    body: dict[str, object] = {
        "summary": summary,
        "description": text,
        "start": start,
        "end": end,
        "reminders": _reminders(meeting.reminder_minutes, content.reminders),
        "guestsCanInviteOthers": meeting.allow_user_invite,
    }
    if location := place(meeting, content.join):
        body["location"] = location
    if meeting.repeat is not None:
        other_rule = Remedy.OTHER_RULE in content.remedies
        body["recurrence"] = [rule_line(meeting.repeat, meeting, other_form=other_rule)]
    if guests:
        body["attendees"] = guests
    if content.transparency is not Transparency.OPAQUE:
        body["transparency"] = content.transparency.value
    if content.visibility is not Visibility.DEFAULT:
        body["visibility"] = content.visibility.value
    return body


def _settings_before(current: Mapping[str, object]) -> list[str]:
    """Return the fields that the gateway set on the event for its device and nobody changed since."""
    written = _private(current).get(_SETTINGS, "").split(",")
    return [name for name in ("transparency", "visibility") if current.get(name) in written]


def _private(event: Mapping[str, object]) -> dict[str, str]:
    properties = event.get("extendedProperties")
    private = properties.get("private") if isinstance(properties, dict) else None
    return {k: v for k, v in private.items() if isinstance(v, str)} if isinstance(private, dict) else {}


def _reminders(minutes: int | None, usual: tuple[Reminder, ...] | None = None) -> dict[str, object]:
    """What the device says, else the `usual` ones, else the calendar's own default; 0 is the vendor's word for none."""
    if minutes is None and usual is not None:
        overrides = [{"method": each.method.value, "minutes": each.minutes} for each in usual]
        return {"useDefault": False, "overrides": overrides}
    if minutes is None:
        return {"useDefault": True}
    before = min(max(minutes, 0), LONGEST_REMINDER_MINUTES)
    methods = ("popup", "email") if before else ()
    return {"useDefault": False, "overrides": [{"method": method, "minutes": before} for method in methods]}


def _properties(current: object, ours: object) -> dict[str, object]:
    kept = dict(current) if isinstance(current, dict) else {}
    before, now = kept.get("private"), ours.get("private") if isinstance(ours, dict) else None
    others = {k: v for k, v in before.items() if k != _SETTINGS} if isinstance(before, dict) else {}
    kept["private"] = {**others, **(now if isinstance(now, dict) else {})}
    return kept


def _as_ever(name: str, value: object) -> bool:
    return value == _AS_EVER.get(name) or (name == "status" and value != "tentative")


def _adds_nothing(current: object, ours: object) -> bool:
    """Tell whether `_properties` of both are ours alone."""
    if not isinstance(current, dict):
        return True
    before, now = current.get("private"), ours.get("private") if isinstance(ours, dict) else None
    known = now if isinstance(now, dict) else {}
    mixed = isinstance(before, dict) and any(name not in known and name != _SETTINGS for name in before)
    return current.keys() <= {"private"} and not mixed


def _objects(value: object) -> list[dict[str, object]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []
