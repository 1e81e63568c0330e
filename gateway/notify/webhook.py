"""One webhook call, signed as Standard Webhooks 1.0 asks for; when to call, and what follows, is not decided here."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

import aiohttp

from gateway.notify.reasons import reason

TIMEOUT_S = 15.0
_LARGEST_ANSWER_BYTES = 64 * 1024
_GONE = 410


class Taken(StrEnum):
    """What the receiver made of a message."""

    YES = "yes"
    LATER = "later"
    NEVER = "never"
    """It said 410 Gone: it wants no more messages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """Where messages of one device go; `secret` is the raw key."""

    url: str
    secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message: its id is the same in every try, `at_s` is when it happened (seconds since 1970)."""

    id: str
    type: str
    at_s: int
    data: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """How a call ended; `text` says what was in the way, `retry_after_s` how long the receiver asked to wait."""

    taken: Taken
    text: str = ""
    retry_after_s: float | None = None


def payload(message: Message) -> bytes:
    """Return the body: `{type, timestamp, data}`."""
    said = {"type": message.type, "timestamp": _utc(message.at_s), "data": dict(message.data)}
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def signature(key: bytes, message_id: str, now_s: int, body: bytes) -> str:
    """Return `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`."""
    digest = hmac.new(key, f"{message_id}.{now_s}.".encode() + body, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode("ascii")


async def tell(session: aiohttp.ClientSession, receiver: Receiver, message: Message, *, now_s: int) -> Told:
    """Send a message once. Raises nothing for what the network does; redirects are not followed."""
    body = payload(message)
    headers = {
        "Content-Type": "application/json",
        "webhook-id": message.id,
        "webhook-timestamp": str(now_s),
        "webhook-signature": signature(receiver.secret, message.id, now_s, body),
    }
    try:
        async with session.post(
            receiver.url,
            data=body,
            headers=headers,
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=TIMEOUT_S),
        ) as answer:
            await answer.content.read(_LARGEST_ANSWER_BYTES)
            return _told(answer.status, answer.headers.get("Retry-After"))
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        return Told(taken=Taken.LATER, text=f"The receiver did not answer: {_in_the_way(error)}.")


def _told(status: int, retry_after: str | None) -> Told:
    if 200 <= status < 300:
        return Told(taken=Taken.YES)
    if status == _GONE:
        return Told(taken=Taken.NEVER, text="The receiver answered 410: it wants no more messages.")
    wait_s = float(retry_after) if retry_after and retry_after.isascii() and retry_after.isdigit() else None
    return Told(taken=Taken.LATER, text=f"The receiver answered {status}.", retry_after_s=wait_s)


def _in_the_way(error: Exception) -> str:
    """Say what happened, with the host at most: the rest of an address may be secret."""
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return f"the name {error.host} can't be resolved"
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return f"the certificate of {error.host} is not trusted"
    if isinstance(error, aiohttp.ClientConnectorSSLError):
        return f"no encrypted connection with {error.host}:{error.port}, is this its port for https?"
    if isinstance(error, aiohttp.ClientConnectorError):
        return f"{error.host}:{error.port} cannot be reached ({reason(error.os_error)})"
    if isinstance(error, aiohttp.InvalidURL | ValueError):
        return "its address cannot be called"
    return reason(error)


def _utc(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"
