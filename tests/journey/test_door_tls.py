"""Which pages are shown without TLS, and to whom."""

from __future__ import annotations

import json
import socket
from contextlib import closing
from pathlib import Path

import pytest

from gateway.config import Address
from gateway.errors import ConfigError
from gateway.web.tls import fingerprint_of
from simulator.google import SimulatedGoogle
from tests.journey.conftest import stopped_at_the_end
from tests.journey.door_office import LOCAL, Visitor, opened_door, other_address
from tests.journey.gateway_process import GatewayProcess

ANYWHERE = Address(host="0.0.0.0", port=0)
FREE = ("/healthz", "/readyz", "/api/v1/openapi.json", "/oauth/google/callback")


async def test_the_same_is_served_over_tls(tmp_path: Path) -> None:
    async with opened_door(tmp_path, anna=True) as door, door.visitor(tls=True) as visitor:
        assert door.https.startswith("https://127.0.0.1:")
        await visitor.sign_in()
        for path in ("/google", "/help", "/password", *FREE[:3]):
            answer = await visitor.get(path)
            assert answer.status in (200, 503), path
        assert f"Admin page: {door.https}/" in door.lines
        assert f"Certificate fingerprint (SHA-256): {fingerprint_of((tmp_path / 'tls.crt').read_text())}" in door.lines


async def test_from_another_machine_the_pages_are_shown_over_tls_only(tmp_path: Path) -> None:
    address = other_address()
    if address is None:
        pytest.skip("LEFT OUT: this machine has no address but loopback")
    async with opened_door(tmp_path, anna=True, listen=ANYWHERE, listen_tls=ANYWHERE) as door:
        listener = door.gateway.listener
        async with Visitor(f"http://{address}:{listener.port}", address) as plain:
            for path in ("/", "/google?x=1", "/sign-in", "/set-up", "/help", "/nothing"):
                answer = await plain.get(path)
                assert (answer.status, answer.place) == (307, f"https://{address}:{listener.tls_port}{path}")
                assert "Set-Cookie" not in answer.headers
            for path in ("/sign-in", "/set-up", "/google/app", "/sign-out"):
                answer = await plain.post(path, name="anna", password="canary")
                assert answer.status == 403
                assert "A-10" in answer.text
                assert f"https://{address}:{listener.tls_port}" in answer.text
            for path in FREE:
                assert (await plain.get(path)).status in (200, 503), path
            assert (await plain.get("/static/style.css")).status == 200
            assert (await plain.get("/help", {"Host": "127.0.0.1"})).status == 307, "a header does not make it local"
            assert (await plain.get("/help", {"X-Forwarded-Proto": "https"})).status == 307
        async with Visitor(f"https://{address}:{listener.tls_port}", address) as safe:
            assert (await safe.sign_in()).status == 303
            assert await safe.signed_in()


async def test_on_this_machine_under_a_name_of_the_network_too(tmp_path: Path) -> None:
    """A proxy on this machine may hand on what came over the network without TLS."""
    async with opened_door(tmp_path, anna=True) as door, door.visitor() as visitor:
        assert (await visitor.get("/help")).status == 200
        answer = await visitor.get("/help", {"Host": "192.168.7.7:8765"})
        assert answer.place == f"https://192.168.7.7:{door.gateway.listener.tls_port}/help"


async def test_no_decision_depends_on_a_private_address(tmp_path: Path) -> None:
    async with opened_door(tmp_path) as door:
        for source in ("127.0.0.1", "127.9.9.9"):
            async with door.visitor(source, tls=True) as visitor, door.visitor(source) as plain:
                for each in (visitor, plain):
                    assert (await each.get("/google")).status == 303
                    assert (await each.set_up("")).status == 403, "also here the code is wanted"


async def test_a_taken_port_is_told_by_its_setting(tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        address = Address(host="127.0.0.1", port=taken.getsockname()[1])
        with pytest.raises(
            ConfigError, match=r"gateway\.listen_tls: 127\.0\.0\.1:\d+ cannot be opened .* Choose another"
        ):
            async with opened_door(tmp_path, listen_tls=address):
                pass
    async with opened_door(tmp_path, listen_tls=LOCAL):
        pass


async def test_the_line_for_programs_has_address_and_fingerprint_but_no_code(
    tmp_path: Path, google: SimulatedGoogle
) -> None:
    async with stopped_at_the_end(GatewayProcess(folder=tmp_path, google_base=google.base)) as gateway:
        await gateway.start()
        assert gateway.process is not None
        text = (tmp_path / "data" / "tls.crt").read_text()
        assert f"Certificate fingerprint (SHA-256): {fingerprint_of(text)}\n" in gateway.log
        codes = [line for line in gateway.log.splitlines() if line.startswith("Set-up code: ")]
        assert codes == [f"Set-up code: {(tmp_path / 'data' / 'set-up-code').read_text().strip()}"]
        await gateway.stop()
        shown = json.loads(gateway.ready)
        assert shown["https"].startswith("https://127.0.0.1:")
        assert shown["fingerprint"] == fingerprint_of(text)
        assert set(shown) == {"event", "http", "https", "fingerprint", "pid"}
