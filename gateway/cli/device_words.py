"""What was typed about a device to its settings, and secrets from files; nothing is stored or printed here."""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.domain.secret import Secret
from gateway.errors import ConfigError, GatewayError

if TYPE_CHECKING:
    from gateway.config import DeviceSection

LARGEST_SECRET_BYTES = 4096


OPTIONS = {
    "id": "ID",
    "profile": "--profile",
    "model": "--model",
    "name": "--name",
    "key": "--key-file",
    "time_zone": "--zone",
    "account": "--account",
    "calendar": "--calendar",
    "invitations": "--invitations",
    "wins": "--wins",
    "conflict": "--conflict",
    "meet": "--meet",
    "transparency": "--transparency",
    "visibility": "--visibility",
    "room_address": "--room-address",
    "email_domain": "--email-domain",
    "join.sip_uri": "--sip",
    "join.dial_in": "--dial-in",
    "join.web_link": "--web-link",
    "show_pins": "--show-pins",
    "poll": "--poll",
    "poll.address": "--poll",
    "poll.port": "--port",
    "poll.user": "--user",
    "poll.password": "--password-file",
    "poll.every_s": "--every",
    "poll.fingerprint": "--trust-certificate",
}
"""What a setting is called on the command line."""

UNSET = {
    option.removeprefix("--"): setting
    for setting, option in OPTIONS.items()
    if setting not in ("id", "profile", "key", "poll.address", "poll.user", "poll.password", "poll.fingerprint")
}
"""What `device set --unset` takes, and the setting that it means."""


def add_choices(parser: argparse.ArgumentParser) -> None:
    """Add the options that say how a device is, for `add`, `approve` and `set`."""
    parser.add_argument("--model", metavar="NAME", help="the model, for its limits, such as UCM6304")
    parser.add_argument("--name", metavar="TEXT", help="name for people (default: the id)")
    parser.add_argument("--zone", metavar="ZONE", help="time zone for meetings that come without one")
    _add_calendar_choices(parser)
    parser.add_argument("--sip", metavar="URI", help="how to join by SIP, such as sip:{room}@pbx.example.com")
    parser.add_argument("--dial-in", metavar="NUMBER", help="how to join by telephone")
    parser.add_argument("--web-link", metavar="URL", help="how to join in a browser")
    parser.add_argument(
        "--show-pins",
        action=argparse.BooleanOptionalAction,
        help="write the meeting's password into the invitation, or do not",
    )
    parser.add_argument("--key-file", metavar="FILE", help="use the key in this file (- is standard input)")
    parser.add_argument("--poll", metavar="ADDRESS", help="ask the device at this address instead of waiting for calls")
    parser.add_argument("--port", type=int, metavar="N", help="port for --poll (default: the profile's)")
    parser.add_argument("--user", metavar="NAME", help="user name of the device's API, for --poll")
    parser.add_argument("--password-file", metavar="FILE", help="its password is in this file (- is standard input)")
    parser.add_argument("--every", type=int, metavar="SECONDS", help="pause between two looks, for --poll")


def _add_calendar_choices(parser: argparse.ArgumentParser) -> None:
    """Add the options that say what becomes of its meetings in the calendar."""
    parser.add_argument("--account", metavar="EMAIL", help="account for its meetings (default: the main one)")
    parser.add_argument("--calendar", metavar="ID", help="calendar for its meetings (default: the one of all devices)")
    parser.add_argument("--invitations", choices=("device", "google", "off"), help="who invites the guests")
    parser.add_argument(
        "--wins", choices=("device", "google", "ask"), help="whose version counts when people change the event"
    )
    parser.add_argument(
        "--conflict", choices=("allow", "warn", "refuse"), help="what becomes of a meeting whose time is taken"
    )
    parser.add_argument(
        "--meet", action=argparse.BooleanOptionalAction, help="give its meetings a Google Meet conference, or do not"
    )
    parser.add_argument("--transparency", choices=("opaque", "transparent"), help="whether its events block time")
    parser.add_argument("--visibility", choices=("default", "public", "private"), help="who may read its events")
    parser.add_argument(
        "--room-address", metavar="EMAIL", help="the room's own address in Google, invited as a resource"
    )
    parser.add_argument(
        "--email-domain", metavar="DOMAIN", help="domain of the addresses of people known by their extension alone"
    )


def named(error: ConfigError) -> list[str]:
    """Return the lines of a refusal with the names that were typed in the place of those of the settings."""
    lines = []
    for line in error.problems:
        setting = re.match(r"[a-z_.]+", line)
        known = OPTIONS.get(setting[0]) if setting is not None else None
        lines.append(line if known is None or setting is None else known + line[setting.end() :])
    return lines


def section_of(args: argparse.Namespace, profile: str) -> DeviceSection:
    """Return what was typed as the settings of a device, judged as those of `config.yaml` are.

    Raises ConfigError with a line for each mistake, GatewayError when a file cannot be read.
    """
    from gateway.config import device_section

    if args.poll is None and (given := _beside_poll(args)):
        raise ConfigError([f"{', '.join(given)}: only together with --poll ADDRESS"])
    if args.poll is not None and args.password_file is None:
        raise ConfigError(
            ["--poll needs --password-file FILE (or - for standard input): a password never stands in the command line"]
        )
    return device_section({"id": args.id, "profile": profile, **words_of(args)})


def words_of(args: argparse.Namespace) -> dict[str, object]:
    """Return what was typed, and nothing else, by the names of the settings. Raises GatewayError for a file."""
    join = {"sip_uri": args.sip, "dial_in": args.dial_in, "web_link": args.web_link}
    poll = {
        "address": args.poll,
        "port": args.port,
        "user": args.user,
        "password": secret_of(args.password_file),
        "every_s": args.every,
    }
    return _given(
        {
            "model": args.model,
            "name": args.name,
            "time_zone": args.zone,
            "account": args.account,
            "calendar": args.calendar,
            "invitations": args.invitations,
            "wins": args.wins,
            "conflict": args.conflict,
            "meet": args.meet,
            "transparency": args.transparency,
            "visibility": args.visibility,
            "room_address": args.room_address,
            "email_domain": args.email_domain,
            "join": _given(join),
            "show_pins": args.show_pins,
            "key": secret_of(args.key_file),
            "poll": _given(poll),
        }
    )


def secret_of(file: str | None) -> Secret | None:
    """Return the first line of a file, or of standard input for `-`; None for no file. Raises GatewayError."""
    if file is None:
        return None
    try:
        if file == "-":
            raw = sys.stdin.buffer.readline(LARGEST_SECRET_BYTES + 1)
        else:
            with Path(file).open("rb") as opened:
                raw = opened.readline(LARGEST_SECRET_BYTES + 1)
        text = raw.decode("utf-8-sig").rstrip("\r\n")
    except OSError as error:
        raise GatewayError(f"The file {file} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise GatewayError("The secret is not UTF-8 text. Save the file as UTF-8.") from error
    if not text or len(raw) > LARGEST_SECRET_BYTES:
        raise GatewayError("The secret must be the first line of the file, and no longer than 4096 bytes.")
    return Secret(text)


def _beside_poll(args: argparse.Namespace) -> list[str]:
    beside = ("port", "user", "password_file", "every")
    return [f"--{name.replace('_', '-')}" for name in beside if getattr(args, name) is not None]


def _given(words: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in words.items() if value not in (None, {})}
