"""What becomes of a change that people made in the calendar: decided here, purely; nothing is read or written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from gateway.domain.device import Wins
from gateway.domain.facts import EventFacts, Part, differences
from gateway.domain.kept_edit import Difference, KeptEdit, KeptState

_HOUR_MS = 3_600_000
MOST_PUT_BACKS = ((3, _HOUR_MS), (10, 24 * _HOUR_MS))
"""How often an event is put back at most within how many ms: whoever changes it again after that does not give in.

Each time all guests may be written to, or invited once more. The second is for a program that comes twice an hour.
"""

GONE: Difference = {Part.EVENT: {"device": "scheduled", "calendar": "deleted"}}
"""How a deleted event differs from what its device wants."""


class Ruling(StrEnum):
    """What is to be done about an event that was seen."""

    NOTHING = "nothing"
    """It is no news: an echo of our own, or already decided."""
    RESTORED = "restored"
    """It is as the device wants it, or as it was written, after it was not."""
    PUT_BACK = "put back"
    """The device's version is written again."""
    KEEP = "keep"
    """The calendar's version counts in the parts that people changed."""
    ASK = "ask"
    """Nothing is written until an admin decides."""
    LATER = "later"
    """It cannot be told whose change this is; look once more when the device's own change has been written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """All that a decision is made of.

    `wanted` is what the device wants there, None when it wants nothing; `seen` what the calendar shows, None when the
    event is gone. `written` is what the gateway wrote last, None when that is not known. `echo` says that the event is
    the very version the gateway wrote; `edited` are the parts in which it is not, by notes on the event itself, None
    when it has none. `inherited` is how the series of an occurrence differs already. `waiting` says that a change of
    the device has not been written yet, `writing` that something is about to be, be it only the device's version put
    back; `over` that the meeting has ended. `before` is what was decided about this
    event the last time, `told` that the device was told of a difference.
    """

    wanted: EventFacts | None
    written: EventFacts | None
    seen: EventFacts | None
    wins: Wins
    waiting: bool = False
    writing: bool = False
    echo: bool = False
    over: bool = False
    before: KeptEdit | None = None
    told: bool = False
    edited: frozenset[Part] | None = None
    inherited: Difference = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What is to be done, and why: `difference` names the parts that people changed, as the device will be told.

    `keeps` are the parts that stay as the calendar has them; with PUT_BACK those that were left to it earlier.
    `conflict` says that the device has changed the meeting as well.
    """

    ruling: Ruling
    difference: Difference = field(default_factory=dict)
    keeps: frozenset[Part] = frozenset()
    conflict: bool = False

    @property
    def parts(self) -> frozenset[Part]:
        """The parts that people changed."""
        return frozenset(Part(part) for part in self.difference)


_NOTHING = Decision(ruling=Ruling.NOTHING)
_LATER = Decision(ruling=Ruling.LATER)
_RESTORED = Decision(ruling=Ruling.RESTORED)


def decide(now: Situation) -> Decision:
    """Decide about one event, or one occurrence of a series.

    The device is not asked about what it does not want any more: what is left of it is not an edit but a stray.
    """
    if now.wanted is None:
        return _NOTHING
    if now.seen is None:
        return _deleted(now)
    found: Difference = {part.value: said for part, said in differences(now.wanted, now.seen).items()}
    if not found:
        return _as_wanted(now)
    if now.echo:
        return _NOTHING
    if now.written is None and now.edited is None and now.waiting:
        return _known_already(now, found) or _LATER
    by_people = _by_people(now, now.seen) | _decided_before(now, found)
    edited: Difference = {
        part: said for part, said in found.items() if part in by_people and not _inherited(now, part, said)
    }
    if not edited:
        return _as_wanted(now)
    return _known_already(now, edited) or _by_policy(now, edited)


def put_back_or_ask(decision: Decision, before: KeptEdit | None, now_ms: int) -> Decision:
    """Ask an admin instead of putting an event back that is changed again each time."""
    if decision.ruling is not Ruling.PUT_BACK or not fought(before, now_ms):
        return decision
    return replace(decision, ruling=Ruling.ASK, keeps=frozenset())


def fought(before: KeptEdit | None, now_ms: int) -> bool:
    """Tell whether an event was put back as often as it may be, or somebody is asked already because it was."""
    if before is None:
        return False
    return before.fought or any(
        sum(0 <= now_ms - at < within_ms for at in before.put_backs) >= most for most, within_ms in MOST_PUT_BACKS
    )


def put_backs_with(before: KeptEdit | None, now_ms: int) -> tuple[int, ...]:
    """Return when an event was put back, this time included; only as many times as are needed."""
    earlier = () if before is None else before.put_backs
    return (*earlier, now_ms)[-max(most for most, _ in MOST_PUT_BACKS) :]


def _by_people(now: Situation, seen: EventFacts) -> frozenset[str]:
    """Return the parts in which the event is not as it was written."""
    if now.edited is not None:
        return frozenset(now.edited)
    base = now.written if now.written is not None else now.wanted
    return frozenset() if base is None else frozenset(differences(base, seen))


def _decided_before(now: Situation, found: Difference) -> frozenset[str]:
    """Return the parts that people changed earlier; what was written last may hold the calendar's version of them."""
    before = now.before
    if before is None or before.state is KeptState.BACK:
        return frozenset()
    if before.state is KeptState.KEPT:
        return frozenset(before.parts)
    return frozenset(part for part, said in before.difference.items() if found.get(part) == said)


def _inherited(now: Situation, part: str, said: Mapping[str, str]) -> bool:
    """Tell whether an occurrence is only as its series is in the calendar: that was decided there."""
    return part in now.inherited and now.inherited[part]["calendar"] == said["calendar"]


def _deleted(now: Situation) -> Decision:
    if now.waiting and now.written is None and now.before is None:
        return _LATER
    return _known_already(now, GONE) or _by_policy(now, GONE)


def _as_wanted(now: Situation) -> Decision:
    open_before = now.before is not None and now.before.state is not KeptState.BACK
    return _RESTORED if open_before or now.told else _NOTHING


def _known_already(now: Situation, edited: Difference) -> Decision | None:
    """Nothing is decided twice; what is to be put back and does not wait to be written has to be put back again."""
    before = now.before
    if before is None or before.difference != edited:
        return None
    if before.state is KeptState.BACK and not (now.waiting or now.writing):
        return None
    return _NOTHING


def _by_policy(now: Situation, edited: Difference) -> Decision:
    conflict = now.waiting
    parts = frozenset(Part(part) for part in edited)
    if now.over and Part.EVENT in parts and not now.waiting:
        # Somebody tidies up what has taken place.
        return Decision(ruling=Ruling.KEEP, difference=edited, keeps=parts)
    if now.wins is Wins.ASK:
        return Decision(ruling=Ruling.ASK, difference=edited, conflict=conflict)
    if now.wins is Wins.CALENDAR:
        return Decision(ruling=Ruling.KEEP, difference=edited, keeps=parts, conflict=conflict)
    left = now.before.parts & parts if now.before is not None and now.before.state is KeptState.KEPT else frozenset()
    if left == parts:
        return Decision(ruling=Ruling.KEEP, difference=edited, keeps=parts, conflict=conflict)
    return Decision(ruling=Ruling.PUT_BACK, difference=edited, keeps=left, conflict=conflict)
