"""The certificate: made once, renewed in time and after a change of address, an admin's own never touched."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import socket
import ssl
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from gateway.errors import ConfigError
from gateway.web.certificate import make
from gateway.web.tls import Certificate, fingerprint_of
from tests.unit.google.moved_clock import MovedClock

DAY_MS = 24 * 3600 * 1000


def parsed(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def names_in(path: Path) -> set[str]:
    names = parsed(path).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return {str(each.value) for each in names}


@contextlib.asynccontextmanager
async def served(certificate: Certificate) -> AsyncIterator[int]:
    async def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0, ssl=certificate.context)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def shown(port: int, name: str = "localhost") -> str:
    """The fingerprint that a client sees."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname=name)
    tls = writer.get_extra_info("ssl_object")
    try:
        return hashlib.sha256(tls.getpeercert(True)).digest().hex(":").upper()
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def test_the_first_start_makes_key_and_certificate(tmp_path: Path) -> None:
    certificate = Certificate(tmp_path, MovedClock(), also=("meet.example.com", "203.0.113.9"))
    await certificate.begin()
    assert certificate.key_file.stat().st_mode & 0o777 == 0o600
    found = parsed(certificate.file)
    key = found.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert key.curve.name == "secp256r1"
    host = socket.gethostname().lower()
    assert {
        "localhost",
        "127.0.0.1",
        "::1",
        host,
        f"{host.partition('.')[0]}.local",
        "meet.example.com",
        "203.0.113.9",
    } <= (names_in(certificate.file))
    assert 395 <= (found.not_valid_after_utc - found.not_valid_before_utc).days <= 398
    assert not found.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert {path.name for path in tmp_path.iterdir()} == {"tls.key", "tls.crt"}


async def test_every_address_of_this_machine_is_in_it(tmp_path: Path) -> None:
    certificate = Certificate(tmp_path, MovedClock())
    await certificate.begin()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        with contextlib.suppress(OSError):
            probe.connect(("192.0.2.1", 9))
        own = probe.getsockname()[0]
    assert own in names_in(certificate.file) or own == "0.0.0.0"


async def test_it_is_what_clients_are_shown_and_stays_over_a_restart(tmp_path: Path) -> None:
    first = Certificate(tmp_path, MovedClock())
    await first.begin()
    async with served(first) as port:
        assert await shown(port) == first.fingerprint == fingerprint_of(first.file.read_text())
    again = Certificate(tmp_path, MovedClock())
    await again.begin()
    assert again.fingerprint == first.fingerprint


async def test_a_client_that_trusts_the_certificate_needs_no_exception(tmp_path: Path) -> None:
    certificate = Certificate(tmp_path, MovedClock())
    await certificate.begin()
    async with served(certificate) as port:
        for name in ("localhost", "127.0.0.1"):
            trusting = ssl.create_default_context(cafile=str(certificate.file))
            _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trusting, server_hostname=name)
            writer.close()


async def test_nothing_older_than_tls_1_2_is_spoken(tmp_path: Path) -> None:
    certificate = Certificate(tmp_path, MovedClock())
    await certificate.begin()
    async with served(certificate) as port:
        for version, spoken in ((ssl.TLSVersion.TLSv1_2, True), (ssl.TLSVersion.TLSv1_1, False)):
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            context.set_ciphers("ALL:@SECLEVEL=0")
            with pytest.warns(DeprecationWarning, match="TLSv1_1") if not spoken else contextlib.nullcontext():
                context.minimum_version = context.maximum_version = version
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
            except OSError:
                assert not spoken
            else:
                writer.close()
                assert spoken


@pytest.mark.parametrize(("days", "renewed"), [(300, False), (366, False), (368, True), (500, True)])
async def test_it_is_renewed_thirty_days_before_its_end_without_a_restart(
    tmp_path: Path, days: int, renewed: bool
) -> None:
    clock, lines = MovedClock(), list[str]()
    certificate = Certificate(tmp_path, clock, announce=lines.append)
    await certificate.begin()
    before, key = certificate.fingerprint, certificate.key_file.read_bytes()
    async with served(certificate) as port:
        clock.ahead_ms += days * DAY_MS
        await certificate.look_again()
        assert (await shown(port) != before) == renewed
        assert (await shown(port, "127.0.0.1") != before) == renewed
    assert (certificate.key_file.read_bytes() != key) == renewed
    assert lines == ([f"New certificate fingerprint (SHA-256): {certificate.fingerprint}"] if renewed else [])


async def test_a_new_address_makes_a_new_one_and_a_lost_address_does_not(tmp_path: Path) -> None:
    addresses = ["127.0.0.1", "10.0.0.5"]
    certificate = Certificate(tmp_path, MovedClock(), addresses=lambda: addresses)
    await certificate.begin()
    before = certificate.fingerprint
    async with served(certificate) as port:
        addresses.remove("10.0.0.5")
        await certificate.look_again()
        assert await shown(port) == before
        addresses.append("10.0.0.77")
        await certificate.look_again()
        assert await shown(port) != before
    assert "10.0.0.77" in names_in(certificate.file)


async def test_a_clock_that_was_wrong_at_the_first_start(tmp_path: Path) -> None:
    future = Certificate(tmp_path, MovedClock(ahead_ms=4000 * DAY_MS))
    await future.begin()
    certificate = Certificate(tmp_path, MovedClock())
    await certificate.begin()
    assert certificate.fingerprint != future.fingerprint


def own_pair(folder: Path, name: str = "pbx.example.com") -> tuple[bytes, bytes]:
    made = make([name], 1_700_000_000, 3000)
    (folder / "tls.key").write_text(str(made["key"]))
    (folder / "tls.crt").write_text(str(made["certificate"]))
    return (folder / "tls.key").read_bytes(), (folder / "tls.crt").read_bytes()


async def test_a_certificate_of_the_admin_is_used_and_never_overwritten(tmp_path: Path) -> None:
    clock = MovedClock()
    certificate = Certificate(tmp_path, clock)
    await certificate.begin()
    async with served(certificate) as port:
        pair = own_pair(tmp_path)
        for days in (0, 380, 4000):
            clock.ahead_ms = days * DAY_MS
            await certificate.look_again()
            assert await shown(port) == fingerprint_of(pair[1].decode())
            assert ((tmp_path / "tls.key").read_bytes(), (tmp_path / "tls.crt").read_bytes()) == pair
    again = Certificate(tmp_path, clock)
    await again.begin()
    assert ((tmp_path / "tls.key").read_bytes(), (tmp_path / "tls.crt").read_bytes()) == pair


async def test_a_mistake_in_it_is_told_and_nothing_is_overwritten(tmp_path: Path) -> None:
    own_pair(tmp_path)
    (tmp_path / "other").mkdir()
    key, _ = own_pair(tmp_path / "other")
    good_key = (tmp_path / "tls.key").read_bytes()
    for file, content in (
        ("tls.key", key),
        ("tls.key", b"nonsense"),
        ("tls.crt", b"nonsense"),
        ("tls.crt", b""),
        ("tls.crt", None),
    ):
        own_pair(tmp_path)
        path = tmp_path / file
        path.write_bytes(content) if content is not None else path.unlink()
        before = {each.name: each.read_bytes() for each in tmp_path.glob("tls.*")}
        with pytest.raises(
            ConfigError, match=r"gateway\.listen_tls: the certificate .*tls\.crt with the key .*tls\.key"
        ):
            await Certificate(tmp_path, MovedClock()).begin()
        assert {each.name: each.read_bytes() for each in tmp_path.glob("tls.*")} == before
    assert good_key


async def test_a_mistake_in_it_while_running_changes_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    own_pair(tmp_path)
    certificate = Certificate(tmp_path, MovedClock())
    await certificate.begin()
    before = certificate.fingerprint
    async with served(certificate) as port:
        (tmp_path / "tls.crt").write_text("nonsense")
        await certificate.look_again()
        assert await shown(port) == before
    assert "the certificate in use stays" in caplog.text


async def test_one_that_cannot_be_renewed_is_used_as_it_is(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    clock = MovedClock()
    first = Certificate(tmp_path, clock)
    await first.begin()
    (tmp_path / "tls.key.new").mkdir()  # stands in the way of writing, as a full disk does
    clock.ahead_ms += 390 * DAY_MS
    again = Certificate(tmp_path, clock)
    await again.begin()
    assert again.fingerprint == first.fingerprint
    assert "the certificate is not renewed" in caplog.text
    first.file.unlink()
    with pytest.raises(ConfigError, match=r"gateway\.listen_tls: .*tls\.crt cannot be made"):
        await Certificate(tmp_path, clock).begin()


async def test_a_power_cut_between_key_and_certificate_is_mended(tmp_path: Path) -> None:
    first = Certificate(tmp_path, MovedClock())
    await first.begin()
    old = first.file.read_bytes()
    first.file.unlink()
    second = Certificate(tmp_path, MovedClock())
    await second.begin()
    second.file.write_bytes(old)  # the new key is there, the new certificate is not
    third = Certificate(tmp_path, MovedClock())
    await third.begin()
    assert third.fingerprint not in (first.fingerprint, second.fingerprint)


async def test_what_makes_it_is_not_loaded_here(tmp_path: Path) -> None:
    """The libraries are gone with the process that needed them."""
    script = (
        "import asyncio, sys\nfrom pathlib import Path\nfrom gateway.clock import SystemClock\n"
        "from gateway.web.tls import Certificate\n"
        f"asyncio.run(Certificate(Path({str(tmp_path)!r}), SystemClock()).begin())\n"
        "assert not [name for name in sys.modules if name.startswith('cryptography')]\n"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", script, cwd=Path(__file__).parents[3])
    assert await process.wait() == 0
    assert (tmp_path / "tls.crt").exists()
