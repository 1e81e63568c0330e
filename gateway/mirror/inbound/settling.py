"""Settles what was seen in a calendar: whose event it is, what was decided, what is to be done; in one transaction."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from gateway.domain.change import from_json
from gateway.domain.device import DevicePolicy, Wins
from gateway.domain.facts import EventFacts, Part
from gateway.domain.feed import SeenEvent
from gateway.domain.kept_edit import WHOLE, Difference, KeptState
from gateway.domain.meeting import Meeting
from gateway.domain.occurrence import OccurrenceState, Slot, by_the_rule
from gateway.domain.reconcile import Decision, Situation, decide
from gateway.domain.target import AccountTarget
from gateway.domain.zones import to_local, to_utc_s
from gateway.mirror.event.lacks import Lacks
from gateway.mirror.event.ownership import is_removable, marked_generation, written_facts
from gateway.mirror.event.wanted import Wanted
from gateway.mirror.inbound.decisions import Matter, carry_out, settle_move
from gateway.store import kept, meetings, mirrored, mirrored_calendars, occurrences, outbox, second_looks, wordings
from gateway.store.meetings import MeetingRow
from gateway.store.mirrored import MirroredRow, MirrorState
from gateway.store.second_looks import StrayEvent

_LOGGER = logging.getLogger(__name__)

Policies = Callable[[int], DevicePolicy]
"""The choices for a device, by its row id; KeyError when there is no such device."""


@dataclass(kw_only=True)
class Settling:
    """One transaction about events of one calendar; `told` are the devices that have news, `wrote` asks for writing."""

    conn: sqlite3.Connection
    account: AccountTarget
    calendar_id: str
    installation_id: str
    policy: Policies
    unseal: Callable[[str], str]
    now_ms: int
    told: set[int] = field(default_factory=set)
    wrote: bool = False

    def settle(self, seen: SeenEvent, meeting_id: int) -> None:
        """Settle one event of a meeting; an event that is no meeting's current one is remembered as a stray."""
        row, event = meetings.get(self.conn, meeting_id), mirrored.get(self.conn, meeting_id)
        if row is None or event is None:
            return
        if event.remote_id != seen.whole_id:
            self._stray(seen, row, event)
        elif event.account_id != self.account.account_id:
            return  # the event of an account that sees this calendar as well, which reads it itself
        elif self.account.calendar(event.calendar_id) != self.calendar_id:
            self._elsewhere(seen, row, event)
        elif event.state is MirrorState.GONE:
            self._alive_again(seen, row, event)
        elif event.state is MirrorState.LIVE:
            self._ours(seen, row, event)

    def deletions(self, seen: Mapping[int, SeenEvent]) -> frozenset[int]:
        """Return the meetings whose event is among these, is gone from this calendar, and should be there."""
        return frozenset(
            meeting_id
            for meeting_id, event in seen.items()
            if event.event.cancelled and self._should_be_there(meeting_id, event.event.remote_id)
        )

    def live(self) -> frozenset[int]:
        """Return the meetings with a live event in this calendar."""
        found = mirrored_calendars.live_in(self.conn, self.account.account_id, self.calendar_id)
        return frozenset(meeting_id for meeting_id in found.values() if self._should_be_there(meeting_id))

    def _should_be_there(self, meeting_id: int, remote_id: str | None = None) -> bool:
        row, event = meetings.get(self.conn, meeting_id), mirrored.get(self.conn, meeting_id)
        if row is None or event is None or not row.wanted or event.state is not MirrorState.LIVE:
            return False
        if event.account_id != self.account.account_id or remote_id not in (None, event.remote_id):
            return False
        known = kept.get(self.conn, meeting_id)
        decided = known is not None and known.state is not KeptState.BACK and Part.EVENT in known.parts
        return self.account.calendar(event.calendar_id) == self.calendar_id and not decided

    def _ours(self, seen: SeenEvent, row: MeetingRow, event: MirroredRow) -> None:
        if not seen.event.cancelled and seen.series_id is None:
            second_looks.needed(self.conn, event.account_id, event.remote_id)
            second_looks.unguard(self.conn, (row.id,))
        if not row.wanted or (seen.event.cancelled and self._moved_away(seen, row)):
            return
        series = from_json(row.body, self.unseal)
        original = _original(seen, series)
        if original is None:
            return
        expected = series if original == WHOLE else self._expected(row, series, original)
        matter = self._matter(row, original, seen.who)
        if expected is not None and not seen.event.cancelled and matter.teller.replied(seen.guests, expected):
            self.told.add(row.device_id)
        if not seen.event.cancelled and seen.event.facts is None:
            _LOGGER.warning("an event cannot be understood and is left as it is", extra={"meeting": row.id})
            return
        self._carry_out(matter, self._decide(matter, seen, event, expected))

    def _moved_away(self, seen: SeenEvent, row: MeetingRow) -> bool:
        """Tell whether the event is gone from here because it was moved to where it was seen before."""
        known = kept.get(self.conn, row.id) if seen.series_id is None else None
        return known is not None and known.calendar_id is not None

    def _decide(self, matter: Matter, seen: SeenEvent, event: MirroredRow, expected: Meeting | None) -> Decision:
        row, whole = matter.row, matter.original_start_utc_s == WHOLE
        series = None if whole else kept.get(self.conn, row.id)
        # What people changed when an occurrence is another's business may well be its series' business.
        inherited: Difference = {} if series is None or series.calendar_id else series.difference
        wanted = None if expected is None else self._wanted(row, event, expected, matter.original_start_utc_s)
        writing = outbox.get(self.conn, outbox.MIRROR, row.id) is not None
        return decide(
            Situation(
                wanted=wanted,
                written=written_facts(event) if whole else None,
                seen=None if seen.event.cancelled else seen.event.facts,
                wins=self.policy(row.device_id).wins,
                waiting=writing and event.revision != row.revision,
                writing=writing,
                echo=whole and bool(seen.event.etag) and event.etag == seen.event.etag,
                over=expected is not None and expected.repeat is None and expected.end_utc_s * 1000 < self.now_ms,
                before=kept.get(self.conn, row.id, matter.original_start_utc_s),
                told=matter.teller.outstanding,
                edited=seen.event.edited if whole else None,
                inherited=inherited,
            )
        )

    def _carry_out(self, matter: Matter, decision: Decision) -> None:
        done = carry_out(matter, decision)
        if done.told:
            self.told.add(matter.row.device_id)
        self.wrote |= done.wrote

    def _matter(self, row: MeetingRow, original: int, who: str) -> Matter:
        return Matter(
            conn=self.conn, row=row, original_start_utc_s=original, who=who, now_ms=self.now_ms, unseal=self.unseal
        )

    def _wanted(self, row: MeetingRow, event: MirroredRow, expected: Meeting, original: int) -> EventFacts:
        """Return what the device wants there, in the words that it was written with."""
        policy = self.policy(row.device_id)
        lacks = Lacks.remembered(event.lacking, row.revision)
        wanted = Wanted(meeting=expected, fingerprint=row.fingerprint, policy=policy)
        own = None if original == WHOLE else occurrences.get(self.conn, row.id, original)
        written = (own.delivered or "") if own is not None and own.state is OccurrenceState.CHANGED else ""
        made_from = wanted.as_written(
            written if "." in written else event.content, lambda mark: wordings.find(self.conn, mark)
        )
        return self.account.target.facts(made_from.content(lacks))

    def _expected(self, row: MeetingRow, series: Meeting, original: int) -> Meeting | None:
        """Return what the device wants of one occurrence, None when it wants none there."""
        own = occurrences.get(self.conn, row.id, original)
        if own is None or own.state is OccurrenceState.PLAIN:
            return by_the_rule(series, Slot(to_local(original, series.zone), original))
        if own.state is OccurrenceState.CHANGED and own.body is not None:
            return from_json(own.body, self.unseal)
        return None

    def _alive_again(self, seen: SeenEvent, row: MeetingRow, event: MirroredRow) -> None:
        """Somebody restored an event that had been removed."""
        if seen.event.cancelled or seen.series_id is not None:
            return
        if outbox.get(self.conn, outbox.MIRROR, row.id) is not None:
            return  # whoever writes next looks at it first
        if not row.wanted:
            self._remove(seen, row)
            return
        mirrored.live(
            self.conn,
            meeting_id=row.id,
            revision=event.revision or 0,
            etag=None,
            link=seen.event.link,
            now_ms=self.now_ms,
            written=event.written,
        )
        self._settle_again(seen, row)

    def _settle_again(self, seen: SeenEvent, row: MeetingRow) -> None:
        event = mirrored.get(self.conn, row.id)
        if event is not None:
            self._ours(seen, row, event)

    def _elsewhere(self, seen: SeenEvent, row: MeetingRow, event: MirroredRow) -> None:
        """The event is in another calendar than the one it was written to: somebody moved it here."""
        if seen.event.cancelled or seen.series_id is not None or event.state is not MirrorState.LIVE:
            return
        if not row.wanted:
            if outbox.get(self.conn, outbox.MIRROR, row.id) is None:
                self._remove(seen, row)
            return
        wins = self.policy(row.device_id).wins
        done = settle_move(self._matter(row, WHOLE, seen.who), event, self.calendar_id, wins)
        if done.told:
            self.told.add(row.device_id)
        self.wrote |= done.wrote
        if wins is Wins.DEVICE and not done.asks:
            # That is done once the meeting has another event; until then this one is its only one.
            self._remove(seen, row)
        elif wins is Wins.CALENDAR:
            self._settle_again(seen, row)

    def _stray(self, seen: SeenEvent, row: MeetingRow, event: MirroredRow) -> None:
        remote_id = seen.event.remote_id
        if seen.event.cancelled:
            second_looks.stray_gone(self.conn, self.account.account_id, self.calendar_id, remote_id)
            return
        if seen.series_id is not None or seen.event.marks.get("gateway") != self.installation_id:
            return
        if seen.split_from == event.remote_id and row.wanted and self.policy(row.device_id).wins is not Wins.DEVICE:
            return  # a person changed "this and following" occurrences, and their word counts
        if event.state is MirrorState.CLAIMED and event.generation <= marked_generation(seen.event.marks):
            return
        if not is_removable(self.installation_id, event, remote_id, seen.split_from):
            return  # somebody's copy of an event of ours, with the marks that were copied with it
        self._remove(seen, row)

    def _remove(self, seen: SeenEvent, row: MeetingRow) -> None:
        stray = StrayEvent(
            account_id=self.account.account_id,
            calendar_id=self.calendar_id,
            remote_id=seen.event.remote_id,
            meeting_id=row.id,
        )
        second_looks.stray(self.conn, stray, self.now_ms)


def _original(seen: SeenEvent, series: Meeting) -> int | None:
    """Return which occurrence it is, WHOLE for the meeting itself, None when the calendar does not say which."""
    if seen.series_id is None:
        return WHOLE
    if seen.original_day is not None:
        midnight = series.start_local.replace(hour=0, minute=0, second=0, microsecond=0)
        day = seen.original_day
        return to_utc_s(midnight.replace(year=day.year, month=day.month, day=day.day), series.zone)[0]
    return seen.original_start_utc_s
