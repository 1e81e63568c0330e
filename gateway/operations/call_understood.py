"""What a call means, part by part beside the fields that said it, in the words of the UCM's form; nothing is done."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from gateway.devices.call_cleaning import COVERED, CallCleaner, secret_names
from gateway.domain.meeting import Frequency, Invitee, Meeting, Repeat
from gateway.domain.zones import offset_text
from gateway.errors import BadPayload, FieldProblem
from gateway.messages.languages import tr, trn
from gateway.messages.times import day_and_time, time_of_day
from gateway.profiles.codings import utc_text
from gateway.profiles.fields import SECRET_PARTS, Field, Part
from gateway.profiles.model import Profile, Shape
from gateway.profiles.translate import Context, Head, Translation, head, recognised, to_meeting, to_occurrence

_LONGEST = 90
_MOST_PEOPLE = 50
_TIME = (
    Part.START,
    Part.START_DATE,
    Part.START_TIME,
    Part.END,
    Part.END_DATE,
    Part.END_TIME,
    Part.DURATION,
    Part.ALL_DAY,
)
_REPEAT = (Part.REPEAT, Part.REPEAT_COUNT, Part.REPEAT_UNTIL, Part.REPEAT_INTERVAL, Part.WEEKDAYS)
_JOIN = (Part.SIP_URI, Part.DIAL_IN, Part.WEB_LINK)


@dataclass(frozen=True, slots=True)
class Source:
    """A field of the call, and its value as it was sent, shortened and with secrets covered."""

    name: str
    raw: str


@dataclass(frozen=True, slots=True)
class Row:
    """One part of the meeting: `label` as the UCM's form calls it, what was understood, and from which fields."""

    label: str
    value: str
    sources: tuple[Source, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Understood:
    """What one call says of one meeting.

    `rows` are empty when nothing could be understood; `problems` then say why. `cancels` says that the call cancels,
    `occurrence` which occurrence it is about. `suspect` is the zone text that some firmware sends whatever its clock
    says.
    """

    rows: tuple[Row, ...] = ()
    shape: str = ""
    cancels: bool = False
    occurrence: str = ""
    external_id: str = ""
    warnings: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    problems: tuple[FieldProblem, ...] = ()
    suspect: str = ""
    meeting: Meeting | None = None


def understood(
    profile: Profile,
    fields: Mapping[str, object],
    context: Context,
    *,
    cancels: bool | None = None,
    occurrence: str = "",
    series: Meeting | None = None,
) -> Understood:
    """Understand a call. `cancels` and `occurrence` are what its dialect says; `series` is what an occurrence is of."""
    if cancels:
        return Understood(cancels=True, occurrence=occurrence, external_id=context.external_id or "")
    try:
        said_head = head(profile, fields, context) if profile.says_more else None
        if said_head is not None and said_head.cancels:
            return Understood(
                cancels=True, external_id=said_head.external_id, shape=said_head.shape, occurrence=_original(said_head)
            )
        occurrence = occurrence or (_original(said_head) if said_head is not None else "")
        if occurrence and series is not None:
            said = to_occurrence(profile, fields, context, series, None if said_head else series.start_local)
        else:
            said = to_meeting(profile, fields, context)
    except BadPayload as error:
        return Understood(problems=tuple(error.problems), rows=_named(profile, fields), occurrence=occurrence)
    return _told(profile, fields, said, occurrence)


def _original(said: Head) -> str:
    start = said.original_start
    if start is None:
        return ""
    return utc_text(start) if isinstance(start, int) else start.isoformat(" ", "minutes")


def _told(profile: Profile, fields: Mapping[str, object], said: Translation, occurrence: str) -> Understood:
    shape, content = recognised(profile, fields)
    suspects = shape.rules.zones.suspect
    zone_text = said.meeting.zone_text or ""
    return Understood(
        rows=tuple(_rows(shape, content, said.meeting, CallCleaner(secret_names(profile)))),
        shape=shape.title,
        occurrence=occurrence,
        external_id=said.meeting.external_id,
        warnings=said.warnings,
        ignored=said.ignored,
        suspect=zone_text if zone_text in suspects else "",
        meeting=said.meeting,
    )


def _named(profile: Profile, fields: Mapping[str, object]) -> tuple[Row, ...]:
    """What is there of a call that was not understood as a whole: which part each of its fields would be."""
    try:
        shape, content = recognised(profile, fields)
    except BadPayload:
        return ()
    cleaner = CallCleaner(secret_names(profile))
    return tuple(
        Row(label, "", sources) for label, parts, _ in _FORM if (sources := _sources(shape, content, parts, cleaner))
    )


def _rows(shape: Shape, content: Mapping[str, object], meeting: Meeting, cleaner: CallCleaner) -> Iterator[Row]:
    for label, parts, value_of in _FORM:
        sources = _sources(shape, content, parts, cleaner)
        value = value_of(meeting)
        if value or sources:
            yield Row(label, cleaner.words(value), sources)


def _sources(
    shape: Shape, content: Mapping[str, object], parts: tuple[Part, ...], cleaner: CallCleaner
) -> tuple[Source, ...]:
    found = []
    for field in shape.fields:
        name = field.name if content.get(field.name) not in (None, "") else field.fallback or ""
        if field.part in parts and name and content.get(name) not in (None, ""):
            found.append(Source(name, _raw(field, name, content[name], cleaner)))
    return tuple(found)


def _raw(field: Field, name: str, value: object, cleaner: CallCleaner) -> str:
    if field.secret or field.part in SECRET_PARTS:
        return COVERED
    shown = cleaner.body("application/json", json.dumps({name: value}, ensure_ascii=False, default=str).encode())
    covered = json.loads(shown)[name] if shown.startswith("{") else COVERED
    text = covered if isinstance(covered, str) else json.dumps(covered, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _time(meeting: Meeting) -> str:
    start, end = meeting.start_local, meeting.end_local
    if meeting.all_day:
        return tr("%(start)s, whole days, until %(end)s", start=f"{start:%Y-%m-%d}", end=f"{end:%Y-%m-%d}")
    last = time_of_day(end) if end.date() == start.date() else day_and_time(end)
    return f"{day_and_time(start)} - {last}"


def _zone(meeting: Meeting) -> str:
    minutes = round((_naive_utc(meeting.start_local) - meeting.start_utc_s) / 60)
    return f"{meeting.zone} ({offset_text(minutes)})"


def _naive_utc(local: datetime) -> float:
    return (local - datetime(1970, 1, 1)).total_seconds()  # noqa: DTZ001 - both are wall clocks


def _person(who: Invitee | None) -> str:
    if who is None:
        return ""
    parts = [text for text in (who.extension, who.name, who.email) if text]
    return " ".join(parts) if who.email else tr("%(who)s (no e-mail address)", who=" ".join(parts))


def _people(meeting: Meeting) -> str:
    shown = [_person(who) for who in meeting.invitees[:_MOST_PEOPLE]]
    more = len(meeting.invitees) - len(shown)
    return ", ".join(shown) + (f" … +{more}" if more > 0 else "")


def _repeat(meeting: Meeting) -> str:
    rule = meeting.repeat
    return "" if rule is None else "; ".join(_rule(rule))


def _rule(rule: Repeat) -> Iterator[str]:
    step = str(rule.interval)
    yield {
        Frequency.DAILY: trn("every day", "every %(step)s days", rule.interval, step=step),
        Frequency.WEEKLY: trn("every week", "every %(step)s weeks", rule.interval, step=step),
        Frequency.MONTHLY: trn("every month", "every %(step)s months", rule.interval, step=step),
        Frequency.YEARLY: trn("every year", "every %(step)s years", rule.interval, step=step),
    }[rule.frequency]
    if rule.weekdays:
        yield ", ".join(rule.weekdays)
    if rule.count is not None:
        yield trn("once", "%(count)s times", rule.count, count=str(rule.count))
    if rule.until_utc_s is not None:
        yield tr("until %(moment)s", moment=utc_text(rule.until_utc_s))


def _join(meeting: Meeting) -> str:
    join = meeting.join
    return "" if join is None else ", ".join(text for text in (join.sip_uri, join.dial_in, join.web_link) if text)


def _yes(value: object) -> str:
    return tr("yes") if value else ""


def _covered(value: str | None) -> str:
    return COVERED if value else ""


_FORM: tuple[tuple[str, tuple[Part, ...], Callable[[Meeting], str]], ...] = (
    ("Meeting ID", (Part.EXTERNAL_ID,), lambda meeting: meeting.external_id),
    ("Meeting Subject", (Part.SUBJECT,), lambda meeting: meeting.subject),
    ("Time", _TIME, _time),
    ("Time Zone", (Part.ZONE,), _zone),
    ("Repeat", _REPEAT, _repeat),
    ("Meeting Room", (Part.ROOM, Part.PUBLIC_ROOM), lambda meeting: meeting.room or ""),
    ("Password", (Part.PASSWORD,), lambda meeting: _covered(meeting.password)),
    ("Host", (Part.HOST,), lambda meeting: _person(meeting.host)),
    ("Host Password", (Part.HOST_PASSWORD,), lambda meeting: _covered(meeting.host_password)),
    ("Invitees", (Part.INVITEES,), _people),
    ("Email Reminder (m)", (Part.REMINDER_MINUTES,), lambda meeting: str(meeting.reminder_minutes or "")),
    ("Auto Record", (Part.AUTO_RECORD,), lambda meeting: "" if meeting.auto_record == "none" else meeting.auto_record),
    ("Allow User Invite", (Part.ALLOW_USER_INVITE,), lambda meeting: _yes(meeting.allow_user_invite)),
    ("Call Participants", (Part.CALL_PARTICIPANTS,), lambda meeting: _yes(meeting.call_participants)),
    ("Allowed to Override Host Mute", (Part.OVERRIDE_HOST_MUTE,), lambda meeting: _yes(meeting.override_host_mute)),
    (
        "Sync to Google Calendar",
        (Part.SYNC_TO_CALENDAR,),
        lambda meeting: tr("yes") if meeting.sync_to_calendar else tr("no"),
    ),
    ("Google Meet", (Part.MEET,), lambda meeting: _yes(meeting.meet)),
    ("Dial-in", _JOIN, _join),
    ("Meeting Agenda", (Part.AGENDA,), lambda meeting: meeting.agenda),
)
"""The parts in the order of the form "Schedule Meeting" of the UCM, with the fields that may say each."""
