"""One alert and what can carry it; when there is something to tell is not decided here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from gateway.notify.webhook import Told

Severity = Literal["error", "warning", "info"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """What an admin is told; nothing secret is ever in it.

    `id` is the same in every try and on every channel, `type` a stable word such as `account.lost`, `at_s` when it
    happened (seconds since 1970). `code` is that of the catalogue, `title` its first sentence, `text` everything else
    that is known and what to do. `gateway` is the name of the gateway, `page` the address of its admin page, empty
    when nobody knows it. `data` is what a program may want to know, JSON values only.
    """

    id: str
    type: str
    at_s: int
    severity: Severity
    code: str
    title: str
    text: str
    gateway: str
    page: str = ""
    reminder: bool = False
    data: Mapping[str, object] = field(default_factory=dict)

    @property
    def headline(self) -> str:
        """The one line that has to be enough on a telephone."""
        return f"{'Still: ' if self.reminder else ''}{self.title}"


class Channel(Protocol):
    """A way to an admin."""

    @property
    def name(self) -> str:
        """`email`, `webhook` or `syslog`."""

    async def send(self, alert: Alert, *, now_s: int) -> Told:
        """Try once. Raises nothing for what the other side or the network does."""

    async def close(self) -> None:
        """Let go of what was held open."""


def plain(text: str, most: int) -> str:
    """Return a text on one line: what would break it or turn the direction of writing becomes a space."""
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())[:most]
