"""Every example of every built-in profile, replayed in both directions."""

from __future__ import annotations

import json
from dataclasses import asdict, fields

import pytest

from gateway.domain.meeting import Meeting
from gateway.profiles.catalog import Catalog, builtin_folder
from gateway.profiles.codings import utc_text
from gateway.profiles.fields import CODINGS, SECRET_PARTS, Part
from gateway.profiles.model import Example, Profile
from gateway.profiles.translate import Context, to_meeting, to_payload
from tests.unit.profiles.calls import NATIVE, UCM

CATALOG = Catalog.load([builtin_folder()])
EXAMPLES = [(profile, example) for profile in CATALOG for example in profile.examples]
replayed = pytest.mark.parametrize(
    ("profile", "example"), EXAMPLES, ids=[f"{profile.id}: {example.name}" for profile, example in EXAMPLES]
)


def parts(meeting: Meeting) -> dict[str, object]:
    """A meeting in the words of `examples[].meeting`."""
    found: dict[str, object] = asdict(meeting)
    found["start_local"], found["end_local"] = meeting.start_local.isoformat(), meeting.end_local.isoformat()
    found["start_utc"], found["end_utc"] = utc_text(meeting.start_utc_s), utc_text(meeting.end_utc_s)
    found["host"] = _set(asdict(meeting.host)) if meeting.host else None
    found["invitees"] = [_set(asdict(invitee)) for invitee in meeting.invitees]
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
def test_a_call_becomes_its_meeting(profile: Profile, example: Example) -> None:
    said = to_meeting(profile, example.call, context(example))
    meant = parts(said.meeting)
    assert {key: meant[key] for key in example.meeting} == example.meeting
    assert said.shape == example.shape
    assert said.warnings == example.warnings
    assert said.ignored == example.ignored


@replayed
def test_a_meeting_becomes_what_the_device_reads_back(profile: Profile, example: Example) -> None:
    meeting = to_meeting(profile, example.call, context(example)).meeting
    payload = to_payload(profile, example.shape, meeting)
    if example.payload is not None:
        assert unwrapped(payload) == unwrapped(dict(example.payload))
    for pin in (meeting.password, meeting.host_password):
        assert pin is None or pin not in [str(value) for value in payload.values()]


def test_the_profiles_there_are() -> None:
    assert CATALOG.ids() == [NATIVE, UCM]


@pytest.mark.parametrize("profile", list(CATALOG), ids=lambda profile: profile.id)
def test_every_shape_has_an_example_and_every_example_a_source(profile: Profile) -> None:
    assert {example.shape for example in profile.examples} == {shape.name for shape in profile.shapes}
    assert any(example.payload for example in profile.examples)


@pytest.mark.parametrize("profile", list(CATALOG), ids=lambda profile: profile.id)
def test_the_shapes_of_a_profile_express_every_part_of_a_meeting_together(profile: Profile) -> None:
    said = {field.part for shape in profile.shapes for field in shape.fields}
    # A vendor's end is a time and its devices do not number their changes.
    assert set(CODINGS) - said <= {Part.DURATION, Part.SEQUENCE}


def test_every_part_is_a_field_of_a_meeting_or_says_when() -> None:
    own = {field.name for field in fields(Meeting)}
    assert {part.value for part in CODINGS} - own == {"start", "end", "duration"}
    assert {part.value for part in SECRET_PARTS} <= own
