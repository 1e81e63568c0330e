"""What every simulated sender has: a line to the gateway, a memory of what it sent, the verbs a dialect may have."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self
from urllib.parse import quote, quote_plus, urlencode

from simulator.pbx.booking import Booking, ScheduleForm
from simulator.pbx.memory import Kept
from simulator.pbx.push import Answer, Line, Patience, Pause
from simulator.pbx.report import HIDDEN
from simulator.pbx.state import DEFAULT_ZONE, Now, State, system_now
from simulator.pbx.usecases import NoSuchBooking, heard
from simulator.pbx.wire import PIN_FIELDS, CannotSay

FORM_TYPE = {"Content-Type": "application/x-www-form-urlencoded"}
JSON_TYPE = {"Content-Type": "application/json;charset=UTF-8"}
_NAMES = "|".join(sorted(PIN_FIELDS))
_PINS = re.compile(rf'((?:"(?:{_NAMES})": ?"?)|(?:\b(?:{_NAMES})=))[0-9]+')


class Sender:
    """`async with KIND(base, device_id, key) as sender: answer = await sender.schedule(form)`.

    Verbs that the dialect has no words for raise CannotSay; all raise GatewayUnreachable when no try brought an
    answer. `external_id` is the device's own id of a meeting. `last` shows the last call as `METHOD URL` and its text,
    with the key and PINs in clear.
    """

    kind: ClassVar[str]
    agent: ClassVar[str]

    def __init__(
        self,
        gateway_base: str,
        device_id: str,
        key: str,
        *,
        seed: int | None = None,
        zone: str = DEFAULT_ZONE,
        memory: Path | None = None,
        patience: Patience | None = None,
        now: Now = system_now,
        pause: Pause = asyncio.sleep,
    ) -> None:
        self._rng = random.Random(seed)  # noqa: S311 - repeatable make-believe, nothing is protected by it
        self._key = key
        self.state = State(rng=self._rng, now=now, zone=zone, path=memory)
        self.line = Line(
            gateway_base,
            device_id,
            key,
            rng=self._rng,
            patience=patience or Patience(),
            pause=pause,
            agent=self.agent,
        )
        self.last: tuple[str, str] = ("", "")

    async def __aenter__(self) -> Self:
        await self.line.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.line.close()

    async def schedule(self, form: ScheduleForm, *, external_id: str | None = None) -> Answer:
        """Book a meeting and tell the gateway; the device makes the id unless `external_id` is given."""
        booking = self.state.book(form, external_id)
        answer = await self._tell(booking, new=True)
        if answer.ok:
            self.state.remember(booking, heard=heard(answer))
        return answer

    async def change(self, external_id: str, form: ScheduleForm) -> Answer:
        """Tell the gateway that a meeting, or a whole series, is now as in `form`."""
        self.known(external_id)
        booking = Booking(book_id=external_id, form=self.state.completed(form))
        before = self.state.kept(external_id)
        self.state.remember(booking)
        answer = await self._tell(booking, new=False)
        if answer.ok:
            self.state.remember(booking, heard=heard(answer))
        else:
            self.state.restore(external_id, before)
        return answer

    async def move(self, external_id: str, start: datetime, *, minutes: int | None = None) -> Answer:
        """Give a meeting, or a whole series, another local start; as long as before unless `minutes` says otherwise."""
        return await self.change(external_id, self.known(external_id).moved(start, minutes=minutes))

    async def move_occurrence(
        self, external_id: str, original: datetime, start: datetime, *, minutes: int | None = None
    ) -> Answer:
        """Move one day of a series; `original` is that day's local start in the series."""
        form = self.known(external_id)
        length_from = form.moved(original)
        moved = replace(length_from.moved(start, minutes=minutes))
        self.state.touch(external_id)
        return await self._tell_occurrence(external_id, original, moved)

    async def cancel_occurrence(self, external_id: str, original: datetime) -> Answer:
        """Take one day out of a series."""
        self.known(external_id)
        self.state.touch(external_id)
        return await self._tell_occurrence(external_id, original, None)

    async def cancel(self, external_id: str) -> Answer:
        """Cancel a meeting, or a whole series."""
        kept = self.state.kept(external_id)
        if kept is not None:
            self.state.touch(external_id)
        answer = await self._tell_cancelled(external_id)
        if answer.ok and kept is not None:
            self.state.remember(kept.booking, cancelled=True, heard=heard(answer))
        return answer

    def last_shown(self) -> tuple[str, str]:
        """The last call for people: key, cookie and PINs are hidden."""
        call, body = self.last
        return self._hidden(call), self._hidden(body)

    def secrets(self) -> set[str]:
        """What nobody may see printed, beside PINs."""
        return {self._key, quote(self._key, safe=""), quote_plus(self._key)}

    def known(self, external_id: str) -> ScheduleForm:
        """The form of a meeting this device booked; NoSuchBooking when it did not."""
        return self._kept(external_id).booking.form

    async def _tell(self, booking: Booking, *, new: bool) -> Answer:
        """Send a booking; a dialect that schedules or changes in another way has no use for it."""
        del booking, new
        raise CannotSay(f"{self.kind} has no words for a whole booking")

    async def _tell_occurrence(self, external_id: str, original: datetime, form: ScheduleForm | None) -> Answer:
        """`form` is None for a day that does not take place."""
        del external_id, original, form
        raise CannotSay(f"{self.kind} has no words for one occurrence of a series")

    async def _tell_cancelled(self, external_id: str) -> Answer:
        del external_id
        raise CannotSay(f"{self.kind} has no word for a cancelled meeting")

    def _hidden(self, text: str) -> str:
        for secret in sorted(self.secrets() - {""}, key=len, reverse=True):
            text = text.replace(secret, HIDDEN)
        return _PINS.sub(lambda found: f"{found[1]}{HIDDEN}", text)

    def _kept(self, external_id: str) -> Kept:
        kept = self.state.kept(external_id)
        if kept is None:
            raise NoSuchBooking(f"this device has no meeting {external_id}")
        return kept

    async def _ask(
        self,
        method: str,
        url: str,
        external_id: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: str | None = None,
        with_key: bool = True,
    ) -> Answer:
        self.last = (f"{method} {url}", body or "")
        data = body.encode() if body is not None else None
        return await self.line.ask(method, url, external_id=external_id, headers=headers, data=data, with_key=with_key)


def as_form(said: Mapping[str, object]) -> str:
    """Fields as the body of a form; every value as text."""
    return urlencode({name: str(value) for name, value in said.items()})
