"""Reads a certificate and its key that somebody uploaded, in a process of its own, as `certificate.py` makes one.

Standard input has `{"text": "...", "now_s": 0}`; standard output gets both as they are to be kept and what they are, or
`{"problem": "..."}`. Nothing of the gateway is imported here.
"""

from __future__ import annotations

import json
import re
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

MOST = 20
"""How many certificates a chain may have."""
SMALLEST_RSA_BITS = 2048
_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]{1,40})-----.*?-----END \1-----", re.DOTALL)


class Refused(Exception):
    """Why they cannot be used, in a word."""


def read(text: str, now_s: float) -> dict[str, object]:
    """Return key and chain in PEM form, the key's own certificate first, with names, issuer and end. Raises Refused."""
    from cryptography.hazmat.primitives import serialization

    blocks = [(found[1], found[0]) for found in _BLOCK.finditer(text)]
    chain = _chain([block for kind, block in blocks if kind in ("CERTIFICATE", "X509 CERTIFICATE")])
    key = _key([(kind, block) for kind, block in blocks if kind.endswith("PRIVATE KEY")])
    public = _public(key.public_key())
    own = next((each for each in chain if _public(each.public_key()) == public), None)
    if own is None:
        raise Refused("mismatch")
    now = datetime.fromtimestamp(now_s, UTC)
    if own.not_valid_after_utc <= now:
        raise Refused("ended")
    if own.not_valid_before_utc > now + timedelta(days=1):
        raise Refused("not-yet")
    ordered = [own, *(each for each in chain if each is not own)]
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return {
        "key": private.decode("ascii"),
        "certificate": "".join(each.public_bytes(serialization.Encoding.PEM).decode("ascii") for each in ordered),
        "names": _names(own),
        "issuer": own.issuer.rfc4514_string()[:200],
        "until_s": own.not_valid_after_utc.timestamp(),
    }


def _chain(blocks: list[str]) -> list[x509.Certificate]:
    from cryptography import x509

    if not blocks:
        raise Refused("no-certificate")
    if len(blocks) > MOST:
        raise Refused("too-many")
    try:
        return [x509.load_pem_x509_certificate(block.encode()) for block in blocks]
    except ValueError:
        raise Refused("unreadable-certificate") from None


def _key(blocks: list[tuple[str, str]]) -> PrivateKeyTypes:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    if not blocks:
        raise Refused("no-key")
    if len(blocks) > 1:
        raise Refused("two-keys")
    kind, block = blocks[0]
    if kind == "ENCRYPTED PRIVATE KEY" or "Proc-Type: 4,ENCRYPTED" in block:
        raise Refused("locked-key")
    try:
        key = serialization.load_pem_private_key(block.encode(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise Refused("unreadable-key") from None
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise Refused("other-key")
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size < SMALLEST_RSA_BITS:
        raise Refused("weak-key")
    return key


def _public(key: object) -> bytes:
    from cryptography.hazmat.primitives import serialization

    made: bytes = key.public_bytes(  # type: ignore[attr-defined]
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return made


def _names(certificate: x509.Certificate) -> list[str]:
    from cryptography import x509

    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return []
    found = (*names.get_values_for_type(x509.DNSName), *map(str, names.get_values_for_type(x509.IPAddress)))
    return [str(each)[:253] for each in found][:50]


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    try:
        answer = read(asked["text"], asked["now_s"])
    except Refused as error:
        answer = {"problem": str(error)}
    json.dump(answer, sys.stdout)
