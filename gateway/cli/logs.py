"""The command `logs record`: has the gateway that runs record everything for some minutes; nothing is recorded here."""

from __future__ import annotations

import argparse
import asyncio
import json
from pathlib import Path

from gateway.cli.command import CANNOT_CREATE, FAILED, OK, USAGE, complain, load, say

WAIT_S = 30.0
"""How long a gateway that is busy may take to hear of it."""
_LOOK_EVERY_S = 0.05


def add(parser: argparse.ArgumentParser) -> None:
    """Add the commands to the parser of `logs`."""
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    record = commands.add_parser("record", help="record everything for some minutes, in the memory of the gateway")
    record.add_argument("--minutes", type=int, default=10, metavar="N", help="1 to 60 (default: 10)")
    record.add_argument("--stop", action="store_true", help="end the recording that is under way")
    record.add_argument("--json", action="store_true", help="print one JSON object")
    record.set_defaults(run=_record)


def _record(args: argparse.Namespace) -> int:
    from gateway.operations.recording_wish import MOST_MINUTES, wish

    if not 1 <= args.minutes <= MOST_MINUTES:
        return complain([f"--minutes must be 1 to {MOST_MINUTES}."], USAGE)
    data_dir, minutes = load(args).gateway.data_dir, 0 if args.stop else args.minutes
    try:
        wish(data_dir, minutes)
    except OSError as error:
        return complain([f"The data folder {data_dir} cannot be written: {error.strerror}."], CANNOT_CREATE)
    if not asyncio.run(_heard(data_dir)):
        return complain(
            ["No gateway that uses this data folder has heard of it. Start it, or see whether it works: doctor."],
            FAILED,
        )
    if args.json:
        print(json.dumps({"recording": bool(minutes), "minutes": minutes or None}))
    elif minutes:
        unit = "minute" if minutes == 1 else "minutes"
        print(f"The gateway records everything, for {minutes} {unit}.")
        say("Now do what does not work. Then look at the recording on the page Diagnostics. --stop ends it earlier.")
    else:
        print("Nothing is recorded any more.")
        say("Look at the recording on the page Diagnostics. It is deleted after 24 hours.")
    return OK


async def _heard(data_dir: Path) -> bool:
    """Wake the gateway, and wait until it has taken the wish; when it does not, take it back."""
    from gateway.operations.recording_wish import is_open, withdraw
    from gateway.store.folder import DataFolder

    if DataFolder(data_dir).wake_server():
        for _ in range(round(WAIT_S / _LOOK_EVERY_S)):
            if not is_open(data_dir):
                return True
            await asyncio.sleep(_LOOK_EVERY_S)
    withdraw(data_dir)
    return False
