"""A small client of the UCM's HTTPS API, written from the vendor's description of it; it asserts nothing itself."""

from __future__ import annotations

import hashlib
import json
import ssl
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode

import aiohttp

LIST = "listMultimediaConferenceReservationInfo"
GET = "getMultimediaConferenceReservation"
ADD = "addMultimediaConferenceReservation"
UPDATE = "updateMultimediaConferenceReservation"
DELETE = "deleteMultimediaConferenceReservation"


class ApiClient:
    """`base` is `https://address:port`; only the certificate with `fingerprint` is trusted when one is given."""

    def __init__(self, base: str, user: str, password: str, fingerprint: str | None = None) -> None:
        self.base = base
        self.user = user
        self.password = password
        self.cookie: str | None = None
        self.content_type = ""
        self._pin: aiohttp.Fingerprint | ssl.SSLContext | bool = True
        if fingerprint is not None:
            self._pin = aiohttp.Fingerprint(bytes.fromhex(fingerprint))

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(force_close=True)
        timeout = aiohttp.ClientTimeout(total=5)
        self._session = aiohttp.ClientSession(connector=connector, timeout=timeout, cookie_jar=aiohttp.DummyCookieJar())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def post(self, path: str, body: bytes, content_type: str) -> tuple[int, str]:
        """Status and text of one raw call."""
        headers = {"Content-Type": content_type}
        async with self._session.post(self.base + path, data=body, headers=headers, ssl=self._pin) as got:
            self.content_type = got.headers.get("Content-Type", "")
            return got.status, await got.text()

    async def call(self, action: str, **said: Any) -> dict[str, Any]:
        """One action with whatever is said; the cookie is not added."""
        body = json.dumps({"request": {"action": action, **said}}).encode()
        status, text = await self.post("/api", body, "application/json;charset=UTF-8")
        assert status == 200, text
        return json.loads(text)

    async def form(self, action: str, **said: Any) -> dict[str, Any]:
        """The same over the web interface's way."""
        body = urlencode({"action": action, **said}).encode()
        status, text = await self.post("/cgi", body, "application/x-www-form-urlencoded")
        assert status == 200, text
        return json.loads(text)

    async def log_in(self, *, password: str | None = None, form: bool = False) -> int:
        """Challenge and login; the status of the login, whose cookie is kept."""
        ask = self.form if form else self.call
        challenge = (await ask("challenge", user=self.user, version="1.0"))["response"]["challenge"]
        token = hashlib.md5((challenge + (password or self.password)).encode()).hexdigest()
        reply = await ask("login", user=self.user, token=token, url="https://127.0.0.1/")
        self.cookie = reply["response"].get("cookie")
        return reply["status"]

    async def do(self, action: str, **said: Any) -> dict[str, Any]:
        """One action with the cookie."""
        return await self.call(action, cookie=self.cookie, **said)
