"""Conferences of events: asked for with a write, pending for a while, then there or failed; other fields: `writing`."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simulator.google.calendars import MEET, Calendar, StoredEvent
from simulator.google.errors import ApiError, refused

if TYPE_CHECKING:
    from simulator.google.state import GoogleState

_NAMES = {"hangoutsMeet": "Google Meet", "eventHangout": "Hangouts", "eventNamedHangout": "Hangouts"}
_MEET_ICON = (
    "https://fonts.gstatic.com/s/i/productlogos/meet_2020q4/v6/web-512dp/logo_meet_2020q4_color_2x_web_512dp.png"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingConference:
    """A conference that is being made until `due_s` of the simulated clock."""

    due_s: float
    calendar_id: str
    event_id: str
    request_id: str


def wanted(
    calendar: Calendar, existing: Mapping[str, Any] | None, body: Mapping[str, Any], *, version: int, whole: bool
) -> dict[str, Any] | None:
    """The conference data of an event after a write of `body`; raises Google's refusal.

    With version 0 what there is stays. With version 1 a `whole` event (PUT) without conference data loses it, `null`
    removes it, a request with the id of the last one is ignored, any other makes a new conference.
    """
    kept = None if existing is None else deepcopy(dict(existing))
    if version == 0 or ("conferenceData" not in body and not whole):
        return kept
    given = body.get("conferenceData")
    if given is None:
        return None
    if not isinstance(given, dict):
        raise refused(400, "invalid", "Invalid value for: conferenceData")
    request = given.get("createRequest")
    if request is None:
        return _copied(calendar, kept, given)
    request_id = request.get("requestId") if isinstance(request, dict) else None
    if not isinstance(request_id, str) or not request_id:
        raise refused(400, "required", "Missing conference request id.")
    if kept is not None and (kept.get("createRequest") or {}).get("requestId") == request_id:
        return kept
    kind = (request.get("conferenceSolutionKey") or {}).get("type", MEET[0])
    if kind not in calendar.conference_types:
        raise invalid_type()
    return _requested(request_id, kind, "pending")


def invalid_type() -> ApiError:
    """What Google says where a conference of the asked type cannot be made."""
    return refused(400, "invalid", "Invalid conference type value.")


def _copied(calendar: Calendar, kept: dict[str, Any] | None, given: dict[str, Any]) -> dict[str, Any]:
    """Conference data without a request: what is there sent back, or that of another event."""
    if kept is not None and given.get("conferenceId") == kept.get("conferenceId"):
        return kept
    kind = ((given.get("conferenceSolution") or {}).get("key") or {}).get("type")
    if kind not in calendar.conference_types:
        raise invalid_type()
    return deepcopy(given)


def _requested(request_id: str, kind: str, status: str) -> dict[str, Any]:
    key = {"type": kind}
    return {"createRequest": {"requestId": request_id, "conferenceSolutionKey": key, "status": {"statusCode": status}}}


def begin(state: GoogleState, calendar: Calendar, event: StoredEvent) -> None:
    """Start making the conference that a write asked for; without a delay it is there at once."""
    request = (event.fields.get("conferenceData") or {}).get("createRequest")
    if request is None or request["status"]["statusCode"] != "pending" or calendar.conference_outcome == "pending":
        return
    if calendar.conference_delay_s <= 0:
        _finish(state, calendar, event)
        return
    state.pending_conferences.append(
        PendingConference(
            due_s=state.clock.now_s() + calendar.conference_delay_s,
            calendar_id=calendar.calendar_id,
            event_id=event.event_id,
            request_id=request["requestId"],
        )
    )


def settle(state: GoogleState) -> None:
    """Finish every conference that is due; its event changes by that, so that lists of changes tell it."""
    if not state.pending_conferences:
        return
    now_s = state.clock.now_s()
    due = [one for one in state.pending_conferences if one.due_s <= now_s]
    if not due:
        return
    state.pending_conferences = [one for one in state.pending_conferences if one.due_s > now_s]
    for one in due:
        calendar = state.calendars.get(one.calendar_id)
        event = None if calendar is None else calendar.events.get(one.event_id)
        if calendar is None or event is None or event.status == "cancelled":
            continue
        request = (event.fields.get("conferenceData") or {}).get("createRequest") or {}
        if request.get("requestId") == one.request_id:
            _finish(state, calendar, event)
            event.etag_us = event.updated_us = calendar.updated_us = state.write_time_us()
            event.version = state.next_number()
            calendar.put(event)


def _finish(state: GoogleState, calendar: Calendar, event: StoredEvent) -> None:
    request = event.fields["conferenceData"]["createRequest"]
    kind = request["conferenceSolutionKey"]["type"]
    data = _requested(request["requestId"], kind, calendar.conference_outcome)
    if calendar.conference_outcome == "success":
        code = state.minter.meeting_code()
        data["entryPoints"] = [
            {
                "entryPointType": "video",
                "uri": f"https://meet.google.com/{code}",
                "label": f"meet.google.com/{code}",
            }
        ]
        data["conferenceSolution"] = {"key": {"type": kind}, "name": _NAMES[kind], "iconUri": _MEET_ICON}
        data["conferenceId"] = code
    event.fields = {**event.fields, "conferenceData": data}


def hangout_link(data: Mapping[str, Any]) -> str | None:
    """The address of the video meeting, for the event's own `hangoutLink`."""
    for entry in data.get("entryPoints") or ():
        if entry.get("entryPointType") == "video":
            uri: str | None = entry.get("uri")
            return uri
    return None
