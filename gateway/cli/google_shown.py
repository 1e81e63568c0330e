"""The commands `google status` and `google list`: what is known of the accounts, for people and for scripts."""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from gateway.cli.command import NOT_AUTHORIZED, OK, with_stored

if TYPE_CHECKING:
    from gateway.accounts.accounts import Accounts, AccountStatus
    from gateway.app.stored import Stored


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands to those of `google`."""
    status = commands.add_parser("status", help="print the main account, whether it works, and what needs a look")
    status.add_argument("--json", action="store_true", help="print one JSON object")
    status.set_defaults(run=_status)
    listed = commands.add_parser("list", help="print every account that somebody signed in to")
    listed.add_argument("--json", action="store_true", help="print a JSON array")
    listed.set_defaults(run=_list)


def told(code: str, sentence: str) -> str:
    """Write a code and its text as the page does, with the command that stands for the page's button."""
    from gateway import messages

    following = messages.commands(code) if code in messages.codes() else ()
    following = () if following and following[0] in sentence else following
    return f"{code} {sentence}{f' -> {following[0]}' if following else ''}"


def _status(args: argparse.Namespace) -> int:
    return with_stored(args, lambda stored: _show_status(args, stored.accounts), wake=False)


async def _show_status(args: argparse.Namespace, accounts: Accounts) -> int:
    from gateway import messages

    status, standing = accounts.status(), await accounts.standing()
    warnings = accounts.warnings()
    if args.json:
        known = {} if status is None else {"account": status.email, "code": status.code, "text": status.text}
        said = {"pill": standing.pill, "line": standing.line, "waiting": standing.waiting}
        more = {
            "accounts": [_document(each) for each in accounts.statuses()],
            "read_only": any(each.read_only for each in accounts.statuses()),
            "warnings": [{"code": each.code, "text": each.text} for each in warnings],
        }
        print(json.dumps({"state": "none" if status is None else status.state, **known, **said, **more}))
    else:
        print(standing.pill)
        print(f"{standing.line}{' -> meeting-gateway google login' if status is None else ''}")
        for each in accounts.statuses():
            print(_line(each))
        if any(each.read_only for each in accounts.statuses()):
            print(told("G-528", str(messages.text("G-528"))))
        if standing.message is not None:
            print(told(standing.message.code, str(standing.message)))
        said_already = standing.message.code if standing.message is not None else ""
        for warning in warnings:
            if warning.code != said_already:
                print(told(warning.code, warning.text))
    return OK if status is not None and status.state == "connected" else NOT_AUTHORIZED


def _list(args: argparse.Namespace) -> int:
    async def show(stored: Stored) -> int:
        statuses = stored.accounts.statuses()
        if args.json:
            print(json.dumps([_document(each) for each in statuses]))
            return OK
        for each in statuses:
            print(_line(each))
            if each.code:
                print(f"  {told(each.code, each.text)}")
            off = [feature for feature in each.features if not feature.on]
            for feature in off:
                print(f"  {feature.shown} is off -> {feature.command}")
        if not statuses:
            print("Nobody signed in. -> meeting-gateway google login")
        return OK

    return with_stored(args, show, wake=False)


def _line(status: AccountStatus) -> str:
    parts = [
        f"{status.email}: {status.state}, authorized {_time(status.authorized_at_ms)}",
        f"kind {status.kind}",
        f"last used {_time(status.used_at_ms)}" if status.used_at_ms is not None else "not used yet",
    ]
    if status.end is not None:
        parts.append(f"ends {_time(status.end.at_ms)} ({status.end.because})")
    if status.main:
        parts.append("main")
    if status.read_only:
        parts.append("read only")
    if status.code:
        parts.append(status.code)
    return ", ".join(parts)


def _document(status: AccountStatus) -> dict[str, Any]:
    end = status.end
    return {
        "account": status.email,
        "main": status.main,
        "kind": status.kind,
        "project": status.project,
        "state": status.state,
        "code": status.code,
        "text": status.text,
        "authorized_at": _instant(status.authorized_at_ms),
        "used_at": None if status.used_at_ms is None else _instant(status.used_at_ms),
        "ends_at": None if end is None else _instant(end.at_ms),
        "ends_because": None if end is None else end.because,
        "read_only": status.read_only,
        "features": {each.feature: each.on for each in status.features},
    }


def _time(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _instant(at_ms: int) -> str:
    """Write an instant for programs (RFC 3339)."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
