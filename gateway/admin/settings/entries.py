"""Which settings stand on which page, under which words, and how a form becomes changes; nothing is saved here."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

from gateway.config import Config
from gateway.messages.languages import tr
from gateway.operations.settings.shown import shown

Kind = Literal["text", "zone", "number", "tick", "choice"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One field. `locked` is where it is set that is stronger, in words; `at_once` says when a change counts."""

    part: str
    label: str
    hint: str
    kind: Kind
    value: str
    locked: str
    at_once: bool
    choices: tuple[tuple[str, str], ...] = ()

    @property
    def name(self) -> str:
        """The name of its field in the form."""
        return self.part.rpartition(".")[2]


def general(config: Config, at_once: Collection[str]) -> tuple[Entry, ...]:
    """Return what stands under General."""
    return (
        _entry(
            config,
            at_once,
            "gateway.name",
            "text",
            tr("Name"),
            tr("How people know this gateway: the place it is for."),
        ),
        _entry(
            config,
            at_once,
            "gateway.time_zone",
            "zone",
            tr("Time zone of these pages"),
            tr("Times are shown in it. It never changes a meeting: each device has a zone of its own."),
        ),
        _entry(
            config,
            at_once,
            "logging.level",
            "choice",
            tr("How much is logged"),
            tr("Choose Everything only while you look for a problem: it fills the log."),
            (
                ("error", tr("Errors only")),
                ("warning", tr("Errors and warnings")),
                ("info", tr("What happens (usual)")),
                ("debug", tr("Everything")),
            ),
        ),
    )


def meetings(config: Config, at_once: Collection[str]) -> tuple[Entry, ...]:
    """Return what stands under Meetings."""
    return (
        _entry(
            config,
            at_once,
            "google.refresh_every_s",
            "number",
            tr("Look at Google every (seconds)"),
            tr("How often calendars are read for what people changed in them: 15 to 3600."),
        ),
    )


def network(config: Config, at_once: Collection[str]) -> tuple[Entry, ...]:
    """Return what stands under Network."""
    return (
        _entry(
            config,
            at_once,
            "gateway.public_url",
            "text",
            tr("Public address"),
            tr(
                "Under which people and devices reach the gateway, if it has a name of its own: https://meet.example.com"
            ),
        ),
        _entry(
            config,
            at_once,
            "discovery.announce",
            "tick",
            tr("Announce this gateway on the network"),
            tr("Devices and people find it by its name (multicast DNS)."),
        ),
        _entry(
            config,
            at_once,
            "discovery.browse",
            "tick",
            tr("Listen to what devices announce"),
            tr("They are shown under Devices. None is called before you add it."),
        ),
    )


def addresses(config: Config) -> tuple[Entry, ...]:
    """Return where the gateway listens; a new address is tried before it is saved, and then counts at once."""
    at_once = ("gateway.listen", "gateway.listen_tls")
    return (
        _entry(
            config,
            at_once,
            "gateway.listen",
            "text",
            tr("Address for http (devices)"),
            tr("IP address and port, such as 0.0.0.0:8765. With 0.0.0.0 it is open on all addresses of this machine."),
        ),
        _entry(
            config,
            at_once,
            "gateway.listen_tls",
            "text",
            tr("Address for https (browsers and devices)"),
            tr("This page is open there. Usual is 0.0.0.0:8766."),
        ),
    )


def changes(entries: tuple[Entry, ...], form: Mapping[str, str]) -> tuple[dict[str, object], tuple[str, ...]]:
    """Return what a form changes by dotted key, and the settings that go back to their default."""
    new: dict[str, object] = {}
    without: list[str] = []
    for entry in entries:
        if entry.locked:
            continue
        typed = typed_of(entry, form)
        if typed == entry.value:
            continue
        if typed == "":
            without.append(entry.part)
        else:
            new[entry.part] = _value(entry, typed)
    return new, tuple(without)


def typed_of(entry: Entry, form: Mapping[str, str]) -> str:
    """Return what a form says for a field, as `Entry.value` has it."""
    if entry.kind == "tick":
        return "true" if form.get(entry.name) == "yes" else "false"
    return form.get(entry.name, entry.value).strip()


def _value(entry: Entry, typed: str) -> object:
    if entry.kind == "tick":
        return typed == "true"
    if entry.kind == "number" and typed.isascii() and typed.isdecimal() and len(typed) < 10:
        return int(typed)
    return typed


def set_by(source: str) -> str:
    """Return where a setting is set, as the lock beside its field says it; empty when it may be saved here."""
    if not source:
        return ""
    if source == "command line":
        return tr("Set on the command line")
    variable = source.removeprefix("environment ")
    if variable != source:
        return tr("Set by environment variable %(name)s", name=variable)
    return tr("Set by %(place)s", place=source)


def _entry(
    config: Config,
    at_once: Collection[str],
    part: str,
    kind: Kind,
    label: str,
    hint: str,
    choices: tuple[tuple[str, str], ...] = (),
) -> Entry:
    known = shown(config, part)
    return Entry(
        part=part,
        label=label,
        hint=hint,
        kind=kind,
        value=known.value,
        locked=set_by(known.locked),
        at_once=part in at_once,
        choices=choices,
    )
