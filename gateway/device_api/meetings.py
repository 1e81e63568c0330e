"""The calls about meetings: who calls, what was said, what is answered; keeping them is the mirror's work."""

from __future__ import annotations

import hashlib
import json
import logging
import time
from dataclasses import dataclass

from aiohttp import web

from gateway.access.credentials import identify
from gateway.clock import Clock
from gateway.devices.register import Device, Register
from gateway.dialects import native
from gateway.errors import FieldProblem, Unreadable
from gateway.mirror.intake import Caller, Intake, Receipt, RepeatGuard, StoredMeeting
from gateway.profiles import translate
from gateway.web.problem import SERVER

_LOGGER = logging.getLogger(__name__)
_HEADERS = {"Content-Type": native.JSON, "Server": SERVER, "Cache-Control": "no-store"}
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
KEY_CHARACTERS = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class MeetingCalls:
    """The handlers of `/api/v1/devices/{device_id}/meetings`."""

    register: Register
    intake: Intake
    clock: Clock

    async def post(self, request: web.Request) -> web.Response:
        """Create or change the meeting named by the body's own id."""
        return await self._accept(request, None)

    async def put(self, request: web.Request) -> web.Response:
        """Create or change the meeting named in the path."""
        return await self._accept(request, request.match_info["external_id"])

    async def get(self, request: web.Request) -> web.Response:
        """Tell how a meeting stands."""
        device = self._device(request)
        stored = await self.intake.find(_caller(device), request.match_info["external_id"])
        return _json(200, _standing(device, stored))

    async def delete(self, request: web.Request) -> web.Response:
        """Cancel a meeting."""
        device = self._device(request)
        receipt = await self.intake.cancel(_caller(device), request.match_info["external_id"])
        return _json(202 if receipt.fresh else 200, _answer(receipt))

    async def _accept(self, request: web.Request, external_id: str | None) -> web.Response:
        device = self._device(request)
        body = await request.read()
        payload = native.decode(request.content_type, body, request.charset)
        context = translate.Context(
            external_id=external_id,
            device_zone=device.time_zone,
            now_s=self.clock.now_ms() // 1000,
            text_values=request.content_type == native.FORM,
        )
        said = translate.to_meeting(device.profile, payload, context)
        if said.ignored:
            _LOGGER.debug("fields nobody knows", extra={"device": device.row.name, "fields": ", ".join(said.ignored)})
        receipt = await self.intake.accept(
            _caller(device),
            said.meeting,
            shape=said.shape,
            warnings=said.warnings,
            guard=_repeat_guard(request, body),
        )
        return _json(202 if receipt.fresh else 200, _answer(receipt))

    def _device(self, request: web.Request) -> Device:
        return identify(self.register, request.match_info["device_id"], request.headers.get("Authorization"))


def _caller(device: Device) -> Caller:
    return Caller(device_id=device.row.id, name=device.row.name)


def _repeat_guard(request: web.Request, body: bytes) -> RepeatGuard | None:
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    if not 1 <= len(key) <= KEY_CHARACTERS or not key.isprintable():
        reason = f"must be 1 to {KEY_CHARACTERS} printable characters"
        raise Unreadable(FieldProblem("Idempotency-Key", reason))
    said = hashlib.sha256(
        f"{request.method} {request.path} {request.content_type}\n".encode("utf-8", "surrogateescape")
    )
    said.update(body)
    return RepeatGuard(key=key, request_hash=said.digest())


def _answer(receipt: Receipt) -> str:
    """The receipt as JSON, written piece by piece: an encoder that has to find its way takes four times as long."""
    text = _ENCODER.encode
    warnings = ",".join(map(text, receipt.warnings))
    return (
        f'{{"id":"{receipt.meeting_id}","external_id":{text(receipt.external_id)},"revision":{receipt.revision},'
        f'"state":"{receipt.state}","start_utc":"{_utc(receipt.start_utc_s)}","end_utc":"{_utc(receipt.end_utc_s)}",'
        f'"zone":{text(receipt.zone)},"warnings":[{warnings}]}}'
    )


def _standing(device: Device, stored: StoredMeeting) -> str:
    more = {
        "event_link": stored.event_link,
        "last_problem": {"code": stored.last_code, "text": stored.last_text} if stored.last_code else None,
        "meeting": translate.to_payload(device.profile, stored.shape, stored.meeting),
    }
    return f"{_answer(stored.receipt)[:-1]},{_ENCODER.encode(more)[1:]}"


def _utc(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def _json(status: int, body: str) -> web.Response:
    return web.Response(status=status, body=body.encode(), headers=_HEADERS)
