"""What a device should hear, read for its calls; who writes it down is `inbound`."""

from __future__ import annotations

from gateway.store import changes
from gateway.store.changes import Change
from gateway.store.database import Database


class ChangeFeed:
    """The feed of changes of every device."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def after(self, device_id: int, place: int, most: int) -> list[Change]:
        """Return up to `most` changes of a device after a place in its feed, oldest first."""
        return await self._database.read(lambda conn: changes.after(conn, device_id, place, most))
