"""Whatever a call says it is a meeting or a list of problems, and what a shape can say it reads back unchanged."""

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
from gateway.profiles.translate import to_payload
from tests.unit.profiles.calls import NATIVE, UCM, VALID, meetings, profile, read

pytestmark = pytest.mark.timeout(1800)
LONG = bool(os.environ.get("LONG"))
patient = settings(max_examples=10_000 if LONG else 100, deadline=None, suppress_health_check=[HealthCheck.too_slow])

ODD = st.sampled_from(
    [
        None, "", " ", "\0", "\ud800", "x" * 300, "2024-04-29", "9999-12-31T23:59:59", "0001-01-01 00:00:00", "+0800",
        "yes", "1", "{}", "[]", '[{"a":1,"a":2}]', "[" * 2000, 0, -1, 1 << 63, 10**400, -(10**400), 1e308, True, False,
        [], {}, [[]], [{}], {"frequency": "daily"}, {"extension": "1"}, [{"email": "a@example.com"}] * 3, "../x",
        [{"extension": 10**400}], {"frequency": "daily", "until": "9999-12-31"}, "23:59:60", "Etc/GMT-14",
    ]
)  # fmt: skip
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters())
TREES: st.SearchStrategy[Any] = st.recursive(
    SCALARS | ODD, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4)
)
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


@pytest.mark.parametrize(("profile_id", "shape"), [(NATIVE, "meeting"), (UCM, "form"), (UCM, "wave")])
@settings(patient, max_examples=1_000 if LONG else 60)
@given(data=st.data())
def test_what_a_shape_can_say_it_reads_back(profile_id: str, shape: str, data: st.DataObject) -> None:
    meeting = data.draw(meetings(shape))
    payload = to_payload(profile(profile_id), shape, meeting) | pins(shape, meeting)
    on_the_wire = decode(JSON, json.dumps(payload).encode())
    said = read(profile_id, on_the_wire, device_zone="Europe/Paris" if shape == "wave" else None)
    assert said.meeting == meeting
    assert (said.shape, said.ignored) == (shape, ())


def pins(shape: str, meeting: Meeting) -> dict[str, object]:
    """The two PINs, which no answer holds, in the words of the shape."""
    password, host_password = {
        "meeting": ("password", "host_password"),
        "form": ("pincode", "admin_pincode"),
        "wave": ("password", "hostCode"),
    }[shape]
    return {password: meeting.password, host_password: meeting.host_password}
