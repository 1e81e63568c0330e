"""Keys with which scripts and monitoring read: who gets one, what it opens, until when; no HTTP, no SQL, no page."""

from __future__ import annotations

import contextlib
import hashlib
import re
import secrets
import sqlite3
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from gateway.access.wrong_tries import WrongTries
from gateway.clock import Clock
from gateway.domain.actor import COMMAND_LINE, Actor
from gateway.domain.secret import Secret
from gateway.errors import BadPayload, FieldProblem, NotFound, StoreError
from gateway.messages.languages import tr
from gateway.store import api_keys, audit
from gateway.store.api_keys import ApiKeyRow
from gateway.store.database import Database

__all__ = [
    "MOST_KEYS",
    "ApiKey",
    "ApiKeys",
    "Holder",
    "NotAllowed",
    "Scope",
    "TooManyWrongKeys",
    "WrongKey",
    "ends_after",
]

PREFIX = "mgk_"
"""How every key begins: those who look for secrets in files and logs find it by that."""
MOST_KEYS = 50
LONGEST_NAME = 60
USED_EVERY_MS = 10 * 60 * 1000
"""How often the last use is written down; flash wears out."""
_SHAPE = re.compile(rf"{PREFIX}[\w-]{{43}}", re.ASCII)
_FARTHEST = date(2100, 1, 1)


class Scope(StrEnum):
    """What a key may open. All of them only read."""

    STATUS = "status"
    MEETINGS = "meetings"
    DEVICES = "devices"
    EVENTS = "events"
    METRICS = "metrics"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key as it is listed, never the key itself; times are ms UTC, `ends_at` None for one without an end."""

    id: int
    name: str
    scopes: tuple[str, ...]
    created_at: int
    created_by: str
    ends_at: int | None
    used_at: int | None
    ended: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Who showed a key: its name, its hash, and when it ends (ms UTC), None for never."""

    name: str
    key_hash: bytes
    ends_at: int | None


class WrongKey(Exception):
    """There is no such key, or it was revoked, or its last day is over: all look the same."""


class NotAllowed(Exception):
    """The key is right, and may not open this."""


class TooManyWrongKeys(Exception):
    """A wrong key, and not the first one from there; `wait_s` is how long the place has to wait."""

    def __init__(self, wait_s: float) -> None:
        super().__init__()
        self.wait_s = wait_s


class ApiKeys:
    """Makes, lists, revokes and recognises keys.

    A key has 256 random bits and is looked up by its SHA-256, so nothing is learned from how long that takes; what was
    right is never refused because of what others at the same address got wrong. Everything raises StoreError.
    """

    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._tries = WrongTries(clock)

    async def create(
        self, name: str, scopes: Collection[str], *, ends_at: int | None = None, by: Actor = COMMAND_LINE
    ) -> Secret:
        """Make a key and return it, this once. `ends_at` is the first instant at which it is over (ms UTC).

        Raises BadPayload with the fields `name`, `scopes` and `until`.
        """
        now_ms, name = self._clock.now_ms(), _normal(name)
        chosen = tuple(str(scope) for scope in Scope if scope in scopes)
        problems = [*_wrong_name(name), *_wrong_scopes(scopes), *_wrong_end(ends_at, now_ms)]
        if problems:
            raise BadPayload(problems)
        key = PREFIX + secrets.token_urlsafe(32)

        def work(conn: sqlite3.Connection) -> None:
            _must_fit(conn, name)
            api_keys.add(
                conn,
                name=name,
                key_hash=_hash(key),
                scopes=chosen,
                created_at=now_ms,
                created_by=by.name,
                ends_at=ends_at,
            )
            self._audit(conn, by, "api-key.created", name, " ".join(chosen))

        await self._database.write(work)
        return Secret(key)

    async def listed(self) -> list[ApiKey]:
        """Return all keys by name, also those whose last day is over."""
        now_ms = self._clock.now_ms()
        return [
            ApiKey(
                id=row.id,
                name=row.name,
                scopes=row.scopes,
                created_at=row.created_at,
                created_by=row.created_by,
                ends_at=row.ends_at,
                used_at=row.used_at,
                ended=_is_over(row, now_ms),
            )
            for row in await self._database.read(api_keys.everything)
        ]

    async def revoke(self, name: str, by: Actor = COMMAND_LINE) -> str:
        """Take a key away, at once, and return its name as it was given. Raises NotFound."""

        def work(conn: sqlite3.Connection) -> str:
            row = api_keys.by_name(conn, _normal(name))
            if row is None:
                raise NotFound(f"There is no API key {name!r}. See: meeting-gateway api-key list")
            api_keys.remove(conn, row.id)
            self._audit(conn, by, "api-key.revoked", row.name)
            return row.name

        return await self._database.write(work)

    async def holder(self, bearer: str, scope: str) -> str | None:
        """Return the name of the key if it is one of ours, not over, and may open `scope`; else None."""
        try:
            return (await self.judge(bearer, scope, source="")).name
        except (WrongKey, NotAllowed, TooManyWrongKeys):
            return None

    async def judge(self, bearer: str, scope: str, *, source: str) -> Holder:
        """Return who shows this key, from the IP address `source`.

        Raises WrongKey, TooManyWrongKeys from the sixth one within five minutes on, and NotAllowed.
        """
        now_ms = self._clock.now_ms()
        row = await self._find(bearer)
        if row is None or _is_over(row, now_ms):
            await self._wrong(source)
            raise WrongKey
        if scope not in row.scopes:
            raise NotAllowed
        if row.used_at is None or abs(now_ms - row.used_at) >= USED_EVERY_MS:
            with contextlib.suppress(StoreError):  # those who watch the gateway are let in when its disk is full
                await self._database.write(lambda conn: api_keys.used(conn, row.id, now_ms))
        return Holder(name=row.name, key_hash=row.key_hash, ends_at=row.ends_at)

    async def _find(self, bearer: str) -> ApiKeyRow | None:
        if _SHAPE.fullmatch(bearer) is None:
            return None
        key_hash = _hash(bearer)
        return await self._database.read(lambda conn: api_keys.by_hash(conn, key_hash))

    async def _wrong(self, source: str) -> None:
        wait_s = self._tries.wait_s(source)
        if wait_s > 0:
            raise TooManyWrongKeys(wait_s)
        if not self._tries.count(source):
            return
        nobody = Actor(name="nobody", source=source)
        with contextlib.suppress(StoreError):
            await self._database.write(lambda conn: self._audit(conn, nobody, "api-key.throttled", "wrong keys"))

    def _audit(self, conn: sqlite3.Connection, by: Actor, action: str, name: str, detail: str = "") -> None:
        now_ms = self._clock.now_ms()
        audit.write(conn, at_ms=now_ms, actor=by.name, action=action, object_=name, detail=detail, source=by.source)


def ends_after(day: str, zone: str) -> int | None:
    """Return the end of a day in an IANA zone (ms UTC), None for no day. Raises BadPayload with the field `until`."""
    if not day.strip():
        return None
    try:
        after = date.fromisoformat(day.strip()) + timedelta(days=1)
    except (ValueError, OverflowError):
        after = _FARTHEST + timedelta(days=1)
    if after > _FARTHEST:
        raise BadPayload([FieldProblem("until", tr("Enter a day such as 2027-12-31, or leave it empty."))])
    return int(datetime(after.year, after.month, after.day, tzinfo=ZoneInfo(zone)).timestamp()) * 1000


def _is_over(row: ApiKeyRow, now_ms: int) -> bool:
    return row.ends_at is not None and now_ms >= row.ends_at


def _hash(key: str) -> bytes:
    return hashlib.sha256(key.encode("ascii")).digest()


def _normal(name: str) -> str:
    return unicodedata.normalize("NFKC", name).strip()


def _wrong_name(name: str) -> list[FieldProblem]:
    if 0 < len(name) <= LONGEST_NAME and name.isprintable():
        return []
    return [FieldProblem("name", tr("Give the key a name of at most %(most)s characters.", most=LONGEST_NAME))]


def _wrong_scopes(scopes: Collection[str]) -> list[FieldProblem]:
    if scopes and set(scopes) <= set(Scope):
        return []
    return [FieldProblem("scopes", tr("Choose at least one thing that the key may read."))]


def _wrong_end(ends_at: int | None, now_ms: int) -> list[FieldProblem]:
    if ends_at is None or ends_at > now_ms:
        return []
    return [FieldProblem("until", tr("This day is over. Choose a later one, or leave it empty."))]


def _must_fit(conn: sqlite3.Connection, name: str) -> None:
    """Raise BadPayload when the name is taken, or when there are too many keys."""
    if api_keys.by_name(conn, name) is not None:
        reason = tr("Another key has this name. Choose another name, or revoke that key first.")
        raise BadPayload([FieldProblem("name", reason)])
    if api_keys.count(conn) >= MOST_KEYS:
        reason = tr("There are %(most)s keys, which is the most. Revoke one that nobody uses.", most=MOST_KEYS)
        raise BadPayload([FieldProblem("name", reason)])
