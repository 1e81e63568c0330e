"""Jitsi's reservation calls: may this room be opened now, and for how long; keeping the meeting is the mirror's work.

Source: Jitsi handbook, "Reservation System setup", and Prosody's module `reservations`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field, replace

from aiohttp import web

from gateway.device_api import hearing
from gateway.device_api.door import DeviceDoor, caller, must_speak
from gateway.devices.register import Device
from gateway.dialects import jitsi, native
from gateway.dialects.jitsi import Reservation
from gateway.domain.meeting import Meeting
from gateway.domain.zones import to_local
from gateway.errors import GatewayError, NotFound, TimeTaken
from gateway.mirror.intake.receipts import StoredMeeting
from gateway.profiles import translate
from gateway.profiles.vocabulary import Dialect
from gateway.web.problem import SERVER, HttpProblem, from_error, status_of

MOST_ATTEMPTS = 16
SHORTEST_S = 60
_HEADERS = {"Content-Type": native.JSON, "Server": SERVER, "Cache-Control": "no-store"}


@dataclass(slots=True)
class ConferenceCalls:
    """The handlers of `…/conference`."""

    door: DeviceDoor
    _one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Between "is the room free" and "it is taken" no other call may come."""

    async def post(self, request: web.Request) -> web.Response:
        """Reserve a room: 201, 200 for the same call again, 409 when a reservation of that name is there."""
        return await self._answered(request, self._reserve(request))

    async def get(self, request: web.Request) -> web.Response:
        """Tell what is reserved."""
        return await self._answered(request, self._show(request))

    async def delete(self, request: web.Request) -> web.Response:
        """Give a room back: everybody left it, or its time is over."""
        return await self._answered(request, self._give_back(request))

    async def _answered(self, request: web.Request, work: Coroutine[None, None, web.Response]) -> web.Response:
        try:
            return await work
        except GatewayError as error:
            hearing.outcome((), error)
            return refused(error)

    async def _device(self, request: web.Request) -> Device:
        device = await self.door.enter(request)
        self.door.admit(device)
        must_speak(device, Dialect.JITSI)
        return device

    async def _reserve(self, request: web.Request) -> web.Response:
        device = await self._device(request)
        payload = native.decode(request.content_type, await request.read(), request.charset)
        return await self.reserve(device, payload, text_values=request.content_type == native.FORM)

    async def reserve(self, device: Device, payload: Mapping[str, object], *, text_values: bool) -> web.Response:
        """Reserve the room that a call names. Raises as the intake does."""
        context = self.door.context(device, external_id="0", text_values=text_values)
        said = translate.to_meeting(device.profile, payload, context)
        self.door.heard(device)
        async with self._one_at_a_time:
            there = await self._there(device, said.meeting)
            if there is not None:
                if there.start_utc_s == said.meeting.start_utc_s and _is_jitsis(there):
                    return _reservation(200, there)  # Prosody repeats a call whose answer it did not get
                return _json(409, jitsi.conflict(there.external_id))
            number = await self._free_number(device, said.meeting)
            meeting = replace(said.meeting, external_id=number)
            receipt = await self.door.intake.accept(caller(device), meeting, shape=said.shape, warnings=said.warnings)
        hearing.outcome((receipt,), None)
        return _reservation(201, meeting)

    async def _there(self, device: Device, meeting: Meeting) -> Meeting | None:
        """Return the meeting of that name that has time in common with this one."""
        if self.door.lookup is None:
            return None
        found = await self.door.lookup.at(caller(device), meeting.subject, meeting.start_utc_s, meeting.end_utc_s)
        return found.meeting if found is not None else None

    async def _free_number(self, device: Device, meeting: Meeting) -> str:
        """Return an id that no meeting has; the first one is another's when the room was given back before it began."""
        for attempt in range(MOST_ATTEMPTS):
            number = jitsi.number(meeting.subject, meeting.start_utc_s, attempt)
            try:
                await self.door.intake.find(caller(device), number)
            except NotFound:
                return number
        text = f"This room was reserved for this second and given back {MOST_ATTEMPTS} times. Choose another start."
        raise HttpProblem(403, "restless", text)

    async def _show(self, request: web.Request) -> web.Response:
        device = await self._device(request)
        return _reservation(200, (await self._stored(device, request.match_info["id"])).meeting)

    async def _give_back(self, request: web.Request) -> web.Response:
        """Cancel what has not begun, end now what has; a meeting that was not scheduled by Jitsi stays as it is."""
        device = await self._device(request)
        return await self.give_back(device, request.match_info["id"])

    async def give_back(self, device: Device, external_id: str) -> web.Response:
        """Cancel or end what is reserved under an id. Raises NotFound, and as the intake does."""
        stored = await self._stored(device, external_id)
        meeting, now_s = stored.meeting, self.door.clock.now_ms() // 1000
        if not _is_jitsis(meeting) or now_s >= meeting.end_utc_s:
            return _reservation(200, meeting)
        if now_s < meeting.start_utc_s:
            receipt = await self.door.intake.cancel(caller(device), meeting.external_id)
            hearing.outcome((receipt,), None)
            return _reservation(200, meeting)
        ended = _ended(meeting, max(now_s, meeting.start_utc_s + SHORTEST_S))
        receipt = await self.door.intake.accept(caller(device), ended, shape=stored.shape)
        hearing.outcome((receipt,), None)
        return _reservation(200, ended)

    async def _stored(self, device: Device, external_id: str) -> StoredMeeting:
        stored = await self.door.intake.find(caller(device), external_id)
        if stored.receipt.state == "cancelled":
            raise NotFound("This reservation was cancelled.")
        return stored


def refused(error: GatewayError) -> web.Response:
    """The answer to a call that was not done."""
    if isinstance(error, TimeTaken):
        # A 409 has to name a reservation of this very room, which Jitsi then opens in place of a new one.
        return _json(403, jitsi.refusal(str(error)))
    headers = from_error(error).headers
    more = {name: headers[name] for name in ("Retry-After", "WWW-Authenticate") if name in headers}
    status = status_of(error)
    # Prosody comes again by itself after a 5xx only (mod_reservations).
    return _json(503 if status == 429 else status, jitsi.refusal(str(error)), more)


def _is_jitsis(meeting: Meeting) -> bool:
    numbers = (jitsi.number(meeting.subject, meeting.start_utc_s, attempt) for attempt in range(MOST_ATTEMPTS))
    return meeting.external_id in numbers


def _ended(meeting: Meeting, end_utc_s: int) -> Meeting:
    return replace(meeting, end_utc_s=end_utc_s, end_local=to_local(end_utc_s, meeting.zone))


def _reservation(status: int, meeting: Meeting) -> web.Response:
    owner = meeting.host
    said = Reservation(
        id=meeting.external_id,
        name=meeting.subject,
        mail_owner=(owner.email or owner.extension or "") if owner is not None else "",
        start_utc_s=meeting.start_utc_s,
        end_utc_s=meeting.end_utc_s,
    )
    start = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(meeting.start_utc_s))
    return _json(status, jitsi.answer(said, start))


def _json(status: int, body: bytes, more: dict[str, str] | None = None) -> web.Response:
    return web.Response(status=status, body=body, headers={**_HEADERS, **(more or {})})
