"""Verbs about events: what people do in the calendar's own page, with one event, one occurrence or many at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args

from simulator.google import following, occurrences
from simulator.google.calendar_verbs import CalendarVerbs
from simulator.google.calendars import Calendar, StoredEvent
from simulator.google.errors import ApiError
from simulator.google.event_json import rendered
from simulator.google.event_rules import RESPONSES
from simulator.google.project_verbs import CannotDo
from simulator.google.state import GoogleState
from simulator.google.writing import EventWriter

Extent = Literal["this", "following", "all"]
EXTENTS: tuple[Extent, ...] = get_args(Extent)
"""How much of a series an edit is about, as the calendar's page asks."""


class EventVerbs(CalendarVerbs):
    """The verbs. `calendar_id` is `primary` (the first account's main calendar) unless given."""

    def __init__(self, state: GoogleState) -> None:
        super().__init__(state)
        self._writer = EventWriter(state)

    def create_event(
        self, body: Mapping[str, Any], calendar_id: str = "primary", organizer: str | None = None
    ) -> dict[str, Any]:
        """A person makes an event; gives it as the API answers it. Raises `ApiError` when it breaks a rule.

        With an `organizer` it is an invitation from somebody else, of which the calendar's owner may change only the
        own parts.
        """
        calendar = self._calendar(calendar_id)
        event = self._writer.insert(calendar, body, {}, by=organizer or calendar.owner)
        if organizer is not None:
            event.organizer = {"email": organizer}
        return rendered(event, calendar, self._state.base)

    def edit_event(
        self, event_id: str, changes: Mapping[str, Any], calendar_id: str = "primary", extent: Extent = "this"
    ) -> dict[str, Any]:
        """A person changes an event: `changes` are laid over it as by PATCH.

        Of an occurrence (`<series>_<start>`) `extent` says whether only `this` one is changed, `all` of the series, or
        this and `following` ones: the old series then ends before it and a new one, which is given, begins.
        """
        calendar = self._calendar(calendar_id)
        if extent == "following":
            event = following.changed(self._writer, calendar, self._found(calendar, event_id), changes)
        else:
            named = self._found(calendar, event_id).master_id if extent == "all" else None
            event = self._writer.patch(calendar, named or event_id, changes, {}, by_organizer=True)
        return rendered(event, calendar, self._state.base)

    def delete_event(self, event_id: str, calendar_id: str = "primary", extent: Extent = "this") -> None:
        """A person deletes an event (or one occurrence, by its own id); it stays behind as cancelled.

        `extent` is as with `edit_event`.
        """
        calendar = self._calendar(calendar_id)
        if extent == "following":
            following.ended(self._writer, calendar, self._found(calendar, event_id))
            return
        named = self._found(calendar, event_id).master_id if extent == "all" else None
        self._writer.delete(calendar, named or event_id, {})

    def delete_many(self, event_ids: Sequence[str] | None = None, calendar_id: str = "primary") -> dict[str, int]:
        """A person deletes several events at once, by default every live one; gives how many are `deleted`."""
        calendar = self._calendar(calendar_id)
        chosen = list(calendar.events) if event_ids is None else event_ids
        deleted = 0
        for event_id in chosen:
            event = self._found(calendar, event_id)
            if event.status != "cancelled":
                self._writer.delete(calendar, event_id, {})
                deleted += 1
        return {"deleted": deleted}

    def restore_event(self, event_id: str, calendar_id: str = "primary") -> dict[str, Any]:
        """A person takes a deleted event out of the bin: it is live again, with its occurrences as they were."""
        calendar = self._calendar(calendar_id)
        event = self._found(calendar, event_id)
        if event.status != "cancelled":
            raise CannotDo(f"{event_id} is not deleted.")
        return rendered(self._writer.restore(calendar, event), calendar, self._state.base)

    def move_event(self, event_id: str, destination: str, calendar_id: str = "primary") -> dict[str, Any]:
        """A person moves an event to another calendar; it is cancelled in the first one."""
        target = self._calendar(destination)
        event = self._writer.move(self._calendar(calendar_id), event_id, target, {})
        return rendered(event, target, self._state.base)

    def burn_event(self, event_id: str, calendar_id: str = "primary") -> None:
        """Make the id vanish and stay burned: 404 when asked for, 409 when inserted. The event need not exist."""
        calendar = self._calendar(calendar_id)
        calendar.drop(event_id)
        calendar.burned.add(event_id)

    def reply(
        self, event_id: str, email: str, response: str, comment: str | None = None, calendar_id: str = "primary"
    ) -> None:
        """A guest answers an invitation: `accepted`, `declined`, `tentative` or `needsAction`, with a comment."""
        calendar = self._calendar(calendar_id)
        guests = self._guests(calendar, event_id)
        answering = [guest for guest in guests if guest["email"].lower() == email.lower()]
        if not answering or response not in RESPONSES:
            raise CannotDo(f"Nobody with the address {email} is a guest of {event_id}, or the response is not known.")
        answering[0] |= {"responseStatus": response, **({} if comment is None else {"comment": comment})}
        self._writer.patch(calendar, event_id, {"attendees": guests}, {}, by_organizer=True)

    def add_guest(
        self, event_id: str, email: str, name: str | None = None, calendar_id: str = "primary"
    ) -> dict[str, Any]:
        """A person invites one more guest (a room answers at once)."""
        calendar = self._calendar(calendar_id)
        guests = self._guests(calendar, event_id)
        guests.append({"email": email, **({} if name is None else {"displayName": name})})
        event = self._writer.patch(calendar, event_id, {"attendees": guests}, {}, by_organizer=True)
        return rendered(event, calendar, self._state.base)

    def remove_guest(self, event_id: str, email: str, calendar_id: str = "primary") -> dict[str, Any]:
        """A person takes a guest off the list."""
        calendar = self._calendar(calendar_id)
        left = [guest for guest in self._guests(calendar, event_id) if guest["email"].lower() != email.lower()]
        event = self._writer.patch(calendar, event_id, {"attendees": left}, {}, by_organizer=True)
        return rendered(event, calendar, self._state.base)

    def _guests(self, calendar: Calendar, event_id: str) -> list[dict[str, Any]]:
        return [dict(guest) for guest in self._found(calendar, event_id).fields.get("attendees", ())]

    def _found(self, calendar: Calendar, event_id: str) -> StoredEvent:
        try:
            event = occurrences.find(calendar, event_id)
        except ApiError:
            event = None
        if event is None:
            raise CannotDo(f"There is no event {event_id} in {calendar.calendar_id}.")
        return event
