"""One webhook call: signed as the standard's own example is, sent once, its answer told in three words."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from gateway.domain.secret import Secret, webhook_key
from gateway.notify.webhook import Message, Receiver, Taken, payload, signature, tell
from tests.ports import free_port

KEY = b"k" * 32
MESSAGE = Message(id="chg_7", type="meeting.replied", at_s=1_714_381_200, data={"answer": "accepted", "name": "Zoë"})


def test_the_example_of_the_standard():
    key = webhook_key(Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
    said = signature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert said == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("text", ["", "whsec_", "whsec_!!!", "whsec_" + base64.b64encode(b"x" * 23).decode(), "ä"])
def test_a_secret_that_is_none_is_refused(text: str):
    with pytest.raises(ValueError, match="must"):
        webhook_key(Secret(text))


def test_no_secret_in_the_repr():
    assert "kkk" not in repr(Receiver(url="http://127.0.0.1/", secret=KEY))


@dataclass
class Heard:
    """A receiver that answers as told."""

    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    calls: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        self.calls.append((dict(request.headers), await request.read()))
        return web.Response(status=self.status, headers=self.headers)


@pytest.fixture
async def heard() -> AsyncIterator[tuple[Heard, Receiver, aiohttp.ClientSession]]:
    receiver = Heard()
    app = web.Application()
    app.router.add_post("/hook", receiver.answer)
    async with TestServer(app) as server, aiohttp.ClientSession() as session:
        yield receiver, Receiver(url=str(server.make_url("/hook")), secret=KEY), session


async def test_a_call_carries_what_the_receiver_needs_to_check_it(heard):
    server, receiver, session = heard
    assert (await tell(session, receiver, MESSAGE, now_s=1_714_381_300)).taken is Taken.YES
    ((headers, body),) = server.calls
    assert (headers["webhook-id"], headers["webhook-timestamp"]) == ("chg_7", "1714381300")
    assert headers["webhook-signature"] == signature(KEY, "chg_7", 1_714_381_300, body)
    assert body == payload(MESSAGE)
    assert json.loads(body) == {
        "type": "meeting.replied",
        "timestamp": "2024-04-29T09:00:00Z",
        "data": {"answer": "accepted", "name": "Zoë"},
    }


@pytest.mark.parametrize(
    ("status", "headers", "taken", "wait_s"),
    [
        (200, {}, Taken.YES, None),
        (302, {"Location": "http://127.0.0.1:9/"}, Taken.LATER, None),
        (410, {}, Taken.NEVER, None),
        (429, {"Retry-After": "30"}, Taken.LATER, 30.0),
        (500, {"Retry-After": "soon"}, Taken.LATER, None),
    ],
)
async def test_what_answers_mean(heard, status, headers, taken, wait_s):
    server, receiver, session = heard
    server.status, server.headers = status, headers
    told = await tell(session, receiver, MESSAGE, now_s=1)
    assert (told.taken, told.retry_after_s, len(server.calls)) == (taken, wait_s, 1)


async def test_nobody_there():
    receiver = Receiver(url=f"http://127.0.0.1:{free_port()}/hook", secret=KEY)
    async with aiohttp.ClientSession() as session:
        told = await tell(session, receiver, MESSAGE, now_s=1)
        unknown = await tell(session, replace(receiver, url="http://no-such-host.invalid/s3cret"), MESSAGE, now_s=1)
        broken = await tell(session, replace(receiver, url="http://[::/s3cret"), MESSAGE, now_s=1)
    assert told.taken is unknown.taken is broken.taken is Taken.LATER
    assert "cannot be reached (the connection was refused: nothing listens there)" in told.text
    assert "the name no-such-host.invalid can't be resolved" in unknown.text
    for text in (told.text, unknown.text, broken.text):
        assert "Error" not in text
        assert "s3cret" not in text
