"""How meetings look in a terminal and as JSON; nothing is decided or read here."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from gateway.cli.meeting_attempts import attempt_json, attempt_lines
from gateway.operations.for_programs import instant, lacking, meeting_json, utc

if TYPE_CHECKING:
    from gateway.domain.facts import EventFacts
    from gateway.domain.kept_edit import KeptEdit
    from gateway.domain.meeting import Invitee, Meeting
    from gateway.operations.meetings.desk import Shown
    from gateway.store.meeting_list import MeetingLine

LONGEST_SUBJECT = 40
WORDS = {
    "queued": "on its way",
    "mirrored": "in the calendar",
    "held": "waits for the account",
    "refused": "refused",
    "asks": "asks you",
    "left": "left out of the calendar",
    "stored": "not for the calendar",
    "cancelled": "cancelled",
}
_CHANGED_THERE = "in the calendar, as people changed it"
_HOLDS = {
    "parked": "refused, or somebody has to decide",
    "authorization": "somebody has to sign in",
    "configuration": "somebody has to change a setting at Google",
}
_MEET = {"pending": "is being made", "success": "is there", "failure": "was not made"}
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def local(at_s: float, zone: str, *, seconds: bool = False) -> str:
    """Return an instant as text on the clocks of an IANA zone, which is named; UTC where the zone is not known."""
    try:
        moment = datetime.fromtimestamp(at_s, ZoneInfo(zone))
    except (ValueError, OverflowError, ZoneInfoNotFoundError):
        moment, zone = datetime.fromtimestamp(at_s, UTC), "UTC"
    return f"{moment:%Y-%m-%d %H:%M}{f':{moment:%S}' if seconds else ''} {zone}"


def _local_ms(at_ms: int | None, zone: str) -> str | None:
    return None if at_ms is None else local(at_ms / 1000, zone, seconds=True)


def _localised(text: str, zone: str) -> str:
    """Return a text with the instants in it on the clocks of a zone."""
    return _INSTANT.sub(lambda found: local(datetime.fromisoformat(found[0]).timestamp(), zone), text)


def short(text: str, most: int = LONGEST_SUBJECT) -> str:
    """Return a text on one line, shortened, without what could colour a terminal or turn the direction of writing."""
    plain = " ".join("".join(each if each.isprintable() else " " for each in text).split())
    return plain if len(plain) <= most else f"{plain[: most - 1]}…"


def word(meeting: MeetingLine) -> str:
    """Return how a meeting stands, in words."""
    if meeting.state == "mirrored" and meeting.kept:
        return _CHANGED_THERE
    if meeting.state == "cancelled" and meeting.waits and meeting.event_state == "live":
        return "cancelled, its event is still there"
    return WORDS[meeting.state]


def line(meeting: MeetingLine) -> str:
    """Return one meeting on one line."""
    parts = [
        str(meeting.id),
        f"{meeting.device}/{short(meeting.external_id)}",
        word(meeting),
        f"{meeting.start_local.replace('T', ' ')[:16]} {meeting.zone}{' (series)' if meeting.series else ''}",
        f'"{short(meeting.subject)}"',
    ]
    if meeting.next_try_ms is not None and meeting.state == "queued":
        parts.append(f"next try {_local_ms(meeting.next_try_ms, meeting.zone)}")
    if any(meeting.why):
        parts.append(short(" ".join(filter(None, meeting.why)), 160))
    return "  ".join(parts)


def shown_json(shown: Shown) -> dict[str, object]:
    """Return both sides of one meeting for programs; passwords are never in it."""
    return {
        **meeting_json(shown.line),
        "device_says": _device_says(shown.meeting),
        "notes": [note._asdict() for note in shown.notes],
        "calendar_has": None if shown.written is None else _calendar_has(shown.written),
        "changed_by_people": [_edit(edit) for edit in shown.edits],
        "occurrences": [
            {"original_start": instant(row.original_start_utc_s), "state": str(row.state)} for row in shown.occurrences
        ],
        "attempts": [attempt_json(each, utc) for each in shown.attempts],
        "history": [
            {"at": utc(each.at), "actor": each.actor, "action": each.action, "detail": each.detail}
            for each in shown.history
        ],
    }


def shown_lines(shown: Shown) -> list[str]:
    """Return both sides of one meeting, one thing on each line; what is not said is left out.

    Times are those of the meeting's zone.
    """
    meeting = shown.line
    lines = [line(meeting), *_block("The device says", _device_says(shown.meeting)), *_google_side(shown)]
    lines += [f"  {note.code}: {note.text}" for note in shown.notes]
    for edit in shown.edits:
        lines += _edit_lines(meeting, edit)
    if meeting.guarded:
        where = f" --calendar {meeting.calendar_id}" if meeting.calendar_id else ""
        lines += [
            "Its event vanished from the calendar together with many others; you decide about all of them",
            f"  -> meeting-gateway mirror restore{where}, or meeting-gateway mirror believe{where}",
        ]
    lines += _block("Delivery", _delivery(meeting))
    if meeting.state == "refused":
        lines.append(f"  -> once the reason is gone: meeting-gateway meeting resend {meeting.id}")
    lines += _block("Occurrences that are not as the rule says", _occurrences(shown))
    if shown.attempts:
        lines += ["Attempts to write it", *attempt_lines(shown.attempts, lambda at: _local_ms(at, meeting.zone))]
    lines += ["History"]
    lines += [
        f"  {_local_ms(each.at, meeting.zone)}  {each.actor}  {each.action}{f'  {each.detail}' if each.detail else ''}"
        for each in shown.history
    ]
    return lines


def _google_side(shown: Shown) -> list[str]:
    """Return what Google has, or why it has nothing."""
    meeting = shown.line
    where = {"account": meeting.account, "calendar": meeting.calendar_id, "link": meeting.link}
    if shown.written is None and meeting.event_state != "live":
        place: dict[str, object] = {name: where[name] for name in ("account", "calendar")}
        return _block(_nothing_there(meeting), place) or [_nothing_there(meeting)]
    if meeting.event_state == "gone":
        return [_nothing_there(meeting)]
    said = _calendar_has(shown.written) if shown.written is not None else {}
    has = {name: _localised(str(value), meeting.zone) for name, value in said.items() if value is not None}
    lacks = ", ".join(each for each in lacking(meeting) if each != "conference")
    meet = f"{_MEET.get(meeting.meet_state, meeting.meet_state)} {meeting.meet_link or ''}".strip()
    return _block("Google has, as it was last written", {**has, **where, "Google Meet": meet, "does without": lacks})


def _nothing_there(meeting: MeetingLine) -> str:
    if meeting.state == "left":
        return "Google has nothing: people deleted the event, and their word counts"
    if meeting.state in ("cancelled", "stored") and meeting.event_state != "claimed":
        return "Google has nothing"
    if meeting.calendar_id and meeting.event_state == "claimed":
        return "Google has nothing yet; it will go to"
    return f"Google has nothing yet; it will go where the meetings of {meeting.device} go"


def _edit_lines(meeting: MeetingLine, edit: KeptEdit) -> list[str]:
    parts = {
        str(part): _localised(f"{values.get('device', '')} -> {values.get('calendar', '')}", meeting.zone)
        for part, values in edit.difference.items()
    }
    one = edit.original_start_utc_s or None
    which = {"occurrence": None if one is None else local(one, meeting.zone), "who": edit.who}
    title = f"Changed by people at {_local_ms(edit.at, meeting.zone)}: {_DECIDED[edit.state]}"
    lines = _block(title, {**which, **(parts or {"parts": ", ".join(sorted(edit.parts))})})
    only = "" if one is None else f" --occurrence {instant(one)}"
    if edit.state == "asks":
        lines.append(f"  -> meeting-gateway meeting resolve {meeting.id}{only} --device | --google")
    elif edit.state == "kept":
        lines.append(f"  -> to overrule that: meeting-gateway meeting resolve {meeting.id}{only} --device")
    return lines


def _occurrences(shown: Shown) -> dict[str, object]:
    states = [str(row.state) for row in shown.occurrences]
    return {state: states.count(state) for state in sorted(set(states)) if state != "plain"}


_DECIDED = {
    "asks": "you decide whose version counts",
    "kept": "Google's version counts",
    "back": "the device's version was put back",
}


def _delivery(meeting: MeetingLine) -> dict[str, object]:
    said: dict[str, object] = {"revision": meeting.revision, "revision in the calendar": meeting.event_revision}
    if meeting.waits:
        said |= {
            "waits since": _local_ms(meeting.waits_since, meeting.zone),
            "attempts": meeting.attempts,
            "last outcome": f"{meeting.last_code} {meeting.last_text}".strip(),
            "waits until": _HOLDS.get(meeting.hold or "", meeting.hold),
            "next try": _local_ms(meeting.next_try_ms, meeting.zone),
        }
    if meeting.trouble is not None:
        said["waits for the account"] = f"{meeting.trouble.code} {meeting.trouble.text}"
    return said


def _device_says(meeting: Meeting) -> dict[str, object]:
    people = [_person(each) for each in meeting.invitees]
    return {
        "subject": meeting.subject,
        "start": f"{meeting.start_local.isoformat(' ', 'minutes')} {meeting.zone}",
        "end": f"{meeting.end_local.isoformat(' ', 'minutes')} {meeting.zone}",
        "zone as sent": meeting.zone_text,
        "repeats": _rule(meeting),
        "room": meeting.room,
        "host": _person(meeting.host) if meeting.host else None,
        "guests": ", ".join(people) or None,
        "reminder minutes": meeting.reminder_minutes,
        "password": "set" if meeting.password or meeting.host_password else None,
    }


def _rule(meeting: Meeting) -> str | None:
    rule = meeting.repeat
    if rule is None:
        return None
    said = f"{rule.frequency.value}, every {rule.interval}" if rule.interval > 1 else rule.frequency.value
    if rule.weekdays:
        said += f" on {' '.join(day.value for day in rule.weekdays)}"
    if rule.count is not None:
        return f"{said}, {rule.count} times"
    return f"{said} until {local(rule.until_utc_s, meeting.zone)}" if rule.until_utc_s is not None else said


def _rule_words(text: str) -> str:
    """Return an RRULE of RFC 5545 in the words that the device's side is shown in; another line as it is."""
    kind, _, said = text.partition(":")
    values = dict(part.split("=", 1) for part in said.split(";") if "=" in part)
    if kind != "RRULE" or "FREQ" not in values or set(values) - _RULE_PARTS:
        return text
    words = values["FREQ"].lower()
    if values.get("INTERVAL", "1") != "1":
        words += f", every {values['INTERVAL']}"
    if "BYDAY" in values:
        words += f" on {values['BYDAY'].replace(',', ' ')}"
    if "COUNT" in values:
        return f"{words}, {values['COUNT']} times"
    if "UNTIL" not in values:
        return words
    try:
        until = datetime.fromisoformat(values["UNTIL"])
    except ValueError:
        return text
    return f"{words} until {instant(int(until.timestamp())) if until.tzinfo else f'{until:%Y-%m-%d}'}"


_RULE_PARTS = {"FREQ", "INTERVAL", "BYDAY", "COUNT", "UNTIL", "WKST"}


def _person(person: Invitee) -> str:
    return " ".join(each for each in (person.name, person.email, person.extension) if each)


def _calendar_has(facts: EventFacts) -> dict[str, object]:
    return {
        "subject": facts.subject,
        "start": instant(facts.start_utc_s)[: 10 if facts.all_day else None],
        "end": instant(facts.end_utc_s)[: 10 if facts.all_day else None],
        "location": facts.location or None,
        "repeats": "; ".join(map(_rule_words, facts.repeat)) or None,
        "guests": ", ".join(sorted(facts.guests)) or None,
    }


def _edit(edit: KeptEdit) -> dict[str, object]:
    return {
        "state": str(edit.state),
        "original_start": instant(edit.original_start_utc_s) if edit.original_start_utc_s else None,
        "parts": sorted(map(str, edit.parts)),
        "difference": {str(part): dict(values) for part, values in edit.difference.items()},
        "who": edit.who or None,
        "at": utc(edit.at),
    }


def _block(title: str, values: dict[str, object]) -> list[str]:
    said = [f"  {name}: {short(str(value), 300)}" for name, value in values.items() if value not in (None, "", (), [])]
    return [title, *said] if said else []
