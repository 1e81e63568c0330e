"""What the product says to people: error code → title, text and remedy; when a code applies is not decided here."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from importlib import resources


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One entry of the catalogue with its values filled in; `remedy` says what to do next and may be empty."""

    code: str
    title: str
    text: str
    remedy: str

    def __str__(self) -> str:
        return " ".join(part for part in (self.title, self.text, self.remedy) if part)


def text(code: str, **values: str) -> Message:
    """Return the message of `code` in English, with `values` in its placeholders.

    Values beyond the placeholders are ignored. Raises KeyError for an unknown code or a placeholder without a value.
    """
    entry = _catalogue()[code]
    filled = {part: entry[part].format_map(values) for part in ("title", "text", "remedy")}
    return Message(code=code, **filled)


@functools.cache
def _catalogue() -> dict[str, dict[str, str]]:
    raw = (resources.files(__name__) / "en.json").read_text("utf-8")
    catalogue: dict[str, dict[str, str]] = json.loads(raw)
    return catalogue
