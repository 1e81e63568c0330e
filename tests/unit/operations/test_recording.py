"""A recording: ten minutes of everything, within bounds, gone after a day; what its files show of calls."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator

import pytest

from gateway.devices.call_log import CallLog, HeardCall, Result, cleaned
from gateway.log import RaisedLevel
from gateway.operations import recording
from gateway.operations.recording import Recorder
from gateway.operations.support_bundle.calls import about, recorded_calls, taken_apart
from gateway.operations.support_bundle.redaction import Redaction
from tests.unit.google.moved_clock import StoppedClock

LOGGER = logging.getLogger("gateway.mirror.outbound")


class Desk:
    def __init__(self) -> None:
        self.clock = StoppedClock()
        self.log = CallLog(self.clock.now_ms, lambda name: None)
        self.raised = RaisedLevel(self.clock.monotonic_s)
        self.recorder = Recorder(
            clock=self.clock, log=self.log, clean=lambda call: cleaned(call, None), raised=self.raised
        )

    def call(self, body: bytes = b"{}", **more: object) -> None:
        known: dict[str, object] = {"result": Result.REFUSED, "size": len(body), "content_type": "application/json"}
        values = {**known, "device": "ucm-1", "method": "POST", "path": "/api/v1/x", **more}
        self.log.note(HeardCall(at_ms=self.clock.now_ms(), body=body, **values))  # type: ignore[arg-type]


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.WARNING)
    made = Desk()
    try:
        yield made
    finally:
        made.recorder.close()
        root.setLevel(level)


async def test_it_records_every_level_and_every_call_until_it_is_over(desk: Desk):
    LOGGER.debug("before")
    desk.call(b'{"before": 1}')
    desk.recorder.start()
    assert logging.getLogger().level == logging.DEBUG
    LOGGER.debug("a detail of the queue")
    desk.call(b'{"subject": "one", "pin": "4711"}')
    desk.clock.ahead_ms += 599_000
    assert 0 < desk.recorder.left_s < 2
    assert desk.recorder.done is None
    desk.clock.ahead_ms += 2_000
    LOGGER.warning("too late")
    desk.call(b'{"after": 1}')
    assert desk.recorder.left_s == 0
    done = desk.recorder.done
    assert done is not None
    assert [line.text for line in done.lines] == ["a detail of the queue"]
    [kept] = done.calls
    assert b"one" in kept.body
    assert b"4711" not in kept.body
    assert 599_900 <= done.ended_ms - done.begun_ms < 601_000
    assert logging.getLogger().level == logging.WARNING


async def test_it_is_stopped_kept_for_a_day_and_then_gone(desk: Desk):
    desk.recorder.start()
    desk.call()
    desk.recorder.stop()
    desk.call()
    assert desk.recorder.done is not None
    assert len(desk.recorder.done.calls) == 1
    desk.clock.ahead_ms += 23 * 3_600_000
    assert desk.recorder.done is not None
    desk.clock.ahead_ms += 3_601_000
    assert desk.recorder.done is None
    desk.recorder.start()
    desk.recorder.stop()
    desk.recorder.forget()
    assert desk.recorder.done is None


async def test_a_second_one_takes_the_place_of_the_first_but_not_while_it_runs(desk: Desk):
    desk.recorder.start()
    desk.call()
    desk.recorder.start()
    desk.recorder.stop()
    assert desk.recorder.done is not None
    assert len(desk.recorder.done.calls) == 1
    desk.recorder.start()
    assert desk.recorder.done is None
    desk.recorder.stop()
    assert desk.recorder.done is not None
    assert desk.recorder.done.calls == ()


async def test_it_stays_within_its_bounds(desk: Desk):
    desk.recorder.start()
    for _ in range(recording.MOST_CALLS + 7):
        desk.call()
    for _ in range(70):
        desk.call(b'{"x": "%s"}' % (b"y" * 60_000))
    for number in range(700):
        LOGGER.debug("%s %s", number, "z" * 3_900)
    desk.recorder.stop()
    done = desk.recorder.done
    assert done is not None
    assert sum(call.weight for call in done.calls) <= recording.MOST_CALL_BYTES
    assert recording.MOST_LOG_BYTES // 2 < sum(len(line.text) for line in done.lines) <= recording.MOST_LOG_BYTES
    assert done.lines[-1].text.startswith("699 ")
    assert done.lost == recording.MOST_CALLS + 77 - len(done.calls)
    assert str(done.lost) in about(done)


async def test_a_log_that_says_more_for_another_reason_goes_on_doing_so(desk: Desk):
    desk.raised.raise_to(logging.DEBUG, 900, "log")
    desk.recorder.start()
    desk.recorder.stop()
    assert logging.getLogger().level == logging.DEBUG
    assert desk.raised.left_s("recording") == 0
    desk.raised.raise_to(logging.DEBUG, 0, "log")
    assert logging.getLogger().level == logging.WARNING
    desk.recorder.start()
    desk.raised.raise_to(logging.DEBUG, 0, "log")
    assert logging.getLogger().level == logging.DEBUG


async def test_its_files_hold_whole_calls_some_to_a_file(desk: Desk):
    desk.recorder.start()
    for number in range(41):
        desk.call(json.dumps({"subject": f"Meeting {number}", "notes": "n" * 20_000}).encode())
    desk.recorder.stop()
    assert desk.recorder.done is not None
    files = recorded_calls(desk.recorder.done)
    assert [name for name, _ in files] == [f"calls/{name}.redacted.json" for name in ("001-020", "021-040", "041-041")]
    text = json.dumps(Redaction().value(files[0][1]))
    assert "n" * 20_000 in text
    assert "Meeting 1" not in text


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", '{"subject": "Takeover", "room": "6300"}'),
        ("application/x-www-form-urlencoded", "subject=Takeover&room=6300"),
        ("text/calendar", "BEGIN:VEVENT\r\nSUMMARY;LANGUAGE=en:Take\r\n over\r\nLOCATION:6300\r\nEND:VEVENT"),
    ],
)
def test_the_subject_of_a_refused_call_has_another_name(kind: str, body: str):
    shown = taken_apart({"body": body, "content_type": kind, "path": "/api?conf_name=Takeover&id=6300"})
    text = json.dumps(Redaction().value(shown))
    assert "Takeover" not in text
    assert text.count("6300") == 2
    assert "Takeover" in json.dumps(Redaction(include_private=True).value(shown))


@pytest.mark.parametrize("body", ["", "{", "[[[", "\x00", "=", "a=%zz", "BEGIN:VEVENT\n x", "{" * 5_000])
def test_what_cannot_be_taken_apart_is_text(body: str):
    for kind in ("application/json", "application/x-www-form-urlencoded", "text/calendar", ""):
        json.dumps(Redaction().value(taken_apart({"body": body, "content_type": kind, "path": body})))
