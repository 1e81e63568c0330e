"""What every HTTP door does around a handler: whole body within limits first, every error as a problem document."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.typedefs import Middleware

from gateway.errors import FieldProblem, GatewayError, Unreadable
from gateway.web.problem import from_error, problem

_LOGGER = logging.getLogger(__name__)
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def guard(body_timeout_s: float, body_bytes: int) -> Middleware:
    """Return the middleware: reads the body (408 when it drips, 413 when it is too large), turns errors to answers."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            if request.can_read_body and request.method in _WITH_BODY:
                await _read_whole(request, body_timeout_s)
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


async def _read_whole(request: web.Request, body_timeout_s: float) -> None:
    """Read the body, which aiohttp keeps; raises Unreadable when its framing or compression is broken."""
    try:
        if request.content.is_eof():  # arrived with the head, as small bodies do: no timer is worth its cost
            await request.read()
            return
        async with asyncio.timeout(body_timeout_s):
            await request.read()
    except (HttpProcessingError, web.RequestPayloadError) as error:
        raise Unreadable(FieldProblem("body", "its framing or compression is broken; send it again, plain")) from error


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
