"""JSON text to plain values, refusing what JSON readers disagree about; what the values mean is not known here."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import NoReturn

from gateway.errors import FieldProblem

MAX_DEPTH = 16
_LONGEST_NAME = 64

# The pattern finds every escape that can put NUL or half of a surrogate pair into a text; only then values are walked.
_SUSPECT_ESCAPE = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
_SURROGATE = re.compile("[\ud800-\udfff]")


class BadJson(ValueError):
    """A text that is not accepted as JSON; `problem.field` is empty when no single field can be blamed."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.problem = FieldProblem(field, reason)


def read(text: str) -> object:
    """The value that `text` says (RFC 8259), or `BadJson`.

    Refused beside everything that is not JSON: a key that comes twice, NaN and Infinity, numbers no machine number
    can hold, more than `MAX_DEPTH` levels, the character NUL, and half of a surrogate pair.
    """
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise BadJson(
            "", f"is not JSON: {error.msg.removesuffix(' at')} at line {error.lineno}, column {error.colno}"
        ) from error
    except RecursionError as error:
        raise BadJson("", _TOO_DEEP) from error
    except BadJson:
        raise
    except ValueError as error:
        # Python refuses to read whole numbers of more than 4300 digits.
        raise BadJson("", "has a number with too many digits") from error
    if _SUSPECT_ESCAPE.search(text) or (_is_nested(value) and text.count("[") + text.count("{") > MAX_DEPTH):
        _inspect(value)
    return value


def text_problem(text: str) -> str | None:
    """Why this text cannot be kept, or None."""
    if "\0" in text:
        return "must not contain the character NUL"
    if _SURROGATE.search(text):
        return "must not contain half of a surrogate pair"
    return None


def shown_name(name: str) -> str:
    """A field's name as it may stand in a message: short and printable."""
    short = name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…"
    return "".join(c if c.isprintable() else "?" for c in short) or "(no name)"


_TOO_DEEP = f"is nested more than {MAX_DEPTH} levels deep"


def _is_nested(value: object) -> bool:
    """Whether a level of containers lies below this one; most calls are flat, and counting brackets costs more."""
    if not isinstance(value, dict):
        return isinstance(value, list)
    kinds = set(map(type, value.values()))
    return dict in kinds or list in kinds


def _pairs(pairs: list[tuple[str, object]]) -> dict[str, object]:
    read = dict(pairs)
    if len(read) == len(pairs):
        return read
    seen = set()
    for name, _ in pairs:
        if name in seen:
            break
        seen.add(name)
    raise BadJson(shown_name(name), "is there twice; send every field once")


def _fraction(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise BadJson("", "has a number that is too large")
    return number


def _constant(word: str) -> NoReturn:
    raise BadJson("", f"is not JSON: {word} is not a number")


_DECODER = json.JSONDecoder(object_pairs_hook=_pairs, parse_float=_fraction, parse_constant=_constant)


def _inspect(value: object) -> None:
    for field, depth, found in _walk("", 0, value):
        if depth > MAX_DEPTH:
            raise BadJson(field, _TOO_DEEP)
        reason = text_problem(found) if isinstance(found, str) else None
        if reason:
            raise BadJson(field, reason)


def _walk(field: str, depth: int, value: object) -> Iterator[tuple[str, int, object]]:
    """Every container, name and text with its path; a value below `MAX_DEPTH` is named but not entered."""
    waiting = [(field, depth, value)]
    while waiting:
        field, depth, value = waiting.pop()
        if isinstance(value, (dict, list)):
            depth += 1
        yield field, depth, value
        if depth > MAX_DEPTH:
            continue
        if isinstance(value, dict):
            for name, item in value.items():
                path = f"{field}.{shown_name(name)}" if field else shown_name(name)
                yield path, depth, name
                waiting.append((path, depth, item))
        elif isinstance(value, list):
            waiting += [(f"{field}[{index}]", depth, item) for index, item in enumerate(value)]
