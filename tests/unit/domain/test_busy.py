"""Spans of time: what is merged, taken out and found is what counting seconds finds; series keep their hour."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.busy import (
    HORIZON_S,
    MOST_OCCURRENCES,
    Room,
    Span,
    covered,
    first_overlap,
    merged,
    room_of,
    takes_up,
    within,
    without,
)
from gateway.domain.device import DevicePolicy
from gateway.domain.meeting import Frequency, Invitations, Meeting, Repeat, Weekday
from gateway.domain.zones import to_utc_s

HOUR_S = 3600
DAY_S = 86_400
PARIS = "Europe/Paris"
SPANS = st.lists(st.builds(lambda start, length: Span(start, start + length), st.integers(0, 60), st.integers(0, 9)))


def meeting(start: datetime, *, zone: str = PARIS, hours: float = 1, repeat: Repeat | None = None) -> Meeting:
    end = start + timedelta(hours=hours)
    return Meeting(
        external_id="m1",
        subject="Weekly",
        start_local=start,
        end_local=end,
        zone=zone,
        start_utc_s=to_utc_s(start, zone)[0],
        end_utc_s=to_utc_s(end, zone)[0],
        repeat=repeat,
    )


def seconds(spans) -> set[int]:
    return {second for start_s, end_s in spans for second in range(start_s, end_s)}


def utc_s(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=UTC).timestamp())


@given(SPANS)
def test_merged_spans_hold_the_same_time_and_are_apart(spans):
    found = merged(spans)
    assert seconds(found) == seconds(spans)
    assert all(one.end_s < other.start_s for one, other in itertools.pairwise(found))


@given(SPANS, SPANS)
def test_what_is_taken_out_is_out(spans, free):
    assert seconds(without(merged(spans), merged(free))) == seconds(spans) - seconds(free)


@given(SPANS, st.integers(0, 70), st.integers(0, 70))
def test_what_is_cut_out_is_inside(spans, start_s, end_s):
    assert seconds(within(spans, start_s, end_s)) == {s for s in seconds(spans) if start_s <= s < end_s}


@given(SPANS, st.integers(0, 60), st.integers(1, 9))
def test_the_first_overlap_is_the_first(spans, start_s, length_s):
    wanted = Span(start_s, start_s + length_s)
    known = merged(spans)
    expected = next((span for span in known if seconds([span]) & seconds([wanted])), None)
    assert first_overlap(known, wanted) == expected
    assert covered(known, wanted) == (seconds([wanted]) <= seconds(known))


def test_a_series_keeps_its_hour_when_clocks_change():
    weekly = meeting(datetime(2026, 10, 19, 10), repeat=Repeat(frequency=Frequency.WEEKLY, count=3))
    found = takes_up(weekly, {}, from_s=0, to_s=weekly.start_utc_s + HORIZON_S)
    hours = [
        Span(utc_s(2026, 10, 19, 8), utc_s(2026, 10, 19, 9)),
        Span(utc_s(2026, 10, 26, 9), utc_s(2026, 10, 26, 10)),
    ]
    assert found == (*hours, Span(utc_s(2026, 11, 2, 9), utc_s(2026, 11, 2, 10)))


def test_a_night_that_clocks_shorten_is_shorter():
    nightly = meeting(datetime(2026, 3, 27, 22), hours=10, repeat=Repeat(frequency=Frequency.DAILY, count=3))
    found = takes_up(nightly, {}, from_s=0, to_s=nightly.start_utc_s + HORIZON_S)
    assert [span.end_s - span.start_s for span in found] == [10 * HOUR_S, 9 * HOUR_S, 10 * HOUR_S]


def test_exceptions_take_the_place_of_the_rule():
    daily = meeting(datetime(2026, 11, 2, 10), repeat=Repeat(frequency=Frequency.DAILY, count=4))
    start_s = daily.start_utc_s
    moved = meeting(datetime(2026, 11, 3, 15))
    found = takes_up(daily, {start_s + DAY_S: moved, start_s + 2 * DAY_S: None}, from_s=0, to_s=start_s + HORIZON_S)
    assert [span.start_s for span in found] == [start_s, moved.start_utc_s, start_s + 3 * DAY_S]


def test_an_exception_moved_into_the_window_is_seen():
    daily = meeting(datetime(2026, 11, 2, 10), repeat=Repeat(frequency=Frequency.DAILY, count=4))
    far = meeting(datetime(2027, 11, 2, 10))
    from_s = far.start_utc_s - DAY_S
    assert takes_up(daily, {daily.start_utc_s: far}, from_s=from_s, to_s=from_s + 2 * DAY_S) == (
        Span(far.start_utc_s, far.end_utc_s),
    )


def test_an_endless_series_is_bounded():
    endless = meeting(datetime(2026, 11, 2, 10), repeat=Repeat(frequency=Frequency.DAILY))
    assert len(takes_up(endless, {}, from_s=0, to_s=endless.start_utc_s + HORIZON_S)) == HORIZON_S // DAY_S
    assert len(takes_up(endless, {}, from_s=0, to_s=endless.start_utc_s + 5 * 365 * DAY_S)) == MOST_OCCURRENCES


def test_a_series_that_runs_for_years_is_seen_from_today_on():
    endless = meeting(datetime(2023, 11, 6, 10), repeat=Repeat(frequency=Frequency.WEEKLY))
    now_s = utc_s(2026, 11, 4, 0)
    found = takes_up(endless, {}, from_s=now_s, to_s=now_s + 14 * DAY_S)
    assert [span.start_s for span in found] == [utc_s(2026, 11, 9, 9), utc_s(2026, 11, 16, 9)]


@given(
    start=st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31)).map(lambda moment: moment.replace(microsecond=0)),
    zone=st.sampled_from([PARIS, "America/Sao_Paulo", "Australia/Lord_Howe", "Asia/Kolkata", "Etc/GMT-1"]),
    days=st.sets(st.sampled_from(list(Weekday)), min_size=1),
    interval=st.integers(1, 3),
    hours=st.integers(1, 30),
    window=st.tuples(st.integers(-30, 200), st.integers(1, 200)),
)
def test_weekly_series_are_where_a_walk_through_the_days_puts_them(start, zone, days, interval, hours, window):
    rule = Repeat(frequency=Frequency.WEEKLY, interval=interval, weekdays=tuple(days))
    series = meeting(start, zone=zone, hours=hours, repeat=rule)
    from_s = series.start_utc_s + window[0] * DAY_S
    to_s = from_s + window[1] * DAY_S
    monday = start.date() - timedelta(days=start.weekday())
    names = list(Weekday)
    expected = {}
    for day in (start.date() + timedelta(days=n) for n in range(420)):
        in_week = ((day - monday).days // 7) % interval == 0
        if day != start.date() and not (in_week and names[day.weekday()] in days):
            continue
        local = datetime.combine(day, start.time())
        begins_s = _instant_s(local, zone)
        ends_s = _instant_s(local + timedelta(hours=hours), zone)
        if begins_s < to_s and ends_s > from_s and ends_s > begins_s:
            expected[begins_s] = max(ends_s, expected.get(begins_s, 0))
    assert takes_up(series, {}, from_s=from_s, to_s=to_s) == tuple(Span(*item) for item in sorted(expected.items()))


def _instant_s(local: datetime, zone: str) -> int:
    """By zoneinfo alone: what does not exist is moved forward, of what exists twice the first is taken."""
    return int(local.replace(tzinfo=ZoneInfo(zone), fold=0).astimezone(UTC).timestamp())


def test_rooms_are_told_apart_by_account_and_calendar_or_by_their_address():
    def policy(**changes) -> DevicePolicy:
        return DevicePolicy(name="d", calendar_id="primary", invitations=Invitations.DEVICE, **changes)

    assert room_of(policy()).key == room_of(policy()).key
    assert room_of(policy()).key != room_of(policy(account="a@example.com")).key
    shared = room_of(policy(room_address="Room-1@Resource.example.com", account="a@example.com"))
    assert shared == Room("a@example.com", "Room-1@Resource.example.com", shared=True)
    assert shared.key == room_of(policy(room_address="room-1@resource.example.com")).key
