"""What there is to translate, and what is wrong with a translation: `python -m tests.languages es`, also for tests."""

from __future__ import annotations

import argparse
import ast
import functools
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
from jinja2 import nodes

from gateway.messages.languages import LANGUAGES

GATEWAY = Path(__file__).parents[1] / "gateway"
FOLDER = GATEWAY / "messages"
TEMPLATES = GATEWAY / "admin" / "templates"
CATALOGUE_TEXTS = ("title", "text", "remedy", "buttons", "help")
IN_TEMPLATES = frozenset({"_", "gettext", "ngettext"})
IN_PYTHON = frozenset({"tr", "trn"})

Said = str | list[str]
"""A translation: a text, or the two for one thing and for several."""


@dataclass(frozen=True, slots=True)
class Text:
    """An English text, with `many` where a number decides between two, and where it stands."""

    one: str
    many: str | None
    place: str


@functools.cache
def environment() -> jinja2.Environment:
    """Return what reads templates as the pages do."""
    made = jinja2.Environment(extensions=["jinja2.ext.i18n"], trim_blocks=True, lstrip_blocks=True, autoescape=True)
    made.policies["ext.i18n.trimmed"] = True
    vars(made)["install_null_translations"](newstyle=True)
    return made


@functools.cache
def page_texts() -> dict[str, Text]:
    """Return every text of the pages, by its English words (those for one thing, where there are two)."""
    found: dict[str, Text] = {}
    for text in (*_in_templates(), *_in_python()):
        known = found.get(text.one)
        if known is None or known.many is None:
            found[text.one] = text
    return found


def _in_templates() -> Iterator[Text]:
    for path in sorted(TEMPLATES.rglob("*.html")):
        for call in template_calls(parsed(path)):
            words = [each.value for each in call.args if isinstance(each, nodes.Const) and isinstance(each.value, str)]
            place = f"{path.relative_to(GATEWAY)}:{call.lineno}"
            if words:
                yield Text(words[0], words[1] if len(words) > 1 else None, place)


@functools.cache
def parsed(path: Path) -> nodes.Template:
    """Return a template as it is read."""
    return environment().parse(path.read_text("utf-8"))


def template_calls(tree: nodes.Template) -> Iterator[nodes.Call]:
    """Return the calls in a template that ask for a translation; `{% trans %}` becomes one."""
    for call in tree.find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name in IN_TEMPLATES:
            yield call


def _in_python() -> Iterator[Text]:
    for path, call in python_calls():
        words = [each.value for each in call.args[:2] if isinstance(each, ast.Constant) and isinstance(each.value, str)]
        if words:
            yield Text(words[0], words[1] if len(words) > 1 else None, f"{path.relative_to(GATEWAY)}:{call.lineno}")


@functools.cache
def python_calls() -> tuple[tuple[Path, ast.Call], ...]:
    """Return every call of `tr` and `trn` in the source, with its file."""
    found = []
    for path in sorted(GATEWAY.rglob("*.py")):
        source = path.read_text("utf-8")
        if re.search(r"\btrn?\(", source):
            tree = ast.parse(source)
            found += [
                (path, node) for node in ast.walk(tree) if isinstance(node, ast.Call) and called(node) in IN_PYTHON
            ]
    return tuple(found)


def called(call: ast.Call) -> str:
    """Return the name of what is called, without what it belongs to."""
    return getattr(call.func, "id", "") or getattr(call.func, "attr", "")


def english_catalogue() -> dict[str, dict[str, Any]]:
    """Return the texts of every message, `buttons` as labels alone: what a translation of the catalogue looks like."""
    whole = json.loads((FOLDER / "en.json").read_text("utf-8"))
    return {
        code: {
            **{part: entry[part] for part in CATALOGUE_TEXTS},
            "buttons": [each["label"] for each in entry["buttons"]],
        }
        for code, entry in whole.items()
    }


def pages_of(code: str) -> dict[str, Said]:
    """Return the translation of the pages."""
    found: dict[str, Said] = json.loads((FOLDER / f"{code}.pages.json").read_text("utf-8"))
    return found


def catalogue_of(code: str) -> dict[str, dict[str, Any]]:
    """Return the translation of the catalogue."""
    found: dict[str, dict[str, Any]] = json.loads((FOLDER / f"{code}.json").read_text("utf-8"))
    return found


# What is wrong with a translation of the pages.


def placeholders(text: str) -> Counter[str]:
    """Return what is filled into a text of the pages."""
    return Counter(re.findall(r"%\(\w+\)[sd]|%%", text))


def tags(text: str) -> Counter[str]:
    """Return the HTML tags of a text, as often as they stand in it."""
    return Counter(re.findall(r"</?[a-z][^<>]*>", text))


def wrong_with_pages(texts: dict[str, Text], translation: dict[str, Said]) -> list[str]:
    """Return what is missing, too much, or does not fit its English text."""
    wrong = [f"missing: {one!r} ({text.place})" for one, text in texts.items() if not _complete(translation.get(one))]
    wrong += [f"not used: {one!r}" for one in translation if one not in texts]
    for one, said in translation.items():
        if one in texts and _complete(said):
            wrong += [f"{problem}: {one!r}" for problem in _unlike(texts[one], said)]
    return wrong


def _complete(said: Said | None) -> bool:
    return bool(said) and (isinstance(said, str) or all(said or ()))


def _unlike(text: Text, said: Said) -> Iterator[str]:
    if text.many is None or isinstance(said, str):
        if text.many is not None:
            yield "needs two texts, for one and for several"
        elif not isinstance(said, str):
            yield "needs one text, because no number decides"
        else:
            yield from _differs(text.one, said)
    elif len(said) != 2:
        yield "needs two texts, for one and for several"
    else:
        yield from _differs(text.one, said[0])
        yield from _differs(text.many, said[1])


def _differs(english: str, said: str) -> Iterator[str]:
    # How often a value stands in a sentence is free; which ones do is not.
    if placeholders(english).keys() != placeholders(said).keys() or names(english).keys() != names(said).keys():
        yield "other placeholders"
    if tags(english) != tags(said):
        yield "other tags"
    if re.sub(r"%\(\w+\)[sd]|%%", "", said).count("%"):
        yield "a percent sign is written %%"


# What is wrong with a translation of the catalogue.


def choices(text: str) -> Counter[tuple[frozenset[str], ...]]:
    """Return the `[one|other]` of a text: for each of its parts, which values it needs."""
    found = re.findall(r"\[([^\[\]]*)\]", text)
    return Counter(tuple(frozenset(names(part)) for part in each.split("|")) for each in found)


def names(text: str) -> Counter[str]:
    """Return which values of a message a text holds."""
    return Counter(re.findall(r"\{(\w+)(?::[^{}/]+/[^{}/]+)?\}", text))


def wrong_with_catalogue(english: dict[str, dict[str, Any]], translation: dict[str, dict[str, Any]]) -> list[str]:
    """Return what is missing, too much, or does not fit its English message."""
    wrong = [f"{code}: missing" for code in english if not translation.get(code, {}).get("title")]
    wrong += [f"{code}: not used" for code in translation if code not in english]
    for code, said in translation.items():
        if code in english and said.get("title"):
            wrong += [f"{code}: {problem}" for problem in _unlike_message(english[code], said)]
    return wrong


def _unlike_message(english: dict[str, Any], said: dict[str, Any]) -> Iterator[str]:
    if list(said) != list(CATALOGUE_TEXTS):
        yield f"has {list(said)} and not {list(CATALOGUE_TEXTS)}"
        return
    for part in ("buttons", "help"):
        if len(english[part]) != len(said[part]):
            yield f"{part}: {len(said[part])} and not {len(english[part])}"
            return
    if [_step(each) for each in english["help"]] != [_step(each) for each in said["help"]]:
        yield "help: other steps"
    pairs = [(part, english[part], said[part]) for part in ("title", "text", "remedy")]
    pairs += [(part, *pair) for part in ("buttons", "help") for pair in zip(english[part], said[part], strict=True)]
    for part, ours, theirs in pairs:
        if bool(ours) != bool(theirs):
            yield f"{part}: one of the two is empty"
        elif names(ours).keys() != names(theirs).keys() or (part != "help" and choices(ours) != choices(theirs)):
            yield f"{part}: other placeholders or choices"


def _step(paragraph: str) -> str:
    found = re.match(r"\d+\. ", paragraph)
    return found[0] if found else ""


# For those who translate.


def write(code: str, folder: Path = FOLDER) -> None:
    """Write both files of a language in order: what is missing is there and empty, what is not used is gone."""
    old_pages, old_catalogue = pages_of(code), catalogue_of(code)
    pages: dict[str, Said] = {}
    for one, text in sorted(page_texts().items(), key=lambda each: each[0].casefold()):
        pages[one] = old_pages.get(one) or (["", ""] if text.many is not None else "")
    catalogue = {
        each: old_catalogue.get(each) or {part: [] if isinstance(said, list) else "" for part, said in texts.items()}
        for each, texts in english_catalogue().items()
    }
    for name, content in ((f"{code}.pages.json", pages), (f"{code}.json", catalogue)):
        (folder / name).write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", "utf-8")


def main(words: list[str]) -> int:
    """List what is wrong with a language; with `--write` bring its files into order before that."""
    parser = argparse.ArgumentParser(prog="python -m tests.languages", description=main.__doc__)
    parser.add_argument("language", choices=sorted(set(LANGUAGES) - {"en"}))
    parser.add_argument("--write", action="store_true", help="sort the files, add empty entries, drop unused ones")
    asked = parser.parse_args(words)
    if asked.write:
        write(asked.language)
    wrong = wrong_with_catalogue(english_catalogue(), catalogue_of(asked.language))
    wrong += wrong_with_pages(page_texts(), pages_of(asked.language))
    print("\n".join(wrong) or "Nothing is missing.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
