"""An account that is lost and comes back is told by mail, webhook and syslog, each once; and the command that tries."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from simulator.google import SimulatedGoogle
from tests.journey.command_desk import CommandDesk, until_true
from tests.journey.gateway_process import DEVICE_KEY, MONDAY, GatewayProcess
from tests.unit.notify.mail_server import MailServer, mail_server

SECRET = "whsec_" + b64encode(b"k" * 32).decode()
EMAIL = "arthur.morgan@mycompanyabc.com"


@dataclass
class Listeners:
    """Whoever is told: a mail server, a webhook receiver, a syslog server."""

    mail: MailServer
    hook: str = ""
    calls: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    log: socket.socket = field(default_factory=lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))

    async def answer(self, request: web.Request) -> web.Response:
        self.calls.append((dict(request.headers), await request.read()))
        return web.Response(status=204)

    def lines(self) -> list[str]:
        found = []
        while True:
            try:
                found.append(self.log.recv(65_536).decode())
            except BlockingIOError:
                return found

    def settings(self) -> str:
        port = self.log.getsockname()[1]
        return f"""\
notifications:
  email:
    server: 127.0.0.1
    port: {self.mail.port}
    security: none
    sender: gateway@example.com
    to: ann@example.com, bo@example.com
  webhook: {{url: '{self.hook}'}}
  syslog: {{address: '127.0.0.1:{port}'}}
"""


@asynccontextmanager
async def listening() -> AsyncIterator[Listeners]:
    async with mail_server() as mail:
        heard = Listeners(mail)
        heard.log.bind(("127.0.0.1", 0))
        heard.log.setblocking(False)
        app = web.Application()
        app.router.add_post("/hook", heard.answer)
        try:
            async with TestServer(app) as server:
                heard.hook = str(server.make_url("/hook"))
                yield heard
        finally:
            heard.log.close()


@pytest.fixture
async def told(gateway: GatewayProcess) -> AsyncIterator[Listeners]:
    """The gateway that is not started yet tells these."""
    async with listening() as heard:
        path = gateway.folder / "config.yaml"
        path.write_text(path.read_text() + heard.settings())
        (gateway.folder / ".env").write_text(f"GATEWAY_NOTIFICATIONS__WEBHOOK__SECRET={SECRET}\n")
        yield heard


def verified(headers: dict[str, str], body: bytes) -> dict[str, object]:
    """Check the signature as a receiver does (Standard Webhooks), and return what was said."""
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    digest = hmac.new(b64decode(SECRET.removeprefix("whsec_")), signed, hashlib.sha256).digest()
    assert headers["webhook-signature"] == "v1," + b64encode(digest).decode()
    said: dict[str, object] = json.loads(body)
    return said


async def test_the_command_sends_one_alert_to_each_and_says_who_took_it(
    gateway: GatewayProcess, told: Listeners
) -> None:
    desk = CommandDesk(gateway)
    out, talk = await desk("notify", "test")
    assert out == "email: taken.\nwebhook: taken.\nsyslog: taken.\n"
    assert "look there whether the line arrived" in talk
    assert "This is a test of the alerts." in told.mail.letters[0]
    assert verified(*told.calls[0])["type"] == "test"
    assert "This is a test of the alerts." in told.lines()[0]
    out, _ = await desk("notify", "list")
    every = "google, waiting, decisions, calendars, vanished, disk, settings"
    assert out == f"email: {every}\nwebhook: {every}\nsyslog: {every}\n"
    told.mail.refuses = {"MAIL": "550 not from you"}
    out, talk = await desk("notify", "test", "email", ends=1)
    assert (out, talk) == ("", "ERROR email: The mail server answered 550: not from you\n")
    out, _ = await desk("notify", "test", "syslog", "--json")
    assert json.loads(out) == {"channel": "syslog", "taken": True, "text": None}
    assert len(told.calls) == 1
    with (gateway.folder / ".env").open("a") as file:
        file.write("GATEWAY_NOTIFICATIONS__EMAIL__EVENTS=disk,google\nGATEWAY_NOTIFICATIONS__SYSLOG__EVENTS=none\n")
    out, _ = await desk("notify", "list", "--json")
    events = {each["channel"]: (each["set"], each["events"]) for each in map(json.loads, out.splitlines())}
    assert (events["email"], events["syslog"]) == ((True, ["google", "disk"]), (True, []))
    path = gateway.folder / "config.yaml"
    path.write_text(path.read_text().partition("notifications:")[0])
    (gateway.folder / ".env").write_text("")
    out, _ = await desk("notify", "list")
    assert out.startswith("email: not set, nobody is told this way\n")
    _, talk = await desk("notify", "test", ends=78)
    assert "Nothing is set under notifications" in talk
    assert "Set notifications.email, notifications.webhook or notifications.syslog on the page Settings" in talk


async def test_lost_and_back(gateway: GatewayProcess, google: SimulatedGoogle, told: Listeners) -> None:
    told.mail.refuses = {"RCPT": "451 later"}
    await lost_and_back(gateway, google, told, CommandDesk(gateway))


async def sign_in(desk: CommandDesk, google: SimulatedGoogle) -> None:
    link, _ = await desk("google", "login", "--print-link")
    await desk("google", "login", "--code", "-", stdin=google.do.approve(link.strip()) + "\n")


async def lost_and_back(gateway: GatewayProcess, google: SimulatedGoogle, told: Listeners, desk: CommandDesk) -> None:
    await gateway.start()
    await sign_in(desk, google)
    google.do.revoke()
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {DEVICE_KEY}"}) as session,
        session.post(
            f"{gateway.http}/api/v1/devices/script/meetings",
            json={
                "external_id": "a",
                "subject": "Secret subject canary",
                "start": f"{MONDAY}T10:00:00",
                "duration_minutes": 60,
                "time_zone": "UTC",
            },
        ) as answer,
    ):
        assert answer.status == 202, await answer.text()
    await until_true(lambda: _is(len(told.calls), 1), "nobody was told that the account is lost")
    said = verified(*told.calls[0])
    assert said["type"] == "account.lost"
    data = said["data"]
    assert isinstance(data, dict)
    assert (data["account"], data["severity"]) == (EMAIL, "error")
    await gateway.stop()  # before the mail server takes anything

    told.mail.refuses = {}
    await gateway.start()
    await until_true(lambda: _is(len(told.mail.letters), 1), "no mail after the server works again")
    assert f"Account: {EMAIL}. Next: meeting-gateway google login" in told.mail.letters[0]
    await sign_in(desk, google)
    await until_true(lambda: _is((len(told.mail.letters), len(told.calls)), (2, 2)), "nobody was told that it is back")
    assert verified(*told.calls[1])["type"] == "account.back"
    lines = told.lines()
    assert [each for each in ("account.lost", "account.back") if any(f" {each} " in line for line in lines)] == [
        "account.lost",
        "account.back",
    ]
    assert len(lines) == 2
    everything = "".join([*told.mail.letters, *lines, *(body.decode() for _, body in told.calls), gateway.log])
    for secret in ("Secret subject canary", SECRET, "GOCSPX"):
        assert secret not in everything


async def _is(found: object, wanted: object) -> bool:
    return found == wanted
