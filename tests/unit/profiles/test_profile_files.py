"""Profile files: every mistake at its place, ids from paths, and nothing loaded that was not asked for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gateway.errors import ProfileError
from gateway.profiles.catalog import Catalog, builtin_folder
from gateway.profiles.fields import Part, Trust
from tests.unit.profiles.calls import NATIVE, UCM

SMALL = """\
title: A bridge
source: its manual
trust: documented
products: [{brand: Acme, model: Bridge, firmware: "1.10"}]
unknown_fields: ignore
limits: {subject: 40}
zone: {codings: [iana]}
shapes:
  call:
    title: One call
    source: page 12
    trust: simulated
    recognise: [title, from]
    limits: {invitees: 2}
    fields:
      external_id: {name: id, as: code}
      subject: {name: title, as: text, trust: simulated, source: a guess}
      start: {name: from, as: local_time}
      duration: {name: minutes, as: number_or_text}
      zone: {name: zone, as: zone}
      invitees: {name: people, as: people, each: {email: {name: mail, as: email}}, unused: [colour]}
    unused: [version]
examples: []
"""


def written(folder: Path, text: str, profile_id: str = "acme/bridge") -> Path:
    path = folder / f"{profile_id}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def mistakes(folder: Path, text: str) -> list[str]:
    """What is wrong with the file, without its path."""
    path = written(folder, text)
    with pytest.raises(ProfileError) as caught:
        Catalog.load([folder])
    return [line.removeprefix(f"{path}:") for line in caught.value.problems]


def test_a_small_profile_is_read(tmp_path: Path) -> None:
    written(tmp_path, SMALL)
    profile = Catalog.load([tmp_path]).get("acme/bridge")
    shape = profile.shapes[0]
    assert (profile.id, profile.title, profile.trust) == ("acme/bridge", "A bridge", Trust.DOCUMENTED)
    assert profile.products[0].firmware == "1.10"
    assert (shape.rules.limits.subject, shape.rules.limits.invitees, shape.rules.limits.agenda) == (40, 2, 8000)
    assert {field.part: field.trust for field in shape.fields}[Part.SUBJECT] is Trust.SIMULATED


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("title: A bridge", "titel: A bridge", "1:1: title is required"),
        ("title: A bridge", "titel: A bridge", "1:1: titel is not a known key; did you mean 'title'?"),
        ("title: A bridge", "title: 5", "1:1: title must be text (put numbers in quotes)"),
        ('firmware: "1.10"', "firmware: 1.10", "4:41: products[0].firmware must be text (put numbers in quotes)"),
        ("trust: documented", "trust: sure", "3:1: trust must be one of hardware, documented, simulated"),
        ("subject: 40", "subject: 0", "6:10: limits.subject must be a whole number of at least 1"),
        ("subject: 40", "password: [9, 4]", "6:10: limits.password must be two whole numbers"),
        ("subject: 40", "subjcet: 40", "6:10: limits.subjcet is not a known key; did you mean 'subject'?"),
        ("codings: [iana]", "codings: [window]", "7:18: zone.codings[0] must be one of iana"),
        ("recognise: [title, from]", "recognise: [title, to]", "13:24: shapes.call.recognise[1] is not the name"),
        ("recognise: [title, from]", "recognise: []", "13:5: shapes.call.recognise must name the fields"),
        ("subject: {name: title", "subjekt: {name: title", "17:7: shapes.call.fields.subjekt is not a known part"),
        ("subject: {name: title", "subjekt: {name: title", "15:5: shapes.call.fields.subject is required"),
        ("as: local_time", "as: localtime", "did you mean 'local_time'?"),
        ("as: local_time", "as: text", "18:27: shapes.call.fields.start.as must be one of local_time"),
        ("duration: {name: minutes, as: number_or_text}", "sequence: {name: n, as: number}", "needs an end"),
        ("{email: {name: mail, as: email}}", "{name: {name: n, as: text}}", "needs an extension or an email"),
        ("unused: [version]", "unused: [title]", "shapes.call.unused names title"),
        ("as: text, trust", "as: text, fallback: x, trust", "shapes.call.fields.subject.fallback is not a known key"),
        ("as: text, trust", "as: text, trust: maybe, x", "trust must be one of"),
        ("unused: [version]", "unused: version", "shapes.call.unused must be a list"),
        ("examples: []", "examples: [{shape: other}]", "examples[0].shape must be one of call"),
        ("examples: []", "examples: [{at: now}]", "examples[0].at must be a time with Z"),
        ("examples: []", "title: again", "the key 'title' is there twice"),
        ("unknown_fields: ignore", "unknown_fields: yes", "5:1: unknown_fields must be one of refuse, ignore"),
    ],
)
def test_a_mistake_is_named_with_its_place(tmp_path: Path, old: str, new: str, said: str) -> None:
    found = mistakes(tmp_path, SMALL.replace(old, new, 1))
    assert [line for line in found if said in line], found


def test_every_mistake_of_every_file_is_named_at_once(tmp_path: Path) -> None:
    written(tmp_path, "- a list", "acme/list")
    found = mistakes(tmp_path, SMALL.replace("title: A", "titel: A").replace("as: code", "as: pin"))
    assert any("acme/list.yaml:1:1: must be a section" in line for line in found)
    assert any("titel is not a known key" in line for line in found)
    assert any("external_id.as must be one of code" in line for line in found)


def test_a_lenient_catalog_does_without_files_that_have_mistakes(tmp_path: Path) -> None:
    written(tmp_path, SMALL)
    broken = written(tmp_path, SMALL.replace("trust:", "thrust:"), "acme/draft")
    (tmp_path / "Notes.yaml").write_text("a: 1")
    catalog = Catalog.load([tmp_path], lenient=True)
    assert catalog.get("acme/bridge").id == "acme/bridge"
    assert [profile.id for profile in catalog] == ["acme/bridge"]
    assert {line.partition(".yaml")[0] for line in catalog.problems()} == {
        str(broken.with_suffix("")),
        str(tmp_path / "Notes"),
    }
    with pytest.raises(ProfileError, match="thrust"):
        catalog.get("acme/draft")
    with pytest.raises(ProfileError, match="thrust"):
        Catalog.load([tmp_path])


def test_a_file_that_changed_is_read_again_and_one_that_did_not_is_not(tmp_path: Path) -> None:
    written(tmp_path, SMALL)
    written(tmp_path, "extends: acme/bridge\ntitle: Its sister\n", "acme/sister")
    first, second = Catalog.load([tmp_path]), Catalog.load([tmp_path])
    for profile_id in ("acme/bridge", "acme/sister"):
        assert second.get(profile_id) is first.get(profile_id)
    written(tmp_path, SMALL.replace("subject: 40", "subject: 41"))
    third = Catalog.load([tmp_path])
    for profile_id in ("acme/bridge", "acme/sister"):
        assert third.get(profile_id).shapes[0].rules.limits.subject == 41
    own = tmp_path / "own"
    written(own, SMALL.replace("subject: 40", "subject: 42"))
    fourth = Catalog.load([own, tmp_path])
    assert fourth.get("acme/bridge").shapes[0].rules.limits.subject == 42
    assert fourth.get("acme/sister").shapes[0].rules.limits.subject == 42
    (tmp_path / "acme" / "bridge.yaml").unlink()
    with pytest.raises(ProfileError, match="names no other profile"):
        Catalog.load([tmp_path])


def test_choices_say_what_the_devices_words_mean(tmp_path: Path) -> None:
    rule = "repeat: {name: r, as: choice, choices: {W: {frequency: weekly, weekdays: [MO]}, N: none}}"
    written(tmp_path, SMALL.replace("zone: {name", f"{rule}\n      zone: {{name", 1))
    field = {field.part: field for field in Catalog.load([tmp_path]).get("acme/bridge").shapes[0].fields}[Part.REPEAT]
    assert [word for word, _ in field.choices] == ["W", "N"]
    for wrong, said in [
        ("weekdays: [MO]", "weekdays[0] must be one of MO"),
        ("frequency: weekly", "frequency must be one of daily"),
    ]:
        broken = rule.replace(wrong, wrong.replace("MO", "XX").replace("weekly", "often"))
        assert any(
            said in line
            for line in mistakes(tmp_path, SMALL.replace("zone: {name", f"{broken}\n      zone: {{name", 1))
        )
    assert any(
        "choices must hold" in line
        for line in mistakes(
            tmp_path, SMALL.replace("zone: {name", "repeat: {name: r, as: choice}\n      zone: {name", 1)
        )
    )


def test_two_shapes_must_be_told_apart(tmp_path: Path) -> None:
    shape = SMALL[SMALL.index("  call:") : SMALL.index("examples")]
    text = SMALL.replace("examples", shape.replace("call:", "other:") + "examples")
    assert any("recognised by the same fields as call" in line for line in mistakes(tmp_path, text))


def test_an_unknown_id_is_answered_with_what_may_be_meant() -> None:
    catalog = Catalog.load([builtin_folder()])
    with pytest.raises(ProfileError, match="did you mean 'grandstream/ucm6300"):
        catalog.get("grandstream/ucm630")
    with pytest.raises(ProfileError, match=r"known are .*generic/json, .*grandstream/ucm6300"):
        catalog.get("x")


def test_only_wanted_profiles_are_read_and_own_folders_come_first(tmp_path: Path) -> None:
    written(tmp_path, "not a profile", "acme/broken")
    written(tmp_path, SMALL, NATIVE)
    catalog = Catalog.load([tmp_path, builtin_folder()], wanted={NATIVE, "no/such"})
    assert [profile.id for profile in catalog] == [NATIVE]
    assert catalog.get(NATIVE).title == "A bridge"
    assert {"acme/broken", NATIVE, UCM} <= set(catalog.ids())


@pytest.mark.parametrize("profile_id", ["Acme/bridge", "acme/bridge v2", "bridge"])
def test_a_file_must_be_named_for_its_id(tmp_path: Path, profile_id: str) -> None:
    written(tmp_path, SMALL, profile_id)
    with pytest.raises(ProfileError, match="VENDOR/MODEL"):
        Catalog.load([tmp_path])


def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    (tmp_path / "acme").mkdir()
    (tmp_path / "acme" / "bridge.yaml").symlink_to(tmp_path / "nowhere")
    with pytest.raises(ProfileError, match=r"bridge\.yaml: cannot be read"):
        Catalog.load([tmp_path])


def test_the_built_in_profiles_are_found_in_a_checkout() -> None:
    assert (builtin_folder() / f"{UCM}.yaml").is_file()


def test_importing_the_profiles_loads_nothing_heavy() -> None:
    heavy = ["aiohttp", "asyncio", "cattrs", "sqlite3", "tzdata", "hypothesis"]
    modules = "gateway.profiles.catalog, gateway.profiles.translate, gateway.dialects.native, gateway.domain.change"
    code = f"import sys, {modules}; sys.exit(any(name in sys.modules for name in {heavy}))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_vocabulary_page_names_every_field() -> None:
    page = (Path(__file__).parents[3] / "docs" / "reference" / "device-api-vocabulary.md").read_text(encoding="utf-8")
    for profile in Catalog.load([builtin_folder()], wanted={NATIVE, UCM}):
        assert f"`{profile.id}`" in page
        for shape in profile.shapes:
            names = {name for field in shape.fields for name in (field.name, *(one.name for one in field.each))}
            assert [name for name in sorted(names | shape.unused) if f"`{name}`" not in page] == []
            guessed = [field.name for field in shape.fields if field.trust is Trust.SIMULATED]
            assert [name for name in guessed if f"`{name}` ᵍ" not in page] == []
