"""What people do at a simulated UCM that is asked: book, move, cancel, start a meeting; what Google replies to it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from simulator.pbx.api.actions import warning
from simulator.pbx.api.booking_call import check
from simulator.pbx.api.codes import Code, Refused
from simulator.pbx.api.meeting import Meeting, Occurrence, read_members
from simulator.pbx.api.models import FIRST_ROOM, Family
from simulator.pbx.api.replies import STATES, refresh_now
from simulator.pbx.api.state import GuestReply, UcmState
from simulator.pbx.booking import ScheduleForm
from simulator.pbx.wire import Shape, fields

_ONLY_6300 = ("email_reminder", "call_participants", "override_host_mute", "auto_record")


class NoSuchMeeting(LookupError):
    """The PBX has no such meeting, or the series no such occurrence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked:
    """A meeting that was saved: its id, and the vendor's warning on invitees without an e-mail address."""

    book_id: str
    warnings: tuple[str, ...] = ()


class Desk:
    """The verbs. They raise Refused when the device's form would not take it, NoSuchMeeting when it is not there."""

    def __init__(self, state: UcmState) -> None:
        self._state = state

    def schedule(self, form: ScheduleForm, *, book_id: str | None = None) -> Booked:
        """Press Save on a new form."""
        meeting = self._filled(form, book_id or self._state.new_book_id())
        return self._keep(meeting)

    def change(self, book_id: str, form: ScheduleForm) -> Booked:
        """Press Save on the form of a meeting; days that differ stay."""
        old = self._known(book_id)
        meeting = self._filled(form, book_id)
        meeting.occurrences = old.occurrences
        return self._keep(meeting)

    def move(self, book_id: str, start: datetime, *, minutes: int | None = None) -> Booked:
        """Give a meeting, or a whole series, another local start."""
        meeting = self._known(book_id)
        length = timedelta(minutes=minutes) if minutes is not None else meeting.end - meeting.start
        moved = replace(meeting, fields=dict(meeting.fields))
        moved.place(start, start + length)
        return self._keep(moved)

    def rename(self, book_id: str, subject: str) -> Booked:
        """Change the subject and nothing else."""
        meeting = self._known(book_id)
        return self._keep(replace(meeting, fields={**meeting.fields, "confname": subject}))

    def move_occurrence(self, book_id: str, original: datetime, start: datetime, *, minutes: int | None = None) -> None:
        """Move one day of a series (named by its local start there, or its date): a cancel first, then an update."""
        meeting = self._known(book_id)
        length = timedelta(minutes=minutes) if minutes is not None else meeting.end - meeting.start
        moved = Occurrence(start=start, end=start + length, gap=self._state.switches.occurrence_gap)
        meeting.occurrences[self._day(meeting, original)] = moved

    def cancel_occurrence(self, book_id: str, original: datetime) -> None:
        """Take one day out of a series."""
        meeting = self._known(book_id)
        meeting.occurrences[self._day(meeting, original)] = Occurrence()

    def cancel(self, book_id: str) -> None:
        """Delete a meeting."""
        del self._state.meetings[self._known(book_id).book_id]

    def start(self, book_id: str) -> None:
        """Somebody dialled in: the meeting is running and cannot be edited or deleted over the API."""
        self._known(book_id).running = True

    def end(self, book_id: str) -> None:
        """Everybody hung up."""
        self._known(book_id).running = False

    def google_says(self, book_id: str, email: str, state: str, comment: str = "") -> None:
        """A guest answered in Google; the PBX writes it down at its next "Google update"."""
        self._known(book_id)
        if state not in STATES:
            raise ValueError(f"{state!r} is not an answer; write {', '.join(STATES)}")
        self._state.google_says.append(GuestReply(book_id=book_id, email=email, state=state, comment=comment))

    def google_update(self) -> None:
        """Press "Google update"."""
        refresh_now(self._state)

    def _filled(self, form: ScheduleForm, book_id: str) -> Meeting:
        booking = self._state.office.book(self._with_room(form), book_id)
        said = fields(booking, Shape.FORM)
        members = read_members(said.pop("members"))
        if self._state.model.family is Family.UCM6200:
            said = {name: value for name, value in said.items() if name not in _ONLY_6300}
        said.pop("timezone")
        return Meeting(fields=said, members=members, zone_label=form.time_zone)

    def _with_room(self, form: ScheduleForm) -> ScheduleForm:
        fixed = self._state.model.family is Family.UCM6200 and not form.room
        return replace(form, room=str(FIRST_ROOM)) if fixed else form

    def _keep(self, meeting: Meeting) -> Booked:
        check(meeting, self._state.model)
        self._state.meetings[meeting.book_id] = meeting
        return Booked(book_id=meeting.book_id, warnings=tuple(str(text) for text in warning(meeting).values()))

    def _known(self, book_id: str) -> Meeting:
        meeting = self._state.meetings.get(book_id)
        if meeting is None:
            raise NoSuchMeeting(f"this PBX has no meeting {book_id}")
        return meeting

    def _day(self, meeting: Meeting, original: datetime) -> datetime:
        if self._state.model.family is Family.UCM6200:
            raise Refused(Code.UNSUPPORTED, f"the {self._state.model.name} cannot edit one day of a series")
        try:
            return meeting.day(original)
        except ValueError as error:
            raise NoSuchMeeting(str(error)) from error
