"""A text that must not be shown; how secrets are stored or sent is not known here."""

from __future__ import annotations

import base64
import binascii
from typing import NoReturn

WEBHOOK_PREFIX = "whsec_"
WEBHOOK_KEY_BYTES = (24, 64)
"""How long the key of a webhook may be (Standard Webhooks 1.0, "Signature scheme")."""


class Secret:
    """A text that no repr, message, log line, pickle or JSON shows; only `reveal` gives it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself; for the one place that sends or hashes it."""
        return self._text

    def __repr__(self) -> str:
        return "***"

    def __format__(self, _spec: str) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        return self._text == other._text if isinstance(other, Secret) else NotImplemented

    def __hash__(self) -> int:
        return hash((Secret, self._text))

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, _memo: dict[int, object]) -> Secret:
        return self

    def __getstate__(self) -> NoReturn:
        raise TypeError("a secret is not written anywhere")


def webhook_key(secret: Secret) -> bytes:
    """Return the key of a webhook's secret as it is written: `whsec_` and base64. ValueError says what is wrong."""
    least, most = WEBHOOK_KEY_BYTES
    try:
        key = base64.b64decode(secret.reveal().removeprefix(WEBHOOK_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not least <= len(key) <= most:
        raise ValueError(f"must be '{WEBHOOK_PREFIX}' and the base64 of {least} to {most} bytes")
    return key
