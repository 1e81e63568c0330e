"""What every HTTP door does around a handler: whole body within limits first, every error as a problem document."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.typedefs import Middleware

from gateway.errors import FieldProblem, GatewayError
from gateway.web.problem import from_error, problem

_LOGGER = logging.getLogger(__name__)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def guard(body_timeout_s: float, body_bytes: int) -> Middleware:
    """Return the middleware: reads the body (408 when it drips, 413 when it is too large), turns errors to answers."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            if request.can_read_body:
                async with asyncio.timeout(body_timeout_s):
                    await request.read()
            return await handler(request)
        except GatewayError as error:
            return from_error(error)
        except web.HTTPRequestEntityTooLarge:
            text = f"The call is larger than {body_bytes} bytes. Send one meeting per call."
            return problem(413, "too-large", text, errors=[FieldProblem("body", text)])
        except TimeoutError:
            text = f"The body did not arrive within {body_timeout_s:g} seconds."
            return problem(408, "too-slow", text, errors=[FieldProblem("body", text)], headers={"Connection": "close"})
        except web.HTTPException as error:
            return _http(request, error)
        except (asyncio.CancelledError, ConnectionError):
            raise
        except Exception:  # the last net: the caller gets an answer, the log gets the cause, the process goes on
            _LOGGER.exception("a call failed", extra={"path": request.path, "method": request.method})
            return problem(500, "internal", "The gateway failed on this call; its log says why. Please report it.")

    return middleware


def _http(request: web.Request, error: web.HTTPException) -> web.Response:
    if error.status == 405:
        allowed = error.headers.get("Allow", "")
        text = f"{request.method} is not possible here; possible: {allowed}."
        return problem(405, "method-not-allowed", text, headers={"Allow": allowed})
    if error.status == 404:
        return problem(
            404, "no-such-address", "There is nothing at this address. The calls are in /api/v1/openapi.json."
        )
    return problem(error.status, "http", error.reason or "The call cannot be answered.")
