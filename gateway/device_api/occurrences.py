"""The calls about one occurrence of a series, named by its original start; keeping them is the mirror's work."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from aiohttp import web

from gateway.device_api.door import DeviceDoor, caller, payload_of, repeat_guard
from gateway.devices.register import Device
from gateway.domain.meeting import Meeting
from gateway.domain.occurrence import OccurrenceChange, OriginalStart
from gateway.errors import BadPayload, FieldProblem
from gateway.mirror.intake.intake import RepeatGuard
from gateway.mirror.intake.receipts import Receipt
from gateway.profiles import translate
from gateway.profiles.codings import Refused, date_time

PLACE = "original_start"
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_EXPECTED = (
    "must say when the occurrence would have started: an instant such as 2026-11-30T09:00:00Z, a local time in the "
    "series' zone such as 2026-11-30T10:00:00, or its date"
)


@dataclass(frozen=True, slots=True)
class OccurrenceCalls:
    """The handlers of `…/meetings/{external_id}/occurrences/{original_start}`."""

    door: DeviceDoor

    async def put(self, request: web.Request) -> web.Response:
        """Move or change one occurrence; what the call does not say stays as it is in the series."""
        device = await self.door.enter(request)
        return await self.door.answer(device, self._change(device, request))

    async def delete(self, request: web.Request) -> web.Response:
        """Cancel one occurrence; the series goes on without it."""
        device = await self.door.enter(request)
        return await self.door.answer(device, self._cancel(device, request))

    async def _change(self, device: Device, request: web.Request) -> Receipt:
        body = await request.read()
        payload, text_values = payload_of(device, request, body)
        context = self.door.context(device, external_id=request.match_info["external_id"], text_values=text_values)
        return await self.change(device, payload, context, request.match_info[PLACE], repeat_guard(request, body))

    async def change(
        self,
        device: Device,
        payload: Mapping[str, object],
        context: translate.Context,
        start: str,
        guard: RepeatGuard | None = None,
    ) -> Receipt:
        """Change the occurrence at `start` of the series that `context` names. Raises as the intake does."""
        series = await self.door.intake.series(caller(device), context.external_id or "")
        original = original_start(start, series.meeting)
        return await self.door.change_occurrence(device, payload, context, original, guard=guard)

    async def _cancel(self, device: Device, request: web.Request) -> Receipt:
        return await self.cancel(device, request.match_info["external_id"], request.match_info[PLACE])

    async def cancel(self, device: Device, external_id: str, start: str) -> Receipt:
        """Cancel the occurrence at `start` of a series. Raises as the intake does."""
        series = await self.door.intake.series(caller(device), external_id)
        original = original_start(start, series.meeting)
        change = OccurrenceChange(original=original, meeting=None)
        return await self.door.intake.change_occurrence(caller(device), external_id, change, shape=series.shape)


def original_start(text: str, series: Meeting) -> OriginalStart:
    """Read when an occurrence would have started; of a date alone the time is that of the series.

    Raises BadPayload.
    """
    try:
        if _DATE.fullmatch(text):
            return datetime.combine(date.fromisoformat(text), series.start_local.time())
        moment = date_time(text)
        return moment if moment.tzinfo is None else int(moment.timestamp())
    except (Refused, ValueError, OverflowError) as error:
        raise BadPayload([FieldProblem(PLACE, _EXPECTED)]) from error
