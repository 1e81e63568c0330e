"""The certificate a UCM makes for itself, and the TLS that shows it; nothing of it is kept on disk afterwards."""

from __future__ import annotations

import hashlib
import ssl
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

_ORGANISATION = "SIMULATED UCM - NOT A REAL PBX"


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A key with its certificate; `fingerprint` is the SHA-256 of the latter in 64 small hexadecimal digits."""

    pem: bytes
    fingerprint: str

    def __repr__(self) -> str:
        """Without the key."""
        return f"Certificate({self.fingerprint})"


def make_certificate(name: str) -> Certificate:
    """A new P-256 key with a certificate signed by itself, good for ten years from yesterday."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, _ORGANISATION),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )
    yesterday = datetime.now(UTC) - timedelta(days=1)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(yesterday)
        .not_valid_after(yesterday + timedelta(days=3650))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    der = made.public_bytes(serialization.Encoding.DER)
    return Certificate(
        pem=private + made.public_bytes(serialization.Encoding.PEM), fingerprint=hashlib.sha256(der).hexdigest()
    )


def new_context() -> ssl.SSLContext:
    """TLS of a server that has no certificate yet."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)


def show(context: ssl.SSLContext, certificate: Certificate) -> None:
    """Show `certificate` to everybody who connects from now on."""
    with tempfile.NamedTemporaryFile(suffix=".pem") as file:  # Python reads keys from files only
        Path(file.name).write_bytes(certificate.pem)
        context.load_cert_chain(file.name)
