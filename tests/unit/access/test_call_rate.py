"""How many calls a device may make: bursts pass, floods are slowed down, one device costs no other anything."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.access.call_rate import SHOWN_FOR_S, CallRate


class Hand:
    """A clock whose steady hand a test moves."""

    def __init__(self) -> None:
        self.at_s = 1_000.0

    def now_ms(self) -> int:
        return 0

    def monotonic_s(self) -> float:
        return self.at_s


def rate(per_minute: int) -> tuple[CallRate, Hand]:
    hand = Hand()
    return CallRate(per_minute, hand), hand


def taken(limit: CallRate, calls: int, name: str = "ucm-1") -> int:
    return sum(limit.count(name) is None for _ in range(calls))


def test_a_burst_passes_and_what_is_beyond_waits():
    limit, hand = rate(300)
    assert taken(limit, 300) == 300
    refused = limit.count("ucm-1")
    assert refused is not None
    assert 0.1 < refused.wait_s <= 0.2 + 1e-9
    hand.at_s += refused.wait_s
    assert limit.count("ucm-1") is None, "after the time that was told, one is taken"
    assert limit.count("ucm-1") is not None
    assert taken(limit, 5, "other") == 5, "one device takes nothing from another"
    hand.at_s += 60
    assert taken(limit, 1_000) == 300


@given(
    per_minute=st.integers(1, 500),
    calls=st.lists(st.tuples(st.floats(0, 30), st.integers(1, 80)), min_size=1, max_size=60),
)
def test_no_pattern_gets_more_than_a_burst_and_the_rate(per_minute: int, calls: list[tuple[float, int]]):
    limit, hand = rate(per_minute)
    began, passed = hand.at_s, 0
    for pause_s, number in calls:
        hand.at_s += pause_s
        passed += taken(limit, number)
        allowed = per_minute + (hand.at_s - began) * per_minute / 60
        assert passed <= allowed + 1


@given(per_minute=st.integers(1, 1_000), more=st.floats(0, 5))
def test_who_keeps_to_the_rate_never_waits(per_minute: int, more: float):
    limit, hand = rate(per_minute)
    for _ in range(200):
        assert limit.count("ucm-1") is None
        hand.at_s += 60 / per_minute + more


def test_of_many_refusals_one_a_minute_is_noted():
    limit, hand = rate(10)
    taken(limit, 10)
    noted = 0
    for _ in range(1_200):  # ten a second, for two minutes
        refused = limit.count("ucm-1")
        noted += refused is not None and refused.noted
        hand.at_s += 0.1
    assert noted == 2


def test_a_device_is_told_of_for_some_minutes_and_then_forgotten():
    limit, hand = rate(10)
    assert limit.slowed() == ()
    taken(limit, 11)
    taken(limit, 11, "script")
    hand.at_s += SHOWN_FOR_S - 1
    assert limit.slowed() == ("ucm-1", "script")
    taken(limit, 12, "script")
    hand.at_s += 2
    assert limit.slowed() == ("script",)
    limit.keep(frozenset({"ucm-1"}))
    assert limit.slowed() == ()
    assert taken(limit, 11, "script") == 10, "a device that is gone left nothing behind"
