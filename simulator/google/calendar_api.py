"""The methods about events from request to answer: what is asked, what comes back; rules are elsewhere."""

from __future__ import annotations

from typing import Any

from simulator.google import occurrences
from simulator.google.asked import WRITERS, Asked, Method, json_object, needs_writer
from simulator.google.calendars import StoredEvent
from simulator.google.errors import ApiError, ErrorItem, not_found, refused
from simulator.google.event_body import parse_body
from simulator.google.event_json import moment, rendered, sparse
from simulator.google.listing import DEFAULT_PAGE, HORIZON, LARGEST_PAGE, EventLister
from simulator.google.parameters import read_moment
from simulator.google.state import GoogleState
from simulator.google.wire import Reply
from simulator.google.writing import EventWriter


class CalendarApi:
    """One method of this class per method of the API."""

    def __init__(self, state: GoogleState) -> None:
        self._state = state
        self._writer = EventWriter(state, counted=True)
        self._lister = EventLister(state)

    def methods(self) -> dict[str, Method]:
        """What carries out each operation."""
        return {
            "insert": self._insert,
            "import": self._import,
            "update": self._update,
            "patch": self._patch,
            "delete": self._delete,
            "move": self._move,
            "get": self._get,
            "list": self._list,
            "instances": self._instances,
            "watch": self._watch,
            "channels.stop": self._stop_channel,
        }

    def _insert(self, asked: Asked) -> Reply:
        body = _body(asked)
        event = self._writer.insert(
            asked.chosen,
            body,
            asked.parameters,
            by=asked.account.email,
            collision_unseen=asked.call.collision_unseen,
        )
        return asked.reply(self._shown(event, asked))

    def _update(self, asked: Asked) -> Reply:
        body = _body(asked)
        event = self._writer.replace(asked.chosen, asked.event_id, body, asked.parameters, if_match=asked.if_match)
        return asked.reply(self._shown(event, asked))

    def _patch(self, asked: Asked) -> Reply:
        body = _body(asked)
        event = self._writer.patch(asked.chosen, asked.event_id, body, asked.parameters, if_match=asked.if_match)
        return asked.reply(self._shown(event, asked))

    def _delete(self, asked: Asked) -> Reply:
        self._writer.delete(asked.chosen, asked.event_id, asked.parameters, if_match=asked.if_match)
        return Reply(status=204)

    def _import(self, asked: Asked) -> Reply:
        body = parse_body(asked.call.body)
        event = self._writer.bring_in(asked.chosen, body, asked.parameters, by=asked.account.email)
        return asked.reply(self._shown(event, asked))

    def _move(self, asked: Asked) -> Reply:
        named = asked.parameters.get("destination")
        if not named:
            raise refused(400, "required", "Required", location=("parameter", "destination"))
        destination = self._state.seen_by(asked.account, named)
        if destination is None:
            raise not_found()
        if asked.account.access[destination.calendar_id] not in WRITERS:
            raise needs_writer()
        event = self._writer.move(asked.chosen, asked.event_id, destination, asked.parameters)
        most = asked.parameters.get("maxAttendees")
        return asked.reply(rendered(event, destination, self._state.base, max_attendees=most))

    def _watch(self, asked: Asked) -> Reply:
        """Refused for every address: the simulator, like Google, cannot verify one that is not on the internet."""
        channel = json_object(asked.call.body)
        for name in ("id", "type", "address"):
            if not isinstance(channel.get(name), str) or not channel[name]:
                raise refused(400, "required", f"entity.{name}")
        if channel["type"] not in ("web_hook", "webhook"):
            raise refused(400, "channelUnknownDeliveryType", "Unknown channel delivery type", domain="push")
        address = channel["address"]
        if not address.startswith("https://"):
            raise refused(400, "push.webhookUrlNotHttps", f"WebHook callback must be HTTPS: {address}")
        item = ErrorItem(
            reason="push.webhookUrlUnauthorized", message=f"Unauthorized WebHook callback channel: {address}"
        )
        raise ApiError(401, [item])

    def _stop_channel(self, asked: Asked) -> Reply:
        channel = json_object(asked.call.body)
        raise refused(404, "channelIdNotFound", f"Channel '{channel.get('id', '')}' not found for project")

    def _get(self, asked: Asked) -> Reply:
        event = occurrences.find(asked.chosen, asked.event_id)
        if event is None:
            raise not_found()
        return asked.reply(self._shown(event, asked))

    def _shown(self, event: StoredEvent, asked: Asked) -> dict[str, Any]:
        most = asked.parameters.get("maxAttendees")
        return rendered(event, asked.chosen, self._state.base, zone=asked.zone, max_attendees=most)

    def _list(self, asked: Asked) -> Reply:
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

    def _instances(self, asked: Asked) -> Reply:
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


def _body(asked: Asked) -> dict[str, Any]:
    """The event that was sent; a service account that acts for nobody cannot invite guests."""
    body = parse_body(asked.call.body)
    if asked.account.is_service and body.get("attendees"):
        raise refused(
            403,
            "forbiddenForServiceAccounts",
            "Service accounts cannot invite attendees without Domain-Wide Delegation of Authority.",
            domain="calendar",
        )
    return body


def _list_head(asked: Asked) -> dict[str, Any]:
    """What every list of events says besides its events."""
    calendar, zone = asked.chosen, asked.zone
    return {
        "kind": "calendar#events",
        "etag": f'"p{calendar.updated_us * 2}{calendar.edition:x}{asked.question:08x}"',
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
