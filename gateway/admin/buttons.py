"""What the catalogue's buttons are on a page: a link, a form of ours, or something to copy; nothing is done here."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressed:
    """One of these: `href` of a link, `post` (with `fields`) of a form, `action` of a form on the page, text to `copy`.

    `new_tab` opens beside the page; `form` is the id of the form whose fields go along.
    """

    href: str = ""
    post: str = ""
    fields: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    copy: str = ""
    form: str = ""
    action: str = ""
    new_tab: bool = False


_LINKS = {
    "paste-again": "/google#step-3",
    "go-to-paste": "/google#step-3",
    "show-guide": "/help/guide",
    "choose-file": "/google?change=app#file",
    "change-client": "/google?change=app#step-1",
    "choose-calendar": "/google?change=calendar#step-4",
    "error-page": "/google/error-page",
    "ok": "/google",
    "close": "/google",
    "reload": "/google",
    "sign-in": "/sign-in",
}

_FORMS = {
    "get-code": Pressed(post="/google/start", new_tab=True),
    "authorize-again": Pressed(post="/google/start", new_tab=True),
    "copy-link": Pressed(post="/google/link"),
    "swap": Pressed(post="/google/app/again", fields={"how": "swap"}),
    "use-default-redirect": Pressed(post="/google/app/again", fields={"how": "default-redirect"}),
    "change-anyway": Pressed(post="/google/app/again", fields={"how": "confirm"}),
    "use-in-step-1": Pressed(form="paste", action="/google/app/pasted#problem"),
    "use-new-account": Pressed(post="/google/use", fields={"replace": "yes"}),
    "cancel": Pressed(post="/google/cancel"),
    "check-again": Pressed(post="/google/check"),
    "network-check": Pressed(post="/google/check"),
}

_COPIES = ("copy-redirect", "copy-client-id")
_WITH_HELP = ("diagnostics", "show-queue")
"""Pages of their own that do not exist yet: what to look at is on the help page of the message."""


def pressing(
    *, signed_in: bool, known: Mapping[str, str] = _NOTHING, consoles: Mapping[str, str] = _NOTHING
) -> Callable[[str, str], Pressed]:
    """Return what turns a word of `messages.DOES` and the code of its message into a button.

    `known` has the texts to copy and `consoles` the addresses of Google's pages, by the same words. Whoever is not
    `signed_in`, and whatever is not known here, is led to the Google page, which has it all.
    """

    def pressed(does: str, code: str = "") -> Pressed:
        if does in consoles:
            return Pressed(href=consoles[does], new_tab=True)
        if does in _WITH_HELP:
            return Pressed(href=f"/help/{code}" if code else "/help")
        if does in _COPIES:
            return Pressed(copy=known[does]) if known.get(does) else Pressed(href="/google")
        if does == "check-again" and code == "G-305":  # only Google's own page can tell
            does = "get-code"
        if does in _FORMS:
            return _FORMS[does] if signed_in else Pressed(href="/google")
        return Pressed(href=_LINKS.get(does, "/google"))

    return pressed


@dataclass(frozen=True, slots=True)
class Steps:
    """A remedy taken apart: what stands before its numbered steps, the steps, and what follows the last one."""

    before: str
    steps: tuple[str, ...]
    after: str


def steps(text: str) -> Steps:
    """Take "1. Do this. 2. Do that. The rest." apart; a text without numbers is all `before`.

    The last step ends with its first sentence, because what follows is about all of them.
    """
    parts = re.split(r"(?:^|\s)\d\. (?=[A-Z])", text)
    if len(parts) < 3:
        return Steps(text, (), "")
    last, _, after = parts[-1].partition(". ")
    return Steps(parts[0], (*parts[1:-1], f"{last}." if after else last), after)


def paragraphs(help_text: tuple[str, ...]) -> list[tuple[str, tuple[str, ...]]]:
    """Group the paragraphs of a help page: ("p", (text,)) and ("ol", steps)."""
    grouped: list[tuple[str, tuple[str, ...]]] = []
    for each in help_text:
        step = re.match(r"\d+\. ", each)
        if step is None:
            grouped.append(("p", (each,)))
        elif grouped and grouped[-1][0] == "ol":
            grouped[-1] = ("ol", (*grouped[-1][1], each[step.end() :]))
        else:
            grouped.append(("ol", (each[step.end() :],)))
    return grouped
