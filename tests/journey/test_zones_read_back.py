"""Weekly meetings said in twelve zones, read back through calendars of three others: every week of a year is right."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from tests.journey.fast_office import FastOffice, fast_google, folder_in_memory, meeting, opened_fast
from tests.journey.fast_time import in_fast_time
from tests.journey.wanted import listed_events

SAID = {
    "(UTC+01:00) Etc/GMT-1": "Etc/GMT-1",  # the sign is the other way round, and the clock never changes
    "Europe/Berlin": "Europe/Berlin",
    "America/New_York": "America/New_York",  # changes on other weeks than Europe
    "America/Vancouver": "America/Vancouver",  # its rule ends in 2026, where the zone data is new enough to say so
    "America/St_Johns": "America/St_Johns",  # half an hour, with summer time
    "America/Santiago": "America/Santiago",  # the south: summer time in January
    "Africa/Casablanca": "Africa/Casablanca",  # leaves its offset for Ramadan
    "Asia/Calcutta": "Asia/Kolkata",  # an old name; half an hour
    "Asia/Kathmandu": "Asia/Kathmandu",  # three quarters
    "Asia/Tokyo": "Asia/Tokyo",
    "Australia/Lord_Howe": "Australia/Lord_Howe",  # summer time of half an hour
    "Pacific/Chatham": "Pacific/Chatham",  # three quarters, with summer time, across the date line
}
READERS = ("America/Los_Angeles", "Europe/London", "Asia/Kolkata")
WEEKS = 53
TIMES = ((10, 0), (23, 30))

Instants = set[tuple[str, datetime]]


async def schedule_everything(office: FastOffice) -> Instants:
    """Schedule a series at each time in each zone; return what the devices meant, by the wall clocks of those zones."""
    meant: Instants = set()
    for said, name in SAID.items():
        for hour, minute in TIMES:
            subject = f"{name} {hour}:{minute}"
            first = datetime(2026, 3, 9, hour, minute)
            repeat = {"frequency": "weekly", "count": WEEKS}
            body = meeting(subject, subject=subject, start=first.isoformat(), time_zone=said, repeat=repeat)
            await office.schedule(body)
            meant |= {
                (subject, (first + timedelta(weeks=week)).replace(tzinfo=ZoneInfo(name)).astimezone(UTC))
                for week in range(WEEKS)
            }
    return meant


async def read(office: FastOffice, zone: str, **query: str) -> Instants:
    """What a reader in `zone` sees; every time is told with the offset that is right there at that moment."""
    found: Instants = set()
    events = await listed_events(office, office.google, "primary", **query)
    for event in events:
        start, end = (datetime.fromisoformat(event[edge]["dateTime"]) for edge in ("start", "end"))
        assert end - start == timedelta(hours=1), event
        assert start.utcoffset() == start.astimezone(ZoneInfo(zone)).utcoffset(), event
        found.add((event["summary"], start.astimezone(UTC)))
    assert len(found) == len(events), "an occurrence is there twice"
    return found


def test_every_week_of_a_year_is_at_the_instant_that_the_device_meant() -> None:
    async def read_back(folder: Path) -> None:
        async with fast_google() as google, opened_fast(folder, google) as office:
            meant = await schedule_everything(office)
            await office.drained()
            assert len(meant) == len(SAID) * len(TIMES) * WEEKS
            for zone in READERS:
                assert await read(office, zone, timeZone=zone) == meant, zone
                google.do.set_time_zone(zone)
                assert await read(office, zone) == meant, zone

    with folder_in_memory() as folder:
        in_fast_time(read_back(folder))
