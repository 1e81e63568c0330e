"""How often somebody may try a password or a code; whether it was the right one is found out by others."""

from __future__ import annotations

import hashlib
import ipaddress
import sqlite3

from gateway import messages
from gateway.clock import Clock
from gateway.errors import AccessError
from gateway.store import audit, throttle
from gateway.store.database import Database
from gateway.store.throttle import Failures

TRIES, WINDOW_MS = 5, 5 * 60 * 1000
"""Wrong tries of one source in five minutes."""
TRIES_OF_ACCOUNT, PAUSE_MS = 100, 60 * 1000
"""Wrong tries for one account in a row (NIST SP 800-63B §5.2.2). From then on one a minute: nobody is locked out."""
FORGET_MS = 24 * 3600 * 1000


class Gate:
    """Counts a try before it is looked at, so that many at the same time are as many; the count survives a restart."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def enter(self, source: str, account: str = "") -> None:
        """Count a try of `source` (an IP address), for an account if it is for one. Raises AccessError A-02."""
        now_ms = self._clock.now_ms()
        wait_ms = await self._database.write(lambda conn: _enter(conn, source, account, now_ms))
        if wait_ms > 0:
            minutes = str(-(-wait_ms // 60_000))
            values = {"n": minutes, "retry_after_s": str(-(-wait_ms // 1000))}
            raise AccessError("A-02", str(messages.text("A-02", n=minutes)), values=values)


def passed(conn: sqlite3.Connection, source: str, account: str = "") -> None:
    """Take the try back: it was right. The account begins anew."""
    throttle.take_back(conn, source_subject(source))
    if account:
        throttle.forget(conn, account_subject(account))


def pardon(conn: sqlite3.Connection, account: str) -> None:
    """Let the account begin anew."""
    throttle.forget(conn, account_subject(account))


def source_subject(source: str) -> str:
    """Return whom a try counts for: an IPv4 address, or the 64 bits of IPv6 that one connection usually has."""
    try:
        address = ipaddress.ip_address(source.partition("%")[0])
    except ValueError:
        return "source:unknown"
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return f"source:{address.ipv4_mapped}"
        return f"source:{ipaddress.ip_network((address, 64), strict=False)}"
    return f"source:{address}"


def account_subject(account: str) -> str:
    """Return the account's hash: people type passwords into the wrong field."""
    return f"account:{hashlib.sha256(account.casefold().encode('utf-8', 'replace')).hexdigest()[:32]}"


def _enter(conn: sqlite3.Connection, source: str, account: str, now_ms: int) -> int:
    """Count the try, or return how long to wait (ms)."""
    subject = source_subject(source)
    noted = throttle.read(conn, subject)
    of_source = _lately(noted, now_ms)
    if of_source.count >= TRIES:
        if noted != of_source:
            throttle.put(conn, subject, of_source)
        _refuse(conn, subject, of_source, source, now_ms)
        return of_source.first_at + WINDOW_MS - now_ms
    if account:
        name = account_subject(account)
        of_account = throttle.read(conn, name) or Failures(count=0, first_at=now_ms, last_at=0)
        wait_ms = of_account.last_at + PAUSE_MS - now_ms
        if of_account.count >= TRIES_OF_ACCOUNT and 0 < wait_ms <= PAUSE_MS:
            return wait_ms
        throttle.put(conn, name, _one_more(of_account, now_ms))
    throttle.put(conn, subject, _one_more(of_source, now_ms))
    return 0


def _lately(found: Failures | None, now_ms: int) -> Failures:
    """Return what counts now. A clock that was set back makes nobody wait longer than the window."""
    if found is None or now_ms >= found.first_at + WINDOW_MS:
        return Failures(count=0, first_at=now_ms, last_at=now_ms)
    return Failures(count=found.count, first_at=min(found.first_at, now_ms), last_at=found.last_at)


def _one_more(failures: Failures, now_ms: int) -> Failures:
    return Failures(count=failures.count + 1, first_at=failures.first_at, last_at=now_ms)


def _refuse(conn: sqlite3.Connection, subject: str, failures: Failures, source: str, now_ms: int) -> None:
    """Tell the audit log once in a window."""
    if failures.count == TRIES:
        throttle.put(conn, subject, _one_more(failures, now_ms))
        audit.write(conn, at_ms=now_ms, actor="nobody", action="admin.throttled", object_="sign-in", source=source)
