"""What all calls of devices share: who calls, whether it may now, and the way of what it said to the one intake."""

from __future__ import annotations

import hashlib
import logging
import math
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus

from aiohttp import web

from gateway.access.call_rate import CallRate
from gateway.access.credentials import Doorkeeper, StaleAnswer, identify, shown_key
from gateway.access.envelope_sessions import EnvelopeSessions
from gateway.clock import Clock
from gateway.device_api import hearing
from gateway.device_api.answers import accepted, refused
from gateway.devices.call_log import CallLog
from gateway.devices.pending import KeptCall
from gateway.devices.register import Device, Register
from gateway.devices.visitors import Visitors
from gateway.dialects import native
from gateway.domain.occurrence import OccurrenceChange, OriginalStart
from gateway.errors import BadPayload, FieldProblem, GatewayError, NotAuthorized, Unreadable
from gateway.mirror.intake.intake import Intake, RepeatGuard
from gateway.mirror.intake.lookup import Lookup
from gateway.mirror.intake.receipts import Caller, Receipt
from gateway.profiles import translate
from gateway.profiles.vocabulary import Dialect
from gateway.web.problem import HttpProblem, status_of

_LOGGER = logging.getLogger(__name__)
KEY_CHARACTERS = 255
PAUSED_RETRY_S = 60
TOO_MANY_CALLS = "too-many-calls"
MEETINGS = "/api/v1/devices/{device_id}/meetings"
_KEPT = (MEETINGS, MEETINGS + "/{external_id}")
_WAYS: Mapping[Dialect, str] = {
    Dialect.JSON: "JSON at …/meetings",
    Dialect.FORM: "forms at …/meetings",
    Dialect.UCM_ENVELOPE: "the UCM HTTPS API at …/api",
    Dialect.ITIP: "text/calendar at …/calendar",
    Dialect.JITSI: "Jitsi's reservation API at …/conference",
    Dialect.ACTION_URL: "Action URLs at …/action",
}
_BODIES = {native.JSON: Dialect.JSON, native.FORM: Dialect.FORM}


@dataclass(slots=True, kw_only=True)
class DeviceDoor:
    """The devices' door; every dialect's handlers stand behind it."""

    register: Register
    intake: Intake
    clock: Clock
    lookup: Lookup | None = None
    visitors: Visitors | None = None
    log: CallLog | None = None
    rate: CallRate | None = None
    keeper: Doorkeeper = field(init=False)
    sessions: EnvelopeSessions = field(init=False)

    def __post_init__(self) -> None:
        self.keeper = Doorkeeper(self.register, self.clock)
        self.sessions = EnvelopeSessions(self.clock)

    def device(self, request: web.Request) -> Device:
        """Return the device that the `Authorization` header proves. Raises NotAuthorized."""
        name, said = request.match_info["device_id"], request.headers.get("Authorization")
        try:
            if said is not None and said[:6].lower() == "digest":
                device = self.keeper.by_digest(name, said, method=request.method, target=request.raw_path)
            else:
                device = identify(self.register, name, said)
        except NotAuthorized as error:
            raise self.not_authorized(error) from error
        hearing.let_in(name)
        return device

    async def enter(self, request: web.Request) -> Device:
        """As `device`; who is turned away is noted, so that an administrator sees who wants to connect."""
        try:
            return self.device(request)
        except GatewayError:
            await self.turned_away(request)
            raise

    async def turned_away(self, request: web.Request) -> None:
        """Note a call that showed a wrong key, or the key of nobody; a call without any is nobody's."""
        if self.visitors is None or "Authorization" not in request.headers:
            return
        kept = await self._kept(request)

        def call() -> KeptCall | None:
            return kept

        name, said = request.match_info["device_id"], request.headers["Authorization"]
        self.visitors.turned_away(name, request.remote or "", call, lambda: shown_key(said, name))

    async def _kept(self, request: web.Request) -> KeptCall | None:
        """Return what is kept of a stranger's call: of those about one whole meeting, and no others.

        The bodies of POST and PUT were read before, within their limits; of other calls none is read.
        """
        resource = request.match_info.route.resource
        if resource is None or resource.canonical not in _KEPT or request.method not in ("POST", "PUT", "DELETE"):
            return None
        return KeptCall(
            method=request.method,
            path=request.match_info.get("external_id", ""),
            content_type=request.content_type,
            body=b"" if request.method == "DELETE" else await request.read(),
            at_ms=self.clock.now_ms(),
        )

    def heard(self, device: Device, error: GatewayError | None = None, *, receipts: Sequence[Receipt] = ()) -> None:
        """Note that a device with the right key was understood, or why not; what comes of the gateway is not noted.

        `receipts` are what it is told, if the call was about meetings.
        """
        hearing.outcome(receipts, error)
        if self.visitors is None or (error is not None and error.code == TOO_MANY_CALLS):
            return
        if error is None:
            self.visitors.let_in(device.row.name)
        elif status_of(error) < HTTPStatus.INTERNAL_SERVER_ERROR:
            self.visitors.refused(device.row.name, error.code, str(error))

    def admit(self, device: Device) -> None:
        """Count a call of a device. Raises HttpProblem when it is paused, or makes too many."""
        must_be_awake(device)
        if self.rate is None or (too_many := self.rate.count(device.row.name)) is None:
            return
        hearing.slowed(noted=too_many.noted)
        text = (
            f"This device makes more than {self.rate.per_minute} calls a minute. Nothing was kept; send the call again "
            "after the time in Retry-After."
        )
        raise HttpProblem(429, TOO_MANY_CALLS, text, headers={"Retry-After": str(math.ceil(too_many.wait_s))})

    async def answer(self, device: Device, work: Coroutine[None, None, Receipt]) -> web.Response:
        """Do the work unless the device may not call now, and answer in the words of its profile if it has some."""
        try:
            self.admit(device)
            receipt = await work
        except GatewayError as error:
            self.heard(device, error)
            return refused(device, error)
        finally:
            work.close()
        self.heard(device, receipts=(receipt,))
        return accepted(device, receipt)

    def not_authorized(self, error: NotAuthorized) -> HttpProblem | NotAuthorized:
        """The same refusal with the challenges of RFC 7616 in it, where a device needs them."""
        challenges = self.keeper.challenges(stale=isinstance(error, StaleAnswer))
        if not challenges:
            return error
        return HttpProblem(
            401,
            error.code,
            str(error),
            errors=(FieldProblem("Authorization", str(error)),),
            headers={"WWW-Authenticate": ", ".join(challenges)},
        )

    def context(self, device: Device, external_id: str | None = None, text_values: bool = False) -> translate.Context:
        """What is known about a call of this device beside its body."""
        now_s = self.clock.now_ms() // 1000
        return translate.Context(external_id, device.time_zone, now_s, text_values, device.directory)

    def keep(
        self,
        device: Device,
        payload: Mapping[str, object],
        context: translate.Context,
        guard: RepeatGuard | None = None,
    ) -> Coroutine[None, None, Receipt]:
        """Do what a call says: keep a meeting, change or cancel one occurrence of it, or cancel it whole.

        What it says is understood at once; what is returned has to be awaited.
        """
        if device.profile.says_more:
            head = _head(device, payload, context)
            if head.original_start is not None or head.cancels:
                return self._keep_part(device, payload, context, head, guard)
        said = translate.to_meeting(device.profile, payload, context)
        if said.ignored:
            _note_ignored(device, said)
        self.register.directory.learn(device, said.meeting)
        return self.intake.accept(caller(device), said.meeting, shape=said.shape, warnings=said.warnings, guard=guard)

    async def _keep_part(
        self,
        device: Device,
        payload: Mapping[str, object],
        context: translate.Context,
        head: translate.Head,
        guard: RepeatGuard | None,
    ) -> Receipt:
        if head.original_start is None:
            return await self.intake.cancel(caller(device), head.external_id)
        if head.cancels:
            change = OccurrenceChange(original=head.original_start, meeting=None)
            return await self.intake.change_occurrence(
                caller(device), head.external_id, change, shape=head.shape, guard=guard
            )
        context = context._replace(external_id=head.external_id)
        return await self.change_occurrence(device, payload, context, head.original_start, guard=guard)

    async def change_occurrence(
        self,
        device: Device,
        payload: Mapping[str, object],
        context: translate.Context,
        original: OriginalStart,
        *,
        guard: RepeatGuard | None = None,
    ) -> Receipt:
        """Keep what a call says of the occurrence at `original`; what it does not say is the series'."""
        external_id = context.external_id or ""
        series = await self.intake.series(caller(device), external_id)
        said = translate.to_occurrence(device.profile, payload, context, series.meeting, original)
        if said.ignored:
            _note_ignored(device, said)
        return await self.intake.change_occurrence(
            caller(device),
            external_id,
            OccurrenceChange(original=original, meeting=said.meeting),
            shape=said.shape,
            warnings=said.warnings,
            guard=guard,
        )


def _head(device: Device, payload: Mapping[str, object], context: translate.Context) -> translate.Head:
    """What a call is about. Raises BadPayload, with the mistakes in all the rest of the call if it has some."""
    try:
        return translate.head(device.profile, payload, context)
    except BadPayload:
        translate.to_meeting(device.profile, payload, context)
        raise


def caller(device: Device) -> Caller:
    """Return the device as the intake knows it."""
    row = device.row
    return Caller(row.id, row.name, device.policy.conflict, device.policy.account)


def must_be_awake(device: Device) -> None:
    """Raise HttpProblem when an administrator paused the device."""
    if device.paused:
        text = "An administrator paused this device at the gateway. Nothing was kept; send the call again later."
        raise HttpProblem(503, "device-paused", text, headers={"Retry-After": str(PAUSED_RETRY_S)})


def payload_of(device: Device, request: web.Request, body: bytes) -> tuple[dict[str, object], bool]:
    """Return the fields of a JSON or form body, and whether they are all text.

    Raises Unreadable, and HttpProblem 415 when the profile does not have this one of the two.
    """
    kind = request.content_type
    dialect = _BODIES.get(kind)
    if dialect is not None and dialect not in device.profile.dialects:
        must_speak(device, dialect, 415)
    return native.decode(kind, body, request.charset), dialect is Dialect.FORM


def must_speak(device: Device, dialect: Dialect, status: int = 404) -> None:
    """Raise HttpProblem when the device's profile does not have this dialect."""
    if dialect in device.profile.dialects:
        return
    spoken = "; ".join(way for each, way in _WAYS.items() if each in device.profile.dialects)
    text = f"The profile {device.profile.id} of this device does not speak {_WAYS[dialect]}. It speaks: {spoken}."
    place = "Content-Type" if status == 415 else "address"
    raise HttpProblem(status, "dialect-not-spoken", text, errors=(FieldProblem(place, text),))


def repeat_guard(request: web.Request, body: bytes) -> RepeatGuard | None:
    """Return the call's Idempotency-Key with the hash of the call, None without one. Raises Unreadable."""
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


def _note_ignored(device: Device, said: translate.Translation) -> None:
    _LOGGER.debug("fields nobody knows", extra={"device": device.row.name, "fields": ", ".join(said.ignored)})
