"""The words, signs and links of the dashboard: states, buttons, the picture of a day; what is shown is given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from urllib.parse import quote
from zoneinfo import ZoneInfo

from gateway.messages.languages import tr, trn
from gateway.messages.times import day_and_time, time_of_day
from gateway.operations.checklist import StepName
from gateway.operations.overview.meetings import Day
from gateway.operations.overview.problems import Problem

PLACES: Mapping[StepName, str] = {
    "administrator": "/settings",
    "clock": "/diagnostics",
    "google": "/google",
    "calendar": "/google?change=calendar#step-4",
    "device": "/devices/add",
    "meeting": "/devices",
    "alerts": "/settings/notifications",
}
"""Where a step of the checklist is done."""

_LIGHTS = {"google": "/google", "devices": "/devices", "queue": "/meetings?state=waiting", "gateway": "/diagnostics"}


class Clock(NamedTuple):
    """An instant as the list of the next meetings shows it; `machine` and `exact` are for `<time>`."""

    short: str
    exact: str
    machine: str


def clock_of(at_s: int, now_s: int, zone: str) -> Clock:
    """Return the time alone for today, with the day for another one."""
    at, now = (datetime.fromtimestamp(each, ZoneInfo(zone)) for each in (at_s, now_s))
    time = time_of_day(at)
    days = (at.date() - now.date()).days
    short = time if days == 0 else tr("Tomorrow %(time)s", time=time) if days == 1 else day_and_time(at)
    return Clock(short=short, exact=f"{day_and_time(at, seconds=True)} {at:%Z}", machine=at.isoformat())


def log_time(at_ms: int, now_s: int, zone: str) -> Clock:
    """Return the time to the second for today, with the day for another one."""
    whole, today = instant(at_ms, zone), datetime.fromtimestamp(now_s, ZoneInfo(zone))
    return whole._replace(short=whole.short.removeprefix(f"{today:%Y-%m-%d} "))


def instant(at_ms: int, zone: str) -> Clock:
    """Return a time to the second, as a log shows it."""
    at = datetime.fromtimestamp(at_ms / 1000, ZoneInfo(zone))
    said = day_and_time(at, seconds=True)
    return Clock(short=said, exact=f"{said} {at:%Z}", machine=at.isoformat())


def light_link(name: str) -> str:
    """Return where a light leads."""
    return _LIGHTS[name]


def own_link(problem: Problem) -> str:
    """Return where the button of a problem leads that the catalogue does not know; empty for all others."""
    device = quote(problem.device, safe="")
    return {
        "decide": "/dashboard/decisions",
        "show-how": "/help/G-501",
        "adopt": f"/meetings?device={device}",
    }.get(problem.does, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One hour of the picture: its label, how many meetings begin, and its box in the picture's own units."""

    label: str
    number: int
    x: int
    y: int
    height: int
    now: bool


PICTURE_HEIGHT = 40
_STEP = 10


def bars(day: Day) -> list[Bar]:
    """Return the hours of a day as columns, the tallest as high as the picture."""
    most = max((number for _, number in day.hours), default=0)
    found = []
    for place, (label, number) in enumerate(day.hours):
        height = 0 if not number else max(4, round(number / most * PICTURE_HEIGHT))
        found.append(
            Bar(
                label=label,
                number=number,
                x=place * _STEP,
                y=PICTURE_HEIGHT - height,
                height=height,
                now=place == day.now,
            )
        )
    return found


def picture_words(day: Day) -> str:
    """Return the picture of a day as a sentence."""
    busy = [
        trn("%(num)s from %(hour)s:00", "%(num)s from %(hour)s:00", number, hour=hour)
        for hour, number in day.hours
        if number
    ]
    if not busy:
        return tr("No meetings today.")
    return tr("Meetings that begin today by hour: %(hours)s.", hours=", ".join(busy))
