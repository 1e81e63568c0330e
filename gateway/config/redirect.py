"""Which addresses Google accepts as redirect URIs; which of them a client has registered is not known here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address

from gateway.config.values import Refused
from gateway.messages.languages import tr

LONGEST_REDIRECT = 2000

PRIVATE_ENDINGS = frozenset(
    {"local", "lan", "home", "internal", "intranet", "corp", "private", "localdomain", "localhost", "invalid", "test"}
)
"""Endings of names that are never public. Google asks for an ending of the public suffix list; that list changes every
week and is not carried along, so any other ending of letters (or `xn--`) counts as public here."""


@dataclass(frozen=True, slots=True)
class RedirectFault:
    """Why Google would refuse an address: `G-107` (not https), `G-108` (`what` is the host), `G-109` (`what` the part).

    `what` never holds a user name, a password or a query.
    """

    code: str
    what: str = ""


def redirect_fault(text: str) -> RedirectFault | None:
    """Return what is wrong with an address, None when Google accepts its form.

    Rules: "URI validation" in Google's OAuth 2.0 guide for web server applications.
    """
    part = _part_to_remove(text)
    if part:
        return RedirectFault("G-109", part)
    if not text.lower().startswith(("http://", "https://")):
        return RedirectFault("G-107")
    authority = _authority(text).lower()
    if not authority.startswith("[") and authority.count(":") > 1:
        return RedirectFault("G-108", authority)
    host, colon, port = authority.rpartition(":") if re.search(r":[^\]]*$", authority) else (authority, "", "")
    if colon and not (re.fullmatch(r"[0-9]{1,5}", port) and 0 < int(port) <= 65535):
        return RedirectFault("G-109", tr("the port"))
    if not host:
        return RedirectFault("G-107")
    if host.endswith(".googleusercontent.com"):
        return RedirectFault("G-109", "googleusercontent.com")
    if not _is_loopback(host) and not _is_public_name(host):
        return RedirectFault("G-108", host.strip("[]"))
    if text.lower().startswith("http:") and host not in ("localhost", "127.0.0.1", "[::1]"):
        return RedirectFault("G-107")
    return None


def redirect_uri(text: str) -> str:
    """A redirect URI of the settings; kept letter for letter, because Google compares it so."""
    fault = redirect_fault(text)
    if fault is None:
        return text
    if fault.code == "G-109":
        raise Refused(tr(": Remove %(what)s from the address. Google refuses it. (G-109)", what=fault.what))
    if fault.code == "G-107":
        words = tr(
            ": Google does not accept this address. It must start with https:// - only http://localhost and "
            "http://127.0.0.1 are allowed without it. (G-107)"
        )
        raise Refused(words)
    words = tr(
        ": Google does not accept network addresses like %(host)s. Google only takes public names "
        "(https://pbx.example.com) or localhost. You do not need a public name: use "
        "http://127.0.0.1:8765/oauth/google/callback and paste the address after the sign-in. (G-108)",
        host=fault.what,
    )
    raise Refused(words)


def _authority(text: str) -> str:
    return re.split(r"[/?#\\]", text.partition("//")[2], maxsplit=1)[0]


def _part_to_remove(text: str) -> str:
    """Name the first thing that no redirect URI may have; empty when there is none."""
    for part, found in (
        (tr("'#' and what follows it"), "#" in text),
        ("'*'", "*" in text),
        (tr("the user name before '@'"), "@" in _authority(text)),
        ("'\\'", "\\" in text),
        ("'..'", re.search(r"(?:\.|%2e){2}", text, re.IGNORECASE)),
        ("'%00'", re.search(r"%00|%c0%80", text, re.IGNORECASE)),
        ("'%'", re.search(r"%(?![0-9a-f]{2})", text, re.IGNORECASE)),
        (tr("what is beyond %(most)s characters", most=LONGEST_REDIRECT), len(text) > LONGEST_REDIRECT),
    ):
        if found:
            return part
    foreign = re.search(r"[^\x21-\x7e]|[\"<>^`{|}]", text)
    if foreign is None:
        return ""
    sign = foreign[0]
    if sign.isspace():
        return tr("the space")
    return f"'{sign}'" if sign.isprintable() else tr("a sign that cannot be seen")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host[1:-1] if host.startswith("[") else host).is_loopback
    except ValueError:
        return False


def _is_public_name(host: str) -> bool:
    """Whether a host looks like a name of the public internet, and is no address and no name of an office network."""
    *names, ending = host.split(".")
    if not names or not all(re.fullmatch(r"[a-z0-9_-]+", name) for name in names):
        return False
    return bool(re.fullmatch(r"[a-z]{2,63}|xn--[a-z0-9-]{1,59}", ending)) and ending not in PRIVATE_ENDINGS
