"""The bodies of our own HTTP calls, JSON and form, to plain values; what the fields mean is a profile's business."""

from __future__ import annotations

from urllib.parse import unquote_plus

from gateway.errors import FieldProblem, Unreadable
from gateway.profiles.strict_json import BadJson, read, shown_name, text_problem

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
_CHARSETS = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})
_MAX_FORM_FIELDS = 256


def decode(content_type: str, body: bytes, charset: str | None = None) -> dict[str, object]:
    """The fields of a call, or `Unreadable` with the field to blame.

    `content_type` is the media type without parameters, `charset` its charset parameter. The values of a form are
    texts; those of JSON are of any JSON type.
    """
    kind = content_type.lower()
    if kind not in (JSON, FORM):
        raise _unreadable("Content-Type", f"must be {JSON} or {FORM}")
    if charset is not None and charset.lower() not in _CHARSETS:
        raise _unreadable("Content-Type", "the charset must be UTF-8")
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _unreadable("body", f"is not UTF-8 text at byte {error.start + 1}") from error
    if not text or text.isspace():
        raise _unreadable("body", "is empty; send the fields of a meeting")
    return _json(text) if kind == JSON else form_fields(text, "body")


def _json(text: str) -> dict[str, object]:
    try:
        # A byte order mark is not JSON, but some senders write one; RFC 8259, section 8.1 allows to pass over it.
        value = read(text.removeprefix("\ufeff"))
    except BadJson as bad:
        raise _unreadable(bad.problem.field or "body", bad.problem.reason) from bad
    if not isinstance(value, dict):
        raise _unreadable("body", "must be a JSON object")
    return value


def form_fields(text: str, place: str) -> dict[str, object]:
    """The fields of a form (`a=1&b=2`, percent-encoded UTF-8), or `Unreadable`; `place` is where it stood."""
    fields: dict[str, object] = {}
    parts = text.split("&", _MAX_FORM_FIELDS)
    if len(parts) > _MAX_FORM_FIELDS:
        raise _unreadable(place, f"has more than {_MAX_FORM_FIELDS} fields")
    for part in parts:
        if not part:
            continue
        raw_name, _, raw_value = part.partition("=")
        name = _unquoted(raw_name, raw_name)
        if name in fields:
            raise _unreadable(shown_name(name), "is there twice; send every field once")
        fields[name] = _unquoted(raw_value, name)
    return fields


def _unquoted(raw: str, name: str) -> str:
    if raw.isalnum():
        return raw
    try:
        text = unquote_plus(raw, errors="strict")
    except UnicodeDecodeError as error:
        raise _unreadable(shown_name(name), "is not UTF-8 text") from error
    if reason := text_problem(text):
        raise _unreadable(shown_name(name), reason)
    return text


def _unreadable(field: str, reason: str) -> Unreadable:
    return Unreadable(FieldProblem(field, reason))
