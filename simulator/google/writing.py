"""Inserts, changes and deletions of events; what an event may say is in `event_rules`, how it looks in `event_json`."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from simulator.google import event_rules, occurrences
from simulator.google.calendars import Calendar, StoredEvent
from simulator.google.errors import ApiError, not_found, refused
from simulator.google.event_body import Noticed, shaped
from simulator.google.event_json import time_body
from simulator.google.event_rules import Draft
from simulator.google.mailing import guests_of, post
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
    """Carries out writes; each is there whole or, when it raises `ApiError`, not at all."""

    def __init__(self, state: GoogleState) -> None:
        self._state = state

    def insert(
        self, calendar: Calendar, document: Mapping[str, Any], parameters: Mapping[str, Any], *, by: str
    ) -> StoredEvent:
        """A new event, created by the account `by`."""
        noticed = self._noticing("insert")
        body = self._body(document, parameters, noticed)
        event_id, ical_uid = body.get("id"), body.get("iCalUID")
        event_rules.check_new_id(event_id, ical_uid)
        settled = event_rules.draft(body, calendar_zone=calendar.time_zone, noticed=noticed)
        taken = event_id is not None and (event_id in calendar.events or event_id in calendar.burned)
        if taken or (ical_uid is not None and calendar.known_uid(ical_uid)):
            raise refused(409, "duplicate", "The requested identifier already exists.")
        event_id = event_id or self._state.minter.event_id()
        event = StoredEvent(
            event_id=event_id,
            ical_uid=ical_uid or f"{event_id}@google.com",
            creator=by,
            start=settled.start,
            end=settled.end,
            fields=settled.fields,
            status=settled.status,
            sequence=max(0, body.get("sequence") or 0),
            serial=self._state.next_number(),
        )
        self._stamp(event, calendar)
        event.created_us = event.updated_us
        calendar.events[event_id] = event
        post(self._state, event, parameters, invited=guests_of(event, calendar))
        return event

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
        return self._change(calendar, event, body, parameters, noticed)

    def patch(
        self,
        calendar: Calendar,
        event_id: str,
        document: Mapping[str, Any],
        parameters: Mapping[str, Any],
        *,
        if_match: str | None = None,
    ) -> StoredEvent:
        """PATCH: objects are merged, lists and plain values replaced, `null` removes."""
        event = self._changeable(calendar, event_id, if_match)
        noticed = self._noticing("patch")
        body = self._body(document, parameters, noticed)
        return self._change(calendar, event, _merged(_as_sent(event), body), parameters, noticed)

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
            for other in list(calendar.events.values()):
                if other.master_id == event.event_id and other.status != "cancelled":
                    self._cancel(calendar, other)
        post(self._state, event, parameters, dropped=guests_of(event, calendar))
        return event

    def _cancel(self, calendar: Calendar, event: StoredEvent) -> None:
        event.status = "cancelled"
        event.sequence += 1
        self._stamp(event, calendar)
        calendar.events[event.event_id] = event

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
        if body.pop("conferenceData", None) is not None:
            if parameters.get("conferenceDataVersion") == 1:
                raise refused(400, "invalid", "Invalid conference type value.")
            noticed("conferenceData", "ignored without conferenceDataVersion=1")
        for name in _NOT_KEPT & body.keys():
            noticed(name, "not kept by the simulator")
        return body

    def _change(
        self,
        calendar: Calendar,
        event: StoredEvent,
        body: dict[str, Any],
        parameters: Mapping[str, Any],
        noticed: Noticed,
    ) -> StoredEvent:
        if event.master_id is not None:
            body.pop("recurrence", None)
        settled = event_rules.draft(body, calendar_zone=calendar.time_zone, noticed=noticed)
        sequence = body.get("sequence")
        if sequence is not None and sequence < event.sequence:
            raise refused(400, "invalid", _STALE_SEQUENCE)
        before, old_guests = replace(event), guests_of(event, calendar)
        _apply(event, settled)
        event.sequence = max(sequence or 0, before.sequence + (1 if _is_rescheduled(before, event) else 0))
        self._stamp(event, calendar, only_reminders=_differ_in_reminders_only(before, event))
        if self._state.settings.reset_exceptions and _falls_otherwise(before, event):
            occurrences.forget(calendar, event)
        calendar.events[event.event_id] = event
        self._tell(calendar, event, old_guests, parameters)
        return event

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
