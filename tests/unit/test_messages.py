"""The catalogue is complete, its placeholders get values, and every code the product names is in it."""

from __future__ import annotations

import ast
import json
import re
import string
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import cli, messages
from gateway.messages.languages import speaking

ROOT = Path(messages.__file__).parent.parent
FILE = (resources.files(messages) / "en.json").read_text("utf-8")
CATALOGUE: dict[str, dict[str, Any]] = json.loads(FILE)
SOURCES = {path.relative_to(ROOT).as_posix(): path.read_text("utf-8") for path in sorted(ROOT.rglob("*.py"))}
TEMPLATES = {path.relative_to(ROOT).as_posix(): path.read_text("utf-8") for path in sorted(ROOT.rglob("*.html"))}
CODE = re.compile(r"[A-Z]-\d{2,3}")
CALLS = {"text", "refusal", "_refused", "_outcome"}
CHOICE = re.compile(r"\[[^\[\]]*\]")
every_code = pytest.mark.parametrize("code", list(CATALOGUE))

BUTTONS = {
    **dict.fromkeys(("G-101", "G-103", "G-106", "G-109", "G-112", "G-115", "G-117"), ""),
    "G-102": "swap",
    "G-104": "open-clients",
    "G-105": "open-clients",
    "G-107": "use-default-redirect",
    "G-108": "use-default-redirect",
    "G-110": "choose-file",
    "G-111": "show-guide",
    "G-113": "copy-redirect",
    "G-114": "copy-redirect",
    "G-116": "change-anyway cancel",
    "G-118": "diagnostics",
    **dict.fromkeys(("G-201", "G-203", "G-204", "G-205", "G-206", "G-208", "G-210", "G-212"), ""),
    **dict.fromkeys(("G-202", "G-207", "G-213", "G-214", "G-215"), "get-code"),
    "G-209": "use-in-step-1",
    "G-211": "error-page",
    "G-300": "go-to-paste",
    "G-301": "get-code",
    "G-302": "open-audience",
    "G-303": "get-code",
    "G-304": "copy-client-id open-admin-console",
    "G-305": "copy-redirect check-again",
    "G-306": "change-client",
    "G-307": "open-clients",
    "G-308": "use-default-redirect",
    "G-309": "copy-link",
    "G-310": "open-calendar-api",
    "G-311": "",
    "G-312": "get-code",
    "G-313": "copy-link",
    "G-314": "show-guide",
    "G-319": "error-page",
    **dict.fromkeys(("G-401", "G-402", "G-403", "G-404", "G-417"), "get-code"),
    "G-405": "change-client",
    "G-406": "show-guide",
    "G-407": "open-calendar-api check-again",
    "G-408": "check-again",
    "G-409": "use-new-account cancel",
    "G-410": "check-again",
    "G-411": "ok",
    "G-412": "network-check",
    "G-413": "diagnostics",
    "G-416": "authorize-again ok",
    "G-418": "authorize-again",
    "G-419": "authorize-again",
    "G-420": "ok",
    **dict.fromkeys(("G-501", "G-502", "G-503", "G-514"), "authorize-again"),
    "G-504": "change-client",
    "G-505": "show-queue",
    "G-506": "show-queue",
    "G-507": "choose-calendar",
    "G-510": "",
    "G-512": "open-calendar-api check-again",
    "G-513": "copy-client-id open-admin-console",
    "G-515": "diagnostics",
    "G-508": "put-back leave-it",
    "G-509": "show-meeting",
    "G-511": "show-device",
    "G-516": "show-meeting",
    "G-524": "show-device",
    **dict.fromkeys(("G-517", "G-518", "G-519", "G-525", "G-526"), ""),
    **dict.fromkeys(("G-520", "G-521", "G-522", "G-534"), "authorize-again"),
    "G-523": "ok",
    "G-527": "get-code",
    **dict.fromkeys(("G-528", "G-529", "G-530", "G-532", "G-533"), ""),
    "G-531": "check-again",
    **dict.fromkeys(("N-01", "N-02", "N-06"), "network-check"),
    **dict.fromkeys(("N-03", "N-04", "N-08", "N-09"), "network-check show-network"),
    "N-05": "check-again",
    "N-07": "show-network",
    **dict.fromkeys(("A-01", "A-02", "A-04", "A-07", "A-08", "A-09", "A-10", "A-11", "A-12", "A-13"), ""),
    "A-03": "sign-in",
    "A-05": "reload",
    "A-06": "show-changes overwrite",
    "D-01": "add-device ignore-device dismiss-device",
    "D-02": "new-key",
    "D-03": "resume-device",
    **dict.fromkeys(("D-04", "D-06"), "show-call"),
    "D-05": "show-differences",
    "D-07": "show-device",
    **dict.fromkeys(("D-08", "D-22"), "choose-zone"),
    "D-10": "test-device",
    "D-11": "add-email",
    "D-13": "show-address",
    "D-14": "show-calls",
    "D-16": "test-device",
    "D-17": "change-device-password",
    "D-18": "line-to-copy",
    "D-19": "trust-certificate",
    "D-21": "save-for-project",
    **dict.fromkeys(("D-09", "D-12", "D-15", "D-20"), ""),
    "M-01": "show-queue",
    "M-02": "show-refused",
    **{f"M-{number:02}": "" for number in range(3, 12)},
    "C-01": "check-settings",
    "C-08": "diagnostics",
    "C-11": "show-queue",
    **{f"C-{number:02}": "" for number in (*range(2, 8), 9, 10, *range(12, 19))},
}
"""Every code that the product promises, and what its buttons do."""

SEVERITIES = {
    **dict.fromkeys(("G-106", "G-115", "G-117", "G-300", "G-311", "G-313", "A-03", "A-10", "A-12"), "info"),
    **dict.fromkeys(("G-113", "G-114", "G-116", "G-409", "G-411", "G-416", "G-420"), "warning"),
    **dict.fromkeys(("G-505", "G-506", "G-508", "G-509", "G-510", "G-511", "G-517", "G-519", "N-06"), "warning"),
    **dict.fromkeys(("G-520", "G-522", "G-523", "G-525", "M-01", "M-03"), "warning"),
    **dict.fromkeys(("G-518", "M-04", "M-05", "M-06", "M-07", "M-11"), "info"),
    **dict.fromkeys(("D-01", "D-03", "D-09"), "info"),
    **dict.fromkeys(("A-06", "N-07", "M-09", "C-09", "C-11", "C-16"), "warning"),
    **dict.fromkeys(("D-05", "D-10", "D-11", "D-12", "D-14", "D-19", "D-20", "D-22"), "warning"),
}
"""What is no error: what only informs, and what goes on or can be gone past."""

NOBODY_NAMES: dict[str, str] = {}
"""Codes that no line of the product names, with the reason."""


def words_of(code: str) -> list[str]:
    """Every text of the entry that may hold placeholders."""
    entry = CATALOGUE[code]
    return [entry["title"], entry["text"], entry["remedy"], *(button["label"] for button in entry["buttons"])]


def names_in(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def placeholders(code: str) -> set[str]:
    return {name for text in words_of(code) for name in names_in(text)}


def required(code: str) -> set[str]:
    """The placeholders that are not in brackets."""
    return {name for text in words_of(code) for name in names_in(CHOICE.sub("", text))}


def named_codes(text: str) -> set[str]:
    return set(re.findall(r"[\"']([GNADMC]-\d{2,3})[\"']", text))


def literal_calls() -> list[tuple[str, str, set[str]]]:
    """Calls that name a code themselves: where, the code, the names of the values given."""
    found = []
    for place, source in SOURCES.items():
        for node in ast.walk(ast.parse(source)):
            if not isinstance(node, ast.Call) or ast.unparse(node.func).rsplit(".", 1)[-1] not in CALLS:
                continue
            codes = [
                each.value
                for argument in node.args
                for each in ast.walk(argument)
                if isinstance(each, ast.Constant) and isinstance(each.value, str) and CODE.fullmatch(each.value)
            ]
            values = {keyword.arg for keyword in node.keywords}
            found += [(f"{place}:{node.lineno}", code, values) for code in codes if None not in values]
    return found


def test_the_catalogue_holds_every_code_that_is_promised():
    assert set(CATALOGUE) == set(BUTTONS)
    assert messages.codes() == tuple(sorted(CATALOGUE, key=lambda code: ("GNADMC".index(code[0]), code)))


def test_the_file_is_written_in_one_way():
    assert json.dumps(CATALOGUE, indent=2, ensure_ascii=False) + "\n" == FILE


@every_code
def test_every_entry_has_its_parts(code: str):
    entry = CATALOGUE[code]
    parts = ["severity", "title", "text", "remedy", "buttons", "help"]
    if code.startswith("G-3"):
        parts.insert(-1, "printed")
    assert list(entry) == parts
    assert " ".join(button["does"] for button in entry["buttons"]) == BUTTONS[code]
    assert entry["severity"] == SEVERITIES.get(code, "error")


@every_code
def test_every_button_does_what_the_pages_know(code: str):
    for button in messages.text(code, **dict.fromkeys(placeholders(code), "x")).buttons:
        assert button.does in messages.DOES
        assert 0 < len(button.label) <= 60
        assert button.label[0].isupper()


@every_code
@pytest.mark.parametrize("known", [placeholders, required])
def test_every_message_can_be_made(code: str, known: Any):
    message = messages.text(code, **{name: "«value»" for name in known(code)})
    assert message.code == code
    assert str(message).startswith(message.title)
    assert message.severity in ("error", "warning", "info")
    said = [str(message), *(button.label for button in message.buttons)]
    for text in said:
        assert not re.search(r"[{}\[\]|]|\s\s|\s[,)]|[.!?] ?\.($|\s)", text.replace("...", "x").replace("4/ .", ""))
    for part in (message.title, message.text, message.remedy):
        assert not part or re.search(r'[.!?]"?$', part), part
    if known(code):
        assert "«value»" in " ".join(said)


@every_code
def test_what_is_not_in_brackets_must_be_given(code: str):
    if required(code):
        with pytest.raises(KeyError):
            messages.text(code)
    else:
        assert messages.text(code).title


@every_code
def test_titles_are_short(code: str):
    for known in (placeholders(code), required(code)):
        assert len(messages.text(code, **dict.fromkeys(known, "…")).title) <= 90


@every_code
def test_nobody_is_blamed(code: str):
    said = " ".join([*words_of(code), *messages.explanation(code)])
    assert not re.search(r"\b(invalid|please|illegal|wrongly|failed|oops|sorry)\b", said, re.I), code


@every_code
def test_every_code_has_a_help_page(code: str):
    paragraphs = messages.explanation(code)
    assert len(" ".join(paragraphs)) > 80
    numbers = [int(found[1]) for each in paragraphs if (found := re.match(r"(\d+)\. ", each))]
    assert numbers == list(range(1, len(numbers) + 1))
    for paragraph in paragraphs:
        assert not re.search(r"[<{}|`]|&\w+;", paragraph)
        assert re.search(r"[.!?:]$|set-ntp true$|timedatectl$|googleapis\.com$", paragraph)
        assert set(CODE.findall(paragraph)) <= set(CATALOGUE)


def test_no_help_page_is_another_ones():
    pages = [messages.explanation(code) for code in messages.codes()]
    assert len(set(pages)) == len(pages)


def test_what_google_prints_belongs_to_one_code():
    texts = [words for _, words in messages.printed()]
    assert len(set(texts)) == len(texts) > 20
    assert {code for code, _ in messages.printed()} == {code for code in CATALOGUE if code.startswith("G-3")}
    assert ("G-302", "Error 403: access_denied") in messages.printed()


def test_commands_for_buttons_are_commands():
    parser = cli._parser()
    for code in messages.codes():
        for command in messages.commands(code):
            program, *words = command.split()
            assert program == "meeting-gateway"
            assert parser.parse_args(words)
    assert messages.commands("G-207") == ("meeting-gateway google login",)
    assert messages.commands("G-301") == messages.commands("G-207")
    assert messages.commands("N-05") == ()


def test_every_code_that_the_source_names_is_in_the_catalogue():
    named = {code: place for place, source in {**SOURCES, **TEMPLATES}.items() for code in named_codes(source)}
    assert len(named) > 50
    assert {code: place for code, place in named.items() if code not in CATALOGUE} == {}
    chosen = {code for code, _ in messages.printed()}  # by what Google printed, on the helper page
    assert set(CATALOGUE) - set(named) - chosen == set(NOBODY_NAMES), "an entry that nothing uses"


def test_calls_that_name_a_code_give_all_its_values():
    calls = literal_calls()
    assert len(calls) > 25
    for place, code, values in calls:
        assert required(code) <= values, f"{place} {code}"


def test_a_number_has_its_word():
    assert messages.text("A-02", n="1").title.endswith("Wait 1 minute.")
    assert messages.text("A-02", n="5").title.endswith("Wait 5 minutes.")


def test_the_first_part_whose_values_are_given_is_taken():
    assert messages.text("G-401").text.endswith("the clock of this gateway is wrong.")
    assert messages.text("G-401", s="7").text.endswith("is wrong (difference now: 7 s).")
    assert messages.text("G-505", n="3").text == "We retry automatically.", "one of two values is not enough"
    assert messages.text("G-502").title == (
        "Someone removed the gateway's access in the Google account, or it was closed."
    )
    assert "account a@example.com, or" in messages.text("G-502", email="a@example.com").title


def test_a_reason_with_its_own_full_stop_does_not_get_a_second():
    assert messages.text("G-413", reason="The disk is full.").text == "Reason: The disk is full."


@given(st.text(min_size=1).filter(lambda text: not text.endswith(".") and text == text.strip()))
def test_values_are_not_read_as_placeholders(value: str):
    assert messages.text("N-02", host=value).title == f"{value} does not answer."
    assert value in messages.text("G-412", snippet=value).text


def test_an_unknown_code_is_a_mistake():
    for ask in (messages.text, messages.explanation, messages.commands):
        with pytest.raises(KeyError):
            ask("G-999")


def test_a_word_of_ours_that_was_kept_in_english_is_shown_in_the_language_of_the_reader():
    kept = messages.text("G-416", feature="looking up busy times").values
    with speaking("es"):
        assert "consultar las horas ocupadas" in messages.text("G-416", **kept).title
        assert "Calendar of Ann" in messages.text("G-416", feature="Calendar of Ann").title
