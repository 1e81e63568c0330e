"""The catalogue is complete, its placeholders get values, and every code the product names is in it."""

from __future__ import annotations

import ast
import json
import re
import string
from importlib import resources
from pathlib import Path

import pytest

from gateway import messages

ROOT = Path(messages.__file__).parent.parent
CATALOGUE: dict[str, dict[str, str]] = json.loads((resources.files(messages) / "en.json").read_text("utf-8"))
SPEAKERS = [*sorted((ROOT / "google").glob("*.py")), *sorted((ROOT / "accounts").glob("*.py"))]
CODE = re.compile(r"[A-Z]-\d{2,3}")
CALLS = {"text", "refusal", "_refused", "_outcome"}


def placeholders(code: str) -> set[str]:
    entry = CATALOGUE[code]
    return {name for part in entry.values() for _, name, _, _ in string.Formatter().parse(part) if name is not None}


def literal_calls() -> list[tuple[str, str, set[str]]]:
    """Calls that name a code themselves: where, the code, the names of the values given."""
    found = []
    for path in SPEAKERS:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or ast.unparse(node.func).rsplit(".", 1)[-1] not in CALLS:
                continue
            codes = [
                each.value
                for argument in node.args
                for each in ast.walk(argument)
                if isinstance(each, ast.Constant) and isinstance(each.value, str) and CODE.fullmatch(each.value)
            ]
            given = {keyword.arg for keyword in node.keywords if keyword.arg}
            found += [(f"{path.name}:{node.lineno}", code, given) for code in codes]
    return found


def test_every_entry_has_its_three_parts() -> None:
    for code, entry in CATALOGUE.items():
        assert CODE.fullmatch(code)
        assert set(entry) == {"title", "text", "remedy"}, code
        assert entry["title"], code
        assert entry["text"] or entry["remedy"] or code in ("G-201", "G-416"), code


def test_every_code_that_the_source_names_is_in_the_catalogue() -> None:
    named = {code for path in SPEAKERS for code in re.findall(r'"([A-Z]-\d{2,3})"', path.read_text("utf-8"))}
    assert len(named) > 50
    assert named <= set(CATALOGUE)
    assert set(CATALOGUE) <= named, "an entry that nothing uses"


def test_calls_that_name_a_code_give_all_its_values() -> None:
    calls = literal_calls()
    assert len(calls) > 25
    for place, code, given in calls:
        assert placeholders(code) <= given, f"{place} {code}"


@pytest.mark.parametrize("code", sorted(CATALOGUE))
def test_every_message_can_be_made(code: str) -> None:
    message = messages.text(code, **{name: "«value»" for name in placeholders(code)})
    assert message.code == code
    assert str(message).startswith(message.title)
    assert "{" not in str(message)
    if placeholders(code):
        assert "«value»" in str(message)
        with pytest.raises(KeyError):
            messages.text(code)


def test_values_are_not_read_as_placeholders() -> None:
    assert "{host}" in str(messages.text("N-02", host="{host}"))


def test_an_unknown_code_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        messages.text("G-999")
