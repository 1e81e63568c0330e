"""Tells a device what people and guests did to one of its events, each thing once; reading the calendar is not here."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from gateway.domain.feed import CalendarFeed, Guest, SeenEvent
from gateway.domain.meeting import Meeting
from gateway.store import changes, mirrored, outbox
from gateway.store.meetings import MeetingRow

REPLIED, EDITED, DELETED, RESTORED, CONFLICT = (
    "meeting.replied",
    "meeting.edited",
    "meeting.deleted",
    "meeting.restored",
    "meeting.conflict",
)
_DELETED = "deleted"
_GONE = {"changes": {"event": {"device": "scheduled", "calendar": "deleted"}}}
_NO_ANSWER = ("needsAction", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Teller:
    """Works within one transaction, for one meeting or for one occurrence of a series.

    `expected` is what the device wants there, None when it wants nothing. `original_start_utc_s` is when the rule puts
    the occurrence, `changes.WHOLE` for the meeting itself.
    """

    conn: sqlite3.Connection
    row: MeetingRow
    expected: Meeting | None
    now_ms: int
    original_start_utc_s: int = changes.WHOLE

    def tell(self, feed: CalendarFeed, seen: SeenEvent) -> bool:
        """Tell what is new about the event; False when nothing is."""
        if seen.event.cancelled:
            return self.deleted()
        if self.expected is None:
            return False
        replied = self._replied(seen.guests, self.expected)
        return self._edited(feed.differences(seen, self.expected), seen, replied=replied) or replied

    def deleted(self) -> bool:
        """Tell that people removed the event, if it should be there."""
        if not self.row.wanted or self.expected is None or self._told() == _DELETED:
            return False
        if self._waiting() and self._one_occurrence:
            return False
        self._say(CONFLICT if self._waiting() else DELETED, _GONE)
        self._keep(_DELETED)
        return True

    def _edited(self, found: dict[str, dict[str, str]], seen: SeenEvent, *, replied: bool) -> bool:
        said = json.dumps(found, ensure_ascii=False, sort_keys=True) if found else None
        if said == self._told():
            return False
        if not found:
            self._say(RESTORED, {})
        elif not self._waiting():
            self._say(EDITED, {"changes": found})
        elif replied or self._as_written(seen):
            return False  # only the device's own newer version makes the difference
        else:
            self._say(CONFLICT, {"changes": found})
        self._keep(said)
        return True

    def _as_written(self, seen: SeenEvent) -> bool:
        """Whether nobody touched the event since the gateway wrote it; of one occurrence that is not known."""
        event = mirrored.get(self.conn, self.row.id)
        return self._one_occurrence or (event is not None and event.etag == seen.event.etag)

    def _replied(self, guests: Sequence[Guest], meeting: Meeting) -> bool:
        # An occurrence shows the answers to its series as well, unless somebody answered for it alone.
        known = changes.replies(self.conn, self.row.id)
        known |= changes.replies(self.conn, self.row.id, self.original_start_utc_s)
        people = (*meeting.invitees, *((meeting.host,) if meeting.host else ()))
        extensions = {person.email.casefold(): person.extension for person in people if person.email}
        new = [
            guest
            for guest in guests
            if guest.email.casefold() in extensions
            and known.get(guest.email.casefold(), _NO_ANSWER) != (guest.answer, guest.comment)
        ]
        for guest in new:
            self._keep_reply(guest)
            said = {"email": guest.email, "extension": extensions[guest.email.casefold()]}
            self._say(REPLIED, {**said, "answer": guest.answer, "comment": guest.comment})
        return bool(new)

    @property
    def _one_occurrence(self) -> bool:
        return self.original_start_utc_s != changes.WHOLE

    def _waiting(self) -> bool:
        return outbox.get(self.conn, outbox.MIRROR, self.row.id) is not None

    def _told(self) -> str | None:
        return changes.edit(self.conn, self.row.id, self.original_start_utc_s)

    def _keep(self, said: str | None) -> None:
        changes.keep_edit(self.conn, self.row.id, self.original_start_utc_s, said, self.now_ms)

    def _keep_reply(self, guest: Guest) -> None:
        changes.keep_reply(
            self.conn,
            meeting_id=self.row.id,
            original_start_utc_s=self.original_start_utc_s,
            email=guest.email,
            answer=guest.answer,
            comment=guest.comment,
            now_ms=self.now_ms,
        )

    def _say(self, type_: str, data: Mapping[str, object]) -> None:
        which = {}
        if self._one_occurrence:
            start = datetime.fromtimestamp(self.original_start_utc_s, UTC)
            which = {"original_start": f"{start:%Y-%m-%dT%H:%M:%SZ}"}
        changes.tell(
            self.conn,
            device_id=self.row.device_id,
            meeting_id=self.row.id,
            type_=type_,
            data={**which, **data},
            now_ms=self.now_ms,
        )
