"""Compares every mirrored meeting with what its calendar holds, and asks for repair; it writes to no calendar."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from gateway.clock import Clock
from gateway.domain.change import from_json
from gateway.domain.device import DevicePolicy, Wins
from gateway.domain.facts import Part, differences
from gateway.domain.feed import AccountFeed, SeenEvent
from gateway.domain.occurrence import OccurrenceState
from gateway.domain.outcome import Outcome
from gateway.domain.target import AccountTarget
from gateway.mirror.event.lacks import Lacks
from gateway.mirror.event.ownership import is_nobodys, is_removable, made_here, marked_meeting
from gateway.mirror.event.wanted import Wanted
from gateway.mirror.inbound.calendar_reader import CalendarReader
from gateway.mirror.inbound.findings import Finding, Kind, Report, Unread
from gateway.store import audit, kept, meetings, mirrored, occurrences, outbox, second_looks, verifying, wordings
from gateway.store.database import Database
from gateway.store.second_looks import SecondLook, StrayEvent
from gateway.store.verifying import Standing

__all__ = ["Finding", "Kind", "Report", "Unread", "Verification"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """An event of ours where it was seen."""

    account: AccountTarget
    calendar_id: str
    event: SeenEvent

    @property
    def place(self) -> tuple[int, str, str]:
        return self.account.account_id, self.calendar_id, self.event.event.remote_id


@dataclass(frozen=True, slots=True, kw_only=True)
class _FromTheBeginning:
    """What is known of a calendar that is read as a whole: which events are ours, also those without marks."""

    ids: frozenset[str]
    token: str | None = None

    async def ours(self) -> frozenset[str]:
        return self.ids


class Verification:
    """Works for one installation; `policy` gives the choices for a device by its row id."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        feeds: Sequence[AccountFeed],
        reader: CalendarReader,
        policy: Callable[[int], DevicePolicy],
        unseal: Callable[[str], str],
        actor: str,
    ) -> None:
        self._database = database
        self._clock = clock
        self._feeds = tuple(feeds)
        self._reader = reader
        self._policy = policy
        self._unseal = unseal
        self._actor = actor

    async def compare(self) -> Report:
        """Read every calendar that may hold events of ours, and compare. Raises StoreError.

        What changes while the calendars are read counts as on its way.
        """
        report = Report()
        before = await self._database.read(self._everything)
        seen, read = await self._read(report, frozenset(each.remote_id for each in before.values() if each.remote_id))
        after = await self._database.read(self._everything)
        still = {number: each for number, each in after.items() if before.get(number) == each}
        return await self._database.read(lambda conn: self._judged(conn, report, still, after, seen, read))

    async def repair(self, findings: Sequence[Finding]) -> int:
        """Ask for everything that makes the calendars right; return for how many findings there was a way.

        Events are written and removed by the gateway's own deliveries; removed are only those that the gateway made and
        that are no meeting's event now, and of a calendar with many of them none until somebody decides. Where
        people's changes count, the reading of the calendar judges the event again.
        """
        return await self._database.write(lambda conn: sum(self._repair(conn, each) for each in findings))

    async def _read(self, report: Report, ours: frozenset[str]) -> tuple[list[_Seen], set[tuple[int, str]]]:
        seen: list[_Seen] = []
        read: set[tuple[int, str]] = set()
        for feed in self._feeds:
            account = feed.account
            names = await self._database.read(
                lambda conn, account_id=account.account_id: verifying.calendars(conn, account_id)  # type: ignore[misc]
            )
            for calendar_id in sorted({account.calendar(name) for name in names}):
                got = await self._reader.read(feed, calendar_id, _FromTheBeginning(ids=ours))
                if isinstance(got, Outcome):
                    report.unread.append(
                        Unread(account=account.email, calendar_id=calendar_id, code=got.code, text=got.text)
                    )
                    continue
                read.add((account.account_id, calendar_id))
                seen += (_Seen(account=account, calendar_id=calendar_id, event=event) for event in got.ours)
        return seen, read

    def _everything(self, conn: sqlite3.Connection) -> dict[int, Standing]:
        """Return how every meeting stands, each calendar by its one name."""
        accounts = {feed.account.account_id: feed.account for feed in self._feeds}
        found = verifying.everything(conn)
        for number, each in found.items():
            account = accounts.get(each.account_id or 0)
            if account is not None and each.calendar_id is not None:
                found[number] = replace(each, calendar_id=account.calendar(each.calendar_id))
        return found

    def _judged(
        self,
        conn: sqlite3.Connection,
        report: Report,
        still: Mapping[int, Standing],
        known: Mapping[int, Standing],
        seen: Sequence[_Seen],
        read: set[tuple[int, str]],
    ) -> Report:
        own = {(each.account_id, each.remote_id): number for number, each in known.items() if each.remote_id}
        events: dict[int, list[_Seen]] = defaultdict(list)
        exceptions: dict[str, list[_Seen]] = defaultdict(list)
        for each in seen:
            if each.event.series_id is not None:
                exceptions[each.event.series_id].append(each)
            elif not each.event.event.cancelled:
                number = own.get((each.account.account_id, each.event.event.remote_id))
                events[_marked_for(each) if number is None else number].append(each)
        unread = _places(known) - read
        self._note_unusable(report, unread)
        for meeting_id, standing in still.items():
            there = events.get(meeting_id, [])
            if standing.left:
                report.left += 1
            elif standing.waits:
                report.waiting += 1
            elif standing.wanted and (standing.account_id, standing.calendar_id) not in unread:
                report.compared += 1
                report.findings += self._of_wanted(conn, standing, there, exceptions)
            elif not standing.wanted:
                detail = "the meeting wants none"
                report.findings += (self._finding(conn, Kind.STRAY, each, standing, detail) for each in there)
        for meeting_id in events.keys() - known.keys():
            strays = events[meeting_id]
            report.findings += (self._finding(conn, Kind.STRAY, each, None, "no such meeting") for each in strays)
        report.waiting += len(known) - len(still)
        return report

    def _note_unusable(self, report: Report, unread: set[tuple[int, str]]) -> None:
        """Name the calendars that nobody could even try to read."""
        tried = {feed.account.account_id for feed in self._feeds}
        for account_id, calendar_id in sorted(unread):
            if account_id not in tried:
                text = "Its account cannot be used now."
                report.unread.append(
                    Unread(account=f"account {account_id}", calendar_id=calendar_id, code="", text=text)
                )

    def _of_wanted(
        self,
        conn: sqlite3.Connection,
        standing: Standing,
        there: Sequence[_Seen],
        exceptions: Mapping[str, Sequence[_Seen]],
    ) -> list[Finding]:
        same = [each for each in there if each.event.event.remote_id == standing.remote_id]
        own = [each for each in same if each.account.account_id == standing.account_id]
        others = [each for each in there if each not in same and not self._people_split(standing, each)]
        found = [self._finding(conn, Kind.DOUBLED, each, standing, "a second event") for each in others]
        here = [each for each in own if each.calendar_id == standing.calendar_id]
        if not here:
            return [*found, *self._not_here(conn, standing, own)]
        second = [each for each in own if each not in here]
        found += (self._finding(conn, Kind.DOUBLED, each, standing, "in a second calendar") for each in second)
        said = self._in_what(conn, standing, here[0], exceptions.get(here[0].event.event.remote_id, ()))
        if said:
            found.append(self._finding(conn, Kind.DIFFERENT, here[0], standing, said))
        return found

    def _people_split(self, standing: Standing, each: _Seen) -> bool:
        """Whether a person changed "this and following" occurrences, and their word counts for this device."""
        split_off = each.event.event.remote_id.startswith(f"{standing.remote_id}_R")
        return split_off and self._policy(standing.device_id).wins is not Wins.DEVICE

    def _not_here(self, conn: sqlite3.Connection, standing: Standing, own: Sequence[_Seen]) -> list[Finding]:
        if own:
            detail = f"it belongs into {standing.calendar_id}"
            return [self._finding(conn, Kind.ELSEWHERE, each, standing, detail) for each in own]
        return [
            Finding(
                kind=Kind.MISSING,
                account_id=standing.account_id or 0,
                calendar_id=standing.calendar_id or "",
                remote_id=standing.remote_id or "",
                meeting_id=standing.meeting_id,
                device=standing.device,
                external_id=standing.external_id,
                detail="the event is not in the calendar" if standing.remote_id else "it was never sent",
            )
        ]

    def _in_what(self, conn: sqlite3.Connection, standing: Standing, here: _Seen, exceptions: Sequence[_Seen]) -> str:
        """Return in which parts an event is not as it should be, empty when it is; what people decided is left out."""
        meeting_id = standing.meeting_id
        row, event = meetings.get(conn, meeting_id), mirrored.get(conn, meeting_id)
        facts = here.event.event.facts
        if row is None or event is None:
            return ""
        if facts is None:
            return "it cannot be understood"
        meeting = from_json(row.body, self._unseal)
        wanted = Wanted(meeting=meeting, fingerprint=row.fingerprint, policy=self._policy(row.device_id))
        made_from = wanted.as_written(event.content, lambda mark: wordings.find(conn, mark))
        content = made_from.content(Lacks.remembered(event.lacking, row.revision))
        edits = kept.of(conn, meeting_id)
        decided = frozenset(part for edit in edits if edit.original_start_utc_s == kept.WHOLE for part in edit.parts)
        parts = [str(part) for part in differences(here.account.target.facts(content), facts) if part not in decided]
        known = {edit.original_start_utc_s for edit in edits}
        if row.exceptions and Part.TIME not in decided and Part.REPEAT not in decided:
            parts += self._occurrences(conn, meeting_id, exceptions, known)
        return ", ".join(parts)

    def _occurrences(
        self, conn: sqlite3.Connection, meeting_id: int, seen: Sequence[_Seen], decided: set[int]
    ) -> list[str]:
        """Return which occurrences that the device changed or cancelled are not so in the calendar."""
        by_start = {each.event.original_start_utc_s: each.event for each in seen}
        by_day = {each.event.original_day: each.event for each in seen if each.event.original_day is not None}
        found = []
        for row in occurrences.of(conn, meeting_id):
            there = by_start.get(row.original_start_utc_s) or by_day.get(row.original_local.date())
            gone = there is not None and there.event.cancelled
            right = True
            if row.state is OccurrenceState.CANCELLED:
                right = gone
            elif row.state is OccurrenceState.CHANGED and row.body is not None:
                said = from_json(row.body, self._unseal)
                facts = there.event.facts if there is not None and not gone else None
                right = facts is not None and (
                    said.all_day or (facts.start_utc_s, facts.end_utc_s) == (said.start_utc_s, said.end_utc_s)
                )
            if not right and row.original_start_utc_s not in decided:
                found.append(f"occurrence of {row.original_local:%Y-%m-%d %H:%M}")
        return found

    def _repair(self, conn: sqlite3.Connection, finding: Finding) -> bool:
        now_ms = self._clock.now_ms()
        row = meetings.get(conn, finding.meeting_id) if finding.meeting_id is not None else None
        writable = any(
            feed.account.account_id == finding.account_id and not feed.account.read_only for feed in self._feeds
        )
        if finding.account_id and not writable:
            return False
        if finding.kind in (Kind.DOUBLED, Kind.STRAY):
            if not finding.marked:
                return False
            self._remove(conn, finding, now_ms)
        elif row is None:
            return False
        elif self._policy(row.device_id).wins is not Wins.DEVICE and finding.remote_id:
            second_looks.look_later(conn, SecondLook(meeting_id=row.id), now_ms)
        else:
            if finding.kind is Kind.ELSEWHERE and finding.marked:
                self._remove(conn, finding, now_ms)
            mirrored.mark_stale(conn, row.id)
            starts_at_ms = from_json(row.body, self._unseal).start_utc_s * 1000
            outbox.put(
                conn,
                kind=outbox.MIRROR,
                subject_id=row.id,
                revision=row.revision,
                now_ms=now_ms,
                lane=row.device_id,
                starts_at_ms=starts_at_ms,
            )
        object_ = f"meeting:{finding.meeting_id}" if finding.meeting_id else f"event:{finding.remote_id}"
        detail = f"{finding.kind}: {finding.remote_id}"
        audit.write(conn, at_ms=now_ms, actor=self._actor, action="mirror.repaired", object_=object_, detail=detail)
        return True

    def _finding(
        self, conn: sqlite3.Connection, kind: Kind, seen: _Seen, standing: Standing | None, detail: str
    ) -> Finding:
        remote_id = seen.event.event.remote_id
        removable = kind is not Kind.DIFFERENT and self._is_removable(conn, seen.event, standing)
        if kind is Kind.ELSEWHERE and standing is not None:
            # It is its meeting's only one until the next is written; then it is one more.
            event = mirrored.get(conn, standing.meeting_id)
            removable = event is not None and made_here(
                self._reader.installation_id, standing.meeting_id, remote_id, event.generation
            )
        elif kind is not Kind.DIFFERENT and not removable:
            detail = f"{detail}; the gateway did not make it, and leaves it"
        return Finding(
            kind=kind,
            account_id=seen.account.account_id,
            calendar_id=seen.calendar_id,
            remote_id=remote_id,
            meeting_id=standing.meeting_id if standing is not None else None,
            device=standing.device if standing is not None else "",
            external_id=standing.external_id if standing is not None else "",
            detail=detail,
            marked=removable,
        )

    def _is_removable(self, conn: sqlite3.Connection, seen: SeenEvent, standing: Standing | None) -> bool:
        installation_id, marks, remote_id = self._reader.installation_id, seen.event.marks, seen.event.remote_id
        if marks.get("gateway") != installation_id:
            return False
        if standing is None:
            return is_nobodys(installation_id, marks, remote_id)
        event = mirrored.get(conn, standing.meeting_id)
        return event is not None and is_removable(installation_id, event, remote_id, seen.split_from)

    def _remove(self, conn: sqlite3.Connection, finding: Finding, now_ms: int) -> None:
        event = StrayEvent(
            account_id=finding.account_id,
            calendar_id=finding.calendar_id,
            remote_id=finding.remote_id,
            meeting_id=finding.meeting_id or 0,
        )
        second_looks.stray(conn, event, now_ms)


def _places(known: Mapping[int, Standing]) -> set[tuple[int, str]]:
    """Return the calendars in which meetings have events."""
    return {
        (each.account_id, each.calendar_id)
        for each in known.values()
        if each.account_id is not None and each.calendar_id is not None
    }


def _marked_for(seen: _Seen) -> int:
    """Return the meeting that an event's marks name; 0 when they name none."""
    return marked_meeting(seen.event.event.marks) or 0
