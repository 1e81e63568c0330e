"""Any bytes: two errors and nothing else, at the price of a good message; and what a library writes is read back."""

from __future__ import annotations

import contextlib
import gc
import os
import random
import statistics
from datetime import UTC, date, datetime, timedelta
from time import process_time
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.dialects.itip import read
from gateway.errors import BadPayload, Unreadable
from tests.unit.dialects.itip_bodies import calendar, event, timezone

LONG = bool(os.environ.get("LONG"))
MUTATIONS = 10_000 if LONG else 200
patient = settings(max_examples=2_000 if LONG else 60, deadline=None, suppress_health_check=[HealthCheck.too_slow])

GOOD = [
    calendar(event()),
    calendar(
        timezone("Custom"),
        event(
            "DTSTART;TZID=Custom:20240429T100000",
            "DTEND;TZID=Custom:20240429T110000",
            "RRULE:FREQ=WEEKLY;INTERVAL=2;COUNT=10;BYDAY=MO,WE",
            "EXDATE;TZID=Custom:20240506T100000,20240513T100000",
            "ORGANIZER;CN=Ann Lee:mailto:ann@example.com",
            *[f'ATTENDEE;CN="Guest {n}";RSVP=TRUE:mailto:guest{n}@example.com' for n in range(20)],
            r"DESCRIPTION:1. Numbers\n2. Plans\, again",
            "CONFERENCE;VALUE=URI:tel:+1-555-0100",
            "BEGIN:VALARM",
            "TRIGGER:-PT15M",
            "END:VALARM",
        ),
        event(
            "RECURRENCE-ID;TZID=Custom:20240520T100000", "DTSTART;TZID=Custom:20240521T100000", "DTEND:20240521T100000Z"
        ),
    ),
    calendar(event("DTSTART;VALUE=DATE:20240429", "DTEND;VALUE=DATE:20240501", "STATUS:CONFIRMED")),
    calendar(event("RECURRENCE-ID:20240506T080000Z"), method="CANCEL"),
]
PIECES = [
    b"BEGIN:",
    b"END:",
    b"VEVENT",
    b"\r\n",
    b"\n ",
    b";",
    b":",
    b"=",
    b",",
    b'"',
    b"\\",
    b"99999999",
    b"-",
    b"Z",
    b"\0",
    b"\xc3",
]


def mutated(body: bytes, chance: random.Random) -> bytes:
    """One to eight small accidents: bytes changed, cut out, doubled, swapped, replaced by telling ones."""
    broken = bytearray(body)
    for _ in range(chance.randint(1, 8)):
        at = chance.randrange(len(broken) or 1)
        to = min(len(broken), at + chance.randint(1, 40))
        kind = chance.randrange(5)
        if kind == 0 and broken:
            broken[at : at + 1] = bytes([chance.randrange(256)])
        elif kind == 1:
            del broken[at:to]
        elif kind == 2:
            broken[at:at] = broken[at:to] * chance.randint(1, 3)
        elif kind == 3:
            broken[at:to] = chance.choice(PIECES)
        else:
            broken[at:at] = chance.choice(PIECES)
    return bytes(broken)


def cost_s(body: bytes) -> float:
    began = process_time()
    with contextlib.suppress(BadPayload, Unreadable):
        read(body)
    return process_time() - began


def test_a_broken_message_is_an_error_by_name_and_costs_no_more_than_a_good_one() -> None:
    chance = random.Random(20240429)
    for body in GOOD:
        read(body)
    good_s = statistics.median(cost_s(body) for _ in range(30) for body in GOOD[1:2])
    gc.collect()
    gc.disable()
    try:
        worst = []
        for _ in range(MUTATIONS):
            body = mutated(chance.choice(GOOD), chance)
            worst.append((cost_s(body), body))
    finally:
        gc.enable()
    # A second measurement, because the machine may have been busy with something else during the first.
    slow = [body for cost, body in worst if cost > 20 * good_s and min(cost_s(body) for _ in range(3)) > 20 * good_s]
    assert slow == []


def test_large_bodies_are_no_trap() -> None:
    read(GOOD[1])
    good_s = statistics.median(cost_s(GOOD[1]) for _ in range(20))
    for line in (
        "DESCRIPTION:" + "x" * 60_000,
        "DESCRIPTION:" + "\\n" * 30_000,
        "\n".join(["X-A:1"] * 9_000),
        "SUMMARY;" + ";".join(f"X{n}=1" for n in range(6_000)) + ":x",
        "EXDATE:" + ",".join(["20240506T080000Z"] * 3_600),
        "SUMMARY:x" + "\n " * 20_000,
        "ATTENDEE;CN=" + ",".join(["x"] * 25_000) + ":mailto:a@example.com",
    ):
        body = calendar(event("RRULE:FREQ=DAILY", line))
        assert len(body) < 64 * 1024
        assert min(cost_s(body) for _ in range(5)) < 20 * good_s, line[:20]


@patient
@given(st.binary(max_size=400) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes(body: bytes) -> None:
    with contextlib.suppress(BadPayload, Unreadable):
        read(body)


NAMES = (
    "UID",
    "SUMMARY",
    "DTSTART",
    "DTEND",
    "DURATION",
    "RRULE",
    "EXDATE",
    "RECURRENCE-ID",
    "ATTENDEE",
    "TRIGGER",
    "SEQUENCE",
    "ORGANIZER",
    "CONFERENCE",
    "STATUS",
    "URL",
    "LOCATION",
)
PRINTABLE = st.text(st.characters(blacklist_categories=("Cc", "Cs")), max_size=60)


@patient
@given(
    st.lists(
        st.tuples(st.sampled_from(NAMES), st.sampled_from(["", ";TZID=Custom", ";VALUE=DATE", ";CN=x"]), PRINTABLE),
        max_size=5,
    )
)
def test_any_value_of_any_property(lines: list[tuple[str, str, str]]) -> None:
    with contextlib.suppress(BadPayload, Unreadable):
        read(calendar(timezone("Custom"), event(*[f"{name}{params}:{value}" for name, params, value in lines])))


TEXTS = (
    st.text(st.characters(blacklist_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=80)
    .map(lambda text: " ".join(text.split()))
    .filter(bool)
)
ZONES = st.sampled_from(["Europe/Paris", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"])
LOCALS = st.datetimes(datetime(2024, 1, 1), datetime(2029, 1, 1)).map(
    lambda at: at.replace(second=0, microsecond=0, hour=12)
)


@patient
@given(
    summary=TEXTS,
    agenda=TEXTS,
    zone=ZONES,
    start=LOCALS,
    minutes=st.integers(1, 600),
    sequence=st.integers(0, 1000),
    guests=st.lists(st.integers(1000, 9999), max_size=5, unique=True),
    name=st.text(st.characters(whitelist_categories=("L", "Nd"), whitelist_characters=" ,;:"), min_size=1, max_size=20),
    reminder=st.integers(0, 40_000),
    count=st.integers(1, 700) | st.none(),
    all_day=st.booleans(),
)
def test_what_a_library_writes_is_read_back(
    summary: str,
    agenda: str,
    zone: str,
    start: datetime,
    minutes: int,
    sequence: int,
    guests: list[int],
    name: str,
    reminder: int,
    count: int | None,
    all_day: bool,
) -> None:
    from icalendar import Alarm, Calendar, Event, vCalAddress

    written = Event()
    written.add("uid", "m1")
    written.add("dtstamp", datetime(2024, 1, 1, tzinfo=UTC))
    written.add("sequence", sequence)
    written.add("summary", summary)
    written.add("description", agenda)
    here = start.replace(tzinfo=ZoneInfo(zone))
    first: date = start.date() if all_day else here
    written.add("dtstart", first)
    written.add("dtend", first + (timedelta(days=2) if all_day else timedelta(minutes=minutes)))
    if count is not None:
        written.add("rrule", {"freq": "daily", "count": count})
        written.add("exdate", [first + timedelta(days=7)])
    for number in guests:
        guest = vCalAddress(f"mailto:{number}@example.com")
        guest.params["cn"] = name
        written.add("attendee", guest)
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("trigger", timedelta(minutes=-reminder))
    written.add_component(alarm)
    message = Calendar()
    message.add("method", "REQUEST")
    message.add_component(written)
    (call,) = read(message.to_ical())
    fields = call.fields
    assert (fields["SUMMARY"], fields["DESCRIPTION"]) == (summary, agenda)
    assert (call.sequence, fields["VALARM"]) == (sequence, reminder)
    assert [guest["email"] for guest in fields.get("ATTENDEE", [])] == [f"{number}@example.com" for number in guests]
    assert all(guest.get("name", "") == name.strip() for guest in fields.get("ATTENDEE", []))
    if all_day:
        assert (fields["DTSTART"], fields["all_day"]) == (f"{start:%Y-%m-%d}T00:00:00", True)
    else:
        assert (fields["DTSTART"], fields["TZID"]) == (start.isoformat(), zone)
        assert fields["DTEND"] == (start + timedelta(minutes=minutes)).isoformat()
    if count is None:
        assert "RRULE" not in fields
    else:
        assert fields["RRULE"] == {"frequency": "daily", "interval": 1, "count": count}
        later = start + timedelta(days=7)
        midnight = datetime(later.year, later.month, later.day)
        expected = midnight if all_day else int(later.replace(tzinfo=ZoneInfo(zone)).timestamp())
        assert call.cancelled_originals == (expected,)
