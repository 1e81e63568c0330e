"""The commands `google login`, `status` and `logout`; what a sign-in is, is decided in `accounts`."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from gateway.cli.command import FAILED, NOT_AUTHORIZED, OK, UNREACHABLE, say, with_stored

if TYPE_CHECKING:
    from gateway.accounts.accounts import Accounts, Candidate
    from gateway.app import Stored


def add(parser: argparse.ArgumentParser) -> None:
    """Add the commands to the parser of `google`."""
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    login = commands.add_parser("login", help="authorize the gateway to write to a Google calendar")
    login.add_argument(
        "--print-link", action="store_true", help="only print the sign-in link; finish with --code later"
    )
    login.add_argument("--code", metavar="TEXT", help="the code, or the whole address; - reads it from standard input")
    login.add_argument("--yes", action="store_true", help="do not ask whether the account is the right one")
    login.add_argument("--replace", action="store_true", help="use this account instead of the one used until now")
    login.set_defaults(run=_login)
    status = commands.add_parser("status", help="print the account and whether it works")
    status.add_argument("--json", action="store_true", help="print one JSON object")
    status.set_defaults(run=_status)
    logout = commands.add_parser("logout", help="forget the authorization")
    logout.add_argument("--revoke", action="store_true", help="also end it at Google, for every client of that project")
    logout.set_defaults(run=_logout)


def _login(args: argparse.Namespace) -> int:
    return with_stored(args, lambda stored: _sign_in(args, stored.accounts))


async def _sign_in(args: argparse.Namespace, accounts: Accounts) -> int:
    if args.code is None:
        link = await accounts.start()
        say("Open this link, sign in and click Allow. Then copy the whole address from the address bar:")
        say("the browser will say that the page can't be reached. That is expected.")
        print(link.url, flush=True)
        if args.print_link:
            return OK
        say("Paste the address or the code here and press Enter:")
    pasted = args.code if args.code not in (None, "-") else await asyncio.to_thread(sys.stdin.readline)
    candidate = await accounts.finish(pasted)
    say(f"Google says this is {candidate.email}.")
    if not _confirmed(args, candidate):
        say("Nothing was stored.")
        return FAILED
    for note in candidate.notes:
        say(f"{note.code} {note}")
    await accounts.store(candidate, replace=args.replace)
    say("Authorization successfully!")
    print(f"Authorized {candidate.email}")
    return OK


def _confirmed(args: argparse.Namespace, candidate: Candidate) -> bool:
    """Ask a person at a terminal; a script said what it wants by its options."""
    if args.yes or not sys.stdin.isatty():
        return True
    if candidate.replaces:
        say(f"Until now it was {candidate.replaces}. Meetings in that calendar stay there and are no longer updated.")
    say(f"Write meetings into the calendar of {candidate.email}? [y/N]")
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _status(args: argparse.Namespace) -> int:
    return with_stored(args, lambda stored: _show_status(args, stored.accounts), wake=False)


async def _show_status(args: argparse.Namespace, accounts: Accounts) -> int:
    status = accounts.status()
    if args.json:
        known = {} if status is None else {"account": status.email, "code": status.code, "text": status.text}
        print(json.dumps({"state": "none" if status is None else status.state, **known}))
    elif status is None:
        print("Not authorized. Run: meeting-gateway google login")
    else:
        since = datetime.fromtimestamp(status.authorized_at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
        print(f"{status.email}: {status.state}, authorized {since}")
        if status.text:
            print(f"{status.code} {status.text}")
    return OK if status is not None and status.state == "connected" else NOT_AUTHORIZED


def _logout(args: argparse.Namespace) -> int:
    async def forget(stored: Stored) -> int:
        revoked = await stored.accounts.forget(revoke=args.revoke)
        print("The authorization is forgotten here. Meetings are kept and wait for the next sign-in.")
        if args.revoke and not revoked:
            say("Google did not confirm that it ended the authorization. Remove the app in the Google account:")
            say("myaccount.google.com > Security > Third-party access.")
            return UNREACHABLE
        return OK

    return with_stored(args, forget)
