"""A UCM's lists of meetings: filter, order, pages, columns, and the odd forms that switches ask for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from simulator.pbx.api.codes import Code, Refused
from simulator.pbx.api.meeting import BRIEF, Meeting, read_time
from simulator.pbx.api.state import UcmState

DEFAULT_PAGE = 30
LARGEST_PAGE = 1000

Row = dict[str, Any]


def listed(state: UcmState, said: Mapping[str, Any]) -> dict[str, Any]:
    """The `response` of a list: `bookid[]` with `page`, `total_page` and `total_item`, or keyed by room number."""
    meetings = list(state.meetings.values())
    if state.switches.vanish is not None:
        meetings = meetings[: state.switches.vanish]
    rows = [row for one in meetings for row in _rows(state, one)]
    rows = _ordered([row for row in rows if _within(row, said)], said)
    if state.switches.list_by_room:
        return _by_room([_columns(row, said) for row in rows])
    size = _whole(said, "item_num", DEFAULT_PAGE, LARGEST_PAGE)
    total = max(1, -(-len(rows) // size))
    page = _whole(said, "page", 1, 1_000_000)
    shown = 1 if state.switches.duplicate_page else page
    cut = rows[(shown - 1) * size : shown * size]
    return {
        "bookid": [_columns(row, said) for row in cut],
        "page": page,
        "total_page": total,
        "total_item": len(rows),
    }


def odd_form() -> dict[str, Any]:
    """A list as nobody expects it."""
    return {"response": {"meetings": [["bookid", "confname"], ["?", "?"]]}, "status": 0}


def without_email(meeting: Meeting) -> list[str]:
    """Extensions of invitees that get no mail."""
    guests = [one for one in meeting.members if one.get("is_admin") != "yes"]
    return [str(one.get("member_extension")) for one in guests if not one.get("email")]


def _rows(state: UcmState, meeting: Meeting) -> list[Row]:
    members = json.dumps(meeting.members, ensure_ascii=False, separators=(",", ":"))
    return [{**row, "members": members} for row in meeting.rows(state.timezone_text(meeting))]


def _within(row: Row, said: Mapping[str, Any]) -> bool:
    """The web interface's date filter: `starttime` and `endtime`, each a date or a time."""
    after, before = _moment(said.get("starttime")), _moment(said.get("endtime"))
    return (after is None or read_time(row["endtime"]) >= after) and (
        before is None or read_time(row["starttime"]) <= before
    )


def _moment(given: Any) -> datetime | None:
    if given in (None, ""):
        return None
    try:
        return datetime.fromisoformat(str(given)).replace(tzinfo=None)
    except ValueError as error:
        raise Refused(Code.INVALID_PARAMETERS, f"{given!r} is not a date") from error


def _ordered(rows: list[Row], said: Mapping[str, Any]) -> list[Row]:
    column, order = said.get("sidx") or "starttime", said.get("sord") or "asc"
    if order not in ("asc", "desc") or not isinstance(column, str):
        raise Refused(Code.INVALID_PARAMETERS, "sord is asc or desc, sidx a column")
    return sorted(rows, key=lambda row: (str(row.get(column, "")), str(row["bookid"])), reverse=order == "desc")


def _columns(row: Row, said: Mapping[str, Any]) -> Row:
    """The columns of `options` (separated by commas), or the brief ones; a PIN is never in a list."""
    options = said.get("options")
    wanted = [one.strip() for one in options.split(",")] if isinstance(options, str) and options else list(BRIEF)
    return {name: row[name] for name in wanted if name in row and name not in ("pincode", "admin_pincode")}


def _by_room(rows: list[Row]) -> dict[str, Any]:
    rooms: dict[str, Any] = {}
    for row in rows:
        rooms.setdefault(str(row.get("confno", "")), []).append(row)
    return rooms


def _whole(said: Mapping[str, Any], name: str, otherwise: int, most: int) -> int:
    given = said.get(name, otherwise)
    read = int(given) if isinstance(given, str) and given.isdecimal() else given
    if isinstance(read, bool) or not isinstance(read, int) or not 1 <= read <= most:
        raise Refused(Code.INVALID_PARAMETERS, f"{name} is a number from 1 to {most}")
    return read
