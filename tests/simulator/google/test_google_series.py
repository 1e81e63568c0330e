"""On which days series fall, and what they are called in words; examples are those of RFC 5545 §3.8.5.3 where named."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.google import words
from simulator.google.calendars import EventTime, StoredEvent
from simulator.google.errors import ApiError
from simulator.google.expansion import MOST_OCCURRENCES, occurrence, starts
from simulator.google.recurrence import WEEKDAYS

FAR = datetime(2200, 1, 1, tzinfo=UTC)


def series(start: str, *lines: str, zone: str = "America/New_York") -> StoredEvent:
    if "T" in start:
        local = datetime.fromisoformat(start).replace(tzinfo=ZoneInfo(zone))
        first = EventTime(instant=local.astimezone(UTC), zone=zone)
        last = EventTime(instant=local.astimezone(UTC) + timedelta(hours=1), zone=zone)
    else:
        first = EventTime(day=date.fromisoformat(start))
        last = EventTime(day=date.fromisoformat(start) + timedelta(days=1))
    fields = {"recurrence": list(lines)}
    return StoredEvent(event_id="series0", ical_uid="u", creator="c", start=first, end=last, fields=fields)


def days(event: StoredEvent, most: int = 100) -> list[str]:
    return [start.local().strftime("%m-%d") for start in islice(starts(event, FAR), most)]


@pytest.mark.parametrize(
    ("start", "rule", "expected"),
    [
        ("1997-09-02T09:00", "FREQ=DAILY;COUNT=3", "09-02 09-03 09-04"),
        ("1997-09-02T09:00", "FREQ=DAILY;INTERVAL=10;COUNT=5", "09-02 09-12 09-22 10-02 10-12"),
        ("1997-12-30T09:00", "FREQ=DAILY;BYMONTH=1;COUNT=2", "12-30 01-01 01-02"),
        ("1997-09-02T09:00", "FREQ=DAILY;UNTIL=19970904T130000Z", "09-02 09-03 09-04"),
        ("1997-09-02T09:00", "FREQ=DAILY;UNTIL=19970904T125959Z", "09-02 09-03"),
        ("1997-09-02T09:00", "FREQ=WEEKLY;COUNT=3", "09-02 09-09 09-16"),
        ("1997-09-02T09:00", "FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=TU,TH;COUNT=4", "09-02 09-04 09-16 09-18"),
        ("1997-08-05T09:00", "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO", "08-05 08-10 08-19 08-24"),
        ("1997-08-05T09:00", "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU", "08-05 08-17 08-19 08-31"),
        ("1997-09-05T09:00", "FREQ=MONTHLY;COUNT=3;BYDAY=1FR", "09-05 10-03 11-07"),
        ("1997-09-07T09:00", "FREQ=MONTHLY;INTERVAL=2;COUNT=4;BYDAY=1SU,-1SU", "09-07 09-28 11-02 11-30"),
        ("1997-09-28T09:00", "FREQ=MONTHLY;BYMONTHDAY=-3;COUNT=3", "09-28 10-29 11-28"),
        ("1997-09-30T09:00", "FREQ=MONTHLY;COUNT=4;BYMONTHDAY=1,-1", "09-30 10-01 10-31 11-01"),
        ("2007-01-31T09:00", "FREQ=MONTHLY;COUNT=3", "01-31 03-31 05-31"),
        ("1997-09-04T09:00", "FREQ=MONTHLY;COUNT=3;BYDAY=TU,WE,TH;BYSETPOS=3", "09-04 10-07 11-06"),
        ("1997-09-29T09:00", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2;COUNT=3", "09-29 10-30 11-27"),
        ("1997-09-13T09:00", "FREQ=MONTHLY;BYDAY=SA;BYMONTHDAY=7,8,9,10,11,12,13;COUNT=3", "09-13 10-11 11-08"),
        ("1997-06-10T09:00", "FREQ=YEARLY;COUNT=4;BYMONTH=6,7", "06-10 07-10 06-10 07-10"),
        ("1997-05-19T09:00", "FREQ=YEARLY;BYDAY=20MO;COUNT=3", "05-19 05-18 05-17"),
        ("1997-03-13T09:00", "FREQ=YEARLY;BYMONTH=3;BYDAY=TH;COUNT=4", "03-13 03-20 03-27 03-05"),
        ("2024-02-29T09:00", "FREQ=YEARLY;COUNT=3", "02-29 02-29 02-29"),
        ("2026-12-24", "FREQ=YEARLY;COUNT=2", "12-24 12-24"),
        ("2026-11-23", "FREQ=DAILY;UNTIL=20261125", "11-23 11-24 11-25"),
    ],
)
def test_days_of_a_rule(start: str, rule: str, expected: str):
    assert " ".join(days(series(start, f"RRULE:{rule}"))) == expected


def test_start_outside_the_rule_is_an_extra_occurrence():
    event = series("2020-06-08T13:00", "RRULE:FREQ=WEEKLY;INTERVAL=1;BYDAY=TU,TH,SA;COUNT=5", zone="UTC")
    assert days(event) == ["06-08", "06-09", "06-11", "06-13", "06-16", "06-18"]


def test_added_and_removed_days():
    lines = (
        "RRULE:FREQ=DAILY;COUNT=4",
        "EXDATE;TZID=America/New_York:19970903T090000",
        "RDATE:19970910T130000Z,19970904T130000Z",
        "EXRULE:FREQ=DAILY;INTERVAL=3;COUNT=2",
    )
    assert days(series("1997-09-02T09:00", *lines)) == ["09-04", "09-10"]


def test_wall_clock_is_kept_across_a_change_of_the_clocks():
    event = series("2026-10-24T10:00", "RRULE:FREQ=DAILY;COUNT=2", zone="Europe/Berlin")
    assert [start.instant.hour for start in starts(event, FAR) if start.instant] == [8, 9]
    fixed = series("2026-10-24T10:00", "RRULE:FREQ=DAILY;COUNT=2", zone="Etc/GMT-2")
    assert [start.instant.hour for start in starts(fixed, FAR) if start.instant] == [8, 8]


def test_endless_series_and_rules_that_never_fit_come_to_an_end():
    assert len(list(starts(series("2026-01-01T09:00", "RRULE:FREQ=DAILY"), FAR))) == MOST_OCCURRENCES
    never = series("2026-01-01T09:00", "RRULE:FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30")
    assert days(never) == ["01-01"]
    assert len(days(series("9990-01-01", "RRULE:FREQ=YEARLY"))) == 0


def test_rules_that_cannot_be_expanded_say_so():
    with pytest.raises(ApiError, match="BYWEEKNO"):
        list(starts(series("2026-01-01T09:00", "RRULE:FREQ=YEARLY;BYWEEKNO=20"), FAR))


@settings(max_examples=150, deadline=None)
@given(
    frequency=st.sampled_from(["DAILY", "WEEKLY", "MONTHLY"]),
    interval=st.integers(1, 4),
    weekdays=st.sets(st.sampled_from(WEEKDAYS), min_size=1),
    count=st.integers(1, 20),
    first=st.dates(date(2020, 1, 1), date(2030, 12, 31)),
)
def test_expansion_agrees_with_looking_at_every_day(frequency, interval, weekdays, count, first):
    wanted = {WEEKDAYS.index(name) for name in weekdays}
    monday = first - timedelta(days=first.weekday())

    def fits(day: date) -> bool:
        distance = {
            "DAILY": (day - first).days,
            "WEEKLY": (day - monday).days // 7,
            "MONTHLY": (day.year - first.year) * 12 + day.month - first.month,
        }[frequency]
        return day.weekday() in wanted and distance % interval == 0

    fitting = (day for number in range(4000) if fits(day := first + timedelta(days=number)))
    expected = sorted({first, *islice(fitting, count)})
    rule = f"RRULE:FREQ={frequency};INTERVAL={interval};BYDAY={','.join(sorted(weekdays))};COUNT={count}"
    event = series(first.isoformat(), rule)
    assert [start.day for start in starts(event, FAR)] == expected
    assert occurrence(event, expected[-1].strftime("%Y%m%d")) == EventTime(day=expected[-1])


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        (["RRULE:FREQ=DAILY"], "every day"),
        (["RRULE:FREQ=WEEKLY"], "every week on Monday"),
        (
            ["RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE,FR;COUNT=10"],
            "every 2 weeks on Monday, Wednesday and Friday, 10 times",
        ),
        (["RRULE:FREQ=MONTHLY;BYDAY=-1FR"], "every month on the last Friday"),
        (["RRULE:FREQ=MONTHLY;BYMONTHDAY=15,-1"], "every month on day 15 and the last day"),
        (["RRULE:FREQ=YEARLY;BYMONTH=3;UNTIL=20301231T090000Z"], "every year in March, until 2030-12-31 09:00Z"),
        (["RRULE:FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=1"], "every month on Monday and Tuesday, only the first of these"),
        (["RRULE:FREQ=DAILY", "EXDATE:20261124T150000Z"], "every day; not on 2026-11-24 15:00Z"),
    ],
)
def test_series_in_words(lines: list[str], text: str):
    assert words.repeats(series("2026-11-23T10:00", *lines)) == text


def test_reminders_in_words():
    sent = {
        "useDefault": False,
        "overrides": [{"method": "email", "minutes": 1440}, {"method": "popup", "minutes": 10}],
    }
    assert words.reminders(sent) == "email 1 day before, popup 10 minutes before"
    assert words.reminders({"useDefault": False}) == "none"
