"""The call by which a device hears what happened to its meetings; what happened is written down elsewhere."""

from __future__ import annotations

import base64
import binascii
import json
import time
from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from gateway.devices.register import Device
from gateway.errors import FieldProblem, Unreadable
from gateway.mirror.telling.told import ChangeFeed
from gateway.store.changes import Change
from gateway.web.problem import SERVER

MOST = 200
_MARK = b"c1:"
_HEADERS = {"Content-Type": "application/json", "Server": SERVER, "Cache-Control": "no-store"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeCalls:
    """The handler of `/api/v1/devices/{device_id}/meetings/changes`; `device` tells who calls, or raises."""

    feed: ChangeFeed
    device: Callable[[web.Request], Device]

    async def get(self, request: web.Request) -> web.Response:
        """Tell what happened after the cursor, oldest first, at most `limit` things."""
        device = self.device(request)
        place = _place(request.query.get("after"))
        most = _limit(request.query.get("limit"))
        found = await self.feed.after(device.row.id, place, most + 1)
        told = found[:most]
        answer = {
            "changes": [_entry(change) for change in told],
            "next": _cursor(told[-1].id if told else place),
            "more": len(found) > most,
        }
        return web.Response(body=json.dumps(answer, ensure_ascii=False).encode(), headers=_HEADERS)


def _entry(change: Change) -> dict[str, object]:
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(change.at // 1000))
    return {
        "cursor": _cursor(change.id),
        "at": at,
        "type": change.type,
        "id": str(change.meeting_id),
        "external_id": change.external_id,
        **change.data,
    }


def _cursor(place: int) -> str:
    return base64.urlsafe_b64encode(_MARK + str(place).encode("ascii")).decode("ascii").rstrip("=")


def _place(cursor: str | None) -> int:
    """Return the place a cursor stands for; none is the beginning. Raises Unreadable."""
    if cursor is None:
        return 0
    wrong = Unreadable(FieldProblem("after", "must be a cursor from an earlier answer, or be left out"))
    if len(cursor) > 64:
        raise wrong
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise wrong from error
    number = raw.removeprefix(_MARK)
    if number == raw or not number.isdigit() or len(number) > 18:
        raise wrong
    return int(number)


def _limit(text: str | None) -> int:
    if text is None:
        return MOST
    if text.isascii() and text.isdigit() and len(text) <= 4 and 1 <= int(text) <= MOST:
        return int(text)
    raise Unreadable(FieldProblem("limit", f"must be a whole number from 1 to {MOST}"))
