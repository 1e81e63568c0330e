"""The commands `notify`: who is told of what, and one alert to each channel; what alerts say is not decided here."""

from __future__ import annotations

import argparse
import asyncio
import json

from gateway.cli.command import CONFIGURATION, FAILED, OK, complain, load, say


def add(parser: argparse.ArgumentParser) -> None:
    """Add the command to the parser of `notify`."""
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    test = commands.add_parser("test", help="send one alert to every channel that is set, and say whether it was taken")
    test.add_argument("channel", nargs="?", choices=("email", "webhook", "syslog"), help="only this one")
    test.add_argument("--json", action="store_true", help="print one JSON object for each")
    test.set_defaults(run=_test)
    shown = commands.add_parser("list", help="show who is told, and of what")
    shown.add_argument("--json", action="store_true", help="print one JSON object for each")
    shown.set_defaults(run=_list)


def _list(args: argparse.Namespace) -> int:
    from gateway.domain.alert_kind import AlertKind
    from gateway.operations.alerts.channels import NAMES, chosen_kinds

    chosen = chosen_kinds(load(args))
    for name in NAMES:
        told = [str(kind) for kind in AlertKind if kind in chosen.get(name, ())]
        if args.json:
            print(json.dumps({"channel": name, "set": name in chosen, "events": told}))
        elif name not in chosen:
            print(f"{name}: not set, nobody is told this way")
        else:
            print(f"{name}: {', '.join(told) if told else 'nothing but tests'}")
    return OK


def _test(args: argparse.Namespace) -> int:
    from gateway.clock import SystemClock
    from gateway.operations.alerts.trial import send_test

    config = load(args)
    told = asyncio.run(send_test(config, SystemClock(), [args.channel] if args.channel else ()))
    if not told:
        return complain(_nobody(args.channel), CONFIGURATION)
    from gateway.notify.webhook import Taken

    for name, answer in told.items():
        taken = answer.taken is Taken.YES
        if args.json:
            print(json.dumps({"channel": name, "taken": taken, "text": answer.text or None}))
        elif taken:
            print(f"{name}: taken. {answer.text}".strip())
        else:
            complain([f"{name}: {answer.text}"], FAILED)
    if "syslog" in told:
        say("A syslog server does not answer: look there whether the line arrived.")
    return OK if all(answer.taken is Taken.YES for answer in told.values()) else FAILED


def _nobody(channel: str | None) -> list[str]:
    """Say that nothing is set, and what to set."""
    if channel is not None:
        return [
            f"Nothing is set under notifications.{channel} in config.yaml or on the page Settings, so nobody is "
            "told that way. Set it there and try again."
        ]
    return [
        "Nothing is set under notifications, so nobody is told anything. Set notifications.email, "
        "notifications.webhook or notifications.syslog on the page Settings, or in config.yaml, and try again."
    ]
