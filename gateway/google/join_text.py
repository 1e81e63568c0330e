"""How an event says how to get in: one line each, as room systems and telephones look for it; pure, nothing is escaped.

Room systems read an invitation for a line they can dial: the labels are English whatever else is not, each address
stands alone on its line, and the first one is the event's place too. Only `https`, `sip` and `tel` are ever written.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from gateway.domain.meeting import Join, Meeting
from gateway.google.event_text import one_line

LONGEST_ADDRESS = 1000

_SIP = re.compile(
    r"sips?:(?:[A-Za-z0-9_.!~*'()&=+$,;?/%#-]{1,128}@)?[A-Za-z0-9.\[\]:-]{1,253}(?:[;?][!#-;=?-~]{0,200})?", re.ASCII
)
_NUMBER = re.compile(
    r"(?:tel:)?\+?[0-9*#(][0-9 ().*#/-]{0,40}(?:;ext=[0-9*#]{1,15})?(?:[,;pwPW][0-9 *#,;pwPW]{0,60})?", re.ASCII
)
_HOST = re.compile(r"[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){0,30}\.?|\[[0-9A-Fa-f:.]+\]", re.ASCII)
_PRINTABLE = re.compile(r"[!-~]+", re.ASCII)
_UNSAFE_IN_LINKS = frozenset("\"'<>\\^`{|}")


def place(meeting: Meeting, join: Join) -> str:
    """Return where the meeting is: the SIP address to dial, else the room; empty when it is nowhere."""
    if join.sip_uri is not None and is_sip(join.sip_uri):
        return join.sip_uri
    room = one_line(meeting.room or "", 200)
    if not room:
        return ""
    return f"Public meeting room {room}" if meeting.public_room else f"Meeting room {room}"


def join_lines(join: Join, pin: str | None) -> list[str]:
    """Return the lines about getting in, as plain text; `pin` is the meeting's password when guests may read it.

    What is no address of its kind is not written, because people click it; a line says so.
    """
    lines, left_out = [], []
    for label, text, is_fine, kind in (
        ("SIP", join.sip_uri, is_sip, "a sip: address"),
        ("Dial-in", join.dial_in, is_number, "a telephone number"),
        ("Web link", join.web_link, is_link, "an https:// address"),
    ):
        if not text:
            continue
        if is_fine(text):
            lines.append(f"{label}: {text}")
        else:
            left_out.append(f"({label} left out: what the device has for it is not {kind}.)")
    if pin:
        lines.append(f"PIN: {one_line(pin, 64)}")
    return lines + left_out


def is_sip(text: str) -> bool:
    """Whether this is a `sip:` or `sips:` URI (RFC 3261, 19.1)."""
    return len(text) <= LONGEST_ADDRESS and _SIP.fullmatch(text) is not None


def is_number(text: str) -> bool:
    """Whether this is a telephone number, with or without `tel:`, with the pauses and digits to be sent after it."""
    return _NUMBER.fullmatch(text) is not None


def is_link(text: str) -> bool:
    """Whether this is an `https` address without a user name, which would hide the host it leads to."""
    if len(text) > LONGEST_ADDRESS or _PRINTABLE.fullmatch(text) is None or _UNSAFE_IN_LINKS & set(text):
        return False
    try:
        parts = urlsplit(text)
        host = parts.netloc.rsplit(":", 1)[0] if parts.port is not None else parts.netloc
    except ValueError:
        return False
    return parts.scheme == "https" and _HOST.fullmatch(host) is not None
