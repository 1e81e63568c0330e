"""One look at a device's list: what is new or changed is taken in, what vanished is cancelled; no schedule here."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, replace

from gateway.clock import Clock
from gateway.domain.meeting import Meeting
from gateway.errors import BadPayload, Conflict, NotFound
from gateway.mirror.intake.intake import Caller, Intake
from gateway.mirror.poll import reading
from gateway.mirror.poll.reading import Group, Note, Understood
from gateway.mirror.poll.state import PolledDevice
from gateway.pbx import failure
from gateway.pbx.failure import PbxFailure
from gateway.pbx.listing import Listing
from gateway.pbx.ucm import LARGEST_EVIDENCE, UcmClient
from gateway.profiles.model import Api, Profile
from gateway.profiles.translate import Context
from gateway.store import polling
from gateway.store.database import Database
from gateway.store.polling import PolledMeeting

FEWEST_TO_ASK = 5
SHARE_TO_ASK = 0.2
"""A list that loses more than this of the meetings to come, and more than the fewest, is not believed by itself."""

LISTS_TO_VANISH = 2
AGAIN_AT_ONCE = 5
"""So many meetings, of which the list does not say everything, are read again in each look, in turn."""

_TOGETHER = 32
_NO_SUCH_ITEM = -16


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a look came to; `asked` is not 0 when an admin has to say whether so many meetings are really gone.

    `complete` says that the list told what is not there, `unreadable` what in it names no meeting.
    """

    listed: int
    not_understood: int
    missing: int
    asked: int
    complete: bool
    failure: PbxFailure | None = None
    believed_done: bool = False
    unreadable: Note | None = None


class Looker:
    """Looks at lists; what it learned of a device beside the store may be lost at any time."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        intake: Intake,
        digest_key: bytes,
        learned: Callable[[str, Meeting], None],
        most_notes: int = 20,
    ) -> None:
        self._database = database
        self._clock = clock
        self._intake = intake
        self._digest_key = digest_key
        self._learned = learned
        self._most_notes = most_notes
        self._tried_again: set[tuple[int, str]] = set()
        self._turn: dict[int, str] = {}
        self._words: dict[int, tuple[Profile, bytes]] = {}

    async def look(self, device: PolledDevice, api: Api, client: UcmClient, believed: int) -> Look:
        """Ask for the list and do what it says. Raises PbxFailure, StoreError."""
        sight = await self._sight(device, api, client)
        broken = await _Feeding(self._database, self._intake, sight, client, self._learned).feed(
            self._due(device.row.id, sight)
        )
        listing = sight.listing
        known = await self._database.read(lambda conn: polling.meetings(conn, device.row.id))
        whole = listing.complete and broken is None and not sight.unreadable
        gone = await _Vanishing(self._database, self._intake, sight, known).judge(believed) if whole else None
        notes = sum(1 for each in known.values() if each.code) + len(sight.unreadable)
        return Look(
            listed=len(sight.groups),
            not_understood=notes,
            missing=gone.missing if gone else 0,
            asked=gone.asked if gone else 0,
            complete=gone is not None,
            failure=listing.failure or broken,
            believed_done=gone is not None and gone.missing == 0,
            unreadable=sight.unreadable[0] if sight.unreadable else None,
        )

    async def read_only(self, device: PolledDevice, api: Api, client: UcmClient) -> tuple[int, list[Note]]:
        """How many meetings the list has, and notes on those not understood; nothing is taken. Raises PbxFailure."""
        sight = await self._sight(device, api, client)
        if sight.listing.failure is not None:
            raise sight.listing.failure
        notes = list(sight.unreadable)
        for group in sight.groups.values():
            if group.whole is None or group.cancelled or len(notes) >= self._most_notes:
                continue
            try:
                said = reading.understood(device.profile, group, group.whole, sight.context)
            except BadPayload as error:
                notes.append(reading.note_of(device.profile, error, f"the meeting {group.external_id}"))
            else:
                notes += [note for note in (said.note, group.note) if note]
        return len(sight.groups), notes

    async def _sight(self, device: PolledDevice, api: Api, client: UcmClient) -> _Sight:
        shape, pins = reading.shape_named(device.profile, api.shape), device.policy.show_pins
        context = Context(
            external_id=None,
            device_zone=device.time_zone,
            now_s=self._clock.now_ms() // 1000,
            directory=device.directory,
        )
        known = await self._database.read(lambda conn: polling.meetings(conn, device.row.id))
        wanted = reading.columns(shape, pins=pins)
        listing = await client.list_meetings(wanted)
        groups, unreadable = reading.grouped(device.profile, listing.items, context)
        if listing.items and not groups:
            evidence = json.dumps(listing.items, ensure_ascii=False)[:LARGEST_EVIDENCE]
            raise failure.odd_list(device.policy.name, evidence, unreadable[0].text)
        mark = reading.salt(self._words_of(device), device.time_zone, device.directory, pins=pins)
        return _Sight(
            device=device,
            context=context,
            listing=listing,
            known=known,
            groups=groups,
            unreadable=unreadable,
            digests={name: reading.digest(self._digest_key, mark, group) for name, group in groups.items()},
            wanted=frozenset(wanted),
            lacks=lambda group: (
                api.get is not None and group.whole is not None and reading.lacking(shape, group.whole, pins=pins)
            ),
        )

    def _words_of(self, device: PolledDevice) -> bytes:
        """As `words_of`, computed once for each profile: it takes milliseconds."""
        known = self._words.get(device.row.id)
        if known is None or known[0] is not device.profile:
            known = self._words[device.row.id] = (device.profile, reading.words_of(device.profile))
        return known[1]

    def _due(self, device_id: int, sight: _Sight) -> list[Group]:
        """The meetings to look at: new, changed, not understood before this start, or in turn to be read again."""
        due = {name: group for name, group in sight.groups.items() if sight.is_news(name)}
        for name, row in sight.known.items():
            if row.code and name in sight.groups and (device_id, name) not in self._tried_again:
                self._tried_again.add((device_id, name))
                due[name] = sight.groups[name]
        now_ms = self._clock.now_ms()
        in_turn = sorted(
            name
            for name, row in sight.known.items()
            if row.detailed and name in sight.groups and (row.ends_at is None or row.ends_at > now_ms)
        )
        last = self._turn.get(device_id, "")
        again = [name for name in in_turn if name > last][:AGAIN_AT_ONCE]
        self._turn[device_id] = again[-1] if len(again) == AGAIN_AT_ONCE else ""
        due.update((name, sight.groups[name]) for name in again)
        return list(due.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sight:
    """A list beside what was known before."""

    device: PolledDevice
    context: Context
    listing: Listing
    known: dict[str, PolledMeeting]
    groups: dict[str, Group]
    unreadable: list[Note]
    digests: dict[str, bytes]
    wanted: frozenset[str]
    lacks: Callable[[Group], bool]

    def is_news(self, name: str) -> bool:
        row = self.known.get(name)
        return row is None or row.digest != self.digests[name] or row.missing > 0

    @property
    def caller(self) -> Caller:
        return Caller(device_id=self.device.row.id, name=self.device.row.name)


class _Feeding:
    """Gives meetings to the intake and writes down what was seen: first the meeting, then that it was taken.

    Cut off between the two, the same is done again, which changes nothing.
    """

    def __init__(
        self,
        database: Database,
        intake: Intake,
        sight: _Sight,
        client: UcmClient,
        learned: Callable[[str, Meeting], None],
    ) -> None:
        self._database = database
        self._intake = intake
        self._sight = sight
        self._client = client
        self._learned = learned

    async def feed(self, due: list[Group]) -> PbxFailure | None:
        """Do it; return what kept the PBX from telling more about one of them."""
        for at in range(0, len(due), _TOGETHER):
            wholes: list[tuple[Group, reading.Item | None, bool]] = []
            broken = None
            for group in due[at : at + _TOGETHER]:
                try:
                    wholes.append(await self._whole(group))
                except PbxFailure as error:
                    broken = error
                    break
            rows = await asyncio.gather(*(self._take(*each) for each in wholes))
            await self._keep([row for row in rows if row is not None])
            if broken is not None:
                return broken
        return None

    async def _whole(self, group: Group) -> tuple[Group, reading.Item | None, bool]:
        """The meeting with what the list leaves out, and whether there was any."""
        if group.whole is None or group.cancelled or not self._sight.lacks(group):
            return group, group.whole, False
        try:
            more = await self._client.meeting(group.external_id)
        except PbxFailure as error:
            if error.status == _NO_SUCH_ITEM:  # deleted since the list was told
                return group, None, False
            raise
        missing = self._sight.wanted - group.whole.keys()
        added = {name: value for name, value in more.items() if name in missing}
        return group, {**group.whole, **added}, bool(added)

    async def _take(self, group: Group, whole: reading.Item | None, detailed: bool) -> PolledMeeting | None:
        """Give one meeting to the intake; return what to remember, None to look at it again the next time."""
        name = group.external_id
        before = self._sight.known.get(name)
        row = PolledMeeting(
            external_id=name,
            digest=self._sight.digests[name],
            ends_at=before.ends_at if before else 0,
            taken=before.taken if before else False,
            detailed=detailed,
        )
        if group.cancelled:
            return await self._cancelled(row)
        if whole is None:
            return None if group.whole is not None else replace(row, code="D-04", text=_ORPHAN.format(name=name))
        profile = self._sight.device.profile
        try:
            said = reading.understood(profile, group, whole, self._sight.context)
        except BadPayload as error:
            return _noted(row, reading.note_of(profile, error, f"the meeting {name}"))
        ends_at = reading.ends_ms(said)
        if ends_at is not None and ends_at <= self._sight.context.now_s * 1000 and not row.taken:
            return replace(row, ends_at=ends_at)  # it was over before the gateway ever saw it
        taken, note = await self._accept(said)
        return _noted(replace(row, ends_at=ends_at, taken=row.taken or taken), note or said.note or group.note)

    async def _accept(self, said: Understood) -> tuple[bool, Note | None]:
        """Whether the meeting was taken, and why it was not, or not all of it."""
        name = said.meeting.external_id
        accept = self._intake.accept
        caller, shape, warnings = self._sight.caller, said.shape, said.warnings
        note = None
        try:
            try:
                receipt = await accept(
                    caller, said.meeting, shape=shape, warnings=warnings, occurrences=said.occurrences
                )
            except BadPayload as error:  # one of its days is none of the series: the series itself is good
                note = reading.note_of(self._sight.device.profile, error, f"a day of the meeting {name}")
                receipt = await accept(caller, said.meeting, shape=shape, warnings=warnings)
        except (Conflict, BadPayload) as error:
            return False, Note(code="D-04", text=f"The meeting {name} was not taken: {error}")
        if receipt.state == "cancelled":
            return False, Note(code="D-04", text=f"The meeting {name} was not taken: {_CANCELLED_BEFORE}")
        self._learned(caller.name, said.meeting)
        return True, note

    async def _cancelled(self, row: PolledMeeting) -> PolledMeeting:
        with contextlib.suppress(NotFound):
            await self._intake.cancel(self._sight.caller, row.external_id)
        return replace(row, ends_at=0, taken=False)

    async def _keep(self, rows: list[PolledMeeting]) -> None:
        changed = [row for row in rows if self._sight.known.get(row.external_id) != row]
        if changed:
            device_id = self._sight.device.row.id
            await self._database.write(lambda conn: polling.put_meetings(conn, device_id, changed))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Gone:
    """How many meetings to come are missing still, and how many an admin is asked about."""

    missing: int
    asked: int


class _Vanishing:
    """Judges what a whole list lacks."""

    def __init__(self, database: Database, intake: Intake, sight: _Sight, known: dict[str, PolledMeeting]) -> None:
        self._database = database
        self._intake = intake
        self._sight = sight
        self._known = known

    async def judge(self, believed: int) -> _Gone:
        """Cancel what is missing for the second time in a row, unless so much is missing that it must be asked."""
        now_ms = self._sight.context.now_s * 1000
        to_come = [row for row in self._known.values() if row.taken and (row.ends_at is None or row.ends_at > now_ms)]
        missing = [row for row in to_come if row.external_id not in self._sight.groups]
        ask = len(missing) > max(FEWEST_TO_ASK, SHARE_TO_ASK * len(to_come), believed)
        counted = [replace(row, missing=min(row.missing + 1, LISTS_TO_VANISH)) for row in missing]
        gone = [] if ask else [row.external_id for row in counted if row.missing >= LISTS_TO_VANISH]
        for name in gone:
            with contextlib.suppress(NotFound):  # it never came that far
                await self._intake.cancel(self._sight.caller, name)
        waiting = [row for row in counted if row.external_id not in gone]
        forget = {row.external_id for row in missing}
        past = [name for name in self._known if name not in self._sight.groups and name not in forget]
        await self._write([row for row in waiting if self._known[row.external_id] != row], gone + past)
        return _Gone(missing=len(waiting), asked=len(missing) if ask else 0)

    async def _write(self, counted: list[PolledMeeting], forgotten: list[str]) -> None:
        if not counted and not forgotten:
            return
        device_id = self._sight.device.row.id

        def work(conn: sqlite3.Connection) -> None:
            polling.put_meetings(conn, device_id, counted)
            polling.drop_meetings(conn, device_id, forgotten)

        await self._database.write(work)


def _noted(row: PolledMeeting, note: Note | None) -> PolledMeeting:
    return row if note is None else replace(row, code=note.code, text=note.text)


_ORPHAN = "The list has days of the meeting {name}, but not the meeting itself."
_CANCELLED_BEFORE = "it was cancelled before. Schedule it again on the PBX under a new id."
