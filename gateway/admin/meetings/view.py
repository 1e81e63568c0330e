"""Both sides of one meeting as its page shows them, in words; nothing is read or decided here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from gateway import messages
from gateway.admin.meetings import story_words, words
from gateway.admin.meetings.words import Badge
from gateway.domain.change import from_json
from gateway.domain.kept_edit import KeptEdit, KeptState
from gateway.domain.meeting import Invitations, Invitee, Meeting
from gateway.domain.occurrence import OccurrenceState
from gateway.messages import Message
from gateway.messages.languages import tr
from gateway.messages.times import day_and_time, time_of_day
from gateway.mirror.event.lacks import refused_guests
from gateway.operations.meetings.agenda import Word
from gateway.operations.meetings.desk import Shown
from gateway.store.meeting_told import Reply
from gateway.store.occurrences import OccurrenceRow


class Fact(NamedTuple):
    """A label and what stands beside it; `hint` is smaller, `secret` names a password that can be shown."""

    label: str
    value: str
    hint: str = ""
    secret: str = ""


class GuestView(NamedTuple):
    """One person and how it stands with the invitation; `no_email` when there is no address."""

    name: str
    extension: str
    email: str
    state: Badge
    no_email: bool


class EditView(NamedTuple):
    """What people changed of the event, or of one occurrence: message, differences, and what may be decided."""

    message: Message
    original_s: int
    which: str
    differences: list[tuple[str, str, str]]
    may_put_back: bool
    may_leave: bool
    note: str


class OccurrenceView(NamedTuple):
    """An occurrence that is not as the rule says."""

    by_rule: str
    now: str
    state: Badge


class Note(NamedTuple):
    """Something to know about the meeting, and what was noted of it word for word where that says more."""

    message: Message
    raw: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MeetingView:
    """The page of one meeting."""

    id: int
    device: str
    subject: str
    when: str
    zone: str
    raw_zone: str
    state: Badge
    device_says: list[Fact]
    google_has: list[Fact]
    google_nothing: str
    guests: list[GuestView]
    edits: list[EditView]
    notes: list[Note]
    occurrences: list[OccurrenceView]
    more_occurrences: int
    link: str
    vanished: bool
    may_retry: bool
    may_send: bool
    may_cancel: bool


MOST_OCCURRENCES = 50


def view(shown: Shown, word: Word, replies: Mapping[str, Reply], invitations: Invitations, zone: str) -> MeetingView:
    """Return the page of a meeting; `invitations` is who invites the guests of its device, `zone` the gateway's."""
    line, meeting = shown.line, shown.meeting
    occurrences = [_occurrence(row, meeting.zone) for row in shown.occurrences if row.state in _NOTED]
    decidable = line.state == "asks" or line.guarded
    return MeetingView(
        id=line.id,
        device=line.device,
        subject=meeting.subject or tr("(no subject)"),
        when=_when(meeting),
        zone=words.zone_shown(meeting.zone, meeting.start_utc_s),
        raw_zone=meeting.zone_text or "",
        state=words.badge(word),
        device_says=_device_says(shown),
        google_has=_google_has(shown),
        google_nothing=_google_nothing(shown, word),
        guests=[_guest(each, shown, replies, invitations) for each in meeting.invitees],
        edits=[_edit(edit, meeting.zone, zone) for edit in shown.edits],
        notes=_notes(shown, invitations),
        occurrences=occurrences[:MOST_OCCURRENCES],
        more_occurrences=max(0, len(occurrences) - MOST_OCCURRENCES),
        link=line.link if line.link and word != "deleted" and line.link.startswith(("https://", "http://127.")) else "",
        vanished=line.guarded,
        may_retry=line.waits and not decidable and line.state != "left",
        may_send=not line.waits and line.event_state == "live" and line.state == "mirrored",
        may_cancel=not line.cancelled,
    )


def _when(meeting: Meeting) -> str:
    start = meeting.start_local
    if meeting.all_day:
        return tr("%(day)s, all day", day=words.day(start.date()))
    end = meeting.end_local
    same = start.date() == end.date()
    until = time_of_day(end) if same else day_and_time(end)
    return tr("%(day)s, %(start)s to %(end)s", day=words.day(start.date()), start=time_of_day(start), end=until)


def _device_says(shown: Shown) -> list[Fact]:
    """The labels are those of the PBX's own form, in its order."""
    meeting = shown.meeting
    record = meeting.auto_record
    facts = [
        Fact("Meeting Subject", meeting.subject),
        Fact("Time", _when(meeting)),
        Fact("Time Zone", words.zone_shown(meeting.zone, meeting.start_utc_s), _raw_zone(meeting)),
        Fact("Meeting Room", meeting.room or "", tr("public") if meeting.public_room else ""),
        Fact("Password", "****" if meeting.password else "", secret="password" if meeting.password else ""),
        Fact("Host", _person(meeting.host) if meeting.host else ""),
        Fact("Host Password", "****" if meeting.host_password else "", secret="host" if meeting.host_password else ""),
        Fact("Repeat", words.repeat_words(meeting.repeat, meeting.zone) if meeting.repeat else tr("No repeat")),
        Fact("Email Reminder (m)", "" if meeting.reminder_minutes is None else str(meeting.reminder_minutes)),
        Fact("Auto Record", tr("No") if record == "none" else record),
        Fact("Meeting Agenda", meeting.agenda),
        Fact(tr("ID on the device"), shown.line.external_id),
    ]
    return [each for each in facts if each.value]


def _raw_zone(meeting: Meeting) -> str:
    return tr('The device says "%(text)s"', text=meeting.zone_text) if meeting.zone_text else ""


def _google_has(shown: Shown) -> list[Fact]:
    line, has = shown.line, shown.written
    facts = []
    if has is not None and line.event_state != "gone":
        if has.all_day:
            first, after = (datetime.fromtimestamp(each, UTC) for each in (has.start_utc_s, has.end_utc_s))
            time = tr("%(first)s to %(last)s, all day", first=f"{first:%Y-%m-%d}", last=f"{after:%Y-%m-%d}")
        else:
            time = words.span(has.start_utc_s, has.end_utc_s, line.zone).text
            time = f"{words.clock(has.start_utc_s, line.zone)[:10]} {time}"
        facts = [
            Fact(tr("Subject"), has.subject),
            Fact(tr("Time"), time),
            Fact(tr("Place"), has.location),
            Fact(tr("Repeat"), "; ".join(has.repeat)),
            Fact(tr("Guests"), str(len(has.guests))),
        ]
    facts += [
        Fact(tr("Google account"), line.account),
        Fact(tr("Calendar"), line.calendar_id or ""),
        Fact("Google Meet", line.meet_link or ""),
    ]
    return [each for each in facts if each.value]


def _google_nothing(shown: Shown, word: Word) -> str:
    line = shown.line
    if line.state == "left":
        return tr("People deleted the event, and their word counts. This is what it said when it was last written:")
    if word == "deleted":
        return tr("People deleted the event. This is what it said when it was last written:")
    if line.event_state == "live" and shown.written is not None:
        return ""
    if line.cancelled:
        return tr("Google has nothing: the meeting is cancelled.") if line.event_state != "live" else ""
    if not line.sync:
        return tr("Google has nothing: on the device, this meeting is not for the calendar.")
    return "" if line.event_state == "live" else tr("Google has nothing yet.")


def _guest(person: Invitee, shown: Shown, replies: Mapping[str, Reply], invitations: Invitations) -> GuestView:
    email = person.email or ""
    reply = replies.get(email.casefold())
    written = shown.written.guests if shown.written is not None else frozenset()
    if not email:
        state = Badge("warn", tr("No e-mail - not invited"))
    elif email.casefold() in refused_guests(shown.line.lacking):
        state = Badge("bad", tr("Google refused this address"))
    elif reply is not None and reply.answer not in ("", "needsAction"):
        kind = {"accepted": "ok", "declined": "bad"}.get(reply.answer, "info")
        state = Badge(kind, tr("Invited, %(answer)s", answer=story_words.answer(reply.answer)))
    elif email.casefold() in written:
        state = Badge("ok", tr("Invited"))
    elif invitations is Invitations.OFF:
        state = Badge("off", tr("Not invited - invitations are off for this device"))
    else:
        state = Badge("info", tr("Not invited yet"))
    return GuestView(person.name or "", person.extension or "", email, state, not email)


def _person(person: Invitee) -> str:
    return " ".join(each for each in (person.extension, person.name, person.email) if each)


def _edit(edit: KeptEdit, zone: str, own_zone: str) -> EditView:
    day = words.clock(edit.at / 1000, own_zone)
    if edit.deleted:
        message = messages.text("G-508", who=edit.who, date=day, meeting=str(edit.meeting_id))
    else:
        fields = ", ".join(story_words.part(str(each)) for each in sorted(edit.parts))
        kept = {
            KeptState.KEPT: tr("kept Google's version"),
            KeptState.BACK: tr("kept the device's version"),
            KeptState.ASKS: "",
        }[edit.state]
        message = messages.text("G-509", fields=fields, kept=kept, meeting=str(edit.meeting_id))
    original = edit.original_start_utc_s
    return EditView(
        message=message,
        original_s=original,
        which=tr("Only the occurrence of %(time)s", time=words.clock(original, zone)) if original else "",
        differences=[
            (story_words.part(part), said.get("device", ""), said.get("calendar", ""))
            for part, said in edit.difference.items()
            if not edit.deleted
        ],
        may_put_back=edit.state in (KeptState.ASKS, KeptState.KEPT),
        may_leave=edit.state is KeptState.ASKS,
        note=_deletion(edit.state) if edit.deleted else "",
    )


def _deletion(state: KeptState) -> str:
    return {
        KeptState.ASKS: tr("Nothing is written to this event until you decide."),
        KeptState.KEPT: tr("Google's version counts: it stays deleted."),
        KeptState.BACK: tr("The device's version was put back."),
    }[state]


def _notes(shown: Shown, invitations: Invitations) -> list[Note]:
    """Return a message for everything that the event lacks or waits for."""
    line = shown.line
    values = {
        "meeting": str(line.id),
        "device": line.device,
        "email": line.account,
        "account": line.wants_account or "",
    }
    found = []
    code, text = line.why
    if line.waits and (code or text) and code not in ("G-508", "G-509"):
        found.append(_message(code, text, values))
    guests = refused_guests(line.lacking)
    kept = [note for note in shown.notes if note.code != "G-511" or not guests]
    found += [_message(note.code, "", values) for note in kept]
    found += [Note(messages.text("G-511", guest=guest, **values), "") for guest in guests]
    without = [_person(each) for each in shown.meeting.invitees if not each.email]
    if without and line.sync and not line.cancelled and invitations is not Invitations.OFF:
        found.append(Note(messages.text("D-11", names=", ".join(without), **values), ""))
    return found


def _message(code: str, text: str, values: Mapping[str, str]) -> Note:
    """Return the message of a code, with what was noted then where that says more; the note alone for other codes."""
    said = text.removeprefix(code).strip()
    if code in messages.codes():
        try:
            message = messages.text(code, **values)
        except KeyError:  # something in it was known at the moment only; the note has it
            message = Message(code=code, title=said or code, text="", remedy="", values=values)
        return Note(message, said if said not in (str(message), message.title) else "")
    return Note(Message(code=code, title=said or code, text="", remedy="", severity="warning", values=values), "")


_NOTED = (OccurrenceState.CHANGED, OccurrenceState.CANCELLED)


def _occurrence(row: OccurrenceRow, zone: str) -> OccurrenceView:
    by_rule = words.clock(row.original_start_utc_s, zone)
    if row.state is OccurrenceState.CANCELLED or row.body is None:
        return OccurrenceView(by_rule, "", Badge("off", tr("Cancelled")))
    now = from_json(row.body, lambda sealed: "")
    time = words.span(now.start_utc_s, now.end_utc_s, zone).text
    said = f"{words.clock(now.start_utc_s, zone)[:10]} {time} {now.subject}"
    return OccurrenceView(by_rule, said, Badge("info", tr("Changed")))
