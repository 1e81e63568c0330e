"""What the catalogue's buttons are on a page: a link, a form of ours, or something to copy; nothing is done here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from string import Formatter
from types import MappingProxyType
from typing import Protocol
from urllib.parse import quote

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


class Pressing(Protocol):
    """What `pressing` returns."""

    def __call__(self, does: str, code: str = "", values: Mapping[str, str] = ...) -> Pressed:
        """Return the button for a word of `messages.DOES`, of a message with `code` and `values`."""
        ...


_LINKS = {
    "paste-again": "/google#step-3",
    "go-to-paste": "/google#step-3",
    "show-guide": "/help/guide",
    "choose-file": "/google?change=app#file",
    "change-client": "/google?change=app#step-1",
    "choose-calendar": "/google?change=calendar#step-4",
    "error-page": "/google/error-page",
    "sign-in": "/sign-in",
    "show-network": "/settings/network#proxy",
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
    "check-settings": Pressed(post="/settings/check#check"),
    "check-again": Pressed(post="/google/check"),
    "network-check": Pressed(post="/google/check"),
}

_FORMS_ARE_AT = {"check-settings": "/settings/about#check"}
"""Where those forms are that are not on the Google page."""

_COPIES = ("copy-redirect", "copy-client-id")

_PLACES = {
    "diagnostics": ("/diagnostics",),
    "show-queue": ("/meetings?state=waiting",),
    "show-refused": ("/meetings?state=failed",),
    "add-device": ("/devices/waiting/{device}", "/devices"),
    "ignore-device": ("/devices/waiting/{device}", "/devices"),
    "dismiss-device": ("/devices/waiting/{device}", "/devices"),
    "show-device": ("/devices/{device}", "/devices"),
    "new-key": ("/devices/{device}/key", "/devices"),
    "resume-device": ("/devices/{device}", "/devices"),
    "test-device": ("/devices/{device}", "/devices"),
    "show-address": ("/devices/{device}/connect", "/settings/network"),
    "show-differences": ("/devices/{device}", "/profiles"),
    "choose-zone": ("/devices/{device}/settings#time_zone", "/devices"),
    "add-email": ("/devices/{device}/directory", "/devices"),
    "change-device-password": ("/devices/{device}/settings", "/devices"),
    "line-to-copy": ("/devices/{device}", "/devices"),
    "trust-certificate": ("/devices/{device}", "/devices"),
    "save-for-project": ("/devices/{device}/calls", "/calls"),
    "show-call": ("/calls/{call}", "/devices/{device}/calls", "/calls"),
    "show-calls": ("/devices/{device}/calls", "/calls"),
    "show-meeting": ("/meetings/{meeting}", "/meetings"),
    "put-back": ("/meetings/{meeting}#decide", "/meetings"),
    "leave-it": ("/meetings/{meeting}#decide", "/meetings"),
    "show-changes": ("/settings",),
    "overwrite": ("/settings",),
}
"""Where the thing is done that a button names: the first address whose values the message has.

`device` is the name of a device, or of one that waits to connect; `call` and `meeting` are their numbers.
"""

_DONE_AT = {
    "ignore-device": "/devices/waiting/{device}/ignore",
    "dismiss-device": "/devices/waiting/{device}/dismiss",
    "resume-device": "/devices/{device}/resume",
    "test-device": "/devices/{device}/test",
}
"""What is done at once, for somebody who is signed in, about a device that is known."""


def pressing(
    *,
    signed_in: bool,
    known: Mapping[str, str] = _NOTHING,
    consoles: Mapping[str, str] = _NOTHING,
    here: str = "/google",
) -> Pressing:
    """Return what turns a word of `messages.DOES`, the code of its message and that one's values into a button.

    `known` has the texts to copy and `consoles` the addresses of Google's pages, by the same words. Whoever is not
    `signed_in`, and whatever is not known here, is led to the Google page, which has it all. `here` is the page that
    reloading leads to.
    """

    def pressed(does: str, code: str = "", values: Mapping[str, str] = _NOTHING) -> Pressed:
        if does in _PLACES:
            return _placed(does, values, signed_in=signed_in)
        if does in consoles:
            return Pressed(href=consoles[does], new_tab=True)
        if does in _COPIES:
            return Pressed(copy=known[does]) if known.get(does) else Pressed(href="/google")
        if does == "check-again" and code == "G-305":  # only Google's own page can tell
            does = "get-code"
        if does in _FORMS:
            return _FORMS[does] if signed_in else Pressed(href=_FORMS_ARE_AT.get(does, "/google"))
        return Pressed(href=_LINKS.get(does, here))

    return pressed


def _placed(does: str, values: Mapping[str, str], *, signed_in: bool) -> Pressed:
    """Return a button about a device, a call or a meeting: a form where that is all there is to do, else a link."""
    if signed_in and does == "line-to-copy" and values.get("line"):
        return Pressed(copy=values["line"])
    quoted = {name: quote(value, safe="") for name, value in values.items() if value}
    if signed_in and does in _DONE_AT and "device" in quoted:
        return Pressed(post=_DONE_AT[does].format_map(quoted))
    fitting = (address for address in _PLACES[does] if _names(address) <= quoted.keys())
    return Pressed(href=next(fitting).format_map(quoted))


def _names(address: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(address) if name is not None}


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
