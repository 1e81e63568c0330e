"""Which events are the gateway's own, and which of them may be removed: by their ids, never by their marks alone."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.event_id import event_id
from gateway.domain.outcome import RemoteEvent
from gateway.domain.target import AccountTarget
from gateway.mirror.event import ownership
from gateway.store.mirrored import MirroredRow, MirrorState
from tests.unit.mirror.model_calendar import ModelCalendar

OURS = "0" * 32
THEIRS = "qhmjir1v203qtr2qajtt1orkdo"


def row(generation: int = 2, *, state: MirrorState = MirrorState.LIVE, remote_id: str | None = None) -> MirroredRow:
    return MirroredRow(
        meeting_id=7,
        account_id=1,
        calendar_id="room",
        remote_id=remote_id or event_id(OURS, 7, generation),
        generation=generation,
        state=state,
        revision=1,
        etag=None,
        link=None,
    )


@given(generation=st.integers(0, 30), newest=st.integers(0, 30), meeting=st.integers(1, 9))
def test_an_id_is_ours_up_to_the_newest_generation_of_its_own_meeting(
    generation: int, newest: int, meeting: int
) -> None:
    said = ownership.made_here(OURS, 7, event_id(OURS, meeting, generation), newest)
    assert said == (meeting == 7 and generation <= newest)
    assert not ownership.made_here("1" * 32, 7, event_id(OURS, meeting, generation), newest)


def test_only_what_the_gateway_made_and_no_meeting_has_may_be_removed() -> None:
    event, old = row(), event_id(OURS, 7, 1)
    assert ownership.is_removable(OURS, event, old)
    assert ownership.is_removable(OURS, event, f"{old}_R20261123T100000Z")
    assert ownership.is_removable(OURS, event, f"{event.remote_id}_R20261123T100000Z")
    assert ownership.is_removable(OURS, event, THEIRS, split_from=event.remote_id)
    for kept in (event.remote_id, THEIRS, f"{THEIRS}_R20261123T100000Z", event_id(OURS, 7, 3), event_id(OURS, 8, 0)):
        assert not ownership.is_removable(OURS, event, kept), kept
    assert not ownership.is_removable(OURS, event, THEIRS, split_from=THEIRS[1:])


@pytest.mark.parametrize("state", MirrorState)
def test_a_meetings_event_is_its_current_one_until_it_is_gone(state: MirrorState) -> None:
    event = row(state=state)
    assert ownership.is_current(event, event.remote_id) == (state is not MirrorState.GONE)
    assert ownership.is_removable(OURS, event, event.remote_id) == (state is MirrorState.GONE)


def test_an_event_that_somebody_else_made_is_never_removed_also_when_it_is_a_meetings_no_more() -> None:
    adopted = row(remote_id=THEIRS)
    assert not ownership.is_removable(OURS, adopted, THEIRS)
    assert not ownership.is_removable(OURS, replace(adopted, state=MirrorState.GONE), THEIRS)
    assert not ownership.is_removable(OURS, row(3), THEIRS)


def test_of_a_meeting_that_nobody_knows_the_events_own_marks_must_give_its_id() -> None:
    marks = {"gateway": OURS, "meeting": "7", "generation": "1"}
    assert ownership.is_nobodys(OURS, marks, event_id(OURS, 7, 1))
    assert not ownership.is_nobodys(OURS, marks, THEIRS)
    assert not ownership.is_nobodys(OURS, marks, event_id(OURS, 8, 1))
    assert not ownership.is_nobodys(OURS, {**marks, "gateway": "1" * 32}, event_id(OURS, 7, 1))
    for broken in ("", "-1", "7.0", "seven", "²", "9" * 40):
        assert not ownership.is_nobodys(OURS, {**marks, "meeting": broken}, event_id(OURS, 7, 1)), broken
    assert not ownership.is_nobodys(OURS, {**marks, "generation": "9" * 17}, THEIRS), "and that takes no time"


def test_marks_say_which_meeting_an_event_is_of() -> None:
    ref = ownership.ref_of(OURS, row())
    assert (ref.calendar_id, ref.remote_id) == ("room", row().remote_id)
    event = RemoteEvent(
        remote_id=THEIRS,
        etag="",
        cancelled=False,
        marks={**ref.marks, "generation": "9"},
        content=None,
        link=None,
        raw={},
    )
    assert ownership.is_of_meeting(event, ref)
    assert not ownership.is_of_meeting(replace(event, marks={**ref.marks, "meeting": "8"}), ref)
    assert not ownership.is_of_meeting(replace(event, marks={}), ref)
    assert (ownership.marked_meeting(ref.marks), ownership.marked_generation(ref.marks)) == (7, 2)
    assert (ownership.marked_meeting({}), ownership.marked_generation({})) == (None, 0)


@pytest.mark.parametrize("words", [None, "", "{", "[]", '{"subject": 1}'])
def test_what_was_written_may_be_unknown(words: str | None) -> None:
    assert ownership.written_facts(replace(row(), written=words)) is None


def test_an_accounts_own_calendar_has_one_name() -> None:
    account = AccountTarget(account_id=1, target=ModelCalendar(), email="Anna@Example.com")
    assert account.calendar("anna@example.COM") == account.calendar("primary") == "primary"
    assert account.calendar("bob@example.com") == "bob@example.com"
    assert replace(account, email="").calendar("") == ""
