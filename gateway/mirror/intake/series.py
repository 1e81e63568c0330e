"""What becomes of a series' exceptions when a device says something: which are kept, moved, dropped; no transaction.

The rule for a series that is edited as a whole: an exception is kept when the new series still has an occurrence on the
same local date in the series' zone. It then belongs to that occurrence; one that was moved keeps its own time, and what
it shared with the series follows the series. Those that no longer fit are dropped, with a warning that names the date.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from gateway.domain import change
from gateway.domain.expansion import Expansion, same_days
from gateway.domain.meeting import Meeting
from gateway.domain.occurrence import OccurrenceChange, OccurrenceState, Slot, belonging, by_the_rule, following
from gateway.errors import BadPayload, FieldProblem
from gateway.store import occurrences
from gateway.store.meetings import MeetingRow
from gateway.store.occurrences import OccurrenceRow

MOST_EXCEPTIONS = 730
"""As many as a counted series has occurrences; each costs a call when the series' event is written anew."""

MOST_ROWS = 4 * MOST_EXCEPTIONS
"""With those that the rule left behind and a calendar still has to be rid of."""

_FIELD = "original_start"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The rows to be written and the occurrences to be forgotten, with what the device should be told."""

    puts: tuple[OccurrenceRow, ...] = ()
    drops: tuple[int, ...] = ()
    warnings: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.puts or self.drops)

    def after(self, stored: Iterable[OccurrenceRow]) -> tuple[OccurrenceRow, ...]:
        """Return what is stored once the plan was carried out, `stored` being what is now."""
        rows = {row.original_start_utc_s: row for row in stored if row.original_start_utc_s not in self.drops}
        return tuple((rows | {row.original_start_utc_s: row for row in self.puts}).values())

    def carry_out(self, conn: sqlite3.Connection, meeting_id: int, now_ms: int) -> None:
        """Write it all. Raises BadPayload, which undoes the transaction, when the series has too many exceptions."""
        for original_start_utc_s in self.drops:
            occurrences.drop(conn, meeting_id, original_start_utc_s)
        for row in self.puts:
            occurrences.put(conn, replace(row, meeting_id=meeting_id), now_ms)
        if occurrences.recount(conn, meeting_id) > MOST_EXCEPTIONS:
            _make_room(conn, meeting_id)


class Exceptions:
    """Plans what is to be stored of the occurrences of a series; it knows how their bodies are sealed."""

    def __init__(self, *, key: bytes, seal: Callable[[str], str], unseal: Callable[[str], str]) -> None:
        self._key = key
        self._seal = seal
        self._unseal = unseal

    def given(
        self, series: Meeting, changes: Iterable[OccurrenceChange], stored: Sequence[OccurrenceRow], *, held: bool
    ) -> Plan:
        """Plan for exactly these exceptions; all other occurrences are to be as the rule says.

        `held` says that a calendar may hold what was stored before. Raises BadPayload when a changed occurrence is
        none of the series; a cancelled one that is none is not there anyway.
        """
        expansion = Expansion(series)
        wanted: dict[int, OccurrenceRow] = {}
        warnings = []
        before = {row.original_start_utc_s: row for row in stored}
        for said in changes:
            slot = expansion.at(said.original)
            if slot is not None:
                wanted[slot.utc_s] = self._row(series, slot, said, before.get(slot.utc_s))
            elif said.meeting is not None:
                raise not_an_occurrence(series)
            else:
                warnings.append("A cancelled occurrence is not one of this series; it was left aside.")
        return _plan(wanted, before, expansion, warnings, held=held)

    def refitted(self, old: Meeting, new: Meeting, stored: Sequence[OccurrenceRow], *, held: bool) -> Plan:
        """Plan for the exceptions of a series that changed from `old` to `new` as a whole."""
        expansion = Expansion(new)
        steady = same_days(old, new)
        wanted: dict[int, OccurrenceRow] = {}
        warnings = []
        for row in stored:
            if row.state not in (OccurrenceState.CHANGED, OccurrenceState.CANCELLED):
                continue
            slot = row.slot if steady else expansion.on(row.original_local.date())
            if slot is None:
                day = row.original_local.date().isoformat()
                warnings.append(f"The series has no occurrence on {day} any more; what was changed there was dropped.")
            else:
                wanted[slot.utc_s] = self._refitted(row, slot, old, new)
        before = {row.original_start_utc_s: row for row in stored}
        return _plan(wanted, before, expansion, warnings, held=held)

    def one(self, series: Meeting, slot: Slot, said: OccurrenceChange, stored: OccurrenceRow | None) -> Plan:
        """Plan for one occurrence; empty when it is so already, or when a late repeat would undo its cancellation."""
        row = self._row(series, slot, said, stored)
        if said.meeting is None:
            return Plan(puts=(row,)) if stored is None or stored.state is not OccurrenceState.CANCELLED else Plan()
        if stored is None or stored.state in (OccurrenceState.PLAIN, OccurrenceState.ORPHAN):
            plain = change.fingerprint(belonging(series, by_the_rule(series, slot)), self._key)
            return Plan() if row.fingerprint == plain else Plan(puts=(row,))
        if row.fingerprint != stored.fingerprint:
            return Plan(puts=(row,))
        if stored.state is OccurrenceState.CHANGED:
            return Plan()
        newer = row.sequence is not None and stored.sequence is not None and row.sequence > stored.sequence
        late = "This occurrence was cancelled; a late repeat does not bring it back."
        return Plan(puts=(row,)) if newer else Plan(warnings=(late,))

    def series(self, row: MeetingRow) -> Meeting:
        """Return what a device said of a meeting as a whole."""
        return change.from_json(row.body, self._unseal)

    def changes(self, stored: Iterable[OccurrenceRow]) -> tuple[OccurrenceChange, ...]:
        """Return stored exceptions in the words in which devices say them."""
        return tuple(
            OccurrenceChange(
                original=row.original_start_utc_s,
                meeting=self.meeting(row) if row.state is OccurrenceState.CHANGED else None,
                sequence=row.sequence,
            )
            for row in stored
            if row.state in (OccurrenceState.CHANGED, OccurrenceState.CANCELLED)
        )

    def became(self, stored: Iterable[OccurrenceRow]) -> dict[int, Meeting | None]:
        """Return what became of the occurrences that are not as the rule has them: None for what was cancelled."""
        return {
            row.original_start_utc_s: self.meeting(row) if row.state is OccurrenceState.CHANGED else None
            for row in stored
            if row.state in (OccurrenceState.CHANGED, OccurrenceState.CANCELLED)
        }

    def meeting(self, row: OccurrenceRow) -> Meeting | None:
        """Return what a changed occurrence says, or said before it was cancelled."""
        return None if row.body is None else change.from_json(row.body, self._unseal)

    def _row(self, series: Meeting, slot: Slot, said: OccurrenceChange, stored: OccurrenceRow | None) -> OccurrenceRow:
        sequence = said.number if said.number is not None or stored is None else stored.sequence
        body, fingerprint = (None, "") if stored is None else (stored.body, stored.fingerprint)
        state = OccurrenceState.CANCELLED
        if said.meeting is not None:
            state = OccurrenceState.CHANGED
            body, fingerprint = change.stored(belonging(series, said.meeting), self._key, self._seal)
        return OccurrenceRow(
            meeting_id=0,
            original_start_utc_s=slot.utc_s,
            original_local=slot.local,
            state=state,
            sequence=sequence,
            fingerprint=fingerprint,
            body=body,
        )

    def _refitted(self, row: OccurrenceRow, slot: Slot, old: Meeting, new: Meeting) -> OccurrenceRow:
        moved = replace(row, original_start_utc_s=slot.utc_s, original_local=slot.local)
        meeting = self.meeting(row)
        if meeting is None:
            return moved
        followed = following(meeting, old=by_the_rule(old, row.slot), new=by_the_rule(new, slot))
        body, fingerprint = change.stored(followed, self._key, self._seal)
        return replace(moved, body=body, fingerprint=fingerprint)


def _make_room(conn: sqlite3.Connection, meeting_id: int) -> None:
    occurrences.forget_settled_orphans(conn, meeting_id)
    rows = occurrences.recount(conn, meeting_id)
    if rows > MOST_ROWS or occurrences.count_said(conn, meeting_id) > MOST_EXCEPTIONS:
        reason = f"is one more than the {MOST_EXCEPTIONS} changed occurrences a series can have; schedule it anew"
        raise BadPayload([FieldProblem(_FIELD, reason)])


def not_an_occurrence(series: Meeting) -> BadPayload:
    """Return the refusal of a change of an occurrence that the series does not have."""
    if series.repeat is None:
        reason = "cannot be used: this meeting does not repeat; change the meeting itself"
    else:
        reason = (
            f"is not the start of an occurrence of this series, which began on {series.start_local:%Y-%m-%d} at "
            f"{series.start_local:%H:%M} ({series.zone}); send the start that the occurrence had by the rule"
        )
    return BadPayload([FieldProblem(_FIELD, reason)])


def _plan(
    wanted: Mapping[int, OccurrenceRow],
    before: Mapping[int, OccurrenceRow],
    expansion: Expansion,
    warnings: Iterable[str],
    *,
    held: bool,
) -> Plan:
    """Compare what is wanted with what is stored; what a calendar may hold is not forgotten before it is put right."""
    target = dict(wanted)
    left_over = [row for key, row in before.items() if key not in wanted]
    if held:
        target |= {row.original_start_utc_s: _left_over(row, expansion) for row in left_over}
    return Plan(
        puts=tuple(row for key, row in target.items() if key not in before or row.says() != before[key].says()),
        drops=() if held else tuple(row.original_start_utc_s for row in left_over),
        warnings=tuple(warnings),
    )


def _left_over(row: OccurrenceRow, expansion: Expansion) -> OccurrenceRow:
    slot = expansion.at(row.original_start_utc_s)
    if slot is None:
        return replace(row, state=OccurrenceState.ORPHAN, body=None, fingerprint="")
    return replace(row, original_local=slot.local, state=OccurrenceState.PLAIN, body=None, fingerprint="")
