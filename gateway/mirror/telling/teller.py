"""Tells a device what people and guests did to one of its events, each thing once; reading the calendar is not here."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from gateway.domain.facts import Part
from gateway.domain.feed import Guest
from gateway.domain.kept_edit import WHOLE, Difference
from gateway.domain.meeting import Meeting
from gateway.store import changes
from gateway.store.meetings import MeetingRow

REPLIED, EDITED, DELETED, RESTORED, CONFLICT, MEET = (
    "meeting.replied",
    "meeting.edited",
    "meeting.deleted",
    "meeting.restored",
    "meeting.conflict",
    "meeting.meet",
)
_NO_ANSWER = ("needsAction", "")


class Decided(StrEnum):
    """Whose version counts, as a device is told."""

    DEVICE = "device"
    CALENDAR = "calendar"
    ASKS = "asks"


@dataclass(frozen=True, slots=True, kw_only=True)
class Teller:
    """Works within one transaction, for one meeting or for one occurrence of a series.

    `original_start_utc_s` is when the rule puts the occurrence, `WHOLE` for the meeting itself.
    """

    conn: sqlite3.Connection
    row: MeetingRow
    now_ms: int
    original_start_utc_s: int = WHOLE

    @property
    def outstanding(self) -> bool:
        """Whether the device was told of a difference, and not yet that there is none any more."""
        return self._told() is not None

    def differs(self, difference: Difference, decided: Decided, *, conflict: bool) -> bool:
        """Tell in what the event is not as the device wants it, and whose version counts; False when it knows."""
        said = json.dumps([difference, decided], ensure_ascii=False, sort_keys=True)
        if said == self._told():
            return False
        type_ = CONFLICT if conflict else DELETED if Part.EVENT in difference else EDITED
        self._say(type_, {"changes": difference, "decided": decided})
        self._keep(said)
        return True

    def restored(self) -> bool:
        """Tell that the event is as the device wants it again; False when nothing else was told."""
        if not self.outstanding:
            return False
        self._say(RESTORED, {})
        self._keep(None)
        return True

    def replied(self, guests: Sequence[Guest], meeting: Meeting) -> bool:
        """Tell the answers of guests that are new; False when none is."""
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
        if self.original_start_utc_s != WHOLE:
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
