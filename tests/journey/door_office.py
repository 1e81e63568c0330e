"""A gateway in this process whose door is tried, and visitors who come from addresses of their own; no scripts."""

from __future__ import annotations

import asyncio
import re
import socket
import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

import aiohttp
from yarl import URL

from gateway.app.serving import Running
from gateway.config import Address, Config, GatewaySection
from tests.prepared import running
from tests.unit.google.moved_clock import MovedClock

PASSWORD = "correct horse battery"
LOCAL = Address(host="127.0.0.1", port=0)


@dataclass(frozen=True)
class Answer:
    """What came back; redirects are not followed."""

    status: int
    text: str
    headers: Mapping[str, str]
    cookies: dict[str, str]

    @property
    def place(self) -> str:
        return self.headers.get("Location", "")


class Visitor:
    """One browser at one address: keeps cookies, and knows the token of the last page with a form."""

    def __init__(self, base: str, source: str = "127.0.0.1") -> None:
        self.base = base
        self.token = ""
        connector = aiohttp.TCPConnector(ssl=False, local_addr=(source, 0), limit=0)
        self.session = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.CookieJar(unsafe=True))

    async def __aenter__(self) -> Visitor:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.session.close()

    async def get(self, path: str, headers: Mapping[str, str] | None = None, method: str = "GET") -> Answer:
        return await self._ask(method, path, {"Accept": "text/html", **(headers or {})}, None)

    async def post(
        self, path: str, headers: Mapping[str, str] | None = None, token: str | None = None, **fields: str
    ) -> Answer:
        """Send a form as a page of ours would; `headers` replace those that a browser adds."""
        usual = {"Sec-Fetch-Site": "same-origin"} if headers is None else dict(headers)
        sent = {"csrf": self.token if token is None else token, **fields}
        return await self._ask("POST", path, {"Accept": "text/html", **usual}, sent)

    async def sign_in(self, name: str = "anna", password: str = PASSWORD) -> Answer:
        await self.get("/sign-in")
        answer = await self.post("/sign-in", name=name, password=password)
        if answer.status == 303:
            await self.get("/password")
        return answer

    async def set_up(self, code: str, name: str = "anna", password: str = PASSWORD) -> Answer:
        await self.get("/set-up")
        answer = await self.post("/set-up", code=code, name=name, password=password)
        if answer.status == 303:
            await self.get("/password")
        return answer

    async def signed_in(self) -> bool:
        return (await self.get("/password")).status == 200

    async def _ask(self, method: str, path: str, headers: Mapping[str, str], data: dict[str, str] | None) -> Answer:
        url = URL(self.base + path, encoded=True)
        async with self.session.request(
            method, url, headers=headers, data=data, allow_redirects=False, max_redirects=0
        ) as got:
            text = (await got.read()).decode("utf-8", "replace")  # a download is no text
            found = re.search(r'name="csrf" value="([^"]+)"', text)
            self.token = found[1] if found else self.token
            set_cookies = {name: morsel.OutputString() for name, morsel in got.cookies.items()}
            return Answer(got.status, text, got.headers, set_cookies)


@dataclass
class Door:
    """A gateway that runs; `lines` is what its console shows."""

    gateway: Running
    clock: MovedClock
    folder: Path
    lines: list[str] = field(default_factory=list)

    @property
    def codes(self) -> list[str]:
        return [line.removeprefix("Set-up code: ") for line in self.lines if line.startswith("Set-up code: ")]

    @property
    def http(self) -> str:
        return self.gateway.listener.url

    @property
    def https(self) -> str:
        return self.gateway.listener.https_url

    def visitor(self, source: str = "127.0.0.1", *, tls: bool = False) -> Visitor:
        return Visitor(self.https if tls else self.http, source)

    def audit(self) -> list[tuple[str, str, str, str]]:
        """Actor, action, object and source of every line."""
        with closing(sqlite3.connect(self.folder / "gateway.db")) as conn:
            return list(conn.execute("SELECT actor, action, object, source FROM audit ORDER BY id"))


@asynccontextmanager
async def opened_door(
    folder: Path, clock: MovedClock | None = None, *, anna: bool = False, **settings: object
) -> AsyncIterator[Door]:
    """Run a gateway on `folder`; with `anna` there is an administrator of that name."""
    clock = clock or MovedClock()
    lines: list[str] = []
    section = GatewaySection(**{"data_dir": folder, "listen": LOCAL, "listen_tls": LOCAL, **settings})  # type: ignore[arg-type]
    async with running(Config(gateway=section), clock, announce=lines.append) as gateway:
        if anna:
            await gateway.admins.add_user("anna", PASSWORD)
        yield Door(gateway, clock, folder, lines)


async def raw(base: str, data: bytes) -> bytes:
    """Send bytes on a connection of their own; return all that comes back."""
    url = URL(base)
    reader, writer = await asyncio.open_connection(url.host, url.port)
    try:
        writer.write(data)
        async with asyncio.timeout(60):
            return await reader.read()
    finally:
        writer.close()


def other_address() -> str | None:
    """An address of this machine that is not loopback, None when it has none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return None
        return str(probe.getsockname()[0])
