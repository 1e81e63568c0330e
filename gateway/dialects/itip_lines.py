"""The bytes of an iCalendar object to components and properties; what a property means is not known here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from gateway.errors import BadPayload, FieldProblem, Unreadable

MOST_BYTES = 64 * 1024
_MOST_COMPONENTS = 600
_MOST_LINES = 4_000
_DEEPEST = 4
_LONGEST_HEAD = 1024
_HEAD = re.compile(r'[^":]*(?:"[^"]*"[^":]*)*:')
_NAME = re.compile(r"[A-Za-z0-9-]{1,64}(?=[;:])")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)")


@dataclass(frozen=True, slots=True)
class Property:
    """One content line (RFC 5545, section 3.1): `value` as it stands, escapes and all."""

    name: str
    params: dict[str, str]
    value: str

    def text(self) -> str:
        """The value as TEXT (section 3.3.11), without escapes."""
        from icalendar.parser import unescape_backslash

        return str(unescape_backslash(self.value))


@dataclass(slots=True)
class Component:
    """What stands between a BEGIN and its END. Lines are kept as they are until a property is asked for."""

    name: str
    begins_at: int
    lines: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    inner: list[Component] = field(default_factory=list)

    def all(self, name: str) -> Iterator[Property]:
        """Every property of this name."""
        for number, line in self.lines.get(name, ()):
            yield _property(name, number, line)

    def one(self, name: str) -> Property | None:
        """The property of this name; None when it is not there or empty, `BadPayload` when it is there twice."""
        found = self.lines.get(name, ())
        if len(found) > 1:
            raise BadPayload([FieldProblem(name, "is there twice; send it once")])
        for number, line in found:
            prop = _property(name, number, line)
            return prop if prop.value.strip() else None
        return None

    def named(self, name: str) -> Iterator[Component]:
        """The components of this name directly inside."""
        return (component for component in self.inner if component.name == name)


def read_calendar(body: bytes) -> Component:
    """The one VCALENDAR of a body, or `Unreadable` with the line to blame."""
    if len(body) > MOST_BYTES:
        raise unreadable("body", f"is larger than {MOST_BYTES // 1024} KiB")
    try:
        text = body.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise unreadable("body", f"is not UTF-8 text at byte {error.start + 1}") from error
    if not text or text.isspace():
        raise unreadable("body", "is empty; send a calendar object (text/calendar)")
    if found := _CONTROL.search(text):
        raise unreadable(f"line {text.count(chr(10), 0, found.start()) + 1}", "has a control character")
    return _tree(text)


def unreadable(place: str, reason: str) -> Unreadable:
    """The error for bytes that are no calendar object."""
    return Unreadable(FieldProblem(place, reason))


def _tree(text: str) -> Component:
    from icalendar.parser import Contentlines

    tree = _Tree()
    for number, line in enumerate(Contentlines.from_ical(text), 1):  # type: ignore[no-untyped-call]
        if line.strip():
            tree.add(number, str(line))
    if tree.root is None:
        raise unreadable("body", "has no BEGIN:VCALENDAR")
    if tree.open:
        raise unreadable("body", f"ends before END:{tree.open[-1].name}")
    return tree.root


@dataclass(slots=True)
class _Tree:
    """The components as far as they were read; `open` are those that were begun and not ended."""

    root: Component | None = None
    open: list[Component] = field(default_factory=list)
    count: int = 0

    def add(self, number: int, line: str) -> None:
        if number > _MOST_LINES:
            raise unreadable(_place(number), f"is one too many; send at most {_MOST_LINES} lines")
        match = _NAME.match(line)
        if match is None:
            raise unreadable(_place(number), "is no content line; it needs a name, a colon and a value")
        name = match[0].upper()
        if name == "BEGIN":
            self._begin(number, line)
        elif not self.open:
            raise unreadable(_place(number), "stands outside of BEGIN:VCALENDAR and END:VCALENDAR")
        elif name != "END":
            self.open[-1].lines.setdefault(name, []).append((number, line))
        elif _word(line) != self.open.pop().name:
            raise unreadable(_place(number), "ends something that was not begun last")

    def _begin(self, number: int, line: str) -> None:
        component = Component(_word(line), number)
        self.count += 1
        if len(self.open) >= _DEEPEST or self.count > _MOST_COMPONENTS:
            raise unreadable(_place(number), "begins one component too many")
        if self.open:
            self.open[-1].inner.append(component)
        elif component.name != "VCALENDAR":
            raise unreadable(_place(number), "must be BEGIN:VCALENDAR")
        elif self.root is not None:
            raise unreadable(_place(number), "begins a second calendar; send one for each call")
        else:
            self.root = component
        self.open.append(component)


def _word(line: str) -> str:
    return line.partition(":")[2].strip().upper()


def _property(name: str, number: int, line: str) -> Property:
    """Read one line. Only what stands before the value is given to the library, which reads letter by letter."""
    head = _HEAD.match(line)
    if head is None or len(head[0]) > _LONGEST_HEAD:
        raise unreadable(_place(number), f"is no {name} line; its parameters cannot be read")
    value = line[head.end() :]
    return Property(name, _params(name, number, head[0]) if ";" in head[0] else {}, value)


def _params(name: str, number: int, head: str) -> dict[str, str]:
    from icalendar.parser import Contentline

    try:
        _, params, _ = Contentline(head).raw_parts()  # type: ignore[no-untyped-call]
    except (ValueError, AssertionError) as error:
        raise unreadable(_place(number), f"is no {name} line; its parameters cannot be read") from error
    return {
        str(key).upper(): ", ".join(map(str, said)) if isinstance(said, list) else str(said)
        for key, said in params.items()
    }


def _place(number: int) -> str:
    """A line as counted after unfolding, which is what senders compare with."""
    return f"line {number}"
