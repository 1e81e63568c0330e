"""Busy times are read whole or not at all, in calls of a size that Google takes; refusals say what they are."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import aiohttp
import pytest
from aiohttp import web

from gateway.domain.busy import BusyAnswer, Span
from gateway.domain.outcome import Outcome, Verdict
from gateway.google.free_busy import LONGEST_S, MOST_CALENDARS, FreeBusy
from gateway.google.tokens import AccessTokens, Grant
from gateway.google.wire import Wire
from tests.unit.google.moved_clock import MovedClock
from tests.unit.google.raw_google import RawGoogle, answer, cut

NOON_S = int(datetime(2026, 11, 23, 12, tzinfo=UTC).timestamp())
HOUR_S = 3600
DAY_S = 86_400


@pytest.fixture
def free_busy(raw_google: RawGoogle, session: aiohttp.ClientSession) -> FreeBusy:
    async def save(_grant: Grant) -> None:
        return None

    clock, wire = MovedClock(), Wire(session, 5.0)
    grant = Grant(client_id="c", client_secret="s", refresh_token="r", access_token="first", expires_at_ms=None)
    tokens = AccessTokens(grant, endpoint=raw_google.endpoints.token, wire=wire, clock=clock, save=save)
    return FreeBusy(wire=wire, endpoint=raw_google.endpoints.calendar, tokens=tokens, clock=clock)


def said(**calendars: object) -> str:
    return json.dumps({"calendars": calendars})


def refusal(status: int, reason: str) -> str:
    return json.dumps({"error": {"code": status, "errors": [{"reason": reason}], "message": reason}})


def spans(*hours: tuple[int, int]) -> dict[str, object]:
    def at(hour: int) -> str:
        return datetime.fromtimestamp(NOON_S + hour * HOUR_S, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    return {"busy": [{"start": at(start), "end": at(end)} for start, end in hours]}


async def test_the_question_and_its_answer(raw_google: RawGoogle, free_busy: FreeBusy):
    raw_google.will(answer(200, said(a=spans((0, 1), (1, 2), (5, 6)), b={"busy": []})))
    found = await free_busy.busy(["a", "b"], NOON_S, NOON_S + DAY_S)
    assert isinstance(found, BusyAnswer)
    assert found.spans == {
        "a": (Span(NOON_S, NOON_S + 2 * HOUR_S), Span(NOON_S + 5 * HOUR_S, NOON_S + 6 * HOUR_S)),
        "b": (),
    }
    assert found.problems == {}
    (call,) = raw_google.seen
    assert (call.method, call.path) == ("POST", "/calendar/v3/freeBusy")
    assert call.headers["Authorization"] == "Bearer first"
    assert json.loads(call.body) == {
        "timeMin": "2026-11-23T12:00:00Z",
        "timeMax": "2026-11-24T12:00:00Z",
        "timeZone": "UTC",
        "calendarExpansionMax": 2,
        "items": [{"id": "a"}, {"id": "b"}],
    }


async def test_instants_with_an_offset_are_understood(raw_google: RawGoogle, free_busy: FreeBusy):
    busy = {"busy": [{"start": "2026-11-23T13:00:00+01:00", "end": "2026-11-23T14:00:00+01:00"}]}
    raw_google.will(answer(200, said(a=busy)))
    found = await free_busy.busy(["a"], NOON_S, NOON_S + DAY_S)
    assert isinstance(found, BusyAnswer)
    assert found.spans["a"] == (Span(NOON_S, NOON_S + HOUR_S),)


async def test_large_questions_are_asked_in_calls_that_google_takes(raw_google: RawGoogle, free_busy: FreeBusy):
    names = [f"c{n}" for n in range(MOST_CALENDARS + 3)]

    async def reply(request: web.Request) -> web.Response:
        asked = await request.json()
        return web.json_response({"calendars": {item["id"]: spans((0, 1)) for item in asked["items"]}})

    raw_google.will(reply)
    found = await free_busy.busy(names, NOON_S, NOON_S + 2 * LONGEST_S + DAY_S)
    assert isinstance(found, BusyAnswer)
    assert found.spans == dict.fromkeys(names, (Span(NOON_S, NOON_S + HOUR_S),))
    asked = [json.loads(call.body) for call in raw_google.seen]
    assert [len(call["items"]) for call in asked] == [MOST_CALENDARS] * 3 + [3] * 3
    for call in asked:
        length = datetime.fromisoformat(call["timeMax"]) - datetime.fromisoformat(call["timeMin"])
        assert length.total_seconds() <= LONGEST_S
    assert [call["timeMin"] for call in asked[1:3]] == [call["timeMax"] for call in asked[:2]]


async def test_a_range_that_google_finds_too_long_is_halved(raw_google: RawGoogle, free_busy: FreeBusy):
    raw_google.will(
        answer(400, refusal(400, "timeRangeTooLong")),
        answer(200, said(a=spans((0, 1)))),
        answer(200, said(a=spans((9, 10)))),
    )
    found = await free_busy.busy(["a"], NOON_S, NOON_S + 10 * DAY_S)
    assert isinstance(found, BusyAnswer)
    assert len(found.spans["a"]) == 2
    bounds = [
        (json.loads(call.body)["timeMin"][:10], json.loads(call.body)["timeMax"][:10]) for call in raw_google.seen
    ]
    assert bounds[1:] == [("2026-11-23", "2026-11-28"), ("2026-11-28", "2026-12-03")]


@pytest.mark.parametrize(
    ("entry", "verdict", "code"),
    [
        ({"errors": [{"domain": "global", "reason": "notFound"}], "busy": []}, Verdict.CONFIGURATION, "G-507"),
        ({"errors": [{"domain": "global", "reason": "internalError"}]}, Verdict.LATER, "G-506"),
        ({"errors": [{"domain": "global", "reason": "groupTooBig"}]}, Verdict.CONFIGURATION, "G-506"),
        ({"errors": "odd"}, Verdict.LATER, "G-506"),
        ({"busy": [{"start": "2026-11-23T12:00:00", "end": "2026-11-23T13:00:00Z"}]}, Verdict.LATER, "G-412"),
        ({"busy": [{"start": "soon"}]}, Verdict.LATER, "G-412"),
        ({"busy": 7}, Verdict.LATER, "G-412"),
        (None, Verdict.LATER, "G-412"),
    ],
)
async def test_one_calendar_s_problem_is_its_own(
    raw_google: RawGoogle, free_busy: FreeBusy, entry: object, verdict: Verdict, code: str
):
    raw_google.will(answer(200, said(a=entry, b=spans((0, 1)))))
    found = await free_busy.busy(["a", "b"], NOON_S, NOON_S + DAY_S)
    assert isinstance(found, BusyAnswer)
    assert list(found.spans) == ["b"]
    assert (found.problems["a"].verdict, found.problems["a"].code) == (verdict, code)
    assert found.problems["a"].text


@pytest.mark.parametrize(
    ("status", "reason", "verdict", "code"),
    [
        (403, "ACCESS_TOKEN_SCOPE_INSUFFICIENT", Verdict.CONFIGURATION, "G-416"),
        (403, "insufficientPermissions", Verdict.CONFIGURATION, "G-416"),
        (403, "rateLimitExceeded", Verdict.SLOW_DOWN, "G-505"),
        (403, "accessNotConfigured", Verdict.CONFIGURATION, "G-512"),
        (400, "timeRangeEmpty", Verdict.LATER, "G-506"),
        (404, "notFound", Verdict.LATER, "G-506"),
        (503, "backendError", Verdict.LATER, "G-506"),
    ],
)
async def test_refusals_say_what_they_mean_for_busy_times(
    raw_google: RawGoogle, free_busy: FreeBusy, status: int, reason: str, verdict: Verdict, code: str
):
    raw_google.will(answer(status, refusal(status, reason)))
    found = await free_busy.busy(["a"], NOON_S, NOON_S + DAY_S)
    assert isinstance(found, Outcome)
    assert (found.verdict, found.code) == (verdict, code)
    assert found.text
    assert not (found.whole_account and code == "G-416"), "meetings are written all the same"


async def test_no_answer_and_somebody_else_s_answer(raw_google: RawGoogle, free_busy: FreeBusy):
    raw_google.will(cut())
    lost = await free_busy.busy(["a"], NOON_S, NOON_S + DAY_S)
    raw_google.will(answer(200, "<html>Sign in to the guest network</html>"))
    portal = await free_busy.busy(["a"], NOON_S, NOON_S + DAY_S)
    assert isinstance(lost, Outcome)
    assert isinstance(portal, Outcome)
    assert (lost.verdict, lost.code) == (Verdict.LATER, "N-02")
    assert portal.verdict is Verdict.LATER


async def test_a_refused_token_is_renewed_once(raw_google: RawGoogle, free_busy: FreeBusy):
    token = json.dumps({"access_token": "second", "expires_in": 3600, "token_type": "Bearer"})
    raw_google.will(
        answer(401, refusal(401, "authError")),
        answer(200, token, {"Content-Type": "application/json"}),
        answer(200, said(a=spans())),
    )
    found = await free_busy.busy(["a"], NOON_S, NOON_S + DAY_S)
    assert isinstance(found, BusyAnswer)
    assert [call.headers.get("Authorization") for call in raw_google.seen] == ["Bearer first", None, "Bearer second"]


async def test_nothing_is_asked_about_nothing(raw_google: RawGoogle, free_busy: FreeBusy):
    found = await free_busy.busy([], NOON_S, NOON_S + DAY_S)
    assert isinstance(found, BusyAnswer)
    assert raw_google.seen == []
