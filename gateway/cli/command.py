"""What every command shares: exit codes, the settings it runs with, how it talks; no command lives here."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from gateway.app.stored import Stored
    from gateway.config import Config

OK, FAILED, USAGE, UNREACHABLE, CANNOT_CREATE, TEMPORARY, NOT_AUTHORIZED, CONFIGURATION = 0, 1, 2, 69, 73, 75, 77, 78
INTERRUPTED = 130
"""The BSD codes of sysexits.h, and 128 + SIGINT."""


def load(args: argparse.Namespace) -> Config:
    """Read the settings that `args` names and set up the log. Raises ConfigError."""
    from gateway import log
    from gateway.config import load as read

    config = read(args.config, os.environ, overrides_of(args), unseal)
    log.set_up(config.logging.level, config.logging.format)
    return config


def overrides_of(args: argparse.Namespace) -> dict[str, object]:
    """Return the settings that stand on the command line, by dotted key."""
    overrides: dict[str, object] = {}
    if args.data is not None:
        overrides["gateway.data_dir"] = str(args.data.absolute())
    for name in ("listen", "listen_tls"):
        if getattr(args, name, None):
            overrides[f"gateway.{name}"] = getattr(args, name)
    if args.log_level:
        overrides["logging.level"] = args.log_level
    return overrides


def unseal(data_dir: Path, text: str) -> str:
    """Open a secret that was saved on the page. Raises StoreError when the key file does not fit."""
    from gateway.operations.settings import desk  # only when a secret was saved on the page

    return desk.unseal(data_dir, text)


def with_stored(args: argparse.Namespace, work: Callable[[Stored], Awaitable[int]], *, wake: bool = True) -> int:
    """Open what is stored, do the work, and let a gateway that is running know; return the exit code."""
    from gateway.app.stored import opened
    from gateway.clock import SystemClock

    config = load(args)

    async def command() -> int:
        async with opened(config, SystemClock()) as stored:
            code = await work(stored)
            if wake and code == OK:
                stored.folder.wake_server()
            return code

    return asyncio.run(command())


def complain(lines: Sequence[str], code: int) -> int:
    """Print errors and return `code`."""
    for line in lines:
        print(f"ERROR {line}", file=sys.stderr)
    return code


def say(text: str) -> None:
    """Talk to the person; standard output is for data."""
    print(text, file=sys.stderr, flush=True)
