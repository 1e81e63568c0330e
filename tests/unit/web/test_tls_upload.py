"""A certificate of one's own: what is taken, in which order it is kept, and what is refused with which word."""

from __future__ import annotations

import asyncio
import datetime
import functools
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from gateway.errors import CertificateRefused
from gateway.web.certificate_read import Refused, read
from gateway.web.tls import Certificate, fingerprint_of
from tests.unit.google.moved_clock import MovedClock
from tests.unit.web.test_tls import served, shown

NOW = datetime.datetime.now(datetime.UTC)
PLAIN = serialization.NoEncryption()


def pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, locked: bool = False) -> str:
    lock = serialization.BestAvailableEncryption(b"secret") if locked else PLAIN
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock).decode()


@functools.cache
def ordered(days: int = 90, begins: int = -1) -> tuple[str, str, str]:
    """A certificate for two names, its key, and the certificate that signed it, all in PEM form."""
    office, own = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    signer = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Office CA")])
    made = []
    for key, name in ((own, "meet.example.com"), (office, "Office CA")):
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]))
            .issuer_name(signer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW + datetime.timedelta(days=begins))
            .not_valid_after(NOW + datetime.timedelta(days=days))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name), x509.DNSName("pbx.lan")]), critical=False)
        )
        made.append(builder.sign(office, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode())
    return made[0], pem(own), made[1]


def test_what_is_read_has_the_keys_own_certificate_first() -> None:
    own, key, signer = ordered()
    for text in (own + signer + key, key + signer + own, f"Bag Attributes\n{signer}\r\n{own}\n{key}\n"):
        found = read(text, NOW.timestamp())
        assert str(found["certificate"]) == own + signer
        assert (found["key"], found["names"]) == (key, ["meet.example.com", "pbx.lan"])
        assert found["issuer"] == "CN=Office CA"


WEAK = rsa.generate_private_key(public_exponent=65537, key_size=1024)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "no-certificate"),
        ("0\x82\x0a binary", "no-certificate"),
        (ordered()[1], "no-certificate"),
        (ordered()[0], "no-key"),
        (ordered()[0] + ordered()[1] * 2, "two-keys"),
        (ordered()[0] + pem(ec.generate_private_key(ec.SECP256R1())), "mismatch"),
        (ordered()[2] + ordered()[1], "mismatch"),
        (ordered()[0] + pem(ec.generate_private_key(ec.SECP256R1()), locked=True), "locked-key"),
        (ordered()[0] + pem(WEAK), "weak-key"),
        (ordered()[0].replace("M", "A", 3) + ordered()[1], "unreadable-certificate"),
        (ordered()[0] + "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "unreadable-key"),
        (ordered()[0] * 21 + ordered()[1], "too-many"),
        (ordered(days=-1, begins=-9)[0] + ordered(days=-1, begins=-9)[1], "ended"),
        (ordered(begins=5)[0] + ordered(begins=5)[1], "not-yet"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_word(text: str, problem: str) -> None:
    with pytest.raises(Refused, match=f"^{problem}$"):
        read(text, NOW.timestamp())


async def test_an_uploaded_certificate_is_used_at_once_and_stays(tmp_path: Path) -> None:
    own, key, signer = ordered()
    certificate = Certificate(tmp_path, MovedClock())
    await certificate.begin()
    first = certificate.fingerprint
    assert certificate.facts().made_here
    async with served(certificate) as port:
        with pytest.raises(CertificateRefused):
            await certificate.install(own)
        assert await shown(port) == first
        await certificate.install(own + signer + key)
        assert await shown(port) == certificate.fingerprint == fingerprint_of(own) != first
        assert certificate.key_file.stat().st_mode & 0o777 == 0o600
        assert {path.name for path in tmp_path.iterdir()} == {"tls.key", "tls.crt"}
        facts = certificate.facts()
        assert (facts.made_here, facts.uploaded, facts.issuer) == (False, True, "CN=Office CA")
        assert facts.names == ("meet.example.com", "pbx.lan")
        await certificate.look_again()  # which renews only what the gateway made
        again = Certificate(tmp_path, MovedClock())
        await again.begin()
        assert again.fingerprint == certificate.fingerprint == fingerprint_of(own)
        await certificate.make_own()
        assert certificate.facts().made_here
        assert await shown(port) == certificate.fingerprint != fingerprint_of(own)


async def test_a_power_cut_between_the_two_files_leaves_a_pair(tmp_path: Path) -> None:
    own, key, _ = ordered()
    certificate = Certificate(tmp_path, MovedClock())
    await certificate.begin()
    before = {path.name: path.read_text() for path in tmp_path.iterdir()}
    await certificate.install(own + key)
    after = {path.name: path.read_text() for path in tmp_path.iterdir()}
    cuts = [
        ({**before, "tls.key.new": after["tls.key"]}, before),
        ({**before, "tls.key.new": after["tls.key"], "tls.crt.new": after["tls.crt"]}, before),
        ({**before, "tls.key": after["tls.key"], "tls.crt.new": after["tls.crt"]}, after),
        (after, after),
    ]
    for files, expected in cuts:
        await asyncio.to_thread(_lay, tmp_path, files)
        started = Certificate(tmp_path, MovedClock())
        await started.begin()
        assert started.fingerprint == fingerprint_of(expected["tls.crt"])
        assert {path.name: path.read_text() for path in tmp_path.iterdir()} == expected


def _lay(folder: Path, files: dict[str, str]) -> None:
    for path in folder.iterdir():
        path.unlink()
    for name, text in files.items():
        (folder / name).write_text(text)
