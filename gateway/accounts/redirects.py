"""Checks the redirect address that an admin typed and says it in the catalogue's words; the rules are in `config`."""

from __future__ import annotations

from urllib.parse import urlsplit

from gateway.config.redirect import redirect_fault
from gateway.google.failures import refusal

CALLBACK_PATH = "/oauth/google/callback"
UNKNOWN_PORT = 8765


def default_redirect(port: int) -> str:
    """Return the address for a gateway that listens on `port`, which suits a client of type Desktop app (RFC 8252)."""
    return f"http://127.0.0.1:{port}{CALLBACK_PATH}"


def without_hidden(text: str) -> str:
    """Return `text` without line breaks, signs that cannot be seen, and spaces around it, as copying adds them."""
    return "".join(sign for sign in text if sign.isprintable()).strip()


def check_redirect(text: str, *, default: str = default_redirect(UNKNOWN_PORT)) -> str:
    """Return the address as it is sent to Google: without what copying added, scheme and host in small letters.

    Raises SignInError with the field `redirect_uri`: G-107 not https, G-108 no public name, G-109 a part that Google
    refuses. `default` is the address that the text offers instead.
    """
    address = without_hidden(text)
    fault = redirect_fault(address)
    if fault is not None:
        port = str(urlsplit(default).port or UNKNOWN_PORT)
        values = {"host": fault.what, "part": fault.what, "redirect": default, "port": port}
        raise refusal(fault.code, field="redirect_uri", **values)
    scheme, _, rest = address.partition("://")
    end = next((at for at, sign in enumerate(rest) if sign in "/?"), len(rest))
    return f"{scheme.lower()}://{rest[:end].lower()}{rest[end:]}"


def is_loopback_redirect(address: str) -> bool:
    """Whether the browser of the person is sent to its own machine, which needs no registering for a Desktop app."""
    parts = urlsplit(address)
    return parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1", "::1")
