"""Reads the forms of a page as a browser without JavaScript would, and says what pressing a button sends."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass
class Form:
    action: str
    method: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    """Hidden and text fields, the radio buttons and boxes that are ticked, the options that are selected."""
    boxes: list[str] = field(default_factory=list)
    radios: list[str] = field(default_factory=list)
    buttons: dict[str, tuple[str, str] | None] = field(default_factory=dict)
    """What each button sends by its text; None for a button without a name."""

    def pressed(
        self, button: str, *, without: tuple[str, ...] = (), account: str | None = None, **typed: str
    ) -> list[tuple[str, str]]:
        """The body that pressing `button` sends, with boxes in `without` unticked, another account, `typed` fields."""
        chosen = typed if account is None else {**typed, "account": account}
        sent = [(name, chosen.get(name, value)) for name, value in self.fields if value not in without]
        assert set(chosen) <= {name for name, _ in sent}, "no such field"
        named = self.buttons[button]
        return sent if named is None else [*sent, named]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.text: list[str] = []
        self.links: list[str] = []
        self._button: dict[str, str] | None = None
        self._select = ""
        self._textarea = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(action=given["action"], method=given["method"].upper()))
        if tag == "button":
            self._button = given
        if tag == "input":
            self._input(given)
        if tag == "select":
            self._select = given["name"]
            self.forms[-1].fields.append((self._select, ""))
        if tag == "option" and ("selected" in given or self.forms[-1].fields[-1] == (self._select, "")):
            self.forms[-1].fields[-1] = (self._select, given["value"])
        if tag == "textarea":
            self._textarea = given["name"]
            self.forms[-1].fields.append((given["name"], ""))
        if tag == "a":
            self.links.append(given["href"])

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._textarea = ""

    def _input(self, given: dict[str, str]) -> None:
        form = self.forms[-1]
        if given["type"] == "checkbox":
            form.boxes.append(given["value"])
        if given["type"] == "radio":
            form.radios.append(given["value"])
        if given["type"] in ("hidden", "text") or "checked" in given:
            form.fields.append((given["name"], given["value"]))

    def handle_data(self, data: str) -> None:
        self.text.append(data)
        if self._textarea:
            self.forms[-1].fields[-1] = (self._textarea, data)
        if self._button is not None:
            named = (self._button["name"], self._button["value"]) if "name" in self._button else None
            self.forms[-1].buttons[data.strip()] = named
            self._button = None


def read_all(page: str) -> tuple[list[Form], str, list[str]]:
    """The forms of a page, the text people see, and where its links lead."""
    reader = _Reader()
    reader.feed(page)
    return reader.forms, " ".join(" ".join(reader.text).split()), reader.links


def read(page: str) -> tuple[Form | None, str]:
    """The first form of a page (None when it has none) and the text people see."""
    forms, text, _ = read_all(page)
    return (forms[0] if forms else None), text
