"""The command `reset`: what is lost is said, and done when the person says so; how it is done is decided elsewhere."""

from __future__ import annotations

import argparse
import asyncio
import sys
from typing import TYPE_CHECKING

from gateway.cli.command import FAILED, OK, USAGE, complain, load, say
from gateway.errors import CatalogueError, StoreRefused

if TYPE_CHECKING:
    from gateway.app.keeping import Keeping

_WORD = "reset"


def add(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "--what",
        required=True,
        metavar="LIST",
        help="settings, google, devices, meetings, admins: one or more with commas between them, or everything",
    )
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--at-next-start", action="store_true", help="let the gateway do it when it starts")
    parser.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> int:
    from gateway.operations.backup.reset import CHOICES, EVERYTHING

    named = {each.strip() for each in args.what.split(",") if each.strip()}
    chosen = [each for each in CHOICES if each in named or EVERYTHING in named]
    strange = sorted(named - {*CHOICES, EVERYTHING})
    if strange or not chosen:
        lead = f"There is no {strange[0]} to reset. " if strange else ""
        return complain([f"{lead}Choose from: {', '.join(CHOICES)}, {EVERYTHING}."], USAGE)
    keeping = _keeping(args)
    if not keeping.folder.database.exists():
        return complain([f"There is nothing to reset in {keeping.folder.path} yet."], FAILED)
    if not args.yes and not _wanted(chosen):
        return FAILED
    return _plan(keeping, chosen) if args.at_next_start else _reset(keeping, chosen)


def _keeping(args: argparse.Namespace) -> Keeping:
    from gateway.app.keeping import made_keeping
    from gateway.clock import SystemClock
    from gateway.store.folder import DataFolder

    config = load(args)
    return made_keeping(config, SystemClock(), DataFolder(config.gateway.data_dir))


def _wanted(chosen: list[str]) -> bool:
    """Say what is lost and what stays, and ask."""
    from gateway.operations.backup.losses import losses

    for loss in losses():
        if loss.choice in chosen:
            say(f"{loss.title}: {loss.lost} {loss.stays}")
    if not sys.stdin.isatty():
        say("Nothing was reset. Add --yes if that is what you want.")
        return False
    say(f'A copy of the current state is saved first. Type "{_WORD}" to go on:')
    if sys.stdin.readline(100).strip().casefold() == _WORD:
        return True
    say("Nothing was reset.")
    return False


def _plan(keeping: Keeping, chosen: list[str]) -> int:
    try:
        planned = asyncio.run(keeping.resetting.plan(chosen))
    except CatalogueError as error:
        return complain([f"{error.code} {error}"], FAILED)
    except OSError as error:
        return complain([f"{error.filename or keeping.folder.path}: {error.strerror}. Nothing was changed."], FAILED)
    say(f"The gateway resets {', '.join(planned.choices)} when it starts the next time.")
    say(f"A copy of the current state is saved first as {planned.saved_as}.")
    return OK


def _reset(keeping: Keeping, chosen: list[str]) -> int:
    from gateway import messages

    try:
        keeping.folder.lock()
    except StoreRefused:
        return complain([f"C-10 {messages.text('C-10')}"], FAILED)
    try:
        asyncio.run(keeping.resetting.plan(chosen))
        done = keeping.resetting.apply()
    except CatalogueError as error:
        return complain([f"{error.code} {error}"], FAILED)
    except OSError as error:
        return complain(
            [f"{error.filename or keeping.folder.path}: {error.strerror}. It is tried again at the next start."], FAILED
        )
    finally:
        keeping.folder.unlock()
    if done is None:
        return complain(["Nothing was reset; the log says why. It is tried again at the next start."], FAILED)
    say(f"A copy of the current state was saved first as {done.saved_as}.")
    say(f"Reset: {', '.join(done.choices)}. Start the gateway: meeting-gateway serve")
    return OK
