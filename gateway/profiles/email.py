"""Whether a text is an e-mail address that may be invited; whether the mailbox exists is not known here."""

from __future__ import annotations

import re

from gateway.profiles.codings import Refused

_LONGEST = 254
_LONGEST_LOCAL = 64
_EXPECTED = "must be an e-mail address such as 'ann@example.com'"
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)+{_LABEL}")
# These four are letters of their own in IDNA 2008 but are mapped to others in IDNA 2003, which Python's codec speaks:
# the address would be another one.
_AMBIGUOUS = frozenset("\u00df\u03c2\u200c\u200d")


def email(value: object) -> str:
    """An address of at most 254 ASCII characters (RFC 5321, without quoted names); a domain in other letters is
    written in its ASCII form (IDNA).
    """
    if type(value) is not str:
        raise Refused(_EXPECTED)
    address = value.strip()
    if len(address) > _LONGEST:
        raise Refused(f"must be at most {_LONGEST} characters long")
    if not address.isascii():
        address = _in_ascii(address)
    if not _ADDRESS.fullmatch(address) or address.index("@") > _LONGEST_LOCAL or len(address) > _LONGEST:
        raise Refused(_EXPECTED)
    return address


def _in_ascii(address: str) -> str:
    name, _, domain = address.rpartition("@")
    if not name.isascii():
        raise Refused("must have ASCII letters only before the @")
    if _AMBIGUOUS & set(domain.lower()):
        raise Refused("must have its domain in ASCII form (xn--…)")
    try:
        return f"{name}@{domain.encode('idna').decode('ascii')}"
    except UnicodeError as error:
        raise Refused(_EXPECTED) from error
