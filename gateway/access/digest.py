"""HTTP Digest (RFC 7616): challenges, and whether an answer to one is right; whose key it should be is told by others.

A challenge is not kept: its nonce proves by itself when it was made. Kept is only how often each nonce was used.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections import OrderedDict
from collections.abc import Callable, Mapping
from enum import StrEnum

from gateway.clock import Clock
from gateway.domain.secret import Secret

REALM = "device"
NONCE_LIVES_S = 300
MOST_NONCES = 4096
_STAMP_BYTES, _SALT_BYTES, _PROOF_BYTES = 6, 6, 18
_HASHES: Mapping[str, Callable[[bytes], hashlib._Hash]] = {
    "SHA-256": hashlib.sha256,
    # Phones and PBXs of RFC 2617 know nothing else; offered only where a profile says so.
    "MD5": lambda data: hashlib.md5(data, usedforsecurity=False),
}
_PARAMETER = re.compile(r'\s*([A-Za-z*]{1,32})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",]+))\s*(?:,|$)', re.ASCII)
_COUNT = re.compile(r"[0-9a-fA-F]{8}", re.ASCII)
_ONCE = frozenset({"username", "realm", "nonce", "uri", "response", "algorithm", "cnonce", "opaque", "qop", "nc"})


class Verdict(StrEnum):
    """What an answer to a challenge is."""

    RIGHT = "right"
    STALE = "stale"
    """The key is right, the nonce too old or used before: the device may try again with a new one."""
    WRONG = "wrong"


class Digests:
    """Makes challenges and judges answers.

    `algorithms` of a call are `SHA-256` and `MD5`, the preferred one first. Memory is bounded: of more than
    `MOST_NONCES` nonces in use the oldest count as stale.
    """

    def __init__(self, clock: Clock, realm: str = REALM) -> None:
        self._clock = clock
        self._realm = realm
        self._secret = secrets.token_bytes(32)
        self._used: OrderedDict[str, int] = OrderedDict()
        self._oldest_ms = 0

    def __len__(self) -> int:
        """How many nonces are remembered."""
        return len(self._used)

    def challenges(self, algorithms: tuple[str, ...], *, stale: bool = False) -> list[str]:
        """Return a `WWW-Authenticate` value for each algorithm, all with one new nonce."""
        nonce = self._new_nonce()
        again = ", stale=true" if stale else ""
        return [
            f'Digest realm="{self._realm}", qop="auth", algorithm={algorithm}, nonce="{nonce}", charset=UTF-8{again}'
            for algorithm in algorithms
        ]

    def judge(
        self, said: Mapping[str, str], key: Secret, algorithms: tuple[str, ...], *, method: str, target: str
    ) -> Verdict:
        """Say what an answer is worth; `target` is the request's path and query as they were sent."""
        algorithm = said.get("algorithm", "MD5").upper()
        if algorithm not in algorithms or said.get("realm") != self._realm or said.get("uri") != target:
            return Verdict.WRONG
        count = said.get("nc", "")
        if said.get("qop") != "auth" or not _COUNT.fullmatch(count) or not said.get("cnonce"):
            return Verdict.WRONG
        shown = said.get("response", "").lower().encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(self._expected(said, key, algorithm, method).encode("ascii"), shown):
            return Verdict.WRONG
        return self._use(said.get("nonce", ""), int(count, 16))

    def _expected(self, said: Mapping[str, str], key: Secret, algorithm: str, method: str) -> str:
        def digest(text: str) -> str:
            return _HASHES[algorithm](text.encode("utf-8", "surrogateescape")).hexdigest()

        who = digest(f"{said.get('username', '')}:{self._realm}:{key.reveal()}")
        what = digest(f"{method}:{said['uri']}")
        return digest(f"{who}:{said.get('nonce', '')}:{said['nc']}:{said['cnonce']}:auth:{what}")

    def _new_nonce(self) -> str:
        made = self._clock.now_ms().to_bytes(_STAMP_BYTES) + secrets.token_bytes(_SALT_BYTES)
        return base64.urlsafe_b64encode(made + self._proof(made)).decode("ascii")

    def _proof(self, made: bytes) -> bytes:
        return hmac.digest(self._secret, made, "sha256")[:_PROOF_BYTES]

    def _made_ms(self, nonce: str) -> int | None:
        """Return when this nonce was made; None when it is not one of ours."""
        if len(nonce) != (_STAMP_BYTES + _SALT_BYTES + _PROOF_BYTES) * 4 // 3 or not nonce.isascii():
            return None
        try:
            raw = base64.urlsafe_b64decode(nonce)
        except ValueError:
            return None
        made, proof = raw[: _STAMP_BYTES + _SALT_BYTES], raw[_STAMP_BYTES + _SALT_BYTES :]
        if not hmac.compare_digest(self._proof(made), proof):
            return None
        return int.from_bytes(made[:_STAMP_BYTES])

    def _use(self, nonce: str, count: int) -> Verdict:
        """Take note that a nonce was used for the `count`-th time; each count is good once, and only upwards."""
        made_ms = self._made_ms(nonce)
        if made_ms is None:  # of before a restart, or of nobody: the key is right all the same
            return Verdict.STALE
        age_ms = self._clock.now_ms() - made_ms
        used = self._used.get(nonce)
        forgotten = used is None and made_ms <= self._oldest_ms
        if not 0 <= age_ms <= NONCE_LIVES_S * 1000 or forgotten or count <= (used or 0):
            return Verdict.STALE
        self._used[nonce] = count
        self._used.move_to_end(nonce)
        if len(self._used) > MOST_NONCES:
            dropped, _ = self._used.popitem(last=False)
            self._oldest_ms = max(self._oldest_ms, self._made_ms(dropped) or 0)
        return Verdict.RIGHT


def parameters(value: str) -> dict[str, str] | None:
    """The parameters of `Digest …` without the scheme, names in lower case; None when they cannot be read."""
    said: dict[str, str] = {}
    place = 0
    while place < len(value):
        found = _PARAMETER.match(value, place)
        if found is None:
            return None
        name = found[1].lower()
        if name in said:
            return None
        said[name] = re.sub(r"\\(.)", r"\1", found[2]) if found[2] is not None else found[3]
        place = found.end()
    return said if said else None
