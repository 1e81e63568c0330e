"""The help pages: one for each code of the catalogue, the list of them, and the guide to a client; no session here."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from aiohttp import web

from gateway import __version__, messages
from gateway.accounts import console
from gateway.admin.buttons import paragraphs, pressing
from gateway.admin.shell import Shell
from gateway.messages import Message
from gateway.messages.languages import tr
from gateway.operations.settings.changelog import changelog

MOST_ASKED = 100
"""Characters of a search that count."""


@dataclass(frozen=True, slots=True)
class Place:
    """A page where a group of messages is dealt with."""

    path: str
    label: str


def _groups() -> tuple[tuple[str, str], ...]:
    return (
        ("G-1", tr("Client details")),
        ("G-2", tr("Paste box")),
        ("G-3", tr("Google says no")),
        ("G-4", tr("After the code")),
        ("G-5", tr("While running")),
        ("N-", tr("Network and clock")),
        ("A-", tr("Signing in to this page")),
        ("D-", tr("Devices")),
        ("M-", tr("Meetings and alerts")),
        ("C-", tr("Configuration and backups")),
    )


def _place(code: str) -> Place:
    """Return where somebody goes on who has read about a code."""
    if code.startswith("D-"):
        return Place("/devices", tr("Open the devices"))
    if code.startswith("M-"):
        return Place("/meetings", tr("Open the meetings"))
    if code.startswith(("A-", "C-")):
        return Place("/settings", tr("Open the settings"))
    return Place("/google", tr("Open the Google page"))


class HelpPages:
    """GET /help, /help/guide, /help/changes and /help/{code}. They know nothing about this gateway but its name."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell

    async def index(self, request: web.Request) -> web.Response:
        """Every code in groups, or those that fit the words that somebody looks for."""
        asked = " ".join(request.query.get("q", "")[:MOST_ASKED].split())
        groups = grouped(asked)
        found = sum(len(listed) for _, listed in groups)
        return await self._shell.render(request, "help/index.html", groups=groups, asked=asked, found=found)

    async def guide(self, request: web.Request) -> web.Response:
        """All clicks at Google, from the project to the credentials file."""
        return await self._shell.render(
            request, "help/guide.html", clients=console.CLIENTS, audience=console.AUDIENCE, api=console.CALENDAR_API
        )

    async def changes(self, request: web.Request) -> web.Response:
        """What is new in this version and those before."""
        found = await asyncio.to_thread(changelog)
        return await self._shell.render(request, "help/changes.html", blocks=found, version=__version__)

    async def code(self, request: web.Request) -> web.Response:
        """What a code means and what to do."""
        code = request.match_info["code"].upper()
        if code not in messages.codes():
            return await self._shell.render(request, "help/missing.html", status=404)
        return await self._shell.render(
            request,
            "help/code.html",
            message=in_general(code),
            blocks=paragraphs(messages.explanation(code)),
            printed=[words.replace("{app}", tr("(your app)")) for each, words in messages.printed() if each == code],
            place=_place(code),
            commands=messages.commands(code),
            pressed=pressing(signed_in=False, consoles=console.links()),
        )


def in_general(code: str) -> Message:
    """Return the message of a code with dots where it names something."""
    values: dict[str, str] = {}
    while True:
        try:
            return messages.text(code, **values)
        except KeyError as missing:
            name = str(missing.args[0])
            if name in values or name == code:
                raise
            values[name] = "..."


def grouped(asked: str = "") -> list[tuple[str, list[Message]]]:
    """Return the messages under the headings of their groups, in the order of the catalogue.

    With `asked`, only those in whose code, words, help or Google's own words all of its words are, whatever the case.
    """
    headings = _groups()
    groups: dict[str, list[Message]] = {heading: [] for _, heading in headings}
    words = asked.casefold().split()
    for code in messages.codes():
        message = in_general(code)
        if words and not _fits(message, words):
            continue
        heading = next((heading for start, heading in headings if code.startswith(start)), tr("Others"))
        groups.setdefault(heading, []).append(message)
    return [(heading, listed) for heading, listed in groups.items() if listed]


def _fits(message: Message, words: list[str]) -> bool:
    printed = (said for code, said in messages.printed() if code == message.code)
    text = " ".join((message.code, str(message), *messages.explanation(message.code), *printed)).casefold()
    return all(word in text for word in words)
