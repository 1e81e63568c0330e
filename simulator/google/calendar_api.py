"""The Calendar methods from request to answer: who may, what is asked, what comes back; rules are elsewhere."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from simulator.google import field_mask, occurrences
from simulator.google.calendars import Calendar, StoredEvent
from simulator.google.errors import (
    ApiError,
    api_disabled,
    insufficient_scope,
    invalid_credentials,
    not_a_calendar_user,
    not_found,
    refused,
)
from simulator.google.event_body import parse_body
from simulator.google.event_json import moment, rendered, sparse
from simulator.google.identities import Account
from simulator.google.listing import DEFAULT_PAGE, HORIZON, LARGEST_PAGE, EventLister
from simulator.google.operations import OPERATIONS, OWNED_ONLY, Operation, read_moment
from simulator.google.state import GoogleState
from simulator.google.tokens import TokenEndpoint
from simulator.google.wire import Call, Logic, Reply, json_reply
from simulator.google.writing import EventWriter
from simulator.google.zones import is_zone

_ROLES = ("none", "freeBusyReader", "reader", "writerWithoutPrivateAccess", "writer", "owner")
_WEAK = re.compile(r"^W/")


class CalendarApi:
    """One method of this class per method of the API."""

    def __init__(self, state: GoogleState, tokens: TokenEndpoint) -> None:
        self._state = state
        self._tokens = tokens
        self._writer = EventWriter(state)
        self._lister = EventLister(state)

    def logics(self) -> Mapping[str, Logic]:
        """What carries out each operation."""
        methods: Mapping[str, Callable[[_Asked], Reply]] = {
            "insert": self._insert,
            "update": self._update,
            "patch": self._patch,
            "delete": self._delete,
            "get": self._get,
            "list": self._list,
            "instances": self._instances,
            "calendars.get": self._calendar,
            "calendarList.list": self._calendar_list,
            "calendarList.get": self._calendar_entry,
        }
        return {name: self._guarded(OPERATIONS[name], method) for name, method in methods.items()}

    def _guarded(self, operation: Operation, method: Callable[[_Asked], Reply]) -> Logic:
        def logic(call: Call) -> Reply:
            try:
                return method(self._asked(operation, call))
            except ApiError as error:
                return json_reply(error.body(), status=error.status, headers=error.headers)

        return logic

    def _asked(self, operation: Operation, call: Call) -> _Asked:
        """Who asks, whether they may, and for which calendar; in the order Google's doors stand."""
        access = self._tokens.bearer(call.bearer)
        if access is None:
            raise invalid_credentials()
        if not self._state.settings.api_enabled:
            raise api_disabled(self._state.settings.api_disabled_shape)
        opening = operation.scopes & set(access.scopes)
        if not opening:
            raise insufficient_scope(operation.rpc_name, sorted(operation.scopes))
        account = self._state.accounts[access.account]
        if not account.has_calendar:
            raise not_a_calendar_user()
        calendar = self._calendar_of(operation, account, call, opening)
        return _Asked(call, operation.settled(call.query), account, calendar)

    def _calendar_of(
        self, operation: Operation, account: Account, call: Call, opening: frozenset[str]
    ) -> Calendar | None:
        asked = call.place.get("calendar_id")
        if asked is None:
            return None
        calendar_id = account.email if asked == "primary" else asked
        role = account.access.get(calendar_id)
        calendar = self._state.calendars.get(calendar_id)
        if calendar is None or role in (None, "none"):
            raise not_found()
        if role != "owner" and opening <= OWNED_ONLY:
            raise insufficient_scope(operation.rpc_name, sorted(operation.scopes))
        if operation.writes and role not in ("writer", "writerWithoutPrivateAccess", "owner"):
            raise refused(
                403, "requiredAccessLevel", "You need to have writer access to this calendar.", domain="calendar"
            )
        return calendar

    def _insert(self, asked: _Asked) -> Reply:
        body = parse_body(asked.call.body)
        event = self._writer.insert(asked.chosen, body, asked.parameters, by=asked.account.email)
        return asked.reply(self._shown(event, asked))

    def _update(self, asked: _Asked) -> Reply:
        body = parse_body(asked.call.body)
        event = self._writer.replace(asked.chosen, asked.event_id, body, asked.parameters, if_match=asked.if_match)
        return asked.reply(self._shown(event, asked))

    def _patch(self, asked: _Asked) -> Reply:
        body = parse_body(asked.call.body)
        event = self._writer.patch(asked.chosen, asked.event_id, body, asked.parameters, if_match=asked.if_match)
        return asked.reply(self._shown(event, asked))

    def _delete(self, asked: _Asked) -> Reply:
        self._writer.delete(asked.chosen, asked.event_id, asked.parameters, if_match=asked.if_match)
        return Reply(status=204)

    def _get(self, asked: _Asked) -> Reply:
        event = occurrences.find(asked.chosen, asked.event_id)
        if event is None:
            raise not_found()
        known = asked.call.headers.get("if-none-match")
        if known is not None and event.etag in [_WEAK.sub("", tag.strip()) for tag in known.split(",")]:
            return Reply(status=304, headers={"ETag": event.etag})
        return asked.reply(self._shown(event, asked))

    def _shown(self, event: StoredEvent, asked: _Asked) -> dict[str, Any]:
        most = asked.parameters.get("maxAttendees")
        return rendered(event, asked.chosen, self._state.base, zone=asked.zone, max_attendees=most)

    def _list(self, asked: _Asked) -> Reply:
        calendar = asked.chosen
        page = self._lister.page(calendar, asked.parameters)
        items = [
            sparse(event, calendar)
            if event.status == "cancelled" and (page.sparse or event.master_id is not None)
            else self._shown(event, asked)
            for event in page.events
        ]
        document = _list_head(asked)
        if page.next_page_token is not None:
            document["nextPageToken"] = page.next_page_token
        if page.next_sync_token is not None:
            document["nextSyncToken"] = page.next_sync_token
        return asked.reply({**document, "items": items})

    def _instances(self, asked: _Asked) -> Reply:
        calendar, parameters = asked.chosen, asked.parameters
        master = calendar.events.get(asked.event_id)
        if master is None or master.master_id is not None:
            raise not_found()
        found = occurrences.instances(
            calendar,
            master,
            after=parameters.get("timeMin"),
            before=parameters.get("timeMax") or self._state.clock.now() + HORIZON,
            cancelled=parameters.get("showDeleted", False),
        )
        if "originalStart" in parameters:
            found = [event for event in found if _starts_originally(event, parameters["originalStart"])]
        given = parameters.get("pageToken", "0")
        first = int(given) if given.isdecimal() else 0
        last = first + min(parameters.get("maxResults", DEFAULT_PAGE), LARGEST_PAGE)
        document = _list_head(asked)
        if last < len(found):
            document["nextPageToken"] = str(last)
        return asked.reply({**document, "items": [self._shown(event, asked) for event in found[first:last]]})

    def _calendar(self, asked: _Asked) -> Reply:
        calendar = asked.chosen
        document: dict[str, Any] = {
            "kind": "calendar#calendar",
            "etag": _calendar_etag(calendar),
            "id": calendar.calendar_id,
            "summary": calendar.summary,
            "timeZone": calendar.time_zone,
            "conferenceProperties": {"allowedConferenceSolutionTypes": []},
        }
        return asked.reply(document if calendar.is_primary else {**document, "dataOwner": calendar.owner})

    def _calendar_list(self, asked: _Asked) -> Reply:
        least = _ROLES.index(asked.parameters.get("minAccessRole", "none"))
        seen = [
            self._state.calendars[calendar_id]
            for calendar_id, role in asked.account.access.items()
            if _ROLES.index(role) >= max(1, least)
        ]
        given = asked.parameters.get("pageToken", "0")
        first = int(given) if given.isdecimal() else 0
        last = first + min(asked.parameters.get("maxResults", 100), 250)
        document: dict[str, Any] = {"kind": "calendar#calendarList", "etag": f'"p{self._state.last_write_us}"'}
        if last < len(seen):
            document["nextPageToken"] = str(last)
        entries = [_list_entry(calendar, asked.account) for calendar in seen[first:last]]
        return asked.reply({**document, "items": entries})

    def _calendar_entry(self, asked: _Asked) -> Reply:
        return asked.reply(_list_entry(asked.chosen, asked.account))


class _Asked:
    """A request that passed the doors."""

    def __init__(self, call: Call, parameters: Mapping[str, Any], account: Account, calendar: Calendar | None) -> None:
        self.call = call
        self.parameters = parameters
        self.account = account
        self._calendar = calendar
        fields = call.first("fields")
        self._mask = field_mask.parse(fields) if fields else {}

    @property
    def chosen(self) -> Calendar:
        """The calendar in the path."""
        if self._calendar is None:
            raise not_found()
        return self._calendar

    @property
    def event_id(self) -> str:
        """The event in the path."""
        return self.call.place["event_id"]

    @property
    def if_match(self) -> str | None:
        """The etag the caller believes to be current."""
        return self.call.headers.get("if-match")

    @property
    def zone(self) -> ZoneInfo | None:
        """The zone the caller wants times in, None for the calendar's."""
        name = self.parameters.get("timeZone")
        if name is None:
            return None
        if not is_zone(name):
            raise refused(400, "invalid", f"Invalid value for: timeZone: {name}")
        return ZoneInfo(name)

    def reply(self, document: dict[str, Any]) -> Reply:
        """A 200 with `document`, or the parts of it that `fields` names."""
        headers = {"ETag": document["etag"], "Cache-Control": "no-cache, no-store, max-age=0, must-revalidate"}
        pretty = self.call.first("prettyPrint") == "true"
        return json_reply(field_mask.applied(document, self._mask), headers=headers, pretty=pretty)


def _list_head(asked: _Asked) -> dict[str, Any]:
    """What every list of events says besides its events."""
    calendar, zone = asked.chosen, asked.zone
    return {
        "kind": "calendar#events",
        "etag": f'"p{calendar.updated_us * 2}"',
        "summary": calendar.summary,
        "updated": moment(calendar.updated_us),
        "timeZone": calendar.time_zone if zone is None else zone.key,
        "accessRole": asked.account.access[calendar.calendar_id],
        "defaultReminders": list(calendar.default_reminders),
    }


def _starts_originally(event: StoredEvent, wanted: str) -> bool:
    """Whether this is the occurrence that `originalStart` names: a day, or a time with its offset."""
    if event.original is None:
        return False
    if event.original.instant is None:
        return wanted == str(event.original.day)
    return event.original.instant == read_moment(wanted)


def _calendar_etag(calendar: Calendar) -> str:
    return f'"{calendar.calendar_id.encode().hex()[:24]}"'


def _list_entry(calendar: Calendar, account: Account) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "kind": "calendar#calendarListEntry",
        "etag": _calendar_etag(calendar),
        "id": calendar.calendar_id,
        "summary": calendar.summary,
        "timeZone": calendar.time_zone,
        "colorId": "14",
        "backgroundColor": "#9fe1e7",
        "foregroundColor": "#000000",
        "selected": True,
        "accessRole": account.access[calendar.calendar_id],
        "defaultReminders": list(calendar.default_reminders),
        "conferenceProperties": {"allowedConferenceSolutionTypes": []},
    }
    if calendar.calendar_id == account.email:
        return {**entry, "primary": True}
    return {**entry, "dataOwner": calendar.owner}
