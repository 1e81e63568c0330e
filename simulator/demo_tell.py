"""How the demo talks to a person at a terminal: numbered steps, ticks and crosses, plain ASCII where it must."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TextIO


class Teller:
    """Writes to a text stream; `steps` is how many numbered steps there will be."""

    def __init__(self, stream: TextIO, *, steps: int) -> None:
        self._stream = stream
        self._steps = steps
        self._step = 0
        self._unicode = (stream.encoding or "ascii").lower().replace("-", "").startswith("utf")

    def say(self, text: str = "") -> None:
        """One line as it is."""
        encoding = self._stream.encoding or "ascii"
        self._stream.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")
        self._stream.flush()

    def step(self, text: str) -> None:
        """The heading of the next step."""
        self._step += 1
        self.say(f"\n[{self._step}/{self._steps}] {text}")

    def lines(self, texts: Iterable[str]) -> None:
        """Lines below a step."""
        for text in texts:
            self.say(f"      {text}".rstrip())

    def check(self, text: str, *, right: bool) -> None:
        """One line with a tick or a cross."""
        tick, cross = ("\u2714", "\u2718") if self._unicode else ("[ok]", "[WRONG]")
        self.say(f"      {tick if right else cross} {text}")

    def document(self, value: object) -> None:
        """A JSON document below a step."""
        self.lines(json.dumps(value, ensure_ascii=not self._unicode, indent=2).splitlines())
