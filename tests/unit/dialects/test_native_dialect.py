"""Bodies that are read, and bodies that are refused with the field to blame, whatever the bytes are."""

from __future__ import annotations

import contextlib
import json
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.dialects.native import FORM, JSON, decode
from gateway.errors import Unreadable

patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

PLAIN = st.none() | st.booleans() | st.integers(-(1 << 63), 1 << 63) | st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
TREES = st.recursive(PLAIN | TEXTS, lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner), max_leaves=12)


def nested(levels: int) -> bytes:
    return b'{"a":' + b"[" * (levels - 1) + b"]" * (levels - 1) + b"}"


@pytest.mark.parametrize(
    ("body", "field", "said"),
    [
        (b"", "body", "empty"),
        (b" \r\n", "body", "empty"),
        (b"{", "body", "line 1, column 2"),
        (b'{\n"a": x}', "body", "line 2, column 6"),
        (b'{"a":1} {', "body", "not JSON"),
        (b"[]", "body", "object"),
        (b'"text"', "body", "object"),
        (b'{"a":1,"b":2,"a":3}', "a", "twice"),
        (b'{"x":[{"a":1,"a":3}]}', "a", "twice"),
        (b'{"a":NaN}', "body", "NaN"),
        (b'{"a":-Infinity}', "body", "Infinity"),
        (b'{"a":1e400}', "body", "too large"),
        (b'{"a":' + b"9" * 5000 + b"}", "body", "digits"),
        (b'{"a":"\\ud800"}', "a", "surrogate"),
        (b'{"a":{"b":[1,"\\uDC00x"]}}', "a.b[1]", "surrogate"),
        (b'{"a\\ud800":1}', "a?", "surrogate"),
        (b'{"a":"\\u0000"}', "a", "NUL"),
        (b'{"a":"x\0"}', "body", "control character"),
        (b"\xff\xfe{", "body", "UTF-8"),
        (b'{"a":"\xe9"}', "body", "UTF-8"),
        (nested(17), "a" + "[0]" * 15, "levels"),
        (b'{"a":' + b"[" * 100_000, "body", "levels"),
        (b'{"a":' * 100_000, "body", "levels"),
        (b"[" * 100_000 + b"]" * 100_000, "body", "levels"),
    ],
)
def test_json_that_is_refused(body: bytes, field: str, said: str) -> None:
    with pytest.raises(Unreadable) as caught:
        decode(JSON, body)
    assert caught.value.problem.field == field
    assert said in caught.value.problem.reason


@pytest.mark.parametrize(
    ("body", "read"),
    [
        (b'{"a":"\\ud83d\\ude00"}', {"a": "\U0001f600"}),
        (b'{"a":"\\u00e9"}', {"a": "é"}),
        (b'{"a":"\\\\u0000"}', {"a": "\\u0000"}),
        (b"\xef\xbb\xbf{}", {}),
        (b'\r\n {"a": [1, 2.5, true, null]} \n', {"a": [1, 2.5, True, None]}),
        (nested(16), {"a": [[[[[[[[[[[[[[[]]]]]]]]]]]]]]]}),
    ],
)
def test_json_that_is_read(body: bytes, read: object) -> None:
    assert decode(JSON, body, "utf-8") == read


@pytest.mark.parametrize(
    ("body", "field", "said"),
    [
        (b"a=1&b=2&a=3", "a", "twice"),
        (b"a=x%00", "a", "NUL"),
        (b"a=%ff", "a", "UTF-8"),
        (b"%ff=1", "%ff", "UTF-8"),
        (b"a=\xff", "body", "UTF-8"),
        (b"&".join(b"f%d=1" % n for n in range(300)), "body", "256 fields"),
    ],
)
def test_forms_that_are_refused(body: bytes, field: str, said: str) -> None:
    with pytest.raises(Unreadable) as caught:
        decode(FORM, body)
    assert caught.value.problem.field == field
    assert said in caught.value.problem.reason


def test_a_form_is_read_as_text() -> None:
    fields = {"confname": "Größe & Zeit + 1", "email_reminder": "60", "pincode": "", "members": '[{"a": "x y"}]'}
    assert decode(FORM, urlencode(fields).encode(), "UTF-8") == fields
    assert decode("Application/X-WWW-Form-Urlencoded", b"a=%zz&&b") == {"a": "%zz", "b": ""}


@pytest.mark.parametrize(
    ("content_type", "charset", "said"),
    [("text/plain", None, JSON), ("multipart/form-data", None, FORM), (JSON, "iso-8859-1", "UTF-8")],
)
def test_only_json_and_forms_in_utf_8(content_type: str, charset: str | None, said: str) -> None:
    with pytest.raises(Unreadable) as caught:
        decode(content_type, b"{}", charset)
    assert caught.value.problem.field == "Content-Type"
    assert said in caught.value.problem.reason


@patient
@given(st.dictionaries(TEXTS, TREES, max_size=6), st.booleans())
def test_what_another_writer_wrote_is_read_back(fields: dict[str, object], ascii_only: bool) -> None:
    assert decode(JSON, json.dumps(fields, ensure_ascii=ascii_only).encode()) == fields


@patient
@given(st.dictionaries(TEXTS, TEXTS, max_size=6))
def test_a_form_of_another_writer_is_read_back(fields: dict[str, str]) -> None:
    body = urlencode(fields).encode()
    if body:
        assert decode(FORM, body) == fields


@patient
@given(st.sampled_from([JSON, FORM]), st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content_type: str, body: bytes) -> None:
    with contextlib.suppress(Unreadable):
        assert isinstance(decode(content_type, body), dict)


@pytest.mark.parametrize("opening", ["[", '{"a":', '[{"a":'])
@pytest.mark.parametrize("levels", [15, 30, 900, 20_000])
def test_no_nesting_brings_the_reader_down(opening: str, levels: int) -> None:
    closing = {"[": "]", '{"a":': "}", '[{"a":': "}]"}[opening]
    body = ('{"x":' + opening * levels + "1" + closing * levels + "}").encode()
    fits = levels * len(closing) <= 15
    with contextlib.nullcontext() if fits else pytest.raises(Unreadable):
        decode(JSON, body)
