"""Captured calls made fit to be kept: people, PINs, tokens and telephone numbers replaced; nothing is guessed here."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping

from gateway.operations.profiles.columns import Call, as_json
from gateway.operations.profiles.guess import Guess
from gateway.profiles.fields import SECRET_PARTS, Part

_EMAIL = re.compile(r"[^\s@,;:<>\"'()\[\]]+@[^\s@,;:<>\"'()\[\]]+")
_TELLING = re.compile(
    r"token|secret|passw|passcode|cookie|session|signature|authori[sz]ation|api_?key|credential", re.I
)
_TELEPHONE = re.compile(r"\+?\d{7,15}")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")
REMOVED = "removed"


class Cleaner:
    """Replaces what must not be shared. The same value is replaced by the same other one in all calls, so that what is
    equal stays equal.
    """

    def __init__(self, guess: Guess) -> None:
        self._unwrap = guess.unwrap
        self._known = {meaning.column.path for meaning in guess.meanings}
        self._replace: dict[str, Callable[[str], str]] = {}
        for meaning in guess.meanings:
            path = meaning.column.path
            if meaning.part in SECRET_PARTS:
                self._replace[path] = self._pin
            each = meaning.keys.get("each")
            if meaning.part in (Part.HOST, Part.INVITEES) and isinstance(each, Mapping):
                for part, how in (("name", self._person), ("extension", self._telephone)):
                    if isinstance(keys := each.get(part), Mapping):
                        self._replace[f"{path}.{keys['name']}"] = how
        self._seen: dict[tuple[str, str], int] = {}

    def call(self, call: Call) -> Call:
        """The call without people, PINs and tokens."""
        fields = {str(self._any(name, "")): self._value(value, name) for name, value in call.fields.items()}
        return Call(fields, call.text_values)

    def _value(self, value: object, path: str) -> object:
        if isinstance(value, Mapping):
            return {
                str(self._any(name, "")): self._value(item, self._below(path, name)) for name, item in value.items()
            }
        if isinstance(value, list):
            return [self._value(item, path) for item in value]
        inner = as_json(value)
        if inner is not value:
            return json.dumps(self._value(inner, path), ensure_ascii=False)
        if type(value) is int and path in self._replace:
            replaced = self._replace[path](str(value))
            return int(replaced) if replaced.isdigit() else replaced
        return self._any(value, path) if isinstance(value, str) else value

    def _below(self, path: str, name: str) -> str:
        return name if path in ("", self._unwrap) else f"{path}.{name}"

    def _any(self, text: str, path: str) -> str:
        text = _CONTROL.sub(" ", text)
        if text and path not in self._known and _TELLING.search(path):
            return REMOVED
        if path in self._replace and text:
            return self._replace[path](text)
        return _EMAIL.sub(lambda found: f"person{self._number('email', found[0].lower())}@example.com", text)

    def _pin(self, text: str) -> str:
        return str(10 ** (max(len(text), 1) - 1) + self._number("pin", text))

    def _person(self, text: str) -> str:
        return text if text.isdigit() else f"Person {self._number('person', text)}"

    def _telephone(self, text: str) -> str:
        return f"55501{self._number('telephone', text):02}" if _TELEPHONE.fullmatch(text) else text

    def _number(self, kind: str, text: str) -> int:
        return self._seen.setdefault((kind, text), sum(1 for one, _ in self._seen if one == kind) + 1)
