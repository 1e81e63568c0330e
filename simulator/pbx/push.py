"""The HTTP calls a simulated UCM6300 makes to a gateway, patient like a device; what it says is in `wire`."""

from __future__ import annotations

import asyncio
import email.utils
import json
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import quote, urlencode

import aiohttp
from yarl import URL

Pause = Callable[[float], Awaitable[None]]
"""Waits so many seconds."""

_TRY_AGAIN = frozenset({429, 503, 507})
_USER_AGENT = "Grandstream UCM6300 1.0.25.7 (simulated)"


class BodyType(StrEnum):
    """How the fields are written into the body of a call."""

    JSON = "json"
    URLENCODED = "urlencoded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a device keeps trying: `tries` in all, waits doubling from `first_s`, never above `cap_s`.

    A longer `Retry-After` is cut to `cap_s`. One try may take `call_s`.
    """

    tries: int = 6
    first_s: float = 0.5
    cap_s: float = 30.0
    call_s: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the gateway said to one call: `body` is its JSON object ({} for none), `tries` how often it was asked."""

    external_id: str
    status: int
    body: Mapping[str, object] = field(default_factory=dict)
    text: str = ""
    tries: int = 1
    retry_after_s: float | None = None

    @property
    def ok(self) -> bool:
        """Whether the gateway took it (any 2xx)."""
        return 200 <= self.status < 300

    @property
    def problems(self) -> list[tuple[str, str]]:
        """(field, reason) of every error of a problem answer (RFC 9457)."""
        errors = self.body.get("errors")
        rows = errors if isinstance(errors, list) else []
        return [(str(row.get("field", "?")), str(row.get("reason", ""))) for row in rows if isinstance(row, dict)]

    @property
    def reason(self) -> str:
        """One line on why it was refused."""
        said = [str(self.body[key]) for key in ("title", "detail") if self.body.get(key)]
        return ": ".join(said) if said else (self.text.strip()[:200] or f"HTTP {self.status} without a text")


class GatewayUnreachable(Exception):
    """No try brought an answer; whether the gateway kept the meeting is unknown, sending it again is safe."""

    def __init__(self, *, external_id: str, base: str, tries: int, reason: str) -> None:
        super().__init__(f"the gateway at {base} did not answer ({tries} {'try' if tries == 1 else 'tries'}): {reason}")
        self.external_id = external_id


class Line:
    """The line of one device to its gateway: `base` may be changed when the gateway moves to another address."""

    def __init__(
        self,
        base: str,
        device_id: str,
        key: str,
        *,
        rng: random.Random,
        patience: Patience,
        pause: Pause = asyncio.sleep,
        agent: str = _USER_AGENT,
    ) -> None:
        self._agent = agent
        self.base = base.rstrip("/")
        self.device_id = device_id
        self._key = key
        self._rng = rng
        self._patience = patience
        self._pause = pause
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        """Get ready to call. Every call uses a connection of its own, as small devices do."""
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(force_close=True),
            timeout=aiohttp.ClientTimeout(total=self._patience.call_s),
            headers={"User-Agent": self._agent},
        )

    async def close(self) -> None:
        """Hang up."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def device_address(self) -> str:
        """The address under which the gateway has this device."""
        return f"{self.base}/api/v1/devices/{quote(self.device_id, safe='')}"

    def address(self, external_id: str | None = None) -> str:
        """The address of the device's meetings, or of one of them."""
        path = f"{self.device_address()}/meetings"
        return path if external_id is None else f"{path}/{quote(external_id, safe='')}"

    async def call(
        self,
        method: str,
        external_id: str,
        said: Mapping[str, object] | None = None,
        *,
        body_type: BodyType = BodyType.JSON,
    ) -> Answer:
        """Call the device API about one meeting, as patient as `ask`; GatewayUnreachable at the end."""
        headers, data = encode(said, body_type)
        url = self.address(None if method == "POST" else external_id)
        return await self.ask(method, url, external_id=external_id, headers=headers, data=data)

    async def ask(
        self,
        method: str,
        url: str,
        *,
        external_id: str,
        headers: Mapping[str, str] | None = None,
        data: bytes | None = None,
        with_key: bool = True,
    ) -> Answer:
        """Make one call, again and again while the gateway is away or asks for time; GatewayUnreachable at the end.

        `with_key` False leaves the Authorization header out; `url` goes out as it is written.
        """
        sent = dict(headers or {}) if not with_key else {"Authorization": f"Bearer {self._key}", **(headers or {})}
        failure = ""
        answer: Answer | None = None
        for tries in range(1, self._patience.tries + 1):
            answer = None
            try:
                answer = await self._once(method, url, sent, data, external_id, tries)
            except (aiohttp.ClientError, TimeoutError) as error:
                failure = str(error) or type(error).__name__
            if answer is not None and answer.status not in _TRY_AGAIN:
                return answer
            if tries < self._patience.tries:
                await self._pause(self._wait_s(tries, answer))
        if answer is not None:
            return answer
        raise GatewayUnreachable(external_id=external_id, base=self.base, tries=self._patience.tries, reason=failure)

    async def pause(self, seconds: float) -> None:
        """Wait so long, as asked for by the gateway, but never longer than the line's patience."""
        await self._pause(min(seconds, self._patience.cap_s))

    async def _once(
        self, method: str, url: str, headers: dict[str, str], data: bytes | None, external_id: str, tries: int
    ) -> Answer:
        if self._session is None:
            raise RuntimeError("use the simulated device inside 'async with'")
        target = URL(url, encoded=True)
        async with self._session.request(method, target, headers=headers, data=data, allow_redirects=False) as got:
            text = (await got.read()).decode("utf-8", "replace")
            return Answer(
                external_id=external_id,
                status=got.status,
                body=_object(text),
                text=text,
                tries=tries,
                retry_after_s=_retry_after_s(got.headers.get("Retry-After")),
            )

    def _wait_s(self, tries: int, answer: Answer | None) -> float:
        if answer is not None and answer.retry_after_s is not None:
            return min(answer.retry_after_s, self._patience.cap_s)
        longest = self._patience.first_s * 2.0 ** (tries - 1)
        return min(longest, self._patience.cap_s) * self._rng.uniform(0.5, 1.0)


def encode(said: Mapping[str, object] | None, body_type: BodyType) -> tuple[dict[str, str], bytes | None]:
    """Headers and bytes of a body; lists and objects inside a form body travel as JSON text."""
    if said is None:
        return {}, None
    if body_type is BodyType.JSON:
        return {"Content-Type": "application/json;charset=UTF-8"}, json.dumps(said, ensure_ascii=False).encode()
    plain = {key: value if isinstance(value, str) else json.dumps(value) for key, value in said.items()}
    return {"Content-Type": "application/x-www-form-urlencoded"}, urlencode(plain).encode("ascii")


def _object(text: str) -> dict[str, object]:
    try:
        read = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return read if isinstance(read, dict) else {}


def _retry_after_s(header: str | None) -> float | None:
    """Seconds of a Retry-After header, in either of its forms (RFC 9110, 10.2.3)."""
    if header is None:
        return None
    if header.strip().isdigit():
        return float(header)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(header).timestamp() - time.time())
    except (ValueError, TypeError):
        return None
