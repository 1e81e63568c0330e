"""The key file beside the database and what it seals; which rows hold sealed text is decided by their own modules."""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import logging
import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.errors import StoreError, StoreRefused

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

KEY_NAME = "secret.key"
_KEY_BYTES = 32

_log = logging.getLogger(__name__)


class VaultError(StoreError):
    """A sealed value was not sealed with this key file."""

    code = "vault"


class Vault:
    """Seals short texts (Fernet: AES-128-CBC and HMAC-SHA256) with the key in `secret.key`."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._fernet: Fernet | None = None

    @classmethod
    def open(cls, data_dir: Path) -> Vault:
        """Read the key of `data_dir`, making folder (0700) and key (0600) when they are not there yet.

        Looser permissions are tightened. Raises StoreRefused when the key is damaged or cannot be read or made.
        """
        path = data_dir / KEY_NAME
        try:
            data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            _tighten(data_dir, 0o700)
            if not path.exists():
                _make(path)
            for left in data_dir.glob(f".{KEY_NAME}.*"):  # of a start that was cut short
                left.unlink(missing_ok=True)
            _tighten(path, 0o600)
            text = path.read_bytes()
        except OSError as error:
            raise StoreRefused(
                f"The key file {path} cannot be used: {error.strerror or type(error).__name__}. "
                "Give the gateway's user that file and its folder."
            ) from error
        return cls(_decoded(text, path))

    def seal(self, text: str) -> bytes:
        """Encrypt `text`; the result holds its own nonce and authentication."""
        return self._cipher().encrypt(text.encode("utf-8"))

    def unseal(self, sealed: bytes) -> str:
        """Return what was sealed. Raises VaultError when it was sealed with another key, or changed."""
        from cryptography.fernet import InvalidToken

        try:
            return self._cipher().decrypt(sealed).decode("utf-8")
        except InvalidToken:
            raise VaultError(
                f"The key file {KEY_NAME} does not fit this database. Restore the key file that belongs to it, "
                "or sign in at Google again."
            ) from None

    @property
    def fingerprint_key(self) -> bytes:
        """A key for keyed hashes (32 bytes), derived so that it tells nothing about the sealing key."""
        return hashlib.blake2b(self._key, digest_size=32, person=b"fingerprints").digest()

    def _cipher(self) -> Fernet:
        # Imported when first used: a gateway without an account or a PIN never pays for the cryptography package.
        from cryptography.fernet import Fernet

        if self._fernet is None:
            self._fernet = Fernet(base64.urlsafe_b64encode(self._key))
        return self._fernet


def _tighten(path: Path, mode: int) -> None:
    loose = path.stat().st_mode & 0o777 & ~mode
    if loose:
        path.chmod(mode)
        _log.warning("%s could be read by others; its mode is now %o", path, mode)


def _make(path: Path) -> None:
    """Write a new key beside its place and link it in when it is on disk.

    A half-written key can therefore never stand under the real name, and of two processes that start together one
    wins (`link` refuses an existing name, or the winner has swept the new key away) and both use the winner's key.
    """
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(base64.urlsafe_b64encode(secrets.token_bytes(_KEY_BYTES)) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError, FileNotFoundError):
            os.link(fresh, path)
    finally:
        fresh.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _decoded(text: bytes, path: Path) -> bytes:
    with contextlib.suppress(binascii.Error, ValueError):
        key = base64.b64decode(text.strip(), altchars=b"-_", validate=True)
        if len(key) == _KEY_BYTES:
            return key
    raise StoreRefused(
        f"The key file {path} is damaged. Restore it from a backup. Without it the stored sign-in and PINs are lost: "
        "then move the file away, start again, and sign in at Google again."
    )
