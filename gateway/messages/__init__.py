"""What the product says to people: error code → title, text, remedy, help; when a code applies is not decided here."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from typing import Any, Literal

from gateway.messages.languages import LANGUAGES, PSEUDO, gettext, language, pseudo, translated

Severity = Literal["error", "warning", "info"]

DOES = frozenset(
    {
        "get-code",
        "paste-again",
        "swap",
        "open-clients",
        "open-audience",
        "open-calendar-api",
        "open-admin-console",
        "use-default-redirect",
        "choose-file",
        "show-guide",
        "copy-redirect",
        "copy-client-id",
        "copy-link",
        "go-to-paste",
        "check-again",
        "change-client",
        "error-page",
        "network-check",
        "diagnostics",
        "use-new-account",
        "cancel",
        "ok",
        "authorize-again",
        "use-in-step-1",
        "change-anyway",
        "choose-calendar",
        "show-queue",
        "reload",
        "sign-in",
        "close",
        "add-device",
        "ignore-device",
        "dismiss-device",
        "show-device",
        "new-key",
        "resume-device",
        "test-device",
        "show-address",
        "show-differences",
        "choose-zone",
        "add-email",
        "change-device-password",
        "line-to-copy",
        "trust-certificate",
        "save-for-project",
        "show-call",
        "show-calls",
        "show-meeting",
        "show-refused",
        "put-back",
        "leave-it",
        "show-changes",
        "overwrite",
        "check-settings",
        "show-network",
    }
)
"""What a button can do: the whole vocabulary, which the pages give a meaning to."""

_COMMANDS = {
    "get-code": "meeting-gateway google login",
    "authorize-again": "meeting-gateway google login",
    "use-new-account": "meeting-gateway google login --replace",
    "change-client": "meeting-gateway google login --client FILE.json",
    "choose-file": "meeting-gateway google login --client FILE.json",
}


_WORDS_OF_OURS = frozenset({"feature"})
"""Values that are no names or texts of others, but words that the gateway chose."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """What to press: `label` is a verb for people, `does` one of `DOES`."""

    label: str
    does: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One entry of the catalogue with its values filled in; `remedy` says what to do next and may be empty.

    `values` are what it was made with, so that a button can lead to the device or the meeting it is about.
    """

    code: str
    title: str
    text: str
    remedy: str
    buttons: tuple[Button, ...] = ()
    severity: Severity = "error"
    values: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)

    def __str__(self) -> str:
        return " ".join(part for part in (self.title, self.text, self.remedy) if part)


def text(code: str, **values: str) -> Message:
    """Return the message of `code` in the language that is spoken, with `values` in its placeholders.

    The catalogue writes `{name}` for a value, `{n:change/changes}` for a number with its word, and
    `[part with {name}|otherwise]` for the first part whose values are all given, nothing when there is none. So
    a caller gives what it knows; values beyond the placeholders are ignored. Raises KeyError for an unknown code, and
    for a placeholder outside of brackets without a value.

    Values that are words of ours are translated too: they may have been kept in English.
    """
    entry, said = _catalogue()[code], _said(code)
    if language() not in PSEUDO:
        values |= {name: gettext(values[name]) for name in _WORDS_OF_OURS & values.keys()}
    buttons = zip(entry["buttons"], said["buttons"], strict=True)
    return Message(
        code=code,
        title=_filled(said["title"], values),
        text=_filled(said["text"], values),
        remedy=_filled(said["remedy"], values),
        buttons=tuple(Button(label=_filled(label, values), does=each["does"]) for each, label in buttons),
        severity=entry["severity"],
        values=dict(values),
    )


def explanation(code: str) -> tuple[str, ...]:
    """Return the paragraphs of the help page of `code`; "1. " starts a step. KeyError: no such code."""
    return tuple(_said(code)["help"])


def codes() -> tuple[str, ...]:
    """Return every code, in the order of the catalogue."""
    return tuple(_catalogue())


def printed() -> tuple[tuple[str, str], ...]:
    """Return what Google's own pages print, each with the code that explains it, in the order of the catalogue."""
    return tuple((code, words) for code, entry in _catalogue().items() for words in entry.get("printed", ()))


def commands(code: str) -> tuple[str, ...]:
    """Return what to type in a terminal in place of the buttons of `code`, as far as there is a command for them."""
    does = (each["does"] for each in _catalogue()[code]["buttons"])
    return tuple(dict.fromkeys(_COMMANDS[each] for each in does if each in _COMMANDS))


_CHOICE = re.compile(r"\[([^\[\]]*)\]")
_PLACEHOLDER = re.compile(r"\{(\w+)(?::([^{}/]+)/([^{}/]+))?\}")


def _filled(template: str, values: Mapping[str, str]) -> str:
    chosen = _CHOICE.sub(lambda found: _chosen(found[1], values), template)
    said = _PLACEHOLDER.sub(lambda found: _value(found, values), chosen).strip()
    return said.replace("?.", "?")  # a reason that ends as a question


def _chosen(choice: str, values: Mapping[str, str]) -> str:
    """Take the first of the parts whose values are all there."""
    for part in choice.split("|"):
        if all(values.get(found[1]) for found in _PLACEHOLDER.finditer(part)):
            return part
    return ""


def _value(found: re.Match[str], values: Mapping[str, str]) -> str:
    value = values[found[1]]
    if found[2] is not None:
        return f"{value} {found[2] if value == '1' else found[3]}"
    # A reason that ends its own sentence before the full stop of ours.
    return value.removesuffix(".") if found.string.startswith(".", found.end()) else value


def _said(code: str) -> Mapping[str, Any]:
    """Return the texts of a message in the language that is spoken: as in the catalogue, `buttons` the labels only."""
    entry, spoken = _catalogue()[code], language()
    if spoken in LANGUAGES and spoken != "en" and (found := translated(spoken).get(code, {})).get("title"):
        return dict(found)
    english = {**entry, "buttons": [each["label"] for each in entry["buttons"]]}
    if spoken not in PSEUDO:
        return english
    return {
        part: pseudo(said, spoken) if isinstance(said, str) else [pseudo(each, spoken) for each in said]
        for part, said in english.items()
        if part in _TEXTS
    }


_TEXTS = frozenset({"title", "text", "remedy", "buttons", "help"})


@functools.cache
def _catalogue() -> dict[str, dict[str, Any]]:
    import json  # when a message is wanted: the settings are read without it

    raw = (resources.files(__name__) / "en.json").read_text("utf-8")
    catalogue: dict[str, dict[str, Any]] = json.loads(raw)
    return catalogue
