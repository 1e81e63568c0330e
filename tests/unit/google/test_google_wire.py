"""One request is one request: sent once, within limits, and what broke is told apart from what was refused."""

from __future__ import annotations

import gzip
import socket
import ssl

import aiohttp
import pytest

from gateway.config import GoogleEndpoints
from gateway.google.wire import LARGEST_BODY_BYTES, NoAnswer, Wire, google_session, json_object
from tests.unit.google.raw_google import RawGoogle, answer, cut, silent, torn


@pytest.fixture
def wire(session: aiohttp.ClientSession) -> Wire:
    return Wire(session, 5.0)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "POST"])
async def test_a_broken_connection_is_not_repeated_silently(raw_google: RawGoogle, wire: Wire, method: str) -> None:
    raw_google.will(answer(200, "{}"), cut(), answer(200, "{}"))
    await wire.call("GET", raw_google.base)
    with pytest.raises(NoAnswer) as caught:
        await wire.call(method, raw_google.base, body=b"{}" if method in ("PUT", "POST") else None)
    assert caught.value.sent
    assert len(raw_google.seen) == 2


async def test_aiohttp_alone_would_repeat(raw_google: RawGoogle) -> None:
    raw_google.will(cut(), answer(200, "{}"))
    async with aiohttp.ClientSession() as plain, plain.delete(raw_google.base) as response:
        assert response.status == 200
    assert len(raw_google.seen) == 2


async def test_a_torn_body_is_no_answer(raw_google: RawGoogle, wire: Wire) -> None:
    raw_google.will(torn(b'{"id":'))
    with pytest.raises(NoAnswer) as caught:
        await wire.call("GET", raw_google.base)
    assert caught.value.sent


async def test_silence_ends_with_the_time_limit(raw_google: RawGoogle, session: aiohttp.ClientSession) -> None:
    raw_google.will(silent())
    with pytest.raises(NoAnswer) as caught:
        await Wire(session, 0.1).call("POST", raw_google.base, body=b"")
    assert caught.value.sent


async def test_what_never_left_is_known_not_to_have_been_sent(session: aiohttp.ClientSession) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{free.getsockname()[1]}"
        with pytest.raises(NoAnswer) as refused:
            await Wire(session, 5.0).call("POST", nobody)
    assert (refused.value.code, refused.value.sent) == ("N-02", False)


async def test_a_name_that_does_not_resolve(raw_google: RawGoogle) -> None:
    class Nowhere(aiohttp.abc.AbstractResolver):
        async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[aiohttp.abc.ResolveResult]:
            raise OSError(socket.EAI_NONAME, "Name or service not known")

        async def close(self) -> None:
            pass

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(resolver=Nowhere())) as session:
        with pytest.raises(NoAnswer) as caught:
            await Wire(session, 5.0).call("POST", "http://google.invalid/token")
    assert (caught.value.code, caught.value.sent, caught.value.host) == ("N-01", False, "google.invalid")


async def test_tls_that_is_not_trusted(raw_google: RawGoogle) -> None:
    endpoints = GoogleEndpoints(token=raw_google.base.replace("http:", "https:"))
    session = google_session(endpoints, 5.0)
    async with session:
        with pytest.raises(NoAnswer) as caught:
            await Wire(session, 5.0).call("POST", endpoints.token)
    assert (caught.value.code, caught.value.sent) == ("N-03", False)
    assert raw_google.seen == []


async def test_redirects_are_answers_not_directions(raw_google: RawGoogle, wire: Wire) -> None:
    raw_google.will(answer(302, headers={"Location": f"{raw_google.base}/elsewhere"}))
    assert (await wire.call("GET", f"{raw_google.base}/here")).status == 302
    assert [seen.path for seen in raw_google.seen] == ["/here"]


async def test_a_body_without_end_is_cut_off(raw_google: RawGoogle, wire: Wire) -> None:
    packed = gzip.compress(b"\0" * (LARGEST_BODY_BYTES + 1))
    raw_google.will(answer(200, packed, {"Content-Encoding": "gzip"}))
    with pytest.raises(NoAnswer) as caught:
        await wire.call("GET", raw_google.base)
    assert caught.value.code == "G-412"
    raw_google.will(answer(200, b"x" * LARGEST_BODY_BYTES))
    assert len((await wire.call("GET", raw_google.base)).body) == LARGEST_BODY_BYTES


async def test_headers_and_cookies(raw_google: RawGoogle, wire: Wire) -> None:
    raw_google.will(answer(200, "{}", {"Set-Cookie": "a=b", "Retry-After": "3"}))
    first = await wire.call("GET", raw_google.base, query={"sendUpdates": "none"})
    await wire.call("GET", raw_google.base)
    assert first.retry_after == "3"
    assert first.date
    assert raw_google.seen[0].query == {"sendUpdates": "none"}
    assert "gzip" in raw_google.seen[0].headers["User-Agent"]
    assert raw_google.seen[0].headers["Accept-Encoding"] == "gzip"
    assert "Cookie" not in raw_google.seen[1].headers


async def test_the_environments_proxy_is_ignored(
    raw_google: RawGoogle, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    raw_google.will(answer(200, "{}"))
    assert (await wire.call("GET", raw_google.base)).status == 200


async def test_paths_arrive_as_they_were_encoded(raw_google: RawGoogle, wire: Wire) -> None:
    raw_google.will(answer(200, "{}"))
    await wire.call("GET", f"{raw_google.base}/calendars/a%40b%2Fc%23/events", query={"q": "ä &"})
    assert raw_google.seen[0].path == "/calendars/a%40b%2Fc%23/events"
    assert raw_google.seen[0].query == {"q": "ä &"}


def test_the_ca_store_is_loaded_only_for_endpoints_with_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[ssl.SSLContext] = []
    real = ssl.create_default_context

    def counting() -> ssl.SSLContext:
        made.append(real())
        return made[-1]

    monkeypatch.setattr(ssl, "create_default_context", counting)

    async def open_and_close(endpoints: GoogleEndpoints) -> None:
        await google_session(endpoints, 1.0).close()

    import asyncio

    plain = "http://127.0.0.1:1"
    asyncio.run(
        open_and_close(GoogleEndpoints(authorize=plain, token=plain, revoke=plain, userinfo=plain, calendar=plain))
    )
    assert made == []
    asyncio.run(open_and_close(GoogleEndpoints()))
    assert len(made) == 1


@pytest.mark.parametrize("body", [b"", b"<html>", b"[1]", b"5", b"{", b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_json_object_is_none(body: bytes) -> None:
    assert json_object(body) is None


def test_the_answers_body_is_not_shown() -> None:
    from gateway.google.wire import Answer

    assert "ya29" not in repr(Answer(status=200, body=b'{"access_token":"ya29.canary"}'))
