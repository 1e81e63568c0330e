"""The form's "Time Zone" list: labels such as `(UTC+01:00) Etc/GMT-1`, read by their code, never by their offset."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_LABEL = re.compile(r"^\((?:UTC|GMT)[^)]*\)\s*(?P<code>\S+)$")

_REGIONS = (
    "America/Anchorage", "America/Argentina/Buenos_Aires", "America/Bogota", "America/Chicago", "America/Denver",
    "America/Los_Angeles", "America/Mexico_City", "America/New_York", "America/Sao_Paulo", "America/St_Johns",
    "Africa/Cairo", "Africa/Casablanca", "Africa/Johannesburg", "Africa/Lagos", "Asia/Dubai", "Asia/Kathmandu",
    "Asia/Kolkata", "Asia/Shanghai", "Asia/Singapore", "Asia/Tehran", "Asia/Tokyo", "Australia/Adelaide",
    "Australia/Sydney", "Europe/Athens", "Europe/Berlin", "Europe/London", "Europe/Madrid", "Europe/Moscow",
    "Europe/Paris", "Pacific/Auckland", "Pacific/Honolulu",
)  # fmt: skip


def code_of(label: str) -> str:
    """The zone's code: `Etc/GMT-1` for `(UTC+01:00) Etc/GMT-1`, and any other text unchanged."""
    found = _LABEL.match(label.strip())
    return found["code"] if found else label.strip()


def zone_of(label: str) -> ZoneInfo:
    """The zone meant by a label or a bare name; ValueError when there is none."""
    try:
        return ZoneInfo(code_of(label))
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"no time zone {label!r}") from error


def label_of(code: str, at: datetime) -> str:
    """The form's label of a zone, with the offset that holds at the instant `at` (aware)."""
    offset = at.astimezone(ZoneInfo(code)).utcoffset() or timedelta(0)
    minutes = round(offset.total_seconds() / 60)
    return f"(UTC{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}) {code}"


def labels(at: datetime) -> list[str]:
    """The list of the form, west to east: every whole-hour `Etc/GMT` zone, and some regions."""
    codes = [f"Etc/GMT{sign:+d}" if sign else "Etc/GMT" for sign in range(12, -15, -1)]
    codes.extend(_REGIONS)
    return sorted((label_of(code, at) for code in codes), key=lambda label: _place(label, at))


def epoch_ms(local: datetime, label: str) -> int:
    """The instant of a wall-clock time in a zone, in milliseconds since 1970."""
    moment = local.replace(tzinfo=zone_of(label)).astimezone(UTC)
    return round((moment - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(milliseconds=1))


def _place(label: str, at: datetime) -> tuple[timedelta, str]:
    return at.astimezone(zone_of(label)).utcoffset() or timedelta(0), code_of(label)
