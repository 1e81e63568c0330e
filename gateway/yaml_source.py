"""YAML without surprises: bytes to plain data with the place of every key; what the keys mean is not known here."""

from __future__ import annotations

import codecs
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias, cast

import yaml

from gateway.errors import GatewayError
from gateway.messages.languages import tr

MAX_BYTES = 256 * 1024
MAX_DEPTH = 32
MAX_PROBLEMS = 50
_MAX_NUMBER_LENGTH = 64

DataPath: TypeAlias = tuple[str | int, ...]
"""Where a value stands: keys of mappings and indexes of lists, from the root."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A place in the text; both numbers count characters from 1, as editors show them."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class YamlProblem:
    """One mistake and its place. `text` never repeats a value of the file."""

    place: Place
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What a file says.

    `data` is made of dict (keys are always text, in the file's order), list, str, int, float, bool and None.
    `places` has the place of each value's key, of each list item itself, and of the document under `()`.
    """

    data: object
    places: Mapping[DataPath, Place]


class YamlError(GatewayError):
    """A text that is not accepted.

    `problems` holds every mistake that was found, in the order of the text. `partial` is what could be read all the
    same (of a doubled key, the first), or None when the text could not be read to its end.
    """

    code = "yaml"

    def __init__(self, problems: list[YamlProblem], partial: Document | None = None) -> None:
        super().__init__("\n".join(f"{p.place.line}:{p.place.column}: {p.text}" for p in problems))
        self.problems = problems
        self.partial = partial


def read_file(path: Path) -> Document:
    """Read one file of at most `MAX_BYTES`; `OSError` when it cannot be opened, `YamlError` as `parse`."""
    with path.open("rb") as file:
        return parse(file.read(MAX_BYTES + 1))


def parse(raw: bytes) -> Document:
    """Read one document of UTF-8 text (a leading byte order mark is allowed).

    Scalars follow YAML 1.2, narrowed to what cannot be meant otherwise; see `plain_scalar`. Keys are text as written.
    Refused with `YamlError`: more than `MAX_BYTES`, nesting deeper than `MAX_DEPTH`, control characters (escaped ones
    too), doubled keys, anchors, aliases, tags, directives, and a second document.
    """
    return _Composer(_decode(raw)).document()


_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?P<fraction>\.[0-9]+)?(?P<exponent>[eE][-+]?[0-9]+)?")
_WORDS: dict[str, bool | None] = {"": None, "~": None, "null": None, "true": True, "false": False}


def plain_scalar(text: str) -> str | int | float | bool | None:
    """What text without quotes means: `null`, `~`, nothing, `true`, `false`, a decimal number, or the text itself.

    Text stay `yes`, `0071`, `+49`, `1_000`, `0x10`, `12:30:00`, dates, and numbers too large to be kept exactly
    (YAML 1.2 chapter 10.3, without its octal, hexadecimal, infinite and upper-case forms).
    """
    if text in _WORDS:
        return _WORDS[text]
    match = _NUMBER.fullmatch(text) if len(text) <= _MAX_NUMBER_LENGTH else None
    if match is None:
        return text
    if match["fraction"] is None and match["exponent"] is None:
        return int(text)
    number = float(text)
    return number if math.isfinite(number) else text


_UNWANTED = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")


def _decode(raw: bytes) -> str:
    if len(raw) > MAX_BYTES:
        raise YamlError([YamlProblem(Place(1, 1), tr("the file is larger than %(size)s KiB", size=MAX_BYTES // 1024))])
    raw = raw.removeprefix(codecs.BOM_UTF8)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        read = raw[: error.start].decode("utf-8")
        problem = YamlProblem(_place_after(read), tr("the file is not UTF-8 text here; save it as UTF-8"))
    else:
        unwanted = _UNWANTED.search(text)
        if unwanted is None:
            return text
        name = f"U+{ord(unwanted[0]):04X}"
        words = tr("the character %(name)s is not allowed; remove it", name=name)
        problem = YamlProblem(_place_after(text[: unwanted.start()]), words)
    raise YamlError([problem])


def _place_after(read: str) -> Place:
    lines = re.split(r"\r\n|\r|\n", read)
    return Place(len(lines), len(lines[-1]) + 1)


class _Mark(Protocol):
    @property
    def line(self) -> int: ...
    @property
    def column(self) -> int: ...


class _Events(Protocol):
    def check_event(self, *kinds: type[yaml.Event]) -> bool: ...
    def get_event(self) -> yaml.Event: ...


def _events(text: str) -> _Events:
    """The parser in C where PyYAML was built with it, else the one in Python; both give the same events."""
    return cast("_Events", getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text))


class _Stop(Exception):
    """Nothing more can be read; the reason is among the problems."""


class _Composer:
    """Builds one document from the parser's events and remembers places and mistakes on the way."""

    def __init__(self, text: str) -> None:
        self._events = _events(text)
        self._places: dict[DataPath, Place] = {}
        self._problems: list[YamlProblem] = []

    def document(self) -> Document:
        try:
            data = self._only_document()
        except yaml.MarkedYAMLError as error:
            self._problems.append(_syntax_problem(error))
        except _Stop:
            pass
        else:
            document = Document(data=data, places=self._places)
            if not self._problems:
                return document
            raise YamlError(self._problems, document)
        raise YamlError(self._problems)

    def _only_document(self) -> object:
        self._events.get_event()
        self._places[()] = Place(1, 1)
        if self._events.check_event(yaml.StreamEndEvent):
            return None
        start = self._events.get_event()
        if isinstance(start, yaml.DocumentStartEvent) and (start.version or start.tags):
            self._note(start, tr("directives (lines that start with %%) are not allowed; remove the line"))
        data = self._value(self._events.get_event(), ())
        self._events.get_event()
        if not self._events.check_event(yaml.StreamEndEvent):
            second = self._events.get_event()
            self._note(second, tr("a second document starts here; only one is allowed"))
            raise _Stop
        return data

    def _value(self, event: yaml.Event, path: DataPath) -> object:
        self._places.setdefault(path, _place(event))
        if isinstance(event, yaml.AliasEvent):
            self._note(event, tr("aliases (words that start with *) are not allowed; put text in quotes"))
            return None
        if isinstance(event, yaml.ScalarEvent):
            text = self._text(event)
            return plain_scalar(text) if event.implicit[0] else text
        self._refuse_decorations(event)
        if len(path) >= MAX_DEPTH:
            self._note(event, tr("more than %(most)s levels of lists and sections are not allowed", most=MAX_DEPTH))
            raise _Stop
        return self._mapping(path) if isinstance(event, yaml.MappingStartEvent) else self._sequence(path)

    def _mapping(self, path: DataPath) -> dict[str, object]:
        data: dict[str, object] = {}
        while not self._events.check_event(yaml.MappingEndEvent):
            event = self._events.get_event()
            key = self._key(event)
            if key in data:
                first = self._places[*path, key].line
                text = tr(
                    "the key %(key)s is there twice (first in line %(n)s); remove one of them",
                    key=repr(key[:60]),
                    n=first,
                )
                self._note(event, text)
                self._skip()
                continue
            self._places[*path, key] = _place(event)
            data[key] = self._value(self._events.get_event(), (*path, key))
        self._events.get_event()
        return data

    def _sequence(self, path: DataPath) -> list[object]:
        data: list[object] = []
        while not self._events.check_event(yaml.SequenceEndEvent):
            data.append(self._value(self._events.get_event(), (*path, len(data))))
        self._events.get_event()
        return data

    def _key(self, event: yaml.Event) -> str:
        if not isinstance(event, yaml.ScalarEvent):
            self._note(event, tr("a key must be text"))
            raise _Stop
        if not event.value:
            self._note(event, tr("a key is missing before ':'"))
        return self._text(event)

    def _text(self, event: yaml.ScalarEvent) -> str:
        self._refuse_decorations(event)
        if _UNWANTED.search(event.value):
            self._note(event, tr("a control character is not allowed, not even as an escape such as \\0"))
        return event.value

    def _refuse_decorations(self, event: yaml.Event) -> None:
        if getattr(event, "anchor", None) is not None:
            self._note(event, tr("anchors (words that start with &) are not allowed; put text in quotes"))
        if getattr(event, "tag", None) is not None:
            self._note(event, tr("tags (words that start with !) are not allowed; put text in quotes"))

    def _skip(self) -> None:
        """Pass over one whole value."""
        open_collections = 0
        while True:
            event = self._events.get_event()
            if isinstance(event, yaml.CollectionStartEvent):
                open_collections += 1
            elif isinstance(event, yaml.CollectionEndEvent):
                open_collections -= 1
            if open_collections == 0:
                return

    def _note(self, event: yaml.Event, text: str) -> None:
        self._problems.append(YamlProblem(_place(event), text))
        if len(self._problems) >= MAX_PROBLEMS:
            raise _Stop


def _place(event: yaml.Event) -> Place:
    return _place_of(event.start_mark)


def _place_of(mark: _Mark | None) -> Place:
    return Place(mark.line + 1, mark.column + 1) if mark else Place(1, 1)


def _syntax_words(said: str) -> str:
    """What is wrong, by what the parser says of it."""
    known = (
        (
            "mapping values are not allowed",
            tr("':' cannot stand here; check the indentation, or put the text in quotes"),
        ),
        ("sequence entries are not allowed", tr("'-' cannot stand here; a list starts on the line below its key")),
        ("cannot start any token", tr("text that starts like this must be put in quotes, and tabs cannot indent")),
        ("undefined tag handle", tr("tags (words that start with !) are not allowed; put text in quotes")),
        ("expected ',' or", tr("',' or a closing bracket is missing, or text with a ':' is not in quotes")),
        ("unexpected end of stream", tr("the quote that opens here is never closed")),
        ("could not find expected ':'", tr("a key without ':'; check the indentation, or put the text in quotes")),
        ("escape", tr("this escape after '\\' is not allowed; single quotes need none")),
    )
    otherwise = tr("this is not readable as YAML; check the indentation, and that text with ': ' or ' #' is in quotes")
    return next((words for part, words in known if part in said), otherwise)


def _syntax_problem(error: yaml.MarkedYAMLError) -> YamlProblem:
    """Our own words only: the parser's may quote the file, and so a secret."""
    said = error.problem or ""
    at_opening = "end of stream" in said and error.context_mark is not None
    return YamlProblem(_place_of(error.context_mark if at_opening else error.problem_mark), _syntax_words(said))
