"""Every text can be said in every language: nothing is missing, nothing is left in English, and everything fits."""

from __future__ import annotations

import argparse
import ast
import asyncio
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import nodes

from gateway import cli, messages
from gateway.messages.languages import (
    LANGUAGES,
    PSEUDO,
    apart,
    direction,
    gettext,
    language,
    ngettext,
    preferred,
    pseudo,
    speaking,
    tr,
    trn,
)
from tests import languages as files

TRANSLATED = sorted(set(LANGUAGES) - {"en"})
TEMPLATES = sorted(files.TEMPLATES.rglob("*.html"))
every_language = pytest.mark.parametrize("code", TRANSLATED)
every_template = pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(files.TEMPLATES)))

SHOWN_AS_IT_IS = {
    "Meeting gateway",
    "Google",
    "Google Calendar",
    "OAuth2.0 Client ID",
    "OAuth2.0 Client Secret",
    "Authorized redirect URIs",
    "?code=4/0A...",
    "MAC",
    "UTC",
    "Prometheus",
    "Python",
}
"""Names of products, and the words of PBXs and of Google that an admin must find again letter by letter."""

READ_OUT = ("aria-label", "title", "alt", "placeholder", "data-busy", "label", "data-label", "data-confirm")
"""Attributes that people see or hear."""

NOT_READ = ("script", "style", "code", "pre")


# The files of the languages.


@every_language
def test_the_catalogue_is_translated_whole(code: str):
    assert files.wrong_with_catalogue(files.english_catalogue(), files.catalogue_of(code)) == []


@every_language
def test_the_pages_are_translated_whole(code: str):
    assert files.wrong_with_pages(files.page_texts(), files.pages_of(code)) == []


@every_language
def test_the_files_are_as_the_command_for_translators_writes_them(code: str, tmp_path: Path):
    files.write(code, tmp_path)
    for name in (f"{code}.json", f"{code}.pages.json"):
        assert (tmp_path / name).read_text("utf-8") == (files.FOLDER / name).read_text("utf-8"), name


async def test_work_that_goes_on_apart_speaks_english():
    async def says() -> str:
        return tr("Save")

    with speaking("en-XA"):
        assert await asyncio.create_task(says()) != "Save"
        assert await asyncio.create_task(says(), context=apart()) == "Save"


def test_every_language_has_its_files_and_no_file_is_too_many():
    names = {path.name for path in files.FOLDER.glob("*.json")}
    assert names == {"en.json", *(f"{code}{end}" for code in TRANSLATED for end in (".json", ".pages.json"))}


@every_language
def test_codes_and_commands_are_never_translated(code: str):
    english, translated = files.english_catalogue(), files.catalogue_of(code)
    commands = "|".join(sorted(command_words(), key=len, reverse=True))
    kept = re.compile(rf"\b[A-Z]-\d{{2,3}}\b|meeting-gateway (?:{commands})\b|\bGATEWAY_[A-Z_]+|--[a-z]+(?:-[a-z]+)*")
    for each, entry in english.items():
        ours = set(kept.findall(" ".join([entry["text"], entry["remedy"], *entry["help"]])))
        theirs = " ".join([translated[each]["text"], translated[each]["remedy"], *translated[each]["help"]])
        assert {words for words in ours if words not in theirs} == set(), each


def command_words() -> set[str]:
    """Every command as it is typed behind the name of the program."""
    found: set[str] = set()

    def collect(parser: argparse.ArgumentParser, before: str) -> None:
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction):
                for word, below in action.choices.items():
                    found.add(f"{before}{word}")
                    collect(below, f"{before}{word} ")

    collect(cli._parser(), "")
    return found


def test_what_is_wrong_with_a_translation_is_found():
    texts = {
        "Hello %(name)s": files.Text("Hello %(name)s", None, "a"),
        "<b>Yes</b>": files.Text("<b>Yes</b>", None, "b"),
        "%(num)s call": files.Text("%(num)s call", "%(num)s calls", "c"),
    }
    good: dict[str, files.Said] = {
        "%(num)s call": ["%(num)s llamada", "%(num)s llamadas"],
        "<b>Yes</b>": "<b>Sí</b>",
        "Hello %(name)s": "Hola %(name)s",
    }
    assert files.wrong_with_pages(texts, good) == []
    for change in (
        {"Hello %(name)s": "Hola"},
        {"Hello %(name)s": ""},
        {"Hello %(name)s": ["Hola %(name)s", "Hola %(name)s"]},
        {"Hello %(name)s": "Hola %(name)s, 100 %"},
        {"<b>Yes</b>": "<i>Sí</i>"},
        {"%(num)s call": "%(num)s llamadas"},
        {"%(num)s call": ["%(num)s llamada"]},
        {"%(num)s call": ["%(num)s llamada", "llamadas"]},
        {"Gone": "Ya no está"},
    ):
        assert len(files.wrong_with_pages(texts, {**good, **change})) == 1, change  # type: ignore[arg-type]


def test_what_is_wrong_with_a_translated_message_is_found():
    said = {"title": "{a} is[ at {b}].", "text": "", "remedy": "Go.", "buttons": ["Go"], "help": ["1. Go.", "Yes."]}
    assert files.wrong_with_catalogue({"X-1": said}, {"X-1": said}) == []
    for change in (
        {"title": "{a} is at {b}."},
        {"title": "Is[ at {b}]."},
        {"title": ""},
        {"text": "More."},
        {"buttons": []},
        {"help": ["Go.", "Yes."]},
        {"help": ["1. Go."]},
    ):
        assert files.wrong_with_catalogue({"X-1": said}, {"X-1": {**said, **change}}), change
    assert files.wrong_with_catalogue({"X-1": said}, {}) == ["X-1: missing"]
    assert files.wrong_with_catalogue({}, {"X-1": said}) == ["X-1: not used"]


# The source: everything that people read can be translated.


def test_only_literal_texts_are_asked_for():
    for path, call in files.python_calls():
        literals = 2 if files.called(call) == "trn" else 1
        given_texts = call.args[:literals]
        place = f"{path.name}:{call.lineno}"
        assert len(given_texts) == literals, place
        assert all(isinstance(each, ast.Constant) and isinstance(each.value, str) for each in given_texts), place


def test_texts_are_not_made_when_modules_are_loaded():
    """There is no reader yet, so that it would stay English for everybody."""
    for path in {path for path, _ in files.python_calls()}:
        waiting: list[ast.AST] = [ast.parse(path.read_text("utf-8"))]
        while waiting:
            node = waiting.pop()
            assert not isinstance(node, ast.Call) or files.called(node) not in files.IN_PYTHON, f"{path}:{node.lineno}"
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                waiting += ast.iter_child_nodes(node)


def test_the_values_of_a_text_are_given():
    for path, call in files.python_calls():
        texts = [each.value for each in call.args[:2] if isinstance(each, ast.Constant) and isinstance(each.value, str)]
        wanted = {name for text in texts for name in re.findall(r"%\((\w+)\)s", text)}
        values = {keyword.arg for keyword in call.keywords}
        counted = {"num"} if files.called(call) == "trn" else set()
        assert None in values or wanted - counted == values - counted, f"{path.name}:{call.lineno} {texts}"
        for text in texts:
            assert re.sub(r"%\(\w+\)s|%%", "", text).count("%") == 0, f"{path.name}:{call.lineno} {text}"


@every_template
def test_templates_ask_for_literal_texts_with_their_values(path: Path):
    for call in files.template_calls(files.parsed(path)):
        literals = [each for each in call.args if isinstance(each, nodes.Const) and isinstance(each.value, str)]
        assert len(literals) == (2 if isinstance(call.node, nodes.Name) and call.node.name == "ngettext" else 1)
        wanted = {name for each in literals for name in re.findall(r"%\((\w+)\)s", each.value)}
        assert wanted <= {keyword.key for keyword in call.kwargs} | {"num"}, f"{path.name}:{call.lineno}"


@every_template
def test_every_word_of_a_template_can_be_translated(path: Path):
    assert left_over(files.parsed(path)) == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("<p>Hello</p>", ["Hello"]),
        ("<p>{{ _('Hello') }}</p>", []),
        ('<p title="Hello">{{ name }}</p>', ["Hello"]),
        ("{{ press('Delete it', '/x') }}", ["Delete it"]),
        ("{% if many %}<b>Some more</b>{% endif %}", ["Some more"]),
        ("{% trans %}Some <b>more</b>{% endtrans %}<i>{{ n }} / 3</i>", []),
        ("{{ 'Yes' if good else _('No') }}", ["Yes"]),
        ("<code>meeting-gateway serve</code>", []),
    ],
)
def test_words_that_cannot_be_translated_are_found(source: str, found: list[str]):
    assert left_over(files.environment().parse(source)) == found


def left_over(tree: nodes.Template) -> list[str]:
    """Return the words of a template that no language reaches: its own text, and literals in its expressions."""
    asked = {id(node) for call in files.template_calls(tree) for node in (call, *call.find_all(nodes.Node))}
    reader = _Words()
    classes = {id(each) for block in tree.find_all(nodes.Block) if block.name == "width" for each in block.body}
    for output in (each for each in tree.find_all(nodes.Output) if id(each) not in classes):
        for each in output.nodes:
            reader.feed(each.data if isinstance(each, nodes.TemplateData) else "\N{OBJECT REPLACEMENT CHARACTER}")
    reader.close()
    compared = {id(each) for one in tree.find_all((nodes.Compare, nodes.Test, nodes.Getitem)) for each in _consts(one)}
    literals = [
        each.value
        for each in _consts(tree)
        if id(each) not in asked | compared and isinstance(each.value, str) and _LIKE_WORDS.match(each.value)
    ]
    return [words for words in (*reader.found, *literals) if words not in SHOWN_AS_IT_IS]


_LIKE_WORDS = re.compile(r"[A-Z][a-z]+($|[ .!?:,-])|[\w']+ [\w']+ [\w']+")


def _consts(tree: nodes.Node) -> list[nodes.Const]:
    return list(tree.find_all(nodes.Const))


class _Words(HTMLParser):
    """Collects what is read by people in the HTML of a template."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._quiet = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._quiet += tag in NOT_READ
        for name, value in attrs:
            if name in READ_OUT:
                self._note(value or "")

    def handle_endtag(self, tag: str) -> None:
        self._quiet -= tag in NOT_READ

    def handle_data(self, data: str) -> None:
        if not self._quiet:
            for part in data.split("\N{OBJECT REPLACEMENT CHARACTER}"):
                self._note(part)

    def _note(self, text: str) -> None:
        words = " ".join(text.split())
        if re.search(r"[A-Za-z]{2}", words) and not re.search(r'="|^-[a-z]', words):  # a macro's attribute
            self.found.append(words)


# How a language is spoken.


def test_a_language_is_spoken_until_the_block_ends():
    assert (language(), direction()) == ("en", "ltr")
    with speaking("es"):
        assert tr("Save") == "Guardar"
        assert trn("%(num)s day ago", "%(num)s days ago", 2) == "hace 2 días"
        assert messages.text("A-02", n="5").title == "Demasiados intentos. Espera 5 minutos."
        with speaking("ar-XB"):
            assert direction() == "rtl"
        assert language() == "es"
        with speaking("tlh"):
            assert language() == "en"
    assert tr("Save") == "Save"


def test_a_text_without_a_translation_stays_english():
    with speaking("es"):
        assert gettext("Never translated, %(why)s") == "Never translated, %(why)s"
        assert ngettext("%(num)s thing never seen", "%(num)s things never seen", 3) == "%(num)s things never seen"


@every_language
def test_every_message_can_be_made(code: str):
    for each in messages.codes():
        with speaking(code):
            said = _made(each)
            assert said.title
            assert len(messages.explanation(each)) > 0
        english = _made(each)
        assert [button.does for button in said.buttons] == [button.does for button in english.buttons]
        assert not re.search(r"[{}\[\]|]|\s\s", str(said).replace("...", "x")), each


def _made(code: str) -> messages.Message:
    values: dict[str, str] = {}
    while True:
        try:
            return messages.text(code, **values)
        except KeyError as missing:
            values[str(missing.args[0])] = "…"


PIECES = st.sampled_from(
    [
        "%(name)s",
        "%(num)s",
        "%%",
        "<strong>",
        "</strong>",
        '<a href="%(x)s">',
        "{n:call/calls}",
        "{ip}",
        "[",
        "|",
        "]",
        "&gt;",
    ]
)


@pytest.mark.parametrize("code", sorted(PSEUDO))
@given(st.lists(PIECES | st.text("Hello world. 3", max_size=12), max_size=12))
def test_a_made_up_language_keeps_what_is_filled_in(code: str, parts: list[str]):
    text = " ".join(parts)
    made = pseudo(text, code)
    assert files.placeholders(made) == files.placeholders(text)
    assert files.tags(made) == files.tags(text)
    assert files.names(made) == files.names(text)
    for sign in "[]|{}<>%&;":
        assert made.count(sign) == text.count(sign)


@pytest.mark.parametrize("code", sorted(PSEUDO))
def test_a_made_up_language_is_seen_at_every_text(code: str):
    for one in files.page_texts():
        assert not re.search(r"[A-Za-z]{3}", re.sub(r"%\(\w+\)s|<[^<>]*>|&\w+;", "", one)) or pseudo(one, code) != one


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("", "en"),
        ("es", "es"),
        ("es-MX,es;q=0.9,en;q=0.8", "es"),
        ("en-GB,es;q=0.9", "en"),
        ("de,es;q=0.5,en;q=0.7", "en"),
        ("fr, *;q=0.1", "en"),
        ("ES", "es"),
        ("es;q=0", "en"),
        ("es;q=high", "en"),
        ("es ; q=1", "es"),
        ("en-XA", "en"),
    ],
)
def test_the_browser_says_which_language_it_wants(header: str, code: str):
    assert preferred(header) == code


@given(st.text(max_size=700) | st.text("esn-;q=0.1, *", max_size=700))
def test_any_header_is_answered(header: str):
    assert preferred(header) in LANGUAGES


# What translators use.


def test_the_command_for_translators(capsys: pytest.CaptureFixture[str]):
    assert files.main(["es"]) == 0
    assert capsys.readouterr().out == "Nothing is missing.\n"
