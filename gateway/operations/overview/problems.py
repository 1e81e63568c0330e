"""What needs somebody's attention, each as a code with its values and the button that mends it; it mends nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from gateway import messages
from gateway.accounts.summary import AccountStatus, AccountWarning
from gateway.messages import Message
from gateway.messages.languages import tr, trn
from gateway.messages.times import time_of_day
from gateway.operations.mirror_status import MirrorStatus
from gateway.store.accounts import AccountState
from gateway.store.alerts import Held, Waiting
from gateway.store.overview import DeviceFacts

QUIET_MS = 7 * 24 * 3_600_000
"""A device that called before and did not for so long is worth a look; one with nothing to say is silent for days."""
REFUSED_MS = 24 * 3_600_000
"""A refused call of longer ago is no news."""
ASKED_LATE = 10
"""A device that is asked is quiet when it did not answer for so many of its pauses, at least a quarter of an hour."""
_LEAST_QUIET_MS = 15 * 60_000

_ORDER = ("error", "warning", "info")


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing to look at. `key` stays the same while it is the same problem, also in other words.

    `message` has code, severity and the values it was made with. `does` is what its button does, a word of
    `messages.DOES` or one of `OWN_BUTTONS`, empty when there is nothing to press; `label` is on the button.
    """

    key: str
    message: Message
    label: str = ""
    does: str = ""

    @property
    def code(self) -> str:
        """The code in the catalogue."""
        return self.message.code

    @property
    def may_wait(self) -> bool:
        """Whether people may be reminded of it later: of what stops meetings they may not."""
        return self.severity != "error"

    @property
    def device(self) -> str:
        """The id of the device that it is about, empty when it is about none."""
        return self.message.values.get("device", "")

    @property
    def severity(self) -> str:
        """`error`, `warning` or `info`."""
        return self.message.severity


SLOW_DOWN = "G-505"
OUT_OF_REACH = frozenset({SLOW_DOWN, "G-506", "N-01", "N-02", "N-03", "N-04", "N-05", "N-06", "N-08", "N-09"})
"""What keeps everything from going out at the moment, and is no state of an account."""

OWN_BUTTONS = frozenset({"decide", "show-how", "show-calendars", "adopt"})
"""What the buttons made here lead to beyond those of the catalogue."""


def sorted_by_weight(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Return each problem once, the worst first."""
    once = {each.key: each for each in problems}
    return tuple(sorted(once.values(), key=lambda each: _ORDER.index(each.severity)))


def of_accounts(statuses: Iterable[AccountStatus], warnings: Iterable[AccountWarning]) -> Iterator[Problem]:
    """Accounts that are lost, end soon, or miss something."""
    lost = set()
    for each in statuses:
        if each.state is not AccountState.CONNECTED:
            lost.add(each.email)
            yield _catalogued(f"account:{each.id}:{each.code}", each.code, each.text, {"email": each.email})
    for warning in warnings:
        if warning.email in lost and not warning.device:
            continue
        values = {"email": warning.email, "device": warning.device}
        key = f"warning:{warning.code}:{warning.email}:{warning.device}"
        problem = _said(key, warning.code, warning.text, values)
        if warning.code == "G-520":
            problem = replace(problem, label=tr("Show me how"), does="show-how")
        yield problem


def of_mirror(status: MirrorStatus, held: Iterable[Held], late: Waiting | None, now_ms: int) -> Iterator[Problem]:
    """What waits although it should not, what is refused, and what somebody has to decide."""
    for each in held:
        if each.number:
            values = {"email": each.email, "name": each.calendar_id}
            yield _catalogued(f"held:{each.account_id}:{each.calendar_id}", each.code, each.text, values)
    if late is not None:
        values = {
            "n": str(late.number),
            "minutes": str(max(1, (now_ms - late.oldest_at) // 60_000)),
            "problem": late.code and f"{late.code}.",
        }
        yield _first_button("queue:late", messages.text("M-01", **values))
    refused = sum(each.number for each in status.queued if each.state == "parked")
    if refused or status.asks:
        yield _first_button("meetings:parked", messages.text("M-02", n=str(max(refused + status.asks, 1))))
    for guarded in status.vanished:
        where = tr("The calendar %(name)s", name=guarded.calendar_id)
        yield _gone(f"vanished:{guarded.account_id}:{guarded.calendar_id}", guarded.meetings, where)
    for name, number in status.lists:
        where = tr("The list of %(name)s", name=name)
        yield replace(_gone(f"list:{name}", number, where, device=name), does="show-device", label=tr("Open device"))
    yield from _of_calendars(status)


def _next_at(at_ms: int, zone: str) -> str:
    return time_of_day(datetime.fromtimestamp(at_ms / 1000, ZoneInfo(zone)), seconds=True)


def of_slow(status: MirrorStatus, now_ms: int, zone: str) -> Iterator[Problem]:
    """Google takes fewer calls than there are changes: how many wait, and when the next try is, by the clock of `zone`.

    The whole account waits then, so that everything in the queue is counted that waits for nothing else.
    """
    waiting = [each for each in status.queued if each.state == "waiting"]
    slow = [each for each in waiting if each.code == SLOW_DOWN]
    if not slow:
        return
    tries = [each.next_try for each in slow if each.next_try is not None and each.next_try > now_ms]
    at = _next_at(min(tries), zone) if tries else tr("now")
    number = sum(each.number for each in waiting)
    yield _first_button("queue:slow", messages.text(SLOW_DOWN, n=str(number), time=at))


def _of_calendars(status: MirrorStatus) -> Iterator[Problem]:
    for double in status.doubles:
        if double.asked:
            values = {"n": str(double.asked), "name": double.calendar_id}
            message = messages.text("M-08", **values)
            key = f"doubles:{double.account_id}:{double.calendar_id}"
            yield Problem(key=key, message=message, label=tr("Decide"), does="decide")
    for each in status.calendars:
        if each.code and each.account_id not in status.unread:
            key = f"reading:{each.account_id}:{each.calendar_id}"
            yield _catalogued(key, each.code, each.text, {"name": each.calendar_id})


def _gone(key: str, number: int, where: str, device: str = "") -> Problem:
    message = messages.text("M-03", n=str(number), where=where, command="meeting-gateway mirror status", device=device)
    return Problem(key=key, message=message, label=tr("Decide"), does="decide")


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """What the settings say of a device: its name for people, where it is asked, every how many seconds (0: never)."""

    title: str
    address: str = ""
    port: str = ""
    every_s: int = 0


def of_devices(facts: Iterable[DeviceFacts], served: Mapping[str, Served], now_ms: int) -> Iterator[Problem]:
    """Devices that are paused, refused, silent, out of reach or have a wrong clock; `served` by their names."""
    for each in facts:
        device = served.get(each.name, Served(title=each.name))
        yield from _of_device(each, device, now_ms)


def _of_device(each: DeviceFacts, device: Served, now_ms: int) -> Iterator[Problem]:
    values = {"device": each.name, "address": device.address, "port": device.port}
    if each.paused:
        yield _first_button(f"paused:{each.name}", _about("D-03", device, values))
        return
    if each.polled == "failing" and each.poll_code and device.every_s:
        yield _catalogued(f"poll:{each.name}:{each.poll_code}", each.poll_code, each.poll_text, values, device.title)
    elif each.refused_at is not None and _is_recent(each, now_ms):
        key = f"call:{each.name}:{each.refused_code}"
        yield _catalogued(key, each.refused_code, "", values, device.title)
    elif (since := _quiet_since(each, device, now_ms)) is not None:
        expected = _duration(device.every_s * 1000) if device.every_s else ""
        more = {"duration": _duration(now_ms - since), "interval": expected}
        yield _first_button(f"quiet:{each.name}", _about("D-10", device, {**values, **more}))
    minutes = _CLOCK_OFF.search(each.poll_warning)
    if minutes is not None and device.every_s:
        message = _about("D-12", device, {**values, "n": minutes[1]})
        yield Problem(key=f"clock:{each.name}", message=message, label=tr("Open device"), does="show-device")


_CLOCK_OFF = re.compile(r"\b(\d+) minutes off")


def _is_recent(each: DeviceFacts, now_ms: int) -> bool:
    at = each.refused_at or 0
    return bool(each.refused_code) and at >= (each.called_at or 0) and now_ms - at < REFUSED_MS


def _quiet_since(each: DeviceFacts, device: Served, now_ms: int) -> int | None:
    """Return when a device was last heard of, if that is too long ago."""
    if device.every_s:
        after_ms = max(_LEAST_QUIET_MS, ASKED_LATE * device.every_s * 1000)
        return each.succeeded_at if each.succeeded_at is not None and now_ms - each.succeeded_at > after_ms else None
    return each.called_at if each.called_at is not None and now_ms - each.called_at > QUIET_MS else None


def _duration(ms: int) -> str:
    minutes = max(1, ms // 60_000)
    if minutes < 120:
        return trn("%(num)s minute", "%(num)s minutes", minutes)
    hours = minutes // 60
    if hours < 48:
        return trn("%(num)s hour", "%(num)s hours", hours)
    return trn("%(num)s day", "%(num)s days", hours // 24)


def of_twice_there(devices: Iterable[str]) -> Iterator[Problem]:
    """Devices whose meetings seem to be in the calendar twice, because something else puts them there too."""
    for name in devices:
        message = messages.text("M-09", device=name)
        yield Problem(key=f"twice:{name}", message=message, label=tr("Show the meetings"), does="adopt")


def of_network(message: Message) -> Problem:
    """Google cannot be reached, or has a problem: one of `OUT_OF_REACH`."""
    return _first_button(f"network:{message.code}", message)


def of_disk(reasons: Iterable[str]) -> Iterator[Problem]:
    """The data folder cannot be written, or is nearly full."""
    for reason in reasons:
        yield _first_button("disk", messages.text("G-515", reason=reason))


def _about(code: str, device: Served, values: Mapping[str, str]) -> Message:
    """Return the message with the device's name for people; its buttons lead to the device by its id."""
    message = messages.text(code, **{**values, "device": device.title})
    return replace(message, values=dict(values))


def _catalogued(key: str, code: str, sentence: str, values: Mapping[str, str], title: str = "") -> Problem:
    """Return the catalogue's entry, or `sentence` when there is none, or when it needs a value that was not kept."""
    try:
        message = messages.text(code, **({**values, "device": title} if title else values))
    except KeyError:
        if sentence or code in messages.codes():
            return _said(key, code, sentence or tr("A call was refused."), values)
        refused = _said(key, code, tr("A call of %(device)s was refused.", device=title), values)
        return replace(refused, label=tr("Show calls"), does="show-calls")
    return _first_button(key, replace(message, values=dict(values)))


def _said(key: str, code: str, sentence: str, values: Mapping[str, str]) -> Problem:
    """Return a sentence that was made before, with the button and severity that the catalogue has for its code."""
    title, stop, rest = sentence.partition(". ")
    message = Message(code=code, title=f"{title}." if stop else title, text=rest, remedy="", values=dict(values))
    if code in messages.codes():
        entry = _outline(code)
        # What to do is what the button does; the sentence says what to type in a terminal.
        text = rest.removesuffix(entry.remedy).strip() if entry.remedy else rest
        message = replace(message, text=text, buttons=entry.buttons, severity=entry.severity)
    return _first_button(key, message)


def _outline(code: str) -> Message:
    """Return the catalogue's entry where its values are not known."""
    values: dict[str, str] = {}
    while True:
        try:
            return messages.text(code, **values)
        except KeyError as missing:
            values[str(missing.args[0])] = ""


def _first_button(key: str, message: Message) -> Problem:
    if not message.buttons:
        return Problem(key=key, message=message)
    return Problem(key=key, message=message, label=message.buttons[0].label, does=message.buttons[0].does)
