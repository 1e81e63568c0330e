"""What a stranger's call looks like: the profile whose fields it has, and its subject; a guess for people to judge."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple
from urllib.parse import parse_qsl

from gateway.profiles import strict_json
from gateway.profiles.codings import Refused
from gateway.profiles.fields import Part
from gateway.profiles.model import Profile, Shape
from gateway.profiles.opening import opened

LONGEST_SUBJECT = 120
MOST_FIELDS = 200


class Likely(NamedTuple):
    """The id of the profile and the subject, each empty when nothing was recognised."""

    profile: str
    subject: str


NOTHING = Likely("", "")


def likely(content_type: str, body: bytes, profiles: Iterable[Profile]) -> Likely:
    """Say what a call looks like, without trusting anything in it; a call that cannot be read looks like nothing."""
    payload = _payload(content_type, body)
    best, subject, most = "", "", 0
    for profile in profiles:
        for shape in profile.shapes:
            content = _opened(shape, payload)
            if len(shape.recognise) > most and shape.recognise <= content.keys():
                best, most = profile.id, len(shape.recognise)
                names = (each.name for each in shape.fields if each.part is Part.SUBJECT)
                subject = next((_text(content.get(name)) for name in names), "")
    return Likely(best, subject)


def _opened(shape: Shape, payload: Mapping[str, object]) -> Mapping[str, object]:
    if shape.opening is None:
        return payload
    try:
        return opened(shape.opening, payload)
    except Refused:
        return {}


def _payload(content_type: str, body: bytes) -> Mapping[str, object]:
    try:
        text = body.decode("utf-8")
        if "json" in content_type:
            read = strict_json.read(text)
            return _innermost(read) if isinstance(read, dict) else {}
        if "urlencoded" in content_type:
            return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_FIELDS))
    except ValueError:
        pass
    return {}


def _innermost(payload: dict[str, object]) -> Mapping[str, object]:
    """Some devices wrap all they say into one object (`{"request": {…}}`)."""
    if len(payload) == 1:
        (only,) = payload.values()
        if isinstance(only, dict):
            return only
    return payload


def _text(value: object) -> str:
    if not isinstance(value, str):
        return ""
    shown = "".join(each if each.isprintable() else " " for each in value[: LONGEST_SUBJECT * 2])
    return " ".join(shown.split())[:LONGEST_SUBJECT]
