"""Requests of the UCM HTTPS API are read or refused whatever the bytes are, and its replies are what clients expect."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.dialects import ucm_envelope
from gateway.dialects.ucm_envelope import Status
from gateway.errors import Unreadable


def body(**fields: object) -> bytes:
    return json.dumps({"request": fields}).encode()


def test_a_request_is_its_action_its_cookie_and_the_rest() -> None:
    said = ucm_envelope.read(body(action="addMeetme", cookie="sid1-2", bookid="7", members='[{"a": 1}]'))
    assert said == ("addMeetme", "sid1-2", {"bookid": "7", "members": '[{"a": 1}]'})
    assert ucm_envelope.read(body(action="challenge", user="ucm-1", version="1.0")).cookie == ""


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        (b"", "body"),
        (b"[]", "body"),
        (b"action=challenge", "body"),
        (b"{}", "request"),
        (b'{"request": "challenge"}', "request"),
        (b'{"request": {}}', "action"),
        (b'{"request": {"action": ""}}', "action"),
        (b'{"request": {"action": null}}', "action"),
        (b'{"request": {"action": ["challenge"]}}', "action"),
        (b'{"request": {"action": true}}', "action"),
        (b'{"request": {"action": "a\\nb"}}', "action"),
        (body(action="x" * 256), "action"),
        (body(action="x", cookie={}), "cookie"),
        (body(action="x", cookie="x" * 256), "cookie"),
        (b'{"request": {"action": "x", "action": "y"}}', "action"),
    ],
)
def test_what_is_no_request_is_refused_by_name(raw: bytes, field: str) -> None:
    with pytest.raises(Unreadable) as caught:
        ucm_envelope.read(raw)
    assert caught.value.problem.field == field


def test_words_and_numbers_of_a_request() -> None:
    fields = {"user": "ucm-1", "bookid": 1714377600000, "page": "3", "size": 900, "none": None, "empty": ""}
    assert ucm_envelope.word(fields, "user") == "ucm-1"
    assert ucm_envelope.word(fields, "bookid") == "1714377600000"
    assert [ucm_envelope.word(fields, name) for name in ("none", "empty", "absent")] == ["", "", ""]

    def number(name: str) -> int:
        return ucm_envelope.number(fields, name, least=1, most=200, default=10)

    assert [number(name) for name in ("page", "size", "user", "absent", "")] == [3, 200, 10, 10, 10]


def test_replies_have_the_form_that_clients_know() -> None:
    assert json.loads(ucm_envelope.answer(Status.DONE, {"challenge": "0000001496038514"})) == {
        "response": {"challenge": "0000001496038514"},
        "status": 0,
    }
    refused = json.loads(ucm_envelope.refusal(Status.INVALID_PARAMETERS, "Invalid parameters!"))
    assert refused == {"response": {"error_msg": "Invalid parameters!"}, "status": -1}


@pytest.mark.parametrize(
    ("path", "value", "placed"),
    [
        ("", {"a": 1}, {"a": 1}),
        ("bookid", [1], {"bookid": [1]}),
        ("a.b.c", "x", {"a": {"b": {"c": "x"}}}),
        ("", [1], {}),
    ],
)
def test_a_value_stands_where_the_profile_wants_it(path: str, value: object, placed: dict[str, object]) -> None:
    assert ucm_envelope.placed(path, value) == placed


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200) | st.dictionaries(st.text(), st.text() | st.integers()).map(lambda d: body(**d)))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    with contextlib.suppress(Unreadable):
        assert ucm_envelope.read(raw).action
