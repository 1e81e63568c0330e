"""The log of calls: its bounds, what is written of what went wrong, and that no secret is ever in what is shown."""

from __future__ import annotations

import base64
import json
import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.devices import call_log
from gateway.devices.call_cleaning import COVERED, CallCleaner, secret_names
from gateway.devices.call_log import CallLog, HeardCall, Known, Result, cleaned, from_json, to_json
from gateway.profiles.catalog import Catalog, builtin_folder
from gateway.store import calls
from tests.prepared import give_database
from tests.unit.devices.office import NOW_MS, StandingClock

PROFILE = Catalog.load([builtin_folder()], wanted=["grandstream/ucm6300"]).get("grandstream/ucm6300")
CANARY = "zq7canary9xk"
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
NAMES = ("password", "hostPin", "api_key", "Access-Token", "session", "key", "PIN")
SECRET_FIELDS = [*sorted(secret_names(PROFILE)), *NAMES]
EXAMPLES = 2000 if os.environ.get("LONG") else 25
OTHERS = ("subject", "confname", "id", "Straße", "a b", "notes")


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def log(clock: StandingClock) -> CallLog:
    return CallLog(clock.now_ms, lambda name: Known(7, PROFILE) if name == "ucm-1" else None)


def call(**said: object) -> HeardCall:
    known: dict[str, object] = {
        "at_ms": NOW_MS,
        "device": "ucm-1",
        "method": "POST",
        "path": "/api/v1/devices/ucm-1/meetings",
    }
    made = HeardCall(**{"result": Result.ACCEPTED, "content_type": JSON, **known, **said})  # type: ignore[arg-type]
    made.size = len(made.body)
    return made


def test_a_device_keeps_its_newest_calls_and_takes_nothing_from_the_others(log: CallLog):
    log.note(call(device="quiet"))
    for number in range(call_log.MOST_CALLS + 20):
        log.note(call(path=f"/{number}"))
    recent = log.recent("ucm-1")
    assert [each.path for each in recent[:2]] == [f"/{call_log.MOST_CALLS + 19}", f"/{call_log.MOST_CALLS + 18}"]
    assert len(recent) == call_log.MOST_CALLS
    assert len(log.recent("quiet")) == 1
    assert len({each.number for each in log.recent()}) == len(log.recent()), "a number names one call"


def test_memory_is_bounded_for_a_device_and_for_all(log: CallLog):
    for number in range(200):
        log.note(call(device=f"device-{number}", body=b"x" * call_log.LARGEST_BODY))
        log.note(call(device=f"device-{number}", body=b"x" * call_log.LARGEST_BODY * 4))
    assert log.weight <= call_log.MOST_BYTES_IN_ALL
    assert log.recent("device-199"), "the newest device is not the one that gives up"
    assert not log.recent("device-0")
    for _ in range(call_log.MOST_CALLS):
        log.note(call(body=b"x" * call_log.LARGEST_BODY))
    assert sum(each.weight for each in log.recent("ucm-1")) <= call_log.MOST_BYTES


def test_strangers_share_one_place_and_push_out_no_device(log: CallLog):
    log.note(call())
    for number in range(call_log.MOST_CALLS * 3):
        log.note(call(device=f"made-up-{number}", proven=False, result=Result.WRONG_KEY))
    log.note(call(proven=False, result=Result.WRONG_KEY))
    assert len(log.recent()) == call_log.MOST_CALLS + 1
    assert [each.proven for each in log.recent("ucm-1")] == [False, True]


def test_only_what_went_wrong_with_a_device_is_written(log: CallLog, tmp_path: Path):
    woken: list[bool] = []
    log.follow(lambda: woken.append(True))
    log.note(call())
    log.note(call(result=Result.REPEATED))
    log.note(call(result=Result.WRONG_KEY, proven=False))
    assert not woken
    assert log.take() is None
    bad = log.note(
        call(result=Result.UNREADABLE, body=f'{{"admin_pincode": "{CANARY}", oops'.encode(), code="unreadable")
    )
    assert woken
    work = log.take()
    assert work is not None
    with closing(database(tmp_path)) as conn:
        work(conn)
        (row,) = calls.page(conn, device_id=7, before=None, most=10, since_ms=0)
    assert (row.id, row.result) == (bad.number, "unreadable")
    assert CANARY not in row.document
    assert "oops" in row.document
    assert (tmp_path / "gateway.db").read_bytes().count(CANARY.encode()) == 0


def test_what_could_not_be_written_is_written_the_next_time(log: CallLog, tmp_path: Path):
    log.note(call(result=Result.REFUSED))
    assert log.take() is not None
    log.settle(written=False)
    work = log.take()
    assert work is not None
    log.settle(written=True)
    assert log.take() is None
    with closing(database(tmp_path)) as conn:
        work(conn)
        work(conn)  # as after a commit that failed
        assert len(calls.page(conn, device_id=7, before=None, most=10, since_ms=0)) == 1


def test_a_device_that_repeats_a_mistake_without_a_pause_is_written_now_and_then(
    log: CallLog, clock: StandingClock, tmp_path: Path
):
    def written() -> int:
        work = log.take()
        log.settle(written=True)
        if work is not None:
            work(conn)
        return int(conn.execute("SELECT count(*) FROM call").fetchone()[0])

    with closing(database(tmp_path)) as conn:
        for _ in range(500):
            log.note(call(result=Result.REFUSED))
        assert written() == call_log.MOST_ON_DISK_A_MINUTE
        clock.ms += 60_000
        log.note(call(result=Result.REFUSED))
        assert written() == call_log.MOST_ON_DISK_A_MINUTE + 1


def test_a_call_that_was_written_is_the_clean_one():
    raw = call(
        result=Result.REFUSED,
        code="bad-payload",
        text="endtime: must be after starttime",
        problems=(("endtime", "must be after starttime"),),
        body=json.dumps({"confname": "Weekly", "admin_pincode": CANARY}).encode(),
        status=422,
        shown=f"Bearer {CANARY}",
    )
    clean = cleaned(raw, PROFILE)
    back = from_json(to_json(clean))
    assert (back.problems, back.status, back.result, back.body) == (clean.problems, 422, Result.REFUSED, clean.body)
    assert raw.whole
    assert not back.whole, "what was covered cannot be done again"
    assert json.loads(back.body) == {"confname": "Weekly", "admin_pincode": COVERED}


def database(folder: Path) -> sqlite3.Connection:
    give_database(folder / "gateway.db", 0)
    conn = sqlite3.connect(folder / "gateway.db")
    conn.execute(
        "INSERT INTO device (id, name, profile, key_hash, active, changed_at) VALUES (7, 'ucm-1', '', x'00', 1, 0)"
    )
    conn.commit()
    return conn


def shows(found: HeardCall) -> str:
    return to_json(found) + repr(found)


SECRET = st.from_regex(r"[a-zA-Z0-9]{0,6}", fullmatch=True).map(lambda tail: CANARY + tail)
VALUES = st.text(max_size=12) | st.integers(-9, 99) | st.booleans() | st.none()


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    name=st.sampled_from(SECRET_FIELDS),
    secret=SECRET,
    others=st.dictionaries(st.sampled_from(OTHERS), VALUES),
    deep=st.integers(0, 4),
)
def test_no_secret_of_a_json_body_is_shown(name: str, secret: str, others: dict[str, object], deep: int):
    value: object = {"before": f"{secret}.", **others, name: secret, "again": f"the secret is {secret}!"}
    for level in range(deep):
        value = {"request": value} if level % 2 else {"list": [value, 1], "text": json.dumps(value)}
    body = json.dumps(value, ensure_ascii=deep % 2 == 0).encode("utf-8", "replace")
    found = cleaned(call(body=body, answer=body, answer_type=JSON), PROFILE)
    assert CANARY not in shows(found)


@settings(max_examples=EXAMPLES, deadline=None)
@given(name=st.sampled_from(SECRET_FIELDS), secret=SECRET, where=st.integers(0, 60), escaped=st.booleans())
def test_no_secret_of_a_broken_body_is_shown(name: str, secret: str, where: int, escaped: bool):
    written = "".join(f"\\u{ord(each):04x}" for each in name) if escaped and name.isascii() else name
    text = f'{{"confname": "x", "{written}" : "{secret}", "more": [1, 2], "end": tru'
    for body in (
        text,
        text[: text.index(secret) + len(CANARY) + where],
        text.replace('"', "'"),
        text.replace('"', '\\"'),
    ):
        for kind in (JSON, "text/calendar"):
            assert CANARY not in shows(cleaned(call(body=body.encode(), content_type=kind), PROFILE)), (body, kind)


@settings(max_examples=EXAMPLES, deadline=None)
@given(name=st.sampled_from(SECRET_FIELDS), secret=SECRET, other=st.text(max_size=8), percent=st.booleans())
def test_no_secret_of_a_form_or_an_address_is_shown(name: str, secret: str, other: str, percent: bool):
    encoded = "".join(f"%{byte:02x}" for byte in name.encode()) if percent else quote_plus(name)
    form = f"{urlencode({'subject': other.encode('utf-8', 'replace')})}&{encoded}={quote(secret)}&last=1"
    found = cleaned(call(body=form.encode(), content_type=FORM, path=f"/api/v1/devices/ucm-1/action?{form}"), PROFILE)
    assert CANARY not in shows(found)
    assert "last=1" in found.path


@settings(max_examples=EXAMPLES, deadline=None)
@given(secret=SECRET, scheme=st.sampled_from(["Bearer", "Basic", "Digest"]))
def test_the_key_is_nowhere_even_where_a_device_repeats_it(secret: str, scheme: str):
    shown = secret if scheme != "Basic" else base64.b64encode(f"ucm-1:{secret}".encode()).decode()
    found = cleaned(
        call(
            shown=f"{scheme} {shown}",
            agent=f"device/1 {secret}",
            body=json.dumps({"agenda": f"my key is {secret}"}).encode(),
            text=f"wrong: {secret}",
            problems=(("x", secret),),
            path=f"/api/v1/devices/ucm-1/meetings/{secret}",
        ),
        PROFILE,
    )
    assert CANARY not in shows(found)


@pytest.mark.parametrize(
    "text",
    [
        f"BEGIN:VCALENDAR\r\nX-MEETING-PIN:{CANARY}\r\nEND:VCALENDAR",
        f"BEGIN:VCALENDAR\r\nDESCRIPTION:Dial in\\, PIN: {CANARY}\r\nEND:VCALENDAR",
        f"BEGIN:VCALENDAR\r\nURL:https://meet.example.com/j/1?pwd={CANARY}\r\nEND:VCALENDAR",
        f"BEGIN:VCALENDAR\r\nX-PASS\r\n WORD:{CANARY}\r\nEND:VCALENDAR",
    ],
)
def test_no_secret_of_a_calendar_file_is_shown(text: str):
    assert CANARY not in shows(cleaned(call(body=text.encode(), content_type="text/calendar"), PROFILE))


def test_what_is_no_secret_stays_to_be_read():
    said = {
        "confname": "Weekly",
        "starttime": "2026-11-30 10:00:00",
        "members": '[{"member_extension": "1000"}]',
        "n": 60,
    }
    body = CallCleaner(secret_names(PROFILE)).body(JSON, json.dumps(said).encode())
    assert json.loads(body) == said
    broken = '{"confname": "Weekly",\n "starttime": "2026-11-30 10:00:00", oops'
    assert CallCleaner(secret_names(PROFILE)).body(JSON, broken.encode()) == broken


@pytest.mark.parametrize(
    "text", ["a", "pin", "?pin", '"pin', "&", "\\u0041", "[", '{"a":', "BEGIN:VCALENDAR\n ", "pin = "]
)
def test_no_text_takes_long_to_be_cleaned(text: str):
    body = (text * call_log.LARGEST_BODY)[: call_log.LARGEST_BODY].encode()
    began = time.process_time()
    cleaned(call(body=body, path=f"/x?{text * 1000}", content_type="text/plain"), PROFILE)
    assert time.process_time() - began < 5
