"""The options of the `pbx` commands and what they mean as values; the commands themselves are in `cli`."""

from __future__ import annotations

import argparse
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, timedelta, tzinfo
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from simulator.pbx.booking import AutoRecord, Member, Repeat, ScheduleForm
from simulator.pbx.memory import Connection, MemoryFile
from simulator.pbx.push import BodyType
from simulator.pbx.start_words import start_from
from simulator.pbx.state import DEFAULT_ZONE, Now
from simulator.pbx.wire import Shape
from simulator.pbx.zones import zone_of

KEY_VARIABLE = "SIMULATOR_DEVICE_KEY"


class UsageError(Exception):
    """An option is missing or cannot be read; the text says what to write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """Which gateway, as which device, with which key."""

    gateway: str
    device: str
    key: str

    def __repr__(self) -> str:
        """Without the key."""
        return f"Where({self.gateway!r}, {self.device!r})"


def add_connection(parser: argparse.ArgumentParser) -> None:
    """Options that say whom to call."""
    group = parser.add_argument_group("the gateway (a --state file written by the demo knows all of these)")
    group.add_argument("--gateway", metavar="URL", help="address of the gateway, such as http://127.0.0.1:8765")
    group.add_argument("--device", metavar="ID", help="the device's id in the gateway's configuration")
    group.add_argument("--key-file", type=Path, metavar="FILE", help="file that holds the device's key")
    group.add_argument("--key", metavar="KEY", help=f"the key itself; seen by all users, better use {KEY_VARIABLE}")
    group.add_argument("--state", type=Path, metavar="FILE", help="file in which this PBX remembers its meetings")
    group.add_argument("--shape", type=Shape, choices=list(Shape), default=Shape.FORM, help="wire shape (form)")
    group.add_argument("--body", type=BodyType, choices=list(BodyType), default=BodyType.JSON, help="body type (json)")
    group.add_argument("--tries", type=int, default=4, metavar="N", help="how often to try in all (4)")
    group.add_argument("--seed", type=int, metavar="N", help="repeat a run: same room numbers and PINs")
    group.add_argument("--json", action="store_true", help="print one JSON object instead of text")


def add_form(parser: argparse.ArgumentParser) -> None:
    """Options for every item of the vendor's form; the defaults are the vendor guide's example."""
    group = parser.add_argument_group("the form")
    group.add_argument("--subject", help="Meeting Subject (Weekly_Meeting)")
    add_time(group)
    group.add_argument("--zone", metavar="LABEL", help=f'Time Zone ("{DEFAULT_ZONE}")')
    group.add_argument("--public-room", metavar="NUMBER", help="a public meeting room instead of a random number")
    group.add_argument("--password", metavar="PIN", help="Password (none)")
    group.add_argument("--host", metavar="EXT[,MAIL]", help="Host (1000)")
    group.add_argument("--host-password", metavar="PIN", help="Host Password (random)")
    group.add_argument("--repeat", type=Repeat, choices=list(Repeat), help="Repeat (none)")
    group.add_argument("--invite", action="append", metavar="EXT[,MAIL]", help="one of the Invitees; may be repeated")
    group.add_argument("--reminder", type=int, metavar="MINUTES", help="Email Reminder (60)")
    group.add_argument("--agenda", help="Meeting Agenda")
    group.add_argument("--auto-record", type=AutoRecord, choices=list(AutoRecord), help="Auto Record (none)")
    _switch(group, "--allow-user-invite", "Allow User Invite (off)")
    _switch(group, "--call-participants", "Call Participants (off)")
    _switch(group, "--override-host-mute", "Allowed to Override Host Mute (off)")
    _switch(group, "--sync", "Sync to Google Calendar (on)")


def add_time(group: argparse._ActionsContainer) -> None:
    """The options for a date and a time range."""
    group.add_argument("--start", metavar="WHEN", help='"2024-04-29 10:00", "next-monday 10:00" or "tomorrow 10:00"')
    group.add_argument("--minutes", type=int, metavar="N", help="length of the meeting (60)")


def _switch(group: argparse._ActionsContainer, flag: str, text: str) -> None:
    group.add_argument(flag, action=argparse.BooleanOptionalAction, default=None, help=text)


def where_from(options: argparse.Namespace, environ: Mapping[str, str]) -> Where:
    """Whom to call: the options first, then the environment, then the memory file; UsageError says what is missing."""
    known = MemoryFile(options.state).read().connection if options.state is not None else None
    gateway = options.gateway or (known.gateway if known else None)
    device = options.device or (known.device if known else None)
    if not gateway or not device:
        raise UsageError("say which gateway and which device: --gateway http://127.0.0.1:8765 --device ucm-1")
    if urlsplit(gateway).scheme not in ("http", "https") or not urlsplit(gateway).hostname:
        raise UsageError(f"--gateway {gateway} is not an address such as http://127.0.0.1:8765")
    return Where(gateway=gateway, device=device, key=_key(options, environ, known))


def _key(options: argparse.Namespace, environ: Mapping[str, str], known: Connection | None) -> str:
    if options.key:
        print(
            f"note: a key on the command line is seen by all users; use --key-file or {KEY_VARIABLE}", file=sys.stderr
        )
        return str(options.key)
    if options.key_file is not None:
        return _read_key(options.key_file)
    if environ.get(KEY_VARIABLE):
        return environ[KEY_VARIABLE]
    if known is not None:
        return _read_key(Path(known.key_file))
    raise UsageError(
        f"the device's key is missing: put it into the variable {KEY_VARIABLE} or a file (--key-file FILE)"
    )


def _read_key(path: Path) -> str:
    try:
        key = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read the key file {path}: {type(error).__name__}") from error
    if not key:
        raise UsageError(f"the key file {path} is empty")
    return key


def seed_from(options: argparse.Namespace) -> int:
    """The seed asked for, or a new one of seven digits."""
    return int(options.seed) if options.seed is not None else 1_000_000 + secrets.randbelow(9_000_000)


def form_from(options: argparse.Namespace, now: Now, base: ScheduleForm | None = None) -> ScheduleForm:
    """The form that the options describe, changing only what they name when there is a `base`; or UsageError."""
    try:
        return _form_from(options, now, base)
    except ValueError as error:
        raise UsageError(str(error)) from error


def _form_from(options: argparse.Namespace, now: Now, base: ScheduleForm | None) -> ScheduleForm:
    zone = options.zone or (base.time_zone if base else DEFAULT_ZONE)
    today = now().astimezone(_known_zone(zone)).date()
    if base is None:
        start = start_from("next-monday", today=today)
        base = ScheduleForm(start=start, end=start + timedelta(minutes=60))
    start = start_from(options.start, today=today) if options.start else base.start
    named = {key: value for key, value in _named(options).items() if value is not None}
    return replace(base.moved(start, minutes=options.minutes), time_zone=zone, **named)


def _known_zone(label: str) -> tzinfo:
    """The zone, or UTC for a label nobody knows: that is for the gateway to refuse."""
    try:
        return zone_of(label)
    except ValueError:
        return UTC


def _named(options: argparse.Namespace) -> dict[str, Any]:
    return {
        "subject": options.subject,
        "room": options.public_room,
        "public_room": True if options.public_room else None,
        "password": options.password,
        "host_password": options.host_password,
        "host": Member.parse(options.host) if options.host else None,
        "repeat": options.repeat,
        "invitees": tuple(Member.parse(text) for text in options.invite) if options.invite else None,
        "email_reminder_minutes": options.reminder,
        "agenda": options.agenda,
        "auto_record": options.auto_record,
        "allow_user_invite": options.allow_user_invite,
        "call_participants": options.call_participants,
        "override_host_mute": options.override_host_mute,
        "sync_to_google": options.sync,
    }
