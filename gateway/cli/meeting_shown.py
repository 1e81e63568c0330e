"""How meetings look in a terminal and as JSON; nothing is decided or read here."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gateway.domain.facts import EventFacts
    from gateway.domain.kept_edit import KeptEdit
    from gateway.domain.meeting import Invitee, Meeting
    from gateway.operations.meeting_desk import Shown
    from gateway.store.meeting_list import MeetingLine

LONGEST_SUBJECT = 40
WORDS = {
    "queued": "on its way",
    "mirrored": "in the calendar",
    "held": "waits for the account",
    "refused": "refused",
    "asks": "asks you",
    "stored": "not for the calendar",
    "cancelled": "cancelled",
}


def utc(at_ms: int | None) -> str | None:
    """Return a time in ms as RFC 3339 in UTC."""
    return None if at_ms is None else instant(at_ms // 1000)


def instant(at_s: int) -> str:
    """Return an instant as RFC 3339 in UTC."""
    return f"{datetime.fromtimestamp(at_s, UTC):%Y-%m-%dT%H:%M:%SZ}"


def short(text: str, most: int = LONGEST_SUBJECT) -> str:
    """Return a text on one line, shortened, without what could colour a terminal or turn the direction of writing."""
    plain = " ".join("".join(each if each.isprintable() else " " for each in text).split())
    return plain if len(plain) <= most else f"{plain[: most - 1]}…"


def line(meeting: MeetingLine) -> str:
    """Return one meeting on one line."""
    parts = [
        str(meeting.id),
        f"{meeting.device}/{short(meeting.external_id)}",
        WORDS[meeting.state],
        f"{meeting.start_local.replace('T', ' ')[:16]} {meeting.zone}{' (series)' if meeting.series else ''}",
        f'"{short(meeting.subject)}"',
    ]
    if meeting.waits and meeting.hold is None and meeting.state == "queued":
        parts.append(f"next try {utc(meeting.not_before)}")
    if meeting.last_code or meeting.last_text:
        parts.append(short(f"{meeting.last_code} {meeting.last_text}", 120))
    return "  ".join(parts)


def line_json(meeting: MeetingLine) -> dict[str, object]:
    """Return one meeting for programs."""
    return {
        "id": meeting.id,
        "device": meeting.device,
        "external_id": meeting.external_id,
        "state": meeting.state,
        "revision": meeting.revision,
        "subject": meeting.subject,
        "start": instant(meeting.start_utc_s),
        "end": instant(meeting.end_utc_s),
        "zone": meeting.zone,
        "series": meeting.series,
        "account": meeting.account or None,
        "calendar": meeting.calendar_id,
        "link": meeting.link,
        "meet_state": meeting.meet_state or None,
        "meet_link": meeting.meet_link,
        "lacking": list(meeting.lacking),
        "next_try": utc(meeting.not_before) if meeting.waits and meeting.hold is None else None,
        "hold": meeting.hold,
        "attempts": meeting.attempts,
        "code": meeting.last_code or None,
        "text": meeting.last_text or None,
    }


def shown_json(shown: Shown) -> dict[str, object]:
    """Return both sides of one meeting for programs; passwords are never in it."""
    return {
        **line_json(shown.line),
        "device_says": _device_says(shown.meeting),
        "calendar_has": None if shown.written is None else _calendar_has(shown.written),
        "changed_by_people": [_edit(edit) for edit in shown.edits],
        "occurrences": [
            {"original_start": instant(row.original_start_utc_s), "state": str(row.state)} for row in shown.occurrences
        ],
        "history": [
            {"at": utc(each.at), "actor": each.actor, "action": each.action, "detail": each.detail}
            for each in shown.history
        ],
    }


def shown_lines(shown: Shown) -> list[str]:
    """Return both sides of one meeting, one thing on each line; what is not said is left out."""
    meeting = shown.line
    lines = [line(meeting)]
    lines += _block("The device says", _device_says(shown.meeting))
    has = _calendar_has(shown.written) if shown.written is not None else {}
    where = {"account": meeting.account, "calendar": meeting.calendar_id, "link": meeting.link}
    meet = {"meet": f"{meeting.meet_state} {meeting.meet_link or ''}".strip(), "lacks": ", ".join(meeting.lacking)}
    lines += _block("Google has, as it was last written", {**has, **where, **meet})
    for edit in shown.edits:
        said = _edit(edit)
        title = f"Changed by people at {said['at']}: {_DECIDED[edit.state]}"
        parts = {
            str(part): f"{values.get('device', '')} -> {values.get('calendar', '')}"
            for part, values in edit.difference.items()
        }
        which = {"occurrence": said["original_start"], "who": edit.who}
        lines += _block(title, {**which, **(parts or {"parts": ", ".join(sorted(edit.parts))})})
    lines += _block("Delivery", _delivery(meeting))
    if shown.occurrences:
        states = [str(row.state) for row in shown.occurrences]
        counts = ", ".join(f"{states.count(state)} {state}" for state in sorted(set(states)))
        lines += _block("Occurrences that are not as the rule says", {"number": counts})
    lines += ["History"]
    lines += [
        f"  {utc(each.at)}  {each.actor}  {each.action}{f'  {each.detail}' if each.detail else ''}"
        for each in shown.history
    ]
    return lines


_DECIDED = {
    "asks": "you decide whose version counts",
    "kept": "Google's version counts",
    "back": "the device's version was put back",
}


def _delivery(meeting: MeetingLine) -> dict[str, object]:
    said: dict[str, object] = {"revision": meeting.revision, "revision in the calendar": meeting.event_revision}
    if meeting.waits:
        said |= {
            "waits since": utc(meeting.waits_since),
            "attempts": meeting.attempts,
            "last outcome": f"{meeting.last_code} {meeting.last_text}".strip(),
            "held for": meeting.hold,
            "next try": utc(meeting.not_before) if meeting.hold is None else None,
        }
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
    return f"{said} until {instant(rule.until_utc_s)}" if rule.until_utc_s is not None else said


def _person(person: Invitee) -> str:
    return " ".join(each for each in (person.name, person.email, person.extension) if each)


def _calendar_has(facts: EventFacts) -> dict[str, object]:
    return {
        "subject": facts.subject,
        "start": instant(facts.start_utc_s)[: 10 if facts.all_day else None],
        "end": instant(facts.end_utc_s)[: 10 if facts.all_day else None],
        "location": facts.location or None,
        "repeats": "; ".join(facts.repeat) or None,
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
