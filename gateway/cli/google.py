"""The commands `google login`, `status`, `logout` and `test`; what a sign-in is, is decided in `accounts`."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.cli.command import FAILED, NOT_AUTHORIZED, OK, UNREACHABLE, complain, say, with_stored
from gateway.errors import GatewayError, SignInError

if TYPE_CHECKING:
    from gateway.accounts.accounts import Accounts, Candidate
    from gateway.app.stored import Stored


def add(parser: argparse.ArgumentParser) -> None:
    """Add the commands to the parser of `google`."""
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    login = commands.add_parser("login", help="authorize the gateway to write to a Google calendar")
    login.add_argument(
        "--client", type=Path, metavar="FILE.json", help="first save the client of this file, as Google offers it"
    )
    login.add_argument("--redirect", metavar="URI", help="first save this redirect address")
    login.add_argument("--qr", action="store_true", help="also print the link as a QR code, for a phone")
    login.add_argument("--long", action="store_true", help="make the link good for 24 hours instead of 10 minutes")
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
    test = commands.add_parser("test", help="write a test meeting, read it and delete it again")
    test.set_defaults(run=_test)


def refused(error: SignInError) -> int:
    """Print what was refused and what to type next; return the exit code."""
    return complain([_told(error.code, str(error))], UNREACHABLE if _passes(error.code) else NOT_AUTHORIZED)


def _passes(code: str) -> bool:
    """Whether it has to do with the way to Google, or with Google itself, and not with the authorization."""
    return code.startswith("N-") or code in ("G-312", "G-412", "G-420", "G-505", "G-506")


def _told(code: str, sentence: str) -> str:
    """Write a code and its text as the page does, with the command that stands for the page's button."""
    from gateway import messages

    following = messages.commands(code) if code in messages.codes() else ()
    return f"{code} {sentence}{f' -> {following[0]}' if following else ''}"


def _login(args: argparse.Namespace) -> int:
    async def save_and_sign_in(stored: Stored) -> int:
        if args.client is not None or args.redirect is not None:
            await _save_client(args, stored)
        return await _sign_in(args, stored.accounts)

    return with_stored(args, save_and_sign_in)


async def _save_client(args: argparse.Namespace, stored: Stored) -> None:
    """Save the Google app as the page does; `--replace` confirms what the page asks about."""
    from gateway.accounts.credentials_file import LARGEST_FILE_BYTES, read_credentials
    from gateway.accounts.google_app import AppEntry
    from gateway.domain.actor import COMMAND_LINE

    credentials = None
    if args.client is not None:
        try:
            with args.client.open("rb") as file:
                data = file.read(LARGEST_FILE_BYTES + 1)
        except OSError as error:
            raise GatewayError(f"The file {args.client} cannot be read: {error.strerror}.") from error
        credentials = read_credentials(data)
    before = stored.apps.current()
    entry = AppEntry(
        client_id=before.client_id,
        redirect_uri=args.redirect or "",
        audience=before.audience,
        credentials=credentials,
    )
    for note in await stored.apps.save(entry, COMMAND_LINE, confirmed=args.replace):
        say(f"{note.code} {note}")
    stored.folder.wake_server()  # also when the sign-in that follows fails
    say(f"Saved: client {stored.apps.current().client_id}, redirect address {stored.apps.current().redirect_uri}")


async def _sign_in(args: argparse.Namespace, accounts: Accounts) -> int:
    if args.code is None:
        await _hand_out_link(args, accounts)
        if args.print_link:
            return OK
        say("Paste the address or the code here and press Enter:")
    pasted = args.code if args.code not in (None, "-") else await asyncio.to_thread(sys.stdin.readline)
    candidate = await accounts.finish(pasted)
    say(f"Google says this is {candidate.email}.")
    asks = sys.stdin.isatty() and not args.yes  # a script said what it wants by its options
    if asks and not _confirmed(candidate):
        say("Nothing was stored.")
        return FAILED
    for note in candidate.notes:
        say(_told(note.code, str(note)))
    await accounts.store(candidate, replace=args.replace or asks)
    say("Authorization successful!")
    print(f"Authorized {candidate.email}")
    return OK


async def _hand_out_link(args: argparse.Namespace, accounts: Accounts) -> None:
    link = await accounts.start(long=args.long)
    say("Open this link, sign in and click Allow. Then copy the whole address from the address bar:")
    say("the browser will say that the page can't be reached. That is expected.")
    print(link.url, flush=True)
    if args.qr:
        import segno

        segno.make(link.url, error="l", micro=False).terminal(out=sys.stderr, border=2, compact=True)
        sys.stderr.flush()


def _confirmed(candidate: Candidate) -> bool:
    """Ask the person at the terminal, in other words when another account would be replaced."""
    if candidate.replaces:
        from gateway import messages

        change = messages.text("G-409", new=candidate.email, old=candidate.replaces)
        say(f"{change.code} {change.title} {change.text}")
    say(f"Write meetings into the calendar of {candidate.email}? [y/N]")
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _status(args: argparse.Namespace) -> int:
    return with_stored(args, lambda stored: _show_status(args, stored.accounts), wake=False)


async def _show_status(args: argparse.Namespace, accounts: Accounts) -> int:
    status, standing = accounts.status(), await accounts.standing()
    if args.json:
        known = {} if status is None else {"account": status.email, "code": status.code, "text": status.text}
        told = {"pill": standing.pill, "line": standing.line, "waiting": standing.waiting}
        print(json.dumps({"state": "none" if status is None else status.state, **known, **told}))
    else:
        print(standing.pill)
        print(f"{standing.line}{' -> meeting-gateway google login' if status is None else ''}")
        if status is not None:
            since = datetime.fromtimestamp(status.authorized_at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
            print(f"{status.email}: {status.state}, authorized {since}")
        if standing.message is not None:
            print(_told(standing.message.code, str(standing.message)))
    return OK if status is not None and status.state == "connected" else NOT_AUTHORIZED


def _logout(args: argparse.Namespace) -> int:
    async def forget(stored: Stored) -> int:
        from gateway import messages

        nobody = stored.accounts.status() is None
        confirmed = await stored.accounts.forget(revoke=args.revoke)
        print("The authorization is forgotten here. Meetings are kept and wait for the next sign-in.")
        if args.revoke and not confirmed and not nobody:
            stored.folder.wake_server()
            return refused(SignInError("G-420", str(messages.text("G-420"))))
        return OK

    return with_stored(args, forget)


def _test(args: argparse.Namespace) -> int:
    async def write_read_delete(stored: Stored) -> int:
        meeting = await stored.test_meeting.send()
        say(f'A test meeting "{meeting.name}" is in {meeting.calendar} at {meeting.start}.')
        found = await stored.test_meeting.look()
        await stored.test_meeting.delete()
        if not found:
            say("Google took the test meeting, but did not show it when it was read again.")
            return UNREACHABLE
        print("Google Calendar works: a test meeting was written, read and deleted.")
        return OK

    return with_stored(args, write_read_delete)
