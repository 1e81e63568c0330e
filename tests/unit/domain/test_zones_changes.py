"""Clock changes and drift: against dates that are known, and against every hour of the time between."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain.zones import drift, drift_advice, next_change, offset_s_at, to_local


def utc(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=UTC).timestamp())


APRIL = utc(2024, 4, 29, 9)
REGIONS = ["Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "Asia/Kolkata", "Asia/Gaza"]


@pytest.mark.parametrize(
    ("zone", "after", "change"),
    [
        ("Europe/Paris", utc(2024, 4, 29, 9), utc(2024, 10, 27, 1)),
        ("Europe/Paris", utc(2024, 10, 27, 1), utc(2025, 3, 30, 1)),
        ("Europe/Paris", utc(2024, 10, 27, 1) - 1, utc(2024, 10, 27, 1)),
        ("America/New_York", utc(2026, 1, 1), utc(2026, 3, 8, 7)),
        ("Australia/Lord_Howe", utc(2026, 9, 1), utc(2026, 10, 3, 15, 30)),
        ("Etc/GMT-1", utc(2024, 4, 29), None),
        ("Asia/Kolkata", utc(2024, 4, 29), None),
    ],
)
def test_the_next_clock_change(zone: str, after: int, change: int | None) -> None:
    assert next_change(zone, after) == change


def test_a_change_counts_up_to_the_last_instant() -> None:
    change = utc(2024, 10, 27, 1)
    assert next_change("Europe/Paris", APRIL, change) == change
    assert next_change("Europe/Paris", APRIL, change - 1) is None
    assert next_change("Europe/Paris", APRIL, APRIL) is None


@pytest.mark.parametrize(
    ("zone", "region", "until", "leaves"),
    [
        ("Etc/GMT-1", "Europe/Paris", None, utc(2024, 10, 27, 1)),
        ("Etc/GMT-1", "Europe/Paris", utc(2024, 10, 26), None),
        ("Etc/GMT-2", "Europe/Paris", None, utc(2024, 10, 27, 1)),
        ("Etc/GMT-1", "Africa/Lagos", None, None),
        ("Etc/GMT-1", "Etc/GMT-8", None, None),
        ("Europe/Berlin", "Europe/Paris", None, None),
        ("Europe/London", "America/New_York", None, utc(2024, 10, 27, 1)),
    ],
)
def test_when_a_series_leaves_the_clocks_of_a_region(zone: str, region: str, until: int | None, leaves: int | None):
    assert drift(zone, region, APRIL, until) == leaves


def test_the_advice_names_zone_day_direction_and_region() -> None:
    advice = drift_advice("Etc/GMT-1", "Europe/Paris", utc(2026, 1, 5, 9), None)
    assert advice is not None
    for said in (
        "Etc/GMT-1 is UTC+01:00 all year",
        "2026-03-29",
        "60 minutes later",
        "Set the time zone to Europe/Paris",
    ):
        assert said in advice
    assert "60 minutes earlier" in (drift_advice("Etc/GMT-2", "Europe/Paris", APRIL, None) or "")
    assert drift_advice("Etc/GMT-1", "Africa/Lagos", APRIL, None) is None
    assert drift_advice("Europe/Berlin", "America/New_York", APRIL, None) is None


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(REGIONS), st.integers(utc(2024, 1, 1), utc(2030, 1, 1)), st.integers(0, 300 * 86_400))
def test_until_the_drift_the_wall_clock_keeps_its_distance(region: str, start: int, length: int) -> None:
    leaves = drift("Etc/GMT-1", region, start, start + length)
    steady = offset_s_at(region, start)
    for at in range(start, start + length if leaves is None else leaves, 6 * 3600):
        assert offset_s_at(region, at) == steady
    if leaves is not None:
        assert offset_s_at(region, leaves - 1) == steady != offset_s_at(region, leaves)
        assert to_local(leaves, region) - to_local(leaves - 1, region) != datetime(1, 1, 1, 0, 0, 1) - datetime(1, 1, 1)
