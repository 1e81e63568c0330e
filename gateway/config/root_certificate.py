"""A root certificate that is trusted beside the usual ones: what is taken as one, what it says; nobody is called."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gateway.config.values import Refused
from gateway.messages.languages import tr

MOST_CHARACTERS = 65_536
MOST_CERTIFICATES = 10
_BLOCK = re.compile(r"-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----")


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """One certificate: whom it names, its SHA-256 as people compare it, and from when to when it counts (ms UTC)."""

    subject: str
    fingerprint: str
    from_ms: int
    until_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RootCertificate:
    """Certificates in PEM form; `file` is where they stand, empty when the setting itself holds them.

    What a setting says is either the certificate itself or the name of its file, which `opened` reads.
    """

    pem: str = field(default="", repr=False)
    file: str = ""

    @classmethod
    def parse(cls, value: object) -> RootCertificate:
        """Read what a setting says. Raises Refused."""
        if isinstance(value, str) and "-----BEGIN" in value:
            return cls(pem=checked(value))
        if isinstance(value, str) and 0 < len(value) <= 4096 and value.isprintable():
            return cls(file=value)
        raise Refused(tr("must be the name of a file, or a certificate in PEM form"), shows_value=False)

    def opened(self, folder: Path) -> RootCertificate:
        """Return it with what stands in its file, which a relative name looks for in `folder`. Raises Refused."""
        if not self.file:
            return self
        path = (folder / self.file).absolute()
        try:
            with path.open("rb") as file:
                data = file.read(MOST_CHARACTERS + 1)
        except OSError as error:
            text = tr(": The file %(path)s cannot be read (%(reason)s).", path=path, reason=error.strerror)
            raise Refused(text) from error
        return RootCertificate(pem=checked(pem_of(data)), file=str(path))

    def roots(self) -> tuple[Root, ...]:
        """Return what the certificates say, in their order."""
        return tuple(_root(found, der) for found, der in _read(self.pem))

    def __str__(self) -> str:
        return self.file or "; ".join(each.subject for each in self.roots())


def pem_of(data: bytes) -> str:
    """Return a file as text in PEM form; a certificate in DER form, as Windows saves it, is put into it."""
    import ssl

    if data[:2] in (b"\x30\x82", b"\x30\x81"):  # a SEQUENCE (X.690) of the size of a certificate
        return ssl.DER_cert_to_PEM_cert(data)
    return data.decode("ascii", "replace")


def checked(text: str) -> str:
    """Return the certificates that stand in a text, and nothing else of it. Raises Refused with the reason."""
    if len(text) > MOST_CHARACTERS:
        raise Refused(tr(": The file is larger than 64 kB. Choose the one with the root certificate alone."))
    if "PRIVATE KEY-----" in text:
        raise Refused(
            tr(": There is a private key in the file. Keep it where it is: only the certificate is wanted here.")
        )
    blocks = _BLOCK.findall(text)
    if not blocks:
        raise Refused(
            tr(": There is no certificate in the file: it begins with -----BEGIN CERTIFICATE----- in its usual form.")
        )
    if len(blocks) > MOST_CERTIFICATES:
        raise Refused(tr(": There are more than 10 certificates in the file. Leave only your root certificate."))
    pem = "".join(f"{block}\n" for block in blocks)
    found = _read(pem)
    if not any(each["subject"] == each["issuer"] for each, _ in found):
        issuer = _name(found[0][0]["issuer"])
        text = tr(
            ": It was signed by %(issuer)s. Choose that one: only a root certificate signs itself.", issuer=issuer
        )
        raise Refused(text)
    return pem


def _read(pem: str) -> list[tuple[dict[str, Any], bytes]]:
    """Return the certificates as Python's ssl describes them, and in DER form. Raises Refused."""
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cadata=pem)
        found, every = context.get_ca_certs(), context.get_ca_certs(binary_form=True)
    except (ssl.SSLError, ValueError):
        raise Refused(
            tr(": A certificate in the file is damaged. Copy the file again from where you got it.")
        ) from None
    if context.cert_store_stats()["x509"] != len(every):
        raise Refused(
            tr(
                ": It is the certificate of a server, and signs no others. Choose the root certificate of your "
                "company, which signed it."
            )
        )
    return list(zip(found, every, strict=True))


def _root(found: dict[str, Any], der: bytes) -> Root:
    import hashlib
    import ssl

    digits = hashlib.sha256(der).hexdigest().upper()
    return Root(
        subject=_name(found["subject"]),
        fingerprint=":".join(digits[at : at + 2] for at in range(0, len(digits), 2)),
        from_ms=int(ssl.cert_time_to_seconds(found["notBefore"])) * 1000,
        until_ms=int(ssl.cert_time_to_seconds(found["notAfter"])) * 1000,
    )


def _name(parts: tuple[tuple[tuple[str, str], ...], ...]) -> str:
    """Return what people call it: the common name, or all that there is."""
    pairs = [pair for part in parts for pair in part]
    common = [value for kind, value in pairs if kind == "commonName"]
    text = common[-1] if common else ", ".join(value for _, value in pairs)
    return "".join(each for each in text if each.isprintable())[:120]
