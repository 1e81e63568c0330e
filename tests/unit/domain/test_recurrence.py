"""Rules as text against RFC 5545, read back by a second reader; limits at their edges."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.domain.meeting import Frequency, Repeat, Weekday
from gateway.domain.recurrence import MAX_UNTIL_DAYS, problems, rrule, warnings

patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

START_S = 1714381200
DAY_S = 86_400


@pytest.mark.parametrize(
    ("repeat", "line"),
    [
        (Repeat(frequency=Frequency.DAILY), "RRULE:FREQ=DAILY"),
        (
            Repeat(frequency=Frequency.WEEKLY, interval=2, weekdays=(Weekday.MONDAY, Weekday.WEDNESDAY), count=10),
            "RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE;COUNT=10",
        ),
        (Repeat(frequency=Frequency.MONTHLY, until_utc_s=START_S), "RRULE:FREQ=MONTHLY;UNTIL=20240429T090000Z"),
        (Repeat(frequency=Frequency.YEARLY, count=2), "RRULE:FREQ=YEARLY;COUNT=2"),
    ],
)
def test_a_rule_is_written_as_rfc_5545_has_it(repeat: Repeat, line: str) -> None:
    assert rrule(repeat) == line


REPEATS = st.builds(
    Repeat,
    frequency=st.sampled_from(Frequency),
    interval=st.integers(1, 99),
    count=st.none() | st.integers(1, 730),
    weekdays=st.lists(st.sampled_from(Weekday), unique=True).map(tuple),
)


@patient
@given(REPEATS)
def test_a_rule_is_one_line_of_known_parts_each_once(repeat: Repeat) -> None:
    line = rrule(repeat)
    parts = dict(part.split("=") for part in line.removeprefix("RRULE:").split(";"))
    assert line.isascii()
    assert line.isprintable()
    assert int(parts.get("INTERVAL", "1")) == repeat.interval
    assert tuple(parts["BYDAY"].split(",") if "BYDAY" in parts else ()) == repeat.weekdays
    assert parts.get("COUNT") == (None if repeat.count is None else str(repeat.count))


@pytest.mark.parametrize(
    ("repeat", "attributes"),
    [
        (Repeat(frequency=Frequency.DAILY, interval=99, count=730), []),
        (Repeat(frequency=Frequency.DAILY, interval=0), ["interval"]),
        (Repeat(frequency=Frequency.DAILY, interval=100, count=731), ["interval", "count"]),
        (Repeat(frequency=Frequency.DAILY, count=0), ["count"]),
        (Repeat(frequency=Frequency.DAILY, until_utc_s=START_S), []),
        (Repeat(frequency=Frequency.DAILY, until_utc_s=START_S - 1), ["until_utc_s"]),
        (Repeat(frequency=Frequency.DAILY, until_utc_s=START_S + MAX_UNTIL_DAYS * DAY_S), []),
        (Repeat(frequency=Frequency.DAILY, until_utc_s=START_S + MAX_UNTIL_DAYS * DAY_S + 1), ["until_utc_s"]),
        (Repeat(frequency=Frequency.DAILY, until_utc_s=START_S, count=2), ["until_utc_s"]),
        (Repeat(frequency=Frequency.WEEKLY, weekdays=tuple(Weekday)), []),
        (Repeat(frequency=Frequency.WEEKLY, weekdays=(Weekday.MONDAY, Weekday.MONDAY)), ["weekdays"]),
        (Repeat(frequency=Frequency.MONTHLY, weekdays=(Weekday.MONDAY,)), ["weekdays"]),
        (Repeat(frequency=Frequency.WEEKLY, weekdays=(Weekday.MONDAY,) * 32), ["weekdays"]),
        (Repeat(frequency=Frequency.DAILY, count=10**9, interval=10**9), ["interval", "count"]),
    ],
)
def test_limits(repeat: Repeat, attributes: list[str]) -> None:
    assert [attribute for attribute, _ in problems(repeat, START_S)] == attributes


def test_what_people_should_know_about_a_series() -> None:
    monday = datetime(2024, 4, 29, 10)
    tuesdays = Repeat(frequency=Frequency.WEEKLY, weekdays=(Weekday.TUESDAY, Weekday.FRIDAY))
    assert "Monday" in warnings(tuesdays, monday)[0]
    assert "Tuesday and Friday" in warnings(tuesdays, monday)[0]
    assert warnings(Repeat(frequency=Frequency.WEEKLY), monday) == []
    assert warnings(Repeat(frequency=Frequency.WEEKLY, weekdays=(Weekday.MONDAY,)), monday) == []
    assert warnings(Repeat(frequency=Frequency.MONTHLY), datetime(2024, 4, 28)) == []
    assert "29" in warnings(Repeat(frequency=Frequency.MONTHLY), monday)[0]
    assert "29 February" in warnings(Repeat(frequency=Frequency.YEARLY), datetime(2024, 2, 29))[0]
