"""Verbs about calendars: who has which, how they are shared, what they can do; events are in `event_verbs`."""

from __future__ import annotations

from collections.abc import Sequence

from simulator.google.calendars import Calendar, ConferenceOutcome
from simulator.google.identities import ROLES, Account
from simulator.google.project_verbs import CannotDo, ProjectVerbs
from simulator.google.state import RoomAnswer
from simulator.google.zones import is_zone

FREE_BUSY_ERRORS = ("notFound", "internalError", "backendError")
CONFERENCE_TYPES = ("hangoutsMeet", "eventHangout", "eventNamedHangout")


class CalendarVerbs(ProjectVerbs):
    """The verbs. `calendar_id` is `primary` (the first account's main calendar) unless given."""

    def add_calendar(
        self,
        summary: str,
        account: str | None = None,
        calendar_id: str | None = None,
        time_zone: str = "Europe/Berlin",
        role: str = "owner",
    ) -> Calendar:
        """A secondary calendar the account sees in the given role; with another role than owner somebody else's."""
        person = self._account(account)
        calendar = Calendar(
            calendar_id=calendar_id or self._state.minter.calendar_id(),
            summary=summary,
            owner=person.email if role == "owner" else "somebody.else@example.com",
            time_zone=time_zone,
        )
        self._state.calendars[calendar.calendar_id] = calendar
        self._state.share(person, calendar.calendar_id, _known(role))
        return calendar

    def set_access(self, calendar_id: str, role: str | None, account: str | None = None) -> None:
        """Share a calendar with an account in another role, or not at all (None: it answers 404)."""
        person, calendar = self._account(account), self._calendar(calendar_id)
        self._state.share(person, calendar.calendar_id, None if role is None else _known(role))

    def unshare_calendar(self, calendar_id: str, account: str | None = None) -> None:
        """Somebody stops sharing a calendar with an account: it answers 404 and leaves the account's list."""
        self.set_access(calendar_id, None, account)

    def delete_calendar(self, calendar_id: str) -> None:
        """A calendar goes away with all its events."""
        self._state.remove_calendar(self._calendar(calendar_id))

    def set_time_zone(self, time_zone: str, calendar_id: str = "primary") -> None:
        """Change the zone in which a calendar answers."""
        if not is_zone(time_zone):
            raise CannotDo(f"{time_zone} is no IANA time zone such as Europe/Berlin.")
        calendar = self._calendar(calendar_id)
        calendar.time_zone = time_zone
        self._state.tell_lists(calendar)

    def set_calendar(
        self,
        calendar_id: str = "primary",
        summary: str | None = None,
        conference_types: Sequence[str] | None = None,
        conference_delay_s: float | None = None,
        conference_outcome: ConferenceOutcome | None = None,
        free_busy_error: str | None = None,
        made_by_project: bool | None = None,
    ) -> None:
        """Change a calendar; what is None stays as it is.

        `conference_types` are the conferences that can be made in it (`[]`: none, every request for one is refused),
        `conference_delay_s` how long one is pending, `conference_outcome` how that ends (`pending`: never).
        `free_busy_error` is what freeBusy says instead of its times (the empty text: its times again).
        """
        calendar = self._calendar(calendar_id)
        if conference_types is not None:
            if not set(conference_types) <= set(CONFERENCE_TYPES):
                raise CannotDo(f"Conferences are of the types {', '.join(CONFERENCE_TYPES)}.")
            calendar.conference_types = tuple(conference_types)
        if conference_delay_s is not None:
            calendar.conference_delay_s = conference_delay_s
        if conference_outcome is not None:
            calendar.conference_outcome = conference_outcome
        if free_busy_error is not None:
            if free_busy_error and free_busy_error not in FREE_BUSY_ERRORS:
                raise CannotDo(f"'free_busy_error' must be one of {', '.join(FREE_BUSY_ERRORS)}, or empty.")
            calendar.free_busy_error = free_busy_error or None
        if summary is not None:
            calendar.summary = summary
        if made_by_project is not None:
            calendar.made_by_project = made_by_project
        self._state.tell_lists(calendar)

    def add_room(
        self, email: str, name: str | None = None, answers: RoomAnswer = "free", time_zone: str = "Europe/Berlin"
    ) -> Account:
        """A room of the organisation with a calendar of its own, or another way of answering for one that is there.

        It accepts invitations while it is `free` and declines others, or always says `accept` or `decline`, or `none`.
        """
        room = self._state.accounts.get(email) or self._state.add_account(email, name=name, time_zone=time_zone)
        self._state.rooms[email.lower()] = answers
        return room

    def add_group(self, email: str, members: Sequence[str]) -> None:
        """A mailing group whose members' calendars freeBusy looks at when it is asked for the group."""
        self._state.groups[email] = tuple(members)

    def hide_free_busy(self, account: str, hidden: bool = True) -> None:
        """An account stops telling its colleagues when it is busy: freeBusy answers them `notFound`."""
        self._account(account).tells_colleagues = not hidden

    def _calendar(self, calendar_id: str) -> Calendar:
        try:
            return self._state.calendar(calendar_id)
        except KeyError:
            raise CannotDo(f"There is no calendar {calendar_id}.") from None


def _known(role: str) -> str:
    if role not in ROLES[1:]:
        raise CannotDo(f"The role must be one of {', '.join(ROLES[1:])}.")
    return role
