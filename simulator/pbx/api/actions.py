"""Carries out one action of the UCM's API after it was let in; HTTP, faults and logins are elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from simulator.pbx.api.booking_call import changed, read_meeting
from simulator.pbx.api.codes import Code, Refused
from simulator.pbx.api.listing import listed, without_email
from simulator.pbx.api.meeting import CANCELLED, ORIGINAL, Meeting, Occurrence, read_time
from simulator.pbx.api.models import ACTIONS, Family, Verb
from simulator.pbx.api.replies import refresh_if_due, refresh_now
from simulator.pbx.api.state import UcmState

Said = Mapping[str, Any]
Response = dict[str, Any]
NO_EMAIL = "has not configured an email address and could not receive a meeting notification email."
"""The vendor's warning on members without an address, after their extensions."""


class Actions:
    """`run` is the whole of it."""

    def __init__(self, state: UcmState) -> None:
        self._state = state
        verbs = {
            Verb.LIST: self._list,
            Verb.GET: self._get,
            Verb.ADD: self._add,
            Verb.UPDATE: self._update,
            Verb.DELETE: self._delete,
        }
        self._known: dict[str, Callable[[Said], Response]] = {
            **{name: verbs[verb] for name, verb in ACTIONS[state.model.family].items()},
            "getSystemStatus": self._system_status,
            "getSystemGeneralStatus": self._system_status,
            "checkInfo": self._clock,
            "getScheduleConferenceStatus": self._running,
            "sendMeetmeMail": self._nothing,
            "applyChanges": self._apply,
            "manualUpdateState": self._google_update,
            "getGoogleAccountCal": self._google_account,
            "updateOauthJsonFile": self._google_settings,
        }

    def run(self, action: str, said: Said) -> Response:
        """The `response` of a call; Refused with the status that says why not. An unknown action is -19."""
        known = self._known.get(action)
        if known is None:
            raise Refused(Code.UNSUPPORTED, f"there is no action {action}")
        refresh_if_due(self._state)
        return known(said)

    def is_list(self, action: str) -> bool:
        """Whether the action lists meetings."""
        return ACTIONS[self._state.model.family].get(action) is Verb.LIST

    def _list(self, said: Said) -> Response:
        return listed(self._state, said)

    def _get(self, said: Said) -> Response:
        meeting = self._named(said)
        timezone = self._state.timezone_text(meeting)
        return {"bookid": {**meeting.fields, "timezone": timezone, "members": [dict(one) for one in meeting.members]}}

    def _add(self, said: Said) -> Response:
        given = said.get("bookid")
        book_id = str(given) if given not in (None, "") else self._state.new_book_id()
        if book_id in self._state.meetings:
            raise Refused(Code.ALREADY_ADDED, f"there is a meeting {book_id} already")
        meeting = read_meeting(said, book_id, self._state.zone, self._state.model)
        self._state.meetings[book_id] = meeting
        return {"bookid": book_id, **warning(meeting)}

    def _update(self, said: Said) -> Response:
        meeting = self._free(said)
        original = self._original(meeting, said)
        if original is not None:
            meeting.occurrences[original] = _times(said)
            return {"bookid": meeting.book_id}
        self._state.meetings[meeting.book_id] = changed(meeting, said, self._state.model)
        return {"bookid": meeting.book_id, **warning(self._state.meetings[meeting.book_id])}

    def _delete(self, said: Said) -> Response:
        meeting = self._free(said)
        if self._state.switches.confirm_delete and said.get("force") != "yes":
            raise Refused(Code.CONFIRM, "deleting must be confirmed with force=yes")
        original = self._original(meeting, said)
        if original is not None:
            meeting.occurrences[original] = Occurrence()
        else:
            del self._state.meetings[meeting.book_id]
        return {}

    def _system_status(self, said: Said) -> Response:
        del said
        model = self._state.model
        return {"product-model": model.name, "prog-version": model.firmware, "system-time": self._state.clock_text()}

    def _clock(self, said: Said) -> Response:
        del said
        return {"system-time": self._state.clock_text()}

    def _running(self, said: Said) -> Response:
        return {"status": "call" if self._named(said).running else ""}

    def _apply(self, said: Said) -> Response:
        del said
        if any(one.running for one in self._state.meetings.values()):
            raise Refused(Code.CONFERENCE_GOING_ON, "a conference is going on")
        return {}

    def _google_update(self, said: Said) -> Response:
        if said.get("updatestate") != "yes":
            raise Refused(Code.INVALID_PARAMETERS, "updatestate=yes is missing")
        refresh_now(self._state)
        return {}

    def _google_account(self, said: Said) -> Response:
        del said
        account = self._state.google_account
        return {"calendar_name": account, "refresh_time": str(self._state.refresh_minutes)}

    def _google_settings(self, said: Said) -> Response:
        minutes = str(said.get("refresh_time", ""))
        if not minutes.isdecimal() or not 1 <= int(minutes) <= 1440:
            raise Refused(Code.INVALID_VALUE, "refresh_time is a number of minutes")
        self._state.refresh_minutes = int(minutes)
        return {}

    def _nothing(self, said: Said) -> Response:
        """Mails of the PBX are not simulated."""
        del said
        return {}

    def _named(self, said: Said) -> Meeting:
        book_id = said.get("bookid")
        if book_id in (None, ""):
            raise Refused(Code.INVALID_PARAMETERS, "bookid is missing")
        meeting = self._state.meetings.get(str(book_id))
        if meeting is None:
            raise Refused(Code.NO_SUCH_ITEM, f"there is no meeting {book_id}")
        return meeting

    def _free(self, said: Said) -> Meeting:
        meeting = self._named(said)
        if meeting.running:
            raise Refused(Code.CONFERENCE_BUSY, "the conference is busy; it cannot be edited or deleted")
        return meeting

    def _original(self, meeting: Meeting, said: Said) -> datetime | None:
        if ORIGINAL not in said or self._state.model.family is Family.UCM6200:
            return None
        try:
            return meeting.day(read_time(said[ORIGINAL]))
        except ValueError as error:
            raise Refused(Code.NO_SUCH_ITEM, str(error)) from error


def warning(meeting: Meeting) -> Response:
    """The vendor's warning, when somebody has no e-mail address."""
    without = without_email(meeting)
    return {"warning": f"{', '.join(without)} {NO_EMAIL}"} if without else {}


def _times(said: Said) -> Occurrence:
    if said.get(CANCELLED) == "yes":
        return Occurrence()
    try:
        start, end = read_time(said.get("starttime")), read_time(said.get("endtime"))
    except ValueError as error:
        raise Refused(Code.INVALID_VALUE, str(error)) from error
    if end <= start:
        raise Refused(Code.INVALID_VALUE, "the end is not after the start")
    return Occurrence(start=start, end=end)
