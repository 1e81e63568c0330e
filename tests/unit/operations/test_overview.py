"""Problems, lights, sentences and the picture of a day, each from facts that were made up; what is gathered is not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import messages
from gateway.accounts.standing import Situation, Standing
from gateway.accounts.summary import AccountWarning
from gateway.admin.dashboard import words
from gateway.messages.languages import speaking
from gateway.operations.health import Readiness
from gateway.operations.mirror_status import MirrorStatus, Queued
from gateway.operations.overview import problems as overview_problems
from gateway.operations.overview import words as overview_words
from gateway.operations.overview.audit import NOUNS, harmless
from gateway.operations.overview.lights import Seen, lights
from gateway.operations.overview.meetings import Day
from gateway.operations.overview.problems import Problem, Served, of_devices, of_mirror, of_slow, sorted_by_weight
from gateway.operations.overview.words import Happened, actor_shown, sentence
from gateway.store.alerts import Held, Waiting
from gateway.store.overview import DeviceFacts
from gateway.store.reading import CalendarReading
from gateway.store.second_looks import Doubles, Guarded

NOW = 1_700_000_000_000
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
ASKED = Served(title="Lobby UCM", address="192.0.2.5", port="8089", every_s=60)

STATUS = MirrorStatus(
    queued=(),
    accounts=(),
    calendars=(),
    calls_today=0,
    calls_yesterday=0,
    calls_per_day=0,
    unread=frozenset(),
    asks=0,
    fought=0,
    vanished=(),
    doubles=(),
    lists=(),
    alerts_waiting=0,
    budgets=(),
    budgets_at=None,
)


def device(**changes: Any) -> DeviceFacts:
    facts = DeviceFacts("lobby", False, NOW - MINUTE, None, "", "", "", "", "", None)
    return facts._replace(**changes)


def about(facts: DeviceFacts, served: Served | None = None) -> list[Problem]:
    return list(of_devices([facts], {"lobby": served or Served(title="Lobby UCM")}, NOW))


@pytest.mark.parametrize(
    ("changes", "served", "code"),
    [
        ({}, None, ""),
        ({"called_at": None}, None, ""),
        ({"paused": True, "polled": "failing", "poll_code": "D-16"}, ASKED, "D-03"),
        ({"called_at": NOW - 8 * DAY}, None, "D-10"),
        ({"called_at": NOW - 6 * DAY}, None, ""),
        ({"refused_at": NOW - HOUR, "refused_code": "D-02", "called_at": NOW - 2 * HOUR}, None, "D-02"),
        ({"refused_at": NOW - HOUR, "refused_code": "D-02", "called_at": NOW - MINUTE}, None, ""),
        ({"refused_at": NOW - 2 * DAY, "refused_code": "D-02", "called_at": NOW - 3 * DAY}, None, ""),
        ({"refused_at": NOW - HOUR, "refused_code": "too-large", "called_at": None}, None, "too-large"),
        ({"polled": "failing", "poll_code": "D-16", "poll_text": "x"}, ASKED, "D-16"),
        ({"polled": "failing", "poll_code": "D-16"}, None, ""),
        ({"polled": "ok", "succeeded_at": NOW - 14 * MINUTE}, ASKED, ""),
        ({"polled": "ok", "succeeded_at": NOW - 16 * MINUTE}, ASKED, "D-10"),
        ({"polled": "ok", "succeeded_at": NOW - 16 * MINUTE}, replace(ASKED, every_s=3600), ""),
    ],
)
def test_what_is_wrong_with_a_device(changes: dict[str, Any], served: Served | None, code: str):
    found = about(device(**changes), served)
    assert [each.code for each in found] == ([code] if code else [])
    for each in found:
        assert each.device == "lobby"  # buttons lead to the device by its id, people read its name
        assert "Lobby UCM" in each.message.title


def test_a_clock_that_is_off_is_told_beside_what_else_is_wrong():
    warning = "The clock of lobby is 12 minutes off (fast). Set its time, or let it ask a time server (NTP)."
    [clock] = about(device(polled="ok", succeeded_at=NOW, poll_warning=warning), ASKED)
    assert (clock.code, clock.does) == ("D-12", "show-device")
    assert clock.message.title == "The clock of Lobby UCM is 12 minutes off."
    assert about(device(poll_warning=warning)) == []  # it is not asked any more


def test_what_waits_for_a_decision():
    status = replace(
        STATUS,
        queued=(Queued(state="parked", code="G-516", number=2, next_try=None, oldest=1),),
        asks=1,
        vanished=(Guarded(account_id=1, calendar_id="team", meetings=7, since=1),),
        doubles=(
            Doubles(account_id=1, calendar_id="team", asked=0, refused=3, since=1),
            Doubles(account_id=2, calendar_id="team", asked=3, refused=0, since=1),
        ),
        lists=(("lobby", 9),),
    )
    found = {each.key: each for each in of_mirror(status, [], None, NOW)}
    assert found["meetings:parked"].message.title == "3 meetings need you."
    assert found["meetings:parked"].does == "show-refused"
    assert found["vanished:1:team"].does == "decide"
    assert "7 meetings" in found["vanished:1:team"].message.title
    assert (found["list:lobby"].does, found["list:lobby"].device) == ("show-device", "lobby")
    assert list(found) == ["meetings:parked", "vanished:1:team", "list:lobby", "doubles:2:team"]


def test_what_waits_too_long_and_what_is_held():
    held = [Held(1, "team", "a@example.com", 4, "G-507", "gone"), Held(1, "free", "a@example.com", 0, "G-507", "x")]
    late = Waiting(3, NOW - 20 * MINUTE, "G-505")
    first, second = of_mirror(STATUS, held, late, NOW)
    assert (first.code, first.key) == ("G-507", "held:1:team")
    assert '"team"' in first.message.title
    assert (second.code, second.severity) == ("M-01", "warning")
    assert "3 meetings wait for the calendar, the oldest for 20 minutes" in second.message.text


def test_google_asks_to_slow_down_as_long_as_something_waits_for_that():
    def queued(code: str, number: int, next_try: int | None, state: str = "waiting") -> Queued:
        return Queued(state=state, code=code, number=number, next_try=next_try, oldest=1)

    slow = (queued("", 30, NOW), queued("G-505", 2, NOW + MINUTE), queued("G-516", 9, None, "parked"))
    [found] = of_slow(replace(STATUS, queued=slow), NOW, "UTC")
    at = f"{datetime.fromtimestamp((NOW + MINUTE) / 1000, UTC):%H:%M:%S}"
    assert (found.code, found.severity, found.does) == ("G-505", "warning", "show-queue")
    assert found.message.text == f"We retry automatically. 32 changes waiting, next try {at}."
    [found] = of_slow(replace(STATUS, queued=(queued("G-505", 1, NOW - MINUTE),)), NOW, "Asia/Kolkata")
    assert found.message.text == "We retry automatically. 1 change waiting, next try now."
    assert list(of_slow(replace(STATUS, queued=(queued("", 30, NOW), queued("G-506", 1, NOW))), NOW, "UTC")) == []
    assert list(of_slow(replace(STATUS, queued=(queued("G-505", 1, None, "authorization"),)), NOW, "UTC")) == []


def test_a_calendar_that_cannot_be_read_is_told_once_its_account_is_well():
    reading = CalendarReading(account_id=1, calendar_id="team", token=None, read_at=1, code="G-507", text="x", since=1)
    assert [each.code for each in of_mirror(replace(STATUS, calendars=(reading,)), [], None, NOW)] == ["G-507"]
    lost = replace(STATUS, calendars=(reading,), unread=frozenset({1}))
    assert list(of_mirror(lost, [], None, NOW)) == []


def test_a_warning_about_an_account_has_its_button_and_no_word_for_a_terminal():
    text = str(messages.text("G-520", email="a@example.com", date="Sat 28 Nov", why="It does so."))
    [found] = overview_problems.of_accounts([], [AccountWarning(code="G-520", text=text, email="a@example.com")])
    assert (found.label, found.does) == ("Show me how", "show-how")
    assert found.message.title == "Google ends the authorization of a@example.com on Sat 28 Nov."
    assert "meeting-gateway" not in found.message.text
    assert found.may_wait


def test_the_worst_comes_first_and_everything_once():
    def made(key: str, severity: Any) -> Problem:
        return Problem(key=key, message=messages.Message(code="X", title="", text="", remedy="", severity=severity))

    found = sorted_by_weight([made("a", "info"), made("b", "error"), made("c", "warning"), made("b", "error")])
    assert [each.key for each in found] == ["b", "c", "a"]
    assert [each.may_wait for each in found] == [False, True, True]


@given(
    st.text(max_size=40), st.text(max_size=200), st.dictionaries(st.sampled_from(["email", "n"]), st.text(max_size=9))
)
def test_any_code_and_any_sentence_become_a_problem(code: str, text: str, values: dict[str, str]):
    for each in (code, "G-514", "D-12", "G-503"):
        found = overview_problems._catalogued("key", each, text, values)
        assert found.code == each
        assert found.severity in ("error", "warning", "info")


def seen(**changes: Any) -> Seen:
    usual: dict[str, Any] = {
        "standing": Standing(situation=Situation.AUTHORIZED, pill="Authorized", line="", email="a@example.com"),
        "readiness": Readiness(ready=True),
        "status": STATUS,
        "devices": [],
        "troubled": frozenset(),
        "waiting": 0,
        "up_s": 12 * 86_400.0,
        "now_ms": NOW,
        "zone": "Europe/Berlin",
    }
    return Seen(**{**usual, **changes})


def queued(state: str, number: int, next_try: int | None = None) -> Queued:
    return Queued(state=state, code="", number=number, next_try=next_try, oldest=1)


def test_four_lights_in_their_order():
    shown = lights(seen())
    assert [(each.name, each.kind) for each in shown] == [
        ("google", "ok"),
        ("devices", "off"),
        ("queue", "ok"),
        ("gateway", "ok"),
    ]
    assert [each.words for each in shown] == [
        ("Authorized", "a@example.com"),
        ("No device yet",),
        ("Empty",),
        ("OK, up for 12 days",),
    ]


def test_every_situation_has_a_light():
    for situation in Situation:
        standing = Standing(situation=situation, pill="x", line="")
        assert lights(seen(standing=standing))[0].kind in ("ok", "warn", "bad", "off")


def test_each_device_counts_once():
    facts = [
        device(name="a"),
        device(name="b", called_at=None),
        device(name="c", paused=True),
        device(name="d", called_at=None, refused_at=NOW),
    ]
    light = lights(seen(devices=facts, troubled=frozenset({"c", "d"}), waiting=2))[1]
    assert light.words == ("1 online", "1 with a problem", "1 has not called yet", "1 paused", "2 waiting")
    assert light.kind == "warn"
    assert lights(seen(devices=facts[3:], troubled=frozenset({"d"})))[1].kind == "bad"


@pytest.mark.parametrize(
    ("rows", "kind", "shown"),
    [
        ([queued("waiting", 2)], "ok", ("2 waiting",)),
        ([queued("waiting", 2, NOW + HOUR)], "ok", ("2 waiting, next try 00:13:20",)),
        ([queued("authorization", 3)], "warn", ("3 waiting",)),
        ([queued("parked", 1)], "bad", ("1 failed - look at it",)),
        ([queued("configuration", 2), queued("waiting", 1)], "bad", ("2 failed - look at them", "1 waiting")),
    ],
)
def test_the_queue_says_what_waits(rows: list[Queued], kind: str, shown: tuple[str, ...]):
    light = lights(seen(status=replace(STATUS, queued=tuple(rows))))[2]
    assert (light.kind, light.words) == (kind, shown)


def test_a_gateway_that_refuses_meetings_is_red():
    assert lights(seen(readiness=Readiness(ready=False, reasons=("x",))))[3].kind == "bad"


def test_every_action_of_the_product_has_a_sentence():
    table = overview_words._SENTENCES
    values = Happened(action="x", who="Anna", what="thing", detail="3", where="192.0.2.1").values
    for action, made in table.items():
        assert "%" not in made(values), action
    for code in ("es", "en-XA", "ar-XB"):
        with speaking(code):
            for made in table.values():
                assert made(values)


def test_every_action_can_be_asked_for_by_its_kind():
    asked_for = {noun for nouns in NOUNS.values() for noun in nouns}
    assert {action.partition(".")[0] for action in overview_words._SENTENCES} <= asked_for
    made = sentence(Happened(action="feed.created", who="anna", what="Lobby UCM"))
    assert made == "anna made a calendar address for Lobby UCM"


def test_a_sentence_fits_what_was_decided():
    edited = Happened(action="meeting.edited", who="Google", what="Sales", decided="device")
    assert sentence(edited) == 'Google: event "Sales" was changed; the device\'s version is kept'
    assert sentence(replace(edited, decided="")) == 'Google: event "Sales" was changed'
    assert sentence(replace(edited, decided="something new")) == 'Google: event "Sales" was changed'


def test_what_has_no_sentence_says_the_bare_facts():
    assert sentence(Happened(action="moon.landed_on", who="Anna", what="Eagle")) == "Anna - moon: landed on (Eagle)"
    assert sentence(Happened(action="x%s", who="A%(b)s", what="")) == "A%(b)s - x%s"


@pytest.mark.parametrize(
    ("actor", "shown"),
    [
        ("admin:anna", "anna"),
        ("device:lobby", "Lobby UCM"),
        ("device:other", "other"),
        ("command line", "The command line"),
        ("gateway", "The gateway"),
        ("nobody", "Somebody"),
        ("new:thing", "new:thing"),
    ],
)
def test_who_did_it(actor: str, shown: str):
    assert actor_shown(actor, {"lobby": "Lobby UCM"}) == shown


def test_the_picture_of_a_day_has_words():
    day = Day(number=3, hours=(("00", 0), ("01", 2), ("02", 1)), now=1)
    bars = words.bars(day)
    assert [bar.height for bar in bars] == [0, 40, 20]
    assert [bar.now for bar in bars] == [False, True, False]
    assert words.picture_words(day) == "Meetings that begin today by hour: 2 from 01:00, 1 from 02:00."
    assert words.picture_words(Day()) == "No meetings today."
    assert words.bars(Day()) == []


@given(st.text(max_size=30))
def test_no_cell_is_a_formula(cell: str):
    shown = harmless(cell)
    assert shown in (cell, f"'{cell}")
    assert not shown.lstrip().startswith(("=", "+", "-", "@"))
    assert not shown.startswith(("\t", "\r"))
