"""What a meeting is put in order by: its next start, nothing once it is over."""

from __future__ import annotations

from datetime import datetime

from gateway.domain.meeting import Frequency, Repeat
from gateway.domain.next_start import next_start_s
from tests.unit.domain.test_busy import DAY_S, HOUR_S, meeting

SINGLE = meeting(datetime(2026, 11, 2, 10))
DAILY = meeting(datetime(2026, 11, 2, 10), repeat=Repeat(frequency=Frequency.DAILY, count=3))
START_S = SINGLE.start_utc_s


def test_a_meeting_counts_until_it_is_over():
    assert next_start_s(SINGLE, START_S - DAY_S) == START_S
    assert next_start_s(SINGLE, START_S + HOUR_S - 1) == START_S
    assert next_start_s(SINGLE, START_S + HOUR_S) is None


def test_a_running_series_counts_by_its_next_occurrence():
    assert next_start_s(DAILY, START_S - DAY_S) == START_S
    assert next_start_s(DAILY, START_S + HOUR_S) == START_S + DAY_S
    assert next_start_s(DAILY, START_S + DAY_S + 60) == START_S + DAY_S, "what goes on now is next"
    assert next_start_s(DAILY, START_S + 2 * DAY_S + HOUR_S) is None


def test_a_series_without_end_has_a_next_one():
    yearly = meeting(datetime(2024, 11, 2, 10), repeat=Repeat(frequency=Frequency.YEARLY))
    assert next_start_s(yearly, START_S + HOUR_S) == meeting(datetime(2027, 11, 2, 10)).start_utc_s
