"""Carries out what was decided about people's changes: notes it, tells the device, asks for writing; an admin's too."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass

from gateway.domain.change import from_json
from gateway.domain.device import Wins
from gateway.domain.facts import Part
from gateway.domain.kept_edit import WHOLE, Difference, KeptEdit, KeptState
from gateway.domain.meeting import Meeting
from gateway.domain.occurrence import OccurrenceState
from gateway.domain.reconcile import GONE, Decision, Ruling, fought, put_back_or_ask, put_backs_with
from gateway.domain.retry import Hold
from gateway.domain.zones import to_local
from gateway.errors import Conflict
from gateway.mirror.intake.queueing import enqueue
from gateway.mirror.telling.teller import Decided, Teller
from gateway.store import audit, busy, changes, deletions, kept, meetings, mirrored, occurrences, outbox, second_looks
from gateway.store.meetings import MeetingRow
from gateway.store.mirrored import MirroredRow
from gateway.store.occurrences import OccurrenceRow
from gateway.store.second_looks import Guarded, SecondLook, StrayEvent

_LOGGER = logging.getLogger(__name__)

LOOK_AGAIN_MS = 30_000
"""How long after an event that could not be judged it is looked at again."""

_TAKING_TIME = frozenset({Part.TIME, Part.REPEAT, Part.EVENT})
_STATES = {Ruling.PUT_BACK: KeptState.BACK, Ruling.KEEP: KeptState.KEPT, Ruling.ASK: KeptState.ASKS}
_WORDS = {KeptState.BACK: Decided.DEVICE, KeptState.KEPT: Decided.CALENDAR, KeptState.ASKS: Decided.ASKS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What came of it: whether the device has news, and whether something is to be written to a calendar.

    `asks` says that an admin is asked, so that nothing may be removed either.
    """

    told: bool = False
    wrote: bool = False
    asks: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """One meeting, or one occurrence of a series, within a transaction; `who` changed it, empty if not known."""

    conn: sqlite3.Connection
    row: MeetingRow
    now_ms: int
    unseal: Callable[[str], str]
    original_start_utc_s: int = WHOLE
    who: str = ""

    @property
    def teller(self) -> Teller:
        """What tells its device."""
        return Teller(conn=self.conn, row=self.row, now_ms=self.now_ms, original_start_utc_s=self.original_start_utc_s)

    @property
    def before(self) -> KeptEdit | None:
        """What is known of it already."""
        return kept.get(self.conn, self.row.id, self.original_start_utc_s)

    def note(
        self,
        state: KeptState,
        parts: frozenset[Part],
        difference: Difference,
        calendar_id: str | None = None,
        *,
        put_backs: tuple[int, ...] = (),
    ) -> None:
        """Remember what people changed, whose version counts, and when it was put back without asking anybody."""
        kept.put(
            self.conn,
            KeptEdit(
                meeting_id=self.row.id,
                original_start_utc_s=self.original_start_utc_s,
                state=state,
                parts=parts,
                difference=difference,
                calendar_id=calendar_id,
                who=self.who,
                at=self.now_ms,
                put_backs=put_backs,
            ),
        )
        if parts & _TAKING_TIME:
            self._time_changed()

    def forget(self) -> None:
        """Forget what people changed."""
        kept.drop(self.conn, self.row.id, self.original_start_utc_s)
        self._time_changed()

    def _time_changed(self) -> None:
        """The room of the meeting may be taken at other times than its device says."""
        busy.make_again(self.conn, self.row.id, self.now_ms // 1000)


def carry_out(matter: Matter, decision: Decision) -> Done:
    """Do what was decided about an event that was seen."""
    match decision.ruling:
        case Ruling.NOTHING:
            return Done()
        case Ruling.LATER:
            look = SecondLook(meeting_id=matter.row.id, original_start_utc_s=matter.original_start_utc_s)
            second_looks.look_later(matter.conn, look, matter.now_ms + LOOK_AGAIN_MS)
            return Done()
        case Ruling.RESTORED:
            return _restored(matter)
    before = matter.before
    final = put_back_or_ask(decision, before, matter.now_ms)
    if Part.EVENT in final.parts:
        _count_deletion(matter)
    if final is not decision:
        _ask_about_a_fight(matter, before)
        put_backs = () if before is None else before.put_backs
    else:
        put_backs = put_backs_with(before, matter.now_ms) if final.ruling is Ruling.PUT_BACK else ()
    state = _STATES[final.ruling]
    if final.ruling is Ruling.PUT_BACK and final.keeps:
        left = {part: said for part, said in final.difference.items() if part in final.keeps}
        matter.note(KeptState.KEPT, final.keeps, left, put_backs=put_backs)
    else:
        matter.note(state, final.parts, final.difference, put_backs=put_backs)
    told = matter.teller.differs(final.difference, _WORDS[state], conflict=final.conflict)
    if final.ruling is Ruling.PUT_BACK:
        put_back(matter)
    elif final.ruling is Ruling.KEEP:
        _let_go(matter, final.parts)
        resume(matter)
    return Done(told=told, wrote=final.ruling is Ruling.PUT_BACK, asks=final.ruling is Ruling.ASK)


def settle_move(matter: Matter, event: MirroredRow, calendar_id: str, wins: Wins) -> Done:
    """An event was moved to another calendar of ours: it is put back, followed there, or asked about."""
    difference: Difference = {"calendar": {"device": event.calendar_id, "calendar": calendar_id}}
    before = matter.before
    if before is not None and before.calendar_id == calendar_id and before.difference == difference:
        return Done(asks=before.state is KeptState.ASKS)
    state = {Wins.DEVICE: KeptState.BACK, Wins.CALENDAR: KeptState.KEPT, Wins.ASK: KeptState.ASKS}[wins]
    put_backs: tuple[int, ...] = ()
    if state is KeptState.BACK and before is not None and fought(before, matter.now_ms):
        _ask_about_a_fight(matter, before)
        state, put_backs = KeptState.ASKS, before.put_backs
    elif state is KeptState.BACK:
        put_backs = put_backs_with(before, matter.now_ms)
    told = matter.teller.differs(difference, _WORDS[state], conflict=False)
    matter.note(state, frozenset({Part.EVENT}), difference, calendar_id, put_backs=put_backs)
    if state is KeptState.BACK:
        put_back(matter)
    elif state is KeptState.KEPT:
        _follow(matter, calendar_id)
    return Done(told=told, wrote=state is not KeptState.ASKS, asks=state is KeptState.ASKS)


def decide(matter: Matter, wins: Wins) -> Done:
    """An admin decides about a meeting, or one occurrence, that waits for it; `wins` is not ASK.

    How often the event was put back counts anew from here. Raises Conflict when nothing waits there.
    """
    edit = matter.before
    if edit is None or edit.state is not KeptState.ASKS:
        raise Conflict("Nothing is to be decided about this meeting: the calendar and the device agree, or were told.")
    state = KeptState.BACK if wins is Wins.DEVICE else KeptState.KEPT
    told = matter.teller.differs(edit.difference, _WORDS[state], conflict=False)
    matter.note(state, edit.parts, edit.difference, edit.calendar_id)
    event = mirrored.get(matter.conn, matter.row.id)
    if wins is Wins.DEVICE:
        if edit.calendar_id is not None and event is not None:
            _leave(matter, event, edit.calendar_id)
        put_back(matter)
    else:
        if edit.calendar_id is not None:
            _follow(matter, edit.calendar_id)
        else:
            _let_go(matter, edit.parts)
        resume(matter)
    return Done(told=told, wrote=True)


def put_back(matter: Matter) -> None:
    """Ask for the device's version to be written, though nothing about it is new."""
    mirrored.mark_stale(matter.conn, matter.row.id)
    if matter.original_start_utc_s != WHOLE:
        _unsettle_occurrence(matter)
    _enqueue(matter, parked_only=False)


def resume(matter: Matter) -> None:
    """Let go on what was held back until somebody decided."""
    _enqueue(matter, parked_only=True)


def guard_status(conn: sqlite3.Connection) -> tuple[Guarded, ...]:
    """Return the calendars from which many events vanished at once, and about which nobody has decided."""
    return second_looks.guarded(conn)


def believe(
    conn: sqlite3.Connection, account_id: int, calendar_id: str, now_ms: int, unseal: Callable[[str], str]
) -> int:
    """The events that vanished from a calendar were deleted on purpose: they stay so; return how many meetings."""
    return _answer(conn, account_id, calendar_id, now_ms, unseal, KeptState.KEPT)


def put_back_all(
    conn: sqlite3.Connection, account_id: int, calendar_id: str, now_ms: int, unseal: Callable[[str], str]
) -> int:
    """The events that vanished from a calendar are all written again; return how many meetings."""
    return _answer(conn, account_id, calendar_id, now_ms, unseal, KeptState.BACK)


def _answer(
    conn: sqlite3.Connection,
    account_id: int,
    calendar_id: str,
    now_ms: int,
    unseal: Callable[[str], str],
    state: KeptState,
) -> int:
    answered = second_looks.guarded_in(conn, account_id, calendar_id)
    for meeting_id in answered:
        row = meetings.get(conn, meeting_id)
        if row is None or not row.wanted:
            continue
        matter = Matter(conn=conn, row=row, now_ms=now_ms, unseal=unseal)
        matter.note(state, frozenset({Part.EVENT}), GONE)
        matter.teller.differs(GONE, _WORDS[state], conflict=False)
        if state is KeptState.BACK:
            put_back(matter)
        else:
            _let_go(matter, frozenset({Part.EVENT}))
    second_looks.unguard(conn, answered)
    deletions.forget(conn, account_id, calendar_id)
    return len(answered)


def _restored(matter: Matter) -> Done:
    before = matter.before
    told = matter.teller.restored()
    if before is None:
        return Done(told=told)
    if before.state is KeptState.BACK:
        if before.calendar_id is not None:
            matter.note(KeptState.BACK, before.parts, before.difference, put_backs=before.put_backs)
        return Done(told=told)
    if Part.EVENT in before.parts and matter.original_start_utc_s == WHOLE:
        deletions.taken_back(matter.conn, matter.row.id)
    if before.put_backs:  # a program that undoes its own change for a moment is still the same one
        matter.note(KeptState.BACK, before.parts, before.difference, put_backs=before.put_backs)
    else:
        matter.forget()
    resume(matter)
    return Done(told=told, wrote=True)


def _ask_about_a_fight(matter: Matter, before: KeptEdit | None) -> None:
    """Say once that an event is not put back any more, where those look who have to decide."""
    if before is None or before.fought:
        return
    detail = f"put back {len(before.put_backs)} times; somebody, or a program, keeps changing it: nothing is written"
    audit.write(
        matter.conn,
        at_ms=matter.now_ms,
        actor="gateway",
        action="meeting.asks",
        object_=f"meeting:{matter.row.id}",
        detail=detail,
    )
    _LOGGER.warning(
        "an event is changed again each time that it was put back: nothing is written to it until somebody decides. "
        "Next: meeting-gateway meeting resolve %d",
        matter.row.id,
        extra={"meeting": matter.row.id},
    )


def _count_deletion(matter: Matter) -> None:
    """Remember that people deleted a coming event: many small deletions are a large one."""
    event = mirrored.get(matter.conn, matter.row.id)
    if event is None or matter.original_start_utc_s != WHOLE:
        return
    if _is_coming(from_json(matter.row.body, matter.unseal), matter.now_ms // 1000):
        deletions.note(matter.conn, matter.row.id, event.account_id, event.calendar_id, matter.now_ms)


def _is_coming(meeting: Meeting, now_s: int) -> bool:
    """Tell whether a meeting is not over; a series counts unless its end is past."""
    if meeting.repeat is None:
        return meeting.end_utc_s > now_s
    return meeting.repeat.until_utc_s is None or meeting.repeat.until_utc_s >= now_s


def _let_go(matter: Matter, parts: frozenset[Part]) -> None:
    """A deleted event stays so: the meeting has none any more, and would get a new one if its device changed it."""
    event = mirrored.get(matter.conn, matter.row.id)
    if Part.EVENT in parts and matter.original_start_utc_s == WHOLE and event is not None:
        mirrored.gone(
            matter.conn, meeting_id=matter.row.id, revision=event.revision or matter.row.revision, now_ms=matter.now_ms
        )


def _follow(matter: Matter, calendar_id: str) -> None:
    """The event is in another calendar now, and stays there: the device's meeting goes on there."""
    mirrored.move(matter.conn, matter.row.id, calendar_id)
    event = mirrored.get(matter.conn, matter.row.id)
    if event is not None:
        second_looks.stray_gone(matter.conn, event.account_id, calendar_id, event.remote_id)
    matter.forget()
    changes.keep_edit(matter.conn, matter.row.id, WHOLE, None, matter.now_ms)


def _leave(matter: Matter, event: MirroredRow, calendar_id: str) -> None:
    stray = StrayEvent(
        account_id=event.account_id, calendar_id=calendar_id, remote_id=event.remote_id, meeting_id=matter.row.id
    )
    second_looks.stray(matter.conn, stray, matter.now_ms)


def _unsettle_occurrence(matter: Matter) -> None:
    """What the calendar holds at one occurrence has to be looked at; one that nobody changed gets a row for that."""
    original = matter.original_start_utc_s
    if occurrences.get(matter.conn, matter.row.id, original) is None:
        series = from_json(matter.row.body, matter.unseal)
        plain = OccurrenceRow(
            meeting_id=matter.row.id,
            original_start_utc_s=original,
            original_local=to_local(original, series.zone),
            state=OccurrenceState.PLAIN,
            sequence=None,
            fingerprint="",
            body=None,
        )
        occurrences.put(matter.conn, plain, matter.now_ms)
        occurrences.recount(matter.conn, matter.row.id)
    kept.put_back_occurrence(matter.conn, matter.row.id, original)


def _enqueue(matter: Matter, *, parked_only: bool) -> None:
    """Make sure that the meeting's event is brought to what is wanted; what waits anyway is left as it is."""
    waiting = outbox.get(matter.conn, outbox.MIRROR, matter.row.id)
    if waiting is not None and waiting.hold is not Hold.PARKED:
        return
    if waiting is None and parked_only:
        return
    enqueue(
        matter.conn,
        meeting_id=matter.row.id,
        device_id=matter.row.device_id,
        revision=matter.row.revision,
        meeting=from_json(matter.row.body, matter.unseal),
        now_ms=matter.now_ms,
    )
