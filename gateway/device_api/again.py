"""Does a call again that is here as it came, by the code of the door it came through; it answers no device."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from aiohttp import web

from gateway.device_api import calendar, conference, hearing
from gateway.device_api.action import ActionCalls
from gateway.device_api.answers import accepted, refused
from gateway.device_api.calendar import CalendarCalls
from gateway.device_api.conference import ConferenceCalls
from gateway.device_api.door import DeviceDoor, caller, must_be_awake, must_speak
from gateway.device_api.envelope import EnvelopeCalls
from gateway.device_api.occurrences import OccurrenceCalls
from gateway.devices.call_log import CallLog, HeardCall, Way
from gateway.devices.register import Device
from gateway.dialects import action_url, native, ucm_envelope
from gateway.dialects.whole_call import Address, Place, address_of, media_type
from gateway.errors import Conflict, GatewayError, NotFound
from gateway.mirror.intake.receipts import Receipt
from gateway.profiles.vocabulary import Dialect


class CannotRepeat(Conflict):
    """A call cannot be done again; the text says why."""


@dataclass(slots=True, kw_only=True)
class Again:
    """Repeats calls of known devices, and notes each in the log of calls."""

    door: DeviceDoor
    log: CallLog
    conferences: ConferenceCalls = field(init=False)

    def __post_init__(self) -> None:
        self.conferences = ConferenceCalls(self.door)

    async def replay(self, call: HeardCall) -> HeardCall:
        """Do a call again as the device that made it; return what came of it.

        Raises CannotRepeat for a call that is not here as it came, NotFound when there is no such device any more.
        """
        asks = call.method == "GET" and address_of(call.path).place is not Place.ACTION
        if not call.whole or not call.proven or asks:
            raise CannotRepeat("Only calls that are here as they came can be done again. Let the device send it again.")
        device = self.door.register.find(call.device)
        if device is None:
            raise NotFound(f"There is no device {call.device} any more.")
        again = replace(call, number=0, at_ms=self.door.clock.now_ms(), done=(), code="", text="", problems=())
        began = time.perf_counter_ns()
        heard = hearing.begin()
        heard.proven = True
        response = await self._answer(device, call)
        again.took_us = (time.perf_counter_ns() - began) // 1000
        again.status, again.answer_type = response.status, response.content_type
        again.answer = response.body if isinstance(response.body, bytes) else b""
        again.result = hearing.result_of(response.status, heard)
        return hearing.worked_off(self.log, again, heard, Way.REPLAYED)

    async def _answer(self, device: Device, call: HeardCall) -> web.Response:
        address = address_of(call.path)
        of_a_room = address.place is Place.CONFERENCE
        try:
            must_be_awake(device)
            if address.place is Place.CALENDAR:
                return await self._message(device, call)
            if address.place is Place.ENVELOPE:
                return await self._envelope(device, call)
            if of_a_room:
                return await self._conference(device, call, address)
            receipt = await self._meeting(device, call, address)
        except GatewayError as error:
            hearing.outcome((), error)
            return conference.refused(error) if of_a_room else refused(device, error)
        hearing.outcome((receipt,), None)
        return accepted(device, receipt)

    async def _meeting(self, device: Device, call: HeardCall, address: Address) -> Receipt:
        if address.place is Place.ACTION:
            said = action_url.read(call.path.partition("?")[2].encode("utf-8", "surrogateescape"))
            return await ActionCalls(self.door).keep(device, said)
        if address.place is Place.OCCURRENCE:
            return await self._occurrence(device, call, address)
        if call.method == "DELETE":
            return await self.door.intake.cancel(caller(device), address.external_id)
        payload, text_values = _payload(call)
        context = self.door.context(device, address.external_id or None, text_values)
        return await self.door.keep(device, payload, context)

    async def _occurrence(self, device: Device, call: HeardCall, address: Address) -> Receipt:
        calls = OccurrenceCalls(self.door)
        if call.method == "DELETE":
            return await calls.cancel(device, address.external_id, address.original_start)
        payload, text_values = _payload(call)
        context = self.door.context(device, address.external_id, text_values)
        return await calls.change(device, payload, context, address.original_start)

    async def _message(self, device: Device, call: HeardCall) -> web.Response:
        must_speak(device, Dialect.ITIP)
        receipts = await CalendarCalls(self.door).keep(device, call.body)
        hearing.outcome(receipts, None)
        return calendar.kept(receipts)

    async def _envelope(self, device: Device, call: HeardCall) -> web.Response:
        body, receipts = await EnvelopeCalls(self.door).again(device, ucm_envelope.read(call.body))
        hearing.outcome(receipts, None)
        return web.Response(body=body, content_type=native.JSON)

    async def _conference(self, device: Device, call: HeardCall, address: Address) -> web.Response:
        must_speak(device, Dialect.JITSI)
        if address.external_id:
            return await self.conferences.give_back(device, address.external_id)
        payload, text_values = _payload(call)
        return await self.conferences.reserve(device, payload, text_values=text_values)


def _payload(call: HeardCall) -> tuple[Mapping[str, object], bool]:
    kind, charset = media_type(call.content_type)
    return native.decode(kind, call.body, charset), kind == native.FORM
