"""On which days series fall, against a second reckoning; what of an occurrence is its own and what its series'."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.domain.expansion import Expansion
from gateway.domain.meeting import Frequency, Meeting, Repeat, Weekday
from gateway.domain.occurrence import OccurrenceChange, Slot, belonging, by_the_rule, following
from gateway.domain.recurrence import rrule
from gateway.domain.zones import to_utc_s
from simulator.google.calendars import EventTime, StoredEvent
from simulator.google.expansion import starts

EXAMPLES = 1500 if os.environ.get("LONG") else 60
DAY = timedelta(days=1)
YEARS = timedelta(days=5 * 366)
ZONES = ("Etc/GMT-1", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "Asia/Kolkata")


def meeting(start: datetime, zone: str, repeat: Repeat | None, *, all_day: bool = False) -> Meeting:
    end = start + (DAY if all_day else timedelta(hours=1))
    return Meeting(
        external_id="1",
        subject="Series",
        start_local=start,
        end_local=end,
        zone=zone,
        start_utc_s=to_utc_s(start, zone)[0],
        end_utc_s=to_utc_s(end, zone)[0],
        repeat=repeat,
        all_day=all_day,
        sequence=4,
    )


def simulated(series: Meeting) -> StoredEvent:
    """The series as simulated Google keeps it; its reckoning was written by other hands."""
    start = EventTime(instant=datetime.fromtimestamp(series.start_utc_s, UTC), zone=series.zone)
    end = EventTime(instant=datetime.fromtimestamp(series.end_utc_s, UTC), zone=series.zone)
    if series.all_day:
        start, end = EventTime(day=series.start_local.date()), EventTime(day=series.end_local.date())
    assert series.repeat is not None
    return StoredEvent(
        event_id="s", ical_uid="u", creator="c", start=start, end=end, fields={"recurrence": [rrule(series.repeat)]}
    )


@st.composite
def series(draw: st.DrawFn) -> Meeting:
    frequency = draw(st.sampled_from(Frequency))
    start = draw(st.datetimes(datetime(2024, 1, 1), datetime(2026, 12, 31))).replace(second=0, microsecond=0)
    zone = draw(st.sampled_from(ZONES))
    ends = draw(st.sampled_from(["count", "until", "never"]))
    weekdays = draw(st.sets(st.sampled_from(Weekday))) if frequency is Frequency.WEEKLY else ()
    repeat = Repeat(
        frequency=frequency,
        interval=draw(st.integers(1, 5)),
        count=draw(st.integers(1, 60)) if ends == "count" else None,
        until_utc_s=to_utc_s(start, zone)[0] + draw(st.integers(0, 400)) * 86_400 if ends == "until" else None,
        weekdays=tuple(sorted(weekdays)),
    )
    return meeting(start, zone, repeat)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(series())
def test_days_are_those_of_a_second_reckoning(series: Meeting) -> None:
    end = datetime(2028, 6, 1, tzinfo=UTC)
    expected = [int(start.instant.timestamp()) for start in islice(starts(simulated(series), end), 70) if start.instant]
    expansion = Expansion(series)
    for utc_s in expected:
        slot = expansion.at(utc_s)
        assert slot is not None, datetime.fromtimestamp(utc_s, UTC)
        assert slot.utc_s == utc_s
        assert expansion.at(slot.local) == slot
        assert expansion.on(slot.local.date()) == slot
        assert expansion.at(datetime.fromtimestamp(utc_s, ZoneInfo("Asia/Tokyo"))) == slot
        for other in (utc_s + 60, utc_s - 60):
            assert expansion.at(other) is None
    first = series.start_local.date()
    # The last instant of the window may be on the next day of the series' zone.
    days = [first + n * DAY for n in range((end.date() - first).days + 2)]
    if len(expected) < 70:
        found = [slot.utc_s for day in days if (slot := expansion.on(day)) is not None]
        assert [utc_s for utc_s in found if utc_s < end.timestamp()] == expected


def test_whole_days_end_on_the_last_day_in_their_zone() -> None:
    start = datetime(2026, 3, 27)
    until = to_utc_s(datetime(2026, 3, 30), "Pacific/Auckland")[0]
    days = meeting(start, "Pacific/Auckland", Repeat(frequency=Frequency.DAILY, until_utc_s=until), all_day=True)
    found = [n for n in range(10) if Expansion(days).on(start.date() + n * DAY)]
    assert found == [0, 1, 2, 3]


def test_a_time_that_does_not_exist_is_moved_forward() -> None:
    daily = meeting(datetime(2026, 3, 28, 2, 30), "Europe/Berlin", Repeat(frequency=Frequency.DAILY, count=3))
    expansion = Expansion(daily)
    gap = expansion.at(int(datetime(2026, 3, 29, 1, 30, tzinfo=UTC).timestamp()))
    assert gap is not None
    assert gap.local == datetime(2026, 3, 29, 2, 30)


@pytest.mark.parametrize(
    "repeat",
    [
        Repeat(frequency=Frequency.DAILY, count=10**9),
        Repeat(frequency=Frequency.DAILY, interval=0),
        Repeat(frequency=Frequency.DAILY, interval=7, weekdays=(Weekday.TUESDAY,)),
        Repeat(frequency=Frequency.YEARLY, count=730, interval=99),
        Repeat(frequency=Frequency.MONTHLY, interval=99),
        Repeat(frequency=Frequency.DAILY, until_utc_s=1 << 60),
        Repeat(frequency=Frequency.DAILY),
    ],
)
def test_no_rule_costs_much(repeat: Repeat) -> None:
    start = datetime(2024, 2, 29, 10)
    expansion = Expansion(meeting(start, "Europe/Berlin", repeat))
    before_s = time.process_time()
    assert expansion.on((start + YEARS + DAY).date()) is None
    assert expansion.on(datetime(9998, 1, 1).date()) is None
    assert expansion.at(1 << 62) is None
    assert expansion.on((start + YEARS - DAY).date()) is None or repeat.frequency is Frequency.DAILY
    assert time.process_time() - before_s < 1.0
    assert expansion.at(start) is not None


def test_what_does_not_repeat_has_no_occurrence() -> None:
    assert Expansion(meeting(datetime(2026, 1, 5, 10), "Etc/UTC", None)).at(datetime(2026, 1, 5, 10)) is None


WEEKLY = meeting(datetime(2026, 10, 19, 10), "Europe/Berlin", Repeat(frequency=Frequency.WEEKLY, count=3))


def slot(local: datetime) -> Slot:
    found = Expansion(WEEKLY).at(local)
    assert found is not None
    return found


def test_an_occurrence_by_the_rule_keeps_the_time_of_day() -> None:
    # Between the two the clocks of Berlin go back.
    second = by_the_rule(WEEKLY, slot(datetime(2026, 10, 26, 10)))
    assert (second.start_local, second.end_local) == (datetime(2026, 10, 26, 10), datetime(2026, 10, 26, 11))
    assert second.start_utc_s - WEEKLY.start_utc_s == 7 * 86_400 + 3600
    assert (second.repeat, second.sequence) == (None, 4)


def test_an_occurrence_belongs_to_its_series() -> None:
    changed = replace(WEEKLY, external_id="other", sync_to_calendar=False)
    assert belonging(WEEKLY, changed) == replace(WEEKLY, repeat=None, sequence=None)


def test_a_change_has_the_number_of_its_meeting_unless_it_has_its_own() -> None:
    assert OccurrenceChange(original=1, meeting=WEEKLY).number == 4
    assert OccurrenceChange(original=1, meeting=WEEKLY, sequence=5).number == 5
    assert OccurrenceChange(original=1, meeting=None, sequence=6).number == 6
    assert OccurrenceChange(original=1, meeting=None).number is None


def test_what_an_occurrence_shares_with_its_series_follows_it() -> None:
    old = by_the_rule(WEEKLY, slot(datetime(2026, 10, 26, 10)))
    new = replace(old, subject="Renamed", room="6301", start_local=old.start_local + timedelta(hours=3))
    same_time = following(replace(old, agenda="Own"), old=old, new=new)
    assert (same_time.subject, same_time.room, same_time.agenda) == ("Renamed", "6301", "Own")
    assert same_time.start_local == new.start_local
    moved = following(replace(old, start_local=old.start_local + DAY, subject="Own"), old=old, new=new)
    assert (moved.subject, moved.room, moved.start_local) == ("Own", "6301", old.start_local + DAY)
