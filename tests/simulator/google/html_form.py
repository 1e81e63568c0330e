"""Reads the one form of a page as a browser without JavaScript would, and says what pressing a button sends."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass
class Form:
    action: str
    method: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    """Hidden fields, and the radio buttons and boxes that are ticked."""
    boxes: list[str] = field(default_factory=list)
    radios: list[str] = field(default_factory=list)
    buttons: dict[str, tuple[str, str]] = field(default_factory=dict)

    def pressed(
        self, button: str, *, without: tuple[str, ...] = (), account: str | None = None
    ) -> list[tuple[str, str]]:
        """The body that pressing `button` sends, with the boxes in `without` unticked and another account chosen."""
        sent = [(name, value) for name, value in self.fields if value not in without]
        if account is not None:
            sent = [(name, account if name == "account" else value) for name, value in sent]
        return [*sent, self.buttons[button]]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.text: list[str] = []
        self._button: dict[str, str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(action=given["action"], method=given["method"].upper()))
        if tag == "button":
            self._button = given
        if tag == "input":
            self._input(given)

    def _input(self, given: dict[str, str]) -> None:
        form = self.forms[-1]
        if given["type"] == "checkbox":
            form.boxes.append(given["value"])
        if given["type"] == "radio":
            form.radios.append(given["value"])
        if given["type"] == "hidden" or "checked" in given:
            form.fields.append((given["name"], given["value"]))

    def handle_data(self, data: str) -> None:
        self.text.append(data)
        if self._button is not None:
            self.forms[-1].buttons[data.strip()] = (self._button["name"], self._button["value"])
            self._button = None


def read(page: str) -> tuple[Form | None, str]:
    """The form of a page (None when it has none) and the text people see."""
    reader = _Reader()
    reader.feed(page)
    return (reader.forms[0] if reader.forms else None), " ".join(" ".join(reader.text).split())
