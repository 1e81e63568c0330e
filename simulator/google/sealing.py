"""Page and sync tokens: small facts packed so that a changed or foreign token is told from one made here."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Any

_DIGEST_SIZE = 6


def sealed(content: Mapping[str, Any]) -> str:
    """`content` as a token."""
    packed = json.dumps(content, separators=(",", ":")).encode()
    return "C" + base64.urlsafe_b64encode(_digest(packed) + packed).decode()


def opened(token: str) -> dict[str, Any] | None:
    """What `sealed` packed, None for anything that was not made here."""
    try:
        raw = base64.b64decode(token[1:], altchars=b"-_", validate=True)
    except ValueError:
        return None
    if not token.startswith("C") or raw[:_DIGEST_SIZE] != _digest(raw[_DIGEST_SIZE:]):
        return None
    content: dict[str, Any] = json.loads(raw[_DIGEST_SIZE:])
    return content


def _digest(packed: bytes) -> bytes:
    return hashlib.sha256(packed).digest()[:_DIGEST_SIZE]
