"""The language that people read, and the words of the pages in it; who wants which one is decided by the pages.

English is what the source says. Another language has two files beside this one: `CODE.json` for the catalogue of
messages and `CODE.pages.json` for everything else, from the English text to the translation. Two more are made up, for
tests: `en-XA` is English with accents and longer, `ar-XB` the same from right to left.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import Context, ContextVar
from importlib import resources
from typing import Any

LANGUAGES: Mapping[str, str] = {"en": "English", "es": "Español"}
"""What people can choose, by its code (BCP 47), each under the name that it gives itself."""

PSEUDO: Mapping[str, str] = {"en-XA": "Ĺöñĝ Ëñĝļîšĥ", "ar-XB": "Right to left"}
"""Made up languages, which nobody is offered but tests and those who translate."""

_RIGHT_TO_LEFT = frozenset({"ar-XB"})
_speaking: ContextVar[str] = ContextVar("speaking", default="en")


def language() -> str:
    """Return the code of the language in which texts are made now."""
    return _speaking.get()


def direction() -> str:
    """Return `ltr` or `rtl`, as the `dir` of a page."""
    return "rtl" if language() in _RIGHT_TO_LEFT else "ltr"


@contextmanager
def speaking(code: str) -> Iterator[None]:
    """Make texts in that language until the block ends; an unknown code is English."""
    token = _speaking.set(code if code in LANGUAGES or code in PSEUDO else "en")
    try:
        yield
    finally:
        _speaking.reset(token)


def apart() -> Context:
    """Return what work goes on in that outlives whoever asked for it: its logs, mails and alerts are in English."""
    return Context()


def preferred(accept_language: str) -> str:
    """Return the best of our languages for an `Accept-Language` (RFC 9110 §12.5.4), English when there is none."""
    wanted: list[tuple[float, str]] = []
    for each in accept_language[:500].split(","):
        name, _, rest = each.strip().partition(";")
        quality = re.fullmatch(r"\s*q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*", rest)
        code = name.strip().partition("-")[0].lower()
        if code in LANGUAGES and (not rest or quality):
            wanted.append((float(quality[1]) if quality else 1.0, code))
    return max(wanted, key=lambda each: each[0])[1] if wanted and max(wanted)[0] > 0 else "en"


def tr(english: str, /, **values: object) -> str:
    """Return a text in the language that is spoken, `%(name)s` in it replaced by the values, `%%` by a percent sign."""
    return gettext(english) % values


def trn(one: str, many: str, number: int, /, **values: object) -> str:
    """Return the text for a number of things; `%(num)s` is the number."""
    return ngettext(one, many, number) % {"num": number, **values}


def gettext(english: str) -> str:
    """Return the translation with its placeholders, the English text when there is none."""
    code = language()
    if code == "en":
        return english
    if code in PSEUDO:
        return pseudo(english, code)
    found = _pages(code).get(english) or english
    return found if isinstance(found, str) else found[0]


def ngettext(one: str, many: str, number: int) -> str:
    """Return the translation for a number of things, with its placeholders."""
    code = language()
    if code == "en" or code in PSEUDO:
        return gettext(one if number == 1 else many)
    found = _pages(code).get(one) or (one, many)
    return found[0 if number == 1 else 1] if not isinstance(found, str) else found


def translated(code: str) -> Mapping[str, Any]:
    """Return the translation of the catalogue of messages into a language that has one, by message code."""
    return _catalogue(code)


def pseudo(text: str, code: str) -> str:
    """Return a text in a made up language; placeholders, tags, choices and entities stay as they are."""
    parts = _FIXED.split(text)
    made = "".join(part if number % 2 else _disguised(part, code) for number, part in enumerate(parts))
    return f"⟦{made}⟧" if code == "en-XA" and text.strip() else made


_FIXED = re.compile(r"(%\(\w+\)[sd]|%%|\{[^{}]*\}|<[^<>]*>|&#?\w+;|[\[\]|]|\s*\d+\.\s)")
_ACCENTS = str.maketrans("aceinosuyACEINOSUY", "áçéîñöšûýÁÇÉÎÑÖŠÛÝ")
_LONGER = re.compile(r"([aeiouáéîöû])(?=\w)", re.I)


def _disguised(part: str, code: str) -> str:
    if not part.strip():
        return part
    if code == "en-XA":
        # A third longer, as German or Finnish are.
        return _LONGER.sub(lambda found: found[1] * 2, part.translate(_ACCENTS))
    lead, body, tail = part[: len(part) - len(part.lstrip())], part.strip(), part[len(part.rstrip()) :]
    return f"{lead}\u202e{body}\u202c{tail}"


@functools.cache
def _pages(code: str) -> dict[str, Any]:
    return _read(f"{code}.pages.json")


@functools.cache
def _catalogue(code: str) -> dict[str, Any]:
    return _read(f"{code}.json")


def _read(name: str) -> dict[str, Any]:
    import json  # when something is translated: the settings are read without it

    raw = (resources.files("gateway.messages") / name).read_text("utf-8")
    found: dict[str, Any] = json.loads(raw)
    return found
