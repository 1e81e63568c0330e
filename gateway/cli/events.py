"""The command `events tail`: what happens, in a terminal, in the words of the dashboard; nothing is decided here."""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from gateway.cli.command import OK, USAGE, complain, load, say, with_stored

if TYPE_CHECKING:
    from gateway.app.stored import Stored
    from gateway.operations.overview.activity import Activity, Line

LINES = 20
MOST_AT_ONCE = 200
LOOK_EVERY_S = 1.0


def add(parser: argparse.ArgumentParser) -> None:
    """Add the commands to the parser of `events`."""
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    tail = commands.add_parser("tail", help="print what happened last, and go on with --follow")
    tail.add_argument("--follow", action="store_true", help="go on with what happens, until Ctrl+C")
    tail.add_argument(
        "--since", type=int, metavar="ID", help="begin after this line; its id is in the output of --json"
    )
    tail.add_argument("--type", metavar="PATTERN", help="only what is called like this, such as meeting.* or device.*")
    tail.add_argument("--json", action="store_true", help="print one JSON object for each")
    tail.set_defaults(run=_tail)


def _tail(args: argparse.Namespace) -> int:
    if args.since is not None and not 0 <= args.since < 2**62:
        return complain(["--since must be the id of a line: 0 or more."], USAGE)
    shown = _as_json if args.json else _as_text

    async def work(stored: Stored) -> int:
        activity = await _activity(args, stored)
        last = await _catch_up(activity, args, shown)
        if args.follow:
            say("Waiting for what happens. Ctrl+C ends this.")
        while args.follow:
            await asyncio.sleep(LOOK_EVERY_S)
            last = await _print_after(activity, last, args.type, shown)
        return OK

    return with_stored(args, work, wake=False)


async def _activity(args: argparse.Namespace, stored: Stored) -> Activity:
    from gateway.operations.overview.activity import Activity
    from gateway.store import overview

    titles = await stored.database.read(overview.device_names)
    titles |= {section.id: section.name for section in load(args).devices if section.name is not None}
    return Activity(database=stored.database, titles=lambda: titles)


async def _catch_up(activity: Activity, args: argparse.Namespace, shown: Callable[[Line], str]) -> int:
    """Print what was asked for of what is over; return the id of the last line."""
    if args.since is not None:
        return await _print_after(activity, args.since, args.type, shown)
    lines = await activity.newest(LINES)
    _print(lines, args.type, shown)
    return lines[-1].id if lines else 0


async def _print_after(activity: Activity, last: int, wanted: str | None, shown: Callable[[Line], str]) -> int:
    """Print everything after a line; return the id of the last one."""
    while lines := await activity.after(last, MOST_AT_ONCE):
        _print(lines, wanted, shown)
        last = lines[-1].id
    return last


def _print(lines: list[Line], wanted: str | None, shown: Callable[[Line], str]) -> None:
    for line in lines:
        if wanted is None or fnmatchcase(line.action, wanted):
            print(shown(line), flush=True)


def _as_text(line: Line) -> str:
    harmless = "".join(each if each.isprintable() else " " for each in line.text)  # devices named what is in it
    return f"{datetime.fromtimestamp(line.at / 1000, UTC):%Y-%m-%d %H:%M:%S} UTC  {harmless}"


def _as_json(line: Line) -> str:
    at = f"{datetime.fromtimestamp(line.at / 1000, UTC):%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z"
    said: dict[str, object] = {"id": line.id, "at": at, "action": line.action, "text": line.text}
    if line.row is not None:
        row = line.row
        said |= {"actor": row.actor, "object": row.object, "detail": row.detail, "source": row.source}
    return json.dumps(said, ensure_ascii=False)
