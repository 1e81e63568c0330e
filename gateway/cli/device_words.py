"""What was typed about a device to its settings, and secrets from files; nothing is stored or printed here."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.domain.secret import Secret
from gateway.errors import ConfigError, GatewayError

if TYPE_CHECKING:
    from gateway.config import DeviceSection

LARGEST_SECRET_BYTES = 4096


def add_choices(parser: argparse.ArgumentParser) -> None:
    """Add the options that say how a device is, for `add` and `approve`."""
    parser.add_argument("--model", metavar="NAME", help="the model, for its limits, such as UCM6304")
    parser.add_argument("--name", metavar="TEXT", help="name for people (default: the id)")
    parser.add_argument("--zone", metavar="ZONE", help="time zone for meetings that come without one")
    parser.add_argument("--calendar", metavar="ID", help="calendar for its meetings (default: the one of all devices)")
    parser.add_argument("--invitations", choices=("device", "google", "off"), help="who invites the guests")
    parser.add_argument("--sip", metavar="URI", help="how to join by SIP, such as sip:{room}@pbx.example.com")
    parser.add_argument("--dial-in", metavar="NUMBER", help="how to join by telephone")
    parser.add_argument("--web-link", metavar="URL", help="how to join in a browser")
    parser.add_argument("--show-pins", action="store_true", help="write the meeting's password into the invitation")
    parser.add_argument("--key-file", metavar="FILE", help="use the key in this file (- is standard input)")
    parser.add_argument("--poll", metavar="ADDRESS", help="ask the device at this address instead of waiting for calls")
    parser.add_argument("--port", type=int, metavar="N", help="port for --poll (default: the profile's)")
    parser.add_argument("--user", metavar="NAME", help="user name of the device's API, for --poll")
    parser.add_argument("--password-file", metavar="FILE", help="its password is in this file (- is standard input)")
    parser.add_argument("--every", type=int, metavar="SECONDS", help="pause between two looks, for --poll")


def section_of(args: argparse.Namespace, profile: str) -> DeviceSection:
    """Return what was typed as the settings of a device, judged as those of `config.yaml` are.

    Raises ConfigError with a line for each mistake, GatewayError when a file cannot be read.
    """
    from gateway.config import device_section

    join = {"sip_uri": args.sip, "dial_in": args.dial_in, "web_link": args.web_link}
    words: dict[str, object] = {
        "id": args.id,
        "profile": profile,
        "model": args.model,
        "name": args.name,
        "time_zone": args.zone,
        "calendar": args.calendar,
        "invitations": args.invitations,
        "join": _given(join),
        "show_pins": args.show_pins or None,
        "key": secret_of(args.key_file),
        "poll": _poll(args),
    }
    return device_section(_given(words))


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


def _poll(args: argparse.Namespace) -> dict[str, object] | None:
    if args.poll is None:
        beside = ("port", "user", "password_file", "every")
        given = [f"--{name.replace('_', '-')}" for name in beside if getattr(args, name) is not None]
        if given:
            raise ConfigError([f"{', '.join(given)}: only together with --poll ADDRESS"])
        return None
    if args.password_file is None:
        raise ConfigError(
            ["--poll needs --password-file FILE (or - for standard input): a password never stands in the command line"]
        )
    return _given(
        {
            "address": args.poll,
            "port": args.port,
            "user": args.user,
            "password": secret_of(args.password_file),
            "every_s": args.every,
        }
    )


def _given(words: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in words.items() if value not in (None, {})}
