"""The UCM HTTPS API as the gateway speaks it: log in, schedule, change, cancel, read; bytes and cookies are elsewhere.

The HTTP status is always 200; what became of a request is `status` in the body (Grandstream "HTTPS API" guide). The
names of actions and parameters are those of the device's profile.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC

from aiohttp import web

from gateway.access.envelope_sessions import LoginRestricted
from gateway.device_api import hearing
from gateway.device_api.answers import utc
from gateway.device_api.door import DeviceDoor, caller, must_speak
from gateway.devices.register import Device
from gateway.dialects import native, ucm_envelope
from gateway.dialects.ucm_envelope import EnvelopeRequest, Status
from gateway.domain.meeting import Meeting
from gateway.domain.occurrence import OccurrenceChange
from gateway.domain.zones import offset_text, to_local
from gateway.errors import (
    BadPayload,
    Conflict,
    FieldProblem,
    GatewayError,
    NotAuthorized,
    NotFound,
    StoreError,
    TimeTaken,
    Unreadable,
)
from gateway.mirror.intake.receipts import Receipt
from gateway.profiles import translate
from gateway.profiles.model import Api
from gateway.profiles.vocabulary import Dialect
from gateway.web.problem import SERVER, HttpProblem

_HEADERS = {"Content-Type": f"{native.JSON};charset=UTF-8", "Server": SERVER, "Cache-Control": "no-store"}
MOST_ON_A_PAGE = 200
_WRONG_LOGIN = (
    "Wrong user name or key, or the challenge is over, or the device's profile does not speak this API. Ask for a new "
    "challenge; the token is the MD5 of challenge and key."
)


@dataclass(frozen=True, slots=True)
class EnvelopeCalls:
    """The handlers of `/api`, at a device's own address and at the server's root."""

    door: DeviceDoor

    async def at_root(self, request: web.Request) -> web.Response:
        """Here the device is who logs in as its user."""
        return await self._answered(request, None)

    async def at_device(self, request: web.Request) -> web.Response:
        """Here the device is named by the address; the user may have any name, as the clients of real units do."""
        return await self._answered(request, request.match_info["device_id"])

    async def _answered(self, request: web.Request, device_id: str | None) -> web.Response:
        said: EnvelopeRequest | None = None
        try:
            said = ucm_envelope.read(await request.read())
            body = await self._do(request, device_id, said)
        except GatewayError as error:
            body = ucm_envelope.refusal(_status(error, said), str(error))
        return web.Response(body=body, headers=_HEADERS)

    async def _do(self, request: web.Request, device_id: str | None, said: EnvelopeRequest) -> bytes:
        if said.action == "challenge":
            user = device_id or ucm_envelope.word(said.fields, "user")
            challenge = self.door.sessions.challenge(request.remote or "", user)
            return ucm_envelope.answer(Status.DONE, {"challenge": challenge})
        if said.action == "login":
            return self._login(request, device_id or ucm_envelope.word(said.fields, "user"), said)
        device = self._logged_in(device_id, said.cookie)
        if device is None:
            if not said.cookie:
                return ucm_envelope.refusal(Status.NEED_AUTHENTICATION, "Log in first: challenge, then login.")
            return ucm_envelope.refusal(Status.COOKIE_ERROR, "The cookie is over or wrong. Log in again.")
        hearing.let_in(device.row.name, "UCM login")
        try:
            self.door.admit(device)
            must_speak(device, Dialect.UCM_ENVELOPE)
            reply, receipts = await self._act(device, said)
        except GatewayError as error:
            self.door.heard(device, error)
            raise
        self.door.heard(device, receipts=receipts)
        return reply

    async def again(self, device: Device, said: EnvelopeRequest) -> tuple[bytes, tuple[Receipt, ...]]:
        """Do a request once more that was logged in when it came; the reply's body, and what was done. Raises."""
        must_speak(device, Dialect.UCM_ENVELOPE)
        return await self._act(device, said)

    def _login(self, request: web.Request, user: str, said: EnvelopeRequest) -> bytes:
        device, keys = self.door.keeper.for_challenge(user)
        name = device.row.name if device is not None else ""
        token = ucm_envelope.word(said.fields, "token")
        cookie = self.door.sessions.login(request.remote or "", user, token, device=name, keys=keys)
        if cookie is None:
            if self.door.visitors is not None:
                self.door.visitors.turned_away(user, request.remote or "")
            hearing.turned_away(user, NotAuthorized(_WRONG_LOGIN))
            return ucm_envelope.refusal(Status.WRONG_PASSWORD, _WRONG_LOGIN)
        return ucm_envelope.answer(Status.DONE, {"cookie": cookie})

    def _logged_in(self, device_id: str | None, cookie: str) -> Device | None:
        """Return whose cookie it is, while that device is served and the key it logged in with is good."""
        found = self.door.sessions.find(cookie) if cookie else None
        if found is None:
            return None
        name, key_hash = found
        device = self.door.register.find(name) if device_id in (None, name) else None
        if device is None or key_hash not in (device.row.key_hash, device.row.old_key_hash):
            return None
        return device

    async def _act(self, device: Device, said: EnvelopeRequest) -> tuple[bytes, tuple[Receipt, ...]]:
        """The reply's body, and what was done for it."""
        api = device.profile.api
        if api is not None and said.action in (*api.schedule, *api.change):
            receipt = await self.door.keep(device, said.fields, self.door.context(device))
            return _kept(api, receipt), (receipt,)
        if api is not None and said.action in api.cancel:
            receipt = await self._cancel(device, api, said)
            return _kept(api, receipt), (receipt,)
        return await self._told(device, said), ()

    async def _told(self, device: Device, said: EnvelopeRequest) -> bytes:
        api = device.profile.api
        if api is not None:
            if said.action == api.get:
                return await self._get(device, api, said)
            if said.action == api.list and self.door.lookup is not None:
                return await self._list(device, api, said)
            if said.action == api.clock:
                return ucm_envelope.answer(Status.DONE, ucm_envelope.placed(api.clock_path, self._clock(device)))
        return ucm_envelope.refusal(Status.UNSUPPORTED, f"This gateway knows: {_known(api)}.")

    async def _cancel(self, device: Device, api: Api, said: EnvelopeRequest) -> Receipt:
        external_id = _id(api, said)
        if device.profile.says_more:
            context = self.door.context(device, external_id=external_id)
            head = translate.head(device.profile, said.fields, context)
            if head.original_start is not None:
                change = OccurrenceChange(original=head.original_start, meeting=None)
                return await self.door.intake.change_occurrence(caller(device), external_id, change, shape=head.shape)
        return await self.door.intake.cancel(caller(device), external_id)

    async def _get(self, device: Device, api: Api, said: EnvelopeRequest) -> bytes:
        stored = await self.door.intake.find(caller(device), _id(api, said))
        if stored.receipt.state == "cancelled":
            raise NotFound("This meeting was cancelled.")
        return ucm_envelope.answer(Status.DONE, ucm_envelope.placed(api.detail, _words(device, api, stored.meeting)))

    async def _list(self, device: Device, api: Api, said: EnvelopeRequest) -> bytes:
        size = ucm_envelope.number(
            said.fields, api.size_parameter, least=1, most=MOST_ON_A_PAGE, default=min(api.page_size, MOST_ON_A_PAGE)
        )
        page = ucm_envelope.number(said.fields, api.page_parameter, least=1, most=1_000_000, default=1)
        descending = bool(api.order_parameter) and said.fields.get(api.order_parameter) == "desc"
        assert self.door.lookup is not None  # noqa: S101 - asked before
        found = await self.door.lookup.page(caller(device), skip=(page - 1) * size, most=size, descending=descending)
        response = ucm_envelope.placed(api.items, [_words(device, api, each.meeting) for each in found.meetings])
        if api.total_items:
            response[api.total_items] = found.total
        if api.total_pages:
            response[api.total_pages] = -(-found.total // size)
        return ucm_envelope.answer(Status.DONE, response)

    def _clock(self, device: Device) -> str:
        """The time as a UCM shows it, `2018-05-01 10:00:00 UTC+08:00`, in the device's zone."""
        now_s = self.door.clock.now_ms() // 1000
        local = to_local(now_s, device.time_zone or "UTC")
        minutes = (int(local.replace(tzinfo=UTC).timestamp()) - now_s) // 60
        return f"{local:%Y-%m-%d %H:%M:%S} {offset_text(minutes)}"


def _status(error: GatewayError, said: EnvelopeRequest | None) -> Status:
    """Which of the API's results says best what happened and whether to try again."""
    if isinstance(error, BadPayload):
        sent = said.fields if said is not None else {}
        missing = any(problem.field.partition(".")[0].partition("[")[0] not in sent for problem in error.problems)
        return Status.INVALID_PARAMETERS if missing else Status.INVALID_VALUE
    if isinstance(error, HttpProblem):
        return {503: Status.AGAIN_IN_60_S, 429: Status.AGAIN_IN_15_S}.get(error.status, Status.UNSUPPORTED)
    results: tuple[tuple[type[GatewayError], Status], ...] = (
        (Unreadable, Status.INVALID_PARAMETERS),
        (NotFound, Status.NO_SUCH_ITEM),
        (TimeTaken, Status.INVALID_VALUE),
        (Conflict, Status.CHANGED_MEANWHILE),
        (LoginRestricted, Status.LOGIN_RESTRICTED),
        # A client of the API comes again after these seconds, and by then there may be room on the disk.
        (StoreError, Status.AGAIN_IN_15_S),
    )
    return next((status for kind, status in results if isinstance(error, kind)), Status.ABNORMAL_ERROR)


def _id(api: Api, said: EnvelopeRequest) -> str:
    external_id = ucm_envelope.word(said.fields, api.id_parameter)
    if not external_id:
        raise BadPayload([FieldProblem(api.id_parameter, "is required: the device's own id of the meeting")])
    return external_id


def _words(device: Device, api: Api, meeting: Meeting) -> dict[str, object]:
    """A meeting in the device's words, as its API gives it back."""
    return {api.id_parameter: meeting.external_id, **translate.to_payload(device.profile, api.shape, meeting)}


def _kept(api: Api, receipt: Receipt) -> bytes:
    """The reply to a request that was done: the id, and what was understood."""
    response: Mapping[str, object] = {
        api.id_parameter: receipt.external_id,
        "state": receipt.state,
        "revision": receipt.revision,
        "start_utc": utc(receipt.start_utc_s),
        "end_utc": utc(receipt.end_utc_s),
        "zone": receipt.zone,
        "warnings": list(receipt.warnings),
    }
    return ucm_envelope.answer(Status.DONE, response)


def _known(api: Api | None) -> str:
    names = ["challenge", "login"]
    if api is not None:
        names += [*api.schedule, *api.change, *api.cancel, *filter(None, (api.get, api.list, api.clock))]
    return ", ".join(names)
