"""Words on the command line to calls, and results to text and exit codes; nothing is decided here."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import secrets
import sys
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from gateway import __version__
from gateway.errors import ConfigError, GatewayError, ProfileError, SignInError, StoreError, StoreRefused

if TYPE_CHECKING:
    from gateway.accounts.accounts import Accounts, Candidate
    from gateway.app import Running
    from gateway.config import Config

OK, FAILED, USAGE, UNREACHABLE, CANNOT_CREATE, TEMPORARY, NOT_AUTHORIZED, CONFIGURATION = 0, 1, 2, 69, 73, 75, 77, 78
INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code (the BSD codes of sysexits.h)."""
    args = _parser().parse_args(argv)
    run: Callable[[argparse.Namespace], int] = args.run
    try:
        return run(args)
    except ConfigError as error:
        return _complain(error.problems, CONFIGURATION)
    except ProfileError as error:
        return _complain(error.problems, CONFIGURATION)
    except SignInError as error:
        return _complain([f"{error.code} {error}"], UNREACHABLE if error.code.startswith("N-") else NOT_AUTHORIZED)
    except StoreRefused as error:
        return _complain([str(error)], CONFIGURATION)
    except StoreError as error:
        return _complain([str(error)], TEMPORARY)
    except GatewayError as error:
        return _complain([str(error)], FAILED)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output went away; what it wanted, it has
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK


def _complain(lines: Sequence[str], code: int) -> int:
    for line in lines:
        print(f"ERROR {line}", file=sys.stderr)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="meeting-gateway", description="Puts meetings scheduled on your PBX into Google Calendar."
    )
    parser.add_argument("--version", action="version", version=f"meeting-gateway {__version__}")
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings (default: config.yaml in this folder)")
    parser.add_argument("--data", type=Path, metavar="DIR", help="data folder (default: gateway.data_dir)")
    parser.add_argument("--log-level", choices=("debug", "info", "warning", "error"), help="default: logging.level")
    parser.set_defaults(run=_serve, listen=None, ready_json=False)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")

    serve = commands.add_parser("serve", help="run the gateway (the default)")
    serve.add_argument("--listen", metavar="ADDR:PORT", help="default: gateway.listen; port 0 takes a free one")
    serve.add_argument("--ready-json", action="store_true", help="print one JSON line when meetings can be accepted")
    serve.set_defaults(run=_serve)

    check = commands.add_parser("check-config", help="read all settings and print every problem")
    check.add_argument("--show", action="store_true", help="print every setting and where it comes from")
    check.set_defaults(run=_check_config)

    init = commands.add_parser("init", help="write a commented config.yaml and .env with a fresh device key")
    init.add_argument("--force", action="store_true", help="replace files that are there")
    init.set_defaults(run=_init)

    _add_google(commands.add_parser("google", help="sign in at Google, look at the authorization, sign out"))

    contract = commands.add_parser("openapi", help="print the contract of the device API")
    contract.set_defaults(run=_openapi)
    version = commands.add_parser("version", help="print version, Python and platform")
    version.set_defaults(run=_version)
    return parser


def _add_google(parser: argparse.ArgumentParser) -> None:
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


def _load(args: argparse.Namespace) -> Config:
    from gateway import log
    from gateway.config import load

    overrides: dict[str, object] = {}
    if args.data is not None:
        overrides["gateway.data_dir"] = str(args.data.absolute())
    if getattr(args, "listen", None):
        overrides["gateway.listen"] = args.listen
    if args.log_level:
        overrides["logging.level"] = args.log_level
    config = load(args.config, os.environ, overrides)
    log.set_up(config.logging.level, config.logging.format)
    return config


def _serve(args: argparse.Namespace) -> int:
    from gateway import app
    from gateway.clock import SystemClock

    config = _load(args)

    def ready(gateway: Running) -> None:
        if args.ready_json:
            print(json.dumps({"event": "ready", "http": gateway.listener.url, "pid": os.getpid()}), flush=True)

    return asyncio.run(app.serve(config, SystemClock(), ready))


def _check_config(args: argparse.Namespace) -> int:
    from gateway.config import describe
    from gateway.profiles.catalog import Catalog, builtin_folder

    config = _load(args)
    if args.show:
        for key, value, source in describe(config):
            print(f"{key} = {value}  ({source})")
    catalog = Catalog.load([builtin_folder()])
    for device in config.devices:
        catalog.get(device.profile)
    name = config.path or "No config.yaml here; the defaults"
    print(f"{name}: no problems, {len(config.devices)} device{'s' if len(config.devices) != 1 else ''}.")
    return OK


def _init(args: argparse.Namespace) -> int:
    from gateway.config.template import write_initial

    folder = args.config.parent if args.config else Path()
    replaced = (folder / ".env").exists()
    try:
        written = write_initial(folder, force=args.force, new_key=secrets.token_urlsafe(32))
    except ConfigError as error:
        return _complain(error.problems, CANNOT_CREATE)
    for path in written:
        print(f"wrote {path}")
    if replaced:
        print("The old .env is gone: enter the client secret again, and give the device its new key.")
    print("Next: put the Google client into both files, then run: meeting-gateway check-config")
    return OK


def _login(args: argparse.Namespace) -> int:
    return _with_accounts(args, lambda accounts: _sign_in(args, accounts))


async def _sign_in(args: argparse.Namespace, accounts: Accounts) -> int:
    if args.code is None:
        link = await accounts.start()
        _say("Open this link, sign in and click Allow. Then copy the whole address from the address bar:")
        _say("the browser will say that the page can't be reached. That is expected.")
        print(link.url, flush=True)
        if args.print_link:
            return OK
        _say("Paste the address or the code here and press Enter:")
    pasted = args.code if args.code not in (None, "-") else await asyncio.to_thread(sys.stdin.readline)
    candidate = await accounts.finish(pasted)
    _say(f"Google says this is {candidate.email}.")
    if not _confirmed(args, candidate):
        _say("Nothing was stored.")
        return FAILED
    for note in candidate.notes:
        _say(f"{note.code} {note}")
    await accounts.store(candidate, replace=args.replace)
    _say("Authorization successfully!")
    print(f"Authorized {candidate.email}")
    return OK


def _confirmed(args: argparse.Namespace, candidate: Candidate) -> bool:
    """Ask a person at a terminal; a script said what it wants by its options."""
    if args.yes or not sys.stdin.isatty():
        return True
    if candidate.replaces:
        _say(f"Until now it was {candidate.replaces}. Meetings in that calendar stay there and are no longer updated.")
    _say(f"Write meetings into the calendar of {candidate.email}? [y/N]")
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _status(args: argparse.Namespace) -> int:
    return _with_accounts(args, lambda accounts: _show_status(args, accounts), wake=False)


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
    async def forget(accounts: Accounts) -> int:
        revoked = await accounts.forget(revoke=args.revoke)
        print("The authorization is forgotten here. Meetings are kept and wait for the next sign-in.")
        if args.revoke and not revoked:
            _say("Google did not confirm that it ended the authorization. Remove the app in the Google account:")
            _say("myaccount.google.com > Security > Third-party access.")
            return UNREACHABLE
        return OK

    return _with_accounts(args, forget)


def _with_accounts(args: argparse.Namespace, work: Callable[[Accounts], Awaitable[int]], *, wake: bool = True) -> int:
    """Open what is stored, do the work, and let a gateway that is running know."""
    from gateway import app
    from gateway.clock import SystemClock

    config = _load(args)

    async def command() -> int:
        async with app.opened(config, SystemClock()) as stored:
            code = await work(stored.accounts)
            if wake and code == OK:
                stored.folder.wake_server()
            return code

    return asyncio.run(command())


def _openapi(_args: argparse.Namespace) -> int:
    from gateway.device_api.contract import openapi_yaml

    print(openapi_yaml(), end="")
    return OK


def _version(_args: argparse.Namespace) -> int:
    print(f"meeting-gateway {__version__}, Python {platform.python_version()}, {platform.platform()}")
    return OK


def _say(text: str) -> None:
    """Talk to the person; standard output is for data."""
    print(text, file=sys.stderr, flush=True)
