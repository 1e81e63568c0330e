"""How people get into a meeting, as a device says it: SIP URI, telephone number, web address; nothing is called."""

from __future__ import annotations

import re

from gateway.profiles.codings import Refused

_LONGEST = 1024
_LONGEST_NUMBER = 128
# RFC 3261, 25.1, without quoted names, passwords and headers.
_SIP = re.compile(
    r"(?P<scheme>sips?:)?[A-Za-z0-9_.!~*'()&=+$,;?/%-]+@[A-Za-z0-9.\[\]:-]+(?:;[A-Za-z0-9_.=-]+)*", re.ASCII
)
_DIAL = re.compile(r"\+?[0-9*#][0-9*#,;wWpP() ./-]*", re.ASCII)
_WEB = re.compile(r"https://[A-Za-z0-9.\[\]:-]+(?:[/?#][!-~]*)?", re.ASCII | re.IGNORECASE)
_UNFIT = frozenset('<>"\\^`{|}')


def sip_uri(value: object) -> str:
    """`sip:6300@pbx.example.com`; the scheme is put in front where it is missing (RFC 3261)."""
    text = _text(value, _LONGEST)
    match = _SIP.fullmatch(text)
    if match is None:
        raise Refused("must be a SIP address such as 'sip:6300@pbx.example.com'")
    return text if match["scheme"] else f"sip:{text}"


def dial_in(value: object) -> str:
    """A telephone number with its pauses: `+49 30 123456,,6300#`."""
    text = _text(str(value) if type(value) is int and 0 <= value < 1 << 63 else value, _LONGEST_NUMBER)
    if not _DIAL.fullmatch(text):
        raise Refused("must be a telephone number such as '+49 30 123456,,6300#'")
    return text


def web_link(value: object) -> str:
    """An address that begins with `https://`."""
    text = _text(value, _LONGEST)
    if not _WEB.fullmatch(text) or _UNFIT & set(text):
        raise Refused("must be an address that begins with 'https://'")
    return text


def _text(value: object, longest: int) -> str:
    if type(value) is not str:
        raise Refused("must be text")
    text = value.strip()
    if len(text) > longest:
        raise Refused(f"must be at most {longest} characters long")
    return text
