"""What announced itself on the network, within bounds and cleaned; a claim of strangers that nothing else relies on."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import NamedTuple

MOST_FOUND = 200
LONGEST_TEXT = 80
SAID_AGAIN_AFTER_MS = 60_000


class Announced(NamedTuple):
    """Something that announced itself: `name` is its instance name, the rest what it says of itself, may be empty.

    `product`, `hostname` and `mac` come from the text record of Grandstream devices (keys `product` or `product_name`,
    `hostname`, `mac`); `heard_at` is ms UTC.
    """

    name: str
    address: str
    port: int
    product: str
    hostname: str
    mac: str
    heard_at: int


class Found:
    """The announcements heard last, one for each name; the one not heard for longest makes room."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms
        self._found: OrderedDict[str, Announced] = OrderedDict()
        self._changed: Callable[[], None] = lambda: None

    def hear(self, name: str, address: str, port: int, text: Mapping[bytes, bytes | None]) -> None:
        """Note an announcement; `text` is the text record as it was read (RFC 6763 §6)."""
        shown = cleaned(name)
        now_ms = self._now_ms()
        said = Announced(
            name=shown,
            address=cleaned(address),
            port=port if 0 < port < 65_536 else 0,
            product=_said(text, b"product_name", b"product"),
            hostname=_said(text, b"hostname"),
            mac=_said(text, b"mac"),
            heard_at=now_ms,
        )
        before = self._found.pop(shown, None)
        self._found[shown] = said
        while len(self._found) > MOST_FOUND:
            self._found.popitem(last=False)
        same = before is not None and before._replace(heard_at=now_ms) == said
        if before is None or not same or not 0 <= now_ms - before.heard_at < SAID_AGAIN_AFTER_MS:
            self._changed()

    def forget(self, name: str) -> None:
        """It said goodbye."""
        if self._found.pop(cleaned(name), None) is not None:
            self._changed()

    def everything(self) -> list[Announced]:
        """Return what was heard, the last one first."""
        return list(reversed(self._found.values()))

    def follow(self, changed: Callable[[], None]) -> None:
        """Call this after what is found has changed."""
        self._changed = changed


def cleaned(text: str) -> str:
    """Return a text of a stranger as it may be shown: one line, printable, short."""
    shown = "".join(each if each.isprintable() else " " for each in text[: LONGEST_TEXT * 4])
    return " ".join(shown.split())[:LONGEST_TEXT]


def _said(text: Mapping[bytes, bytes | None], *keys: bytes) -> str:
    for key in keys:
        value = text.get(key)
        if value:
            return cleaned(value[: LONGEST_TEXT * 4].decode("utf-8", "replace"))
    return ""
