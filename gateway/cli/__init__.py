"""Words on the command line to calls, and results to text and exit codes; nothing is decided here."""

from __future__ import annotations

import argparse
import os
import platform
import secrets
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType, ModuleType

from gateway import __version__
from gateway.cli import (
    api_keys,
    backup,
    device,
    doctor,
    events,
    google,
    logs,
    meeting,
    mirror,
    notify,
    profile,
    reset,
    serve,
    support,
    users,
    zone,
)
from gateway.cli.command import (
    CANNOT_CREATE,
    CONFIGURATION,
    FAILED,
    INTERRUPTED,
    OK,
    TEMPORARY,
    complain,
    load,
    say,
)
from gateway.errors import AccessError, ConfigError, GatewayError, ProfileError, SignInError, StoreError, StoreRefused


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code (the BSD codes of sysexits.h)."""
    args = _parser().parse_args(argv)
    run: Callable[[argparse.Namespace], int] = args.run
    try:
        return run(args)
    except ConfigError as error:
        return complain(error.problems, CONFIGURATION)
    except ProfileError as error:
        return complain(error.problems, CONFIGURATION)
    except SignInError as error:
        return google.refused(error)
    except AccessError as error:
        return users.refused(error)
    except StoreRefused as error:
        return complain([str(error)], CONFIGURATION)
    except StoreError as error:
        return complain([str(error)], TEMPORARY)
    except GatewayError as error:
        return complain([str(error)], FAILED)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output went away; what it wanted, it has
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK


_NOUNS: Mapping[str, tuple[ModuleType, str]] = MappingProxyType(
    {
        "google": (google, "sign in at Google, look at the authorization, sign out"),
        "user": (users, "administrators of the page: add, new password, list"),
        "api-key": (api_keys, "keys for scripts and monitoring: create, list, revoke"),
        "device": (device, "devices: add, list, show, test, approve, pause, remove, new key"),
        "meeting": (meeting, "meetings: list, show, send again, cancel, decide, adopt"),
        "mirror": (mirror, "the mirror as a whole: status, update now, compare with Google"),
        "notify": (notify, "alerts outside the page: who is told of what, send a test"),
        "profile": (profile, "how devices talk: list, show, check, try, draft from calls"),
        "zone": (zone, "what a device's time zone text means"),
        "events": (events, "what happens: print it, follow it"),
        "logs": (logs, "the log: record everything for some minutes"),
        "doctor": (doctor, "check everything that meetings need, and say what to do"),
        "backup": (backup, "backups: create, list, restore"),
        "reset": (reset, "start again with some parts, or with everything; the gateway must be stopped"),
        "support-bundle": (support, "write the file for those who help, without secrets"),
    }
)
"""What can be done, each kind of thing with its module and what the help says of it."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="meeting-gateway", description="Puts meetings scheduled on your PBX into Google Calendar."
    )
    parser.add_argument("--version", action="version", version=f"meeting-gateway {__version__}")
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings (default: config.yaml in this folder)")
    parser.add_argument("--data", type=Path, metavar="DIR", help="data folder (default: gateway.data_dir)")
    parser.add_argument("--log-level", choices=("debug", "info", "warning", "error"), help="default: logging.level")
    parser.set_defaults(run=serve.run, listen=None, listen_tls=None, ready_json=False, safe=False)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")

    serve.add(commands.add_parser("serve", help="run the gateway (the default)"))

    check = commands.add_parser("check-config", help="read all settings and print every problem")
    check.add_argument("--show", action="store_true", help="print every setting and where it comes from")
    check.set_defaults(run=_check_config)

    init = commands.add_parser("init", help="write a commented config.yaml and .env with a fresh device key")
    init.add_argument("--force", action="store_true", help="replace files that are there")
    init.set_defaults(run=_init)

    for name, (noun, tells) in _NOUNS.items():
        noun.add(commands.add_parser(name, help=tells))

    contract = commands.add_parser("openapi", help="print the contract of the device API")
    contract.set_defaults(run=_openapi)
    version = commands.add_parser("version", help="print version, Python and platform")
    version.set_defaults(run=_version)
    return parser


def _check_config(args: argparse.Namespace) -> int:
    from gateway.config import describe
    from gateway.operations.settings.check import check_profiles

    config = load(args)
    if args.show:
        for key, value, source in describe(config):
            print(f"{key} = {value}  ({source})")
    for line in config.saved_problems:
        say(f"not used: {line}")
    check_profiles(config)
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
        return complain(error.problems, CANNOT_CREATE)
    for path in written:
        print(f"wrote {path}")
    if replaced:
        print("The old .env is gone: enter the client secret again, and give the device its new key.")
    print("Next: meeting-gateway check-config, then meeting-gateway serve, and open the page that it names.")
    return OK


def _openapi(_args: argparse.Namespace) -> int:
    from gateway.device_api.contract import openapi_yaml

    print(openapi_yaml(), end="")
    return OK


def _version(_args: argparse.Namespace) -> int:
    print(f"meeting-gateway {__version__}, Python {platform.python_version()}, {platform.platform()}")
    return OK
