"""Quotas: sliding windows of project, account and calendar, limits on guests and calendars, and how they are told."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.google import SimulatedGoogle
from simulator.google.errors import ApiError
from simulator.google.quotas import Quota, QuotaBook
from simulator.google.scopes import PREFIX
from tests.simulator.google.conftest import EVENTS, Answer, Wire, timed

EVENT = timed("2026-11-23T10:00:00", "2026-11-23T11:00:00")
CALENDARS = "/calendar/v3/calendars"


def reason(answer: Answer) -> str:
    return answer.json["error"]["errors"][0]["reason"]


def window(google: SimulatedGoogle, scope: str) -> dict[str, Any]:
    [found] = [one for one in google.state.quotas.report(google.state.clock.now_s()) if one["scope"] == scope]
    return found


async def test_the_window_of_an_account_slides(wire: Wire, google: SimulatedGoogle):
    google.do.set_quota("account", 3, per_s=60)
    at = google.state.clock.now()
    google.do.set_clock(now=at, stopped=True)
    assert [(await wire("GET", EVENTS)).status for _ in range(2)] == [200, 200]
    google.do.set_clock(advance_s=30)
    assert [(await wire("GET", EVENTS)).status for _ in range(2)] == [200, 403]
    google.do.set_clock(advance_s=30)
    assert [(await wire("GET", EVENTS)).status for _ in range(3)] == [200, 200, 403]
    assert [window(google, "account")[name] for name in ("allowed", "refused", "used")] == [5, 2, 3]
    seconds = [counts for _, *counts in window(google, "account")["history"]]
    assert seconds == [[2, 0], [1, 1], [2, 1]]


async def test_one_account_does_not_use_up_anothers(wire: Wire, google: SimulatedGoogle):
    google.do.add_account("sadie.adler@mycompanyabc.com")
    other = google.do.issue_tokens(account="sadie.adler@mycompanyabc.com")["access_token"]
    google.do.set_quota("account", 1)
    assert (await wire("GET", EVENTS)).status == 200
    assert (await wire("GET", EVENTS)).status == 403
    assert (await wire("GET", EVENTS, token=other)).status == 200
    assert (await wire("GET", EVENTS, headers={"x-goog-quota-user": "someone"})).status == 200
    google.do.set_quota("account", None)
    google.do.set_quota("project", 2)
    answers = [await wire("GET", EVENTS, token=token) for token in ("", other, "")]
    assert [answer.status for answer in answers] == [200, 200, 403]


async def test_how_refusals_look(wire: Wire, google: SimulatedGoogle):
    google.do.set_quota("account", 0, status=429, retry_after=True)
    answer = await wire("GET", EVENTS)
    assert (answer.status, answer.headers["Retry-After"], reason(answer)) == (429, "1", "rateLimitExceeded")
    assert "Queries per minute per user" in answer.json["error"]["message"]
    assert answer.json["error"]["details"][0]["metadata"]["quota_limit"] == "defaultPerMinutePerUser"
    google.do.set_quota("account", 0, shape="errors")
    answer = await wire("GET", EVENTS)
    assert (answer.status, reason(answer)) == (403, "userRateLimitExceeded")
    assert "details" not in answer.json["error"]
    google.do.set_quota("account", 0, shape="details")
    assert "errors" not in (await wire("GET", EVENTS)).json["error"]
    google.do.set_quota("account", None)
    google.do.set_quota("project", 0)
    answer = await wire("GET", EVENTS)
    assert answer.json["error"]["details"][0]["metadata"]["quota_limit"] == "defaultPerMinutePerProject"


async def test_retry_after_tells_when_the_window_is_free(wire: Wire, google: SimulatedGoogle):
    google.do.set_quota("calendar", 1, per_s=10, retry_after=True)
    google.do.set_clock(now=google.state.clock.now(), stopped=True)
    assert (await wire("POST", EVENTS, json=EVENT)).status == 200
    google.do.set_clock(advance_s=4)
    refused = await wire("POST", EVENTS, json=EVENT)
    assert (refused.status, refused.headers["Retry-After"], reason(refused)) == (403, "6", "rateLimitExceeded")
    google.do.set_clock(advance_s=6)
    assert (await wire("POST", EVENTS, json=EVENT)).status == 200


async def test_a_calendar_counts_writes_only_and_each_by_itself(wire: Wire, google: SimulatedGoogle):
    other = google.do.add_calendar("Second").calendar_id
    google.do.set_quota("calendar", 1)
    assert [(await wire("GET", EVENTS)).status for _ in range(3)] == [200, 200, 200]
    assert (await wire("POST", EVENTS, json=EVENT)).status == 200
    assert (await wire("POST", EVENTS, json=EVENT)).status == 403
    assert (await wire("POST", f"{CALENDARS}/{other}/events", json=EVENT)).status == 200
    assert len(google.state.live_events) == 2


async def test_a_patch_counts_three_times(wire: Wire, google: SimulatedGoogle):
    event = google.do.create_event(EVENT)["id"]
    google.do.set_quota("account", 4)
    assert (await wire("PATCH", f"{EVENTS}/{event}", json={})).status == 200
    assert (await wire("PATCH", f"{EVENTS}/{event}", json={})).status == 403
    assert (await wire("GET", f"{EVENTS}/{event}")).status == 200


async def test_guests_from_outside_are_limited_without_mails_too(wire: Wire, google: SimulatedGoogle):
    google.do.set_quota("guests", 2, per_s=1200)
    silent = {"sendUpdates": "none"}
    outside = [{"email": f"guest{number}@example.com"} for number in range(3)]
    inside = [{"email": "sadie.adler@mycompanyabc.com"}]
    made = await wire("POST", EVENTS, json={**EVENT, "attendees": [*outside[:2], *inside]}, params=silent)
    assert made.status == 200
    refused = await wire("POST", EVENTS, json={**EVENT, "attendees": outside[2:]}, params=silent)
    assert (refused.status, refused.json["error"]["message"]) == (403, "Calendar usage limits exceeded.")
    assert reason(refused) == "quotaExceeded"
    assert (await wire("POST", EVENTS, json={**EVENT, "attendees": inside}, params=silent)).status == 200
    assert (await wire("POST", EVENTS, json=EVENT)).status == 200
    same = {**EVENT, "summary": "Again", "attendees": [*outside[:2], *inside]}
    assert (await wire("PUT", f"{EVENTS}/{made.json['id']}", json=same)).status == 200
    more = {**EVENT, "attendees": outside}
    assert (await wire("PUT", f"{EVENTS}/{made.json['id']}", json=more)).status == 403
    assert len(google.state.stored()[made.json["id"]].fields["attendees"]) == 3
    google.do.edit_event(made.json["id"], {"attendees": outside})
    google.do.set_clock(advance_s=1200)
    assert (await wire("POST", EVENTS, json={**EVENT, "attendees": outside[2:]})).status == 200


async def test_an_account_that_rests_stays_refused(wire: Wire, google: SimulatedGoogle):
    google.do.set_quota("guests", 1, per_s=60, rest_s=1200)
    guest = {**EVENT, "attendees": [{"email": "a@example.com"}]}
    assert (await wire("POST", EVENTS, json=guest)).status == 200
    assert (await wire("POST", EVENTS, json=guest)).status == 403
    google.do.set_clock(advance_s=600)
    assert (await wire("POST", EVENTS, json=guest)).status == 403
    google.do.set_clock(advance_s=601)
    assert (await wire("POST", EVENTS, json=guest)).status == 200


async def test_calendars_and_events_are_limited(wire: Wire, google: SimulatedGoogle):
    token = google.do.issue_tokens([PREFIX + "calendar"])["access_token"]
    google.do.set_quotas("google")
    made = [await wire("POST", CALENDARS, json={"summary": str(n)}, token=token) for n in range(61)]
    assert {answer.status for answer in made[:60]} == {200}
    assert (made[60].status, reason(made[60])) == (403, "quotaExceeded")
    google.do.set_quota("events", 1)
    assert (await wire("POST", EVENTS, json=EVENT)).status == 200
    assert reason(await wire("POST", EVENTS, json=EVENT)) == "quotaExceeded"
    state = (await wire("GET", "/_sim/state", token=None)).json
    assert {quota["scope"] for quota in state["quotas"]} == {
        "project",
        "account",
        "calendar",
        "guests",
        "calendars",
        "events",
    }
    assert {entry["scope"] for entry in state["quota_windows"]} >= {"project", "account", "calendars", "events"}
    google.do.set_quotas("none")
    assert (await wire("POST", EVENTS, json=EVENT)).status == 200


@pytest.mark.parametrize("given_body", [{"scope": "moon", "limit": 1}, {"scope": "account", "limit": 1, "status": 500}])
async def test_quotas_that_cannot_be_set(wire: Wire, given_body: dict[str, Any]):
    answer = await wire("POST", "/_sim/do/set_quota", json=given_body, token=None)
    assert answer.status == 400
    assert answer.json["error"]


@settings(max_examples=100, deadline=None)
@given(
    limit=st.integers(1, 6),
    per_s=st.floats(0.5, 20),
    gaps=st.lists(st.floats(0, 8), max_size=60),
)
def test_no_window_anywhere_holds_more_than_the_limit(limit: int, per_s: float, gaps: list[float]):
    book = QuotaBook()
    book.set(Quota(scope="account", limit=limit, per_s=per_s))
    now_s, allowed = 1000.0, []
    for gap in gaps:
        now_s += gap
        within = [at for at in allowed if at > now_s - per_s]
        try:
            book.charge([("account", "a", 1)], now_s)
        except ApiError:
            assert len(within) == limit
        else:
            assert len(within) < limit
            allowed.append(now_s)
