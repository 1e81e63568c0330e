"""What an event still waits for once it is written: guests who may not be invited now, a conference; calls nobody."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from gateway import messages
from gateway.domain.facts import EventFacts
from gateway.domain.outcome import Outcome, Remedy, RemoteEvent
from gateway.mirror.event.lacks import Lacks
from gateway.mirror.event.wanted import Wanted
from gateway.mirror.outbound.job import Delivered
from gateway.store.mirrored import MirroredRow

FIRST_GUEST_WAIT_S = 15 * 60.0
LONGEST_GUEST_WAIT_S = 6 * 3600.0
"""Limits on invitations end after hours to days (Google Workspace help, "Avoid Calendar use limits")."""

FIRST_MEET_WAIT_S = 5.0
LONGEST_MEET_WAIT_S = 900.0
MEET_GIVEN_UP_AFTER_S = 3600.0
"""A conference is made within seconds; one that is not there after an hour is not expected any more."""


@dataclass
class Ending:
    """What one attempt met on its way: the last refusal it went around, and whether it asked for a conference."""

    code: str = ""
    text: str = ""
    asked: bool = False

    def warn(self, outcome: Outcome) -> None:
        """Remember a refusal to tell of it at the end."""
        self.code, self.text = outcome.code, outcome.text


@dataclass(frozen=True, slots=True)
class _Rest:
    until_ms: int
    wait_s: float


class Completing:
    """Knows, for each account, until when no guests are invited; and decides when an event is asked about again.

    What is known of accounts is forgotten with the process: the first refusal tells it again.
    """

    def __init__(self, *, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms
        self._rests: dict[int, _Rest] = {}

    def guests_rest(self, account_id: int) -> bool:
        """Whether the account invites nobody now."""
        rest = self._rests.get(account_id)
        return rest is not None and self._now_ms() < rest.until_ms

    def refused_guests(self, account_id: int, outcome: Outcome) -> None:
        """The account may not invite anybody for now: longer each time, from a quarter of an hour to six hours."""
        if self.guests_rest(account_id):
            return
        before = self._rests.get(account_id)
        wait_s = FIRST_GUEST_WAIT_S if before is None else min(before.wait_s * 2, LONGEST_GUEST_WAIT_S)
        wait_s = max(wait_s, outcome.retry_after_s or 0.0)
        self._rests[account_id] = _Rest(self._now_ms() + int(wait_s * 1000), wait_s)

    def met(self, account_id: int, outcome: Outcome) -> None:
        """Take note of a refusal that was gone around."""
        if outcome.remedy is Remedy.WITHOUT_GUESTS:
            self.refused_guests(account_id, outcome)

    def with_occurrences(self, result: Delivered, row: MirroredRow, lacks: Lacks, theirs: Lacks) -> Delivered:
        """Return what came of a series whose occurrences lack something that its own event does not."""
        if Remedy.WITHOUT_GUESTS not in theirs.remedies - lacks.remedies:
            return replace(result, lacking=result.lacking | theirs.words())
        again_ms = self._guests_again_ms(row.account_id)
        return replace(
            result,
            again_at_ms=again_ms if result.again_at_ms is None else min(again_ms, result.again_at_ms),
            code="G-510",
            text=_guests_text(again_ms),
            lacking=result.lacking | theirs.words(),
        )

    def wants_conference(self, wanted: Wanted, event: MirroredRow, lacks: Lacks, current: RemoteEvent | None) -> bool:
        """Whether the write that comes next asks for a conference."""
        if not wanted.meet or Remedy.WITHOUT_CONFERENCE in lacks.remedies or event.meet_state == "success":
            return False
        return current is None or current.meet_state in ("", "failure")

    def ended(
        self,
        wanted: Wanted,
        row: MirroredRow,
        lacks: Lacks,
        event: RemoteEvent,
        ending: Ending,
        *,
        wrote: bool,
        written: EventFacts | None,
        untold: bool,
    ) -> Delivered:
        """Return what came of an attempt that ended well: done, or to be completed at a time.

        `written` and `untold` are as in `Delivered`.
        """
        lacks, again_ms, code, text = self._conference(wanted, row, lacks, event, ending)
        if code == "G-517":
            event = replace(event, meet_state="failure", meet_link=None)
        if Remedy.WITHOUT_GUESTS in lacks.remedies:
            guests_ms = self._guests_again_ms(row.account_id)
            again_ms = guests_ms if again_ms is None else min(again_ms, guests_ms)
            code = "G-510"
            text = _guests_text(guests_ms)
        elif wrote and wanted.invites:
            self._rests.pop(row.account_id, None)  # guests were taken: the limit is over
        if not code and lacks.guests:
            code = "G-511"
            text = str(messages.text(code, guest=", ".join(sorted(lacks.guests))))
        if not code:
            code, text = ending.code, ending.text
        return Delivered(
            event=event,
            again_at_ms=again_ms,
            code=code,
            text=text,
            written=written,
            lacking=lacks.words(),
            untold=untold,
        )

    def _guests_again_ms(self, account_id: int) -> int:
        rest = self._rests.get(account_id)
        soonest_ms = self._now_ms() + 1000
        return soonest_ms + int(FIRST_GUEST_WAIT_S * 1000) if rest is None else max(rest.until_ms, soonest_ms)

    def _conference(
        self, wanted: Wanted, row: MirroredRow, lacks: Lacks, event: RemoteEvent, ending: Ending
    ) -> tuple[Lacks, int | None, str, str]:
        """Return what is lacking then, when to look again, and the code and text that say why."""
        waits = ending.asked or row.meet_state == "pending"
        if not wanted.meet or not waits or event.meet_state == "success":
            return lacks, None, "", ""
        if Remedy.WITHOUT_CONFERENCE in lacks.remedies:
            return lacks, None, ending.code, ending.text
        now_ms = self._now_ms()
        waited_s = 0.0 if row.meet_asked_at is None else max(0.0, (now_ms - row.meet_asked_at) / 1000)
        if event.meet_state == "pending" and waited_s < MEET_GIVEN_UP_AFTER_S:
            wait_s = min(max(FIRST_MEET_WAIT_S, waited_s * 3), LONGEST_MEET_WAIT_S)
            return lacks, now_ms + int(wait_s * 1000), "G-518", str(messages.text("G-518"))
        without = lacks.having(Remedy.WITHOUT_CONFERENCE)
        return without, None, "G-517", str(messages.text("G-517"))


def _guests_text(at_ms: int) -> str:
    return str(messages.text("G-510", time=f"{datetime.fromtimestamp(at_ms / 1000, UTC):%Y-%m-%d %H:%M} UTC"))
