"""How long a session lives: found by its cookie, kept by use, ended in time; who gets one is decided elsewhere."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from gateway.access.tokens import form_token, is_cookie, key_of
from gateway.clock import Clock
from gateway.errors import StoreFull, StoreUnavailable
from gateway.store import sessions
from gateway.store.database import Database
from gateway.store.sessions import SessionRow

IDLE_S = 30 * 60
LONGEST_S = 12 * 3600
PROVED_S = 10 * 60
"""How long a password that was entered counts for what replaces secrets."""
SEEN_EVERY_S = 60
"""How often the last use is written down; flash wears out."""
_SKEW_MS = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Somebody who is signed in. `key` is the hex SHA-256 of the cookie; `csrf` is what the forms carry.

    `proved` says that the password was entered within the last 10 minutes. `used` is awaited when a person used the
    session; a page that refreshes itself is no use.
    """

    key: str
    user_id: int
    user: str
    csrf: str
    proved: bool
    used: Callable[[], Awaitable[None]] = field(repr=False, compare=False)


@dataclass(slots=True)
class _Watch:
    """When a session began, was used and was proved, on the clock that nobody can set (s)."""

    started_s: float
    seen_s: float
    proved_s: float


class SessionLife:
    """Sessions over time. The machine's clock may jump: no session outlives its limits by that."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._watches: dict[bytes, _Watch] = {}
        self._followers: list[Callable[[str], Awaitable[None]]] = []

    def follow(self, ended: Callable[[str], Awaitable[None]]) -> None:
        """Call `ended` with the origin of every session that ends."""
        self._followers.append(ended)

    async def session(self, cookie: str) -> Session | None:
        """Return the session of a cookie while it lives; it ends in time unless it is said to be used."""
        if not is_cookie(cookie):
            return None
        key = key_of(cookie)
        row = await self._database.read(lambda conn: sessions.find(conn, key))
        if row is None:
            self._watches.pop(key, None)
            return None
        now_ms, now_s = self._clock.now_ms(), self._clock.monotonic_s()
        watch = self._watch(row, now_ms, now_s)
        if watch is None or now_s - watch.started_s >= LONGEST_S or now_s - watch.seen_s >= IDLE_S:
            return None

        async def used() -> None:
            watch.seen_s = now_s
            if abs(now_ms - row.seen_at) >= SEEN_EVERY_S * 1000:
                with contextlib.suppress(StoreFull, StoreUnavailable):  # whoever comes to mend the disk is let in
                    await self._database.write(lambda conn: sessions.seen(conn, key, now_ms))

        return Session(
            key=key.hex(),
            user_id=row.user_id,
            user=row.user,
            csrf=form_token(cookie),
            proved=now_s - watch.proved_s < PROVED_S,
            used=used,
        )

    def proved(self, session: Session) -> None:
        """The password was entered now."""
        watch = self._watches.get(bytes.fromhex(session.key))
        if watch is not None:
            watch.proved_s = self._clock.monotonic_s()

    async def end_old(self) -> None:
        """End the sessions that are over by the machine's clock."""
        now_ms = self._clock.now_ms()
        started_before, seen_before = now_ms - LONGEST_S * 1000, now_ms - (IDLE_S + SEEN_EVERY_S) * 1000
        if await self._database.read(
            lambda conn: sessions.any_old(conn, started_before=started_before, seen_before=seen_before)
        ):
            await self.ended(
                await self._database.write(
                    lambda conn: sessions.end_old(conn, started_before=started_before, seen_before=seen_before)
                )
            )

    async def ended(self, keys: list[bytes]) -> None:
        """Forget what is known of these sessions, and tell those who follow."""
        for key in keys:
            self._watches.pop(key, None)
            for follower in self._followers:
                await follower(f"session:{key.hex()}")

    def _watch(self, row: SessionRow, now_ms: int, now_s: float) -> _Watch | None:
        """Return the session's times; None when it is over by the machine's clock, or from the future."""
        if now_ms - row.started_at >= LONGEST_S * 1000 or now_ms - row.seen_at >= (IDLE_S + SEEN_EVERY_S) * 1000:
            return None
        watch = self._watches.get(row.id_hash)
        if watch is None:
            if row.started_at > now_ms + _SKEW_MS:
                return None
            watch = self._watches[row.id_hash] = _Watch(
                started_s=_ago(row.started_at, now_ms, now_s),
                seen_s=_ago(row.seen_at, now_ms, now_s),
                proved_s=_ago(row.proved_at, now_ms, now_s),
            )
        return watch


def _ago(at_ms: int, now_ms: int, now_s: float) -> float:
    return now_s - max(0, now_ms - at_ms) / 1000
