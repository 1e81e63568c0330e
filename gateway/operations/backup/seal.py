"""Locks the bytes of a backup with a passphrase, piece by piece, and opens them again; what is in them is not known."""

from __future__ import annotations

import json
import secrets
import struct
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING, Any

from gateway.errors import CatalogueError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MAGIC = b"MEETING-GATEWAY-BACKUP-1\n"
PIECE_BYTES = 1024 * 1024
_TAG_BYTES = 16
_MOST_HEAD_BYTES = 1024
MEMORY_KIB, ROUNDS = 48 * 1024, 2
"""What one guess at a passphrase costs."""
_MOST_MEMORY_KIB, _MOST_ROUNDS = 256 * 1024, 10
_LAST = 1


def is_locked(beginning: bytes) -> bool:
    """Whether these are the first bytes of a locked backup."""
    return beginning.startswith(MAGIC)


class Lock:
    """Writes to `out` what is locked with `passphrase` (argon2id, AES-256-GCM); `close` ends it, not `out`.

    Every piece has a number, and the last one says that it is: what is cut off, left out or exchanged is noticed.
    """

    def __init__(self, out: IO[bytes], passphrase: str, *, memory_kib: int = MEMORY_KIB, rounds: int = ROUNDS) -> None:
        salt, self._prefix = secrets.token_bytes(16), secrets.token_bytes(7)
        head = {"kdf": "argon2id", "m": memory_kib, "t": rounds, "salt": salt.hex(), "nonce": self._prefix.hex()}
        line = json.dumps(head).encode("ascii") + b"\n"
        self._cipher = _cipher(passphrase, salt, memory_kib, rounds)
        self._out, self._head, self._number = out, MAGIC + line, 0
        self._waiting = bytearray()
        out.write(self._head)
        self._put(b"", last=False)  # by which a wrong passphrase is told from a damaged file

    def write(self, data: bytes) -> int:
        """Take some bytes."""
        self._waiting += data
        while len(self._waiting) > PIECE_BYTES:
            self._put(bytes(self._waiting[:PIECE_BYTES]), last=False)
            del self._waiting[:PIECE_BYTES]
        return len(data)

    def close(self) -> None:
        """Write what is left."""
        self._put(bytes(self._waiting), last=True)
        self._waiting.clear()

    def _put(self, piece: bytes, *, last: bool) -> None:
        nonce = _nonce(self._prefix, self._number, last=last)
        self._out.write(self._cipher.encrypt(nonce, piece, self._head))
        self._number += 1


def unlocked(source: IO[bytes], passphrase: str) -> Iterator[bytes]:
    """Return the pieces of what was locked. Raises CatalogueError C-05 for another passphrase, C-07 for damage."""
    from cryptography.exceptions import InvalidTag

    head, prefix, cipher = _opened(source, passphrase)
    first, number = source.read(_TAG_BYTES), 1
    try:
        cipher.decrypt(_nonce(prefix, 0, last=False), first, head)
    except InvalidTag:
        raise refused("C-05") from None
    piece = source.read(PIECE_BYTES + _TAG_BYTES)
    while True:
        following = source.read(PIECE_BYTES + _TAG_BYTES)
        try:
            yield cipher.decrypt(_nonce(prefix, number, last=not following), piece, head)
        except (InvalidTag, ValueError):
            raise refused("C-07", reason="It is damaged, or not complete") from None
        if not following:
            return
        piece, number = following, number + 1


def refused(code: str, **values: str) -> CatalogueError:
    """Return the error of that code."""
    from gateway import messages

    return CatalogueError(code, str(messages.text(code, **values)), values=values)


def _opened(source: IO[bytes], passphrase: str) -> tuple[bytes, bytes, AESGCM]:
    magic, line = source.read(len(MAGIC)), source.readline(_MOST_HEAD_BYTES)
    try:
        head: dict[str, Any] = json.loads(line)
        salt, prefix = bytes.fromhex(head["salt"]), bytes.fromhex(head["nonce"])
        memory_kib, rounds = int(head["m"]), int(head["t"])
        sound = head["kdf"] == "argon2id" and len(salt) == 16 and len(prefix) == 7
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise refused("C-07", reason="It is no backup of the gateway") from None
    if not (sound and 8 <= memory_kib <= _MOST_MEMORY_KIB and 1 <= rounds <= _MOST_ROUNDS):
        raise refused("C-07", reason="It is no backup of the gateway")
    return magic + line, prefix, _cipher(passphrase, salt, memory_kib, rounds)


def _cipher(passphrase: str, salt: bytes, memory_kib: int, rounds: int) -> AESGCM:
    from argon2.low_level import Type, hash_secret_raw
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    key = hash_secret_raw(
        passphrase.encode("utf-8", "surrogatepass"),
        salt,
        time_cost=rounds,
        memory_cost=memory_kib,
        parallelism=1,
        hash_len=32,
        type=Type.ID,
    )
    return AESGCM(key)


def _nonce(prefix: bytes, number: int, *, last: bool) -> bytes:
    return prefix + struct.pack(">IB", number, _LAST if last else 0)
