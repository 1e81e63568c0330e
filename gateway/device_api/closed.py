"""The devices' door of a gateway that did not start: every call is told to come again; nothing is read or kept."""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import web

from gateway.operations.health import Readiness
from gateway.web.problem import SERVER, problem

RETRY_AFTER_S = 30
_CLOSED = "The gateway did not start completely, because its settings have a mistake. Keep the call and send it again."


def add_closed_routes(app: web.Application, reason: Callable[[], str]) -> None:
    """Put an answer to every call of a device and the health pages on `app`; `reason` says why nothing is accepted."""

    async def later(_request: web.Request) -> web.Response:
        return problem(503, "not-started", _CLOSED, headers={"Retry-After": str(RETRY_AFTER_S)})

    async def healthz(_request: web.Request) -> web.Response:
        return _report(200, {"status": "degraded"})

    async def readyz(_request: web.Request) -> web.Response:
        return _report(503, Readiness(ready=False, reasons=(reason(),)).document())

    app.router.add_route("*", "/api", later)
    app.router.add_route("*", "/api/{call:.*}", later)
    app.router.add_get("/healthz", healthz, allow_head=False)
    app.router.add_get("/readyz", readyz, allow_head=False)


def _report(status: int, document: dict[str, object]) -> web.Response:
    return web.json_response(document, status=status, headers={"Server": SERVER, "Cache-Control": "no-store"})
