"""A UCM that pushes in the words of its own HTTPS API to the gateway's `/api`: challenge, login, cookie, actions."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any

from simulator.pbx.booking import Booking, ScheduleForm
from simulator.pbx.push import Answer
from simulator.pbx.send.sender import JSON_TYPE, Sender
from simulator.pbx.wire import Shape, fields

_ADD = "addMultimediaConferenceReservation"
_UPDATE = "updateMultimediaConferenceReservation"
_DELETE = "deleteMultimediaConferenceReservation"
_GET = "getMultimediaConferenceReservation"
_LOG_IN_AGAIN = frozenset({-5, -6, -8})
_LATER_S = {-45: 15.0, -46: 15.0, -57: 60.0}
_TRIES = 4
ORIGINAL = "original_starttime"
"""Names the occurrence a call is about, by the local start it has in the series (a guessed name)."""


class EnvelopeAnswer(Answer):
    """An answer whose result is `status` in its body; HTTP says 200 to everything."""

    __slots__ = ()

    @property
    def result(self) -> int | None:
        """The API's status; None when the answer has none."""
        status = self.body.get("status")
        return status if isinstance(status, int) and not isinstance(status, bool) else None

    @property
    def ok(self) -> bool:
        """Whether the gateway took it: status 0."""
        return self.status == 200 and self.result == 0

    @property
    def reason(self) -> str:
        """One line on why it was refused."""
        response = self.body.get("response")
        said = response.get("error_msg") if isinstance(response, dict) else None
        return f"status {self.result}{f': {said}' if said else ''}" if self.result is not None else super().reason


class EnvelopePusher(Sender):
    """Logs in as `device_id` with the device's key as password; `at_root` False uses the address below the device's."""

    kind = "envelope"
    agent = "Grandstream UCM6304 1.0.25.7 (simulated)"
    at_root = True
    cookie = ""

    async def call(self, action: str, external_id: str = "", **said: Any) -> EnvelopeAnswer:
        """Make one call, logged in; logs in again when the cookie is refused, waits when told it is too frequent."""
        answer = await self._with_cookie(action, external_id, said)
        for _ in range(_TRIES - 1):
            if answer.result in _LOG_IN_AGAIN:
                self.cookie = ""
            elif answer.result in _LATER_S:
                await self.line.pause(_LATER_S[answer.result or 0])
            else:
                break
            answer = await self._with_cookie(action, external_id, said)
        return answer

    async def log_in(self, password: str | None = None) -> EnvelopeAnswer:
        """Ask for a challenge and log in; the cookie is kept. `password` is the key unless given."""
        asked = await self._envelope({"action": "challenge", "user": self.line.device_id, "version": "1.0"})
        challenge = _said(asked, "challenge")
        if not challenge:
            return asked
        text = challenge + (self._key if password is None else password)
        token = hashlib.md5(text.encode()).hexdigest()  # noqa: S324 - what the API asks for
        said = {"action": "login", "user": self.line.device_id, "token": token, "url": self.line.base}
        answer = await self._envelope(said)
        self.cookie = _said(answer, "cookie")
        return answer

    def secrets(self) -> set[str]:
        """What nobody may see printed, beside PINs."""
        return {*super().secrets(), self.cookie}

    async def look(self, external_id: str) -> EnvelopeAnswer:
        """Ask what the gateway knows of a meeting."""
        return await self.call(_GET, external_id, bookid=external_id)

    async def _tell(self, booking: Booking, *, new: bool) -> Answer:
        said = fields(booking, Shape.FORM)
        return await self.call(_ADD if new else _UPDATE, booking.book_id, **said)

    async def _tell_occurrence(self, external_id: str, original: datetime, form: ScheduleForm | None) -> Answer:
        """A cancel first and then an update, the order in which the device's own mails go out."""
        named = {"bookid": external_id, ORIGINAL: f"{original:%Y-%m-%d %H:%M:%S}"}
        cancelled = await self.call(_DELETE, external_id, **named)
        if form is None or not cancelled.ok:
            return cancelled
        times = {"starttime": f"{form.start:%Y-%m-%d %H:%M:%S}", "endtime": f"{form.end:%Y-%m-%d %H:%M:%S}"}
        return await self.call(_UPDATE, external_id, **named, **times, timezone=form.time_zone, confname=form.subject)

    async def _tell_cancelled(self, external_id: str) -> Answer:
        return await self.call(_DELETE, external_id, bookid=external_id)

    async def _with_cookie(self, action: str, external_id: str, said: dict[str, Any]) -> EnvelopeAnswer:
        if not self.cookie:
            answer = await self.log_in()
            if not answer.ok:
                return answer
        return await self._envelope({"action": action, "cookie": self.cookie, **said}, external_id)

    async def _envelope(self, request: dict[str, Any], external_id: str = "") -> EnvelopeAnswer:
        url = f"{self.line.base if self.at_root else self.line.device_address()}/api"
        body = json.dumps({"request": request}, ensure_ascii=False)
        got = await self._ask("POST", url, external_id, headers=JSON_TYPE, body=body, with_key=False)
        return EnvelopeAnswer(
            external_id=got.external_id,
            status=got.status,
            body=got.body,
            text=got.text,
            tries=got.tries,
            retry_after_s=got.retry_after_s,
        )


def _said(answer: Answer, name: str) -> str:
    response = answer.body.get("response")
    value = response.get(name) if isinstance(response, dict) else None
    return value if isinstance(value, str) else ""
