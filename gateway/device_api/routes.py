"""Every route of the devices' door on one screen; what a call does is in the handlers."""

from __future__ import annotations

from aiohttp import web

from gateway.device_api.action import ActionCalls
from gateway.device_api.availability import AvailabilityCalls
from gateway.device_api.calendar import CalendarCalls
from gateway.device_api.changes import ChangeCalls
from gateway.device_api.conference import ConferenceCalls
from gateway.device_api.contract import openapi_json
from gateway.device_api.envelope import EnvelopeCalls
from gateway.device_api.meetings import MeetingCalls
from gateway.device_api.occurrences import OccurrenceCalls
from gateway.operations.health import Health
from gateway.web.problem import SERVER

DEVICE = "/api/v1/devices/{device_id}"
MEETINGS = DEVICE + "/meetings"
MEETING = MEETINGS + "/{external_id:[^/]+}"
"""Braces may be part of a meeting's id; without the pattern they would not match."""
CHANGES = MEETINGS + "/changes"
AVAILABILITY = DEVICE + "/availability"
OCCURRENCE = MEETING + "/occurrences/{original_start}"
CONFERENCES = DEVICE + "/conference"
CONFERENCE = CONFERENCES + "/{id:[^/]+}"
ROOT_API = "/api"


def add_routes(app: web.Application, calls: MeetingCalls, changes: ChangeCalls, health: Health) -> None:
    """Put the devices' calls, the health pages and the contract on `app`."""
    app.router.add_post(MEETINGS, calls.post)  # first: nearly every call is this one
    app.router.add_get(CHANGES, changes.get, allow_head=False)  # next: it would pass for the id of a meeting
    app.router.add_get(MEETING, calls.get, allow_head=False)
    app.router.add_put(MEETING, calls.put)
    app.router.add_delete(MEETING, calls.delete)
    app.router.add_get(AVAILABILITY, AvailabilityCalls(calls.door, calls.availability).get, allow_head=False)
    _add_dialects(app, calls)
    _add_operations(app, health)


def _add_dialects(app: web.Application, calls: MeetingCalls) -> None:
    occurrences = OccurrenceCalls(calls.door)
    app.router.add_put(OCCURRENCE, occurrences.put)
    app.router.add_delete(OCCURRENCE, occurrences.delete)
    app.router.add_post(DEVICE + "/calendar", CalendarCalls(calls.door).post)
    app.router.add_get(DEVICE + "/action", ActionCalls(calls.door).get, allow_head=False)
    conferences = ConferenceCalls(calls.door)
    app.router.add_post(CONFERENCES, conferences.post)
    app.router.add_get(CONFERENCE, conferences.get, allow_head=False)
    app.router.add_delete(CONFERENCE, conferences.delete)
    envelope = EnvelopeCalls(calls.door)
    app.router.add_post(DEVICE + "/api", envelope.at_device)
    app.router.add_post(ROOT_API, envelope.at_root)


def _add_operations(app: web.Application, health: Health) -> None:
    async def healthz(_request: web.Request) -> web.Response:
        return _report(200, {"status": "ok"})

    async def readyz(_request: web.Request) -> web.Response:
        readiness = await health.readiness()
        return _report(200 if readiness.ready else 503, readiness.document())

    async def contract(_request: web.Request) -> web.Response:
        return web.Response(body=openapi_json(), content_type="application/json", headers={"Server": SERVER})

    app.router.add_get("/healthz", healthz, allow_head=False)
    app.router.add_get("/readyz", readyz, allow_head=False)
    app.router.add_get("/api/v1/openapi.json", contract, allow_head=False)


def _report(status: int, document: dict[str, object]) -> web.Response:
    return web.json_response(document, status=status, headers={"Server": SERVER, "Cache-Control": "no-store"})
