"""Every route of the devices' door on one screen; what a call does is in the handlers."""

from __future__ import annotations

from aiohttp import web

from gateway.device_api.contract import openapi_json
from gateway.device_api.meetings import MeetingCalls
from gateway.operations.health import Health
from gateway.web.problem import SERVER

MEETINGS = "/api/v1/devices/{device_id}/meetings"
MEETING = MEETINGS + "/{external_id:[^/]+}"
"""Braces may be part of a meeting's id; without the pattern they would not match."""


def add_routes(app: web.Application, calls: MeetingCalls, health: Health) -> None:
    """Put the devices' calls, the health pages and the contract on `app`."""

    async def healthz(_request: web.Request) -> web.Response:
        return _report(200, {"status": "ok"})

    async def readyz(_request: web.Request) -> web.Response:
        readiness = await health.readiness()
        return _report(200 if readiness.ready else 503, readiness.document())

    async def contract(_request: web.Request) -> web.Response:
        return web.Response(body=openapi_json(), content_type="application/json", headers={"Server": SERVER})

    app.router.add_post(MEETINGS, calls.post)
    app.router.add_get(MEETING, calls.get, allow_head=False)
    app.router.add_put(MEETING, calls.put)
    app.router.add_delete(MEETING, calls.delete)
    app.router.add_get("/healthz", healthz, allow_head=False)
    app.router.add_get("/readyz", readyz, allow_head=False)
    app.router.add_get("/api/v1/openapi.json", contract, allow_head=False)


def _report(status: int, document: dict[str, object]) -> web.Response:
    return web.json_response(document, status=status, headers={"Server": SERVER, "Cache-Control": "no-store"})
