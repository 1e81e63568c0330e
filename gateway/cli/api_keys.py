"""The commands `api-key create`, `list` and `revoke`; who may read what is decided in `access`."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

from gateway.cli.command import OK, USAGE, complain, load, say, with_stored
from gateway.errors import BadPayload

if TYPE_CHECKING:
    from gateway.access.api_keys import ApiKey, ApiKeys
    from gateway.app.stored import Stored

_SCOPES = ("status", "meetings", "devices", "events", "metrics")
_OPTIONS = {"name": "NAME", "scopes": "--scope", "until": "--until"}


def add(parser: argparse.ArgumentParser) -> None:
    """Add the commands to the parser of `api-key`."""
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    create = commands.add_parser("create", help="make a key for a script or for monitoring; prints it, once")
    create.add_argument("name", metavar="NAME", help="what it is for, such as 'Prometheus' or 'door display'")
    create.add_argument(
        "--scope",
        action="append",
        required=True,
        choices=_SCOPES,
        help="what it may read; give the option again for more",
    )
    create.add_argument("--until", metavar="DAY", default="", help="its last day, such as 2027-12-31 (default: no end)")
    create.add_argument("--json", action="store_true", help="print one JSON object")
    create.set_defaults(run=_create)
    listed = commands.add_parser("list", help="print the keys, their scopes and when they were last used")
    listed.add_argument("--json", action="store_true", help="print one JSON object for each")
    listed.set_defaults(run=_list)
    revoke = commands.add_parser("revoke", help="take a key away, at once")
    revoke.add_argument("name", metavar="NAME", help="as it is called in the list")
    revoke.set_defaults(run=_revoke)


def _create(args: argparse.Namespace) -> int:
    zone = load(args).gateway.time_zone or "UTC"

    async def work(stored: Stored) -> int:
        from gateway.access.api_keys import ends_after

        try:
            key = await _keys(stored).create(args.name, args.scope, ends_at=ends_after(args.until, zone))
        except BadPayload as error:
            return complain(
                [f"{_OPTIONS.get(each.field, each.field)}: {each.reason}" for each in error.problems], USAGE
            )
        if args.json:
            print(json.dumps({"name": args.name, "key": key.reveal()}, ensure_ascii=False))
            return OK
        say("This is the key. It is shown this once:")
        print(key.reveal(), flush=True)
        say("Send it as: Authorization: Bearer KEY. To end it: meeting-gateway api-key revoke NAME")
        return OK

    return with_stored(args, work, wake=False)


def _list(args: argparse.Namespace) -> int:
    async def work(stored: Stored) -> int:
        found = await _keys(stored).listed()
        for each in found:
            print(json.dumps(_json(each), ensure_ascii=False) if args.json else _line(each))
        if not found:
            say("There is no API key yet. Run: meeting-gateway api-key create NAME --scope status")
        return OK

    return with_stored(args, work, wake=False)


def _revoke(args: argparse.Namespace) -> int:
    async def work(stored: Stored) -> int:
        name = await _keys(stored).revoke(args.name)
        say(f"{name} is revoked. Whoever uses it is refused from now on.")
        return OK

    return with_stored(args, work, wake=False)


def _keys(stored: Stored) -> ApiKeys:
    from gateway.access.api_keys import ApiKeys
    from gateway.clock import SystemClock

    return ApiKeys(database=stored.database, clock=SystemClock())


def _json(key: ApiKey) -> dict[str, object]:
    from gateway.operations.for_programs import utc

    return {
        "name": key.name,
        "scopes": list(key.scopes),
        "created": utc(key.created_at),
        "created_by": key.created_by,
        "ends": utc(key.ends_at),
        "ended": key.ended,
        "last_used": utc(key.used_at),
    }


def _line(key: ApiKey) -> str:
    from gateway.cli.device_shown import moment
    from gateway.cli.meeting_shown import short

    used = f"last used {moment(key.used_at)}" if key.used_at is not None else "not used yet"
    parts = [f'"{short(key.name, 60)}"', ",".join(key.scopes), used]
    if key.ends_at is not None:
        parts.append(f"{'ended' if key.ended else 'ends'} {moment(key.ends_at)}")
    return "  ".join(parts)
