"""How people get into a meeting: what its device said, else what was set for the device; not how that looks."""

from __future__ import annotations

import re
from hashlib import blake2b
from urllib.parse import quote

from gateway.domain.device import DevicePolicy
from gateway.domain.meeting import Join, Meeting

ROOM = "{room}"
_NOTHING = Join()

_DIGITS = re.compile(r"[0-9*#]{1,32}", re.ASCII)


def join_of(meeting: Meeting, policy: DevicePolicy) -> Join:
    """Return how people get into the meeting, with its room filled in.

    What was set for the device holds when the meeting says nothing about it; a text that needs a room is left out when
    the meeting has none, a telephone number also when its room is no number.
    """
    if meeting.join is not None:
        return meeting.join
    told, room = policy.join, (meeting.room or "").strip()
    if told == _NOTHING:
        return told
    return Join(
        sip_uri=_filled(told.sip_uri, quote(room, safe="")),
        dial_in=_filled(told.dial_in, room if _DIGITS.fullmatch(room) else ""),
        web_link=_filled(told.web_link, quote(room, safe="")),
    )


def join_mark(meeting: Meeting, policy: DevicePolicy) -> str:
    """Return what an event's fingerprint has to say about the device's settings; empty while they add nothing."""
    shown = policy.show_pins and meeting.password is not None
    join = _NOTHING if meeting.join is not None else join_of(meeting, policy)
    if join == _NOTHING and not shown:
        return ""
    parts = (join.sip_uri, join.dial_in, join.web_link, shown)
    return blake2b("\n".join(map(repr, parts)).encode(), digest_size=8).hexdigest()


def _filled(text: str | None, room: str) -> str | None:
    if text is None or ROOM not in text:
        return text
    return text.replace(ROOM, room) if room else None
