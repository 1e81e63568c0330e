"""Calendar feeds: who gets a secret address, and what stands under it; no HTTP, no SQL, no page."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import re
import secrets
import sqlite3
from collections import OrderedDict
from datetime import timedelta
from typing import NamedTuple

from gateway.clock import Clock
from gateway.domain.actor import Actor
from gateway.domain.change import from_json
from gateway.domain.secret import Secret
from gateway.errors import NotFound, StoreError
from gateway.operations.meetings.desk import Shown
from gateway.operations.meetings.ics import icalendar_of_many
from gateway.store import audit, feeds, meeting_list, meetings, occurrences
from gateway.store.database import Database
from gateway.store.feeds import FeedRow

MOST_MEETINGS = 500
"""In one feed, the next ones first: what a calendar program reads every few minutes stays small."""
PAST_S = 30 * 86_400
"""How long what is over stays in a feed that has room for it."""
READ_EVERY = timedelta(minutes=15)
USED_EVERY_MS = 10 * 60_000
"""How often the last reading is written down; flash wears out."""
_MOST_KEPT = 8
_SHAPE = re.compile(r"[\w-]{32}", re.ASCII)


class Feed(NamedTuple):
    """What stands under an address: `etag` changes when the body does."""

    etag: str
    body: bytes


class Feeds:
    """Makes, takes away and reads feeds. An address has 192 random bits and is known by its SHA-256 alone.

    Everything raises StoreError.
    """

    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._kept: OrderedDict[int, Feed] = OrderedDict()
        self._making = asyncio.Lock()

    async def listed(self) -> list[FeedRow]:
        """Return all feeds by the id of their device."""
        return await self._database.read(feeds.everything)

    async def create(self, device: str, by: Actor) -> Secret:
        """Give a device a new address and return what is secret of it, this once; an old one ends. Raises NotFound."""
        token, now_ms = secrets.token_urlsafe(24), self._clock.now_ms()

        def work(conn: sqlite3.Connection) -> None:
            if not feeds.put(conn, device, _hash(token), by.name, now_ms):
                raise NotFound(f"There is no device {device!r}.")
            self._audit(conn, by, "feed.created", device)

        await self._database.write(work)
        return Secret(token)

    async def revoke(self, device: str, by: Actor) -> bool:
        """Take the address of a device away, at once; False when it has none."""

        def work(conn: sqlite3.Connection) -> bool:
            if not feeds.drop(conn, device):
                return False
            self._audit(conn, by, "feed.revoked", device)
            return True

        return await self._database.write(work)

    async def read(self, token: str) -> Feed | None:
        """Return what stands under an address, None when nothing does."""
        if _SHAPE.fullmatch(token) is None:
            return None
        now_ms, hashed = self._clock.now_ms(), _hash(token)
        row = await self._database.read(lambda conn: feeds.by_hash(conn, hashed))
        if row is None or not row.served:
            return None
        if row.read_at is None or abs(now_ms - row.read_at) >= USED_EVERY_MS:
            with contextlib.suppress(StoreError):  # who only reads is let in when the disk is full
                await self._database.write(lambda conn: feeds.was_read(conn, row.device_id, now_ms))
        async with self._making:  # programs that come together wait for one of them
            return await self._made(row, now_ms // 1000)

    async def _made(self, row: FeedRow, now_s: int) -> Feed:
        found = await self._database.read(
            lambda conn: feeds.meeting_ids(conn, row.device_id, now_s, now_s - PAST_S, MOST_MEETINGS)
        )
        etag = hashlib.sha256(repr((row.device, found)).encode()).hexdigest()[:32]
        kept = self._kept.get(row.device_id)
        if kept is None or kept.etag != etag:
            shown = await self._database.read(lambda conn: _shown(conn, [meeting_id for meeting_id, _ in found]))
            body = await asyncio.to_thread(icalendar_of_many, shown, name=row.device, read_every=READ_EVERY)
            kept = self._kept[row.device_id] = Feed(etag, body)
        self._kept.move_to_end(row.device_id)
        if len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)
        return kept

    def _audit(self, conn: sqlite3.Connection, by: Actor, action: str, device: str) -> None:
        now_ms = self._clock.now_ms()
        audit.write(conn, at_ms=now_ms, actor=by.name, action=action, object_=f"device:{device}", source=by.source)


def _shown(conn: sqlite3.Connection, meeting_ids: list[int]) -> list[Shown]:
    """Return meetings as their device has them, without what stands in the calendar."""
    lines = meeting_list.lines(conn, meeting_ids)
    found = []
    for meeting_id in meeting_ids:
        row = meetings.get(conn, meeting_id)
        if row is None or meeting_id not in lines:
            continue
        with contextlib.suppress(ValueError):  # one that this version cannot read takes no other with it
            found.append(
                Shown(
                    line=lines[meeting_id],
                    meeting=from_json(row.body, lambda _sealed: ""),
                    written=None,
                    edits=(),
                    occurrences=occurrences.of(conn, meeting_id) if row.exceptions else (),
                    history=(),
                )
            )
    return found


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("ascii", "replace")).digest()
