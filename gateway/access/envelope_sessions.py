"""Challenge, login and cookie of the UCM HTTPS API: who is logged in, and who guessed too often; no bytes, no actions.

The key itself never travels: a device proves it by the MD5 of a challenge with its key, as real units ask of their
clients (Grandstream "HTTPS API" guide). Everything is in memory and bounded; after a restart devices log in again.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections import OrderedDict, deque
from dataclasses import dataclass, field

from gateway.access.gate import source_subject
from gateway.clock import Clock
from gateway.domain.secret import Secret
from gateway.errors import GatewayError

CHALLENGE_LIVES_S = 60.0
COOKIE_LIVES_S = 600.0
MOST_CHALLENGES, MOST_CHALLENGES_OF_SOURCE = 1024, 16
MOST_COOKIES, MOST_COOKIES_OF_DEVICE = 1024, 8
TRIES, TRIES_WINDOW_S = 5, 600.0
"""Wrong logins in ten minutes; a UCM bans after as many (UCM630X manual, Fail2ban)."""
MOST_GUESSERS = 4096
_NOBODY = Secret(secrets.token_hex(32))


class LoginRestricted(GatewayError):
    """Too many wrong logins; the right one is not looked at either until the time is over."""

    code = "login-restricted"


@dataclass(slots=True)
class _Challenge:
    user: str
    source: str
    until_s: float


@dataclass(slots=True)
class _Session:
    device: str
    proof: bytes
    """The SHA-256 of the key that opened it: a session ends with its key."""
    until_s: float


@dataclass(slots=True)
class _Guesser:
    failed_s: deque[float] = field(default_factory=lambda: deque(maxlen=TRIES))


class EnvelopeSessions:
    """The devices that are logged in. `source` is an IP address, `user` what the caller calls itself."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._challenges: OrderedDict[str, _Challenge] = OrderedDict()
        self._sessions: OrderedDict[bytes, _Session] = OrderedDict()
        self._guessers: OrderedDict[tuple[str, str], _Guesser] = OrderedDict()

    def challenge(self, source: str, user: str) -> str:
        """Return 16 digits that are good for one login; whether there is such a user is not told."""
        now_s, subject = self._clock.monotonic_s(), source_subject(source)
        self._drop_old_challenges(now_s)
        own = [text for text, each in self._challenges.items() if each.source == subject]
        if len(own) >= MOST_CHALLENGES_OF_SOURCE:
            del self._challenges[own[0]]
        elif len(self._challenges) >= MOST_CHALLENGES:
            self._challenges.popitem(last=False)
        text = f"{secrets.randbelow(10**16):016d}"
        self._challenges[text] = _Challenge(user=user, source=subject, until_s=now_s + CHALLENGE_LIVES_S)
        return text

    def login(self, source: str, user: str, token: str, *, device: str, keys: tuple[Secret, ...]) -> str | None:
        """Return a new cookie for `device` when `token` proves one of its `keys`, else None.

        No keys are those of an unknown device; the answer takes as long. Raises LoginRestricted.
        """
        now_s, guesser = self._clock.monotonic_s(), (source_subject(source), user)
        self._check_guesses(guesser, now_s)
        self._drop_old_challenges(now_s)
        said, proven = token.lower().encode("utf-8", "replace"), None
        own = [text for text, each in self._challenges.items() if (each.source, each.user) == guesser]
        for text in own:
            for key in keys or (_NOBODY,):
                if hmac.compare_digest(_token(text, key), said) and keys:
                    proven = (text, key)
        for text in own if proven is None else (proven[0],):  # every challenge is good for one try
            del self._challenges[text]
        if proven is None:
            self._note_failure(guesser, now_s)
            return None
        self._guessers.pop(guesser, None)
        return self._new_cookie(device, _proof(proven[1]), now_s)

    def find(self, cookie: str) -> tuple[str, bytes] | None:
        """Return whose cookie it is and the SHA-256 of the key it was opened with; None when it is over or nobody's."""
        session = self._sessions.get(_hash(cookie))
        if session is None:
            return None
        if self._clock.monotonic_s() >= session.until_s:
            del self._sessions[_hash(cookie)]
            return None
        return session.device, session.proof

    def held(self) -> dict[str, int]:
        """Return how much is in memory, by kind."""
        return {
            "challenges": len(self._challenges),
            "cookies": len(self._sessions),
            "guessers": len(self._guessers),
        }

    def _new_cookie(self, device: str, proof: bytes, now_s: float) -> str:
        own = [name for name, each in self._sessions.items() if each.device == device]
        if len(own) >= MOST_COOKIES_OF_DEVICE:
            del self._sessions[own[0]]
        elif len(self._sessions) >= MOST_COOKIES:
            self._sessions.popitem(last=False)
        cookie = f"sid{secrets.randbits(128)}-{self._clock.now_ms() // 1000}"
        self._sessions[_hash(cookie)] = _Session(device=device, proof=proof, until_s=now_s + COOKIE_LIVES_S)
        return cookie

    def _drop_old_challenges(self, now_s: float) -> None:
        while self._challenges and next(iter(self._challenges.values())).until_s <= now_s:
            self._challenges.popitem(last=False)

    def _check_guesses(self, guesser: tuple[str, str], now_s: float) -> None:
        known = self._guessers.get(guesser)
        if known is None or len(known.failed_s) < TRIES:
            return
        wait_s = known.failed_s[0] + TRIES_WINDOW_S - now_s
        if wait_s > 0:
            raise LoginRestricted(
                f"{TRIES} wrong logins within ten minutes. Compare user name and key with the gateway's settings; "
                f"the next try is looked at in {-(-wait_s // 60):.0f} minutes."
            )

    def _note_failure(self, guesser: tuple[str, str], now_s: float) -> None:
        known = self._guessers.setdefault(guesser, _Guesser())
        known.failed_s.append(now_s)
        self._guessers.move_to_end(guesser)
        if len(self._guessers) > MOST_GUESSERS:
            self._guessers.popitem(last=False)


def _token(challenge: str, key: Secret) -> bytes:
    """What a device sends: the MD5 of challenge and key, in hexadecimal digits; the API knows no other hash."""
    said = (challenge + key.reveal()).encode("utf-8", "replace")
    return hashlib.md5(said, usedforsecurity=False).hexdigest().encode("ascii")


def _proof(key: Secret) -> bytes:
    return hashlib.sha256(key.reveal().encode("utf-8")).digest()


def _hash(cookie: str) -> bytes:
    return hashlib.sha256(cookie.encode("utf-8", "replace")).digest()
