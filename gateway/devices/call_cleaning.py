"""What may be shown of a call: keys, passwords, PINs and tokens covered, whatever the form of the text; pure."""

from __future__ import annotations

import base64
import binascii
import contextlib
import json
import re
from collections.abc import Collection, Iterable, Iterator
from urllib.parse import parse_qsl, unquote_plus

from gateway import log
from gateway.profiles.fields import SECRET_PARTS, Field
from gateway.profiles.model import Profile
from gateway.profiles.strict_json import BadJson
from gateway.profiles.strict_json import read as read_json

COVERED = "****"
_NAMES = (
    r"pin|pass|pwd|secret|token|cookie|session|signature|authori[sz]|credential|challenge|api[_-]?key|access[_-]?key"
    r"|private[_-]?key|device[_-]?key|host[_-]?code|access[_-]?code"
)
_TELLING = re.compile(rf"{_NAMES}|^key$|kennwort|contrase|mot[_-]de", re.I)
_IN_ADDRESS = re.compile(r"(?<=[?&;])([^?&;=\s\"'<>\\]+)=([^&#\s\"'<>\\]+)")
_TELLING_IN_ADDRESS = re.compile(r"pin|pass|pwd|secret|token|session|key|code|sig", re.I)
_BETWEEN = r"\s\"'\\&=:,{}\[\]"
_NAMED = re.compile(rf"(?<![^{_BETWEEN}])([^{_BETWEEN}]+)\\*[\"']?\s*[:=]\s*")
"""A name and what parts it from its value, in texts of any form; a name begins only where another text ends, so that no
text takes longer than its length deserves."""
_VALUE = re.compile(r"\\*\"(?:[^\"\\]|\\.)*(?:\"|$)|'[^']*(?:'|$)|[^\s,;&}\]\"']+", re.S)
_IN_WORDS = re.compile(r"(?i)(\b(?:pin|passcode|password|passwort|kennwort|contraseña|access code)\b\W{0,3}[:=]\s*)\S+")
_ESCAPE = re.compile(r"\\u00([2-7][0-9a-fA-F])")
_PERCENT = re.compile(r"%([2-7][0-9a-fA-F])")
_LONGEST_JSON_TEXT = 100_000
_SHORTEST_FOLLOWED = 6
"""A shorter secret is not looked for elsewhere: four digits are also an extension."""


def secret_names(profile: Profile | None) -> frozenset[str]:
    """The names, in small letters, of the fields that a profile calls secret."""
    if profile is None:
        return frozenset()
    return frozenset(name.casefold() for shape in profile.shapes for name in _secret(shape.fields))


def _secret(fields: Iterable[Field]) -> Iterator[str]:
    for field in fields:
        if field.secret or field.part in SECRET_PARTS:
            yield field.path[-1] if field.path else field.name
        yield from _secret(field.each)


def secrets_of(authorization: str, address: str) -> list[str]:
    """The secrets in an `Authorization` header, and in the query of an address."""
    found = [value for name, value in parse_qsl(address.partition("?")[2]) if name == "key"]
    scheme, _, rest = authorization.partition(" ")
    found.append(rest.strip())
    if scheme.lower() == "basic":
        with contextlib.suppress(binascii.Error, ValueError):
            found.append(base64.b64decode(rest, validate=True).decode("utf-8", "replace").partition(":")[2])
    return [text for text in found if text]


class CallCleaner:
    """Covers secrets in the parts of one call. `known` are texts that must not be shown wherever they stand."""

    def __init__(self, names: Collection[str], known: Iterable[str] = ()) -> None:
        self._names = names
        self._known = {text for text in known if text}

    def address(self, path: str) -> str:
        """The path and query of a call."""
        before, mark, query = path.partition("?")
        return self._plain(before) + mark + (self._form(query) if mark else "")

    def body(self, content_type: str, body: bytes) -> str:
        """The body of a call, or of an answer, as text. What is not UTF-8 is shown as escapes."""
        known = len(self._known)
        shown = self._body(content_type, body)
        # A secret may also stand before the field that tells that it is one.
        return self._body(content_type, body) if len(self._known) > known else shown

    def _body(self, content_type: str, body: bytes) -> str:
        text = body.decode("utf-8", "backslashreplace")
        kind = content_type.partition(";")[0].strip().lower()
        if kind.endswith("x-www-form-urlencoded"):
            return self._form(text)
        if text.lstrip("\ufeff \t\r\n")[:1] in ("{", "["):
            try:
                value = read_json(text.removeprefix("\ufeff"))
            except BadJson:
                return self._broken(text)
            return json.dumps(self._value(value), ensure_ascii=False)
        if kind.startswith("text/calendar"):
            return "\n".join(self._line(line) for line in re.sub(r"\r?\n[ \t]", "", text).splitlines())
        return self._broken(text)

    def words(self, text: str) -> str:
        """A sentence that may repeat something of the call."""
        return self._plain(text)

    def _value(self, value: object, name: str = "") -> object:
        if name and value not in (None, "", True, False) and self._is_secret(name):
            self._follow(value)
            return COVERED
        if isinstance(value, dict):
            return {self._plain(key): self._value(item, key) for key, item in value.items()}
        if isinstance(value, list):
            return [self._value(item) for item in value]
        return self._text(value) if isinstance(value, str) else value

    def _text(self, text: str) -> str:
        if text[:1] in ("{", "[") and len(text) <= _LONGEST_JSON_TEXT:
            try:
                return json.dumps(self._value(read_json(text)), ensure_ascii=False)
            except BadJson:
                return self._broken(text)
        return self._plain(text)

    def _form(self, text: str) -> str:
        return "&".join(self._pair(part) for part in text.split("&"))

    def _pair(self, part: str) -> str:
        raw_name, mark, raw_value = part.partition("=")
        name = unquote_plus(raw_name)
        if mark and raw_value and self._is_secret(name):
            self._follow(unquote_plus(raw_value))
            return f"{raw_name}={COVERED}"
        value = unquote_plus(raw_value)
        shown = self._text(value)
        return part if shown == value else f"{raw_name}{mark}{shown}"

    def _line(self, line: str) -> str:
        name, mark, value = line.partition(":")
        if mark and self._is_secret(name.partition(";")[0]):
            self._follow(value)
            return f"{name}:{COVERED}"
        return self._broken(line)

    def _broken(self, text: str) -> str:
        """A text that has no form: names are looked for as they are written in every form, escaped or not."""
        for pattern in (_ESCAPE, _PERCENT):
            text = pattern.sub(lambda found: chr(int(found[1], 16)), text)
        parts, at = [], 0
        while (name := _NAMED.search(text, at)) is not None:
            parts.append(text[at : name.end()])
            at = name.end()
            if self._is_secret(name[1]) and (value := _VALUE.match(text, at)) is not None:
                self._follow(value[0].strip("\\\"'"))
                parts.append(COVERED)
                at = value.end()
        return self._plain("".join(parts) + text[at:])

    def _plain(self, text: str) -> str:
        for known in self._known:
            text = text.replace(known, COVERED)
        text = _IN_WORDS.sub(rf"\1{COVERED}", _IN_ADDRESS.sub(_without_value, text))
        return log.redact(text)

    def _is_secret(self, name: str) -> bool:
        return _TELLING.search(name) is not None or name.casefold() in self._names

    def _follow(self, value: object) -> None:
        """Cover a longer secret wherever else it stands in what is cleaned after it."""
        text = str(value)
        if len(text) >= _SHORTEST_FOLLOWED:
            self._known.add(text)


def _without_value(found: re.Match[str]) -> str:
    return f"{found[1]}={COVERED}" if _TELLING_IN_ADDRESS.search(found[1]) else found[0]
