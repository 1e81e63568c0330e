"""The commands `backup create`, `list` and `restore`; what a backup is and how it is restored is decided elsewhere."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.cli.command import CANNOT_CREATE, FAILED, OK, complain, load, say
from gateway.errors import CatalogueError, GatewayError, StoreRefused

if TYPE_CHECKING:
    from gateway.config import Config
    from gateway.operations.backup.backup import Backups
    from gateway.store.folder import DataFolder

WARNING = "This file contains the Google authorization and device keys. Keep it like a password."
MOST_PASSPHRASE_BYTES = 4096


def add(parser: argparse.ArgumentParser) -> None:
    """Add the commands to the parser of `backup`."""
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    create = commands.add_parser("create", help="make a backup while the gateway goes on working")
    create.add_argument("--output", type=Path, metavar="FILE", help="default: a new file in DATA/backups")
    create.set_defaults(run=_create)
    listed = commands.add_parser("list", help="print the backups in DATA/backups")
    listed.add_argument("--json", action="store_true", help="print one JSON object for each")
    listed.set_defaults(run=_list)
    restore = commands.add_parser("restore", help="go on from a backup; the gateway must be stopped")
    restore.add_argument("file", metavar="FILE", help="a file, or the name of a backup in DATA/backups")
    restore.add_argument(
        "--at-next-start", action="store_true", help="check it now, and let the gateway take it over when it starts"
    )
    restore.set_defaults(run=_restore)
    for each in (create, restore):
        each.add_argument(
            "--passphrase-file", type=Path, metavar="FILE", help="the passphrase is the first line; - reads it"
        )


def _create(args: argparse.Namespace) -> int:
    config = load(args)
    passphrase = _passphrase(args)
    target: Path | None = args.output.absolute() if args.output is not None else None
    if target is not None and target.exists():
        return complain([f"{target} is there already. Choose another name."], CANNOT_CREATE)
    folder, backups = _parts(config)
    if not folder.database.exists():
        return complain([f"There is nothing to back up in {folder.path} yet."], FAILED)
    try:
        made = asyncio.run(backups.create(passphrase, target=target))
    except CatalogueError as error:
        return complain([f"{error.code} {error}"], FAILED)
    except OSError as error:
        return complain([f"The backup cannot be written: {error.strerror}."], CANNOT_CREATE)
    print(made)
    if not passphrase:
        say(WARNING)
    return OK


def _list(args: argparse.Namespace) -> int:
    _, backups = _parts(load(args))
    found = asyncio.run(backups.every())
    for each in found:
        made = f"{datetime.fromtimestamp(each.made_at_ms / 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"
        if args.json:
            shown = {"name": each.name, "kind": each.kind, "made": made, "bytes": each.bytes, "locked": each.locked}
            print(json.dumps({**shown, "version": each.version or None}))
        else:
            lock = "locked with a passphrase" if each.locked else f"version {each.version or 'unknown'}"
            print(f"{each.name}  {made}  {each.bytes / 1e6:.1f} MB  {lock}")
    if not found:
        say("There is no backup yet. Run: meeting-gateway backup create")
    return OK


def _restore(args: argparse.Namespace) -> int:
    from gateway.clock import SystemClock
    from gateway.operations.backup.restore import Restoring

    config = load(args)
    folder, backups = _parts(config)
    folder.make()
    passphrase = _passphrase(args)
    restoring = Restoring(folder=folder, clock=SystemClock(), backups=backups, profiles_dir=config.gateway.profiles_dir)
    source = Path(args.file)
    if not source.exists() and "/" not in args.file:
        source = backups.file(args.file)
    if not args.at_next_start:
        try:
            folder.lock()
        except StoreRefused:
            from gateway import messages

            return complain([f"C-10 {messages.text('C-10')}"], FAILED)
    try:
        staged = asyncio.run(restoring.stage(source, passphrase))
        made = f"{datetime.fromtimestamp(staged.made_at_ms / 1000, UTC):%Y-%m-%d %H:%M} UTC"
        if args.at_next_start:
            say(f"The backup of {made} is complete. The gateway takes it over when it starts the next time.")
            return OK
        applied = restoring.apply()
    except CatalogueError as error:
        return complain([f"{error.code} {error}"], FAILED)
    except OSError as error:
        return complain([f"{error.filename or source}: {error.strerror}. Nothing was changed."], FAILED)
    finally:
        folder.unlock()
    if applied is None:
        return complain(["The backup was not restored; the log says why. It is tried again at the next start."], FAILED)
    if applied.saved_as:
        say(f"A copy of the current state was saved first as {applied.saved_as}.")
    say(f"The backup of {made} was restored. Start the gateway: meeting-gateway serve")
    return OK


def _parts(config: Config) -> tuple[DataFolder, Backups]:
    from gateway.clock import SystemClock
    from gateway.operations.backup.backup import Backups
    from gateway.store.folder import DataFolder

    folder = DataFolder(config.gateway.data_dir)
    backups = Backups(
        folder=folder, clock=SystemClock(), gateway=config.gateway.name, profiles_dir=config.gateway.profiles_dir
    )
    return folder, backups


def _passphrase(args: argparse.Namespace) -> str:
    """Return the first line of the file; empty without one."""
    if args.passphrase_file is None:
        return ""
    if str(args.passphrase_file) == "-":
        return sys.stdin.readline(MOST_PASSPHRASE_BYTES).rstrip("\r\n")
    try:
        with args.passphrase_file.open("r", encoding="utf-8") as source:
            return str(source.readline(MOST_PASSPHRASE_BYTES)).rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise GatewayError(f"The passphrase file {args.passphrase_file} cannot be read: {reason}.") from error
