"""A list that was not understood, made fit to be shown to others: what is secret in it is covered."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from gateway.profiles.fields import SECRET_PARTS, Field
from gateway.profiles.model import Profile
from gateway.store import polling
from gateway.store.database import Database

COVERED = "****"
_SUSPECT = r"[^\"\\]*(?:pin|pass|secret|token|cookie|code)[^\"\\]*"
_VALUE = r"""("(?:[^"\\]|\\.)*(?:"|$)|\\+"[^"\\]*(?:\\+"|$)|-?[0-9][0-9.eE+-]*)"""


async def kept_list(
    database: Database, device_id: int, profile: Profile, unseal: Callable[[bytes], str]
) -> tuple[str, int] | None:
    """The last list of a device that was not understood, without PINs, and when it came (ms UTC); None without one."""
    found = await database.read(lambda conn: polling.odd(conn, device_id))
    return None if found is None else (covered(unseal(found[0]), profile), found[1])


def covered(text: str, profile: Profile) -> str:
    """The text with the values of secret fields, and of all fields whose name sounds secret, covered.

    It need not be whole JSON: what was cut off or garbled is looked through as well, also lists within texts.
    """
    names = sorted(set(_secret_names(field for shape in profile.shapes for field in shape.fields)))
    secret = "|".join([*map(re.escape, names), _SUSPECT])
    return re.sub(rf'(\\*"(?:{secret})\\*"\s*:\s*){_VALUE}', rf'\1"{COVERED}"', text, flags=re.IGNORECASE)


def _secret_names(fields: Iterable[Field]) -> Iterable[str]:
    for field in fields:
        if field.secret or field.part in SECRET_PARTS:
            yield field.path[-1] if field.path else field.name
        yield from _secret_names(field.each)
