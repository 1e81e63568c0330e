"""What a device is answered about a meeting: our own JSON, or the reply its profile defines."""

from __future__ import annotations

import functools
import json
import time
from collections.abc import Mapping
from json.encoder import encode_basestring
from urllib.parse import urlencode

from aiohttp import web

from gateway.devices.register import Device
from gateway.dialects import native
from gateway.domain.zones import to_local
from gateway.errors import GatewayError, TimeTaken
from gateway.mirror.intake.receipts import Receipt, StoredMeeting
from gateway.profiles import translate
from gateway.profiles.fields import Part
from gateway.profiles.model import Ref, Reply
from gateway.profiles.vocabulary import ReplyWord
from gateway.web.problem import PROBLEM_TYPE, SERVER, from_error, headers_of, status_of

_PLAIN = {"Server": SERVER, "Cache-Control": "no-store"}
_HEADERS = {"Content-Type": native.JSON, **_PLAIN}
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_TWO_DIGITS = tuple(f"{number:02}" for number in range(60))
_LATER = frozenset({429, 503, 507})


def accepted(device: Device, receipt: Receipt) -> web.Response:
    """The answer to a call that was kept (202), or that said the same as before (200)."""
    replies = device.profile.replies
    if replies is not None:
        reply = replies.accepted if receipt.fresh else replies.unchanged or replies.accepted
        if reply is not None:
            return _in_its_words(reply, _values(receipt))
    return answered(202 if receipt.fresh else 200, receipt_json(receipt))


def refused(device: Device, error: GatewayError) -> web.Response:
    """The answer to a call that was not kept: the profile's reply if it has one, else a problem document.

    A device whose profile has words for it hears `later` when the same call may succeed in a while.
    """
    replies, status = device.profile.replies, status_of(error)
    reply = None
    if replies is not None:
        reply = replies.later if status in _LATER else replies.refused
    if reply is None:
        return time_taken(device, error) if isinstance(error, TimeTaken) else from_error(error)
    response = _in_its_words(reply, {ReplyWord.DETAIL: str(error), ReplyWord.CODE: error.code})
    if status in _LATER:
        response.headers["Retry-After"] = headers_of(error)["Retry-After"]
    return response


def time_taken(device: Device, error: TimeTaken) -> web.Response:
    """The refusal of a meeting whose time is taken: a problem document that also has the first of those times.

    Nothing in it says who has them, or what for.
    """
    text = str(error)
    document = {
        "type": f"about:blank#{error.code}",
        "title": "The time is taken",
        "status": status_of(error),
        "detail": text,
        "code": error.code,
        "errors": [{"field": _start_field(device), "reason": text}],
        "conflicts": [
            {
                "start_utc": utc(taken.start_utc_s),
                "end_utc": utc(taken.end_utc_s),
                "start": to_local(taken.start_utc_s, error.zone).isoformat(),
                "end": to_local(taken.end_utc_s, error.zone).isoformat(),
                "zone": error.zone,
            }
            for taken in error.taken
        ],
        "occurrences": error.occurrences,
    }
    return web.Response(
        status=status_of(error), body=_ENCODER.encode(document).encode(), content_type=PROBLEM_TYPE, headers=_PLAIN
    )


def _start_field(device: Device) -> str:
    """What the device calls the start of a meeting; the call as a whole when it has several names for it."""
    names = {each.name for shape in device.profile.shapes for each in shape.fields if each.part is Part.START}
    return names.pop() if len(names) == 1 else "body"


def answered(status: int, body: str) -> web.Response:
    """An answer of our own with this JSON."""
    return web.Response(status=status, body=body.encode(), headers=_HEADERS)


def receipt_json(receipt: Receipt) -> str:
    """The receipt as JSON, written piece by piece: an encoder that has to find its way takes four times as long."""
    text = encode_basestring
    warnings = ",".join(map(text, receipt.warnings))
    return (
        f'{{"id":"{receipt.meeting_id}","external_id":{text(receipt.external_id)},"revision":{receipt.revision},'
        f'"state":"{receipt.state}","start_utc":"{utc(receipt.start_utc_s)}","end_utc":"{utc(receipt.end_utc_s)}",'
        f'"zone":{text(receipt.zone)},"warnings":[{warnings}]}}'
    )


def standing_json(device: Device, stored: StoredMeeting) -> str:
    """How a meeting stands, with the meeting in the device's own words."""
    more = {
        "event_link": stored.event_link,
        "meet_link": stored.meet_link,
        "notes": [note._asdict() for note in stored.notes],
        "last_problem": {"code": stored.last_code, "text": stored.last_text} if stored.last_code else None,
        "meeting": translate.to_payload(device.profile, stored.shape, stored.meeting),
    }
    return f"{receipt_json(stored.receipt)[:-1]},{_ENCODER.encode(more)[1:]}"


def utc(seconds: int) -> str:
    """`2024-04-29T09:00:00Z`; every answer has two of them, mostly of the same days."""
    day, rest = divmod(seconds, 86_400)
    minutes, second = divmod(rest, 60)
    return f"{_day(day)}T{_TWO_DIGITS[minutes // 60]}:{_TWO_DIGITS[minutes % 60]}:{_TWO_DIGITS[second]}Z"


@functools.lru_cache(maxsize=512)
def _day(days: int) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(days * 86_400))


def _values(receipt: Receipt) -> Mapping[ReplyWord, object]:
    return {
        ReplyWord.ID: str(receipt.meeting_id),
        ReplyWord.EXTERNAL_ID: receipt.external_id,
        ReplyWord.STATE: receipt.state,
        ReplyWord.REVISION: receipt.revision,
        ReplyWord.START_UTC: utc(receipt.start_utc_s),
        ReplyWord.END_UTC: utc(receipt.end_utc_s),
        ReplyWord.ZONE: receipt.zone,
        ReplyWord.DETAIL: " ".join(receipt.warnings),
        ReplyWord.CODE: "",
    }


def _in_its_words(reply: Reply, values: Mapping[ReplyWord, object]) -> web.Response:
    """The profile's reply with the parts of our answer put in: JSON, a form, or lines of text by its media type."""
    fields = {key: values.get(said.word, "") if isinstance(said, Ref) else said for key, said in reply.body}
    kind = reply.content_type.partition(";")[0].strip().lower()
    if kind.endswith("json"):
        text = _ENCODER.encode(fields)
    elif kind == native.FORM:
        text = urlencode(fields)
    else:
        text = "\n".join(str(value) for value in fields.values()) + "\n" if fields else ""
    return web.Response(
        status=reply.status,
        body=text.encode("utf-8", "replace"),
        headers={**_PLAIN, "Content-Type": reply.content_type},
    )
