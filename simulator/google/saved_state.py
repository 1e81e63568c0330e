"""The simulated Google's memory as a document that can be loaded again, tokens and all; for reading: `state_dump`."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from simulator.google.calendars import Calendar
from simulator.google.clock import SimulatedClock
from simulator.google.fault_book import FaultBook
from simulator.google.project_verbs import CannotDo
from simulator.google.quotas import Quota, QuotaBook, Window
from simulator.google.state import GoogleState

VERSION = 1
_KEPT = (
    "settings",
    "accounts",
    "clients",
    "calendars",
    "groups",
    "rooms",
    "service_accounts",
    "codes",
    "access_tokens",
    "refresh_tokens",
    "granted",
    "consent",
    "pending_conferences",
    "mails",
    "unknown_fields",
    "sync_epoch",
    "counter",
    "last_write_us",
    "request_count",
)
"""What is saved of the state as it stands; clock, quotas and fault rules have forms of their own, requests are not."""


def saved(state: GoogleState) -> dict[str, Any]:
    """Everything that is needed to go on later, with the tokens and secrets of this simulator."""
    return {
        "simulated_google": VERSION,
        "clock": state.clock.saved(),
        "quotas": [_packed(quota) for quota in state.quotas.quotas.values()],
        "quota_windows": [[*key, _packed(window)] for key, window in state.quotas.windows.items()],
        "faults": [dict(rule.source) for rule in state.faults.rules],
        **{name: _packed(getattr(state, name)) for name in _KEPT},
    }


def load(state: GoogleState, document: Any) -> None:
    """Make the state what was saved; raises `CannotDo` for anything else, and changes nothing then."""
    if not isinstance(document, dict) or document.get("simulated_google") != VERSION:
        raise CannotDo("This is no saved state of a simulated Google of this version.")
    hints = get_type_hints(GoogleState)
    try:
        found = {name: _unpacked(hints[name], document[name]) for name in _KEPT}
        if not found["accounts"]:
            raise CannotDo("A saved state has one account at least.")
        for calendar in found["calendars"].values():
            _index(calendar)
        quotas = _quotas(document)
        clock = SimulatedClock()
        clock.restore(document["clock"])
        faults = FaultBook()
        faults.add(document["faults"], clock.now_s())
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CannotDo(f"This saved state cannot be read: {error!r}.") from error
    for name, value in found.items():
        setattr(state, name, value)
    state.quotas, state.clock, state.faults = quotas, clock, faults


def _quotas(document: Mapping[str, Any]) -> QuotaBook:
    book = QuotaBook()
    for quota in document["quotas"]:
        book.set(_unpacked(Quota, quota))
    for scope, key, window in document["quota_windows"]:
        read: Window = _unpacked(Window, window)
        read.history = {int(second): counts for second, counts in read.history.items()}
        book.windows[scope, key] = read
    return book


def _index(calendar: Calendar) -> None:
    """Put the events in again: once in the order of creation, once in the order of their last changes."""
    events = list(calendar.events.values())
    calendar.events = {}
    for event in sorted(events, key=lambda event: event.serial):
        calendar.put(event)
    for event in sorted(events, key=lambda event: event.version):
        calendar.put(event)


def _packed(value: Any) -> Any:
    if is_dataclass(value):
        return {f.name: _packed(getattr(value, f.name)) for f in fields(value) if not f.name.startswith("_")}
    if isinstance(value, dict):
        return {str(key): _packed(entry) for key, entry in value.items()}
    if isinstance(value, set | frozenset):
        return sorted(value)
    if isinstance(value, list | tuple | deque):
        return [_packed(entry) for entry in value]
    return value.isoformat() if isinstance(value, date) else value


def _unpacked(kind: Any, value: Any) -> Any:
    """`value` as `_packed` wrote it, as the type that a field has."""
    origin, inner = get_origin(kind), get_args(kind)
    if value is None or kind is Any or origin is Literal:
        return value
    if origin in (Union, UnionType):
        [other] = [one for one in inner if one is not type(None)]
        return _unpacked(other, value)
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        names = [f.name for f in fields(kind) if not f.name.startswith("_")]
        return kind(**{name: _unpacked(hints[name], value[name]) for name in names})  # type: ignore[operator]
    if origin is dict:
        return {key: _unpacked(inner[1], entry) for key, entry in value.items()}
    if origin in (list, set, deque):
        return origin(_unpacked(inner[0], entry) for entry in value)
    if origin is tuple:
        kinds = [inner[0]] * len(value) if inner[-1] is Ellipsis else inner
        return tuple(_unpacked(one, entry) for one, entry in zip(kinds, value, strict=True))
    return _plain(kind, value)


def _plain(kind: Any, value: Any) -> Any:
    if kind in (datetime, date):
        return kind.fromisoformat(value)
    fits = isinstance(value, int | float if kind is float else kind)
    if not fits:
        raise TypeError(f"{value!r} is no {kind}")
    return value
