"""The command `google up`: serves the simulated Google until it is told to stop; the server itself is in `app`."""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import signal
import sys
from pathlib import Path
from typing import Any, get_args

from simulator.google.app import SimulatedGoogle
from simulator.google.consent import SLOW_S
from simulator.google.consent_pages import CONSOLE_PATH
from simulator.google.outcomes import OUTCOMES
from simulator.google.quotas import QuotaPreset
from simulator.google.saved_state import load, saved
from simulator.google.zones import is_zone

EXIT_UNAVAILABLE = 69
EXIT_BAD_STATE = 65
LARGEST_SEED = 10_000_000


def add(subparsers: Any) -> None:
    """Add `google` to the command line."""
    google = subparsers.add_parser("google", help="play Google: sign-in, Calendar and a page to look at")
    commands = google.add_subparsers(title="commands", metavar="COMMAND", required=True)
    up = commands.add_parser(
        "up",
        help="serve until stopped",
        description="Serves Google's own paths under one address until Ctrl+C or SIGTERM.",
    )
    up.add_argument("--port", type=_port, default=0, help="port to listen on; 0 (default) takes a free one")
    up.add_argument("--host", default="127.0.0.1", help="address to listen on (default 127.0.0.1)")
    up.add_argument("--account", help="e-mail address of the person who signs in")
    up.add_argument("--time-zone", help="IANA zone of that person's calendar (default Europe/Berlin)")
    up.add_argument("--seed", type=int, help="repeat the ids, codes and tokens of an earlier run")
    up.add_argument(
        "--outcome",
        choices=tuple(OUTCOMES),
        metavar="NAME",
        help=f"how every sign-in ends until it is changed: {', '.join(OUTCOMES)}",
    )
    up.add_argument("--delay", type=_seconds, default=SLOW_S, help="seconds for --outcome slow (default 10)")
    up.add_argument(
        "--quota",
        choices=get_args(QuotaPreset),
        help="how much may be asked: everything (none, default) or as much as Google documents (google)",
    )
    up.add_argument(
        "--state", type=Path, metavar="FILE", help="go on from this file if it is there, and save into it at the end"
    )
    up.add_argument("--json", action="store_true", help="print one JSON object per line")
    up.set_defaults(run=run_up)


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text} is not a port; give a number from 0 to 65535")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not a number of seconds")
    return seconds


def run_up(arguments: argparse.Namespace) -> int:
    """Serve until SIGINT or SIGTERM; the exit code is 0 then, 69 when the address cannot be had."""
    return asyncio.run(_serve(arguments))


async def _serve(arguments: argparse.Namespace) -> int:
    if arguments.time_zone is not None and not is_zone(arguments.time_zone):
        print(f"{arguments.time_zone} is not an IANA time zone such as Europe/Berlin", file=sys.stderr)
        return 2
    seed = arguments.seed if arguments.seed is not None else random.SystemRandom().randrange(LARGEST_SEED)
    chosen = {"account": arguments.account, "time_zone": arguments.time_zone}
    google = SimulatedGoogle(
        host=arguments.host,
        port=arguments.port,
        seed=seed,
        **{name: value for name, value in chosen.items() if value},
    )
    if arguments.state is not None and not _went_on(google, arguments.state):
        return EXIT_BAD_STATE
    if arguments.outcome is not None:
        google.do.set_consent(arguments.outcome, times=None, delay_s=arguments.delay)
    if arguments.quota is not None:
        google.do.set_quotas(arguments.quota)
    try:
        await google.start()
    except OSError as error:
        where = f"{arguments.host} port {arguments.port}"
        print(f"cannot listen on {where}: {error.strerror or error}; choose another --port", file=sys.stderr)
        return EXIT_UNAVAILABLE
    try:
        # Whoever reads the announcement may stop us at once.
        stop = _stop_signal()
        _announce(google, seed, as_json=arguments.json)
        await stop.wait()
    finally:
        await google.stop()
        if arguments.state is not None:
            _save(google, arguments.state)
    if arguments.json:
        print(json.dumps({"event": "down"}), flush=True)
    return 0


def _went_on(google: SimulatedGoogle, file: Path) -> bool:
    """Load what an earlier run saved; a file that is not there yet is no mistake."""
    try:
        load(google.state, json.loads(file.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return True
    except (OSError, ValueError) as error:
        print(f"cannot go on from {file}: {error}; give another --state or remove the file", file=sys.stderr)
        return False
    return True


def _save(google: SimulatedGoogle, file: Path) -> None:
    """Write beside the file and rename, so that there is always a whole one."""
    new = file.with_name(file.name + ".new")
    try:
        new.write_text(json.dumps(saved(google.state)), encoding="utf-8")
        new.replace(file)
    except OSError as error:
        print(f"cannot save into {file}: {error}", file=sys.stderr)


def _announce(google: SimulatedGoogle, seed: int, *, as_json: bool) -> None:
    client = next(iter(google.state.clients.values()))
    facts = {
        "base": google.base,
        **google.endpoints(),
        "page": google.base + "/calendar",
        "console": google.base + CONSOLE_PATH,
        "controls": google.base + "/_sim",
        "client_id": client.client_id,
        "client_secret": client.secret,
        "account": next(iter(google.state.accounts)),
        **({} if google.state.consent.outcome is None else {"outcome": google.state.consent.outcome}),
        "seed": seed,
    }
    if as_json:
        print(json.dumps({"event": "up", **facts}), flush=True)
        return
    print("SIMULATOR - NOT GOOGLE", flush=True)
    for name, value in facts.items():
        note = f" (repeat this run: --seed {seed})" if name == "seed" else ""
        print(f"  {name.replace('_', ' '):<14}{value}{note}", flush=True)
    print("Ctrl+C stops it.", flush=True)


def _stop_signal() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    return stop
