"""What the pages show of calls: lists over memory and disk, one call from all sides; calls are done elsewhere."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from gateway import messages
from gateway.devices.call_log import CallLog, HeardCall, Result, cleaned, from_json
from gateway.devices.likely import LONGEST_SUBJECT, likely
from gateway.devices.register import Device, Register
from gateway.domain.actor import Actor
from gateway.domain.meeting import Meeting
from gateway.errors import BadPayload, FieldProblem, NotFound, Unreadable
from gateway.messages import Message
from gateway.messages.languages import tr
from gateway.mirror.poll.reading import note_of
from gateway.mirror.poll.state import PollStatus, status_of
from gateway.operations.call_understood import Understood, understood
from gateway.operations.profiles.fixture import fixture_or_raw
from gateway.profiles.fields import Part
from gateway.profiles.model import Profile
from gateway.profiles.translate import Context
from gateway.store import audit, calls, polling
from gateway.store.database import Database
from gateway.store.polling import PolledMeeting

ON_A_PAGE = 50
MOST_LOOKED_THROUGH = 400
"""Calls on disk that one page looks through for a text; the link to older ones goes on from there."""
_SUMMARY = re.compile(rb"^SUMMARY[^:\r\n]*:([^\r\n]*)", re.M)
_LINE = re.compile(r"line (\d+)", re.I)
_ZONE = re.compile(r"'(.*)' is not a known time zone", re.S)
_STARTS = frozenset({Part.START, Part.START_DATE, Part.START_TIME})


class Opened(Protocol):
    """What a call says of one meeting (see `dialects.whole_call`)."""

    @property
    def fields(self) -> Mapping[str, object]:
        """Its fields, in the words of the device."""

    @property
    def text_values(self) -> bool:
        """Whether all values are text."""

    @property
    def external_id(self) -> str | None:
        """What the address names."""

    @property
    def cancels(self) -> bool | None:
        """Whether it cancels, None where the fields say so."""

    @property
    def original(self) -> object:
        """The occurrence it is about, None where the fields say so."""

    @property
    def action(self) -> str:
        """The name of the request, empty where it has none."""


Open = Callable[[str, str, str, bytes], Sequence[Opened]]
"""Opens a call: method, path, content type, body. Raises Unreadable, BadPayload."""
Series = Callable[[Device, str], Awaitable[Meeting | None]]
"""The meeting of a device that an occurrence belongs to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLine:
    """One call in a list; `subject` is what the meeting seems to be called, empty where that cannot be told."""

    call: HeardCall
    subject: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallPage:
    """Some calls, the newest first, without secrets; `older` is where the next page begins, None at the end."""

    lines: tuple[CallLine, ...]
    older: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallView:
    """One call from all sides, without secrets.

    `sent` and `answered` are texts to read; `cut` says that only the beginning of the body is here. `message` is what
    the catalogue says about it, None when there is nothing to say. `repeats` says that it can be done again.
    """

    call: HeardCall
    device: Device | None
    sent: str
    answered: str
    cut: bool
    said: tuple[Understood, ...]
    unreadable: str
    message: Message | None
    warning: Message | None
    repeats: bool
    fixture: bool


class CallDesk:
    """Looks calls up. `opened` opens them, `series` finds what an occurrence is of."""

    def __init__(
        self,
        *,
        log: CallLog,
        database: Database,
        register: Register,
        now_ms: Callable[[], int],
        opened: Open,
        series: Series,
    ) -> None:
        self._log = log
        self._database = database
        self._register = register
        self._now_ms = now_ms
        self._opened = opened
        self._series = series

    async def page(
        self, *, device: str | None = None, result: str = "", text: str = "", before: int | None = None
    ) -> CallPage:
        """Return some calls, of one device or of all; `before` is `CallPage.older` of the page before."""
        known = self._register.find(device) if device is not None else None
        most = MOST_LOOKED_THROUGH if result or text else ON_A_PAGE + 1
        found = {call.number: call for call in self._log.recent(device, before=before, most=most)}
        more = len(found) == most
        if device is None or known is not None:
            since_ms, row_id = self._now_ms() - calls.KEPT_MS, known.row.id if known is not None else None
            rows = await self._database.read(
                lambda conn: calls.page(conn, device_id=row_id, before=before, most=most, since_ms=since_ms)
            )
            found = {row.id: from_json(row.document) for row in rows} | found
            more = more or len(rows) == most
        return self._page(sorted(found.values(), key=lambda call: -call.number), result, text.casefold(), more=more)

    def _page(self, found: Sequence[HeardCall], result: str, text: str, *, more: bool) -> CallPage:
        shown: list[CallLine] = []
        for looked, raw in enumerate(found):
            if len(shown) == ON_A_PAGE or looked == MOST_LOOKED_THROUGH:
                return CallPage(lines=tuple(shown), older=raw.number + 1)
            if result and raw.result.value != result:
                continue
            call = self._clean(raw)
            if not text or text in _searched(call):
                shown.append(CallLine(call=call, subject=self._subject(call)))
        return CallPage(lines=tuple(shown), older=found[-1].number if more else None)

    async def raw(self, number: int) -> HeardCall:
        """Return a call as it is kept; what it holds may be secret. Raises NotFound."""
        call = self._log.get(number)
        if call is not None:
            return call
        row = await self._database.read(lambda conn: calls.get(conn, number))
        if row is None or row.at < self._now_ms() - calls.KEPT_MS:
            raise NotFound("This call is no longer kept.")
        return from_json(row.document)

    async def view(self, number: int) -> CallView:
        """Return one call. Raises NotFound when it is no longer kept."""
        raw = await self.raw(number)
        device = self._register.find(raw.device)
        said, unreadable = await self._understood(raw, device)
        call = self._clean(raw)
        suspect = next((one.suspect for one in said if one.suspect), "")
        return CallView(
            call=call,
            device=device,
            sent=readable(call.body.decode("utf-8", "replace")),
            answered=readable(call.answer.decode("utf-8", "replace")),
            cut=raw.size > len(raw.body) and not raw.clean,
            said=said,
            unreadable=unreadable,
            message=_but_this_call(_message(call, device)),
            warning=_warning(call, device, suspect),
            repeats=raw.whole and raw.proven and device is not None,
            fixture=device is not None and bool(said) and bool(raw.body),
        )

    def refused(self, device: str) -> Message | None:
        """Return what is said of a device's newest call that was refused, with the way to it; None if it was taken."""
        call = next((each for each in self._log.recent(device) if each.proven), None)
        if call is None or call.result not in (Result.REFUSED, Result.UNREADABLE):
            return None
        return _message(self._clean(call), self._register.find(device))

    async def fixture(self, number: int) -> str:
        """Return a call as an example of its profile, without people and secrets. Raises NotFound, Unreadable."""
        raw = await self.raw(number)
        device = self._register.find(raw.device)
        if device is None:
            raise NotFound("There is no such device any more.")
        texts = []
        for one in self._opened(raw.method, raw.path, raw.content_type, raw.body):
            context = self._context(raw, device, one)
            texts.append(fixture_or_raw(device.profile, one.fields, context, name=f"captured call {number}")[0])
        return "examples:\n" + "".join(texts)

    def fields(self, call: HeardCall) -> Sequence[Opened]:
        """What a call says, in the words of the device. Raises Unreadable, BadPayload."""
        return self._opened(call.method, call.path, call.content_type, call.body)

    def _subject(self, call: HeardCall) -> str:
        device = self._register.find(call.device)
        if device is None:
            return ""
        body, kind = call.body, call.content_type
        if (found := _SUMMARY.search(body)) is not None:
            return found[1].decode("utf-8", "replace").strip()[:LONGEST_SUBJECT]
        if not body and "?" in call.path:
            body, kind = call.path.partition("?")[2].encode(), "application/x-www-form-urlencoded"
        return likely(kind or "application/json", body, [device.profile]).subject

    async def note_replay(self, actor: Actor, call: HeardCall) -> None:
        """Write down who had a call done again. Raises StoreError."""
        at_ms = self._now_ms()
        await self._database.write(
            lambda conn: audit.write(
                conn,
                at_ms=at_ms,
                actor=actor.name,
                action="call.replayed",
                object_=f"device:{call.device}",
                detail=call.result.value,
                source=actor.source,
            )
        )

    async def asked(self, device: Device) -> tuple[PollStatus, list[tuple[str, PolledMeeting]]]:
        """Where asking a device stands, and the meetings of its list that are not understood, the first of them."""
        row_id = device.row.id
        row, known = await self._database.read(lambda conn: (polling.get(conn, row_id), polling.meetings(conn, row_id)))
        wrong = sorted((name, each) for name, each in known.items() if each.code)
        return status_of(device.row.name, row, known), wrong[:ON_A_PAGE]

    def _clean(self, call: HeardCall) -> HeardCall:
        device = self._register.find(call.device)
        return cleaned(call, device.profile if device is not None else None)

    async def _understood(self, call: HeardCall, device: Device | None) -> tuple[tuple[Understood, ...], str]:
        if device is None:
            return (), ""
        try:
            opened = self._opened(call.method, call.path, call.content_type, call.body)
        except (Unreadable, BadPayload) as error:
            return (), "" if call.result is Result.UNREADABLE else str(error)
        return tuple([await self._one(call, device, one) for one in opened if _means_something(device, one)]), ""

    async def _one(self, call: HeardCall, device: Device, one: Opened) -> Understood:
        occurrence = "" if one.original is None else str(one.original)
        series = await self._series(device, one.external_id) if occurrence and one.external_id else None
        context = self._context(call, device, one)
        return understood(
            device.profile, one.fields, context, cancels=_cancels(device, one), occurrence=occurrence, series=series
        )

    def _context(self, call: HeardCall, device: Device, one: Opened) -> Context:
        named = one.external_id
        if named is not None and len(call.done) == 1:
            named = call.done[0].external_id  # a reservation gets its id from the gateway
        return Context(named, device.time_zone, call.at_ms // 1000, one.text_values, device.directory)


def _cancels(device: Device, one: Opened) -> bool | None:
    api = device.profile.api
    return True if one.action and api is not None and one.action in api.cancel else one.cancels


def _means_something(device: Device, one: Opened) -> bool:
    api = device.profile.api
    return not one.action or (api is not None and one.action in (*api.schedule, *api.change, *api.cancel))


def readable(text: str) -> str:
    """JSON with one field a line, any other text as it is."""
    if text[:1] not in ("{", "["):
        return text
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return text


def _searched(call: HeardCall) -> str:
    done = " ".join(one.external_id for one in call.done)
    body = call.body.decode("utf-8", "replace")
    return f"{call.device} {call.address} {call.path} {call.code} {call.text} {done} {body}".casefold()


def _but_this_call(message: Message | None) -> Message | None:
    """Leave out the button that leads to the call: this is said where it is shown."""
    if message is None:
        return None
    return replace(message, buttons=tuple(each for each in message.buttons if each.does != "show-call"))


def _message(call: HeardCall, device: Device | None) -> Message | None:
    """What the catalogue says about what became of a call; None where the answer says it all."""
    values = {"device": call.device, "call": str(call.number)}
    reasons = "; ".join(f"{name} {reason}" for name, reason in call.problems)
    match call.result:
        case Result.REPEATED:
            return messages.text("D-09", **values)
        case Result.WRONG_KEY:
            return messages.text("D-02", **values)
        case Result.UNREADABLE if call.status == 413:
            return messages.text("D-15", kB=str(-(-call.size // 1000)), **values)
        case Result.UNREADABLE:
            line = _LINE.search(reasons)
            where = {"n": line[1], "reason": reasons.rstrip(".")} if line else {}
            return messages.text("D-04", **where, **values)
        case Result.LATER if call.code == "device-paused":
            return messages.text("D-03", **values)
        case Result.LATER if call.code == "too-many-calls":
            number = re.search(r"more than (\d+)", call.text)
            return messages.text("D-14", n=number[1] if number else "", **values)
        case Result.REFUSED if device is not None and call.code == BadPayload.code:
            return _refusal(call, device.profile, values)
    return None


def _refusal(call: HeardCall, profile: Profile, values: Mapping[str, str]) -> Message | None:
    problems = [FieldProblem(name, reason) for name, reason in call.problems]
    code = note_of(profile, BadPayload(problems), "the call").code
    if code == "D-08":
        zone = next((found[1] for problem in problems if (found := _ZONE.search(problem.reason))), tr("none"))
        return messages.text(code, tz=zone, **values)
    if code == "D-07":
        return messages.text(code, **values)
    if code == "D-06":
        parts = {field.name: field.part for shape in profile.shapes for field in shape.fields}
        missing = next((parts[each.field] for each in problems if each.field in parts), Part.START)
        return messages.text(code, part=tr("start") if missing in _STARTS else tr("end"), **values)
    return None


def _warning(call: HeardCall, device: Device | None, suspect: str) -> Message | None:
    if not suspect or device is None:
        return None
    zone = {"zone": device.time_zone} if device.time_zone else {}
    return messages.text("D-22", device=call.device, offset=suspect, call=str(call.number), **zone)


def as_curl(call: HeardCall, base: str) -> str:
    """A clean call as a command line; the key is the variable `DEVICE_KEY`, and what was covered stays covered."""
    path = re.sub(r"([?&]key=)[^&]*", r"\1$DEVICE_KEY", call.path)
    parts = ["curl -sS", f"-X {call.method}", f'"{_quoted(base + path)}"']
    if path == call.path and not call.path.endswith("/api"):
        parts.append('-H "Authorization: Bearer $DEVICE_KEY"')
    if call.body:
        parts += [f"-H {shlex.quote(f'Content-Type: {call.content_type}')}"] if call.content_type else []
        parts.append(f"--data-binary {shlex.quote(call.body.decode('utf-8', 'replace'))}")
    return " \\\n  ".join(parts)


def _quoted(text: str) -> str:
    """For double quotes, within which only the variable of the key is put in."""
    kept = re.sub(r'[\\"`]', lambda found: "\\" + found[0], text)
    return re.sub(r"\$(?!DEVICE_KEY)", r"\\$", kept)
