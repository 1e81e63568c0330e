"""The keys of a profile's file beside its fields: whom it extends, how it is talked to, what single models allow."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from gateway.domain.meeting import Meeting
from gateway.errors import BadPayload, ProfileError
from gateway.profiles.catalog import Catalog, builtin_folder
from gateway.profiles.fields import Part
from gateway.profiles.model import Api, Ref
from gateway.profiles.translate import Context, head, to_occurrence
from gateway.profiles.vocabulary import SECTIONS, Credential, Dialect, Kind, ReplyWord, Transport
from tests.unit.profiles.calls import NOW_S, UCM
from tests.unit.profiles.own import OWN, profile_of, read_own
from tests.unit.profiles.test_profile_files import SMALL, mistakes, written
from tests.unit.profiles.test_vendor_words import BASIC, PARIS, basic, utc

API = """
transports: [push, poll]
dialects: [ucm_envelope]
credentials: [ucm_challenge]
api:
  shape: call
  schedule: [addIt, newIt]
  list: listIt
  items: its
  id_parameter: it
  trust: simulated
  source: a guess
replies:
  accepted: {status: 201, body: {status: 0, done: true, id: {is: external_id}}}
  refused: {status: 200, content_type: text/plain, body: {}}
"""


def test_how_a_device_is_talked_to(tmp_path: Path) -> None:
    profile = profile_of(tmp_path, BASIC, head=API)
    assert profile.transports == {Transport.PUSH, Transport.POLL}
    assert (profile.dialects, profile.credentials) == ({Dialect.UCM_ENVELOPE}, {Credential.UCM_CHALLENGE})
    assert isinstance(profile.api, Api)
    assert (profile.api.schedule, profile.api.list, profile.api.get, profile.api.detail) == (
        ("addIt", "newIt"), "listIt", None, "",
    )  # fmt: skip
    assert (profile.api.port, profile.api.path, profile.api.version) == (8089, "/api", "1.0")
    assert profile.replies is not None
    assert profile.replies.accepted is not None
    assert profile.replies.accepted.body == (("status", 0), ("done", True), ("id", Ref(ReplyWord.EXTERNAL_ID)))
    assert profile.replies.unchanged is None
    plain = profile_of(tmp_path, BASIC)
    assert (plain.transports, plain.api, plain.replies) == ({Transport.PUSH}, None, None)
    assert plain.dialects == {Dialect.JSON, Dialect.FORM}
    assert plain.credentials == {Credential.BEARER, Credential.BASIC}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[push, poll]", "[push, pull]", "transports[1] must be one of push, poll"),
        ("  list: listIt\n", "", "api.list is required for poll"),
        ("  items: its\n", "", "api.items is required beside list"),
        ("shape: call", "shape: other", "api.shape must be one of call"),
        ("[addIt, newIt]", "[]", "api.schedule must name at least one action"),
        ("id_parameter: it", "id_paramter: it", "api.id_parameter is required"),
        ("id_parameter: it", "path: api\n  id_parameter: it", "api.path must begin with /"),
        ("id_parameter: it", "port: 70000\n  id_parameter: it", "api.port must be at most 65535"),
        ("status: 201", "status: 42", "replies.accepted.status must be an HTTP status"),
        ("is: external_id", "is: secret", "replies.accepted.body.id.is must be one of id"),
        ("is: external_id", "is: id, else: 1", "replies.accepted.body.id.else is not a known key"),
        ("done: true", "done: [1]", "replies.accepted.body.done must be a constant"),
        ("accepted:", "acepted:", "replies.acepted is not a known key; did you mean 'accepted'?"),
    ],
)
def test_a_mistake_in_it_is_named(tmp_path: Path, old: str, new: str, said: str) -> None:
    with pytest.raises(ProfileError) as caught:
        profile_of(tmp_path, BASIC, head=API.replace(old, new))
    assert [line for line in caught.value.problems if said in line], caught.value.problems


def test_polling_needs_an_api(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match="poll needs an api"):
        profile_of(tmp_path, BASIC, head="transports: [poll]")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ("start_time: {name: t, as: time_24}", "start_time says something only beside start_date"),
        ("start_date: {name: t, as: date_ymd}", "start_date cannot stand beside start"),
        ("end: {name: e, as: epoch_s}\nend_time: {name: t, as: time_24}", "end_time cannot stand beside end"),
        ("weekdays: {name: d, as: day_list}", "weekdays says something only beside repeat"),
        (
            "repeat: {name: r, as: rule}\nrepeat_count: {name: n, as: number}",
            "cannot stand beside a repeat that is a rule",
        ),
        ("room: {path: from.room, as: code}", "room.path leads through the field of start"),
        ("room: {path: a..b, as: code}", "room.path must be names with dots"),
        ("room: {path: a.b, name: c, as: code}", "room.path cannot stand beside name"),
        ("room: {as: code}", "room.name is required"),
        ("public_room: {name: p, as: truth}", "public_room.yes must hold the device's words"),
        ("public_room: {name: p, as: truth, yes: [1], no: ['1']}", "public_room.no has a word that is under yes too"),
        ("public_room: {name: p, as: truth, yes: [1.5], no: [0]}", "public_room.yes[0] must be text, a whole number"),
        ("agenda: {name: a, as: lines, default: 5}", "agenda.default must be text"),
        ("agenda: {name: a, as: lines, unit: hours}", "agenda.unit is not a known key"),
        ("cancelled: {name: c, as: choice, choices: {off: maybe}}", "cancelled.choices.off must be true or false"),
        (
            "auto_record: {name: c, as: choice, choices: {on: tape}}",
            "auto_record.choices.on must be one of none, audio",
        ),
    ],
)
def test_fields_that_do_not_fit_together_are_named(tmp_path: Path, fields: str, said: str) -> None:
    with pytest.raises(ProfileError) as caught:
        profile_of(tmp_path, BASIC + fields)
    assert [line for line in caught.value.problems if said in line], caught.value.problems


CHILD = """\
extends: acme/bridge
title: A later bridge
limits: {subject: 50}
shapes:
  call:
    limits: null
    fields:
      subject: {name: title, as: text}
      zone: null
      room: {name: room, as: code}
"""


def test_a_profile_is_laid_over_another(tmp_path: Path) -> None:
    written(tmp_path, SMALL)
    written(tmp_path, CHILD, "acme/later")
    catalog = Catalog.load([tmp_path])
    child, base = catalog.get("acme/later"), catalog.get(OWN)
    assert (child.id, child.title, child.source, child.extends) == ("acme/later", "A later bridge", base.source, OWN)
    rules = child.shapes[0].rules
    assert (rules.limits.subject, rules.limits.invitees) == (50, 300)
    parts = {field.part: field for field in child.shapes[0].fields}
    assert Part.ROOM in parts
    assert Part.ZONE not in parts
    assert parts[Part.SUBJECT].source == "a guess"
    assert [profile.id for profile in Catalog.load([tmp_path], wanted=["acme/later"])] == ["acme/later"]


def test_a_mistake_is_placed_in_the_file_it_is_in(tmp_path: Path) -> None:
    base = written(tmp_path, SMALL.replace("as: local_time", "as: clock"))
    child = written(tmp_path, CHILD.replace("as: code", "as: cod") + "examples: [{shape: call}]\n", "acme/later")
    with pytest.raises(ProfileError) as caught:
        Catalog.load([tmp_path], wanted=["acme/later"])
    lines = caught.value.problems
    assert any(line.startswith(f"{base}:18:27: shapes.call.fields.start.as must be") for line in lines)
    assert any(line.startswith(f"{child}:10:26: shapes.call.fields.room.as must be") for line in lines)
    assert any(line.startswith(f"{child}:11:12: examples[0].name is required") for line in lines)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("extends: acme/brigde", "1:1: extends names no other profile; did you mean 'acme/bridge'?"),
        ("extends: acme/later", "1:1: extends names no other profile"),
        ("extends: [1]", "1:1: extends names no other profile"),
        ("extends: acme/middle", "1:1: extends names acme/middle, which extends another itself"),
    ],
)
def test_only_one_other_profile_is_extended(tmp_path: Path, text: str, said: str) -> None:
    written(tmp_path, SMALL)
    written(tmp_path, "extends: acme/bridge", "acme/middle")
    path = written(tmp_path, text, "acme/later")
    with pytest.raises(ProfileError) as caught:
        Catalog.load([tmp_path])
    assert [line for line in caught.value.problems if line.startswith(f"{path}:{said}")], caught.value.problems


def test_an_own_file_may_be_laid_over_the_built_in_one_of_its_name(tmp_path: Path) -> None:
    written(tmp_path, f"extends: {UCM}\ntitle: Ours", UCM)
    catalog = Catalog.load([tmp_path, tmp_path / "nowhere", builtin_folder()], wanted=[UCM])
    assert catalog.get(UCM).title == "Ours"
    assert [shape.name for shape in catalog.get(UCM).shapes] == ["wave", "form"]


def test_a_model_has_limits_of_its_own(tmp_path: Path) -> None:
    models = "limits: {invitees: 9, models: [{model: B1, rooms: 2, invitees: 1}, {model: B2, rooms: 4}]}"
    profile_of(tmp_path, BASIC + "invitees: {name: who, as: address_list}", head=models)
    catalog = Catalog.load([tmp_path])
    small, other, product = (catalog.get(OWN, model) for model in ("b1", "B2", "Bridge"))
    assert catalog.get(OWN, "B1") is small
    assert small.model is not None
    assert (small.model.rooms, small.shapes[0].rules.limits.invitees) == (2, 1)
    assert other.shapes[0].rules.limits.invitees == product.shapes[0].rules.limits.invitees == 9
    assert len(read_own(catalog.get(OWN), basic(who="1,2,3"), device_zone=PARIS).meeting.invitees) == 3
    with pytest.raises(BadPayload, match="at most 1 invitees"):
        read_own(small, basic(who="1,2,3"), device_zone=PARIS)
    with pytest.raises(ProfileError, match="has no model 'B3'; known are B1, B2"):
        catalog.get(OWN, "B3")
    twice = SMALL.replace("subject: 40", "models: [{model: B1}, {model: b1}]")
    assert any("limits.models[1].model is there twice" in line for line in mistakes(tmp_path, twice))


MORE = (
    BASIC
    + """
original_start: {name: which, as: date_time}
cancelled: {name: state, as: choice, choices: {gone: true, "on": false}}
zone: {name: tz, as: zone}
"""
)


def about(call: dict[str, object], folder: Path, device_zone: str | None = None) -> tuple[object, ...]:
    return head(profile_of(folder, MORE), call, Context(None, device_zone, NOW_S))


def test_what_a_call_is_about(tmp_path: Path) -> None:
    profile = profile_of(tmp_path, MORE)
    assert profile.says_more
    assert not profile_of(tmp_path, BASIC).says_more
    assert about({"id": 7}, tmp_path) == ("call", "7", None, False)
    assert about({"id": 7, "state": "gone"}, tmp_path) == ("call", "7", None, True)
    local, instant = datetime(2024, 5, 6, 10), utc("2024-05-06T08:00")
    assert about({"id": 7, "which": "2024-05-06T10:00:00"}, tmp_path)[2] == local
    assert about({"id": 7, "which": "2024-05-06T10:00:00+02:00"}, tmp_path)[2] == instant
    assert about({"id": 7, "which": "2024-05-06T10:00:00", "tz": PARIS}, tmp_path)[2] == instant
    assert about({"id": 7, "which": "2024-05-06T10:00:00", "tz": "+0800"}, tmp_path, PARIS)[2] == local
    for call, field in [({}, "id"), ({"id": 7, "which": "soon"}, "which"), ({"id": 7, "state": "x"}, "state")]:
        with pytest.raises(BadPayload) as caught:
            about(call, tmp_path)
        assert [problem.field for problem in caught.value.problems] == [field]


def series_of(folder: Path) -> Meeting:
    return read_own(profile_of(folder, MORE), basic(tz=PARIS), device_zone=None).meeting


def test_one_occurrence_takes_from_the_series_what_is_not_said(tmp_path: Path) -> None:
    profile, series = profile_of(tmp_path, MORE), series_of(tmp_path)
    known = Context(None, "America/New_York", NOW_S)
    call = {"id": "7", "which": "2024-05-06T10:00:00"}
    same = to_occurrence(profile, call, known, series).meeting
    assert (same.start_local, same.end_local) == (datetime(2024, 5, 6, 10), datetime(2024, 5, 6, 11))
    assert (same.zone, same.zone_text, same.subject, same.repeat) == (PARIS, PARIS, "Talk", None)
    moved = to_occurrence(profile, call | {"from": "2024-05-07 09:00", "title": "Moved"}, known, series).meeting
    assert (moved.start_utc_s, moved.end_utc_s, moved.subject) == (
        utc("2024-05-07T07:00"), utc("2024-05-07T08:00"), "Moved",
    )  # fmt: skip
    for wrong, field in [({"id": "8"}, "id"), ({"which": "1900-01-01T00:00:00"}, "from"), ({"which": None}, "from")]:
        with pytest.raises(BadPayload) as caught:
            to_occurrence(profile, call | wrong, known, series)
        assert [problem.field for problem in caught.value.problems] == [field]


def test_every_key_is_in_the_reference_and_every_section_is_reached() -> None:
    page = (builtin_folder() / "README.md").read_text(encoding="utf-8")
    keys = {key for section in SECTIONS.values() for key in section}
    words = {word for section in SECTIONS.values() for key in section.values() for word in key.words}
    assert sorted(word for word in keys | words if f"`{word}`" not in page) == []
    reached = {key.section for section in SECTIONS.values() for key in section.values() if key.section}
    assert set(SECTIONS) - reached == {"profile", "reply_word", "repeat_choice"}
    assert all(key.words for section in SECTIONS.values() for key in section.values() if key.kind is Kind.WORD)


@pytest.mark.parametrize("section", [name for name in SECTIONS if name not in ("repeat_choice", "reply_word")])
def test_a_key_nobody_knows_is_refused_in_every_section(tmp_path: Path, section: str) -> None:
    places = {
        "profile": ("title: A", "nokey: 1\ntitle: A"),
        "product": ("brand: Acme", "brand: Acme, nokey: 1"),
        "caveat": ("examples: []", "caveats: [{text: x, nokey: 1}]"),
        "setup": ("examples: []", "setup: [{where: x, field: y, value: z, nokey: 1}]"),
        "setup_words": ("examples: []", "setup: [{where: x, field: y, value: z, es: {nokey: 1}}]"),
        "limits": ("limits: {invitees: 2}", "limits: {nokey: 2}"),
        "profile_limits": ("subject: 40", "nokey: 40"),
        "model": ("subject: 40", "models: [{model: x, nokey: 1}]"),
        "zone": ("codings: [iana]", "codings: [iana], nokey: 1"),
        "api": ("examples: []", "api: {nokey: 1}"),
        "reply": ("examples: []", "replies: {later: {nokey: 1}}"),
        "shape": ("    unused: [version]", "    nokey: 1"),
        "field": ("as: code", "as: code, nokey: 1"),
        "example": ("examples: []", "examples: [{nokey: 1}]"),
    }
    old, new = places[section]
    assert any("nokey is not a known key" in line for line in mistakes(tmp_path, SMALL.replace(old, new, 1)))


def test_the_day_alone_names_an_occurrence(tmp_path: Path) -> None:
    assert about({"id": 7, "which": "2024-05-06"}, tmp_path)[2] == datetime(2024, 5, 6)
