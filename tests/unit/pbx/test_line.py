"""Nothing of a request leaves before the certificate is trusted; answers are bounded; redirects lead nowhere."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import ssl
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.domain.polling import PollSettings
from gateway.domain.secret import Secret
from gateway.pbx.failure import PbxFailure
from gateway.pbx.line import Line, Network

SHORT_PRIME = bytes.fromhex(  # the 1024-bit group of RFC 2409, section 6.2
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD"
    "EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"
    "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE65381FFFFFFFFFFFFFFFF"
)
BODY = b'{"request": {"action": "login", "token": "canary-token"}}'


class RawPbx:
    """A TLS server that keeps every byte it is told and answers with what the test wants."""

    def __init__(self, folder: Path, *, name: str = "localhost", key: str = "ec") -> None:
        self.folder = folder
        self.told = b""
        self.handshakes = 0
        self.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
        self.port = 0
        self.fingerprint = ""
        self.authority = folder / "authority.pem"
        self._make(name, key)

    def _make(self, name: str, key: str) -> None:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ec, rsa
        from cryptography.x509.oid import NameOID

        def subject(text: str) -> x509.Name:
            return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

        own = rsa.generate_private_key(65537, 2048) if key == "rsa" else ec.generate_private_key(ec.SECP256R1())
        keys = [ec.generate_private_key(ec.SECP256R1()), own]
        now = datetime.now(UTC)
        made = []
        for number, text in enumerate(("Test authority", name)):
            builder = (
                x509.CertificateBuilder()
                .subject_name(subject(text))
                .issuer_name(subject("Test authority"))
                .public_key(keys[number].public_key())
                .serial_number(x509.random_serial_number())
                .not_valid_before(now - timedelta(days=1))
                .not_valid_after(now + timedelta(days=1))
                .add_extension(x509.BasicConstraints(ca=number == 0, path_length=None), critical=True)
            )
            if number:
                builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
            made.append(builder.sign(keys[0], hashes.SHA256()))
        pem = serialization.Encoding.PEM
        private = keys[1].private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        (self.folder / "server.pem").write_bytes(private + made[1].public_bytes(pem))
        self.authority.write_bytes(made[0].public_bytes(pem))
        self.fingerprint = made[1].fingerprint(hashes.SHA256()).hex()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.handshakes += 1
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while data := await reader.read(65536):
                self.told += data
                if BODY in self.told:
                    writer.write(self.answer)
                    await writer.drain()
                    if not self.answer.startswith(b"HTTP/1.1 200"):
                        break
        writer.close()


@asynccontextmanager
async def raw_pbx(
    folder: Path, prepare: Callable[[ssl.SSLContext], None] = lambda _: None, **options: str
) -> AsyncIterator[RawPbx]:
    pbx = RawPbx(folder, **options)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    prepare(context)
    context.load_cert_chain(folder / "server.pem")
    server = await asyncio.start_server(pbx.serve, "127.0.0.1", 0, ssl=context)
    pbx.port = server.sockets[0].getsockname()[1]
    async with server:
        yield pbx


async def local(name: str, port: int) -> list[str]:
    return ["127.0.0.1"]


def line(pbx: RawPbx, *, pin: str | None, address: str = "localhost", **network: object) -> Line:
    settings = PollSettings(
        address=address, port=pbx.port, user="cdrapi", password=Secret("p"), every_s=60, fingerprint=pin
    )
    given = {"allow_loopback": True, "resolve": local, "timeout_s": 30.0, **network}
    return Line("UCM", settings, "/api", Network(**given), port=8089)


async def refused(opened: Line) -> PbxFailure:
    with pytest.raises(PbxFailure) as caught:
        async with opened as way:
            await way.post(BODY)
    return caught.value


async def test_the_trusted_certificate_and_no_other(tmp_path: Path):
    async with raw_pbx(tmp_path) as pbx:
        async with line(pbx, pin=pbx.fingerprint) as way:
            assert await way.post(BODY) == b"{}"
            assert way.us == "127.0.0.1"
        assert pbx.told.startswith(b"POST /api HTTP/1.1\r\n")
        pbx.told = b""
        failure = await refused(line(pbx, pin="00" * 32))
        assert (failure.code, failure.fingerprint) == ("D-19", pbx.fingerprint)
        assert pbx.told == b""


async def test_without_a_pin_nothing_but_a_handshake_reaches_an_unknown_issuer(tmp_path: Path):
    async with raw_pbx(tmp_path) as pbx:
        failure = await refused(line(pbx, pin=None))
        assert (failure.code, failure.fingerprint) == ("D-19", pbx.fingerprint)
        assert pbx.fingerprint[:16].upper() in str(failure).replace(":", "")
        assert pbx.told == b""


async def test_a_known_issuer_needs_no_pin_but_the_right_name(tmp_path: Path):
    async with raw_pbx(tmp_path, name="pbx.example.com") as pbx:
        known = ssl.create_default_context(cafile=str(pbx.authority))
        async with line(pbx, pin=None, address="pbx.example.com", authorities=known) as way:
            assert await way.post(BODY) == b"{}"
        pbx.told = b""
        assert (await refused(line(pbx, pin=None, address="other.example.com", authorities=known))).code == "D-19"
        assert pbx.told == b""


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_not_followed(tmp_path: Path, status: int):
    async with raw_pbx(tmp_path) as pbx, raw_pbx(tmp_path / ".") as other:
        where = f"https://localhost:{other.port}/api".encode()
        pbx.answer = f"HTTP/1.1 {status} X\r\nLocation: ".encode() + where + b"\r\nContent-Length: 0\r\n\r\n"
        failure = await refused(line(pbx, pin=pbx.fingerprint))
        assert (failure.code, f"HTTP status {status}" in str(failure)) == ("D-16", True)
        assert other.handshakes == 0


async def test_answers_are_bounded(tmp_path: Path):
    async with raw_pbx(tmp_path) as pbx:
        pbx.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n" + b"x" * 2_000_000
        assert "larger than 1 MiB" in str(await refused(line(pbx, pin=pbx.fingerprint)))


async def test_a_compressed_answer_counts_as_what_it_becomes(tmp_path: Path):
    packed = zlib.compress(b"x" * 8 * 1024 * 1024)
    async with raw_pbx(tmp_path) as pbx:
        head = f"HTTP/1.1 200 OK\r\nContent-Encoding: deflate\r\nContent-Length: {len(packed)}\r\n\r\n"
        pbx.answer = head.encode() + packed
        assert (await refused(line(pbx, pin=pbx.fingerprint))).code == "D-16"


async def test_a_resolver_that_changes_its_answer_is_asked_once(tmp_path: Path):
    asked = []

    async def flipping(name: str, port: int) -> list[str]:
        asked.append(name)
        return ["127.0.0.1"] if len(asked) == 1 else ["169.254.169.254"]

    async with raw_pbx(tmp_path) as pbx, line(pbx, pin=pbx.fingerprint, resolve=flipping) as way:
        for _ in range(3):
            assert await way.post(BODY) == b"{}"
    assert asked == ["localhost"]


async def test_proxies_of_the_environment_are_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    async with raw_pbx(tmp_path) as pbx, line(pbx, pin=pbx.fingerprint) as way:
        assert await way.post(BODY) == b"{}"


async def test_nobody_there_and_nobody_knows_the_name(tmp_path: Path):
    async def nowhere(name: str, port: int) -> list[str]:
        raise OSError(-2, "Name or service not known")

    async with raw_pbx(tmp_path) as pbx:
        assert "No name server" in str(await refused(line(pbx, pin=None, resolve=nowhere)))
        refusal = await refused(line(pbx, pin=None, allow_loopback=False))
        assert "own machine" in str(refusal)
        assert pbx.handshakes == 0
        pbx.port = 1
        failure = await refused(line(pbx, pin=None))
        assert "does not answer at localhost:1" in str(failure)
        assert "HTTPS API Settings (New)" in str(failure)


async def test_plain_http_is_named(tmp_path: Path):
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(plain, "127.0.0.1", 0)
    async with server, raw_pbx(tmp_path) as pbx:
        pbx.port = server.sockets[0].getsockname()[1]
        assert "plain HTTP" in str(await refused(line(pbx, pin=pbx.fingerprint)))


async def test_encryption_that_is_too_weak_is_named(tmp_path: Path):
    """As a UCM6204 offers it."""
    numbers = b"\x02\x81\x81\x00" + SHORT_PRIME + b"\x02\x01\x02"  # DER of PKCS #3: SEQUENCE of two INTEGERs
    der = base64.encodebytes(b"\x30\x81" + bytes([len(numbers)]) + numbers).decode()
    (tmp_path / "dh.pem").write_text(f"-----BEGIN DH PARAMETERS-----\n{der}-----END DH PARAMETERS-----\n")

    def prepare(context: ssl.SSLContext) -> None:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers("DHE-ECDSA-AES128-GCM-SHA256:DHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0")
        context.load_dh_params(str(tmp_path / "dh.pem"))

    async with raw_pbx(tmp_path, prepare, key="rsa") as pbx:
        failure = await refused(line(pbx, pin=pbx.fingerprint))
        assert "encryption that is too weak" in str(failure)
        assert pbx.told == b""
