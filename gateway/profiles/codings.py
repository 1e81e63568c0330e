"""One value of one field, from the device's coding and back; where the field stands and what it is for is not here."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

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
            value = _number_of_text(value)
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


def choice(choices: tuple[tuple[str, object], ...]) -> Read:
    """One of the device's words; gives our value for it."""
    values = dict(choices)
    expected = f"must be one of {', '.join(values)}"

    def read(value: object) -> object:
        if type(value) is not str or value not in values:
            raise Refused(expected)
        return values[value]

    return read


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


def epoch_ms(*, or_text: bool) -> Read:
    """Milliseconds since 1970; gives whole seconds since 1970."""

    def read(value: object) -> int:
        if or_text:
            value = _number_of_text(value)
        if type(value) is not int:
            raise Refused("must be a time in milliseconds since 1970, as a whole number")
        return value // 1000

    return read


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


def _number_of_text(value: object) -> object:
    if type(value) is str and len(value) <= _LONGEST_DIGITS and value.isascii() and value.isdigit():
        return int(value)
    return value


def _shown(word: object) -> str:
    return f"'{word}'" if isinstance(word, str) else str(word).lower()
