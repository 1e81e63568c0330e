"""Whatever a call says it is a meeting or a list of problems."""

from __future__ import annotations

import contextlib
import json
import os
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.dialects.native import JSON, decode
from gateway.domain.change import fingerprint, from_json, to_json
from gateway.domain.meeting import Meeting
from gateway.errors import BadPayload, Unreadable
from tests.unit.profiles.calls import NATIVE, UCM, VALID, profile, read
from tests.unit.profiles.odd import TREES

pytestmark = pytest.mark.timeout(1800)
LONG = bool(os.environ.get("LONG"))
patient = settings(max_examples=10_000 if LONG else 100, deadline=None, suppress_health_check=[HealthCheck.too_slow])

NAMES = st.sampled_from(
    sorted({name for one in (NATIVE, UCM) for shape in profile(one).shapes for name in shape.typed.known})
)
ZONES = st.none() | st.sampled_from(["Europe/Paris", "Etc/GMT-1", "America/New_York", "nowhere"])


def is_read_or_refused(profile_id: str, call: dict[str, object], **context: Any) -> None:
    try:
        meeting = read(profile_id, call, **context).meeting
    except BadPayload as bad:
        problems = bad.problems
    else:
        can_be_stored(meeting)
        return
    assert problems
    assert all(problem.field and problem.field.isprintable() and problem.reason for problem in problems)
    json.dumps([problem.reason for problem in problems], ensure_ascii=False).encode()


def can_be_stored(meeting: Meeting) -> None:
    stored = to_json(meeting, lambda pin: pin)
    stored.encode()
    assert from_json(stored, lambda pin: pin) == meeting
    assert fingerprint(meeting, b"k" * 32)


@patient
@given(st.dictionaries(NAMES | st.text(), TREES, max_size=12), st.sampled_from([NATIVE, UCM]), ZONES, st.booleans())
def test_any_tree(call: dict[str, object], profile_id: str, zone: str | None, text_values: bool) -> None:
    is_read_or_refused(profile_id, call, device_zone=zone, text_values=text_values)


@patient
@given(
    st.sampled_from(VALID),
    st.dictionaries(NAMES | st.text(max_size=5), TREES, max_size=3),
    ZONES,
    st.none() | st.text(st.characters(), max_size=5),
    st.booleans(),
)
def test_any_change_of_a_valid_call(
    valid: tuple[str, dict[str, object]],
    changes: dict[str, object],
    zone: str | None,
    external_id: str | None,
    text_values: bool,
) -> None:
    profile_id, call = valid
    is_read_or_refused(
        profile_id, {**call, **changes}, device_zone=zone, external_id=external_id, text_values=text_values
    )


@patient
@given(st.sampled_from(VALID), st.data())
def test_any_change_of_the_bytes_of_a_valid_call(valid: tuple[str, dict[str, object]], data: st.DataObject) -> None:
    profile_id, call = valid
    body = bytearray(json.dumps(call).encode())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(body) - 1))
        length = data.draw(st.integers(0, 6))
        body[at : at + length] = data.draw(st.binary(max_size=6) | st.sampled_from([b"\\u0000", b"\\ud800", b"1e999"]))
    with contextlib.suppress(Unreadable):
        is_read_or_refused(profile_id, decode(JSON, bytes(body)))
