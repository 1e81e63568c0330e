"""What a series may look like, and how it is written as an RFC 5545 rule; occurrences are never expanded here."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from gateway.domain.meeting import Frequency, Repeat, Weekday

MAX_INTERVAL = 99
MAX_COUNT = 730
MAX_UNTIL_DAYS = 5 * 366
MAX_VALUES = 31
"""Values in one list of a rule."""
MAX_RULE_BYTES = 512

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_S = 86_400
_WEEK = tuple(Weekday)
_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def rrule(repeat: Repeat) -> str:
    """The rule as one `RRULE:` line (RFC 5545, 3.3.10), without line end.

    `UNTIL` is written as a UTC date-time, which that section asks for when the start has a time zone.
    """
    parts = [f"RRULE:FREQ={repeat.frequency.value.upper()}"]
    if repeat.interval != 1:
        parts.append(f"INTERVAL={repeat.interval}")
    if repeat.weekdays:
        parts.append("BYDAY=" + ",".join(repeat.weekdays))
    if repeat.count is not None:
        parts.append(f"COUNT={repeat.count}")
    if repeat.until_utc_s is not None:
        parts.append("UNTIL=" + (_EPOCH + timedelta(seconds=repeat.until_utc_s)).strftime("%Y%m%dT%H%M%SZ"))
    return ";".join(parts)


def problems(repeat: Repeat, start_utc_s: int) -> list[tuple[str, str]]:
    """Every reason why this series is refused, as (attribute of `Repeat`, reason); empty when it is fine.

    `start_utc_s` is the start of the first occurrence. The limits keep a calendar from having to expand a rule
    without a reasonable end; a rule with neither `count` nor `until` is expanded by the calendar as it sees fit.
    """
    found = []
    if not 1 <= repeat.interval <= MAX_INTERVAL:
        found.append(("interval", f"must be between 1 and {MAX_INTERVAL}"))
    if repeat.count is not None and not 1 <= repeat.count <= MAX_COUNT:
        found.append(("count", f"must be between 1 and {MAX_COUNT}"))
    if repeat.until_utc_s is not None:
        if repeat.count is not None:
            found.append(("until_utc_s", "cannot be combined with a count; send one of the two"))
        if repeat.until_utc_s < start_utc_s:
            found.append(("until_utc_s", "must not be before the start of the meeting"))
        elif repeat.until_utc_s > start_utc_s + MAX_UNTIL_DAYS * _DAY_S:
            found.append(("until_utc_s", "must be at most 5 years after the start of the meeting"))
    if repeat.weekdays:
        found += _weekday_problems(repeat)
    if not found and len(rrule(repeat)) > MAX_RULE_BYTES:
        found.append(("frequency", f"makes a rule of more than {MAX_RULE_BYTES} bytes"))
    return found


def _weekday_problems(repeat: Repeat) -> list[tuple[str, str]]:
    found = []
    if repeat.frequency is not Frequency.WEEKLY:
        found.append(("weekdays", "can only be given for a weekly series"))
    if len(repeat.weekdays) > MAX_VALUES:
        found.append(("weekdays", f"must be at most {MAX_VALUES} days"))
    elif len(set(repeat.weekdays)) != len(repeat.weekdays):
        found.append(("weekdays", "must name each day once"))
    return found


def warnings(repeat: Repeat, start_local: datetime) -> list[str]:
    """What a person should know about this series; `start_local` is the first occurrence's wall-clock time."""
    found = []
    if repeat.weekdays and _WEEK[start_local.weekday()] not in repeat.weekdays:
        named = " and ".join(_NAMES[_WEEK.index(day)] for day in repeat.weekdays)
        found.append(
            f"The meeting starts on a {_NAMES[start_local.weekday()]} but repeats on {named}; "
            "its first day is kept as it was sent."
        )
    if repeat.frequency is Frequency.MONTHLY and start_local.day > 28:
        found.append(f"Months without a day {start_local.day} have no meeting of this series.")
    if repeat.frequency is Frequency.YEARLY and (start_local.month, start_local.day) == (2, 29):
        found.append("Years without a 29 February have no meeting of this series.")
    return found
