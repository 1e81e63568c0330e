"""The command `notify test`: one alert to each channel that is set; what alerts say is not decided here."""

from __future__ import annotations

import argparse
import asyncio
import json
import secrets
from typing import TYPE_CHECKING

from gateway.cli.command import CONFIGURATION, FAILED, OK, complain, load, say

if TYPE_CHECKING:
    from gateway.config import Config
    from gateway.notify.alert import Alert
    from gateway.notify.webhook import Told


def add(parser: argparse.ArgumentParser) -> None:
    """Add the command to the parser of `notify`."""
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    test = commands.add_parser("test", help="send one alert to every channel that is set, and say whether it was taken")
    test.add_argument("channel", nargs="?", choices=("email", "webhook", "syslog"), help="only this one")
    test.add_argument("--json", action="store_true", help="print one JSON object for each")
    test.set_defaults(run=_test)


def _test(args: argparse.Namespace) -> int:
    config = load(args)
    told = asyncio.run(_send(config, args.channel))
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
            f"Nothing is set under notifications.{channel} in config.yaml, so nobody is told that way. "
            f"Set it there, try again, and restart the gateway."
        ]
    return [
        "Nothing is set under notifications in config.yaml, so nobody is told anything. Set notifications.email, "
        "notifications.webhook or notifications.syslog there, try again, and restart the gateway."
    ]


async def _send(config: Config, only: str | None) -> dict[str, Told]:
    from gateway.operations.alert_channels import made_channels

    alert = _alert(config)
    told: dict[str, Told] = {}
    for channel in made_channels(config):
        try:
            if only in (None, channel.name):
                told[channel.name] = await channel.send(alert, now_s=alert.at_s)
        finally:
            await channel.close()
    return told


def _alert(config: Config) -> Alert:
    from gateway import messages
    from gateway.clock import SystemClock
    from gateway.notify.alert import Alert
    from gateway.operations.alert_channels import page_address

    message = messages.text("M-07")
    return Alert(
        id=f"alt_test_{secrets.token_hex(8)}",
        type="test",
        at_s=SystemClock().now_ms() // 1000,
        severity=message.severity,
        code=message.code,
        title=message.title,
        text=message.text,
        gateway=config.gateway.name,
        page=page_address(config),
    )
