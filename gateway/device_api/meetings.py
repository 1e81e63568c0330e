"""The calls about meetings: who calls, what was said, what is answered; keeping them is the mirror's work."""

from __future__ import annotations

from dataclasses import dataclass, field

from aiohttp import web

from gateway.clock import Clock
from gateway.device_api.answers import accepted, answered, refused, standing_json
from gateway.device_api.door import DeviceDoor, caller, payload_of, repeat_guard
from gateway.devices.register import Register
from gateway.devices.visitors import Visitors
from gateway.errors import GatewayError
from gateway.mirror.availability.availability import Availability
from gateway.mirror.intake.intake import Intake
from gateway.mirror.intake.lookup import Lookup


@dataclass(slots=True, kw_only=True)
class MeetingCalls:
    """The handlers of `/api/v1/devices/{device_id}/meetings`, and the door behind which all dialects stand."""

    register: Register
    intake: Intake
    clock: Clock
    lookup: Lookup | None = None
    visitors: Visitors | None = None
    availability: Availability | None = None
    door: DeviceDoor = field(init=False)

    def __post_init__(self) -> None:
        self.door = DeviceDoor(
            register=self.register,
            intake=self.intake,
            clock=self.clock,
            lookup=self.lookup,
            visitors=self.visitors,
        )

    async def post(self, request: web.Request) -> web.Response:
        """Create or change the meeting named by the body's own id, or do to it whatever else the body says."""
        return await self._accept(request, None)

    async def put(self, request: web.Request) -> web.Response:
        """Create or change the meeting named in the path."""
        return await self._accept(request, request.match_info["external_id"])

    async def get(self, request: web.Request) -> web.Response:
        """Tell how a meeting stands."""
        device = await self.door.enter(request)
        self.door.admit(device)
        stored = await self.intake.find(caller(device), request.match_info["external_id"])
        return answered(200, standing_json(device, stored))

    async def delete(self, request: web.Request) -> web.Response:
        """Cancel a meeting."""
        device = await self.door.enter(request)
        return await self.door.answer(device, self.intake.cancel(caller(device), request.match_info["external_id"]))

    async def _accept(self, request: web.Request, external_id: str | None) -> web.Response:
        try:
            device = self.door.device(request)
        except GatewayError:
            await self.door.turned_away(request)
            raise
        try:
            self.door.admit(device)
            body = await request.read()
            payload, text_values = payload_of(device, request, body)
            context = self.door.context(device, external_id, text_values)
            receipt = await self.door.keep(device, payload, context, repeat_guard(request, body))
        except GatewayError as error:
            self.door.heard(device, error)
            return refused(device, error)
        self.door.heard(device, receipts=(receipt,))
        return accepted(device, receipt)
