"""The command `doctor`: the checks of the page Diagnostics in a terminal; what they look at is decided elsewhere."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from gateway.cli.command import FAILED, NOT_AUTHORIZED, OK, UNREACHABLE, USAGE, complain, say, with_stored

if TYPE_CHECKING:
    from gateway.app.stored import Stored
    from gateway.operations.doctor.doctor import Finding

_WORDS = {"ok": "OK", "warn": "WARNING", "fail": "ERROR", "skip": "SKIPPED"}
_AUTHORIZATION = ("token", "calendar", "key")


def add(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes to its parser."""
    parser.add_argument("checks", nargs="*", metavar="CHECK", help="run these checks only; default: all")
    parser.add_argument("--json", action="store_true", help="print one JSON object for each check")
    parser.add_argument("--network-only", action="store_true", help="run the checks of the way to Google only")
    parser.add_argument("--test-event", action="store_true", help="also write, read and delete a test event")
    parser.set_defaults(run=_doctor)


def _doctor(args: argparse.Namespace) -> int:
    async def work(stored: Stored) -> int:
        from gateway.app.diagnosing import health_of, made_doctor
        from gateway.cli.command import load
        from gateway.clock import SystemClock
        from gateway.operations.doctor.google import NETWORK

        config = load(args)
        doctor = made_doctor(config, SystemClock(), stored, lambda: health_of(config))
        unknown = [each for each in args.checks if not doctor.knows(each)]
        if unknown:
            known = ", ".join(check_id for check_id, _ in doctor.usual)
            return complain([f"There is no check {unknown[0]}. Known: {known}."], USAGE)
        chosen = list(NETWORK) if args.network_only else args.checks
        if args.test_event:
            chosen = [*(chosen or (check_id for check_id, _ in doctor.usual)), "test-event"]
        findings = await doctor.run(chosen)
        for finding in findings:
            print(json.dumps(finding.document()) if args.json else line(finding))
        return _ended(findings)

    return with_stored(args, work, wake=False)


def line(finding: Finding) -> str:
    """Return a finding as one line: its state, its code if it has one, what was found, what to type or do next."""
    from gateway import messages

    commands = messages.commands(finding.code) if finding.code else ()
    following = " or ".join(commands) or finding.next
    parts = (f"{_WORDS[finding.state]:<7}", finding.code, f"{finding.title}: {finding.said}")
    told = " ".join(part for part in parts if part)
    return f"{told} -> {following}" if following and finding.state != "ok" else told


def _ended(findings: Sequence[Finding]) -> int:
    failed = [finding for finding in findings if finding.state == "fail"]
    if not failed:
        warned = sum(finding.state == "warn" for finding in findings)
        say(f"{len(findings)} checks, {warned} with a warning." if warned else f"{len(findings)} checks, all is well.")
        return OK
    say(f"{len(failed)} of {len(findings)} checks failed.")
    if all(finding.code.startswith("N-") for finding in failed):
        return UNREACHABLE
    return NOT_AUTHORIZED if all(finding.id in _AUTHORIZATION for finding in failed) else FAILED
