"""The help pages: one for each code of the catalogue, the list of them, and the guide to a client; no session here."""

from __future__ import annotations

from aiohttp import web

from gateway import messages
from gateway.accounts import console
from gateway.admin.buttons import paragraphs, pressing
from gateway.admin.shell import Shell
from gateway.messages import Message

GROUPS = (
    ("G-1", "Client details"),
    ("G-2", "Paste box"),
    ("G-3", "Google says no"),
    ("G-4", "After the code"),
    ("G-5", "While running"),
    ("N-", "Network and clock"),
    ("A-", "Signing in to this page"),
)
_OTHERS = "Others"


class HelpPages:
    """GET /help, /help/guide and /help/{code}. They know nothing about this gateway but its name."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell

    async def index(self, request: web.Request) -> web.Response:
        """Every code, in groups."""
        return await self._shell.render(request, "help/index.html", groups=grouped())

    async def guide(self, request: web.Request) -> web.Response:
        """All clicks at Google, from the project to the credentials file."""
        return await self._shell.render(
            request, "help/guide.html", clients=console.CLIENTS, audience=console.AUDIENCE, api=console.CALENDAR_API
        )

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
            printed=[words.replace("{app}", "(your app)") for each, words in messages.printed() if each == code],
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


def grouped() -> list[tuple[str, list[Message]]]:
    """Return every message under the heading of its group, in the order of the catalogue."""
    groups: dict[str, list[Message]] = {heading: [] for _, heading in GROUPS}
    for code in messages.codes():
        heading = next((heading for start, heading in GROUPS if code.startswith(start)), _OTHERS)
        groups.setdefault(heading, []).append(in_general(code))
    return [(heading, listed) for heading, listed in groups.items() if listed]
