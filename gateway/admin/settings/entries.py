"""Which settings stand on which page, under which words, and how a form becomes changes; nothing is saved here."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from gateway.admin.settings.invitation_entries import typed_reminders
from gateway.config import Config
from gateway.domain.wording import USUAL_DESCRIPTION, USUAL_TITLE
from gateway.messages.languages import LANGUAGES, tr
from gateway.operations.settings.shown import shown

Kind = Literal["text", "zone", "number", "tick", "choice", "area", "reminders"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One field. `locked` is where it is set that is stronger, in words; `at_once` says when a change counts.

    `usual` is what its value is while nothing is set, where that is known here; typed in again it sets nothing.
    """

    part: str
    label: str
    hint: str
    kind: Kind
    value: str
    locked: str
    at_once: bool
    choices: tuple[tuple[str, str], ...] = ()
    usual: str = ""

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
            "gateway.language",
            "choice",
            tr("Language"),
            tr("For browsers in which nobody chose one, and for alerts. You choose your own at the top of the page."),
            (("auto", tr("What the browser asks for; alerts in English")), *LANGUAGES.items()),
        ),
        _entry(
            config,
            at_once,
            "gateway.clock",
            "choice",
            tr("Clock"),
            tr("How times of day are written on these pages."),
            (
                ("24h", tr("24 hours: 14:05")),
                ("12h", tr("12 hours: 2:05 PM")),
                ("language", tr("As the language of the page has it")),
            ),
        ),
        _entry(
            config,
            at_once,
            "gateway.week_begins",
            "choice",
            tr("A week begins on"),
            tr("For the week of meetings."),
            (("monday", tr("Monday")), ("sunday", tr("Sunday")), ("saturday", tr("Saturday"))),
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
    """Return what stands under Meetings: the text of invitations, what else events say, and how often we look."""
    return (
        _with_usual(
            _entry(config, at_once, "meetings.title", "text", tr("Title"), tr("Leave it empty for the subject alone.")),
            USUAL_TITLE,
        ),
        _with_usual(
            _entry(
                config,
                at_once,
                "meetings.description",
                "area",
                tr("Description"),
                tr("A line whose placeholders are all empty is left out. Leave it empty for the usual text."),
            ),
            USUAL_DESCRIPTION,
        ),
        _entry(
            config,
            at_once,
            "meetings.reminders",
            "reminders",
            tr("Reminders"),
            tr("For meetings whose device says nothing about it. A device's own e-mail reminder is stronger."),
            (
                ("calendar", tr("As each calendar is set")),
                ("none", tr("None")),
                ("these", tr("The ones in the list below")),
            ),
        ),
        _entry(
            config,
            at_once,
            "meetings.visibility",
            "choice",
            tr("Who may read the event"),
            tr("A device's own choice is stronger."),
            (
                ("default", tr("As the calendar is set")),
                ("public", tr("Everybody who sees the calendar")),
                ("private", tr("Only guests and owners of the calendar")),
            ),
        ),
        _entry(
            config,
            at_once,
            "meetings.show_pins",
            "tick",
            tr("Write the password of a meeting into the invitation"),
            tr(
                "Every guest reads it there; the host's password never stands there. A device's own choice is stronger."
            ),
        ),
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
            "network.trusted_proxies",
            "text",
            tr("Trusted proxies"),
            tr(
                "Reverse proxies that may say who is calling (X-Forwarded-For and its relatives): IP addresses or "
                "networks with commas between them. Usually empty."
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


def integrations(config: Config, at_once: Collection[str]) -> tuple[Entry, ...]:
    """Return what stands under Integrations."""
    return (
        _entry(
            config,
            at_once,
            "metrics.enabled",
            "tick",
            tr("Let Prometheus read metrics"),
            tr("Off, the address /metrics does not exist. On, it needs an API key with the scope metrics."),
        ),
        _entry(
            config,
            at_once,
            "integrations.public_api_page",
            "tick",
            tr("Show the device API to people who are not signed in"),
            tr("For whoever programs your devices. The page holds no keys and no meetings."),
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
        if typed in ("", entry.usual):
            without.append(entry.part)
        else:
            new[entry.part] = _value(entry, typed)
    return new, tuple(without)


def typed_of(entry: Entry, form: Mapping[str, str]) -> str:
    """Return what a form says for a field, as `Entry.value` has it."""
    if entry.kind == "tick":
        return "true" if form.get(entry.name) == "yes" else "false"
    if entry.kind == "reminders":
        return typed_reminders(form, entry.value)
    return form.get(entry.name, entry.value).strip().replace("\r\n", "\n")


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


def _with_usual(entry: Entry, usual: str) -> Entry:
    return replace(entry, value=entry.value or usual, usual=usual)


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
