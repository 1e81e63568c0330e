"""What devices write for a zone, against the C library: its clocks around the clock changes of 2024 to 2030."""

from __future__ import annotations

import json
import subprocess
import sys
import zoneinfo
from collections import Counter
from datetime import datetime
from importlib import resources
from pathlib import Path
from typing import NamedTuple

import pytest

from gateway.domain.zones import UnknownZone, ZoneCoding, resolve, to_local, to_utc_s


class Row(NamedTuple):
    coding: ZoneCoding
    text: str
    zone: str


LINES = (Path(__file__).with_name("zone_table.tsv")).read_text("utf-8").splitlines()
ROWS = [Row(ZoneCoding(coding), text, zone) for coding, text, zone in (line.split("\t") for line in LINES[1:])]
POSIX = (ZoneCoding.POSIX, ZoneCoding.GRANDSTREAM_P64)
LEFT_OPEN = frozenset({"AKST9AKDT", "AST4ADT", "NST+3:30NDT+2:30,M3.2.0/00:01:00,M11.1.0/00:01:00"})
"""No dates, of which C libraries make different ones; and another minute of the same night than today's law."""

# The C library reads TZ itself, files and POSIX texts alike; nothing of Python's zoneinfo is used in this process.
CLOCKS = """\
import calendar, json, os, sys, time

FIRST, LAST = calendar.timegm((2024, 1, 1, 0, 0, 0)), calendar.timegm((2031, 1, 1, 0, 0, 0))
DAYS = (2024, 3, 31), (2027, 7, 1), (2030, 11, 3)
QUIET = [calendar.timegm(day + (0, 59, 59)) + second for day in DAYS for second in (0, 1)]

def offset(at):
    return time.localtime(at).tm_gmtoff

def changes():
    found, step = [], 7 * 86400
    for low in range(FIRST, LAST, step):
        high = low + step
        if offset(low) != offset(high):
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if offset(middle) == offset(low) else (low, middle)
            found.append(high)
    return found

clocks = {}
for name, tz in json.load(sys.stdin).items():
    os.environ["TZ"] = tz
    time.tzset()
    found = changes()
    instants = [found[i] - before for i in (0, len(found) // 2, -1) for before in (1, 0)] if found else QUIET
    clocks[name] = [(at, list(time.localtime(at)[:6])) for at in instants]
json.dump(clocks, sys.stdout)
"""


def tz_of(zone: str) -> str:
    """The same file of the tz database that the gateway reads, as a value of the C library's variable TZ."""
    folders = [Path(folder) for folder in zoneinfo.TZPATH] + [Path(str(resources.files("tzdata"))) / "zoneinfo"]
    return next(f":{folder / zone}" for folder in folders if (folder / zone).is_file())


@pytest.fixture(scope="module")
def clocks() -> dict[str, list[tuple[int, list[int]]]]:
    """Six instants with their wall-clock times for each zone of the table, and for each POSIX text as it stands."""
    wanted = {row.zone: tz_of(row.zone) for row in ROWS}
    wanted |= {row.text: row.text for row in ROWS if row.coding in POSIX and row.text not in LEFT_OPEN}
    done = subprocess.run(
        [sys.executable, "-c", CLOCKS], input=json.dumps(wanted), capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def disagreements(zone: str, instants: list[tuple[int, list[int]]]) -> list[tuple[int, datetime]]:
    """The instants at which the gateway's clock shows another time than the C library's."""
    return [(at, to_local(at, zone)) for at, wall in instants if to_local(at, zone) != datetime(*wall)]


def test_the_table_is_large_enough():
    assert len({(row.coding, row.text) for row in ROWS}) == len(ROWS) >= 400
    assert set(Counter(row.coding for row in ROWS)) == set(ZoneCoding)


def test_every_text_shows_the_clocks_of_its_zone(clocks):
    wrong = []
    for row in ROWS:
        found = resolve(row.text, {row.coding})
        assert len(clocks[row.zone]) == 6
        right = found.coding is row.coding and found.text == row.text.strip()
        right = right and (row.coding is ZoneCoding.IANA or found.name == row.zone)
        if not right or disagreements(found.name, clocks[row.zone]):
            wrong.append((row, found.name))
    assert wrong == []


def test_every_posix_text_shows_the_clocks_that_the_c_library_reads_out_of_it(clocks):
    texts = [row.text for row in ROWS if row.coding in POSIX and row.text not in LEFT_OPEN]
    assert len(texts) >= 90
    wrong = [
        (text, resolve(text, POSIX).name) for text in texts if disagreements(resolve(text, POSIX).name, clocks[text])
    ]
    assert wrong == []


def test_every_instant_comes_back(clocks):
    """The second of two equal wall-clock times is read as the first; every other instant is found again."""
    for zone, instants in clocks.items():
        if "/" not in zone or "," in zone:
            continue
        for at, _ in instants:
            back, remark = to_utc_s(to_local(at, zone), zone)
            assert back == at or (remark == "fold" and back < at), (zone, at)


@pytest.mark.parametrize(
    ("coding", "text", "said"),
    [
        (ZoneCoding.GRANDSTREAM_P64, "TZf+4:30", "no zone of today"),
        (ZoneCoding.GRANDSTREAM_P64, "MST7MDT,M4.1.0,M10.5.0", "no zone of today changes its clocks"),
        (ZoneCoding.GRANDSTREAM_P64, "CST6CDT,M4.1.0,M10.5.0", "no zone of today changes its clocks"),
        (ZoneCoding.GRANDSTREAM_P64, "BRST+3BRDT+2,M10.3.0,M2.3.0", "no zone of today changes its clocks"),
        (ZoneCoding.GRANDSTREAM_P64, "MSK-3MSD,M3.5.0/2,M10.5.0/3", "no zone of today changes its clocks"),
        (ZoneCoding.GRANDSTREAM_P64, "MTZ+6MDT+5,M4.1.0,M11.1.0", "no zone of today changes its clocks"),
        (ZoneCoding.GRANDSTREAM_P64, "EST-10EDT-11,M10.5.0/02:00:00,M3.5.0/03:00:00", "no zone of today changes"),
        (ZoneCoding.GRANDSTREAM_P64, "auto", "option 2"),
        (ZoneCoding.GRANDSTREAM_P64, "customize", "P246"),
        (ZoneCoding.POSIX, "ABC3DEF", "not when that begins"),
        (ZoneCoding.POSIX, "ABC3DEF,M13.1.0,M11.1.0", "out of range"),
        (ZoneCoding.WINDOWS, "Customized Time Zone", "names no zone"),
        (ZoneCoding.WINDOWS, "tzone://Microsoft/Custom", "names no zone"),
        (ZoneCoding.WINDOWS, "\u4e2d\u56fd\u6807\u51c6\u65f6\u95f4", "IANA name"),
        (ZoneCoding.P64_MINUTES_720, "450", "no zone of today"),
        (ZoneCoding.GIGASET_INDEX, "0x05", "no known line"),
        (ZoneCoding.OFFSET_TEXT, "-04:30", "no zone of today"),
        (ZoneCoding.OFFSET_SECONDS, "30", "whole number of minutes"),
        (ZoneCoding.SNOM, "RUS+4", "IANA name"),
        (ZoneCoding.CISCO_PHONE, "Mid-Atlantic Standard/Daylight Time", "IANA name"),
    ],
)
def test_a_text_that_means_nothing_today_is_refused_with_a_reason(coding: ZoneCoding, text: str, said: str):
    with pytest.raises(UnknownZone) as caught:
        resolve(text, {coding})
    assert text in str(caught.value)
    assert said in caught.value.reason
