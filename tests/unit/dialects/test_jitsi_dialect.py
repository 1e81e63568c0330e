"""Ids of reservations: the same for the same call, numbers that Jitsi keeps whole; and the bodies Jitsi reads."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.dialects import jitsi
from gateway.dialects.jitsi import Reservation

START_S = 2_471_536_512


@settings(max_examples=200, deadline=None)
@given(st.text(min_size=1), st.integers(0, 4_102_444_800), st.integers(0, 15))
def test_an_id_is_the_same_for_the_same_call_and_survives_prosodys_numbers(name: str, start: int, attempt: int) -> None:
    number = jitsi.number(name, start, attempt)
    assert number == jitsi.number(name, start, attempt)
    assert 0 <= int(number) < 10**13
    # Lua writes a number with 14 digits at most (`%.14g`); more would come back as another id.
    assert f"{float(number):.14g}" == number


def test_ids_differ_by_room_start_and_attempt_but_not_by_case() -> None:
    ids = {
        jitsi.number("testroom1", START_S),
        jitsi.number("testroom2", START_S),
        jitsi.number("testroom1", START_S + 1),
        jitsi.number("testroom1", START_S, 1),
    }
    assert len(ids) == 4
    assert jitsi.number("TestRoom1", START_S) == jitsi.number("testroom1", START_S)


def test_a_reservation_is_told_as_the_handbook_says() -> None:
    said = Reservation("364758328", "conference1234", "user@server.com", START_S, START_S + 900)
    assert json.loads(jitsi.answer(said, "2048-04-20T17:55:12.000Z")) == {
        "id": 364758328,
        "name": "conference1234",
        "mail_owner": "user@server.com",
        "start_time": "2048-04-20T17:55:12.000Z",
        "duration": 900,
    }


def test_an_id_can_stand_in_an_address_as_it_is() -> None:
    assert json.loads(jitsi.conflict("364758328")) == {"conflict_id": 364758328}
    assert json.loads(jitsi.conflict("weekly/1 ü")) == {"conflict_id": "weekly%2F1%20%C3%BC"}
    assert json.loads(jitsi.conflict("007")) == {"conflict_id": "007"}
    assert json.loads(jitsi.conflict("1" * 20)) == {"conflict_id": "1" * 20}


def test_a_refusal_has_the_text_that_jitsi_shows() -> None:
    assert json.loads(jitsi.refusal('not "now"')) == {"message": 'not "now"'}
