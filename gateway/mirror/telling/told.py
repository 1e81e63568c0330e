"""What a device should hear: read for its calls, and written down where a delivery, not a reading, brings news."""

from __future__ import annotations

import sqlite3

from gateway.mirror.telling.teller import MEET
from gateway.store import changes
from gateway.store.changes import Change
from gateway.store.database import Database
from gateway.store.meetings import MeetingRow


class ChangeFeed:
    """The feed of changes of every device."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def after(self, device_id: int, place: int, most: int) -> list[Change]:
        """Return up to `most` changes of a device after a place in its feed, oldest first."""
        return await self._database.read(lambda conn: changes.after(conn, device_id, place, most))


def meet(
    conn: sqlite3.Connection, row: MeetingRow, *, before: str | None, link: str | None, failed: bool, now_ms: int
) -> bool:
    """Tell the address of a meeting's video conference, or that there will be none; False when that is no news.

    `before` is the address that was known until now.
    """
    if not failed and (link is None or link == before):
        return False
    said: dict[str, object] = {"state": "failure"} if link is None else {"state": "success", "link": link}
    changes.tell(conn, device_id=row.device_id, meeting_id=row.id, type_=MEET, data=said, now_ms=now_ms)
    return True
