"""The ports: what is shown as their address, and that they open over TLS or say which setting is wrong."""

from __future__ import annotations

import errno
import socket
import ssl
from contextlib import closing
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from gateway.clock import SystemClock
from gateway.errors import CannotListen, ConfigError
from gateway.web.addresses import own_addresses, own_names, shown_host
from gateway.web.listeners import listen
from gateway.web.tls import Certificate
from tests.ports import free_port, is_open


async def test_both_ports_serve_the_same(tmp_path: Path) -> None:
    async def hello(request: web.Request) -> web.Response:
        return web.Response(text=request.scheme)

    app = web.Application()
    app.router.add_get("/", hello)
    certificate = Certificate(tmp_path, SystemClock())
    await certificate.begin()
    listener = await listen(app, "127.0.0.1", 0)
    try:
        assert listener.https_url == listener.https_for_others == ""
        await listener.open_tls("0.0.0.0", 0, certificate.context)
        trusting = ssl.create_default_context(cafile=str(certificate.file))
        async with aiohttp.ClientSession() as session:
            for url, scheme in (
                (listener.url, "http"),
                (listener.https_url, "https"),
                (listener.https_for_others, "https"),
            ):
                async with session.get(url, ssl=trusting) as answer:
                    assert (await answer.text(), answer.url.scheme) == (scheme, scheme)
        with (
            closing(socket.create_server(("127.0.0.1", 0))) as taken,
            pytest.raises(ConfigError, match=r"gateway\.listen_tls"),
        ):
            await listener.open_tls("127.0.0.1", taken.getsockname()[1], certificate.context)
    finally:
        await listener.close()


async def test_another_address_is_open_beside_the_old_one_until_it_is_taken_or_dropped(tmp_path: Path) -> None:
    app = web.Application()
    certificate = Certificate(tmp_path, SystemClock())
    await certificate.begin()
    listener = await listen(app, "127.0.0.1", 0)
    try:
        await listener.open_tls("127.0.0.1", 0, certificate.context)
        old = (listener.port, listener.tls_port)
        with closing(socket.create_server(("127.0.0.1", 0))) as taken:
            free, port = free_port(), taken.getsockname()[1]
            with pytest.raises(CannotListen) as caught:
                await listener.open_beside(("127.0.0.1", free), ("127.0.0.1", port))
            assert (caught.value.setting, caught.value.reason) == ("gateway.listen_tls", errno.EADDRINUSE)
            assert not is_open(free)
        dropped = await listener.open_beside(("127.0.0.1", free), None)
        assert is_open(free)
        await listener.drop(dropped)
        assert (is_open(free), (listener.port, listener.tls_port)) == (False, old)
        beside = await listener.open_beside(("127.0.0.1", free), ("127.0.0.1", free_port()))
        assert (listener.port, listener.tls_port) == old
        await listener.adopt(beside)
        assert listener.url == f"http://127.0.0.1:{free}"
        assert (is_open(listener.port), is_open(listener.tls_port or 0)) == (True, True)
        assert [is_open(port or 0) for port in old] == [False, False]
        async with aiohttp.ClientSession() as session:
            trusting = ssl.create_default_context(cafile=str(certificate.file))
            async with session.get(listener.https_url, ssl=trusting) as answer:
                assert answer.status == 404
    finally:
        await listener.close()


@pytest.mark.parametrize(("host", "url"), [("127.0.0.1", "http://127.0.0.1:"), ("0.0.0.0", "http://127.0.0.1:")])
async def test_the_address_for_this_machine(host: str, url: str) -> None:
    listener = await listen(web.Application(), host, 0)
    assert listener.url == f"{url}{listener.port}"
    await listener.close()


def test_the_address_for_others() -> None:
    assert shown_host("10.0.0.7") == "10.0.0.7"
    assert shown_host("fd00::7") == "[fd00::7]"
    assert shown_host("0.0.0.0") in own_addresses()


def test_addresses_are_read_from_the_kernels_tables(tmp_path: Path) -> None:
    (tmp_path / "fib_trie").write_text(
        "Main:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 10.0.0.0\n        /24 link UNICAST\n     |-- 10.0.0.9\n"
        "        /32 host LOCAL\n     |-- 10.0.0.255\n        /32 link BROADCAST\n"
    )
    (tmp_path / "if_inet6").write_text(
        "00000000000000000000000000000001 01 80 10 80       lo\n"
        "fd000000000000000000000000000002 02 40 00 80     eth0\n"
        "fd00000000000000000000000000beef 02 40 00 01     eth0\n"
        "fd00000000000000000000000000dead 02 40 00 40     eth0\n"
        "fe800000000000000000000000000002 02 40 20 80     eth0\n"
    )
    assert own_addresses(tmp_path) == ["127.0.0.1", "::1", "10.0.0.9", "fd00::2"]


def test_without_such_tables_there_is_loopback_at_least(tmp_path: Path) -> None:
    assert {"127.0.0.1", "::1"} <= set(own_addresses(tmp_path / "nothing"))


def test_the_names_of_this_machine() -> None:
    names = own_names()
    assert "localhost" in names
    assert any(name.endswith(".local") for name in names)
    assert all(name == name.lower() and " " not in name for name in names)
