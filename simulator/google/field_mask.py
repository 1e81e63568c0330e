"""Partial answers: the `fields` parameter of Google's APIs, such as `items(id,etag),nextPageToken`, nothing else."""

from __future__ import annotations

from typing import Any

from simulator.google.errors import ApiError, refused

Mask = dict[str, "Mask"]
"""Names to keep, each with what to keep inside it (everything when empty). `*` stands for every name."""

DEEPEST = 50


def parse(text: str) -> Mask:
    """The mask that `text` describes; raises Google's 400 when it cannot be read."""
    if text.count("(") + text.count("/") > DEEPEST:
        raise _invalid(text)
    mask, rest = _parse_list(text, text)
    if rest:
        raise _invalid(text)
    return mask


def applied(document: Any, mask: Mask) -> Any:
    """The parts of `document` that the mask names."""
    if not mask:
        return document
    if isinstance(document, list):
        return [applied(item, mask) for item in document]
    if not isinstance(document, dict):
        return document
    if "*" in mask:
        return {name: applied(value, mask.get(name) or mask["*"]) for name, value in document.items()}
    return {name: applied(value, mask[name]) for name, value in document.items() if name in mask}


def _parse_list(rest: str, whole: str) -> tuple[Mask, str]:
    mask: Mask = {}
    while True:
        name = _name(rest)
        if not name:
            raise _invalid(whole)
        rest = rest[len(name) :]
        inner = mask.setdefault(name, {})
        if rest.startswith("/"):
            rest = _parse_path(inner, rest[1:], whole)
        elif rest.startswith("("):
            found, rest = _parse_list(rest[1:], whole)
            if not rest.startswith(")"):
                raise _invalid(whole)
            inner.update(found)
            rest = rest[1:]
        if not rest.startswith(","):
            return mask, rest
        rest = rest[1:]


def _parse_path(inner: Mask, rest: str, whole: str) -> str:
    """`a/b` keeps only b inside a; what follows b may go deeper in the same way."""
    name = _name(rest)
    if not name:
        raise _invalid(whole)
    rest = rest[len(name) :]
    deeper = inner.setdefault(name, {})
    if rest.startswith("/"):
        return _parse_path(deeper, rest[1:], whole)
    if rest.startswith("("):
        found, rest = _parse_list(rest[1:], whole)
        if not rest.startswith(")"):
            raise _invalid(whole)
        deeper.update(found)
        return rest[1:]
    return rest


def _name(rest: str) -> str:
    length = 0
    while length < len(rest) and (rest[length].isalnum() or rest[length] in "*_"):
        length += 1
    return rest[:length]


def _invalid(text: str) -> ApiError:
    return refused(400, "invalidParameter", f"Invalid field selection {text}", location=("parameter", "fields"))
