"""The commands `user add`, `passwd` and `list`; who may be an administrator is decided in `access`."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from gateway.cli.command import FAILED, OK, complain, say, with_stored
from gateway.errors import AccessError

if TYPE_CHECKING:
    from gateway.access.admins import Admins
    from gateway.app.stored import Stored


def add(parser: argparse.ArgumentParser) -> None:
    """Add the commands to the parser of `user`."""
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    new = commands.add_parser(
        "add", help="add an administrator of the page, the first one too; no set-up code is needed"
    )
    new.set_defaults(run=_add)
    passwd = commands.add_parser("passwd", help="give an administrator a new password and end all sessions")
    passwd.set_defaults(run=_passwd)
    for each in (new, passwd):
        each.add_argument("name", metavar="NAME", help="the user name; small and capital letters are the same")
        each.add_argument(
            "--password", choices=("-",), help="read the password from standard input, one line, instead of asking"
        )
    listed = commands.add_parser("list", help="print the administrators")
    listed.add_argument("--json", action="store_true", help="print one JSON object for each")
    listed.set_defaults(run=_list)


def refused(error: AccessError) -> int:
    """Print a code and its text as the page shows it; return the exit code."""
    return complain([f"{error.code} {error}"], FAILED)


def _add(args: argparse.Namespace) -> int:
    password = _password(args)

    async def work(stored: Stored) -> int:
        await _admins(stored).add_user(args.name, password)
        say(f"{args.name} can sign in now.")
        return OK

    return with_stored(args, work)


def _passwd(args: argparse.Namespace) -> int:
    password = _password(args)

    async def work(stored: Stored) -> int:
        await _admins(stored).set_password(args.name, password)
        say(f"{args.name} has a new password. Browsers that were signed in with the old one are signed out.")
        return OK

    return with_stored(args, work)


def _list(args: argparse.Namespace) -> int:
    async def work(stored: Stored) -> int:
        users = await _admins(stored).users()
        for user in users:
            created, changed = _day(user.created_at), _day(user.changed_at)
            if args.json:
                print(json.dumps({"name": user.name, "created": created, "password_changed": changed}))
            else:
                print(f"{user.name}  created {created}, password of {changed}")
        if not users:
            say("There is no administrator yet. Run: meeting-gateway user add NAME")
        return OK

    return with_stored(args, work, wake=False)


def _admins(stored: Stored) -> Admins:
    from gateway.access.admins import Admins
    from gateway.clock import SystemClock

    return Admins(database=stored.database, data_dir=stored.folder.path, clock=SystemClock())


def _password(args: argparse.Namespace) -> str:
    """Return one line of standard input, or what is typed twice. Raises AccessError A-08, and A-07 for no password."""
    from gateway import messages
    from gateway.access.passwords import check_new

    if args.password == "-" or not sys.stdin.isatty():  # noqa: S105 - the sign for standard input
        password = sys.stdin.readline().rstrip("\r\n")
        check_new(password)
        return password
    import getpass

    password = getpass.getpass("Password: ")
    check_new(password)
    if getpass.getpass("Once more: ") != password:
        raise AccessError("A-08", str(messages.text("A-08")))
    return password


def _day(at_ms: int) -> str:
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC):%Y-%m-%d %H:%M} UTC"
