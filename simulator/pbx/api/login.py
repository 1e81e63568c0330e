"""Who may use the UCM's API: permitted addresses, challenge, token, cookie, pace and ban; actions are elsewhere."""

from __future__ import annotations

import hashlib
import hmac
import random
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network

from simulator.pbx.api.codes import Code, Refused

COOKIE_LIFE_S = 600.0
FAILURES = 5
FAILURE_WINDOW_S = 600.0
BAN_S = 600.0
PACE_WINDOW_S = 10.0
_SESSIONS = 64
_SOURCES = 256


@dataclass(slots=True, kw_only=True)
class Source:
    """What is remembered of one address: instants are seconds of the simulator's clock."""

    challenges: deque[str] = field(default_factory=lambda: deque(maxlen=8))
    failures: deque[float] = field(default_factory=lambda: deque(maxlen=FAILURES))
    banned_until_s: float = 0.0
    calls: deque[float] = field(default_factory=deque)
    held_until_s: float = 0.0


class Login:
    """`now_s` is the simulator's clock in seconds; `permitted` empty lets every address in, as new firmware does."""

    def __init__(
        self, *, user: str, password: str, permitted: Sequence[str], now_s: Callable[[], float], rng: random.Random
    ) -> None:
        self.user = user
        self.password = password
        self.permitted = list(permitted)
        self._now_s = now_s
        self._rng = rng
        self.cookies: dict[str, float] = {}
        self.sources: dict[str, Source] = {}

    def __repr__(self) -> str:
        """Without the password."""
        return f"Login({self.user!r})"

    @property
    def permitted(self) -> list[str]:
        """Addresses and networks that may call; an empty list lets everybody in."""
        return [str(one) for one in self._networks]

    @permitted.setter
    def permitted(self, given: Sequence[str]) -> None:
        """ValueError when one of them is neither an address nor a network."""
        self._networks = [ip_network(one, strict=False) for one in given]

    def admit(self, address: str, hurry: int | None) -> None:
        """Refused with -47 for an address that is not permitted, -45 or -57 for one that asks too often."""
        if self._networks and not self._is_permitted(address):
            raise Refused(Code.NO_PERMISSION, f"{address} is not among the permitted addresses")
        if hurry is not None:
            self._pace(self._source(address), hurry)

    def is_banned(self, address: str) -> bool:
        """Whether the address failed to log in too often."""
        source = self.sources.get(address)
        return source is not None and source.banned_until_s > self._now_s()

    def challenge(self, address: str, user: object) -> str:
        """A new challenge of 16 digits; the name is not judged yet."""
        if not isinstance(user, str) or not user:
            raise Refused(Code.INVALID_PARAMETERS, "a challenge names its user")
        self._refuse_banned(address)
        made = f"{self._rng.randrange(10**16):016d}"
        self._source(address).challenges.append(made)
        return made

    def log_in(self, address: str, user: object, token: object) -> str:
        """A cookie for the right token, which is the MD5 of challenge and password; Refused -37, -68, -70."""
        if not isinstance(user, str) or not isinstance(token, str) or not user or not token:
            raise Refused(Code.INVALID_PARAMETERS, "a login has user and token")
        self._refuse_banned(address)
        source = self._source(address)
        wanted = [hashlib.md5((one + self.password).encode()).hexdigest() for one in source.challenges]  # noqa: S324
        right = [made for made in wanted if hmac.compare_digest(made.encode(), token.encode())]
        if user != self.user or not right:
            self._fail(source)
        source.challenges.clear()
        source.failures.clear()
        return self._new_cookie()

    def check(self, cookie: object) -> None:
        """Refused with -5 when there is no cookie, -6 when it is unknown or older than ten minutes."""
        if cookie is None or cookie == "":
            raise Refused(Code.NEED_AUTHENTICATION, "the call has no cookie")
        until_s = self.cookies.get(cookie) if isinstance(cookie, str) else None
        if until_s is None or until_s <= self._now_s():
            raise Refused(Code.COOKIE, "the cookie is unknown or has expired")

    def expire_cookies(self) -> None:
        """Forget every cookie, as a restart does."""
        self.cookies.clear()

    def unban(self) -> None:
        """Forget failures and bans."""
        self.sources.clear()

    def _is_permitted(self, address: str) -> bool:
        try:
            asked = ip_address(address)
        except ValueError:
            return False
        asked = getattr(asked, "ipv4_mapped", None) or asked
        return any(asked in one for one in self._networks)

    def _refuse_banned(self, address: str) -> None:
        if self.is_banned(address):
            raise Refused(Code.LOGIN_FORBIDDEN, f"{address} is banned")

    def _fail(self, source: Source) -> None:
        now_s = self._now_s()
        source.failures.append(now_s)
        if len(source.failures) == FAILURES and source.failures[0] > now_s - FAILURE_WINDOW_S:
            source.banned_until_s = now_s + BAN_S
            source.failures.clear()
            raise Refused(Code.LOGIN_RESTRICTED, "too many failures; the address is banned now")
        raise Refused(Code.WRONG_ACCOUNT, "wrong account or password")

    def _new_cookie(self) -> str:
        now_s = self._now_s()
        cookie = f"sid{self._rng.randrange(10**9):09d}-{int(now_s)}"
        self.cookies[cookie] = now_s + COOKIE_LIFE_S
        while len(self.cookies) > _SESSIONS:
            del self.cookies[next(iter(self.cookies))]
        return cookie

    def _source(self, address: str) -> Source:
        source = self.sources.pop(address, None) or Source()
        self.sources[address] = source
        while len(self.sources) > _SOURCES:
            del self.sources[next(iter(self.sources))]
        return source

    def _pace(self, source: Source, hurry: int) -> None:
        now_s = self._now_s()
        if source.held_until_s > now_s:
            source.held_until_s = now_s + 60.0
            raise Refused(Code.TOO_FREQUENT_60_S, "asked again while it should have waited")
        while source.calls and source.calls[0] <= now_s - PACE_WINDOW_S:
            source.calls.popleft()
        if len(source.calls) >= hurry:
            source.calls.clear()
            source.held_until_s = now_s + 15.0
            raise Refused(Code.TOO_FREQUENT_15_S, f"more than {hurry} calls in ten seconds")
        source.calls.append(now_s)
