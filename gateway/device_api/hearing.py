"""Hands every call of a device to the log of calls: as it came, as it was answered; it changes neither."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from contextvars import ContextVar

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from gateway.clock import Clock
from gateway.devices.call_log import CallLog, GoodCall, HeardCall, Result, Way, done_of
from gateway.domain.tally import Tally
from gateway.errors import FieldProblem, GatewayError, NotAuthorized
from gateway.mirror.intake.receipts import Receipt
from gateway.web.problem import blamed, status_of

_CALLS = "/api"
_UNREADABLE = frozenset({400, 408, 413, 415})
_LATER = frozenset({429, 503, 507})
ANSWERED = "answered"
_BODILESS = frozenset({"GET", "HEAD", "DELETE"})


class Heard:
    """What the doors say of the call that they are answering: whose it is, what was done, why it was not."""

    __slots__ = ("credential", "device", "error", "passed_over", "proven", "receipts", "slowed")

    def __init__(self) -> None:
        self.device = ""
        self.proven = False
        self.credential = ""
        self.error: GatewayError | None = None
        self.receipts: tuple[Receipt, ...] = ()
        self.slowed = False
        self.passed_over = False


_HEARD: ContextVar[Heard] = ContextVar("heard")


def let_in(name: str, credential: str = "") -> None:
    """The call that is being answered showed the key of this device."""
    heard = _HEARD.get(None)
    if heard is not None:
        heard.device, heard.proven = name, True
        heard.credential = credential or heard.credential


def turned_away(name: str, error: GatewayError) -> None:
    """The call that is being answered used this name and showed a wrong key, or the key of nobody."""
    heard = _HEARD.get(None)
    if heard is not None:
        heard.device, heard.error = name, error


def slowed(*, noted: bool) -> None:
    """The call that is being answered was one too many; those that are not `noted` are as many as somebody likes."""
    heard = _HEARD.get(None)
    if heard is not None:
        heard.slowed, heard.passed_over = True, not noted


def outcome(receipts: Sequence[Receipt], error: GatewayError | None) -> None:
    """What came of the call that is being answered."""
    heard = _HEARD.get(None)
    if heard is not None:
        heard.receipts, heard.error = tuple(receipts), error


def begin() -> Heard:
    """Hear what is said from now on in this task."""
    heard = Heard()
    _HEARD.set(heard)
    return heard


def hearing(log: CallLog, clock: Clock, tally: Tally) -> Middleware:
    """Return the middleware that goes before the one that reads bodies, so that it sees what that one refuses.

    All are counted in `tally`. Calls without any credential are nobody's, and questions that were answered changed
    nothing: neither is kept.
    """

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not request.path.startswith(_CALLS):
            return await handler(request)
        heard, began = begin(), time.perf_counter_ns()
        response = await handler(request)
        _count(tally, response.status, heard, began)
        if heard.passed_over:
            return response
        if heard.error is not None or response.status >= 400:
            await _note(log, clock, request, response, heard, began)
        elif heard.receipts:
            log.good(await _good(clock, request, response, heard, began))
        return response

    return middleware


def _count(tally: Tally, status: int, heard: Heard, began: int) -> None:
    """Count a call; a question that was answered is `answered`. Of strangers, only wrong keys are counted."""
    if heard.slowed:
        result: str = Result.LATER
    elif heard.error is not None or status >= 400:
        result = result_of(status, heard)
        result = Result.REFUSED if result == Result.UNREADABLE else result
    elif heard.receipts:
        result = Result.ACCEPTED if any(receipt.fresh for receipt in heard.receipts) else Result.REPEATED
    else:
        result = ANSWERED
    if heard.proven:
        tally.call(heard.device, result, (time.perf_counter_ns() - began) / 1e9)
    elif result == Result.WRONG_KEY:
        tally.strangers += 1


async def _good(clock: Clock, request: web.Request, response: web.StreamResponse, heard: Heard, began: int) -> GoodCall:
    took_us = (time.perf_counter_ns() - began) // 1000
    get = request.headers.get
    answer = response.body if isinstance(response, web.Response) else b""
    return GoodCall(
        clock.now_ms() - took_us // 1000,
        heard.device,
        request.remote or "",
        request.method,
        request.raw_path,
        get("Content-Type", ""),
        get("User-Agent", ""),
        heard.credential,
        b"" if request.method in _BODILESS else await request.read(),
        response.status,
        response.content_type,
        answer if isinstance(answer, bytes) else b"",
        took_us,
        get("Authorization", ""),
        heard.receipts,
    )


async def _note(
    log: CallLog, clock: Clock, request: web.Request, response: web.StreamResponse, heard: Heard, began: int
) -> None:
    headers = request.headers
    shown = headers.get("Authorization", "")
    name = heard.device
    if not name:
        name = request.match_info.get("device_id", "") if shown else ""
        if not name:
            return
    took_us = (time.perf_counter_ns() - began) // 1000
    body = await _body(request, response.status)
    answer = response.body if isinstance(response, web.Response) else b""
    call = HeardCall(
        at_ms=clock.now_ms() - took_us // 1000,
        device=name,
        proven=heard.proven,
        address=request.remote or "",
        method=request.method,
        path=request.raw_path,
        content_type=headers.get("Content-Type", ""),
        agent=headers.get("User-Agent", ""),
        credential=heard.credential or shown.partition(" ")[0][:20],
        body=body,
        size=len(body) if response.status != 413 else request.content_length or 0,
        status=response.status,
        answer_type=response.content_type,
        answer=answer if isinstance(answer, bytes) else b"",
        took_us=took_us,
        result=result_of(response.status, heard),
        shown=shown,
    )
    fill(call, heard)
    log.note(call, on_disk=not heard.slowed)


def fill(call: HeardCall, heard: Heard) -> None:
    """Put in what the doors said."""
    error = heard.error
    if error is not None:
        call.code, call.text = error.code, str(error)
        call.problems = told(blamed(error))
    call.done = done_of(heard.receipts)


def told(problems: Iterable[FieldProblem]) -> tuple[tuple[str, str], ...]:
    """Problems as the log keeps them."""
    return tuple((problem.field, problem.reason) for problem in problems)


def result_of(status: int, heard: Heard) -> Result:
    """What became of a call. Its own error says it best: some devices are answered 200 whatever happened."""
    if heard.error is not None:
        if isinstance(heard.error, NotAuthorized):
            return Result.WRONG_KEY
        status = status_of(heard.error)
    if status in _UNREADABLE:
        return Result.UNREADABLE
    if status in _LATER:
        return Result.LATER
    if status >= 500:
        return Result.FAILED
    if status == 401:
        return Result.WRONG_KEY
    if status >= 400 or heard.error is not None:
        return Result.REFUSED
    return Result.ACCEPTED if any(receipt.fresh for receipt in heard.receipts) else Result.REPEATED


async def _body(request: web.Request, status: int) -> bytes:
    """The body, which was read before; of one that was too large, too slow or broken, nothing."""
    if request.method in _BODILESS or status in (408, 413) or not request.content.is_eof():
        return b""
    if request.content.exception() is not None:
        return b""
    return await request.read()


def worked_off(log: CallLog, call: HeardCall, heard: Heard, way: Way) -> HeardCall:
    """Note a call that was done by the gateway itself: kept until its device was added, or done again by somebody."""
    call.way = way
    fill(call, heard)
    return log.note(call)
