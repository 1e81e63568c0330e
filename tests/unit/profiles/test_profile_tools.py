"""The tools for profiles: examples replayed, style, schema, pages; the shipped profiles are tried elsewhere."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest

from gateway import yaml_source
from gateway.errors import ProfileError
from gateway.messages.languages import speaking
from gateway.operations.devices.desk import set_up_lines
from gateway.operations.profiles import words as profile_words
from gateway.operations.profiles.examples import BodyCall, differences, replay
from gateway.operations.profiles.files import ProfileFile, find, read_one
from gateway.operations.profiles.lint import lint
from gateway.operations.profiles.pages import distinct_shapes, pages
from gateway.operations.profiles.schema import schema
from gateway.profiles.fields import Coding, Part
from gateway.profiles.model import Profile
from gateway.profiles.vocabulary import Credential, Dialect, Transport

SMALL = """\
title: Acme bridge
source: its manual
trust: documented
products:
  - {brand: Acme, model: Bridge}
caveats:
  - {text: "One sentence.", link: "https://example.com/manual"}
setup:
  - {where: its page, field: address, value: "{gateway_address}"}
unknown_fields: ignore
shapes:
  call:
    title: One call
    source: page 12
    trust: documented
    recognise: [id, title]
    fields:
      external_id: {name: id, as: code}
      subject: {name: title, as: text}
      start: {name: from, as: date_time}
      duration: {name: minutes, as: number}
      repeat: {name: again, as: choice, choices: {never: none, weekly: {frequency: weekly}}}
      original_start: {name: instead, as: date_time}
      cancelled: {name: off, as: true_false}
      invitees: {name: people, as: people, json_text: true, each: {email: {name: mail, as: email}}}
replies:
  accepted:
    body: {ok: true, number: {is: external_id}, at: {is: start_utc}}
examples:
  - name: a series
    source: page 12
    shape: call
    at: "2026-01-05T08:00:00Z"
    device_zone: Europe/Berlin
    call:
      {id: 7, title: Talk, from: "2026-03-02T10:00:00", minutes: 30, again: weekly,
      people: '[{"mail": "a@example.com"}]'}
    meeting: {external_id: "7", start_utc: "2026-03-02T09:00:00Z", repeat: {frequency: weekly}}
    payload:
      id: "7"
      title: Talk
      from: "2026-03-02T09:00:00Z"
      minutes: 30
      again: weekly
      people: '[ {"mail":"a@example.com"} ]'
    reply: {ok: true, number: "7", at: "2026-03-02T09:00:00Z"}
  - name: one of them moved
    source: page 13
    shape: call
    at: "2026-01-05T08:00:00Z"
    device_zone: Europe/Berlin
    original_start: "2026-03-09T10:00:00"
    call: {id: 7, title: Talk, from: "2026-03-09T12:00:00", minutes: 30, instead: "2026-03-09T10:00:00"}
    meeting: {external_id: "7", start_utc: "2026-03-09T11:00:00Z", repeat: null}
  - name: cancelled
    source: page 14
    shape: call
    at: "2026-01-05T08:00:00Z"
    cancels: true
    call: {id: 7, title: Talk, off: true}
"""


def read(folder: Path, text: str = SMALL, profile_id: str = "acme/bridge") -> ProfileFile:
    path = folder / f"{profile_id}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return read_one(profile_id, path, [folder])


def profile(folder: Path, text: str = SMALL) -> Profile:
    file = read(folder, text)
    assert file.profile is not None, file.problems
    return file.profile


def differing(folder: Path, old: str, new: str) -> list[str]:
    """The parts that differ once the profile is written in another way."""
    assert old in SMALL
    results = replay(profile(folder, SMALL.replace(old, new, 1)))
    return [difference.part for result in results for difference in result.differences]


def style(folder: Path, old: str, new: str) -> list[str]:
    """What is said about the style of the profile written in another way, without the path of the file."""
    assert old in SMALL
    file = read(folder, SMALL.replace(old, new, 1))
    assert file.profile is not None, file.problems
    assert file.source is not None
    return [line.removeprefix(f"{file.path}:") for line in lint(file.profile, file.source)]


def test_every_example_is_replayed_in_every_direction(tmp_path: Path):
    results = list(replay(profile(tmp_path)))
    assert [result.checked for result in results] == [("call", "payload", "reply"), ("call",), ("call",)]
    assert [difference for result in results for difference in result.differences] == []


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        ('start_utc: "2026-03-02T09:00:00Z"', 'start_utc: "2026-03-02T10:00:00Z"', "meeting.start_utc"),
        ("repeat: {frequency: weekly}}", "repeat: null}", "meeting.repeat"),
        ("minutes: 30\n      again", "minutes: 31\n      again", "payload.minutes"),
        ("      again: weekly\n", "", "payload.again"),
        ("reply: {ok: true", "reply: {ok: 1", "reply.ok"),
        ("cancels: true\n", "original_start: '2026-03-09T10:00:00'\n    meeting: {}\n", "cancels"),
        ('original_start: "2026-03-09T10:00:00"', 'original_start: "2026-03-16T10:00:00"', "original_start"),
        ("    device_zone: Europe/Berlin", "    warnings: [no]\n    device_zone: Europe/Berlin", "warnings"),
        ("again: weekly,", "colour: red, again: weekly,", "ignored"),
        ('from: "2026-03-02T10:00:00", minutes', 'from: "2026-13-02T10:00:00", minutes', "call"),
        ('{id: 7, title: Talk, from: "2026-03-09', '{id: 8, title: Talk, from: "2026-03-09', "original_start"),
    ],
)  # fmt: skip
def test_what_is_not_as_the_example_says_is_named(tmp_path: Path, old: str, new: str, part: str):
    assert part in differing(tmp_path, old, new)


def test_a_difference_is_readable():
    found = differences("meeting", {"a": {"b": 1}, "c": [1, 2]}, {"a": {"b": True}, "c": [1, 3], "d": 4}, whole=False)
    assert [one.part for one in found] == ["meeting.a.b", "meeting.c[1]"]
    assert found[0].lines() == ["  meeting.a.b", "    expected  1", "    got       true"]
    assert [one.part for one in differences("payload", {}, {"d": 4})] == ["payload.d"]
    assert [one.part for one in differences("list", [1], [1, 2])] == ["list"]


def test_bodies_as_text_are_opened_by_the_reader_of_their_dialect(tmp_path: Path):
    body = SMALL.replace("call: {id: 7, title: Talk, off: true}", "dialect: itip\n    body: BEGIN")
    assert "dialect" in [d.part for result in replay(profile(tmp_path, body)) for d in result.differences]
    said = BodyCall({"id": 7, "title": "Talk"}, cancels=True)
    results = list(replay(profile(tmp_path, body), {Dialect.ITIP: lambda _text: said}))
    assert [difference for result in results for difference in result.differences] == []
    said = BodyCall({"id": 7, "title": "Talk"}, cancels=False)
    results = list(replay(profile(tmp_path, body), {Dialect.ITIP: lambda _text: said}))
    assert [difference.part for difference in results[-1].differences] == ["cancels"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("brand: Acme", "brand: acme", "5:6: products[0].brand must be written as sold"),
        ("model: Bridge}", "model: Acme Bridge}", "5:19: products[0].model must not repeat the brand Acme"),
        ("title: Acme bridge", "title: acme bridge", "1:1: title must begin with a capital letter"),
        ("title: Acme bridge", "title: Acme bridge.", "1:1: title must not end with a full stop"),
        ("title: One call", "title: Some Very Loud Call Title", "13:5: shapes.call.title must be in sentence case"),
        ("https://example.com", "http://example.com", "must begin with https://"),
        ('"One sentence."', '"no sentence"', "must be a sentence that ends with a full stop"),
        ('"{gateway_address}"', '"{gateway_adress}"', "has {gateway_adress}, which nobody fills in"),
        ('"One sentence."', '"One sentence.", es: "Sin punto"', "caveats[0].es must be a sentence that ends"),
        ('"{gateway_address}"}', '"{gateway_address}", es: {value: x}}', "setup[0].es.value must have the"),
        ("setup:\n  - {where: its page, field: address, value: \"{gateway_address}\"}\n", "", "setup is missing"),
        ("a@example.com", "anna@acme.test", "examples[0].call.people has an address that may be somebody's"),
        ('title: Talk, from: "2026-03-02', 'token: a, title: Talk, from: "2026-03-02', "token looks like a secret"),
        ('"{gateway_address}"', '"Bearer abcdefghijklmnop"', "setup[0].value looks like a secret"),
        ("trust: documented\n    recognise", "trust: hardware\n    recognise", "must be a captured call"),
        ("trust: documented\n    recognise", "trust: simulated\n    recognise", "trust must not claim more"),
        ("name: one of them moved", "name: a series", "is the name of another example"),
    ],
)  # fmt: skip
def test_a_breach_of_style_is_named_with_its_place(tmp_path: Path, old: str, new: str, said: str):
    found = style(tmp_path, old, new)
    assert [line for line in found if said in line], found


def test_people_read_what_a_profile_says_in_their_language(tmp_path: Path):
    text = SMALL.replace('"One sentence."', '"One sentence.", es: "Una frase."')
    text = text.replace("where: its page,", "where: its page, es: {where: su página},")
    read_by = profile(tmp_path, text)
    (caveat,), (step,) = read_by.caveats, read_by.setup
    assert (caveat.shown, step.shown) == ("One sentence.", step)
    with speaking("es"):
        assert caveat.shown == "Una frase."
        assert (step.shown.where, step.shown.field, step.shown.value) == ("su página", "address", "{gateway_address}")
        (line,) = set_up_lines(read_by, {"gateway_address": "https://gw"}, asked=False)
        assert (line.where, line.value) == ("su página", "https://gw")
    with speaking("en-XA"):
        assert caveat.shown == "One sentence."
    assert schema_problems(text) == []
    assert "setup[0].es.when" in str(read(tmp_path, text.replace("es: {where", "es: {when")).problems)


def test_good_style_is_not_blamed(tmp_path: Path):
    assert style(tmp_path, "title: Acme bridge", "title: Acme bridge of 2026") == []
    assert style(tmp_path, "brand: Acme, model: Bridge", "brand: any, model: any script") == []


def test_a_shape_without_an_example_is_named(tmp_path: Path):
    shape = SMALL[SMALL.index("  call:") : SMALL.index("replies:")]
    other = shape.replace("  call:", "  other:").replace("[id, title]", "[id, minutes]")
    assert any("shapes.other has no example" in line for line in style(tmp_path, "replies:", other + "replies:"))


def test_what_an_extending_profile_does_not_say_is_judged_where_it_stands(tmp_path: Path):
    base = read(tmp_path, SMALL.replace("One call", "One call."), "acme/base")
    file = read(tmp_path, "extends: acme/base\ntitle: Acme bridge, small\n")
    assert file.profile is not None
    assert file.source is not None
    assert lint(file.profile, file.source) == [f"{base.path}:13:5: shapes.call.title must not end with a full stop"]


def test_files_are_found_by_id_and_by_path_and_all(tmp_path: Path):
    own, builtin = tmp_path / "own", tmp_path / "builtin"
    read(builtin)
    read(builtin, SMALL, "acme/other")
    read(own, "extends: acme/bridge\ntitle: Mine\n")
    folders = [own, builtin]
    assert [(file.id, file.profile and file.profile.title) for file in find((), folders)] == [
        ("acme/bridge", "Mine"),
        ("acme/other", "Acme bridge"),
    ]
    assert find(["acme/other"], folders)[0].path == builtin / "acme/other.yaml"
    assert find([str(builtin / "acme/bridge.yaml")], folders)[0].profile is not None
    with pytest.raises(ProfileError, match="did you mean 'acme/other'"):
        find(["acme/othr"], folders)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "cannot be read"),
        ("title: [", "bridge.yaml:"),
        ("title: A", "shapes"),
        ("extends: acme/nobody\ntitle: A", "1:1: extends names 'acme/nobody', and there is no such profile"),
        ("extends: acme/bridge\ntitle: A", "there is no such profile"),
        ("extends: acme/step\ntitle: A", "only one step is allowed"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(tmp_path: Path, text: str | None, said: str):
    read(tmp_path, "extends: acme/base\n", "acme/step")
    path = tmp_path / "acme/bridge.yaml"
    if text is not None:
        path.write_text(text)
    file = read_one("acme/bridge", path, [tmp_path])
    assert file.profile is None
    assert any(said in problem for problem in file.problems), file.problems


def test_a_file_must_be_named_for_its_id(tmp_path: Path):
    file = find([str(tmp_path / "Bridge 9.yaml")], [tmp_path])[0]
    assert "VENDOR/MODEL" in file.problems[0]


# The schema.


def schema_problems(text: str) -> list[str]:
    validator = jsonschema.Draft202012Validator(schema())
    data = yaml_source.parse(text.encode()).data
    return [error.message for error in validator.iter_errors(data)]


def test_the_schema_is_one_and_takes_what_the_reader_takes(tmp_path: Path):
    jsonschema.Draft202012Validator.check_schema(schema())
    assert schema_problems(SMALL) == []
    assert schema_problems("extends: acme/base\ntitle: Mine\nshapes: {call: {trust: simulated}}\n") == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("title: Acme bridge", "titel: Acme bridge"),
        ("title: Acme bridge", "colour: red\ntitle: Acme bridge"),
        ("model: Bridge", "model: Bridge, colour: red"),
        ("trust: documented\n", "trust: sure\n"),
        ("brand: Acme, ", ""),
        ("unknown_fields: ignore\n", ""),
        ("as: date_time}\n      duration", "as: text}\n      duration"),
        ("subject: {name", "subjekt: {name"),
        ("{email: {name: mail, as: email}}", "{mail: {name: mail, as: email}}"),
        ("name: title, as", "nam: title, as"),
        ("title: One call", "title: 5"),
        ("recognise: [id, title]", "recognise: id"),
        ("cancels: true", "cancels: 1"),
        ("accepted:", "taken:"),
    ],
)
def test_schema_and_reader_refuse_the_same_mistakes(tmp_path: Path, old: str, new: str):
    assert old in SMALL
    text = SMALL.replace(old, new, 1)
    assert schema_problems(text) != []
    assert read(tmp_path, text).problems != ()


# The pages.


def test_a_page_says_loudly_what_no_hardware_confirmed(tmp_path: Path):
    made = pages([profile(tmp_path)])
    assert set(made) == {"README.md", "acme/bridge.md"}
    assert "Nothing in this list has been confirmed on hardware" in made["README.md"]
    assert "**Not confirmed on hardware.**" in made["acme/bridge.md"]
    seen = SMALL.replace("trust: documented\n    recognise", "trust: hardware\n    recognise")
    made = pages([profile(tmp_path, seen)])
    assert "Nothing in this list" not in made["README.md"]
    assert "**hardware**" in made["README.md"]
    assert "Not confirmed" not in made["acme/bridge.md"]


def test_a_page_tells_every_field_and_how_sure_it_is(tmp_path: Path):
    page = pages([profile(tmp_path, SMALL.replace("as: text}", "as: text, trust: simulated}", 1))])["acme/bridge.md"]
    for field in profile(tmp_path).shapes[0].fields:
        assert f"| `{field.name}" in page
    assert "| `people[].mail` | e-mail address |" in page
    assert "| `title` | Meeting Subject | text | **guessed** |" in page
    assert "`{gateway_address}`" in page
    assert "https://example.com/manual" in page


def test_every_word_of_a_profile_has_words_for_people():
    assert set(profile_words.PARTS) == set(Part)
    assert set(profile_words.CODINGS) == set(Coding)
    assert set(profile_words.TRANSPORTS) == set(Transport)
    assert set(profile_words.DIALECTS) == set(Dialect)
    assert set(profile_words.CREDENTIALS) == set(Credential)


def test_a_form_that_two_profiles_share_counts_once(tmp_path: Path):
    one, other = profile(tmp_path), profile(tmp_path, SMALL.replace("name: minutes", "name: mins"))
    assert distinct_shapes([one, one]) == 1
    assert distinct_shapes([one, other]) == 2
