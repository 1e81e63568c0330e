"""The methods about calendars and the calendar list from request to answer; events are in `calendar_api`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simulator.google.asked import Asked, Method, json_object
from simulator.google.calendar_json import calendar_body, list_entry
from simulator.google.calendars import Calendar
from simulator.google.errors import not_found, refused
from simulator.google.identities import ROLES, Account
from simulator.google.listing import full_sync_required
from simulator.google.sealing import opened, sealed
from simulator.google.state import GoogleState
from simulator.google.wire import Reply
from simulator.google.writing import EventWriter
from simulator.google.zones import is_zone

_TEXTS = ("summary", "description", "location", "timeZone")
_ENTRY_FIELDS: Mapping[str, type] = {
    "summaryOverride": str,
    "colorId": str,
    "backgroundColor": str,
    "foregroundColor": str,
    "hidden": bool,
    "selected": bool,
    "defaultReminders": list,
    "notificationSettings": dict,
}
_DEFAULT_PAGE = 100
_LARGEST_PAGE = 250


class CalendarsApi:
    """One method of this class per method of the API."""

    def __init__(self, state: GoogleState) -> None:
        self._state = state
        self._writer = EventWriter(state)

    def methods(self) -> dict[str, Method]:
        """What carries out each operation."""
        return {
            "calendars.get": self._get,
            "calendars.insert": self._insert,
            "calendars.update": self._update,
            "calendars.patch": self._patch,
            "calendars.delete": self._delete,
            "calendars.clear": self._clear,
            "calendarList.list": self._list,
            "calendarList.get": self._entry,
            "calendarList.insert": self._subscribe,
            "calendarList.update": self._replace_entry,
            "calendarList.patch": self._patch_entry,
            "calendarList.delete": self._unsubscribe,
        }

    def _get(self, asked: Asked) -> Reply:
        return asked.reply(calendar_body(asked.chosen))

    def _insert(self, asked: Asked) -> Reply:
        given = _checked(json_object(asked.call.body))
        if not given.get("summary"):
            raise refused(400, "required", "Missing title.")
        owner = asked.account
        self._state.quotas.charge([("calendars", owner.email, 1)], self._state.clock.now_s())
        calendar = Calendar(
            calendar_id=self._state.minter.calendar_id(),
            summary=given["summary"],
            owner=owner.email,
            description=given.get("description") or "",
            location=given.get("location") or "",
            time_zone=given.get("timeZone") or self._state.calendars[owner.email].time_zone,
            made_by_project=True,
        )
        self._state.calendars[calendar.calendar_id] = calendar
        self._state.share(owner, calendar.calendar_id, "owner")
        return asked.reply(calendar_body(calendar))

    def _update(self, asked: Asked) -> Reply:
        given = _checked(json_object(asked.call.body))
        if not given.get("summary"):
            raise refused(400, "required", "Missing title.")
        return self._changed(asked, {"description": "", "location": "", **given})

    def _patch(self, asked: Asked) -> Reply:
        return self._changed(asked, _checked(json_object(asked.call.body)))

    def _changed(self, asked: Asked, given: Mapping[str, Any]) -> Reply:
        calendar = asked.chosen
        for name, attribute in (("summary", "summary"), ("description", "description"), ("location", "location")):
            if name in given:
                setattr(calendar, attribute, given[name] or "")
        if given.get("timeZone"):
            calendar.time_zone = given["timeZone"]
        self._state.tell_lists(calendar)
        return asked.reply(calendar_body(calendar))

    def _delete(self, asked: Asked) -> Reply:
        if asked.chosen.is_primary:
            raise refused(400, "cannotDeletePrimaryCalendar", "Cannot delete primary calendar.", domain="calendar")
        self._state.remove_calendar(asked.chosen)
        return Reply(status=204)

    def _clear(self, asked: Asked) -> Reply:
        if not asked.chosen.is_primary:
            raise refused(400, "invalid", "Only the primary calendar can be cleared.")
        for event in list(asked.chosen.events.values()):
            if event.status != "cancelled" and event.master_id is None:
                self._writer.delete(asked.chosen, event.event_id, {})
        return Reply(status=204)

    def _list(self, asked: Asked) -> Reply:
        parameters, account = asked.parameters, asked.account
        least = ROLES.index(parameters.get("minAccessRole", "none"))
        since = self._since(parameters.get("syncToken"), account)
        if since is not None and "minAccessRole" in parameters:
            raise refused(400, "invalid", "Sync token cannot be used with minAccessRole.")
        entries = self._gone(account, since) + [
            list_entry(self._state.calendars[calendar_id], account)
            for calendar_id, role in account.access.items()
            if ROLES.index(role) >= max(1, least)
            and calendar_id not in account.unlisted
            and (since is None or account.listed_at.get(calendar_id, 0) > since)
        ]
        if since is None and not parameters.get("showHidden"):
            entries = [entry for entry in entries if not entry.get("hidden")]
        given = parameters.get("pageToken", "0")
        first = int(given) if given.isdecimal() else 0
        last = first + min(parameters.get("maxResults", _DEFAULT_PAGE), _LARGEST_PAGE)
        document: dict[str, Any] = {
            "kind": "calendar#calendarList",
            "etag": f'"p{self._state.counter}{asked.question:08x}"',
        }
        if last < len(entries):
            document["nextPageToken"] = str(last)
        else:
            document["nextSyncToken"] = self._token(account)
        return asked.reply({**document, "items": entries[first:last]})

    def _token(self, account: Account) -> str:
        return sealed({"lists": self._state.counter, "epoch": self._state.sync_epoch, "account": account.email})

    def _since(self, token: str | None, account: Account) -> int | None:
        if token is None:
            return None
        content = opened(token)
        if content is None or "lists" not in content:
            raise refused(400, "invalid", "Invalid sync token value.", location=("parameter", "syncToken"))
        if content["epoch"] != self._state.sync_epoch or content["account"] != account.email:
            raise full_sync_required()
        since: int = content["lists"]
        return since

    def _gone(self, account: Account, since: int | None) -> list[dict[str, Any]]:
        """Entries that left the list since then, as incremental lists tell them."""
        if since is None:
            return []
        return [
            self._deleted(account, calendar_id, at)
            for calendar_id, at in account.listed_at.items()
            if at > since and (calendar_id not in account.access or calendar_id in account.unlisted)
        ]

    def _deleted(self, account: Account, calendar_id: str, at: int) -> dict[str, Any]:
        """An entry that was taken out is told whole; of a calendar that is out of reach only the id is left."""
        calendar = self._state.seen_by(account, calendar_id)
        if calendar is not None:
            return {**list_entry(calendar, account), "deleted": True}
        return {"kind": "calendar#calendarListEntry", "etag": f'"{at}"', "id": calendar_id, "deleted": True}

    def _entry(self, asked: Asked) -> Reply:
        return asked.reply(list_entry(self._listed(asked), asked.account))

    def _listed(self, asked: Asked) -> Calendar:
        if asked.chosen.calendar_id in asked.account.unlisted:
            raise not_found()
        return asked.chosen

    def _subscribe(self, asked: Asked) -> Reply:
        given = json_object(asked.call.body)
        calendar_id = given.get("id")
        if not isinstance(calendar_id, str):
            raise refused(400, "required", "Missing calendar id.")
        calendar = self._state.seen_by(asked.account, calendar_id)
        if calendar is None:
            raise not_found()
        asked.account.unlisted.discard(calendar.calendar_id)
        return self._entry_changed(asked, calendar, given)

    def _replace_entry(self, asked: Asked) -> Reply:
        calendar = self._listed(asked)
        asked.account.entries.pop(calendar.calendar_id, None)
        return self._entry_changed(asked, calendar, json_object(asked.call.body))

    def _patch_entry(self, asked: Asked) -> Reply:
        return self._entry_changed(asked, self._listed(asked), json_object(asked.call.body))

    def _entry_changed(self, asked: Asked, calendar: Calendar, given: Mapping[str, Any]) -> Reply:
        kept = {name: value for name, value in given.items() if name in _ENTRY_FIELDS}
        for name, value in kept.items():
            if value is not None and not isinstance(value, _ENTRY_FIELDS[name]):
                raise refused(400, "invalid", f"Invalid value for: {name}")
        entry = asked.account.entries.setdefault(calendar.calendar_id, {})
        entry.update(kept)
        for name in [name for name, value in entry.items() if value is None]:
            del entry[name]
        asked.account.listed_at[calendar.calendar_id] = self._state.next_number()
        return asked.reply(list_entry(calendar, asked.account))

    def _unsubscribe(self, asked: Asked) -> Reply:
        calendar = self._listed(asked)
        if calendar.calendar_id == asked.account.email:
            raise refused(400, "cannotUnsubscribeFromPrimary", "Cannot remove the primary calendar from the list.")
        asked.account.unlisted.add(calendar.calendar_id)
        asked.account.listed_at[calendar.calendar_id] = self._state.next_number()
        return Reply(status=204)


def _checked(given: Mapping[str, Any]) -> dict[str, Any]:
    """The writable parts of a calendar; raises Google's 400 for one of another type or an unknown zone."""
    kept = {name: given[name] for name in _TEXTS if name in given}
    for name, value in kept.items():
        if value is not None and not isinstance(value, str):
            raise refused(400, "invalid", f"Invalid value for: {name}")
    zone = kept.get("timeZone")
    if zone is not None and not is_zone(zone):
        raise refused(400, "invalid", "Invalid time zone")
    return kept
