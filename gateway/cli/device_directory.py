"""The commands `device directory …`; what a list may look like is decided in `devices`."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.cli.command import FAILED, OK, complain, load, say
from gateway.cli.device_office import with_office
from gateway.errors import GatewayError

if TYPE_CHECKING:
    from gateway.cli.device_office import Office


def add(parser: argparse.ArgumentParser) -> None:
    """Add the commands to the parser of `device directory`."""
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    imported = commands.add_parser("import", help="take the addresses from a CSV file; it replaces the last one")
    imported.set_defaults(run=_import)
    listed = commands.add_parser("list", help="print extension, address, name, and where each is from")
    listed.add_argument("--json", action="store_true", help="print one JSON object for each")
    listed.set_defaults(run=_list)
    cleared = commands.add_parser("clear", help="forget all addresses of the device")
    cleared.add_argument("--learned", action="store_true", help="only those that the device itself has sent")
    cleared.set_defaults(run=_clear)
    for each in (imported, listed, cleared):
        each.add_argument("id", metavar="ID", help="the device")
    imported.add_argument("file", metavar="FILE.csv", help="columns extension, email, name; - is standard input")


def _import(args: argparse.Namespace) -> int:
    from gateway.devices.people_list import LARGEST_BYTES, BadList

    try:
        if args.file == "-":
            data = sys.stdin.buffer.read(LARGEST_BYTES + 1)
        else:
            with Path(args.file).open("rb") as file:
                data = file.read(LARGEST_BYTES + 1)
    except OSError as error:
        raise GatewayError(f"The file {args.file} cannot be read: {error.strerror}.") from error

    async def work(office: Office) -> int:
        try:
            count, gone, notes = await office.roster.import_directory(args.id, data)
        except BadList as bad:
            say("Nothing was imported.")
            return complain([f"{args.file}: {problem}" for problem in bad.problems], FAILED)
        for note in notes:
            say(note)
        say(f"{count} {'extension has' if count == 1 else 'extensions have'} an address now.")
        if gone:
            say(f"{gone} of the list before {'is' if gone == 1 else 'are'} gone.")
        return OK

    return with_office(load(args), work)


def _list(args: argparse.Namespace) -> int:
    async def work(office: Office) -> int:
        entries = await office.roster.directory(args.id)
        for entry in entries:
            origin = "learned" if entry.learned else "imported"
            if args.json:
                said = {"extension": entry.extension, "email": entry.email, "name": entry.name, "from": origin}
                print(json.dumps(said, ensure_ascii=False))
            else:
                print("  ".join(each for each in (entry.extension, entry.email, entry.name, origin) if each))
        if not entries:
            say(f"The directory is empty. Run: meeting-gateway device directory import {args.id} FILE.csv")
        return OK

    return with_office(load(args), work, wake=False)


def _clear(args: argparse.Namespace) -> int:
    async def work(office: Office) -> int:
        cleared = await office.roster.clear_directory(args.id, learned_only=args.learned)
        say(f"{cleared} {'address is' if cleared == 1 else 'addresses are'} forgotten.")
        return OK

    return with_office(load(args), work)
