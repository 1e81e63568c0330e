"""Every example of every built-in profile that gives fields, replayed in both directions; bodies are elsewhere."""

from __future__ import annotations

import json
from dataclasses import asdict, fields

import pytest

from gateway.domain.meeting import Join, Meeting
from gateway.profiles.catalog import Catalog, builtin_folder
from gateway.profiles.codings import utc_text
from gateway.profiles.fields import CODINGS, SECRET_PARTS
from gateway.profiles.model import Example
from gateway.profiles.translate import Context, head, to_meeting, to_payload
from tests.unit.profiles.calls import NATIVE, UCM

CATALOG = Catalog.load([builtin_folder()])
EXAMPLES = [(profile, example) for profile in CATALOG for example in profile.examples if example.body is None]
SCHEDULED = [(profile, example) for profile, example in EXAMPLES if not example.cancels]
replayed = pytest.mark.parametrize("name", [f"{profile.id}: {example.name}" for profile, example in SCHEDULED])
BY_NAME = {f"{profile.id}: {example.name}": (profile, example) for profile, example in EXAMPLES}


def parts(meeting: Meeting) -> dict[str, object]:
    """A meeting in the words of `examples[].meeting`."""
    found: dict[str, object] = asdict(meeting)
    found["start_local"], found["end_local"] = meeting.start_local.isoformat(), meeting.end_local.isoformat()
    found["start_utc"], found["end_utc"] = utc_text(meeting.start_utc_s), utc_text(meeting.end_utc_s)
    found["host"] = _set(asdict(meeting.host)) if meeting.host else None
    found["invitees"] = [_set(asdict(invitee)) for invitee in meeting.invitees]
    found["join"] = _set(asdict(meeting.join)) if meeting.join else None
    if meeting.repeat:
        rule = _set(asdict(meeting.repeat))
        if "until_utc_s" in rule:
            rule["until"] = utc_text(rule.pop("until_utc_s"))
        found["repeat"] = {key: list(value) if isinstance(value, tuple) else value for key, value in rule.items()}
        if found["repeat"]["interval"] == 1:
            del found["repeat"]["interval"]
    return found


def _set(values: dict[str, object]) -> dict[str, object]:
    return {key: value for key, value in values.items() if value not in (None, ())}


def unwrapped(payload: dict[str, object]) -> dict[str, object]:
    """The payload with JSON texts as values, so that blanks in them do not matter."""
    return {
        name: json.loads(value) if isinstance(value, str) and value.startswith("[") else value
        for name, value in payload.items()
    }


def context(example: Example, now_s: int | None = None) -> Context:
    return Context(
        external_id=example.external_id,
        device_zone=example.device_zone,
        now_s=example.at_utc_s if now_s is None else now_s,
        text_values=example.text_values,
    )


@replayed
def test_a_call_becomes_its_meeting(name: str) -> None:
    profile, example = BY_NAME[name]
    said = to_meeting(profile, example.call, context(example))
    meant = parts(said.meeting)
    assert {key: meant[key] for key in example.meeting} == example.meeting
    assert said.shape == example.shape
    assert said.warnings == example.warnings
    assert said.ignored == example.ignored


@replayed
def test_a_meeting_becomes_what_the_device_reads_back(name: str) -> None:
    profile, example = BY_NAME[name]
    meeting = to_meeting(profile, example.call, context(example)).meeting
    payload = to_payload(profile, example.shape, meeting)
    if example.payload is not None:
        assert unwrapped(payload) == unwrapped(dict(example.payload))
    for pin in (meeting.password, meeting.host_password):
        assert pin is None or pin not in [str(value) for value in payload.values()]


@pytest.mark.parametrize("name", list(BY_NAME))
def test_a_call_says_what_it_is_about(name: str) -> None:
    profile, example = BY_NAME[name]
    said = head(profile, example.call, context(example))
    assert (said.shape, said.cancels, said.original_start) == (example.shape, example.cancels, example.original_start)
    assert profile.says_more or not (example.cancels or example.original_start)


def test_the_profiles_there_are() -> None:
    assert {NATIVE, UCM} <= set(CATALOG.ids())
    assert len(CATALOG.ids()) >= 12
    assert len({frozenset(shape.recognise) for profile in CATALOG for shape in profile.shapes}) >= 7


@pytest.mark.parametrize("profile_id", CATALOG.ids())
def test_every_shape_has_an_example(profile_id: str) -> None:
    profile = CATALOG.get(profile_id)
    assert {example.shape for example in profile.examples} == {shape.name for shape in profile.shapes}


def test_the_profiles_together_express_every_part_of_a_meeting() -> None:
    said = {field.part for profile in CATALOG for shape in profile.shapes for field in shape.fields}
    assert set(CODINGS) - said == set()


def test_every_part_is_a_field_of_a_meeting_or_says_when_or_which() -> None:
    own = {field.name for field in fields(Meeting)} | {field.name for field in fields(Join)}
    assert {part.value for part in CODINGS} - own == {
        "start", "end", "duration", "start_date", "start_time", "end_date", "end_time", "original_start", "cancelled",
        "repeat_count", "repeat_until", "repeat_interval", "weekdays",
    }  # fmt: skip
    assert {part.value for part in SECRET_PARTS} <= own
