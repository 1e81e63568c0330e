"""The codings of devices: which is asked, what two disagree about, aliases; POSIX rules against the zones' own."""

from __future__ import annotations

import contextlib
import re
from datetime import UTC, datetime, timedelta
from importlib import resources
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from gateway.domain.zone_changes import next_change
from gateway.domain.zone_posix import CANDIDATES, HALF_HOUR_ZONES
from gateway.domain.zone_tables import CISCO_PHONE, P64_PLACES, SNOM
from gateway.domain.zones import UnknownZone, ZoneCoding, offset_s_at, resolve

patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

NAMES = sorted(set(resources.files("tzdata").joinpath("zones").read_text().split()) - {"Factory"})
START_S = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp())
SIX_YEARS_S = 6 * 366 * 86_400
ALL = frozenset(ZoneCoding)
NUMBERS = {
    ZoneCoding.OFFSET_HOURS: lambda hours: str(hours),
    ZoneCoding.OFFSET_MINUTES: lambda hours: str(hours * 60),
    ZoneCoding.OFFSET_SECONDS: lambda hours: str(hours * 3600),
    ZoneCoding.OFFSET_MINUTES_NEGATED: lambda hours: str(hours * -60),
    ZoneCoding.QUARTER_HOURS: lambda hours: str(hours * 4),
    ZoneCoding.P64_MINUTES_720: lambda hours: str(720 + hours * 60),
}


def footer(zone: str) -> str:
    """The rule that a zone follows from its last written change on, as its own file says it."""
    data = resources.files("tzdata").joinpath("zoneinfo", *zone.split("/")).read_bytes()
    return data.rstrip(b"\n").rpartition(b"\n")[2].decode()


@pytest.mark.parametrize("coding", NUMBERS)
@pytest.mark.parametrize("hours", [-12, -5, 0, 1, 14])
def test_a_number_means_something_only_where_its_coding_is_named(coding: ZoneCoding, hours: int) -> None:
    text = NUMBERS[coding](hours)
    zone = resolve(text, [coding])
    assert zone.coding is coding
    assert datetime(2026, 7, 1, tzinfo=ZoneInfo(zone.name)).utcoffset() == timedelta(hours=hours)
    with pytest.raises(UnknownZone):
        resolve(text)
    with pytest.raises(UnknownZone):
        resolve(text, ALL - NUMBERS.keys())


def test_only_the_codings_that_are_named_are_asked() -> None:
    assert resolve("W._Europe_Standard_Time", [ZoneCoding.WINDOWS]).name == "Europe/Berlin"
    for text in ("W. Europe Standard Time", "TZO-1", "CET-1CEST,M3.5.0,M10.5.0/3", "GER+1", "0x1B"):
        with pytest.raises(UnknownZone):
            resolve(text)
    with pytest.raises(UnknownZone):
        resolve("Europe/Paris", [ZoneCoding.OFFSET_TEXT])
    with pytest.raises(UnknownZone):
        resolve("Europe/Paris", [])


@pytest.mark.parametrize(
    ("text", "codings", "named"),
    [
        ("UTC+3", {ZoneCoding.POSIX, ZoneCoding.OFFSET_TEXT}, ("Etc/GMT+3", "Etc/GMT-3")),
        ("GER+1", {ZoneCoding.SNOM, ZoneCoding.GRANDSTREAM_P64}, ("Etc/GMT+1", "Europe/Berlin")),
        ("60", {ZoneCoding.OFFSET_MINUTES, ZoneCoding.OFFSET_MINUTES_NEGATED}, ("Etc/GMT-1", "Etc/GMT+1")),
        ("Samoa Standard Time", {ZoneCoding.CISCO_PHONE, ZoneCoding.WINDOWS}, ("Pacific/Pago_Pago", "Pacific/Apia")),
    ],
)
def test_a_text_with_two_meanings_is_refused_and_both_are_named(
    text: str, codings: set[ZoneCoding], named: tuple[str, str]
) -> None:
    with pytest.raises(UnknownZone) as caught:
        resolve(text, codings)
    assert all(name in caught.value.reason for name in named)


def test_two_codings_that_agree_are_no_problem() -> None:
    assert resolve("EST5", {ZoneCoding.POSIX, ZoneCoding.GRANDSTREAM_P64}).name == "America/Panama"
    assert resolve("UTC-11", {ZoneCoding.OFFSET_TEXT, ZoneCoding.WINDOWS}).name == "Etc/GMT+11"
    assert resolve("EST5EDT", ALL).coding is ZoneCoding.IANA


def test_what_the_owner_says_wins() -> None:
    aliases = {
        "+0800": "Asia/Shanghai",
        "\u4e2d\u56fd\u6807\u51c6\u65f6\u95f4": "Asia/Shanghai",
        "CET": "europe/madrid",
    }
    assert resolve(" +0800", aliases=aliases).name == "Asia/Shanghai"
    assert (
        resolve("\u4e2d\u56fd\u6807\u51c6\u65f6\u95f4", aliases=aliases).text == "\u4e2d\u56fd\u6807\u51c6\u65f6\u95f4"
    )
    assert resolve("CET", aliases=aliases).name == "Europe/Madrid"
    assert resolve("+0900", aliases=aliases).name == "Etc/GMT-9"
    with pytest.raises(UnknownZone, match="Neverland") as caught:
        resolve("+0800", aliases={"+0800": "Neverland"})
    assert "+0800" in caught.value.reason


def test_every_rule_in_force_ends_in_a_zone_that_keeps_it() -> None:
    """For all zones whose file ends in a rule with two changes a year, from now on."""
    wrong, rules = [], {}
    for name in NAMES:
        rules.setdefault(footer(name), name)
    for rule, name in rules.items():
        if "," not in rule or name in ("Asia/Gaza", "Asia/Hebron"):  # their Ramadan follows no rule
            continue
        found = resolve(rule, [ZoneCoding.POSIX]).name
        at = START_S
        while (change := next_change(name, at, START_S + SIX_YEARS_S)) is not None:
            if [offset_s_at(found, change - 1), offset_s_at(found, change)] != [
                offset_s_at(name, change - 1),
                offset_s_at(name, change),
            ]:
                wrong.append((rule, name, found, change))
            at = change
    assert wrong == []
    assert len(rules) > 60


@pytest.mark.parametrize("name", CANDIDATES)
def test_a_candidate_changes_its_clocks_twice_in_every_year(name: str) -> None:
    for year in range(2024, 2031):
        at, found = int(datetime(year, 1, 1, tzinfo=UTC).timestamp()), []
        end = int(datetime(year + 1, 1, 1, tzinfo=UTC).timestamp())
        while (change := next_change(name, at, end)) is not None:
            found.append(change)
            at = change
        assert len(found) == 2


@pytest.mark.parametrize(("minutes", "name"), HALF_HOUR_ZONES.items())
def test_a_region_that_stands_for_an_offset_keeps_it_all_year(minutes: int, name: str) -> None:
    assert offset_s_at(name, START_S) == minutes * 60
    assert next_change(name, START_S, START_S + SIX_YEARS_S) is None


@pytest.mark.parametrize(("code", "name"), SNOM.items())
def test_a_snom_code_says_the_standard_time_of_its_country(code: str, name: str) -> None:
    hours = float(re.sub(r"^[A-Z]{3}\d?", "", code))
    offsets = {offset_s_at(name, START_S + month * 30 * 86_400) for month in (0, 6)}
    assert min(offsets) == hours * 3600


@pytest.mark.parametrize(("code", "name"), P64_PLACES.items())
def test_a_code_of_a_place_has_the_offset_of_the_place(code: str, name: str) -> None:
    match = re.fullmatch(r"[A-Z]+([+-]?\d+)(?::(\d+))?(?:[A-Z].*)?", code)
    assert match is not None
    hours = int(match[1])
    size = abs(hours) * 3600 + int(match[2] or 0) * 60
    assert offset_s_at(name, START_S) == (-size if hours > 0 else size)


@pytest.mark.parametrize(("text", "name"), CISCO_PHONE.items())
def test_a_cisco_name_without_daylight_has_no_summer_time(text: str, name: str) -> None:
    if "/Daylight" not in text:
        assert next_change(name, START_S, START_S + SIX_YEARS_S) is None


LETTERS = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=3, max_size=5)


@patient
@given(LETTERS, st.integers(-14, 12), st.sampled_from(["", "+"]))
def test_letters_mean_nothing_and_plus_is_west(letters: str, west: int, sign: str) -> None:
    text = f"{letters}{sign if west >= 0 else ''}{west}"
    zone = resolve(text, [ZoneCoding.POSIX]).name
    assert datetime(2026, 1, 1, tzinfo=ZoneInfo(zone)).utcoffset() == timedelta(hours=-west)


DAYS = st.one_of(
    st.tuples(st.integers(1, 12), st.integers(1, 5), st.integers(0, 6)).map(lambda day: "M{}.{}.{}".format(*day)),
    st.integers(1, 365).map(lambda day: f"J{day}"),
    st.integers(0, 365).map(str),
)
TIMES = st.one_of(st.just(""), st.integers(-23, 26).map(lambda hour: f"/{hour}"))


@patient
@given(LETTERS, st.integers(-13, 12), LETTERS, DAYS, TIMES, DAYS, TIMES)
@example("CET", -1, "CEST", "M3.5.0", "", "M10.5.0", "/3")
@example("AAA", 0, "BBB", "100", "/0", "100", "/5")
@example("EST", 5, "EDT", "0", "/0", "J365", "/25")
def test_any_rule_is_kept_by_its_zone_or_refused(
    std: str, west: int, dst: str, begins: str, at: str, ends: str, until: str
) -> None:
    text = f"{std}{west}{dst},{begins}{at},{ends}{until}"
    try:
        zone = ZoneInfo(resolve(text, [ZoneCoding.POSIX]).name)
    except UnknownZone:
        return
    assert begins[0] == ends[0] == "M"
    offsets = {datetime(2026, month, 1, tzinfo=zone).utcoffset() for month in range(1, 13)}
    assert offsets == {timedelta(hours=-west), timedelta(hours=1 - west)}


@patient
@given(
    st.text(max_size=40) | st.text("AMJETSZGRC+-:/,.0123456789<>x ", max_size=30), st.sets(st.sampled_from(ZoneCoding))
)
def test_any_text_in_any_coding_is_a_zone_or_unknown(text: str, codings: set[ZoneCoding]) -> None:
    with contextlib.suppress(UnknownZone):
        zone = resolve(text, codings)
        assert zone.name in NAMES
        assert zone.coding in codings
