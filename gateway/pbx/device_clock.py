"""The clock of a UCM as it writes it, compared with ours; which action tells it is the profile's."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

_CLOCK = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[ T]([0-9]{2}:[0-9]{2}:[0-9]{2}) *(?:UTC|GMT)? *([+-])([0-9]{2}):?([0-9]{2})"
)


def clock_utc_s(text: str) -> int | None:
    """The instant (seconds since 1970) of a clock text such as `2018-05-01 10:00:00 UTC+08:00`; None if it is none."""
    found = _CLOCK.fullmatch(text.strip())
    if found is None:
        return None
    date, time, sign, hours, minutes = found.groups()
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    try:
        zone = timezone(-offset if sign == "-" else offset)
        return int(datetime.fromisoformat(f"{date}T{time}").replace(tzinfo=zone).timestamp())
    except (ValueError, OverflowError):
        return None
