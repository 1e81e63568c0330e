"""Inserts, changes and deletions of events; what an event may say is in `event_rules`, how it looks in `event_json`."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from simulator.google import conference, event_rules, occurrences, rooms
from simulator.google.calendars import Calendar, StoredEvent
from simulator.google.errors import ApiError, not_found, refused
from simulator.google.event_body import Noticed, shaped
from simulator.google.event_json import time_body
from simulator.google.event_rules import Draft
from simulator.google.guest_rights import check_own_parts, foreign_organizer
from simulator.google.mailing import guests_of, guests_outside, post
from simulator.google.quotas import QuotaScope
from simulator.google.state import GoogleState, Note

_UTC = ZoneInfo("UTC")
_STALE_SEQUENCE = (
    "Invalid sequence value. The specified sequence number is below the current sequence number of the resource. "
    "Re-fetch the resource and use its sequence number on the following request."
)
# Known to Google, but not kept by this simulator.
_NOT_KEPT = frozenset(
    {
        "attachments",
        "birthdayProperties",
        "eventLabelId",
        "focusTimeProperties",
        "gadget",
        "outOfOfficeProperties",
        "workingLocationProperties",
    }
)


class EventWriter:
    """Carries out writes; each is there whole or, when it raises `ApiError`, not at all.

    `counted` writes use up the quotas of new events and invited guests: those of an application do.
    """

    def __init__(self, state: GoogleState, *, counted: bool = False) -> None:
        self._state = state
        self._counted = counted

    def insert(
        self,
        calendar: Calendar,
        document: Mapping[str, Any],
        parameters: Mapping[str, Any],
        *,
        by: str,
        collision_unseen: bool = False,
    ) -> StoredEvent:
        """A new event, created by the account `by`.

        With `collision_unseen` an id that is taken is not noticed: what is there is overwritten ("we cannot guarantee
        that ID collisions will be detected at event creation time", Calendar API reference).
        """
        noticed = self._noticing("insert")
        body = self._body(document, parameters, noticed)
        event_id, ical_uid = body.get("id"), body.get("iCalUID")
        event_rules.check_new_id(event_id, ical_uid)
        settled = self._settled(calendar, None, body, body, parameters, noticed, whole=True)
        taken = event_id is not None and (event_id in calendar.events or event_id in calendar.burned)
        if (taken and not collision_unseen) or (ical_uid is not None and calendar.known_uid(ical_uid)):
            raise refused(409, "duplicate", "The requested identifier already exists.")
        self._charge(calendar, settled.fields, set(), events=1)
        event = self._new(settled, body, by=by, event_id=event_id or self._state.minter.event_id())
        self._keep_new(event, calendar)
        post(self._state, event, parameters, invited=guests_of(event, calendar))
        return event

    def bring_in(
        self, calendar: Calendar, document: Mapping[str, Any], parameters: Mapping[str, Any], *, by: str
    ) -> StoredEvent:
        """Import: a private copy of somebody's event; one with the same iCalendar UID is brought up to date."""
        noticed = self._noticing("import")
        body = self._body(document, parameters, noticed)
        ical_uid = body.get("iCalUID")
        if not ical_uid:
            raise refused(400, "required", "Missing iCal UID.")
        known = [event for event in calendar.with_uid(ical_uid) if event.master_id is None]
        if known:
            settled = self._settled(calendar, known[0], body, body, parameters, noticed, whole=False)
            return self._change(calendar, known[0], settled, body, {}, by_organizer=True)
        settled = self._settled(calendar, None, body, body, parameters, noticed, whole=True)
        event = self._new(settled, body, by=by, event_id=self._state.minter.event_id())
        event.organizer = foreign_organizer(body, calendar)
        self._keep_new(event, calendar)
        return event

    def move(
        self, calendar: Calendar, event_id: str, destination: Calendar, parameters: Mapping[str, Any]
    ) -> StoredEvent:
        """The event, with its changed occurrences, is in another calendar; here it stays behind as cancelled."""
        event = calendar.events.get(event_id)
        if event is None or event.status == "cancelled":
            raise not_found()
        if event.master_id is not None or destination is calendar:
            raise refused(400, "invalid", "Invalid Value", location=("parameter", "destination"))
        there = destination.events.get(event_id)
        if event_id in destination.burned or (there is not None and there.status != "cancelled"):
            raise refused(409, "duplicate", "The requested identifier already exists.")
        for one in (event, *calendar.changed_of(event_id)):
            moved = replace(one, fields=deepcopy(one.fields), organizer=None)
            self._stamp(moved, destination)
            destination.put(moved)
            if one.status != "cancelled":
                self._cancel(calendar, one)
        moved = destination.events[event_id]
        post(self._state, moved, parameters, updated=guests_of(moved, destination))
        return moved

    def _new(self, settled: Draft, body: Mapping[str, Any], *, by: str, event_id: str) -> StoredEvent:
        return StoredEvent(
            event_id=event_id,
            ical_uid=body.get("iCalUID") or f"{event_id}@google.com",
            creator=by,
            start=settled.start,
            end=settled.end,
            fields=settled.fields,
            status=settled.status,
            sequence=max(0, body.get("sequence") or 0),
            serial=self._state.next_number(),
        )

    def _keep_new(self, event: StoredEvent, calendar: Calendar) -> None:
        self._stamp(event, calendar)
        event.created_us = event.updated_us
        rooms.answer(self._state, calendar, event)
        conference.begin(self._state, calendar, event)
        calendar.put(event)

    def replace(
        self,
        calendar: Calendar,
        event_id: str,
        document: Mapping[str, Any],
        parameters: Mapping[str, Any],
        *,
        if_match: str | None = None,
    ) -> StoredEvent:
        """PUT: the event says what `document` says and nothing else."""
        event = self._changeable(calendar, event_id, if_match)
        noticed = self._noticing("update")
        body = self._body(document, parameters, noticed)
        body.setdefault("status", "cancelled" if event.status == "cancelled" else "confirmed")
        settled = self._settled(calendar, event, body, body, parameters, noticed, whole=True)
        return self._change(calendar, event, settled, body, parameters)

    def patch(
        self,
        calendar: Calendar,
        event_id: str,
        document: Mapping[str, Any],
        parameters: Mapping[str, Any],
        *,
        if_match: str | None = None,
        by_organizer: bool = False,
    ) -> StoredEvent:
        """PATCH: objects are merged, lists and plain values replaced, `null` removes.

        With `by_organizer` the change comes from the event's organizer, whoever that is.
        """
        event = self._changeable(calendar, event_id, if_match)
        noticed = self._noticing("patch")
        body = self._body(document, parameters, noticed)
        merged = _merged(_as_sent(event), body)
        settled = self._settled(calendar, event, merged, body, parameters, noticed, whole=False)
        return self._change(calendar, event, settled, merged, parameters, by_organizer=by_organizer)

    def delete(
        self, calendar: Calendar, event_id: str, parameters: Mapping[str, Any], *, if_match: str | None = None
    ) -> StoredEvent:
        """The event stays behind as a cancelled one; its changed occurrences go with it."""
        event = occurrences.find(calendar, event_id)
        if event is None:
            raise not_found()
        if event.status == "cancelled":
            raise refused(410, "deleted", "Resource has been deleted")
        _check_match(event, if_match)
        self._cancel(calendar, event)
        if event.recurrence:
            for other in calendar.changed_of(event.event_id):
                if other.status != "cancelled":
                    self._cancel(calendar, other)
        post(self._state, event, parameters, dropped=guests_of(event, calendar))
        return event

    def restore(self, calendar: Calendar, event: StoredEvent) -> StoredEvent:
        """A deleted event is live again, and so are the occurrences that were cancelled with it."""
        gone_us = event.updated_us
        for one in (event, *(calendar.changed_of(event.event_id) if event.recurrence else ())):
            if one is event or (one.status == "cancelled" and one.updated_us >= gone_us):
                one.status = "confirmed"
                one.sequence += 1
                self._stamp(one, calendar)
                rooms.answer(self._state, calendar, one)
                calendar.put(one)
        return event

    def _cancel(self, calendar: Calendar, event: StoredEvent) -> None:
        event.status = "cancelled"
        event.sequence += 1
        self._stamp(event, calendar)
        rooms.answer(self._state, calendar, event)
        calendar.put(event)

    def _changeable(self, calendar: Calendar, event_id: str, if_match: str | None) -> StoredEvent:
        event = occurrences.find(calendar, event_id)
        if event is None:
            raise not_found()
        _check_match(event, if_match)
        is_deleted = event.status == "cancelled" and event.master_id is None
        if is_deleted and not self._state.settings.restore_cancelled:
            raise refused(403, "forbidden", "Forbidden")
        return event

    def _body(self, document: Mapping[str, Any], parameters: Mapping[str, Any], noticed: Noticed) -> dict[str, Any]:
        body = shaped(document, noticed)
        if body.get("conferenceData") is not None and not parameters.get("conferenceDataVersion"):
            noticed("conferenceData", "ignored without conferenceDataVersion=1")
        for name in _NOT_KEPT & body.keys():
            noticed(name, "not kept by the simulator")
        return body

    def _settled(
        self,
        calendar: Calendar,
        event: StoredEvent | None,
        body: dict[str, Any],
        sent: Mapping[str, Any],
        parameters: Mapping[str, Any],
        noticed: Noticed,
        *,
        whole: bool,
    ) -> Draft:
        """What an event will say: `body` is the event as it shall be, `sent` what the caller sent of it."""
        if event is not None and event.master_id is not None:
            body.pop("recurrence", None)
        settled = event_rules.draft(body, calendar_zone=calendar.time_zone, noticed=noticed)
        data = conference.wanted(
            calendar,
            None if event is None else event.fields.get("conferenceData"),
            sent,
            version=parameters.get("conferenceDataVersion", 0),
            whole=whole,
        )
        return settled if data is None else replace(settled, fields={**settled.fields, "conferenceData": data})

    def _change(
        self,
        calendar: Calendar,
        event: StoredEvent,
        settled: Draft,
        body: Mapping[str, Any],
        parameters: Mapping[str, Any],
        *,
        by_organizer: bool = False,
    ) -> StoredEvent:
        sequence = body.get("sequence")
        if sequence is not None and sequence < event.sequence:
            raise refused(400, "invalid", _STALE_SEQUENCE)
        if event.organizer is not None and not by_organizer:
            check_own_parts(event, settled, calendar)
        before, old_guests = replace(event), guests_of(event, calendar)
        self._charge(calendar, settled.fields, old_guests)
        _apply(event, settled)
        conference.begin(self._state, calendar, event)
        event.sequence = max(sequence or 0, before.sequence + (1 if _is_rescheduled(before, event) else 0))
        self._stamp(event, calendar, only_reminders=_differ_in_reminders_only(before, event))
        if self._state.settings.reset_exceptions and _falls_otherwise(before, event):
            occurrences.forget(calendar, event)
        rooms.answer(self._state, calendar, event, before=before)
        calendar.put(event)
        self._tell(calendar, event, old_guests, parameters)
        return event

    def _charge(self, calendar: Calendar, fields: Mapping[str, Any], old_guests: set[str], *, events: int = 0) -> None:
        """Count a new event and the guests from outside that are invited; they count whether mails are sent or not."""
        if not self._counted:
            return
        outside = guests_outside(fields, self._state.accounts.get(calendar.owner)) - old_guests
        wanted: list[tuple[QuotaScope, str, int]] = [
            ("events", calendar.owner, events),
            ("guests", calendar.owner, len(outside)),
        ]
        self._state.quotas.charge(wanted, self._state.clock.now_s())

    def _tell(
        self, calendar: Calendar, event: StoredEvent, old_guests: set[str], parameters: Mapping[str, Any]
    ) -> None:
        guests = guests_of(event, calendar) if event.status != "cancelled" else set()
        post(
            self._state,
            event,
            parameters,
            invited=guests - old_guests,
            updated=guests & old_guests,
            dropped=old_guests - guests,
        )

    def _stamp(self, event: StoredEvent, calendar: Calendar, *, only_reminders: bool = False) -> None:
        now_us = self._state.write_time_us()
        event.etag_us = now_us
        event.version = self._state.next_number()
        if not only_reminders:
            event.updated_us = now_us
        calendar.updated_us = now_us

    def _noticing(self, operation: str) -> Noticed:
        def noticed(field: str, problem: str) -> None:
            self._state.unknown_fields.append(Note(operation=operation, field=field, problem=problem))

        return noticed


def _check_match(event: StoredEvent, if_match: str | None) -> None:
    if if_match is None or if_match.strip() == "*":
        return
    if event.etag not in [etag.strip() for etag in if_match.split(",")]:
        raise precondition_failed()


def precondition_failed() -> ApiError:
    """The 412 of a stale etag."""
    return refused(412, "conditionNotMet", "Precondition Failed", location=("header", "If-Match"))


def _apply(event: StoredEvent, settled: Draft) -> None:
    event.start, event.end = settled.start, settled.end
    event.fields, event.status = settled.fields, settled.status


def _is_rescheduled(before: StoredEvent, event: StoredEvent) -> bool:
    return (before.start, before.end, before.status, before.recurrence, before.fields.get("location")) != (
        event.start,
        event.end,
        event.status,
        event.recurrence,
        event.fields.get("location"),
    )


def _falls_otherwise(before: StoredEvent, event: StoredEvent) -> bool:
    return (before.start, before.end, before.recurrence) != (event.start, event.end, event.recurrence)


def _differ_in_reminders_only(before: StoredEvent, event: StoredEvent) -> bool:
    """Google leaves `updated` alone when only the reminders changed (Calendar API reference, Events resource)."""
    others = [{name: value for name, value in one.fields.items() if name != "reminders"} for one in (before, event)]
    same = others[0] == others[1] and not _is_rescheduled(before, event)
    return same and before.fields.get("reminders") != event.fields.get("reminders")


def _as_sent(event: StoredEvent) -> dict[str, Any]:
    """The event as a client could have sent it, to lay a patch over."""
    return {
        **deepcopy(event.fields),
        "start": time_body(event.start, _UTC),
        "end": time_body(event.end, _UTC),
        "status": event.status,
    }


def _merged(current: dict[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(current)
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        elif name in ("start", "end"):
            merged[name] = {**merged.get(name, {}), **value}
        elif name == "extendedProperties":
            merged[name] = _merged_properties(merged.get(name) or {}, value)
        else:
            merged[name] = value
    return merged


def _merged_properties(current: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(current)
    for kind, properties in patch.items():
        merged[kind] = {} if properties is None else {**(merged.get(kind) or {}), **properties}
    return merged
