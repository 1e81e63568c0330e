"""Times of day and weeks for people, against a second calculation of the standard library."""

from __future__ import annotations

import datetime
from typing import get_args, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.config.sections import GatewaySection
from gateway.messages.languages import LANGUAGES, PSEUDO, speaking
from gateway.messages.times import (
    Habits,
    day_and_time,
    first_weekday,
    has_12_hours,
    time_of_day,
    week_of,
    writing,
)

TIMES = st.datetimes()
CODES = st.sampled_from([*LANGUAGES, *PSEUDO])


@given(TIMES, st.booleans())
def test_24_hours_are_written_as_ever(then: datetime.datetime, seconds: bool):
    assert time_of_day(then, seconds=seconds) == then.time().isoformat("seconds" if seconds else "minutes")
    assert day_and_time(then) == then.isoformat(" ", "minutes")


@given(TIMES, st.booleans())
def test_12_hours_are_the_same_time(then: datetime.datetime, seconds: bool):
    with writing(Habits(clock="12h")), speaking("en"):
        said = time_of_day(then, seconds=seconds)
        day, _, rest = day_and_time(then, seconds=seconds).partition(" ")
    assert rest == said
    assert day == then.date().isoformat()
    read = datetime.datetime.strptime(said, "%I:%M:%S %p" if seconds else "%I:%M %p")  # noqa: DTZ007 - a time of day
    assert read.time() == then.time().replace(microsecond=0, second=then.second if seconds else 0)
    assert not said.startswith("0")


@given(TIMES, CODES)
def test_every_language_can_say_it(then: datetime.datetime, code: str):
    with writing(Habits(clock="12h")), speaking(code):
        assert f"{then.hour % 12 or 12}:{then:%M}" in time_of_day(then)


@pytest.mark.parametrize(("code", "twelve"), [("en", True), ("es", False), ("en-XA", True), ("ar-XB", False)])
def test_the_clock_of_the_language(code: str, twelve: bool):
    with writing(Habits(clock="language")), speaking(code):
        assert has_12_hours() == twelve
    with speaking(code):
        assert not has_12_hours()


@given(st.dates(), st.sampled_from(["monday", "sunday", "saturday"]))
def test_a_week_begins_on_its_day_and_has_the_day_in_it(day: datetime.date, first: str):
    with writing(Habits(first_day=first)):  # type: ignore[arg-type]
        begins = week_of(day)
        if day.toordinal() > 7:
            assert begins.strftime("%A").lower() == first
            assert begins.weekday() == first_weekday()
        assert 0 <= (day - begins).days < 7
    assert week_of(datetime.date.min) == datetime.date.min


def test_the_settings_offer_what_there_is_and_no_made_up_language():
    hints = get_type_hints(GatewaySection)
    assert get_args(hints["language"]) == ("auto", *LANGUAGES)
    assert get_args(hints["clock"]) == get_args(get_type_hints(Habits)["clock"])
    assert get_args(hints["week_begins"]) == get_args(get_type_hints(Habits)["first_day"])
