"""How the times, durations and zones of captured calls are written; which field is the start is not decided here."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from gateway.domain.zones import UnknownZone, ZoneCoding, resolve
from gateway.operations.profiles.columns import Column

_OFFSET_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[ Tt]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?([Zz]|[+-]\d{2}:\d{2})", re.ASCII)
_LOCAL_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}(:\d{2})?", re.ASCII)
_ISO_TIME = re.compile(f"(?:{_OFFSET_TIME.pattern})|(?:{_LOCAL_TIME.pattern})", re.ASCII)
_EPOCH_MS, _EPOCH_S = re.compile(r"\d{13}", re.ASCII), re.compile(r"\d{10}", re.ASCII)
_DATE_YMD = re.compile(r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}", re.ASCII)
_DATE_OTHER = re.compile(r"(\d{1,2})([-/.])(\d{1,2})[-/.]\d{4}", re.ASCII)
_TIME_24, _TIME_12 = (
    re.compile(r"\d{1,2}:\d{2}(:\d{2})?", re.ASCII),
    re.compile(r"\d{1,2}(:\d{2})? ?[AaPp]\.?[Mm]\.?", re.ASCII),
)
_NUMBER = re.compile(r"\d{1,6}", re.ASCII)
_FIRST_S = datetime(2010, 1, 1, tzinfo=UTC).timestamp()
_LAST_S = datetime(2100, 1, 1, tzinfo=UTC).timestamp()
_USUAL = ("iana", "etc_label", "offset_text")
_LONGEST_MINUTES = 600


def moment_coding(column: Column) -> str | None:
    """The coding of a date and time in one field, None when it is none."""
    if column.fit(_EPOCH_MS) and all(_FIRST_S < int(text) / 1000 < _LAST_S for text in column.texts()):
        return "epoch_ms"
    if column.fit(_EPOCH_S) and all(_FIRST_S < int(text) < _LAST_S for text in column.texts()):
        return "epoch_s"
    if column.fit(_LOCAL_TIME):
        return "utc_time" if re.search(r"utc|gmt", column.path.lower()) else "local_time"
    return "date_time" if column.fit(_ISO_TIME) else None


def date_coding(column: Column) -> str | None:
    """The coding of a date without a time; None also when day and month cannot be told apart."""
    if column.fit(_DATE_YMD):
        return "date_ymd"
    if not column.fit(_DATE_OTHER):
        return None
    found = [match for text in column.texts() if (match := _DATE_OTHER.fullmatch(text))]
    if any(int(match[1]) > 12 for match in found) or all(match[2] == "." for match in found):
        return "date_dmy"
    return "date_mdy" if any(int(match[3]) > 12 for match in found) else None


def clock_coding(column: Column) -> str | None:
    """The coding of a time of day without a date."""
    if column.fit(_TIME_24):
        return "time_24"
    return "time_12" if column.fit(_TIME_12) else None


def duration_unit(column: Column) -> tuple[str, str | None] | None:
    """The unit of a duration, and what a person should check; None when it is no number."""
    if not column.fit(_NUMBER):
        return None
    name = column.path.lower()
    for unit, pattern in (("minutes", r"min"), ("seconds", r"sec"), ("hours", r"hour|hrs")):
        if re.search(pattern, name):
            return unit, None
    if all(int(text) > _LONGEST_MINUTES and int(text) % 60 == 0 for text in column.texts()):
        return (
            "seconds",
            "the unit has no name; seconds were assumed, because as minutes it would be more than ten hours",
        )
    return "minutes", "the unit has no name; minutes were assumed"


def zone_codings(column: Column) -> tuple[str, ...] | None:
    """The codings by which every value names a zone; None when there is none, or when two would disagree."""
    texts = column.texts()
    if not texts:
        return None
    if _zones(texts, None):
        return _USUAL
    fitting = {coding.value: zones for coding in ZoneCoding if (zones := _zones(texts, coding))}
    different = set(fitting.values())
    return tuple(fitting)[:1] if len(different) == 1 else None


def _zones(texts: tuple[str, ...], coding: ZoneCoding | None) -> tuple[str, ...]:
    try:
        return tuple((resolve(text) if coding is None else resolve(text, [coding])).name for text in texts)
    except UnknownZone:
        return ()


def about_s(value: object) -> int | None:
    """Roughly when a captured time is, in seconds since 1970, give or take a day; None when it names no day."""
    text = str(value)
    if _EPOCH_MS.fullmatch(text) or _EPOCH_S.fullmatch(text):
        return int(text[:10])
    if match := re.match(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})", text, re.ASCII):
        year, month, day = (int(part) for part in match.groups())
    elif match := re.match(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})", text, re.ASCII):
        # Whichever comes first is a day that exists in every month, which is near enough.
        year, month, day = int(match[3]), min(int(match[1]), int(match[2])), 1
    else:
        return None
    try:
        return int(datetime(year, month, day, tzinfo=UTC).timestamp())
    except ValueError:
        return None
