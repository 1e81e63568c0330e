"""The four lights of the dashboard: Google, devices, queue, gateway; from what was gathered to kind and words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from gateway.accounts.standing import Situation, Standing
from gateway.messages.languages import tr, trn
from gateway.messages.times import time_of_day
from gateway.operations.health import Readiness
from gateway.operations.mirror_status import MirrorStatus
from gateway.store.overview import DeviceFacts

Kind = Literal["ok", "warn", "bad", "off"]

_DAY_S = 86_400

_KINDS: dict[Situation, Kind] = {
    Situation.NOT_CONNECTED: "off",
    Situation.WAITING: "warn",
    Situation.AUTHORIZED: "ok",
    Situation.ENDS: "warn",
    Situation.UNREACHABLE: "warn",
    Situation.LOST: "bad",
    Situation.ACTION: "bad",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Light:
    """One light: `name` is a stable word (`google`, `devices`, `queue`, `gateway`), `words` the lines below `title`."""

    name: str
    kind: Kind
    title: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the lights are made of.

    `troubled` are the ids of devices with a problem, `waiting` is how many want to connect. `up_s` is how long the
    gateway has run; times are ms UTC, shown by the clock of `zone`, an IANA name.
    """

    standing: Standing
    readiness: Readiness
    status: MirrorStatus
    devices: Collection[DeviceFacts]
    troubled: Collection[str]
    waiting: int
    up_s: float
    now_ms: int
    zone: str


def lights(seen: Seen) -> tuple[Light, ...]:
    """Return the four lights, in the order in which they are shown."""
    return (_google(seen.standing), _devices(seen), _queue(seen), _gateway(seen))


def _google(standing: Standing) -> Light:
    words = (standing.pill, *((standing.email,) if standing.email else ()))
    return Light(name="google", kind=_KINDS[standing.situation], title=tr("Google"), words=words)


def _devices(seen: Seen) -> Light:
    title = tr("Devices")
    stranger = (trn("%(num)s waiting", "%(num)s waiting", seen.waiting),) if seen.waiting else ()
    if not seen.devices:
        return Light(name="devices", kind="off", title=title, words=(tr("No device yet"), *stranger))
    number = Counter(_standing(each, seen.troubled) for each in seen.devices)
    words = (
        trn("%(num)s online", "%(num)s online", number["online"]),
        trn("%(num)s with a problem", "%(num)s with a problem", number["troubled"]),
        trn("%(num)s has not called yet", "%(num)s have not called yet", number["new"]),
        trn("%(num)s paused", "%(num)s paused", number["paused"]),
    )
    shown = tuple(
        text for name, text in zip(("online", "troubled", "new", "paused"), words, strict=True) if number[name]
    )
    kind: Kind = "ok" if number["online"] else "off"
    if number["troubled"]:
        kind = "warn" if number["online"] else "bad"
    return Light(name="devices", kind=kind, title=title, words=(*shown, *stranger))


def _standing(each: DeviceFacts, troubled: Collection[str]) -> str:
    if each.paused:
        return "paused"
    if each.name in troubled:
        return "troubled"
    heard = (each.called_at, each.succeeded_at, each.refused_at) != (None, None, None) or each.polled == "asks"
    return "online" if heard else "new"


def _queue(seen: Seen) -> Light:
    title, queued = tr("Queue"), seen.status.queued
    failed = sum(each.number for each in queued if each.state in ("parked", "configuration"))
    waiting = sum(each.number for each in queued) - failed
    words = []
    if failed:
        words.append(trn("%(num)s failed - look at it", "%(num)s failed - look at them", failed))
    if waiting:
        words.append(_waiting(seen, waiting))
    if not words:
        return Light(name="queue", kind="ok", title=title, words=(tr("Empty"),))
    held = any(each.state == "authorization" for each in queued)
    return Light(name="queue", kind="bad" if failed else "warn" if held else "ok", title=title, words=tuple(words))


def _waiting(seen: Seen, waiting: int) -> str:
    tries = [each.next_try for each in seen.status.queued if each.next_try is not None]
    if not tries or min(tries) <= seen.now_ms:
        return trn("%(num)s waiting", "%(num)s waiting", waiting)
    at = datetime.fromtimestamp(min(tries) / 1000, ZoneInfo(seen.zone))
    return trn(
        "%(num)s waiting, next try %(time)s",
        "%(num)s waiting, next try %(time)s",
        waiting,
        time=time_of_day(at, seconds=True),
    )


def _gateway(seen: Seen) -> Light:
    title = tr("Gateway")
    if not seen.readiness.ready:
        return Light(name="gateway", kind="bad", title=title, words=(tr("New meetings are refused"),))
    return Light(name="gateway", kind="ok", title=title, words=(_up(seen.up_s),))


def _up(up_s: float) -> str:
    minutes = int(up_s // 60)
    if up_s >= _DAY_S:
        return trn("OK, up for %(num)s day", "OK, up for %(num)s days", int(up_s // _DAY_S))
    if minutes >= 60:
        return trn("OK, up for %(num)s hour", "OK, up for %(num)s hours", minutes // 60)
    return trn("OK, up for %(num)s minute", "OK, up for %(num)s minutes", max(1, minutes))
