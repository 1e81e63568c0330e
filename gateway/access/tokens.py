"""Random values that stand for a browser: how they are made, found again and bound to forms; nothing is stored here."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets

_SHAPE = re.compile(r"[\w-]{43}", re.ASCII)


def new_cookie() -> str:
    """Return 256 random bits as 43 characters (OWASP ASVS 5.0, 7.2.3 asks for 128)."""
    return secrets.token_urlsafe(32)


def is_cookie(text: str) -> bool:
    """Whether `text` has the shape of what `new_cookie` makes."""
    return _SHAPE.fullmatch(text) is not None


def key_of(cookie: str) -> bytes:
    """Return what is stored in place of the cookie: its SHA-256. Nobody gets from there to the cookie."""
    return hashlib.sha256(cookie.encode("utf-8", "replace")).digest()


def form_token(cookie: str) -> str:
    """Return what the forms of this browser carry; it is made from the cookie and does not reveal it."""
    made = hmac.digest(cookie.encode("utf-8", "replace"), b"form", "sha256")
    return base64.urlsafe_b64encode(made).rstrip(b"=").decode("ascii")


def same(one: str, other: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode("utf-8", "replace"))
