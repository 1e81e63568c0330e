"""Calls stay within limits that are told and find those that are not, without wasting what is allowed."""

from __future__ import annotations

import os
from collections import Counter, deque

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain.outcome import Outcome, Quota, Remedy, Verdict
from gateway.domain.pacer import PaceLimits, Pacer, Place
from gateway.domain.pacing import Gait, Window
from gateway.domain.scopes import CalendarScope
from tests.unit.domain.quota_office import WINDOW_MS, Office, QuotaServer

LONG = bool(os.environ.get("LONG"))
MINUTES = 10 if LONG else 3
DONE = Outcome(verdict=Verdict.DONE)
LATER = Outcome(verdict=Verdict.LATER, code="G-506")
PLACE = Place("project", 1, "primary")
OTHER = Place("project", 1, "other")


def slow_down(quota: Quota | None = None, retry_after_s: float | None = None) -> Outcome:
    return Outcome(verdict=Verdict.SLOW_DOWN, quota=quota, retry_after_s=retry_after_s)


def backlog(calendars: int, meetings: int) -> Counter[str]:
    return Counter({f"calendar {number}": meetings // calendars for number in range(calendars)})


@pytest.mark.parametrize("calendars", [1, 10])
@pytest.mark.parametrize("tells", [True, False])
@pytest.mark.parametrize(
    ("server", "per_min"),
    [
        (QuotaServer(per_account=300), 300),
        (QuotaServer(per_account=600), 600),
        (QuotaServer(per_calendar=60), 60),
        (QuotaServer(per_account=400, per_calendar=60), 60),
    ],
)
def test_what_is_allowed_is_used_and_nothing_is_refused_after_the_first_minute(server, per_min, tells, calendars):
    server = QuotaServer(per_account=server.per_account, per_calendar=server.per_calendar, tells=tells)
    if server.per_calendar:
        per_min = min(server.per_account or 10_000, per_min * calendars)
    office = Office(server, backlog(calendars, 100_000), limits=PaceLimits(account_per_min=max(600, per_min + 300)))
    began_ms = office.now_ms
    office.run(MINUTES * WINDOW_MS)
    later = [at_ms for at_ms in server.accepted if at_ms > began_ms + WINDOW_MS]
    assert len(later) >= 0.95 * per_min * (MINUTES - 1)
    assert not [at_ms for at_ms in server.refused if at_ms > began_ms + WINDOW_MS]


LIMITS = [(5, 5), (10, 10), (20, 10), (30, 30), (45, 60), (60, 60), (100, 60)]
"""Calls, and the seconds within which a calendar counts them."""

SOME = [(10, 10, 1), (10, 10, 10), (5, 5, 3), (20, 10, 3), (30, 30, 3), (45, 60, 1), (45, 60, 10), (100, 60, 1)]


@pytest.mark.parametrize("tells", [True, False] if LONG else [False])
@pytest.mark.parametrize(
    ("limit", "window_s", "calendars"),
    [(*limit, calendars) for limit in LIMITS for calendars in (1, 3, 10)] if LONG else SOME,
)
def test_the_limit_of_a_calendar_is_found_over_whatever_time_it_counts(limit, window_s, tells, calendars):
    server = QuotaServer(per_calendar=limit, calendar_ms=window_s * 1000.0, tells=tells)
    per_min = calendars * limit * 60 / window_s
    meetings = int(per_min * MINUTES) + 500
    office = Office(server, backlog(calendars, meetings), limits=PaceLimits(account_per_min=int(per_min) + 600))
    began_ms = office.now_ms
    office.run(MINUTES * WINDOW_MS)
    later = [at_ms for at_ms in server.accepted if at_ms > began_ms + WINDOW_MS]
    assert len(later) >= 0.95 * per_min * (MINUTES - 1)
    assert not [at_ms for at_ms in server.refused if at_ms > began_ms + WINDOW_MS]
    in_flight = 1 if limit <= CalendarScope.KNOWN else office.in_flight
    assert len(server.refused) <= 3 + in_flight * calendars


@pytest.mark.parametrize("calendars", [1, 10])
@pytest.mark.parametrize("server", [QuotaServer(per_account=300), QuotaServer(per_account=400, per_calendar=60)])
def test_a_thousand_meetings_cost_a_call_each(server, calendars):
    server = QuotaServer(per_account=server.per_account, per_calendar=server.per_calendar)
    office = Office(server, backlog(calendars, 1_000))
    office.run()
    assert len(server.accepted) == 1_000
    assert len(office.calls) <= 1.02 * 1_000


def test_what_fails_now_and_then_is_repeated_and_slows_nothing_down():
    server = QuotaServer(per_account=300)
    office = Office(server, backlog(10, 1_000), faults=0.05)
    took_ms = office.run()
    assert len(server.accepted) == 1_000
    assert took_ms <= 1_000 / 300 * WINDOW_MS


@settings(deadline=None)
@given(
    per_min=st.integers(1, 40),
    spans=st.lists(st.tuples(st.integers(0, 20_000), st.integers(0, 90_000)), min_size=1, max_size=80),
)
def test_never_more_than_the_limit_within_any_window(per_min: int, spans: list[tuple[int, int]]):
    """Each span is how long to wait before trying, and how long the call takes; who answers counts by requests."""
    limits = PaceLimits(project_per_min=1_000, account_per_min=per_min, calendar_per_s=1_000.0)
    pacer, now_ms = Pacer(limits, now_ms=0.0), 0.0
    under_way: list[tuple[float, float]] = []
    made: list[tuple[float, float]] = []
    for wait_ms, takes_ms in spans:
        now_ms += wait_ms
        for call in sorted(each for each in under_way if each[1] <= now_ms):
            under_way.remove(call)
            pacer.ended(PLACE, DONE, call[1])
        if pacer.free(PLACE, now_ms) > 0:
            pacer.enter(PLACE, now_ms)
            call = (now_ms, now_ms + takes_ms)
            under_way.append(call)
            made.append(call)
    for began_ms, _ in made:
        # A call that was answered less than a window before this request may count against it.
        counting = [each for each in made if each[0] <= began_ms and each[1] > began_ms - WINDOW_MS]
        assert len(counting) <= per_min


@settings(deadline=None)
@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(["enter", "end", "give back"]),
            st.sampled_from([PLACE, OTHER, Place("project", 1, None), Place("project", 2, "primary")]),
            st.builds(
                Outcome,
                verdict=st.sampled_from([*Verdict, Verdict.SLOW_DOWN, Verdict.SLOW_DOWN]),
                quota=st.none() | st.sampled_from(Quota),
                retry_after_s=st.none() | st.floats(0, 1e9),
                remedy=st.none() | st.sampled_from(Remedy),
            ),
            st.integers(0, 100_000),
        ),
        max_size=60,
    )
)
def test_whatever_comes_it_is_never_frozen(steps):
    pacer, now_ms = Pacer(PaceLimits(account_per_min=5), now_ms=0.0), 0.0
    under_way: list[Place] = []
    for what, place, outcome, wait_ms in steps:
        now_ms += wait_ms
        if what == "enter" and pacer.free(place, now_ms) > 0:
            pacer.enter(place, now_ms)
            under_way.append(place)
        elif what == "end" and under_way:
            pacer.ended(under_way.pop(0), outcome, now_ms, subject=str(len(under_way)))
        elif what == "give back" and under_way:
            pacer.give_back(under_way.pop(), now_ms)
    while under_way:
        pacer.ended(under_way.pop(), None, now_ms)
    for place in (PLACE, OTHER, Place("project", 2, "primary")):
        at_ms = now_ms
        for _ in range(100):
            if pacer.free(place, at_ms) > 0:
                break
            known_ms = pacer.next_free_ms(place, at_ms)
            assert known_ms is not None
            assert known_ms > at_ms
            at_ms = known_ms
        assert pacer.free(place, at_ms) > 0
        assert at_ms - now_ms <= 6 * 3_600_000 + 60_000


def test_a_calendar_starts_slowly_and_doubles_its_pace():
    gait = Gait(1.0)
    paces = []
    for _ in range(40):
        paces.append(gait.per_s)
        gait.went_well(0.0)
    assert paces[:7] == [1, 1, 1, 2, 2, 2, 4]
    assert gait.unlimited
    gait.refused(1.0)
    assert gait.per_s == 256.0


def test_the_first_calls_of_a_calendar_go_at_once():
    pacer = Pacer(PaceLimits(), now_ms=0.0)
    at_once = 0
    while pacer.free(PLACE, 0.0) > 0:
        pacer.enter(PLACE, 0.0)
        at_once += 1
    assert at_once == Gait.BURST


def test_a_burst_of_an_account_is_spread():
    pacer = Pacer(PaceLimits(calendar_per_s=1_000.0), now_ms=0.0)
    place = Place("project", 1, None)
    for _ in range(5):
        assert pacer.free(place, 0.0) > 0
        pacer.enter(place, 0.0)
    assert pacer.free(place, 0.0) == 0
    assert pacer.next_free_ms(place, 0.0) == pytest.approx(10.0)


def test_a_named_time_rests_the_whole_account_to_the_millisecond():
    pacer = Pacer(PaceLimits(), now_ms=0.0)
    pacer.enter(PLACE, 0.0)
    pacer.ended(PLACE, slow_down(retry_after_s=30.0), 100.0)
    assert pacer.free(PLACE, 30_100.0) == 0
    assert pacer.free(OTHER, 30_100.0) == 0
    assert pacer.free(OTHER, 30_102.0) > 0
    assert pacer.free(Place("project", 2, "primary"), 200.0) > 0, "another account is not meant"


def test_the_limit_of_a_project_rests_all_its_accounts():
    pacer = Pacer(PaceLimits(), now_ms=0.0)
    pacer.enter(PLACE, 0.0)
    pacer.ended(PLACE, slow_down(Quota.PROJECT, 10.0), 0.0)
    assert pacer.free(Place("project", 2, "primary"), 5_000.0) == 0
    assert pacer.free(Place("another", 2, "primary"), 5_000.0) > 0


def test_the_limit_of_one_calendar_rests_no_other():
    pacer = Pacer(PaceLimits(), now_ms=0.0)
    pacer.enter(PLACE, 0.0)
    pacer.ended(PLACE, slow_down(Quota.CALENDAR), 0.0)
    assert pacer.free(PLACE, 500.0) == 0
    assert pacer.free(OTHER, 500.0) > 0


def test_a_limit_of_hours_teaches_nothing_about_minutes():
    pacer = Pacer(PaceLimits(), now_ms=0.0)
    pacer.enter(PLACE, 0.0)
    pacer.ended(PLACE, slow_down(Quota.PROJECT, 24 * 3600.0), 0.0)
    assert [usage.limit for place, usage in pacer.usages(0.0) if place.project] == [10_000]
    assert pacer.free(PLACE, 6 * 3_600_000.0) == 0
    assert pacer.free(PLACE, 6 * 3_600_000.0 + 2) > 0, "a time beyond six hours is not believed"


def test_a_learned_limit_grows_back():
    window = Window(600)
    for number in range(100):
        window.enter(float(number))
        window.ended(float(number), good=True)
    window.learn(1_000.0, floor=1)
    assert window.limit == 100
    assert window.free(1_000.0) == 0
    assert window.free(62_000.0) == 100
    limits = [window.free(3_700_000.0 * hour) for hour in range(1, 12)]
    assert limits[:2] == [160, 220]
    assert limits[-1] == 600


def test_while_nothing_is_heard_one_call_at_a_time_tries_often_enough():
    pacer = Pacer(PaceLimits(calendar_per_s=1_000.0), now_ms=0.0)
    for number in range(3):
        pacer.enter(PLACE, 0.0)
        pacer.ended(PLACE, LATER, 0.0, subject=f"event {number}")
    assert pacer.contact(1).lost
    now_ms, gaps = 0.0, []
    for _ in range(200):
        at_ms = pacer.next_free_ms(PLACE, now_ms)
        assert at_ms is not None
        gaps.append(at_ms - now_ms)
        assert pacer.free(PLACE, at_ms) == 1
        pacer.enter(PLACE, at_ms)
        assert pacer.free(OTHER, at_ms) == 0, "one at a time"
        now_ms = at_ms + 30_000.0
        pacer.ended(PLACE, LATER, now_ms, subject="event 1")
    assert gaps[:4] == [1_000.0, 2_000.0, 4_000.0, 8_000.0]
    assert max(gaps) + 30_000.0 <= 60_000.0, "somebody tries once a minute"
    pacer.enter(PLACE, now_ms + 25_000.0)
    assert pacer.ended(PLACE, DONE, now_ms + 25_000.0), "that is news"
    assert pacer.free(PLACE, now_ms + 25_000.0) > 1


def test_one_event_that_always_fails_stops_no_other():
    pacer = Pacer(PaceLimits(calendar_per_s=1_000.0), now_ms=0.0)
    for _ in range(10):
        pacer.enter(PLACE, 0.0)
        pacer.ended(PLACE, LATER, 0.0, subject="the same event")
    assert pacer.free(PLACE, 1_000.0) > 1


def test_a_refusal_that_names_no_limit_is_found_to_be_the_calendars():
    office = Office(QuotaServer(per_calendar=60), backlog(1, 200), limits=PaceLimits())
    office.waiting["calendar 2"] = 70
    office.run(30_000.0)
    limits = {
        place.calendar_id: usage.limit for place, usage in office.pacer.usages(office.now_ms) if not place.project
    }
    assert limits == {None: 600, "calendar 0": 60, "calendar 2": 60}


def refused_in(office: Office, *, after_ms: float) -> int:
    return len([at_ms for at_ms in office.server.refused if at_ms > after_ms])


@pytest.mark.parametrize("every_s", [1.0, 0.01])
@pytest.mark.parametrize(("limit", "window_s"), [(60, 60), (10, 10)])
def test_what_was_called_before_the_start_teaches_no_limit_that_lasts(limit, window_s, every_s):
    """A gateway that starts again meets a window that it filled itself before: at a pace, or at once."""
    server = QuotaServer(per_calendar=limit, calendar_ms=window_s * 1000.0)
    office = Office(server, backlog(1, 100_000))
    began_ms = office.now_ms
    server.taken["calendar 0"] = deque(began_ms - 1000.0 * every_s * number for number in range(limit, 0, -1))
    office.run(6 * WINDOW_MS)
    # Where the first three calls met it, it counts as one in a second; the time an answer takes is lost then.
    assert len([at_ms for at_ms in server.accepted if at_ms > began_ms + 3 * WINDOW_MS]) >= 0.8 * 180
    assert refused_in(office, after_ms=began_ms + 3 * WINDOW_MS) == 0


def test_what_goes_well_when_the_account_is_free_again_shows_nothing_about_a_calendar():
    """The account allows 60 in a minute; a calendar had half of them when it was refused."""
    pacer = Pacer(PaceLimits(calendar_per_s=1_000.0), now_ms=0.0)
    for place, began_ms in ((OTHER, 0.0), (PLACE, 40_000.0)):
        for number in range(30):
            pacer.enter(place, began_ms + 200 * number)
            pacer.ended(place, DONE, began_ms + 200 * number + 100)
    pacer.enter(PLACE, 46_500.0)
    pacer.ended(PLACE, slow_down(), 46_600.0)
    assert {place.calendar_id: usage.limit for place, usage in pacer.usages(46_600.0)} == {
        None: 60,
        "other": 600,
        "primary": 30,
    }
    assert pacer.free(PLACE, 68_000.0) == 1
    pacer.enter(PLACE, 68_000.0)
    pacer.ended(PLACE, DONE, 68_100.0)
    assert {place.calendar_id: usage.limit for place, usage in pacer.usages(68_100.0)} == {
        None: 60,
        "other": 600,
        "primary": 600,
    }


def test_one_busy_calendar_gets_all_that_its_account_is_allowed():
    """The refusals came while ten calendars shared the account's limit; what each had then is no limit of its own."""
    server = QuotaServer(per_account=300)
    office = Office(server, backlog(10, 400))
    office.waiting["calendar 0"] += 3_000
    began_ms = office.now_ms
    office.run(8 * WINDOW_MS)
    assert len([at_ms for at_ms in server.accepted if at_ms > began_ms + 4 * WINDOW_MS]) >= 0.95 * 4 * 300
    assert refused_in(office, after_ms=began_ms + 4 * WINDOW_MS) == 0


def test_an_account_is_found_beside_its_calendars():
    server = QuotaServer(per_account=300, per_calendar=10, calendar_ms=10_000.0)
    office = Office(server, backlog(10, 100_000), limits=PaceLimits(account_per_min=900))
    began_ms = office.now_ms
    office.run(MINUTES * WINDOW_MS)
    assert len([at_ms for at_ms in server.accepted if at_ms > began_ms + WINDOW_MS]) >= 0.95 * 300 * (MINUTES - 1)
    assert refused_in(office, after_ms=began_ms + WINDOW_MS) == 0
    assert len(server.refused) <= 20


@pytest.mark.parametrize(("calendars", "within_s"), [(1, 33), (10, 20)])
def test_calendars_without_a_limit_are_soon_as_fast_as_calls_are_answered(calendars, within_s):
    office = Office(QuotaServer(), backlog(calendars, 600), limits=PaceLimits(account_per_min=10_000))
    assert office.run() <= within_s * 1000


def test_what_is_remembered_is_bounded():
    pacer = Pacer(PaceLimits(account_per_min=50), now_ms=0.0)
    now_ms = 0.0
    for number in range(10_000):
        now_ms += 100_000.0
        place = Place("project", 1, f"calendar {number}")
        pacer.enter(place, now_ms)
        pacer.ended(place, DONE, now_ms)
    assert len(pacer.usages(now_ms)) <= 4_200
