"""House rules that no linter knows: how a file begins, where SQL and Google's addresses stand, how long files are."""

from __future__ import annotations

import ast
import functools
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = sorted(path for folder in ("gateway", "simulator") for path in (ROOT / folder).rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
names = {"ids": lambda path: path.relative_to(ROOT).as_posix()}

LONGER = {
    "tests/journey/test_shared_calendars.py": "one calendar, and every way in which two accounts see it",
    "tests/journey/test_sign_in.py": "one sign-in, and every way in which it can go wrong",
    "tests/simulator/google/test_google_oauth.py": "one endpoint after the other, as Google's pages list them",
    "tests/unit/google/test_google_event_json.py": "one body, field by field",
    "tests/unit/profiles/test_translate.py": "one vocabulary after the other, field by field",
}
"""Files over 400 lines, each with the reason why it is one subject."""
MOST_LINES = 400

STATEMENT = re.compile(
    r"\b(SELECT\s.+\sFROM|INSERT\s+(OR\s+\w+\s+)?INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM|PRAGMA)\b", re.S
)
GOOGLE = re.compile(r"googleapis\.com|accounts\.google\.com")


@functools.cache
def strings(path: Path) -> list[str]:
    """Every text of a file that is no docstring, f-strings with their fixed parts only."""
    tree = ast.parse(path.read_text("utf-8"))
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    said = {
        id(node.body[0].value) for node in ast.walk(tree) if isinstance(node, documented) and ast.get_docstring(node)
    }
    # A text that stands alone as a statement documents the constant above it.
    said |= {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said
    ]


@pytest.mark.parametrize("path", OURS, **names)
def test_every_file_opens_with_one_sentence(path: Path):
    text = path.read_text("utf-8")
    first = (ast.get_docstring(ast.parse(text)) or "").partition("\n\n")[0]
    assert re.search(r"[.!?:…]$", first), f"no sentence: {first!r}"
    assert not re.search(r"[.!?] [A-Z]", first), f"more than one sentence: {first!r}"


@pytest.mark.parametrize("path", OURS + TESTS, **names)
def test_no_file_is_too_long(path: Path):
    lines, name = len(path.read_text("utf-8").splitlines()), path.relative_to(ROOT).as_posix()
    assert lines <= MOST_LINES or name in LONGER, f"{lines} lines"


@pytest.mark.parametrize("path", [p for p in OURS if "gateway" in p.relative_to(ROOT).parts], **names)
def test_sql_stands_in_the_store_only(path: Path):
    found = [text for text in strings(path) if STATEMENT.search(text)]
    if path.is_relative_to(ROOT / "gateway" / "store"):
        return
    assert found == []


@pytest.mark.parametrize("path", [p for p in OURS if "gateway" in p.relative_to(ROOT).parts], **names)
def test_googles_addresses_stand_in_its_room_and_in_the_defaults_only(path: Path):
    place = path.relative_to(ROOT / "gateway").as_posix()
    if place.startswith(("google/", "config")):
        return
    assert [text for text in strings(path) if GOOGLE.search(text)] == []


def test_the_rules_would_find_something(tmp_path: Path):
    """A rule that nothing can break is no rule."""
    assert any(STATEMENT.search(text) for text in strings(ROOT / "gateway/store/outbox.py"))
    assert any(GOOGLE.search(text) for text in strings(ROOT / "gateway/config/sections.py"))
    made = tmp_path / "made.py"
    made.write_text('"""SELECT 1 FROM here."""\nx = f"DELETE FROM {x}"\ny = "insert into words"\n')
    assert [text for text in strings(made) if STATEMENT.search(text)] == ["DELETE FROM "]


@pytest.mark.parametrize("path", sorted((ROOT / "requirements").glob("*.txt")), **names)
def test_the_locks_carry_hashes_and_name_no_index(path: Path):
    text = path.read_text("utf-8")
    assert "://" not in text
    assert not re.search(r"^\s*-(-index-url|-extra-index-url|i|f|-find-links)\b", text, re.M)
    entries = re.findall(r"^[a-zA-Z0-9].*", text, re.M)
    assert entries
    assert text.count("--hash=sha256:") >= len(entries)


def test_at_most_30_packages_are_needed_to_serve():
    """The last five read time zones, series and iCalendar texts, and are loaded only where that is done."""
    entries = re.findall(r"^([a-zA-Z0-9._-]+)==", (ROOT / "requirements/runtime.txt").read_text("utf-8"), re.M)
    assert 1 <= len(set(entries)) <= 30, entries
