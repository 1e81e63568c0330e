"""The envelope of the UCM HTTPS API, bytes to a request and back; who may call and what an action means is not here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import IntEnum
from typing import NamedTuple

from gateway.dialects import native
from gateway.errors import FieldProblem, Unreadable

LONGEST_WORD = 255
_NOT_FIELDS = frozenset({"action", "cookie"})
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


class Status(IntEnum):
    """The results of the UCM HTTPS API that this gateway gives.

    Sources: Grandstream "HTTPS API" guide; the numbers it does not list are those that clients of real units name.
    """

    DONE = 0
    INVALID_PARAMETERS = -1
    NEED_AUTHENTICATION = -5
    COOKIE_ERROR = -6
    ABNORMAL_ERROR = -9
    INVALID_VALUE = -15
    NO_SUCH_ITEM = -16
    UNSUPPORTED = -19
    WRONG_PASSWORD = -37
    CHANGED_MEANWHILE = -43
    AGAIN_IN_15_S = -45
    AGAIN_IN_60_S = -57
    LOGIN_RESTRICTED = -68


class EnvelopeRequest(NamedTuple):
    """One request: `fields` is everything beside the action and the cookie, in the device's own words."""

    action: str
    cookie: str
    fields: dict[str, object]


def read(body: bytes) -> EnvelopeRequest:
    """The request in `body`, or `Unreadable`.

    `{"request": {"action": "…", "cookie": "…", …}}`; the media type is not looked at, because clients differ in it.
    """
    outer = native.decode(native.JSON, body)
    inner = outer.get("request")
    if not isinstance(inner, dict):
        raise Unreadable(FieldProblem("request", 'must be an object: {"request": {"action": "challenge", …}}'))
    return EnvelopeRequest(
        action=_word(inner, "action", required=True),
        cookie=_word(inner, "cookie"),
        fields={name: value for name, value in inner.items() if name not in _NOT_FIELDS},
    )


def word(fields: Mapping[str, object], name: str) -> str:
    """A short text among the fields of a request; numbers as text, empty when it is not sent. Raises Unreadable."""
    return _word(fields, name)


def number(fields: Mapping[str, object], name: str, *, least: int, most: int, default: int) -> int:
    """A whole number among the fields, brought into its range; the default when it is none or not sent."""
    value = fields.get(name) if name else None
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 9:
        value = int(value)
    if type(value) is not int:
        return default
    return max(least, min(value, most))


def answer(status: Status, response: Mapping[str, object]) -> bytes:
    """The reply's body; its HTTP status is always 200."""
    return _ENCODER.encode({"response": response, "status": int(status)}).encode("utf-8", "replace")


def refusal(status: Status, text: str) -> bytes:
    """The reply to a request that was not done; `text` says why and what to do."""
    return answer(status, {"error_msg": text})


def placed(path: str, value: object) -> dict[str, object]:
    """`value` in an object under the dotted `path`; an empty path wants an object, which is then all there is."""
    if not path:
        return dict(value) if isinstance(value, Mapping) else {}
    for name in reversed(path.split(".")):
        value = {name: value}
    return value if isinstance(value, dict) else {}


def _word(fields: Mapping[str, object], name: str, *, required: bool = False) -> str:
    value = fields.get(name)
    if type(value) is int and 0 <= value < 1 << 63:
        value = str(value)
    if value is None and not required:
        return ""
    if not isinstance(value, str) or not 1 <= len(value) <= LONGEST_WORD or not value.isprintable():
        if value == "" and not required:
            return ""
        raise Unreadable(FieldProblem(name, f"must be a text of 1 to {LONGEST_WORD} printable characters"))
    return value
