"""Zone texts against the data of the zones themselves; the gap and fold rule against RFC 5545, section 3.3.5."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from importlib import resources
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.domain.zones import (
    UnknownZone,
    ZoneCoding,
    fixed_offset_minutes,
    offset_text,
    offset_zone,
    resolve,
    to_local,
    to_utc_s,
)

patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

NAMES = sorted(set(resources.files("tzdata").joinpath("zones").read_text().split()) - {"Factory"})
FIRST_YEAR, LAST_YEAR = 2023, 2034
INSTANTS = st.integers(
    int(datetime(FIRST_YEAR, 1, 1, tzinfo=UTC).timestamp()), int(datetime(LAST_YEAR, 1, 1, tzinfo=UTC).timestamp())
)


@pytest.mark.parametrize(
    ("text", "name", "coding"),
    [
        ("(UTC+01:00) Etc/GMT-1", "Etc/GMT-1", ZoneCoding.ETC_LABEL),
        ("(GMT-05:00) America/New_York", "America/New_York", ZoneCoding.ETC_LABEL),
        ("(UTC) Etc/UTC", "Etc/UTC", ZoneCoding.ETC_LABEL),
        ("Etc/GMT-1", "Etc/GMT-1", ZoneCoding.IANA),
        (" Europe/Paris ", "Europe/Paris", ZoneCoding.IANA),
        ("europe/paris", "Europe/Paris", ZoneCoding.IANA),
        ("US/Eastern", "US/Eastern", ZoneCoding.IANA),
        ("Asia/Calcutta", "Asia/Calcutta", ZoneCoding.IANA),
        ("UTC", "UTC", ZoneCoding.IANA),
        ("GMT", "GMT", ZoneCoding.IANA),
        ("+0800", "Etc/GMT-8", ZoneCoding.OFFSET_TEXT),
        ("+08:00", "Etc/GMT-8", ZoneCoding.OFFSET_TEXT),
        ("UTC+8", "Etc/GMT-8", ZoneCoding.OFFSET_TEXT),
        ("UTC+08:00", "Etc/GMT-8", ZoneCoding.OFFSET_TEXT),
        ("GMT-05:00", "Etc/GMT+5", ZoneCoding.OFFSET_TEXT),
        ("-0000", "UTC", ZoneCoding.OFFSET_TEXT),
        ("UTC-12", "Etc/GMT+12", ZoneCoding.OFFSET_TEXT),
        ("UTC+14", "Etc/GMT-14", ZoneCoding.OFFSET_TEXT),
        ("+05:30", "Asia/Kolkata", ZoneCoding.OFFSET_TEXT),
        ("UTC+05:45", "Asia/Kathmandu", ZoneCoding.OFFSET_TEXT),
        ("Z", "UTC", ZoneCoding.OFFSET_TEXT),
        ("2018-05-01 10:00:00 UTC+08:00", "Etc/GMT-8", ZoneCoding.OFFSET_TEXT),
    ],
)
def test_a_text_names_its_zone(text: str, name: str, coding: ZoneCoding) -> None:
    zone = resolve(text)
    assert (zone.name, zone.coding, zone.warning, zone.text) == (name, coding, None, text.strip())


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "America",
        "Mars/Olympus",
        "../../etc/passwd",
        "/etc/localtime",
        "Europe/Paris\0",
        "Factory",
        "localtime",
        "-04:30",
        "UTC+05:40",
        "+1500",
        "-1300",
        "+8",
        "8",
        "123",
        "+080",
        "+0860",
        "(UTC+01:00)",
        "(UTC+01:00) Amsterdam, Berlin, Bern",
        "(UTC+01:00) +0100",
        "Romance Standard Time",
        "CST6CDT,M3.2.0,M11.1.0",
        "\uff0b0800",
        "Asia/To\u212ayo",
        "Europe/Paris" + " " * 200,
        "x" * 5000,
    ],
)
def test_anything_else_is_refused_and_named(text: str) -> None:
    with pytest.raises(UnknownZone) as caught:
        resolve(text)
    assert len(caught.value.text) <= 64
    assert caught.value.text.isprintable()
    assert caught.value.text in str(caught.value)


def test_every_name_of_the_tz_database_is_known() -> None:
    assert [name for name in NAMES if resolve(name).name != name] == []
    assert [name for name in NAMES if to_utc_s(datetime(2026, 1, 15, 12), name)[1] is not None] == []


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("Etc/") or name in ("UTC", "GMT")])
def test_fixed_zones_have_the_offset_their_own_data_says(name: str) -> None:
    noon = datetime(2026, 7, 1, 12, tzinfo=ZoneInfo(name))
    offset = noon.utcoffset()
    assert offset is not None
    minutes = fixed_offset_minutes(name)
    assert minutes is not None
    assert timedelta(minutes=minutes) == offset
    assert to_utc_s(noon.replace(tzinfo=None), name) == (int(noon.timestamp()), None)


@pytest.mark.parametrize("hours", range(-12, 15))
def test_an_offset_text_lies_east_when_it_says_plus(hours: int) -> None:
    sign = "-" if hours < 0 else "+"
    zone = resolve(f"UTC{sign}{abs(hours):02d}:00").name
    assert datetime(2026, 1, 1, tzinfo=ZoneInfo(zone)).utcoffset() == timedelta(hours=hours)
    assert offset_zone(hours * 60) == zone
    assert offset_text(hours * 60) == f"UTC{sign}{abs(hours):02d}:00"


def test_a_region_has_no_fixed_offset() -> None:
    assert fixed_offset_minutes("Europe/Paris") is None
    assert offset_zone(330) is None


def test_the_code_counts_and_a_label_that_disagrees_is_told() -> None:
    zone = resolve("(UTC-01:00) Etc/GMT-1")
    assert zone.name == "Etc/GMT-1"
    assert zone.warning is not None
    assert "UTC+01:00" in zone.warning


def test_the_guides_example_starts_at_nine_utc() -> None:
    utc_s, remark = to_utc_s(datetime(2024, 4, 29, 10), resolve("(UTC+01:00) Etc/GMT-1").name)
    assert (datetime.fromtimestamp(utc_s, UTC), remark) == (datetime(2024, 4, 29, 9, tzinfo=UTC), None)


@pytest.mark.parametrize(
    ("zone", "local", "utc", "shown", "remark"),
    [
        ("Europe/Paris", (2024, 3, 31, 2, 30), (2024, 3, 31, 1, 30), (2024, 3, 31, 3, 30), "gap"),
        ("Europe/Paris", (2024, 10, 27, 2, 30), (2024, 10, 27, 0, 30), (2024, 10, 27, 2, 30), "fold"),
        ("America/New_York", (2026, 3, 8, 2, 15), (2026, 3, 8, 7, 15), (2026, 3, 8, 3, 15), "gap"),
        ("America/New_York", (2026, 11, 1, 1, 15), (2026, 11, 1, 5, 15), (2026, 11, 1, 1, 15), "fold"),
        ("Australia/Lord_Howe", (2026, 10, 4, 2, 10), (2026, 10, 3, 15, 40), (2026, 10, 4, 2, 40), "gap"),
        ("Europe/Dublin", (2026, 3, 29, 1, 30), (2026, 3, 29, 1, 30), (2026, 3, 29, 2, 30), "gap"),
        ("Europe/Paris", (2026, 7, 1, 9, 0), (2026, 7, 1, 7, 0), (2026, 7, 1, 9, 0), None),
        ("Africa/Cairo", (2026, 10, 29, 23, 30), (2026, 10, 29, 20, 30), (2026, 10, 29, 23, 30), "fold"),
        ("Africa/Cairo", (2026, 10, 30, 0, 0), (2026, 10, 29, 22, 0), (2026, 10, 30, 0, 0), None),
        ("America/Havana", (2026, 11, 1, 0, 30), (2026, 11, 1, 4, 30), (2026, 11, 1, 0, 30), "fold"),
        ("Asia/Beirut", (2026, 3, 29, 0, 30), (2026, 3, 28, 22, 30), (2026, 3, 29, 1, 30), "gap"),
    ],
)
def test_gap_and_fold(
    zone: str, local: tuple[int, ...], utc: tuple[int, ...], shown: tuple[int, ...], remark: str | None
) -> None:
    utc_s, said = to_utc_s(datetime(*local), zone)
    assert datetime.fromtimestamp(utc_s, UTC).timetuple()[:5] == utc
    assert to_local(utc_s, zone).timetuple()[:5] == shown
    assert said == remark


@patient
@given(st.sampled_from(NAMES), INSTANTS)
def test_local_time_agrees_with_the_standard_library(name: str, utc_s: int) -> None:
    expected = datetime.fromtimestamp(utc_s, UTC).astimezone(ZoneInfo(name))
    local = to_local(utc_s, name)
    assert local == expected.replace(tzinfo=None)
    assert (local.tzinfo, local.fold) == (None, 0)
    back, remark = to_utc_s(local, name)
    assert back == utc_s or (remark == "fold" and back < utc_s)


@patient
@given(st.sampled_from(NAMES), st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)))
def test_wall_clock_time_agrees_with_the_standard_library(name: str, local: datetime) -> None:
    """Whole days whose offset is known are not asked about again; every answer must be as if they were."""
    first, second = (local.replace(tzinfo=ZoneInfo(name), fold=fold).utcoffset() for fold in (0, 1))
    assert first is not None
    assert second is not None
    remark = None if first == second else "gap" if first < second else "fold"
    # In whole seconds, as long ago offsets were local mean time to the second.
    assert to_utc_s(local, name) == ((local - datetime(1970, 1, 1) - first) // timedelta(seconds=1), remark)


@patient
@given(st.sampled_from(NAMES), st.datetimes())
def test_no_wall_clock_time_overflows(name: str, local: datetime) -> None:
    utc_s, _ = to_utc_s(local, name)
    assert abs(utc_s) < 1 << 40


@pytest.mark.parametrize("utc_s", [-(1 << 70), -62135596800, 253402300799, 1 << 70])
def test_instants_beyond_the_calendar_are_refused(utc_s: int) -> None:
    for zone in ("UTC", "Etc/GMT-14", "Pacific/Kiritimati"):
        with pytest.raises(ValueError, match="years"):
            to_local(utc_s, zone)


def test_a_name_that_no_zone_has_is_never_opened() -> None:
    with pytest.raises(UnknownZone):
        to_utc_s(datetime(2026, 1, 1), "../../etc/passwd")
    with pytest.raises(UnknownZone):
        to_local(0, "europe/paris")


@patient
@given(st.text(max_size=40))
def test_any_text_is_a_zone_or_unknown(text: str) -> None:
    with contextlib.suppress(UnknownZone):
        assert resolve(text).name in NAMES


def test_importing_reads_no_zone_data() -> None:
    code = "import gateway.domain.zones, sys; sys.exit('tzdata' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_machines_own_zone_does_not_matter() -> None:
    code = (
        "from datetime import datetime; from gateway.domain.zones import to_local, to_utc_s; "
        "print(to_utc_s(datetime(2026, 7, 1, 9), 'Europe/Paris')[0], to_local(0, 'UTC').hour)"
    )
    said = {
        subprocess.run([sys.executable, "-c", code], env={"TZ": zone}, check=True, capture_output=True).stdout
        for zone in ("UTC", "Asia/Tokyo", "America/Los_Angeles")
    }
    assert said == {b"1782889200 0\n"}
