"""The documents against the product: commands, settings, calls and codes are described, links lead somewhere."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway import cli, messages
from gateway.cli import command
from gateway.config import Config, DeviceSection
from gateway.config.shape import dotted, is_section, item_section, kind_at, paths
from gateway.web import problem
from tests.contract.validating_client import specification

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "device_profiles/README.md", *sorted((ROOT / "docs").rglob("*.md"))]
DOCS = {path.relative_to(ROOT).as_posix(): path.read_text("utf-8") for path in PAGES}
COMMANDS = DOCS["docs/reference/command-line.md"]
CALLS = DOCS["docs/reference/device-api.md"]
SETTINGS = DOCS["docs/reference/configuration.md"]
TOGETHER = {"google", "google calendar", "user", "device", "device directory", "profile", "zone"}
TOGETHER |= {"meeting", "meeting adopt", "mirror", "notify", "events", "logs", "backup", "api-key"}
"""Words that are nothing without the one that follows."""
pages = pytest.mark.parametrize("name", list(DOCS))


def words_of(parser: argparse.ArgumentParser, before: str = "") -> Iterator[str]:
    """Every command and option, as it is typed."""
    for action in parser._actions:
        yield from (option for option in action.option_strings if option.startswith("--"))
        if isinstance(action, argparse._SubParsersAction):
            for word, below in action.choices.items():
                yield f"{before}{word}"
                yield from words_of(below, f"{before}{word} ")


@pytest.mark.parametrize("word", sorted(set(words_of(cli._parser()))))
def test_every_command_and_option_is_described(word: str):
    if word in TOGETHER:
        return
    if word in ("google status", "google logout"):
        assert f"`{word}`" in COMMANDS
    assert re.search(rf"`{re.escape(word)}[ `]", COMMANDS), word


def test_no_command_or_option_is_described_that_is_not_there():
    known = set(words_of(cli._parser()))
    table = COMMANDS[: COMMANDS.index("## Exit codes")]
    assert set(re.findall(r"`(--[\w-]+)", table)) == known & set(re.findall(r"--[\w-]+", " ".join(known)))
    described = {name for name in re.findall(r"^\| `([a-z][a-z -]*)`", table, re.M)}
    assert described == {word for word in known if not word.startswith("--")} - TOGETHER


def test_every_exit_code_is_described():
    codes = {
        command.OK,
        command.FAILED,
        command.USAGE,
        command.UNREACHABLE,
        command.CANNOT_CREATE,
        command.TEMPORARY,
        command.NOT_AUTHORIZED,
    }
    codes |= {command.CONFIGURATION, command.INTERRUPTED}
    table = COMMANDS[COMMANDS.index("## Exit codes") : COMMANDS.index("## Files")]
    assert {int(code) for code in re.findall(r"^\| (\d+) ", table, re.M)} == codes


def every_setting() -> list[str]:
    every = paths(Config, {("devices",): 1})
    leaves = [path for path in every if not is_section(kind := kind_at(Config, path)) and not item_section(kind)]
    return sorted({dotted(path).replace("[0]", "[]") for path in leaves})


@pytest.mark.parametrize("setting", every_setting())
def test_every_setting_is_described(setting: str):
    assert f"`{setting}`" in SETTINGS


def test_the_list_of_settings_is_whole():
    """Else the test above would pass for want of settings."""
    settings = every_setting()
    for name in DeviceSection.__dataclass_fields__:
        assert any(f"{each}.".startswith(f"devices[].{name}.") for each in settings), name
    assert {"version", "gateway.listen", "google.endpoints.calendar", "limits.in_flight"} < set(every_setting())


OPERATIONS = [
    (method.upper(), path, sorted(operation["responses"]))
    for path, item in specification()["paths"].items()
    for method, operation in item.items()
    if method in ("get", "put", "post", "delete", "patch")
]


@pytest.mark.parametrize(("method", "path", "statuses"), OPERATIONS, ids=[f"{m} {p}" for m, p, _ in OPERATIONS])
def test_every_call_is_described_with_its_answers(method: str, path: str, statuses: list[str]):
    row = re.search(rf"^\| `{method} {re.escape(path)}` \|[^|]*\|([^|]*)\|$", CALLS, re.M)
    assert row, "no row"
    said = set(re.findall(r"\d{3}", row[1])) or {"as POST"}
    posted = {status for verb, _, each in OPERATIONS if verb == "POST" for status in each}
    assert (posted if said == {"as POST"} else said) == set(statuses)


def problem_codes() -> set[str]:
    """Every code that an answer of the device API may carry."""
    source = "".join(path.read_text("utf-8") for path in (ROOT / "gateway/web").glob("*.py"))
    return (
        set(problem._TITLES)
        | set(re.findall(r'problem\(\s*[\w.]+,\s*"([a-z-]+)"', source))
        | {"store", "store-refused"}
    )


@pytest.mark.parametrize("code", sorted(problem_codes()))
def test_every_code_of_a_problem_document_is_described(code: str):
    assert f"`{code}`" in CALLS


def test_every_field_of_an_answer_is_described():
    for schema in ("Receipt", "Standing", "Readiness", "Problem"):
        for name in specification()["components"]["schemas"][schema]["properties"]:
            assert re.search(rf"[`\"]{name}[`\"]", CALLS), f"{schema}.{name}"
    for state in specification()["components"]["schemas"]["Receipt"]["properties"]["state"]["enum"]:
        assert f"`{state}`" in CALLS


# The catalogue of errors.

GROUPS = {
    "G-1": "The client",
    "G-2": "What was pasted",
    "G-3": "Google says no",
    "G-4": "After the code",
    "G-5": "While running",
    "N-": "Network and clock",
}
DEVICES = {"D-": "Devices"}
CATALOGUES = {
    "docs/how-to/authorize-google.md": GROUPS,
    "docs/reference/device-messages.md": DEVICES,
    "docs/how-to/alerts.md": {"M-": "Meetings and alerts"},
    "docs/reference/messages.md": {"A-": "Administrators", "C-": "Configuration and backups"},
}
"""Which page holds the table of which codes."""


def catalogue_table(groups: dict[str, str]) -> str:
    """The table of these codes, made from what the product says when it knows least."""
    lines, group = ["| Code | What it says | What to do |", "|---|---|---|"], ""
    for code in messages.codes():
        start = next((start for start in groups if code.startswith(start)), None)
        if start is None:
            continue
        message = message_of(code)
        if start != group:
            lines.append(f"| | **{groups[start]}** | |")
            group = start
        buttons = " · ".join(f"**{button.label}**" for button in message.buttons)
        remedy = " ".join(part for part in (message.text, message.remedy, buttons) if part)
        lines.append(f"| {code} | {_cell(message.title)} | {_cell(remedy)} |")
    return "\n".join(lines) + "\n"


def message_of(code: str) -> messages.Message:
    """Ask again for as long as a value is missing."""
    values: dict[str, str] = {}
    while True:
        try:
            return messages.text(code, **values)
        except KeyError as missing:
            (name,) = missing.args
            assert name not in values
            values[name] = "…"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


@pytest.mark.parametrize("page", list(CATALOGUES))
def test_the_table_of_errors_is_what_the_product_says(page: str):
    written = DOCS[page].partition("<!-- catalogue -->\n\n")[2]
    assert written == catalogue_table(CATALOGUES[page]), f"replace the table at the end of {page} by this one"


def test_every_code_is_in_one_of_the_tables():
    starts = [start for groups in CATALOGUES.values() for start in groups]
    assert [code for code in messages.codes() if not code.startswith(tuple(starts))] == []


# Links, names, tone.


@pages
def test_every_link_leads_somewhere(name: str):
    for text, target in re.findall(r"\[([^\]]+)\]\(([^)\s]+)\)", without_code(DOCS[name])):
        if target.startswith(("http://", "https://")):
            continue
        path, _, anchor = target.partition("#")
        page = (ROOT / name).parent / path if path else ROOT / name
        assert page.exists(), f"[{text}]({target})"
        if anchor:
            assert anchor in anchors(page), f"[{text}]({target})"


def anchors(page: Path) -> set[str]:
    """The names under which a page's headings can be linked to, as code hosts make them."""
    headings = re.findall(r"^#+ (.*)", without_code(page.read_text("utf-8")), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def without_code(text: str) -> str:
    return re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)


def test_every_page_is_reached_from_the_readme():
    reached, waiting = set(), ["README.md"]
    while waiting:
        name = waiting.pop()
        reached.add(name)
        for target in re.findall(r"\]\(([^)#\s]+\.md)", DOCS[name]):
            found = ((ROOT / name).parent / target).resolve().relative_to(ROOT).as_posix()
            if found in DOCS and found not in reached:
                waiting.append(found)
    assert set(DOCS) - reached == set()


def test_every_make_target_that_is_named_exists():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.M))
    for name, text in DOCS.items():
        named = set(re.findall(r"(?:`|^)make ([a-z-]+)", text, re.M))
        assert named <= targets, name
    assert targets - {"help"} <= set(re.findall(r"`make ([a-z-]+)`", COMMANDS))


@pages
def test_the_pages_speak_of_nothing_that_is_not_public(name: str):
    for word in (r"\.\./shared", r"/work/", r"/root/", r"\bissue #?\d", r"\bsession \d", r"\bTODO\b", r"\bTBD\b"):
        assert not re.search(word, DOCS[name], re.I), word
