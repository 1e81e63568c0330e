"""One occurrence of a weekly series is moved, another cancelled, in each dialect that can say it.

Google then holds one series with one moved occurrence and one cancelled one.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import pytest
import pytest_asyncio

from tests.contract.google_requests import assert_all_valid
from tests.journey.dialect_office import KEYS, DialectOffice, at, local, opened_dialects, start_of, utc

pytestmark = pytest.mark.asyncio(loop_scope="module")
UCM = "%Y-%m-%d %H:%M:%S"
ICAL = "%Y%m%dT%H%M%S"
ACTION = "MultimediaConferenceReservation"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def office(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[DialectOffice]:
    async with opened_dialects(tmp_path_factory.mktemp("occurrences")) as opened:
        yield opened
        assert_all_valid(opened.google.state.requests)


Say = Callable[[DialectOffice, str], Awaitable[Any]]


@dataclass(frozen=True)
class Words:
    """How a dialect says the three things."""

    name: str
    series: Say
    move: Say
    cancel: Say


async def done(said: Awaitable[tuple[int, Any]]) -> Any:
    status, document = await said
    assert status in (200, 202), document
    return document


def native(name: str) -> dict[str, object]:
    return {
        "external_id": name,
        "subject": name,
        "start": local(at(10)),
        "duration_minutes": 60,
        "time_zone": "Europe/Paris",
        "repeat": {"frequency": "weekly", "count": 6},
    }


def by_path(original: Callable[[datetime], str], name: str) -> Words:
    """The native dialect; the occurrence is named in the address."""

    async def series(office: DialectOffice, title: str) -> Any:
        return await done(office.call("POST", "script", "/meetings", json=native(title)))

    async def move(office: DialectOffice, title: str) -> Any:
        moved = {"start": local(at(14, week=1)), "duration_minutes": 60}
        place = f"/meetings/{title}/occurrences/{original(at(10, week=1))}"
        return await done(office.call("PUT", "script", place, json=moved))

    async def cancel(office: DialectOffice, title: str) -> Any:
        return await done(office.call("DELETE", "script", f"/meetings/{title}/occurrences/{original(at(10, week=2))}"))

    return Words(name, series, move, cancel)


def form_row(title: str, **more: str) -> dict[str, str]:
    return {"id": title, "subject": title, "date": f"{at(10):%Y-%m-%d}", "time_zone": "Europe/Paris", **more}


async def form_series(office: DialectOffice, title: str) -> Any:
    row = form_row(title, time="10:00", minutes="60", repeat="weekly", times="6")
    return await done(office.call("POST", "form-1", "/meetings", data=row))


async def form_move(office: DialectOffice, title: str) -> Any:
    row = form_row(title, date=f"{at(10, week=1):%Y-%m-%d}", time="14:00", minutes="60", instead_of=utc(at(10, week=1)))
    return await done(office.call("POST", "form-1", "/meetings", data=row))


async def form_cancel(office: DialectOffice, title: str) -> Any:
    row = form_row(title, date=f"{at(10, week=2):%Y-%m-%d}", instead_of=utc(at(10, week=2)), cancelled="yes")
    return await done(office.call("POST", "form-1", "/meetings", data=row))


def ucm_fields(title: str, week: int, hour: int, **more: str) -> dict[str, str]:
    return {
        "bookid": title,
        "confname": title,
        "starttime": at(hour, week=week).strftime(UCM),
        "endtime": at(hour + 1, week=week).strftime(UCM),
        "timezone": "Europe/Paris",
        "recurringevent": "Fmonday",
        **more,
    }


async def ucm_series(office: DialectOffice, title: str) -> Any:
    return await done(office.call("POST", "ucm-1", "/meetings", json=ucm_fields(title, 0, 10)))


async def ucm_move(office: DialectOffice, title: str) -> Any:
    """As the device does it: first the occurrence is cancelled, then it is there again at another time."""
    original = at(10, week=1).strftime(UCM)
    gone = ucm_fields(title, 1, 10, original_starttime=original, cancelled="yes")
    await done(office.call("POST", "ucm-1", "/meetings", json=gone))
    moved = ucm_fields(title, 1, 14, original_starttime=original)
    return await done(office.call("POST", "ucm-1", "/meetings", json=moved))


async def ucm_cancel(office: DialectOffice, title: str) -> Any:
    gone = ucm_fields(title, 2, 10, original_starttime=at(10, week=2).strftime(UCM), cancelled="yes")
    return await done(office.call("POST", "ucm-1", "/meetings", json=gone))


async def enveloped(office: DialectOffice, verb: str, **fields: str) -> Any:
    said = await office.ucm(f"{verb}{ACTION}", cookie=await office.log_in(), **fields)
    assert said["status"] == 0, said
    return said["response"]


async def envelope_series(office: DialectOffice, title: str) -> Any:
    return await enveloped(office, "add", **ucm_fields(title, 0, 10))


async def envelope_move(office: DialectOffice, title: str) -> Any:
    original = at(10, week=1).strftime(UCM)
    await enveloped(office, "delete", bookid=title, original_starttime=original)
    return await enveloped(office, "update", **ucm_fields(title, 1, 14, original_starttime=original))


async def envelope_cancel(office: DialectOffice, title: str) -> Any:
    return await enveloped(office, "delete", bookid=title, original_starttime=at(10, week=2).strftime(UCM))


def message(title: str, *lines: str, method: str = "REQUEST", start: datetime) -> bytes:
    event = [f"UID:{title}", "DTSTAMP:20261120T100000Z", f"DTSTART;TZID=Europe/Paris:{start.strftime(ICAL)}"]
    inner = ["BEGIN:VEVENT", *event, "DURATION:PT1H", f"SUMMARY:{title}", *lines, "END:VEVENT"]
    whole = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Example//Sender//EN", f"METHOD:{method}", *inner]
    return "\r\n".join([*whole, "END:VCALENDAR", ""]).encode()


def named(week: int) -> str:
    return f"RECURRENCE-ID;TZID=Europe/Paris:{at(10, week=week).strftime(ICAL)}"


async def told(office: DialectOffice, body: bytes) -> Any:
    return (await done(office.calendar("organizer", body)))["meetings"][0]


async def itip_series(office: DialectOffice, title: str) -> Any:
    return await told(office, message(title, "SEQUENCE:0", "RRULE:FREQ=WEEKLY;COUNT=6", start=at(10)))


async def itip_move(office: DialectOffice, title: str) -> Any:
    return await told(office, message(title, "SEQUENCE:1", named(1), start=at(14, week=1)))


async def itip_cancel(office: DialectOffice, title: str) -> Any:
    return await told(office, message(title, "SEQUENCE:1", named(2), method="CANCEL", start=at(10, week=2)))


async def phoned(office: DialectOffice, **fields: str) -> Any:
    query = urlencode({"key": KEYS["phone"], **fields})
    return await done(office.call("GET", "phone", f"/action?{query}", auth=False))


async def action_series(office: DialectOffice, title: str) -> Any:
    return await phoned(office, id=title, subject=title, start=local(at(10)), repeat="weekly", times="6")


async def action_move(office: DialectOffice, title: str) -> Any:
    return await phoned(office, id=title, occurrence=utc(at(10, week=1)), start=local(at(14, week=1)), minutes="60")


async def action_cancel(office: DialectOffice, title: str) -> Any:
    return await phoned(office, id=title, occurrence=local(at(10, week=2)), cancel="1")


DIALECTS = [
    by_path(utc, "native-instant"),
    by_path(local, "native-local-time"),
    by_path(lambda moment: f"{moment:%Y-%m-%d}", "native-date"),
    Words("form", form_series, form_move, form_cancel),
    Words("ucm-object", ucm_series, ucm_move, ucm_cancel),
    Words("ucm-envelope", envelope_series, envelope_move, envelope_cancel),
    Words("itip", itip_series, itip_move, itip_cancel),
    Words("action-url", action_series, action_move, action_cancel),
]


@pytest.mark.parametrize("words", DIALECTS, ids=[words.name for words in DIALECTS])
async def test_one_occurrence_is_moved_and_one_cancelled(office: DialectOffice, words: Words):
    title = words.name
    await words.series(office, title)
    moved = await words.move(office, title)
    assert moved["start_utc"] == utc(at(14, week=1)), "the answer has the times of that occurrence"
    series, exceptions = await office.series_and_exceptions(title)
    assert start_of(series) == at(10)
    assert [(event["status"], start_of(event)) for event in exceptions] == [("confirmed", at(14, week=1))]
    cancelled = await words.cancel(office, title)
    assert cancelled["state"] == "cancelled"
    series, exceptions = await office.series_and_exceptions(title)
    states = {datetime.fromisoformat(e["originalStartTime"]["dateTime"]): e["status"] for e in exceptions}
    assert states == {at(10, week=1): "confirmed", at(10, week=2): "cancelled"}
    again = await words.move(office, title)
    assert again["start_utc"] == utc(at(14, week=1))
    assert len((await office.series_and_exceptions(title))[1]) == 2


async def test_a_calendar_object_states_all_exceptions_of_its_series(office: DialectOffice):
    title = "whole-object"
    exdate = f"EXDATE;TZID=Europe/Paris:{at(10, week=2).strftime(ICAL)}"
    first = message(title, "SEQUENCE:0", "RRULE:FREQ=WEEKLY;COUNT=6", exdate, start=at(10))
    override = message(title, "SEQUENCE:0", named(1), start=at(14, week=1))
    inner = override[override.index(b"BEGIN:VEVENT") : override.index(b"END:VCALENDAR")]
    said = await told(office, first.replace(b"END:VCALENDAR", inner + b"END:VCALENDAR"))
    assert said["start_utc"] == utc(at(10))
    _, exceptions = await office.series_and_exceptions(title)
    assert sorted(event["status"] for event in exceptions) == ["cancelled", "confirmed"]
    alone = message(title, "SEQUENCE:1", "RRULE:FREQ=WEEKLY;COUNT=6", "DESCRIPTION:New", start=at(10))
    await told(office, alone)
    series, exceptions = await office.series_and_exceptions(title)
    assert series["description"].startswith("New")
    assert sorted(event["status"] for event in exceptions) == ["cancelled", "confirmed"], "they still fit"
