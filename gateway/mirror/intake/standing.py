"""How a stored meeting stands, put together from what the tables hold; nothing is changed or decided here."""

from __future__ import annotations

import sqlite3

from gateway import messages
from gateway.domain.outcome import Remedy
from gateway.mirror.event.lacks import Lacks
from gateway.mirror.intake.receipts import Caller, Note, StoredMeeting, existing, receipt_of, state_of, trouble_of
from gateway.mirror.intake.series import Exceptions
from gateway.store import mirrored, occurrences, outbox
from gateway.store.mirrored import MirroredRow

_LACKING = {
    Remedy.WITHOUT_GUESTS: "G-510",
    Remedy.WITHOUT_GUEST: "G-511",
    Remedy.WITHOUT_CONFERENCE: "G-517",
}
_MEET = {"pending": "G-518", "failure": "G-517"}


def standing(conn: sqlite3.Connection, caller: Caller, external_id: str, exceptions: Exceptions) -> StoredMeeting:
    """Return a meeting of this device as it stands. Raises NotFound."""
    row = existing(conn, caller, external_id)
    meeting = exceptions.series(row)
    event = mirrored.get(conn, row.id)
    waiting = outbox.get(conn, outbox.MIRROR, row.id)
    trouble = trouble_of(conn, caller, row)
    state = state_of(conn, row, trouble)
    code, text = (waiting.last_code, waiting.last_text) if waiting else ("", "")
    if state == "held" and trouble is not None:
        code, text = trouble.code, trouble.text
    return StoredMeeting(
        receipt=receipt_of(meeting, row.id, row.revision, state, fresh=False),
        meeting=meeting,
        shape=row.shape,
        event_link=event.link if event else None,
        last_code=code,
        last_text=text,
        occurrences=exceptions.changes(occurrences.of(conn, row.id)) if row.exceptions else (),
        meet_link=event.meet_link if event else None,
        notes=() if event is None else notes_of(event),
    )


def notes_of(event: MirroredRow) -> tuple[Note, ...]:
    """Say what the event lacks that was asked for."""
    lacks = Lacks.remembered(event.lacking, event.revision or 0)
    codes = {_LACKING[remedy] for remedy in lacks.remedies if remedy in _LACKING}
    if event.meet_state in _MEET:
        codes.add(_MEET[event.meet_state])
    notes = [Note(code, str(messages.text(code))) for code in sorted(codes)]
    notes += [Note("G-511", str(messages.text("G-511", guest=guest))) for guest in sorted(lacks.guests)]
    return tuple(notes)
