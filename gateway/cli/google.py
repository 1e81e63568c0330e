"""The commands `google login`, `main`, `logout` and `test`; what a sign-in is, is decided in `accounts`."""

from __future__ import annotations

import argparse
import asyncio
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.cli import google_calendars, google_shown
from gateway.cli.command import FAILED, NOT_AUTHORIZED, OK, UNREACHABLE, USAGE, complain, say, with_stored
from gateway.cli.google_shown import told
from gateway.errors import GatewayError, SignInError

if TYPE_CHECKING:
    from gateway.accounts.accounts import Accounts, Candidate
    from gateway.accounts.summary import Feature
    from gateway.accounts.test_meeting import TestMeeting
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
    login.add_argument("--add", action="store_true", help="use this account beside those that are used already")
    login.add_argument(
        "--for",
        dest="features",
        action="append",
        choices=["create-calendar"],
        default=[],
        help="ask Google for one more permission",
    )
    login.add_argument(
        "--service-account", type=Path, metavar="KEY.json", help="sign in with the key of a service account"
    )
    login.add_argument("--as", dest="user", metavar="USER@DOMAIN", help="the person that the service account acts for")
    login.set_defaults(run=_login)
    main = commands.add_parser("main", help="make an account the one of devices that name none")
    main.add_argument("email", metavar="EMAIL", help="an account that is signed in")
    main.set_defaults(run=_main)
    logout = commands.add_parser("logout", help="forget the authorization of an account")
    logout.add_argument("email", metavar="EMAIL", nargs="?", help="default: the main account")
    logout.add_argument("--revoke", action="store_true", help="also end it at Google, for every client of that project")
    logout.set_defaults(run=_logout)
    test = commands.add_parser("test", help="write a test meeting, read it and delete it again")
    test.add_argument("--account", metavar="EMAIL", help="default: the main account")
    test.set_defaults(run=_test)
    google_shown.add(commands)
    google_calendars.add(commands)


def refused(error: SignInError) -> int:
    """Print what was refused and what to type next; return the exit code."""
    return complain([told(error.code, str(error))], UNREACHABLE if _passes(error.code) else NOT_AUTHORIZED)


def _passes(code: str) -> bool:
    """Whether it has to do with the way to Google, or with Google itself, and not with the authorization."""
    return code.startswith("N-") or code in ("G-312", "G-412", "G-420", "G-505", "G-506")


def _login(args: argparse.Namespace) -> int:
    async def save_and_sign_in(stored: Stored) -> int:
        if args.client is not None or args.redirect is not None:
            await _save_client(args, stored)
        return await _sign_in(args, stored.accounts)

    if (args.service_account is None) != (args.user is None):
        return complain(["--service-account KEY.json and --as USER@DOMAIN belong together."], USAGE)
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
    if args.service_account is not None:
        return await _sign_in_with_key(args, accounts)
    if args.code is None:
        await _hand_out_link(args, accounts)
        if args.print_link:
            return OK
        say("Paste the address or the code here and press Enter:")
    pasted = args.code if args.code not in (None, "-") else await asyncio.to_thread(sys.stdin.readline)
    return await _keep(args, accounts, await accounts.finish(pasted))


async def _sign_in_with_key(args: argparse.Namespace, accounts: Accounts) -> int:
    from gateway.accounts.service_sign_in import key_from

    key = await asyncio.to_thread(key_from, args.service_account)
    return await _keep(args, accounts, await accounts.service_account(key, args.user, _features(args)))


async def _keep(args: argparse.Namespace, accounts: Accounts, candidate: Candidate) -> int:
    """Store the account when the person says so; a script said what it wants by its options."""
    say(f"Google says this is {candidate.email}.")
    asks = sys.stdin.isatty() and not args.yes
    if asks and not _confirmed(candidate, add=args.add):
        say("Nothing was stored.")
        return FAILED
    for note in candidate.notes:
        say(told(note.code, str(note)))
    try:
        await accounts.store(candidate, replace=args.replace or asks, add=args.add)
    except SignInError as error:
        if error.code != "G-409":
            raise
        complain([f"{error.code} {error}", *_two_ways(args, candidate.replaces or "it")], NOT_AUTHORIZED)
        return NOT_AUTHORIZED
    say("Authorization successful!")
    main = accounts.status()
    if main is not None and main.email != candidate.email:
        say(f"The main account is still {main.email}. Devices use this one when they name it: devices[].account")
    print(f"Authorized {candidate.email}")
    return OK


def _two_ways(args: argparse.Namespace, old: str) -> list[str]:
    """Say how to sign in again with the same words, beside the account that is there or instead of it."""
    words = ["meeting-gateway google login"]
    if args.service_account is not None:
        words += ["--service-account", shlex.quote(str(args.service_account)), "--as", shlex.quote(args.user)]
    words += [f"--for {each}" for each in dict.fromkeys(args.features)]
    again = " ".join(words)
    return [
        "Nothing was stored. Sign in again, and say which of the two you want:",
        f"beside {old} -> {again} --add",
        f"instead of {old} -> {again} --replace",
    ]


def _features(args: argparse.Namespace) -> tuple[Feature, ...]:
    from gateway.accounts.summary import Feature

    return tuple(Feature(each) for each in args.features)


async def _hand_out_link(args: argparse.Namespace, accounts: Accounts) -> None:
    link = await accounts.start(long=args.long, more=_features(args))
    say("Open this link, sign in and click Allow. Then copy the whole address from the address bar:")
    say("the browser will say that the page can't be reached. That is expected.")
    print(link.url, flush=True)
    if args.qr:
        import segno

        segno.make(link.url, error="l", micro=False).terminal(out=sys.stderr, border=2, compact=True)
        sys.stderr.flush()


def _confirmed(candidate: Candidate, *, add: bool) -> bool:
    """Ask the person at the terminal, in other words when another account would be replaced."""
    if candidate.replaces and not add:
        from gateway import messages

        change = messages.text("G-409", new=candidate.email, old=candidate.replaces)
        say(f"{change.code} {change.title} {change.text}")
        say("To use both, answer n and start again with the option --add.")
    say(f"Write meetings into the calendar of {candidate.email}? [y/N]")
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _main(args: argparse.Namespace) -> int:
    async def make_main(stored: Stored) -> int:
        await stored.accounts.make_main(args.email)
        print(f"The main account is {args.email}. Devices that name no account write to it from now on.")
        print("Meetings that are in a calendar already stay there and are looked after with their account.")
        return OK

    return with_stored(args, make_main)


def _logout(args: argparse.Namespace) -> int:
    async def forget(stored: Stored) -> int:
        from gateway import messages

        accounts = stored.accounts
        main = accounts.status()
        if args.email is None and main is None and accounts.statuses():
            raise SignInError("G-527", str(messages.text("G-527")))
        email = args.email or (main.email if main is not None else "")
        service = any(each.kind == "service" and _same(each.email, email) for each in accounts.statuses())
        confirmed = await accounts.forget(args.email, revoke=args.revoke)
        if not email:
            print("Nobody is signed in, so there was nothing to be forgotten.")
            return OK
        print(f"The authorization of {email} is forgotten here. Meetings are kept and wait for the next sign-in.")
        if accounts.statuses() and accounts.status() is None:
            print("There is no main account now. Make another one the main one: meeting-gateway google main EMAIL")
        if args.revoke and confirmed is False:
            stored.folder.wake_server()
            return refused(SignInError("G-420", str(messages.text("G-420"))))
        if confirmed:
            print("Google confirmed that the authorization is ended there too.")
        elif args.revoke and service:
            print("A key is not ended from here: delete it in Google Cloud Console > IAM & Admin > Service Accounts.")
        return OK

    return with_stored(args, forget)


def _test(args: argparse.Namespace) -> int:
    async def write_read_delete(stored: Stored) -> int:
        test = _test_meeting(stored, args.account)
        meeting = await test.send()
        say(f'A test meeting "{meeting.name}" is in {meeting.calendar} at {meeting.start}.')
        found = await test.look()
        await test.delete()
        if not found:
            say("Google took the test meeting, but did not show it when it was read again.")
            return UNREACHABLE
        print("Google Calendar works: a test meeting was written, read and deleted.")
        return OK

    return with_stored(args, write_read_delete)


def _test_meeting(stored: Stored, email: str | None) -> TestMeeting:
    """Return what writes a test meeting with an account, None for the main one. Raises SignInError."""
    from gateway import messages
    from gateway.accounts.watched import WatchedCalendar

    accounts = stored.accounts
    known = accounts.statuses()
    status = next((each for each in known if email is not None and _same(each.email, email)), None)
    if email is not None and status is None:
        text = messages.text("G-526", email=email, known=", ".join(each.email for each in known))
        raise SignInError("G-526", str(text))
    if status is None or status.main:
        return stored.test_meeting
    account = accounts.chosen(status.email)
    if account is None:
        raise SignInError(status.code or "G-412", status.text or str(messages.text("G-412")))
    return stored.test_meeting.of(status.email, lambda: WatchedCalendar(account, accounts.lost))


def _same(one: str, other: str) -> bool:
    return one.casefold() == other.casefold()
