"""The call by which a device hears when its room is taken; how that is known is the mirror's work."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import timedelta

from aiohttp import web

from gateway.device_api.answers import answered, utc
from gateway.device_api.door import DeviceDoor
from gateway.errors import BadPayload, FieldProblem
from gateway.mirror.availability.availability import Availability, Busy
from gateway.profiles.codings import Refused, date_time
from gateway.web.problem import HttpProblem

LONGEST = timedelta(days=62)
FARTHEST = timedelta(days=3660)
_SPACE_FOR_PLUS = re.compile(r" (?=\d{2}:?\d{2}$)", re.ASCII)
_EXPECTED = (
    "must be an instant with its offset, such as 2026-11-30T09:00:00Z or 2026-11-30T10:00:00+01:00 (in an address + is "
    "written %2B)"
)


@dataclass(frozen=True, slots=True)
class AvailabilityCalls:
    """The handler of `/api/v1/devices/{device_id}/availability`."""

    door: DeviceDoor
    availability: Availability | None

    async def get(self, request: web.Request) -> web.Response:
        """Tell when the device's room is taken between two instants."""
        device = await self.door.enter(request)
        self.door.admit(device)
        from_s, to_s = self._asked(request)
        if self.availability is None:
            raise HttpProblem(503, "no-availability", "This gateway does not look up busy times.")
        return answered(200, _json(await self.availability.between(device.row.id, from_s, to_s)))

    def _asked(self, request: web.Request) -> tuple[int, int]:
        """Return the two instants. Raises BadPayload with all that is wrong with them."""
        problems: list[FieldProblem] = []
        found: list[int] = []
        for name in ("from", "to"):
            try:
                found.append(instant_s(request.query.get(name)))
            except Refused as error:
                problems.append(FieldProblem(name, str(error)))
        if not problems:
            problems = self._range(*found)
        if problems:
            raise BadPayload(problems)
        return found[0], found[1]

    def _range(self, from_s: int, to_s: int) -> list[FieldProblem]:
        if to_s <= from_s:
            return [FieldProblem("to", "must be after from")]
        if to_s - from_s > LONGEST.total_seconds():
            return [FieldProblem("to", f"must be at most {LONGEST.days} days after from; ask in several calls")]
        now_s = self.door.clock.now_ms() // 1000
        return [
            FieldProblem(name, "must be within ten years of today")
            for name, instant_s in (("from", from_s), ("to", to_s))
            if abs(instant_s - now_s) > FARTHEST.total_seconds()
        ]


def instant_s(text: str | None) -> int:
    """Read an instant; a plus that became a space in the address is one again. Raises Refused."""
    if text is None:
        raise Refused(f"is required: {_EXPECTED}")
    try:
        moment = date_time(_SPACE_FOR_PLUS.sub("+", text))
        found_s = int(moment.timestamp())
    except (ValueError, OverflowError) as error:
        raise Refused(_EXPECTED) from error
    if moment.tzinfo is None:
        raise Refused(_EXPECTED)
    return found_s


def _json(busy: Busy) -> str:
    document = {
        "busy": [{"start_utc": utc(span.start_s), "end_utc": utc(span.end_s)} for span in busy.spans],
        "from": utc(busy.from_s),
        "to": utc(busy.to_s),
        "as_of": None if busy.as_of_ms is None else utc(busy.as_of_ms // 1000),
        "complete": busy.complete,
        "stale": busy.stale,
        "notes": [note._asdict() for note in busy.notes],
    }
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))
