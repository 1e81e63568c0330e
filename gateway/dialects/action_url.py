"""The query of an Action URL to the fields of a call; what the fields mean is a profile's business.

Phones and simple PBXs fill placeholders such as `$mac` into an address that an admin typed, and call it with GET.
"""

from __future__ import annotations

from typing import NamedTuple

from gateway.dialects import native
from gateway.errors import FieldProblem, Unreadable

KEY = "key"


class ActionCall(NamedTuple):
    """What an Action URL says: the device's key, empty when it carries none, and all other fields as text."""

    key: str
    fields: dict[str, object]

    def __repr__(self) -> str:
        return f"ActionCall(fields={sorted(self.fields)})"


def read(query: bytes) -> ActionCall:
    """The call in a query (`a=1&b=2`, UTF-8, percent-encoded), or `Unreadable` with the field to blame."""
    try:
        text = query.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Unreadable(FieldProblem("query", f"is not UTF-8 text at byte {error.start + 1}")) from error
    fields = native.form_fields(text, "query")
    key = fields.pop(KEY, "")
    return ActionCall(str(key), fields)
