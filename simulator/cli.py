"""The command `meeting-simulator`: finds the sub-command and runs it; what each one does lives beside its simulator."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import cast

from simulator import demo
from simulator.google import cli as google_cli
from simulator.pbx import cli as pbx_cli

EXIT_USAGE = 2
EXIT_INTERRUPTED = 130

_EPILOG = """\
exit codes: 0 as expected, 1 an expectation failed, 2 wrong usage, 69 something is not reachable or a port is taken,
75 time-out, 130 interrupted"""


def build_parser() -> argparse.ArgumentParser:
    """The whole command line; each sub-command sets `run`: it takes the arguments and gives the exit code."""
    parser = argparse.ArgumentParser(
        prog="meeting-simulator",
        description="Plays Google and meeting devices, so that the gateway can be tried without either.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    google_cli.add(subparsers)
    pbx_cli.add(subparsers)
    demo.add(subparsers)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    arguments = build_parser().parse_args(argv)
    run = cast("Callable[[argparse.Namespace], int]", arguments.run)
    try:
        return run(arguments)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return EXIT_INTERRUPTED
