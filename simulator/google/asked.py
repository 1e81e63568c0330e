"""The doors in front of every Calendar method: who asks, whether they may, and for which calendar; nothing is done."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any
from zlib import crc32
from zoneinfo import ZoneInfo

from simulator.google import conference, field_mask
from simulator.google.calendars import Calendar
from simulator.google.errors import (
    PROJECT_NUMBER,
    ApiError,
    api_disabled,
    insufficient_scope,
    invalid_credentials,
    not_a_calendar_user,
    not_found,
    refused,
)
from simulator.google.event_body import parse_error
from simulator.google.identities import Account
from simulator.google.operations import OPERATIONS, OWN_APP_ONLY, OWNED_ONLY, Operation
from simulator.google.quotas import QuotaScope
from simulator.google.state import GoogleState
from simulator.google.tokens import TokenEndpoint
from simulator.google.wire import Call, Logic, Reply, json_reply
from simulator.google.zones import is_zone

WRITERS = ("writer", "writerWithoutPrivateAccess", "owner")
"""Roles that may write events."""


class Asked:
    """A request that passed the doors."""

    def __init__(
        self,
        call: Call,
        parameters: Mapping[str, Any],
        account: Account,
        calendar: Calendar | None,
        opening: frozenset[str],
    ) -> None:
        self.call = call
        self.parameters = parameters
        self.account = account
        self.opening = opening
        """The scopes of the token that open this method."""
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
    def question(self) -> int:
        """A number for what was asked, so that the answers to two questions have two etags."""
        return crc32(repr(sorted(self.call.query.items())).encode())

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
        known = self.call.headers.get("if-none-match")
        if self.call.method == "GET" and known is not None:
            tags = [tag.strip().removeprefix("W/") for tag in known.split(",")]
            if document["etag"] in tags or "*" in tags:
                return Reply(status=304, headers={"ETag": document["etag"]})
        headers = {"ETag": document["etag"], "Cache-Control": "no-cache, no-store, max-age=0, must-revalidate"}
        pretty = self.call.first("prettyPrint") == "true"
        return json_reply(self.masked(document), headers=headers, pretty=pretty)

    def masked(self, document: dict[str, Any]) -> Any:
        """The parts of an answer that `fields` names, all of it without."""
        return field_mask.applied(document, self._mask)


Method = Callable[[Asked], Reply]


class Doors:
    """Lets requests through to methods, in the order Google's doors stand."""

    def __init__(self, state: GoogleState, tokens: TokenEndpoint) -> None:
        self._state = state
        self._tokens = tokens

    def logics(self, methods: Mapping[str, Method]) -> Mapping[str, Logic]:
        """What carries out each operation."""
        return {name: self._guarded(OPERATIONS[name], method) for name, method in methods.items()}

    def _guarded(self, operation: Operation, method: Method) -> Logic:
        def logic(call: Call) -> Reply:
            conference.settle(self._state)
            try:
                return method(self._asked(operation, call))
            except ApiError as error:
                return json_reply(error.body(), status=error.status, headers=error.headers)

        return logic

    def _asked(self, operation: Operation, call: Call) -> Asked:
        access = self._tokens.bearer(call.bearer)
        if access is None:
            raise invalid_credentials()
        if not self._state.settings.api_enabled:
            raise api_disabled(self._state.settings.api_disabled_shape)
        charged = call.quota_user or access.charged_to or access.account
        self._charge(("project", PROJECT_NUMBER, operation.units), ("account", charged, operation.units))
        opening = operation.scopes & set(access.scopes)
        if not opening:
            raise insufficient_scope(operation.full_name, sorted(operation.scopes))
        account = self._state.accounts[access.account]
        if not account.has_calendar:
            raise not_a_calendar_user()
        calendar = self._calendar_of(operation, account, call, opening)
        parameters = operation.settled(call.query)
        if operation.writes and calendar is not None:
            self._charge(("calendar", calendar.calendar_id, 1))
        return Asked(call, parameters, account, calendar, opening)

    def _charge(self, *wanted: tuple[QuotaScope, str, int]) -> None:
        self._state.quotas.charge(wanted, self._state.clock.now_s())

    def _calendar_of(
        self, operation: Operation, account: Account, call: Call, opening: frozenset[str]
    ) -> Calendar | None:
        asked = call.place.get("calendar_id")
        if asked is None:
            return None
        calendar = self._state.seen_by(account, asked)
        if calendar is None:
            raise not_found()
        role = account.access[calendar.calendar_id]
        if (role != "owner" and opening <= OWNED_ONLY) or (opening <= OWN_APP_ONLY and not calendar.made_by_project):
            raise insufficient_scope(operation.full_name, sorted(operation.scopes))
        if operation.writes and role not in WRITERS:
            raise needs_writer()
        if operation.owns and role != "owner":
            raise refused(403, "forbidden", "Forbidden")
        return calendar


def needs_writer() -> ApiError:
    """The 403 of a calendar one may only read."""
    return refused(403, "requiredAccessLevel", "You need to have writer access to this calendar.", domain="calendar")


def json_object(raw: bytes) -> dict[str, Any]:
    """The JSON object of a request that may come without one."""
    try:
        document = json.loads(raw or b"{}")
    except (ValueError, RecursionError):
        raise parse_error() from None
    if not isinstance(document, dict):
        raise parse_error()
    return document
