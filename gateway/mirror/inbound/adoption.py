"""Takes an event that somebody else made in the place of a second one; only when an admin says so."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass

from gateway.clock import Clock
from gateway.domain.actor import Actor
from gateway.errors import Conflict, NotFound
from gateway.store import adoptions, audit, foreign_events, mirrored, outbox, second_looks
from gateway.store.adoptions import Alike
from gateway.store.database import Database
from gateway.store.second_looks import StrayEvent

PATIENCE_S = 30.0
TRIES = 150
"""How long, and how often, a moment is looked for in which the gateway is not just writing the meeting."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """An event that seems to be a meeting already: same start, same subject, organised by the account or the host."""

    pair: Alike

    @property
    def meeting_id(self) -> int:
        """The meeting it is offered for."""
        return self.pair.meeting_id


class Adoption:
    """Finds offers among the events that were read, and carries out what `actor` says about them.

    `chosen` tells the row id of the account that a device's new meetings are written with, by the device's row id; None
    while that account cannot be used.
    """

    def __init__(self, *, database: Database, clock: Clock, chosen: Callable[[int], int | None], actor: Actor) -> None:
        self._database = database
        self._clock = clock
        self._chosen = chosen
        self._actor = actor

    async def offers(self) -> list[Offer]:
        """Return all offers, soonest meeting first. Raises StoreError."""
        return await self._database.read(self._offers)

    async def accept(self, meeting_id: int, remote_id: str | None = None) -> Offer:
        """Let the offered event be the meeting's; an event of ours that was there besides is removed.

        The next delivery writes the device's version and the gateway's marks on it. Raises NotFound without an offer,
        Conflict when there are several and none is named, or when the meeting is being written for too long.
        """

        def work(conn: sqlite3.Connection) -> Offer | None:
            offer = self._offer(conn, meeting_id, remote_id)
            if offer.pair.busy:  # what is written this moment would be noted for the wrong event
                return None
            self._adopt(conn, offer.pair)
            self._note(conn, "meeting.adopted", offer.pair)
            return offer

        for _ in range(TRIES):
            if (adopted := await self._database.write(work)) is not None:
                return adopted
            await asyncio.sleep(PATIENCE_S / TRIES)
        raise Conflict(f"Meeting {meeting_id} is being written all the time. Try again in a minute.")

    async def reject(self, meeting_id: int, remote_id: str | None = None) -> list[Offer]:
        """Never offer this event for this meeting again, or none of those offered now; return what was rejected.

        Raises NotFound without an offer.
        """

        def work(conn: sqlite3.Connection) -> list[Offer]:
            offers = self._of_meeting(conn, meeting_id, remote_id)
            for offer in offers:
                adoptions.reject(conn, offer.pair, self._clock.now_ms())
                self._note(conn, "meeting.adoption_rejected", offer.pair)
            return offers

        return await self._database.write(work)

    def _offers(self, conn: sqlite3.Connection) -> list[Offer]:
        pairs = adoptions.alike(conn, self._clock.now_ms() // 1000)
        return [Offer(pair=pair) for pair in pairs if _same_organiser(pair) and self._goes_there(pair)]

    def _goes_there(self, pair: Alike) -> bool:
        """Whether the meeting's event is, or would be, in the account that the other one was read with."""
        return pair.own_id is not None or self._chosen(pair.device_id) == pair.account_id

    def _of_meeting(self, conn: sqlite3.Connection, meeting_id: int, remote_id: str | None) -> list[Offer]:
        offers = [
            offer
            for offer in self._offers(conn)
            if offer.meeting_id == meeting_id and remote_id in (None, offer.pair.remote_id)
        ]
        if not offers:
            raise NotFound(f"No event is offered for meeting {meeting_id}. See: meeting-gateway meeting adopt list")
        return offers

    def _offer(self, conn: sqlite3.Connection, meeting_id: int, remote_id: str | None) -> Offer:
        offers = self._of_meeting(conn, meeting_id, remote_id)
        if len(offers) > 1:
            ids = ", ".join(offer.pair.remote_id for offer in offers)
            raise Conflict(f"Several events are offered for meeting {meeting_id}. Say which one, with --event: {ids}")
        return offers[0]

    def _adopt(self, conn: sqlite3.Connection, pair: Alike) -> None:
        now_ms = self._clock.now_ms()
        if pair.own_id is not None and pair.own_calendar_id is not None:
            double = StrayEvent(
                account_id=pair.account_id,
                calendar_id=pair.own_calendar_id,
                remote_id=pair.own_id,
                meeting_id=pair.meeting_id,
            )
            second_looks.stray(conn, double, now_ms)
        mirrored.adopt(
            conn,
            meeting_id=pair.meeting_id,
            account_id=pair.account_id,
            calendar_id=pair.calendar_id,
            remote_id=pair.remote_id,
            link=None,
            now_ms=now_ms,
        )
        foreign_events.forget(conn, pair.account_id, pair.calendar_id, [pair.remote_id])
        outbox.put(
            conn,
            kind=outbox.MIRROR,
            subject_id=pair.meeting_id,
            revision=pair.revision,
            now_ms=now_ms,
            lane=pair.device_id,
            starts_at_ms=pair.start_utc_s * 1000,
        )

    def _note(self, conn: sqlite3.Connection, action: str, pair: Alike) -> None:
        audit.write(
            conn,
            at_ms=self._clock.now_ms(),
            actor=self._actor.name,
            action=action,
            object_=f"meeting:{pair.meeting_id}",
            detail=pair.remote_id,
            source=self._actor.source,
        )


def _same_organiser(pair: Alike) -> bool:
    """An event of the account, of its calendar itself, or of the person whom the device names as the host."""
    known = {pair.account.casefold(), pair.calendar_id.casefold(), pair.host.casefold(), ""}
    return pair.organiser.casefold() in known
