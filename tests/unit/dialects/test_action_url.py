"""Queries of Action URLs: the key apart from the fields, and shown nowhere."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.dialects import action_url
from gateway.errors import Unreadable

KEY = "canary-key-in-an-address-0123"


def test_the_key_is_apart_from_the_fields() -> None:
    said = action_url.read(f"key={KEY}&id=7&subject=Gr%C3%B6%C3%9Fe+1&mac=000b82&empty=".encode())
    assert said.key == KEY
    assert said.fields == {"id": "7", "subject": "Größe 1", "mac": "000b82", "empty": ""}
    assert KEY not in repr(said)
    assert KEY not in f"{said}"


def test_no_query_is_no_key_and_no_fields() -> None:
    assert action_url.read(b"") == ("", {})
    assert action_url.read(b"id=7").key == ""


@pytest.mark.parametrize(
    ("query", "field"),
    [
        (f"key={KEY}&key={KEY}".encode(), "key"),
        (b"id=1&id=2", "id"),
        (b"subject=%ff", "subject"),
        (b"subject=a%00b", "subject"),
        (b"\xff=1", "query"),
        (b"&".join(b"f%d=1" % n for n in range(300)), "query"),
    ],
)
def test_what_cannot_be_read_is_named_without_the_key(query: bytes, field: str) -> None:
    with pytest.raises(Unreadable) as caught:
        action_url.read(query)
    assert caught.value.problem.field == field
    assert KEY not in str(caught.value)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(query: bytes) -> None:
    with contextlib.suppress(Unreadable):
        assert action_url.KEY not in action_url.read(query).fields
