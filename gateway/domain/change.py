"""The stored form of a meeting and the fingerprint that says whether it changed; where both are kept is not known here.

The form is compact JSON with short keys that never change their meaning; what a field says by default is left out, so
that a field added later leaves the fingerprints of older meetings as they are.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from hashlib import blake2b
from json.encoder import encode_basestring
from typing import Any

from gateway.domain.meeting import Frequency, Invitee, Join, Meeting, Repeat, Weekday

VERSION = 1
_DIGEST_BYTES = 16
_FLAGS = (
    ("public_room", "pr", False),
    ("allow_user_invite", "ui", False),
    ("call_participants", "cp", False),
    ("override_host_mute", "om", False),
    ("sync_to_calendar", "sy", True),
    ("all_day", "ad", False),
)
_PLAIN = (("zone_text", "zt"), ("room", "ro"), ("reminder_minutes", "rm"))
_encode = json.JSONEncoder(ensure_ascii=False, check_circular=False, allow_nan=False, separators=(",", ":")).encode
_text = encode_basestring
"""As `_encode`, of texts alone: it does not ask first what it was given, and a meeting is a dozen of texts."""

Seal = Callable[[str], str]


def fingerprint(meeting: Meeting, key: bytes) -> str:
    """32 hexadecimal digits that are equal for equal meetings; `sequence` does not count.

    PINs do count. They have few digits, so the hash is keyed (`key`: 16 to 64 secret bytes): without the key nobody
    can find a PIN by trying all of them.
    """
    return _digest(_canonical(meeting), meeting, key)


def to_json(meeting: Meeting, seal: Seal) -> str:
    """The stored form; both PINs appear only as what `seal` makes of them."""
    return _with_extras(_canonical(meeting), meeting, seal)


def stored(meeting: Meeting, key: bytes, seal: Seal) -> tuple[str, str]:
    """`to_json` and `fingerprint` in one go."""
    canonical = _canonical(meeting)
    return _with_extras(canonical, meeting, seal), _digest(canonical, meeting, key)


def from_json(text: str, unseal: Seal) -> Meeting:
    """The meeting again; `ValueError` when the text was not written by this version or an older one."""
    data = json.loads(text)
    if not isinstance(data, dict) or data.get("v") != VERSION:
        raise ValueError(f"a stored meeting is not of form {VERSION}")
    try:
        return _meeting(data, unseal)
    except (KeyError, TypeError, IndexError, ValueError) as error:
        raise ValueError("a stored meeting is damaged") from error


def _canonical(meeting: Meeting) -> str:
    """Everything but the PINs and the sequence, always in the same order.

    Written piece by piece, because that takes a third of the time of an encoder that has to find its way.
    """
    pieces = [
        f'{{"v":{VERSION},"id":{_text(meeting.external_id)},"su":{_text(meeting.subject)},'
        f'"sl":"{meeting.start_local.isoformat()}","el":"{meeting.end_local.isoformat()}",'
        f'"z":{_text(meeting.zone)},"s":{meeting.start_utc_s},"e":{meeting.end_utc_s}'
    ]
    for attribute, key in _PLAIN:
        if (value := getattr(meeting, attribute)) is not None:
            pieces.append(f'"{key}":{value if type(value) is int else _text(value)}')
    for attribute, key, default in _FLAGS:
        if getattr(meeting, attribute) is not default:
            pieces.append(f'"{key}":{"false" if default else "true"}')
    if meeting.agenda:
        pieces.append(f'"ag":{_text(meeting.agenda)}')
    if meeting.auto_record != "none":
        pieces.append(f'"ar":{_text(meeting.auto_record)}')
    if meeting.join is not None or meeting.repeat is not None or meeting.meet is not None:
        pieces += _seldom_said(meeting)
    if meeting.host is not None:
        pieces.append(f'"h":{_invitee_text(meeting.host)}')
    if meeting.invitees:
        pieces.append(f'"i":[{",".join(map(_invitee_text, meeting.invitees))}]')
    return ",".join(pieces) + "}"


def _seldom_said(meeting: Meeting) -> list[str]:
    pieces = []
    if meeting.join is not None:
        pieces.append(f'"jo":{_encode([meeting.join.sip_uri, meeting.join.dial_in, meeting.join.web_link])}')
    if meeting.repeat is not None:
        pieces.append(f'"rp":{_encode(_repeat_data(meeting.repeat))}')
    if meeting.meet is not None:
        pieces.append(f'"me":{_encode(meeting.meet)}')
    return pieces


def _with_extras(canonical: str, meeting: Meeting, seal: Seal) -> str:
    extras: dict[str, object] = {}
    if meeting.password is not None:
        extras["pw"] = seal(meeting.password)
    if meeting.host_password is not None:
        extras["hp"] = seal(meeting.host_password)
    if meeting.sequence is not None:
        extras["q"] = meeting.sequence
    return f"{canonical[:-1]},{_encode(extras)[1:]}" if extras else canonical


def _digest(canonical: str, meeting: Meeting, key: bytes) -> str:
    pins = ""
    if meeting.password is not None or meeting.host_password is not None:
        pins = _encode([meeting.password, meeting.host_password])
    return blake2b((canonical + pins).encode(), digest_size=_DIGEST_BYTES, key=key).hexdigest()


def _invitee_text(invitee: Invitee) -> str:
    extension = "null" if invitee.extension is None else _text(invitee.extension)
    if invitee.email is None and invitee.name is None:
        return f"[{extension}]"
    email = "null" if invitee.email is None else _text(invitee.email)
    return f"[{extension},{email}]" if invitee.name is None else f"[{extension},{email},{_text(invitee.name)}]"


def _repeat_data(repeat: Repeat) -> dict[str, object]:
    data: dict[str, object] = {"f": repeat.frequency.value}
    if repeat.interval != 1:
        data["n"] = repeat.interval
    if repeat.count is not None:
        data["c"] = repeat.count
    if repeat.until_utc_s is not None:
        data["u"] = repeat.until_utc_s
    if repeat.weekdays:
        data["d"] = [day.value for day in repeat.weekdays]
    return data


def _meeting(data: Mapping[str, Any], unseal: Seal) -> Meeting:
    values = {attribute: data[key] for attribute, key in _AS_IT_IS if key in data}
    for attribute, key in _PINS:
        if key in data:
            values[attribute] = unseal(data[key])
    if "rp" in data:
        values["repeat"] = _repeat(data["rp"])
    if "h" in data:
        values["host"] = _invitee(data["h"])
    if "jo" in data:
        sip_uri, dial_in, web_link = data["jo"]
        values["join"] = Join(sip_uri=sip_uri, dial_in=dial_in, web_link=web_link)
    return Meeting(
        external_id=data["id"],
        subject=data["su"],
        start_local=datetime.fromisoformat(data["sl"]),
        end_local=datetime.fromisoformat(data["el"]),
        zone=data["z"],
        start_utc_s=data["s"],
        end_utc_s=data["e"],
        invitees=tuple(_invitee(invitee) for invitee in data.get("i", ())),
        **values,
    )


_PINS = (("password", "pw"), ("host_password", "hp"))
_AS_IT_IS = (
    *_PLAIN,
    *((attribute, key) for attribute, key, _ in _FLAGS),
    ("agenda", "ag"),
    ("auto_record", "ar"),
    ("sequence", "q"),
    ("meet", "me"),
)


def _invitee(data: list[str | None]) -> Invitee:
    extension, email, name = (*data, None, None)[:3]
    return Invitee(extension=extension, email=email, name=name)


def _repeat(data: Mapping[str, Any]) -> Repeat:
    return Repeat(
        frequency=Frequency(data["f"]),
        interval=data.get("n", 1),
        count=data.get("c"),
        until_utc_s=data.get("u"),
        weekdays=tuple(Weekday(day) for day in data.get("d", ())),
    )
