"""Brings the exceptions of a series into its calendar, each looked at before it is written, after the series itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from gateway.domain.device import Wins
from gateway.domain.facts import Part, differences
from gateway.domain.meeting import Invitations
from gateway.domain.occurrence import OccurrenceState
from gateway.domain.outcome import Outcome, Remedy, RemoteEvent, Verdict
from gateway.domain.target import CalendarTarget, EventContent, OccurrenceRef
from gateway.mirror.event.away import is_away, why_away
from gateway.store.kept import PUT_BACK
from gateway.store.occurrences import OccurrenceRow

MOST_ROUNDS = 6
"""Calls that one attempt may make for one occurrence; the longest useful way needs four."""

NOTHING = "nothing"
"""What is noted as delivered when the calendar holds no such occurrence."""

_NO_OCCURRENCE = Outcome(
    verdict=Verdict.REFUSED,
    code="no-occurrence",
    text="The calendar has no occurrence of this series where it was changed. Change the series on the device.",
)
_NOT_RESTORED = Outcome(
    verdict=Verdict.REFUSED,
    code="not-restored",
    text="The calendar does not take back an occurrence that was cancelled in it. Schedule that one as a new meeting.",
)
_RESTLESS = Outcome(verdict=Verdict.LATER, code="restless", text="An occurrence changed faster than it was written.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One exception: its stored row, and what the calendar shall say there; without `content` it shall hold nothing."""

    row: OccurrenceRow
    ref: OccurrenceRef
    content: EventContent | None

    @property
    def wanted(self) -> str:
        """What is noted as delivered once the calendar is as wanted."""
        return NOTHING if self.content is None else self.content.fingerprint

    @property
    def is_there(self) -> bool:
        """Whether the calendar is known to be as wanted."""
        return self.row.delivered == self.wanted


class _End(StrEnum):
    DONE = "done"
    UNKNOWN = "unknown"
    """The calendar has no such occurrence, not even as a cancelled one."""
    DOUBTFUL = "doubtful"
    """It is cancelled, as every occurrence of a series that was deleted is; written now, it would be there alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesEnd:
    """How it ended: `failure` is why not all is done, `missing` that the calendar's series has other days than ours.

    `doubtful` says that an occurrence which is wanted is cancelled: the whole series may be. `calendar_away`
    says that the failure is that the whole calendar cannot be seen.
    """

    failure: Outcome | None
    missing: bool
    doubtful: bool = False
    calendar_away: bool = False


class SeriesDelivery:
    """One attempt at the exceptions of a series.

    `settle` durably notes each that is as wanted, and whether the calendar does not know it at all.
    """

    def __init__(
        self,
        *,
        target: CalendarTarget,
        invitations: Invitations,
        settle: Callable[[OccurrenceRow, str, bool], Awaitable[None]],
        wins: Wins = Wins.DEVICE,
    ) -> None:
        self._wins = wins
        self._target = target
        self._invitations = invitations
        self._settle = settle
        self._seen = False
        self._why: Outcome | None = None

    async def bring(self, pieces: Sequence[Piece], *, all_of_them: bool, sure: bool) -> SeriesEnd:
        """Bring what is not known to be there; `all_of_them` after the series' event was written.

        `sure` says that the series' event was seen to be there.

        One that the calendar refuses does not keep the others from it; anything else ends the attempt.
        """
        refused: Outcome | None = None
        missing = False
        self._seen = sure
        for piece in pieces:
            # Where the rule has no occurrence, writing the series changes nothing.
            if piece.is_there and (not all_of_them or piece.row.state is OccurrenceState.ORPHAN):
                continue
            end = await self._bring(piece, sure=sure)
            if end is _End.DOUBTFUL:
                return SeriesEnd(failure=None, missing=False, doubtful=True)
            if end is _End.DONE or (end is _End.UNKNOWN and piece.content is None):
                await self._settle(piece.row, piece.wanted, end is _End.UNKNOWN)
            elif isinstance(end, _End):
                missing, refused = True, _NO_OCCURRENCE
            elif end.verdict is Verdict.REFUSED:
                refused = end
            else:
                return SeriesEnd(failure=end, missing=False, calendar_away=end is self._why and is_away(end))
        return SeriesEnd(failure=refused, missing=missing)

    async def _bring(self, piece: Piece, *, sure: bool) -> Outcome | _End:
        looked_again = False
        for _ in range(MOST_ROUNDS // 2):
            outcome = await self._target.look_occurrence(piece.ref)
            if outcome.verdict not in (Verdict.DONE, Verdict.GONE):
                return outcome
            there, is_gone = outcome.event, outcome.verdict is Verdict.GONE
            if there is None:
                return await self._missed(piece)
            if is_gone and piece.content is not None and not sure:
                # Also where we cancelled it ourselves: the series may have been deleted before or since.
                return _End.DOUBTFUL
            if piece.content is None:
                if is_gone:
                    return _End.DONE
                outcome = await self._target.cancel_occurrence(piece.ref, there, self._invitations)
            elif not is_gone and self._is_as_wanted(there, piece.content, decided=piece.row.delivered == PUT_BACK):
                return _End.DONE
            else:
                outcome = await self._target.replace_occurrence(piece.ref, piece.content, there)
            if outcome.remedy is Remedy.LOOK_AGAIN and not looked_again:
                looked_again = True
            elif outcome.verdict is not Verdict.CHANGED:
                return _end(outcome, piece)
        return _RESTLESS

    async def _missed(self, piece: Piece) -> Outcome | _End:
        """The calendar has no such occurrence; unless its series was seen, the calendar itself may not be there."""
        if self._seen:
            return _End.UNKNOWN
        self._why = await why_away(self._target, piece.ref.series.calendar_id)
        self._seen = self._why is None
        return _End.UNKNOWN if self._why is None else self._why

    def _is_as_wanted(self, there: RemoteEvent, content: EventContent, *, decided: bool) -> bool:
        """Whether an occurrence says what it should.

        The right notes are not enough: people change what they stand for and leave the notes. An occurrence that is
        here has to be looked at because that is known, or because its series was written; where the calendar's word
        counts, only what the device said anew is written, unless an admin `decided` for the device.
        """
        if there.content != content.fingerprint:
            return False
        if (self._wins is not Wins.DEVICE and not decided) or there.facts is None:
            return True
        found = differences(self._target.facts(content), there.facts).keys() - content.keep - {Part.REPEAT}
        return not (found - {Part.GUESTS} if Remedy.WITHOUT_GUESTS in content.remedies else found)


def _end(outcome: Outcome, piece: Piece) -> Outcome | _End:
    if outcome.verdict is Verdict.DONE:
        return _End.DONE
    if outcome.verdict is Verdict.GONE:
        return _End.DONE if piece.content is None else _NOT_RESTORED
    return outcome
