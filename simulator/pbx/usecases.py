"""What people do at a simulated UCM6300: schedule, move, change, cancel; every verb tells what the gateway said."""

from __future__ import annotations

import http
from collections.abc import Mapping
from datetime import datetime

from simulator.pbx.booking import Booking, ScheduleForm
from simulator.pbx.memory import Heard, Kept
from simulator.pbx.push import Answer, BodyType, Line
from simulator.pbx.state import State
from simulator.pbx.wire import Shape, fields


class NoSuchBooking(LookupError):
    """The PBX has no such meeting."""


class UseCases:
    """The verbs. A refused change leaves the PBX's memory as it was; an unanswered one is kept, to be sent again."""

    def __init__(self, state: State, line: Line, *, shape: Shape, body_type: BodyType) -> None:
        self._state = state
        self._line = line
        self.shape = shape
        self._body_type = body_type

    async def schedule(self, form: ScheduleForm, *, external_id: str | None = None) -> Answer:
        """Press Save on a new form (POST); the PBX makes the id unless `external_id` is given."""
        return await self._save("POST", self._state.book(form, external_id))

    async def move(self, external_id: str, start: datetime, *, minutes: int | None = None) -> Answer:
        """Give a meeting another time (PUT); as long as before unless `minutes` says otherwise."""
        return await self.change(external_id, self._kept(external_id).booking.form.moved(start, minutes=minutes))

    async def change(self, external_id: str, form: ScheduleForm) -> Answer:
        """Press Save on an existing form (PUT)."""
        return await self._save("PUT", Booking(book_id=external_id, form=self._state.completed(form)))

    async def cancel(self, external_id: str) -> Answer:
        """Delete a meeting (DELETE). It may be one that this PBX does not remember."""
        answer = await self._line.call("DELETE", external_id)
        kept = self._state.kept(external_id)
        if answer.ok and kept is not None:
            self._state.remember(kept.booking, cancelled=True, heard=heard(answer))
        return answer

    async def send_again(self, external_id: str) -> Answer:
        """Push a remembered meeting once more as it is (POST), a cancelled one too: a late repeat."""
        return await self._push("POST", self._kept(external_id).booking)

    async def look(self, external_id: str) -> Answer:
        """Ask what the gateway knows (GET)."""
        return await self._line.call("GET", external_id)

    def said(self, booking: Booking) -> Mapping[str, object]:
        """The fields that go out for a booking, PINs in clear."""
        return fields(booking, self.shape)

    async def _save(self, method: str, booking: Booking) -> Answer:
        self.said(booking)  # nothing is remembered of a form that the shape cannot express
        before = self._state.kept(booking.book_id)
        self._state.remember(booking)
        answer = await self._push(method, booking)
        if answer.ok:
            self._state.remember(booking, heard=heard(answer))
        else:
            self._state.restore(booking.book_id, before)
        return answer

    async def _push(self, method: str, booking: Booking) -> Answer:
        return await self._line.call(method, booking.book_id, self.said(booking), body_type=self._body_type)

    def _kept(self, external_id: str) -> Kept:
        kept = self._state.kept(external_id)
        if kept is None:
            raise NoSuchBooking(f"this PBX has no meeting {external_id}")
        return kept


def heard(answer: Answer) -> Heard:
    """An answer in short, for the PBX's list."""
    phrase = http.HTTPStatus(answer.status).phrase if answer.status in set(http.HTTPStatus) else ""
    revision = answer.body.get("revision")
    parts = [f"{answer.status} {phrase}".strip(), *([f"revision {revision}"] if revision is not None else [])]
    warnings = answer.body.get("warnings")
    return Heard(
        line=", ".join(parts),
        start_utc=str(answer.body.get("start_utc") or ""),
        end_utc=str(answer.body.get("end_utc") or ""),
        warnings=tuple(_text(one) for one in warnings) if isinstance(warnings, list) else (),
    )


def _text(warning: object) -> str:
    """A warning is a text, or an object with a `text`, `message` or `reason`."""
    if isinstance(warning, dict):
        said = [str(warning[key]) for key in ("field", "reason", "text", "message", "detail") if warning.get(key)]
        return ": ".join(said) if said else str(warning)
    return str(warning)
