"""The command `zone explain`: what a device's zone text means; how texts are read is decided in `domain.zones`."""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime
from typing import Any

from gateway.cli.command import FAILED, OK, complain
from gateway.clock import SystemClock
from gateway.domain.zones import (
    ResolvedZone,
    UnknownZone,
    ZoneCoding,
    next_change,
    offset_s_at,
    offset_text,
    resolve,
    to_local,
    to_utc_s,
)

_FIRST_YEAR, _LAST_YEAR = 1970, 2200
_NUMBERS = frozenset(
    {
        ZoneCoding.P64_MINUTES_720,
        ZoneCoding.OFFSET_HOURS,
        ZoneCoding.OFFSET_MINUTES,
        ZoneCoding.OFFSET_SECONDS,
        ZoneCoding.OFFSET_MINUTES_NEGATED,
        ZoneCoding.QUARTER_HOURS,
    }
)
"""A bare number means nothing unless its coding is named."""


def add(parser: argparse.ArgumentParser) -> None:
    """Add the commands to the parser of `zone`."""
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    explain = commands.add_parser("explain", help="print what a device's zone text means")
    explain.set_defaults(run=_explain)
    explain.add_argument(
        "text", metavar="TEXT", help="the text as the device sends it, such as '(UTC+01:00) Etc/GMT-1'"
    )
    explain.add_argument(
        "--coding",
        metavar="NAME",
        choices=tuple(coding.value for coding in ZoneCoding),
        help=f"how to read it: {', '.join(ZoneCoding)}; default: whatever is not a bare number",
    )
    explain.add_argument(
        "--at", metavar="TIME", type=_moment, help="a local time in that zone, such as 2024-04-29T10:00; default: now"
    )
    explain.add_argument("--json", action="store_true", help="print one JSON object")


def _explain(args: argparse.Namespace) -> int:
    try:
        zone = _read(args.text, args.coding)
    except UnknownZone as unknown:
        return complain([f"'{unknown.text}' is not a time zone: {unknown.reason}."], FAILED)
    said = _facts(zone, args.at)
    if args.json:
        print(json.dumps(said, ensure_ascii=False))
    else:
        print("\n".join(_lines(said)))
    return OK


def _read(text: str, coding: str | None) -> ResolvedZone:
    """Read as named; else as a profile does that says nothing, else in any way that is not a bare number."""
    if coding is not None:
        return resolve(text, frozenset({ZoneCoding(coding)}))
    try:
        return resolve(text)
    except UnknownZone as unknown:
        bare = text.strip().lstrip("+-").replace(".", "").isdigit()
        if bare:
            raise UnknownZone(text, f"a bare number needs --coding, one of {', '.join(sorted(_NUMBERS))}") from unknown
    return resolve(text, frozenset(ZoneCoding) - _NUMBERS)


def _facts(zone: ResolvedZone, at: datetime | None) -> dict[str, Any]:
    moment = at or datetime.fromtimestamp(SystemClock().now_ms() // 1000, UTC)
    remark = None
    if moment.tzinfo is None:
        utc_s, remark = to_utc_s(moment, zone.name)
    else:
        utc_s = int(moment.timestamp())
    change = next_change(zone.name, utc_s)
    return {
        "text": zone.text,
        "zone": zone.name,
        "coding": zone.coding.value,
        "offset": _offset(zone.name, utc_s),
        "local": to_local(utc_s, zone.name).isoformat(),
        "utc": _utc(utc_s),
        "remark": remark,
        "next_change": None if change is None else {"utc": _utc(change), "offset": _offset(zone.name, change)},
        "warning": zone.warning,
    }


_REMARKS = {
    "gap": "that local time does not exist, because clocks go forward; it was moved forward by as much",
    "fold": "that local time comes twice, because clocks go back; the first was taken",
}


def _lines(said: dict[str, Any]) -> list[str]:
    change = said["next_change"]
    coming = "none in the next two years" if change is None else f"{change['utc']} to {change['offset']}"
    lines = [
        f"{said['text']}",
        f"  zone         {said['zone']}",
        f"  read as      {said['coding']}",
        f"  offset       {said['offset']}",
        f"  local time   {said['local']}",
        f"  UTC          {said['utc']}",
        f"  next change  {coming}",
    ]
    if said["remark"]:
        lines.append(f"  note         {_REMARKS[said['remark']]}")
    if said["warning"]:
        lines.append(f"  note         {said['warning']}")
    return lines


def _offset(zone: str, utc_s: int) -> str:
    return offset_text(offset_s_at(zone, utc_s) // 60)


def _utc(utc_s: int) -> str:
    return f"{datetime.fromtimestamp(utc_s, UTC):%Y-%m-%dT%H:%M:%SZ}"


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"'{text}' is no time; write it as 2024-04-29T10:00") from error
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        raise argparse.ArgumentTypeError(f"the year must lie between {_FIRST_YEAR} and {_LAST_YEAR}")
    return moment.replace(microsecond=0)
