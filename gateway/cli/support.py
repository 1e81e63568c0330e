"""The command `support-bundle`: writes the file for those who help; what is in it is decided elsewhere."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.cli.command import CANNOT_CREATE, OK, complain, load, say, with_stored

if TYPE_CHECKING:
    from gateway.app.stored import Stored


def add(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes to its parser."""
    parser.add_argument("--output", type=Path, metavar="FILE", help="default: a new file in this folder")
    parser.add_argument(
        "--include-subjects", action="store_true", help="leave meeting subjects and e-mail addresses as they are"
    )
    parser.set_defaults(run=_write)


def _write(args: argparse.Namespace) -> int:
    async def work(stored: Stored) -> int:
        from gateway.app.diagnosing import health_of, made_bundle, made_doctor
        from gateway.clock import SystemClock
        from gateway.operations.support_bundle.bundle import name_at, zipped

        config, clock = load(args), SystemClock()
        doctor = made_doctor(config, clock, stored, lambda: health_of(config))
        files = await made_bundle(config, clock, stored, doctor).files(include_private=args.include_subjects)
        target = args.output or Path(name_at(clock.now_ms()))
        try:
            handle = os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
            with os.fdopen(handle, "wb") as out:
                out.write(zipped(files))
        except OSError as error:
            return complain([f"{target} cannot be written: {error.strerror}."], CANNOT_CREATE)
        print(target)
        for each in files:
            say(f"  {each.name}  {each.bytes} bytes")
        kept = "are still in it" if args.include_subjects else "have other names in it"
        say(f"Secrets are removed. Meeting subjects and e-mail addresses {kept}. Look at it before you send it.")
        return OK

    return with_stored(args, work, wake=False)
