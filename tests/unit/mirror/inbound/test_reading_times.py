"""When calendars are read: soon enough for every edit, spread, slower after failures, and counted."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.mirror.inbound.reading_times import LONGEST_WAIT_S, SOON_FOR, SOON_S, CallsCounted, ReadingTimes

KEY = (1, "primary")
LATEST_S = 75.0
"""An edit is visible to the device within 90 seconds; the rest is for reading and writing it down."""


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1, exclude_max=True)), min_size=1, max_size=30))
def test_an_edit_is_read_in_time_whatever_happened_before(readings: list[tuple[bool, float]]) -> None:
    chances = iter([chance for _, chance in readings])
    times = ReadingTimes(every_s=60.0, chance=lambda: next(chances))
    times.keep(frozenset({KEY}))
    now_s = 1_000.0
    for news, _ in readings:
        times.went_well(KEY, now_s, news=news)
        wait_s = times.wait_s(now_s)
        assert 10.0 <= wait_s <= LATEST_S
        assert not times.due(KEY, now_s)
        now_s += wait_s
        assert times.due(KEY, now_s)


def test_news_brings_the_next_readings_forward_for_a_while() -> None:
    times = ReadingTimes(every_s=60.0, chance=lambda: 0.5)
    times.keep(frozenset({KEY}))
    times.went_well(KEY, 0.0, news=True)
    waits = []
    for _ in range(SOON_FOR + 1):
        waits.append(times.wait_s(0.0))
        times.went_well(KEY, 0.0, news=False)
    assert waits == [SOON_S] * SOON_FOR + [60.0]


def test_what_was_set_to_be_read_more_often_is_not_read_later() -> None:
    times = ReadingTimes(every_s=15.0, chance=lambda: 0.5)
    times.keep(frozenset({KEY}))
    times.went_well(KEY, 0.0, news=True)
    assert times.wait_s(0.0) == 15.0


def test_one_calendar_that_fails_waits_longer_and_longer_and_no_other_does() -> None:
    times = ReadingTimes(every_s=60.0, chance=lambda: 0.5)
    other = (1, "other")
    times.keep(frozenset({KEY, other}))
    waits = []
    for _ in range(8):
        times.failed(KEY, 0.0, 0.0)
        waits.append(next(wait for wait in range(2_000) if times.due(KEY, float(wait))))
    assert waits == [60, 120, 240, 480, 900, 900, 900, 900]
    assert times.due(other, 0.0)
    times.failed(KEY, 0.0, 5_000.0)
    assert not times.due(KEY, 4_999.0)
    times.went_well(KEY, 0.0, news=False)
    times.failed(KEY, 0.0, 0.0)
    assert times.due(KEY, 60.0)
    assert LONGEST_WAIT_S == 900.0


def test_a_new_calendar_is_read_at_once_and_one_that_is_gone_never() -> None:
    times = ReadingTimes(every_s=60.0, chance=lambda: 0.5)
    times.keep(frozenset({KEY}))
    times.went_well(KEY, 0.0, news=False)
    times.keep(frozenset({KEY, (2, "new")}))
    assert times.wait_s(0.0) == 0.0
    times.keep(frozenset({KEY}))
    assert times.wait_s(0.0) == 60.0
    times.keep(frozenset())
    assert times.wait_s(0.0) == 60.0


def test_calls_are_counted_by_day_and_estimated_for_a_whole_one() -> None:
    now_ms = [1_800_000_000_000 // 86_400_000 * 86_400_000]
    calls = CallsCounted(now_ms=lambda: now_ms[0])
    calls.begin(7)
    assert calls.per_day(2, 60.0) == 2_880
    assert calls.per_day(0, 60.0) == 0
    now_ms[0] += 3_600_000
    for _ in range(233):
        calls.count()
    assert (calls.today, calls.per_day(2, 60.0)) == (240, 5_760)
    now_ms[0] += 86_400_000
    calls.count()
    assert (calls.today, calls.ever) == (1, 234)
