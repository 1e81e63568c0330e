"""People written as one text of addresses and extensions, taken apart and put together; who they are is `people`'s."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from gateway.domain.meeting import Invitee
from gateway.profiles.codings import Refused
from gateway.profiles.fields import Coding, Field, Part

EACH_ADDRESS = (
    Field(part=Part.EXTENSION, name="extension", coding=Coding.CODE),
    Field(part=Part.EMAIL, name="email", coding=Coding.EMAIL),
    Field(part=Part.NAME, name="name", coding=Coding.TEXT),
)
"""The objects that a list of addresses is taken for."""
_BETWEEN = re.compile(r"[,;\n\r]+")
_NAMED = re.compile(r'\s*"?(?P<name>[^<>"]*?)"?\s*<(?P<email>[^<>]*)>\s*')


def as_objects(value: object, most: int) -> Sequence[object]:
    """One object per address: `ann@example.com, 1001; Bob <bob@example.com>` as text, or each in a list.

    An entry with an @ is an e-mail address, any other an extension; empty ones are passed over. Of more than `most`
    the rest is left out but one, so that the caller sees that there are too many.
    """
    if isinstance(value, str):
        value = _BETWEEN.split(value)
    if not isinstance(value, list) or not all(type(entry) in (str, int) for entry in value):
        raise Refused("must be addresses and extensions, such as 'ann@example.com, 1001'")
    entries = [entry for entry in (str(entry).strip() for entry in value) if entry]
    return [_object(entry) for entry in entries[: most + 1]]


def addresses_text(people: Iterable[Invitee]) -> str:
    """The addresses of all, or the extension of who has none, parted by commas."""
    return ", ".join(person.email or person.extension or "" for person in people)


def _object(entry: str) -> dict[str, object]:
    if match := _NAMED.fullmatch(entry):
        return {"name": match["name"], "email": match["email"]}
    return {"email": entry} if "@" in entry else {"extension": entry}
