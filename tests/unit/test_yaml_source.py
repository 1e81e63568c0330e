"""The strict YAML reader: scalars, places, refusals; run on PyYAML's parser in C and on the one in Python."""

from __future__ import annotations

import json
import os
import string
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.messages.languages import speaking
from gateway.yaml_source import MAX_BYTES, MAX_DEPTH, Document, Place, YamlError, parse, plain_scalar, read_file

both_parsers = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(params=["c", "python"], autouse=True)
def _parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "python":
        monkeypatch.delattr(yaml, "CSafeLoader", raising=False)
    elif not yaml.__with_libyaml__:
        pytest.skip("PyYAML was built without libyaml")


def refusal(text: str | bytes) -> list[tuple[int, int, str]]:
    raw = text if isinstance(text, bytes) else text.encode()
    with pytest.raises(YamlError) as caught:
        parse(raw)
    return [(problem.place.line, problem.place.column, problem.text) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None), ("~", None), ("null", None), ("true", True), ("false", False),
        ("0", 0), ("7", 7), ("-7", -7), ("1234567890123456789012", 1234567890123456789012),
        ("1.10", 1.1), ("-0.5", -0.5), ("1e3", 1000.0), ("2.5E-1", 0.25), ("1e+2", 100.0),
    ],
)  # fmt: skip
def test_what_means_more_than_its_text(text: str, value: object) -> None:
    data = parse(f"a: {text}\n".encode()).data
    assert data == {"a": value}
    assert type(plain_scalar(text)) is type(value)


@pytest.mark.parametrize(
    "text",
    [
        "0071", "00", "-07", "+49", "+4989123456", "1_000", "0x1F", "0o17", "0b1", "12:30:00", "1:30", "2026-11-21",
        "2026-11-21T10:00:00Z", "yes", "no", "on", "off", "y", "N", "True", "FALSE", "Null", "NULL", ".5", "5.", ".inf",
        "-.INF", ".nan", "1.10.2", "1e", "e3", "1e999", "9" * 65, "٣", "²", "1 2",
    ],
)  # fmt: skip
def test_what_stays_text(text: str) -> None:
    assert parse(f"a: {text}\nb: [{text}]\n".encode()).data == {"a": text, "b": [text]}


def test_quotes_and_blocks_make_text() -> None:
    text = "a: '1'\nb: \"true\"\nc: |\n  12\nd: ''\ne: >\n  x\n  y\n"
    assert parse(text.encode()).data == {"a": "1", "b": "true", "c": "12\n", "d": "", "e": "x y\n"}


def test_keys_are_text_as_written() -> None:
    assert parse(b"1: a\ntrue: b\n0071: c\non: d\nnull: e\n1.10: f\n").data == {
        "1": "a", "true": "b", "0071": "c", "on": "d", "null": "e", "1.10": "f",
    }  # fmt: skip
    assert refusal("1: a\n'1': b\n") == [(2, 1, "the key '1' is there twice (first in line 1); remove one of them")]


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing\n", "---\n", "---\n...\n", "~", "\ufeff"])
def test_nothing_is_none(text: str) -> None:
    assert parse(text.encode()).data is None


def test_places_are_those_of_keys_and_items() -> None:
    document = parse("\ufeff# ü\na: 1\nüber:\n  - x: [1, 2]\n    y: {z: w}\n  -\n".encode())
    assert document.data == {"a": 1, "über": [{"x": [1, 2], "y": {"z": "w"}}, None]}
    assert document.places == {
        (): Place(1, 1),
        ("a",): Place(2, 1),
        ("über",): Place(3, 1),
        ("über", 0): Place(4, 5),
        ("über", 0, "x"): Place(4, 5),
        ("über", 0, "x", 0): Place(4, 9),
        ("über", 0, "x", 1): Place(4, 12),
        ("über", 0, "y"): Place(5, 5),
        ("über", 0, "y", "z"): Place(5, 9),
        ("über", 1): Place(6, 4),
    }


def test_every_doubled_key_is_told_and_the_first_value_kept() -> None:
    with pytest.raises(YamlError) as caught:
        parse(b"a: 1\nb:\n  c: 1\n  c: {d: [2, {e: f}]}\na: [1, 2]\ng: 3\n")
    assert [str(problem.place.line) for problem in caught.value.problems] == ["4", "5"]
    assert caught.value.partial == Document(data={"a": 1, "b": {"c": 1}, "g": 3}, places=caught.value.partial.places)


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("a: &x 1\n", (1, 4), "anchors"),
        ("a: *x\n", (1, 4), "aliases"),
        ("a: &x {b: 1}\n", (1, 4), "anchors"),
        ("&x a: 1\n", (1, 1), "anchors"),
        ("a: !secret b\n", (1, 4), "tags"),
        ("a: !!int '1'\n", (1, 4), "tags"),
        ("a: ! b\n", (1, 4), "tags"),
        ("a: !x!y b\n", (1, 4), "tags"),
        ("a: !!map {}\n", (1, 4), "tags"),
        ("%YAML 1.1\n---\na: 1\n", (1, 1), "directives"),
        ("a: 1\n---\nb: 2\n", (2, 1), "a second document"),
        ("? [a]\n: 1\n", (1, 3), "a key must be text"),
        ("? {a: 1}\n: 1\n", (1, 3), "a key must be text"),
        ("'': 1\n", (1, 1), "a key is missing"),
        ("a: b\n  c: d\n", (2, 4), "':' cannot stand here"),
        ("a: - b\n", (1, 4), "'-' cannot stand here"),
        ("a:\n\t- b\n", (2, 1), "tabs cannot indent"),
        ("a: @b\n", (1, 4), "must be put in quotes"),
        ("a: `b\n", (1, 4), "must be put in quotes"),
        ("a: 1\nb\nc: 2\n", (3, 1), "a key without ':'"),
        ("a: 'b\nc: d\n", (1, 4), "never closed"),
        ("a: [1, 2\nb: 3\n", (2, 2), "bracket is missing"),
        ("- a\nb: c\n", (2, 1), "not readable as YAML"),
    ],
)
def test_what_is_refused(text: str, place: tuple[int, int], words: str) -> None:
    [(line, column, said)] = refusal(text)
    assert (line, column) == place
    assert words in said


@pytest.mark.parametrize(
    ("raw", "place", "words"),
    [
        (b"a: 1\nb: \xff\n", (2, 4), "not UTF-8"),
        (b"\xef\xbb\xbfa: \xff\n", (1, 4), "not UTF-8"),
        ("ü: ü\nä: ".encode() + b"\xe4\n", (2, 4), "not UTF-8"),
        ("a: 1".encode("utf-16"), (1, 1), "not UTF-8"),
        (b"a: 1\nbc: \x00\n", (2, 5), "U+0000"),
        (b"a: \x1b[0m\n", (1, 4), "U+001B"),
        (b"a: b\x7f\n", (1, 5), "U+007F"),
        ("a: b\x85c\n".encode(), (1, 5), "U+0085"),
        ("a: b\u2028c\n".encode(), (1, 5), "U+2028"),
        ("a: 1\r\nb: c\uffff\r\n".encode(), (2, 5), "U+FFFF"),
        (b'a: 1\nb: "x\\0y"\n', (2, 4), "control character"),
        (b'a: "\\e[0m"\n', (1, 4), "control character"),
    ],
)
def test_bytes_that_are_no_clean_text(raw: bytes, place: tuple[int, int], words: str) -> None:
    [(line, column, said)] = refusal(raw)
    assert (line, column) == place
    assert words in said


def test_escapes_that_mean_nothing_are_refused() -> None:
    assert "escape" in refusal('a: "\\q"\n')[0][2]
    assert refusal('a: "\\ud800"\n')


def test_size_and_depth_have_limits() -> None:
    comment = b"#" * (MAX_BYTES - 5) + b"\na: 1"
    assert parse(comment).data == {"a": 1}
    assert refusal(comment + b"2") == [(1, 1, "the file is larger than 256 KiB")]
    assert parse(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH).data
    assert refusal("[" * (MAX_DEPTH + 1))[0][:2] == (1, MAX_DEPTH + 1)
    assert refusal("[" * 200_000)[0][:2] == (1, MAX_DEPTH + 1)
    assert refusal("a: 1\na: " + "{b: " * 1000)


def test_problems_have_a_limit() -> None:
    assert len(refusal("".join(f"a: !x {number}\n" for number in range(1000)))) == 50


@pytest.mark.parametrize(
    "text",
    [
        "a: *{}", "a: &{} 1", "a: !{} 1", "a: !{}!x 1", "a: '{}", "a: [{}: x: y", "a: @{}", '"\\{}"', "%TAG {}",
        "{}\nb: 1", "a: b\n a: {}",
    ],
)  # fmt: skip
def test_refusals_never_repeat_the_file(text: str) -> None:
    with pytest.raises(YamlError) as caught:
        parse(text.replace("{}", "canary").encode())
    assert "canary" not in f"{caught.value}{caught.value!r}{caught.value.__cause__}{caught.value.__context__}"


def test_files(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("a: 0071")
    assert read_file(file).data == {"a": "0071"}
    file.write_bytes(os.urandom(1) * (MAX_BYTES * 2))
    with pytest.raises(YamlError):
        read_file(file)
    with pytest.raises(FileNotFoundError):
        read_file(tmp_path / "none.yaml")


clean_text = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn", "Zl", "Zp")), max_size=8)
numbers = st.integers(-(10**30), 10**30) | st.floats(allow_nan=False, allow_infinity=False)
json_data = st.recursive(
    st.none() | st.booleans() | numbers | clean_text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(clean_text.filter(bool), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@both_parsers
@given(json_data)
def test_json_means_the_same(data: object) -> None:
    read = parse(json.dumps(data, ensure_ascii=False, indent=1).encode()).data
    assert read == data
    assert json.dumps(read) == json.dumps(data)


@both_parsers
@given(
    st.binary(max_size=40)
    | st.text(string.ascii_letters[:3] + ":- \n\t[]{}!&*'\"|>#%@,?01.\\", max_size=40).map(str.encode)
)
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    problems, places = [], {(): Place(1, 1)}
    try:
        places = dict(parse(raw).places)
    except YamlError as error:
        problems = error.problems
        assert problems
    assert all(place >= Place(1, 1) for place in [*places.values(), *(problem.place for problem in problems)])


def outcome(raw: bytes) -> Document | None:
    try:
        return parse(raw)
    except YamlError:
        return None


@both_parsers
@given(st.text("ab:- \n[]{}'\"|#,01.", max_size=30).map(str.encode))
def test_what_both_parsers_read_is_the_same(raw: bytes) -> None:
    by_default = outcome(raw)
    with pytest.MonkeyPatch.context() as patch:
        patch.delattr(yaml, "CSafeLoader", raising=False)
        assert by_default is None or outcome(raw) in (None, by_default)


@pytest.mark.parametrize(
    "text", [b"a: 1\na: 2\n", b"a: 'x", b"a: *b\n", b"%YAML 1.1\n---\na: 1\n", b"a:\x00", b"a: b: c"]
)
def test_mistakes_are_told_in_the_language_that_is_spoken(text: bytes) -> None:
    with pytest.raises(YamlError) as english:
        parse(text)
    with speaking("es"), pytest.raises(YamlError) as spanish:
        parse(text)
    for one, other in zip(english.value.problems, spanish.value.problems, strict=True):
        assert one.place == other.place
        assert one.text != other.text
        assert "%%" not in one.text + other.text
