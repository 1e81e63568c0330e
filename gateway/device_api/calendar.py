"""The calls in iCalendar (iTIP, RFC 5546): requests and cancellations of meetings and of single occurrences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import web

from gateway.device_api.answers import answered, receipt_json, time_taken
from gateway.device_api.door import DeviceDoor, caller, must_speak
from gateway.devices.register import Device
from gateway.domain.meeting import Meeting
from gateway.domain.occurrence import OccurrenceChange
from gateway.errors import FieldProblem, GatewayError, TimeTaken, Unreadable
from gateway.mirror.intake.receipts import Receipt
from gateway.profiles import translate
from gateway.profiles.vocabulary import Dialect
from gateway.web.problem import HttpProblem

if TYPE_CHECKING:
    from gateway.dialects.itip import ItipCall

MEDIA_TYPE = "text/calendar"
_CHARSETS = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})


@dataclass(frozen=True, slots=True)
class CalendarCalls:
    """The handler of `…/calendar`."""

    door: DeviceDoor

    async def post(self, request: web.Request) -> web.Response:
        """Keep what an iTIP message says; one receipt for every meeting it is about."""
        device = await self.door.enter(request)
        try:
            return await self._read(device, request)
        except TimeTaken as error:
            self.door.heard(device, error)
            return time_taken(device, error)
        except GatewayError as error:
            self.door.heard(device, error)
            raise

    async def _read(self, device: Device, request: web.Request) -> web.Response:
        self.door.admit(device)
        must_speak(device, Dialect.ITIP)
        if request.content_type != MEDIA_TYPE:
            text = f"must be {MEDIA_TYPE} here"
            raise HttpProblem(415, "media-type", f"Content-Type {text}.", errors=(FieldProblem("Content-Type", text),))
        if (request.charset or "utf-8").lower() not in _CHARSETS:
            raise Unreadable(FieldProblem("Content-Type", "the charset must be UTF-8"))
        receipts = await self.keep(device, await request.read())
        self.door.heard(device, receipts=receipts)
        return kept(receipts)

    async def keep(self, device: Device, body: bytes) -> list[Receipt]:
        """Keep what a message says; one receipt for every meeting it is about. Raises as the intake does."""
        from gateway.dialects import itip  # with iCalendar's reader, which most gateways never need

        return [await self._meeting(device, of_one) for of_one in _by_meeting(itip.read(body))]

    async def _meeting(self, device: Device, calls: Sequence[ItipCall]) -> Receipt:
        """Keep all that a message says of one UID.

        A series that comes together with occurrences of its own has exactly these; one that comes alone keeps those
        that still fit.
        """
        first = calls[0]
        if first.original is None and first.method == "REQUEST":
            return await self._whole(device, first, calls[1:])
        if first.original is None:
            return await self.door.intake.cancel(caller(device), first.uid, sequence=first.sequence)
        receipts = [await self._occurrence(device, call) for call in calls]
        return next((receipt for receipt in reversed(receipts) if receipt.fresh), receipts[-1])

    async def _whole(self, device: Device, series: ItipCall, others: Sequence[ItipCall]) -> Receipt:
        said = translate.to_meeting(device.profile, series.fields, self.door.context(device, external_id=series.uid))
        warnings = said.warnings
        changes = [OccurrenceChange(original=original, meeting=None) for original in series.cancelled_originals]
        for call in others:
            change, more = self._change(device, call, said.meeting)
            changes.append(change)
            warnings += more
        return await self.door.intake.accept(
            caller(device), said.meeting, shape=said.shape, warnings=warnings, occurrences=changes or None
        )

    async def _occurrence(self, device: Device, call: ItipCall) -> Receipt:
        stored = await self.door.intake.series(caller(device), call.uid)
        change, warnings = self._change(device, call, stored.meeting)
        return await self.door.intake.change_occurrence(
            caller(device), call.uid, change, shape=stored.shape, warnings=warnings
        )

    def _change(self, device: Device, call: ItipCall, series: Meeting) -> tuple[OccurrenceChange, tuple[str, ...]]:
        """What a message says of one occurrence, with what people should know about it."""
        if call.original is None:
            reason = "is the same in two VEVENTs without RECURRENCE-ID; send the whole meeting once"
            raise Unreadable(FieldProblem("UID", reason))
        if call.method == "CANCEL":
            return OccurrenceChange(original=call.original, meeting=None, sequence=call.sequence), ()
        context = self.door.context(device, external_id=call.uid)
        said = translate.to_occurrence(device.profile, call.fields, context, series, call.original)
        return OccurrenceChange(original=call.original, meeting=said.meeting, sequence=call.sequence), said.warnings


def kept(receipts: Sequence[Receipt]) -> web.Response:
    """The answer to a message that was kept."""
    fresh = any(receipt.fresh for receipt in receipts)
    return answered(202 if fresh else 200, f'{{"meetings":[{",".join(map(receipt_json, receipts))}]}}')


def _by_meeting(calls: Sequence[ItipCall]) -> list[list[ItipCall]]:
    """The calls of each UID together, the one about the whole meeting first."""
    by_uid: dict[str, list[ItipCall]] = {}
    for call in calls:
        by_uid.setdefault(call.uid, []).append(call)
    return [sorted(of_one, key=lambda call: call.original is not None) for of_one in by_uid.values()]
