"""One value of one field, from the device's coding and back; where the field stands and what it is for is not here."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from gateway.domain.meeting import Weekday
from gateway.profiles.strict_json import BadJson
from gateway.profiles.strict_json import read as read_json
from gateway.profiles.texts import lines, one_line

Read = Callable[[object], object]
"""Makes our value of the device's, or raises `Refused`. Made once per field, called once per value."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST_DIGITS = 15


class Refused(ValueError):
    """A value that its coding does not allow; the text says what is expected and never repeats the value."""


def text(limit: int) -> Read:
    """One line of at most `limit` characters."""
    too_long = f"must be at most {limit} characters long"

    def read(value: object) -> str:
        if type(value) is not str:
            raise Refused("must be text")
        cleaned = one_line(value)
        if len(cleaned) > limit:
            raise Refused(too_long)
        return cleaned

    return read


def several_lines(limit: int) -> Read:
    """Several lines, together at most `limit` characters."""
    too_long = f"must be at most {limit} characters long"

    def read(value: object) -> str:
        if type(value) is not str:
            raise Refused("must be text")
        cleaned = lines(value)
        if len(cleaned) > limit:
            raise Refused(too_long)
        return cleaned

    return read


def code(limit: int) -> Read:
    """Text, or a whole number as text, of at most `limit` characters; kept exactly, so it must be printable."""
    too_long = f"must be at most {limit} characters long"

    def read(value: object) -> str:
        if type(value) is int and 0 <= value < 1 << 63:
            value = str(value)
        if type(value) is not str:
            raise Refused("must be text or a whole number")
        if not value.isprintable():
            raise Refused("must not contain control characters or invisible ones")
        if len(value) > limit:
            raise Refused(too_long)
        return value.strip()

    return read


def pin(shortest: int, longest: int) -> Read:
    """`shortest` to `longest` digits; a number has lost its leading zeros already on the device."""
    expected = f"must be {shortest} to {longest} digits"

    def read(value: object) -> str:
        if type(value) is int and 0 <= value < 10**longest:
            value = str(value)
        if type(value) is not str or not (value.isascii() and value.isdigit()):
            raise Refused(expected)
        if not shortest <= len(value) <= longest:
            raise Refused(expected)
        return value

    return read


def number(lowest: int, highest: int, *, or_text: bool, none: int | None = None) -> Read:
    """A whole number; `none` means None and is accepted outside the range; `or_text` accepts its digits as text."""
    expected = f"must be a whole number from {lowest} to {highest}"
    if none is not None and not lowest <= none <= highest:
        expected += f", or {none} for none"

    def read(value: object) -> int | None:
        if or_text:
            value = number_of_text(value)
        if type(value) is not int:
            raise Refused(expected)
        if value == none:
            return None
        if not lowest <= value <= highest:
            raise Refused(expected)
        return value

    return read


def truth(words: tuple[object, object], *, or_text: bool) -> Read:
    """One of the two words of a coding: (for no, for yes)."""
    no, yes = words
    kind = type(no)
    expected = f"must be {_shown(no)} or {_shown(yes)}"
    texts = {str(no).lower(): False, str(yes).lower(): True}

    def read(value: object) -> bool:
        if type(value) is kind:
            if value == yes:
                return True
            if value == no:
                return False
        elif or_text and isinstance(value, str) and value in texts:
            return texts[value]
        raise Refused(expected)

    return read


def words(yes: tuple[object, ...], no: tuple[object, ...], *, or_text: bool) -> Read:
    """One of the device's words for yes or for no; a number or a truth value is told from its text by its type."""
    meant = {(type(word), word): said for said, all_of in ((False, no), (True, yes)) for word in all_of}
    texts = {str(word).lower(): said for (_, word), said in meant.items() if not isinstance(word, str)}
    expected = f"must be {_shown(no[0])} or {_shown(yes[0])}" if yes and no else "must be a word of the profile"

    def read(value: object) -> bool:
        if isinstance(value, (str, int)):
            said = meant.get((type(value), value))
            if said is None and or_text and isinstance(value, str):
                said = texts.get(value)
            if said is not None:
                return said
        raise Refused(expected)

    return read


def scaled(read: Read, factor: int) -> Read:
    """The same number, so many times."""

    def read_scaled(value: object) -> object:
        found = read(value)
        return found * factor if isinstance(found, int) else found

    return read_scaled


def day_list(choices: tuple[tuple[str, object], ...]) -> Read:
    """Days of the week: a list, or text parted by commas, semicolons or blanks; `choices` are the device's words."""
    own = {word.casefold(): day for word, day in choices} or _DAYS
    expected = f"must be days of the week, each one of {', '.join(word for word, _ in choices) or ', '.join(Weekday)}"

    def read(value: object) -> tuple[Weekday, ...]:
        if isinstance(value, str):
            value = [word for word in _BETWEEN_DAYS.split(value) if word]
        if not isinstance(value, list) or len(value) > _MOST_DAYS:
            raise Refused(expected)
        found = []
        for word in value:
            day = own.get(str(word).casefold()) if type(word) in (str, int) else None
            if not isinstance(day, Weekday):
                raise Refused(expected)
            if day not in found:
                found.append(day)
        return tuple(found)

    return read


def choice(choices: tuple[tuple[str, object], ...], *, or_number: bool = False) -> Read:
    """One of the device's words; gives our value for it. `or_number` accepts a word of digits as a number."""
    values = dict(choices)
    expected = f"must be one of {', '.join(values)}"

    def read(value: object) -> object:
        if or_number and type(value) is int and 0 <= value < 1 << 63:
            value = str(value)
        if type(value) is not str or value not in values:
            raise Refused(expected)
        return values[value]

    return read


_WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAYS: dict[str, object] = {
    name[:letters]: day for name, day in zip(_WEEK, Weekday, strict=True) for letters in (2, 3, len(name))
}
_MOST_DAYS = 31
_BETWEEN_DAYS = re.compile(r"[,; ]+")
_LOCAL = re.compile(r"\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}(?::\d{2})?", re.ASCII)
_ANY_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[ Tt]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:[Zz]|[+-]\d{2}:\d{2})?", re.ASCII)


def local_time(value: object) -> datetime:
    """`YYYY-MM-DD HH:MM[:SS]`, a `T` in the middle allowed, as a time without tzinfo."""
    if type(value) is not str or not _LOCAL.fullmatch(value):
        raise Refused("must be a time such as '2024-04-29 10:00:00'")
    return _iso(value)


def date_time(value: object) -> datetime:
    """RFC 3339, with an offset or Z (aware) or without one (local, no tzinfo); fractions of a second are dropped."""
    if type(value) is not str or not _ANY_TIME.fullmatch(value):
        raise Refused("must be a time such as '2024-04-29T10:00:00' or '2024-04-29T09:00:00Z'")
    whole = re.sub(r"\.\d+", "", value) if "." in value else value
    return _iso(whole.upper())


def json_text(text: str) -> object:
    """The value of a field that holds JSON as text."""
    try:
        return read_json(text)
    except BadJson as bad:
        raise Refused(f"holds JSON that cannot be read: {bad.problem.field or 'it'} {bad.problem.reason}") from bad


def utc_text(utc_s: int) -> str:
    """`2024-04-29T09:00:00Z`."""
    return (_EPOCH + timedelta(seconds=utc_s)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _iso(value: str) -> datetime:
    try:
        return datetime.fromisoformat(value)
    except ValueError as error:
        raise Refused("is not a date and time of the calendar") from error


def number_of_text(value: object) -> object:
    """The number that a text of ASCII digits says; anything else as it is."""
    if type(value) is str and len(value) <= _LONGEST_DIGITS and value.isascii() and value.isdigit():
        return int(value)
    return value


def _shown(word: object) -> str:
    return f"'{word}'" if isinstance(word, str) else str(word).lower()
