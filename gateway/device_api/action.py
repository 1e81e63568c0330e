"""The Action URL: one meeting in the query of a GET, for devices that can only call an address."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from gateway.device_api import hearing
from gateway.device_api.door import DeviceDoor, must_speak
from gateway.devices.register import Device
from gateway.dialects import action_url
from gateway.dialects.action_url import ActionCall
from gateway.domain.secret import Secret
from gateway.errors import NotAuthorized
from gateway.mirror.intake.receipts import Receipt
from gateway.profiles.vocabulary import Dialect


@dataclass(frozen=True, slots=True)
class ActionCalls:
    """The handler of `…/action`."""

    door: DeviceDoor

    async def get(self, request: web.Request) -> web.Response:
        """Schedule, change or cancel, by what the query says; the key may stand in it."""
        said = action_url.read(request.raw_path.partition("?")[2].encode("utf-8", "surrogateescape"))
        device = await self._device(request, said)
        return await self.door.answer(device, self.keep(device, said))

    async def keep(self, device: Device, said: ActionCall) -> Receipt:
        """Do what the query says. Raises as the door does."""
        must_speak(device, Dialect.ACTION_URL)
        return await self.door.keep(device, said.fields, self.door.context(device, text_values=True))

    async def _device(self, request: web.Request, said: ActionCall) -> Device:
        if not said.key or "Authorization" in request.headers:
            return await self.door.enter(request)
        try:
            device = self.door.keeper.by_query(request.match_info["device_id"], said.key)
        except NotAuthorized as error:
            if self.door.visitors is not None:
                name, key = request.match_info["device_id"], Secret(said.key)
                self.door.visitors.turned_away(name, request.remote or "", key=lambda: key)
            hearing.turned_away(request.match_info["device_id"], error)
            raise self.door.not_authorized(error) from error
        hearing.let_in(device.row.name, "key in the address")
        return device
