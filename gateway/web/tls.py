"""The certificate of the https port: made on the first start, renewed in time, never in place of an admin's own."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import logging
import os
import re
import ssl
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.clock import Clock
from gateway.errors import CertificateRefused, ConfigError
from gateway.web.addresses import own_addresses, own_names

_LOGGER = logging.getLogger(__name__)

DAYS = 397
"""How long a certificate is good: what browsers accept at most (CA/Browser Forum)."""
RENEW_DAYS = 30
LOOK_EVERY_S = 3600.0
_DAY_MS = 24 * 3600 * 1000
_MAKE_TIMEOUT_S = 60.0
_OURS = re.compile(r"^# Made by the meeting gateway: (\{.*\})$", re.MULTILINE)
_UPLOADED = re.compile(r"^# Uploaded on the admin page: (\{.*\})$", re.MULTILINE)
_KEY_HEAD = "# Made by the meeting gateway. Put a key and certificate of your own in place of this file and tls.crt.\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    """What we noted in a certificate of ours, in a comment before it."""

    sha256: str
    until_ms: int
    names: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of the certificate in use; `until_ms` (ms UTC) is None for files put there by hand."""

    made_here: bool
    uploaded: bool = False
    until_ms: int | None = None
    names: tuple[str, ...] = ()
    issuer: str = ""


class Certificate:
    """The files `tls.key` and `tls.crt` of the data folder, and the context that a listener uses.

    A certificate of ours is told by a comment in its file. What an admin put there is only read. `also` are further
    names and addresses that people use. `announce` shows a line on the console.
    """

    def __init__(
        self,
        folder: Path,
        clock: Clock,
        *,
        also: tuple[str, ...] = (),
        announce: Callable[[str], None] = lambda line: None,
        addresses: Callable[[], list[str]] = own_addresses,
    ) -> None:
        self.key_file = folder / "tls.key"
        self.file = folder / "tls.crt"
        self.fingerprint = ""
        """SHA-256 of the certificate in use, as browsers show it."""
        self.context = _context()
        self._clock = clock
        self._also = also
        self._announce = announce
        self._addresses = addresses
        self._in_use = self.context
        self._one_at_a_time = asyncio.Lock()
        self.context.sni_callback = self._choose

    async def begin(self) -> None:
        """Make the certificate if there is none, or none that is still good, and load it. Raises ConfigError.

        One that should be renewed and cannot be, on a full disk for example, is used as it is.
        """
        self._finish()
        try:
            await self._renew_if_due()
        except ConfigError as error:
            if not self._usable():
                raise
            _LOGGER.warning("the certificate is not renewed: %s", error)
        self._load()

    def facts(self) -> Facts:
        """Return what is known of the certificate in use. Reads its file."""
        made = self._made()
        if made is not None:
            return Facts(made_here=True, until_ms=made.until_ms, names=tuple(sorted(made.names)))
        noted = self._noted(_UPLOADED)
        if noted is None:
            return Facts(made_here=False)
        names = noted.get("names", [])
        return Facts(
            made_here=False,
            uploaded=True,
            until_ms=int(noted.get("until_ms", 0)),
            names=tuple(map(str, names)),
            issuer=str(noted.get("issuer", "")),
        )

    async def install(self, text: str) -> None:
        """Use the certificate, its chain and its key that stand in `text` (PEM), from the next connection on.

        Raises CertificateRefused, and ConfigError when they cannot be kept; then the one until now stays.
        """
        asked = {"text": text, "now_s": self._clock.now_ms() / 1000}
        read = await _in_a_process_of_its_own("certificate_read.py", asked)
        if problem := read.get("problem"):
            raise CertificateRefused(str(problem))
        certificate = str(read["certificate"])
        noted = {
            "sha256": fingerprint_of(certificate),
            "until_ms": int(float(str(read["until_s"])) * 1000),
            "names": read["names"],
            "issuer": read["issuer"],
        }
        async with self._one_at_a_time:
            await asyncio.to_thread(
                self._put, str(read["key"]), f"# Uploaded on the admin page: {json.dumps(noted)}\n{certificate}"
            )
            self._load()

    async def make_own(self) -> None:
        """Go back to one that the gateway makes itself. Raises ConfigError; then the one until now stays."""
        async with self._one_at_a_time:
            await self._make(self._wanted_names())
            self._load()

    async def keep(self) -> None:
        """Look every hour, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            await self.look_again()

    async def look_again(self) -> None:
        """Renew what ends soon or does not have an address of this machine, and use files that changed."""
        before = self.fingerprint
        try:
            async with self._one_at_a_time:
                await self._renew_if_due()
                self._load()
        except (ConfigError, OSError) as error:
            _LOGGER.warning("the certificate in use stays: %s", error)
            return
        if self.fingerprint != before:
            self._announce(f"New certificate fingerprint (SHA-256): {self.fingerprint}")

    def _choose(self, connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
        """Let a new connection have the certificate of today; open ones keep theirs."""
        connection.context = self._in_use

    def _load(self) -> None:
        try:
            text = self.file.read_text("ascii", "replace")
            fingerprint = fingerprint_of(text)
            if fingerprint == self.fingerprint:
                return
            context = _context()
            context.load_cert_chain(self.file, self.key_file, password=_no_passphrase)
        except (OSError, ValueError) as error:  # an SSLError is an OSError
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            raise ConfigError(
                [
                    f"gateway.listen_tls: the certificate {self.file} with the key {self.key_file} cannot be used "
                    f"({reason}). Put a matching pair in PEM form there, or remove both files: then the gateway makes "
                    "its own."
                ]
            ) from error
        if not self.fingerprint:
            self.context.load_cert_chain(self.file, self.key_file, password=_no_passphrase)
        self._in_use, self.fingerprint = context, fingerprint

    async def _renew_if_due(self) -> None:
        names = self._wanted_names()
        if not self.file.exists() and not self._has_foreign_key():
            await self._make(names)
            return
        made = self._made()
        if made is None:
            return
        now_ms = self._clock.now_ms()
        ends_soon = not now_ms < made.until_ms - RENEW_DAYS * _DAY_MS
        from_the_future = made.until_ms > now_ms + (DAYS + 1) * _DAY_MS
        if ends_soon or from_the_future or not names <= made.names or not self._usable():
            await self._make(names)

    def _wanted_names(self) -> frozenset[str]:
        return frozenset((*own_names(), *self._addresses(), *self._also))

    def _has_foreign_key(self) -> bool:
        """Whether an admin put a key here, and forgot the certificate."""
        try:
            return not self.key_file.read_text("ascii", "replace").startswith(_KEY_HEAD)
        except FileNotFoundError:
            return False
        except OSError:
            return True

    def _made(self) -> _Made | None:
        """Return what we noted in our own certificate, None for one of somebody else."""
        noted = self._noted(_OURS)
        try:
            return (
                _Made(sha256=str(noted["sha256"]), until_ms=int(noted["until_ms"]), names=frozenset(noted["names"]))
                if noted is not None
                else None
            )
        except (ValueError, KeyError, TypeError):
            return None

    def _noted(self, comment: re.Pattern[str]) -> dict[str, Any] | None:
        """Return what we noted before a certificate, None for one of somebody else."""
        try:
            text = self.file.read_text("ascii", "replace")
        except OSError:
            return None
        found = comment.search(text)
        if found is None:
            return None
        try:
            noted: dict[str, Any] = json.loads(found[1])
            return noted if noted["sha256"] == fingerprint_of(text) else None
        except (ValueError, KeyError, TypeError):
            return None

    def _usable(self) -> bool:
        """Whether key and certificate belong together; a power cut may have come between them."""
        try:
            _context().load_cert_chain(self.file, self.key_file, password=_no_passphrase)
        except OSError:
            return False
        return True

    async def _make(self, names: frozenset[str]) -> None:
        try:
            made = await _in_a_process_of_its_own(
                "certificate.py", {"names": sorted(names), "now_s": self._clock.now_ms() / 1000, "days": DAYS}
            )
            certificate = str(made["certificate"])
            noted = {
                "sha256": fingerprint_of(certificate),
                "until_ms": int(float(str(made["until_s"])) * 1000),
                "names": sorted(names),
            }
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise ConfigError([f"gateway.listen_tls: {self.file} cannot be made ({reason})."]) from error
        self._put(_KEY_HEAD + str(made["key"]), f"# Made by the meeting gateway: {json.dumps(noted)}\n{certificate}")

    def _put(self, key: str, certificate: str) -> None:
        """Replace both files, once both are on the disk and fit together. Raises CertificateRefused and ConfigError."""
        fresh_key, fresh = _fresh(self.key_file), _fresh(self.file)
        try:
            try:
                _write(fresh_key, key)
                _write(fresh, certificate)
                _tried(fresh, fresh_key)
            except BaseException:
                fresh_key.unlink(missing_ok=True)
                fresh.unlink(missing_ok=True)
                raise
            fresh_key.replace(self.key_file)
            fresh.replace(self.file)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise ConfigError([f"gateway.listen_tls: {self.file} cannot be made ({reason})."]) from error

    def _finish(self) -> None:
        """End what a power cut came into: with the new key there the new certificate belongs to it."""
        fresh_key, fresh = _fresh(self.key_file), _fresh(self.file)
        with contextlib.suppress(OSError):
            if fresh.exists() and not fresh_key.exists() and not self._usable():
                fresh.replace(self.file)
            fresh_key.unlink(missing_ok=True)
            fresh.unlink(missing_ok=True)


def fingerprint_of(pem: str) -> str:
    """Return the SHA-256 of the first certificate, as pairs of hex digits. Raises ValueError: there is none."""
    found = re.search(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", pem, re.DOTALL)
    if found is None:
        raise ValueError("there is no certificate in the file")
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(found[0])).digest().hex(":").upper()


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


async def _in_a_process_of_its_own(name: str, question: dict[str, object]) -> dict[str, object]:
    """Run a script beside this file: what it needs takes 20 MiB, which are given back when it ends."""
    script = Path(__file__).with_name(name)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",  # the folder of the script is no place to import from
        str(script),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    asked = json.dumps(question).encode()
    try:
        async with asyncio.timeout(_MAKE_TIMEOUT_S):
            out, err = await process.communicate(asked)
    except BaseException:
        if process.returncode is None:
            process.kill()
            await process.wait()
        raise
    if process.returncode != 0:
        last = err.decode("utf-8", "replace").strip().splitlines()[-1:]
        raise ConfigError([f"gateway.listen_tls: {name} failed ({' '.join(last)})."])
    made: dict[str, object] = json.loads(out)
    return made


def _fresh(path: Path) -> Path:
    return path.with_name(path.name + ".new")


def _tried(certificate: Path, key: Path) -> None:
    """Raises CertificateRefused when TLS cannot be spoken with these files."""
    try:
        _context().load_cert_chain(certificate, key, password=_no_passphrase)
    except ssl.SSLError:
        raise CertificateRefused("unusable") from None


def _no_passphrase() -> str:
    """Answer the question for a passphrase, which OpenSSL would else ask at the terminal."""
    return ""


def _write(path: Path, text: str) -> None:
    """Write a file that only the gateway's user may read, to the disk."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
