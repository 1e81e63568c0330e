"""Who wins, for every situation: checked against what the event says once everything decided was carried out."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain.device import Wins
from gateway.domain.facts import EventFacts, Part, differences
from gateway.domain.kept_edit import Difference, KeptEdit, KeptState
from gateway.domain.reconcile import GONE, Decision, Ruling, Situation, decide, fought, put_back_or_ask

EXAMPLES = 5_000 if os.environ.get("LONG") else 80

NOW_MS = 24 * 3_600_000
WANTED = EventFacts(subject="Review", start_utc_s=3600, end_utc_s=7200, location="Room 1")
_FIELDS = {
    Part.SUBJECT: ("subject",),
    Part.TIME: ("start_utc_s", "end_utc_s", "all_day"),
    Part.LOCATION: ("location",),
    Part.DESCRIPTION: ("description",),
    Part.REPEAT: ("repeat",),
    Part.GUESTS: ("guests",),
}


@st.composite
def facts(draw: st.DrawFn) -> EventFacts:
    start = draw(st.sampled_from([3600, 5400]))
    return EventFacts(
        subject=draw(st.sampled_from(["Review", "Retro"])),
        start_utc_s=start,
        end_utc_s=start + draw(st.sampled_from([1800, 3600])),
        all_day=draw(st.booleans()),
        location=draw(st.sampled_from(["", "Room 1"])),
        description=draw(st.sampled_from(["", "abc"])),
        repeat=draw(st.sampled_from([(), ("RRULE:FREQ=DAILY",)])),
        guests=draw(st.sampled_from([frozenset[str](), frozenset({"anna@example.com"})])),
    )


@st.composite
def situations(draw: st.DrawFn, before: bool = False) -> Situation:
    wanted, seen = draw(facts()), draw(st.none() | facts())
    known = None
    if before and draw(st.booleans()):
        parts = draw(st.frozensets(st.sampled_from(list(_FIELDS)), min_size=1))
        said: Difference = {part: {"device": "a", "calendar": "b"} for part in parts}
        known = KeptEdit(
            meeting_id=1,
            state=draw(st.sampled_from(KeptState)),
            parts=parts,
            difference=said,
            put_backs=tuple(sorted(draw(st.lists(st.integers(0, 2 * NOW_MS), max_size=10)))),
        )
    return Situation(
        wanted=wanted,
        written=draw(st.none() | facts() | st.just(wanted)),
        seen=seen,
        wins=draw(st.sampled_from(Wins)),
        waiting=draw(st.booleans()),
        echo=draw(st.booleans()) and seen is not None,
        over=draw(st.booleans()),
        before=known,
        told=draw(st.booleans()),
        edited=draw(st.none() | st.frozensets(st.sampled_from(list(_FIELDS)))),
    )


def carried_out(now: Situation, decision: Decision) -> EventFacts | None:
    """Return what the calendar holds when the decision was carried out and the outbox has come to rest."""
    assert now.wanted is not None
    keep = decision.keeps
    if decision.ruling is Ruling.ASK:
        return now.seen
    if decision.ruling is Ruling.NOTHING and now.before is not None and now.before.state is KeptState.ASKS:
        return now.seen
    writes = now.waiting or now.writing or decision.ruling is Ruling.PUT_BACK
    if not writes or Part.EVENT in keep:
        return now.seen
    return now.wanted if now.seen is None else merged(now.wanted, now.seen, keep)


def merged(wanted: EventFacts, seen: EventFacts, keep: frozenset[Part]) -> EventFacts:
    names = [name for part in keep for name in _FIELDS.get(part, ())]
    return replace(wanted, **{name: getattr(seen, name) for name in names})


def after(now: Situation, decision: Decision) -> Situation:
    """Return the situation right after a decision was noted, when the same event is seen once more."""
    states = {Ruling.PUT_BACK: KeptState.BACK, Ruling.KEEP: KeptState.KEPT, Ruling.ASK: KeptState.ASKS}
    if decision.ruling is Ruling.RESTORED:
        back = now.before is not None and now.before.state is KeptState.BACK
        return replace(now, before=now.before if back else None, told=False)
    if decision.ruling not in states:
        return now
    state, parts, said = states[decision.ruling], decision.parts, decision.difference
    if decision.ruling is Ruling.PUT_BACK and decision.keeps:
        state, parts = KeptState.KEPT, decision.keeps
        said = {part: words for part, words in said.items() if part in parts}
    known = KeptEdit(meeting_id=1, state=state, parts=parts, difference=said)
    return replace(now, before=known, told=True, writing=now.writing or decision.ruling is Ruling.PUT_BACK)


@settings(max_examples=EXAMPLES)
@given(situations())
def test_each_policy_ends_as_it_says(now: Situation) -> None:
    decision = decide(now)
    if decision.ruling in (Ruling.NOTHING, Ruling.RESTORED, Ruling.LATER):
        return
    assert now.wanted is not None
    end = carried_out(now, decision)
    if now.over and now.seen is None and not now.waiting:
        assert end is None
    elif now.wins is Wins.DEVICE:
        assert end == now.wanted
    elif now.wins is Wins.ASK or now.seen is None:
        assert end == now.seen
    else:
        assert end is not None
        edited = differences(now.wanted, now.seen).keys() & decision.parts
        assert not differences(end, now.seen).keys() & edited
        assert differences(now.wanted, end).keys() <= edited or not now.waiting


@settings(max_examples=EXAMPLES)
@given(situations(before=True))
def test_deciding_twice_is_as_deciding_once(now: Situation) -> None:
    decision = decide(now)
    again = decide(after(now, decision))
    if decision.ruling is Ruling.LATER:
        assert again == decision
    elif decision.ruling is Ruling.PUT_BACK and decision.keeps:
        # What was left to the calendar before is noted, the rest is written; asking again asks for the same.
        assert again.ruling in (Ruling.NOTHING, Ruling.PUT_BACK, Ruling.LATER)
    else:
        assert again.ruling is Ruling.NOTHING


@settings(max_examples=EXAMPLES)
@given(situations(before=True), st.booleans())
def test_an_echo_decides_nothing_and_asking_never_writes(now: Situation, waiting: bool) -> None:
    assert now.wanted is not None
    ours = replace(now, seen=now.seen or WANTED, echo=True)
    assert decide(ours).ruling in (Ruling.NOTHING, Ruling.RESTORED)
    as_wanted = replace(now, seen=now.wanted, waiting=waiting)
    assert decide(as_wanted).ruling in (Ruling.NOTHING, Ruling.RESTORED)
    asks = decide(replace(now, wins=Wins.ASK, over=False))
    assert asks.ruling in (Ruling.NOTHING, Ruling.RESTORED, Ruling.ASK, Ruling.LATER)


@settings(max_examples=EXAMPLES)
@given(situations(before=True))
def test_what_the_device_does_not_want_is_no_edit(now: Situation) -> None:
    assert decide(replace(now, wanted=None)).ruling is Ruling.NOTHING


@settings(max_examples=EXAMPLES)
@given(situations(before=True))
def test_a_fight_ends_with_a_question_that_stays_until_somebody_decides(now: Situation) -> None:
    decision = decide(now)
    final = put_back_or_ask(decision, now.before, NOW_MS)
    if decision.ruling is not Ruling.PUT_BACK or not fought(now.before, NOW_MS):
        assert final is decision
        return
    assert now.before is not None
    assert (final.ruling, final.difference, final.keeps) == (Ruling.ASK, decision.difference, frozenset())
    assert carried_out(now, final) == now.seen
    asks = KeptEdit(
        meeting_id=1,
        state=KeptState.ASKS,
        parts=final.parts,
        difference=final.difference,
        put_backs=now.before.put_backs,
    )
    again = replace(now, before=asks, told=True)
    assert decide(again).ruling is Ruling.NOTHING
    other = put_back_or_ask(decide(replace(again, seen=replace(WANTED, subject="Third"))), asks, 400 * NOW_MS)
    assert other.ruling is not Ruling.PUT_BACK


def test_the_devices_own_waiting_change_is_nobodys_edit() -> None:
    newer = replace(WANTED, subject="Retro")
    now = Situation(wanted=newer, written=WANTED, seen=WANTED, wins=Wins.CALENDAR, waiting=True)
    assert decide(now).ruling is Ruling.NOTHING


def test_both_changed_different_parts_and_both_count_where_the_calendar_wins() -> None:
    newer, moved = replace(WANTED, subject="Retro"), replace(WANTED, start_utc_s=5400)
    now = Situation(wanted=newer, written=WANTED, seen=moved, wins=Wins.CALENDAR, waiting=True)
    decision = decide(now)
    assert (decision.ruling, decision.keeps, decision.conflict) == (Ruling.KEEP, frozenset({Part.TIME}), True)
    assert carried_out(now, decision) == replace(newer, start_utc_s=5400)


def test_an_edit_that_people_take_back_ends_what_was_decided() -> None:
    known = KeptEdit(
        meeting_id=1,
        state=KeptState.KEPT,
        parts=frozenset({Part.SUBJECT}),
        difference={Part.SUBJECT: {"device": "Review", "calendar": "Retro"}},
    )
    now = Situation(wanted=WANTED, written=None, seen=WANTED, wins=Wins.CALENDAR, before=known, told=True)
    assert decide(now).ruling is Ruling.RESTORED


@pytest.mark.parametrize("wins", [Wins.DEVICE, Wins.CALENDAR])
def test_parts_left_to_the_calendar_by_an_admin_stay_there_while_others_follow_the_policy(wins: Wins) -> None:
    known = KeptEdit(
        meeting_id=1,
        state=KeptState.KEPT,
        parts=frozenset({Part.SUBJECT}),
        difference={Part.SUBJECT: {"device": "Review", "calendar": "Retro"}},
    )
    seen = replace(WANTED, subject="Retro again", location="Elsewhere")
    now = Situation(wanted=WANTED, written=None, seen=seen, wins=wins, before=known, told=True)
    decision = decide(now)
    expected = {Part.SUBJECT} if wins is Wins.DEVICE else {Part.SUBJECT, Part.LOCATION}
    assert decision.keeps == expected
    assert (decision.ruling is Ruling.PUT_BACK) == (wins is Wins.DEVICE)


def test_what_is_to_be_put_back_and_does_not_wait_any_more_is_put_back_again() -> None:
    known = KeptEdit(meeting_id=1, state=KeptState.BACK, parts=frozenset({Part.EVENT}), difference=GONE)
    now = Situation(wanted=WANTED, written=WANTED, seen=None, wins=Wins.DEVICE, before=known, told=True)
    assert decide(now).ruling is Ruling.PUT_BACK
    assert decide(replace(now, writing=True)).ruling is Ruling.NOTHING


def test_an_occurrence_that_is_only_as_its_series_is_no_edit_of_its_own() -> None:
    said: Difference = {Part.SUBJECT: {"device": "Review", "calendar": "Retro"}}
    now = Situation(
        wanted=WANTED, written=None, seen=replace(WANTED, subject="Retro"), wins=Wins.DEVICE, inherited=said
    )
    assert decide(now).ruling is Ruling.NOTHING
    assert decide(replace(now, inherited={})).ruling is Ruling.PUT_BACK
