"""How log lines look, as text or JSON, and the last net that keeps secrets out of them; it decides no wording."""

from __future__ import annotations

import io
import json
import logging
import re
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

_BY_SHAPE = re.compile(
    r"ya29\.[\w.-]+|1//[\w-]{10,}|4(?:/|%2[Ff])0[\w-]{8,}|GOCSPX-[\w-]+|mgk_[\w-]{20,}|eyJ[\w-]{8,}\.[\w-]+\.[\w-]*"
    r"|(?<=/feeds/)[\w-]{20,}"
)
_BY_NAME = re.compile(
    r"(?i)((?:\b(?:bearer|basic) +)"
    r"|(?:\b(?:code|state|code_verifier|refresh_token|access_token|id_token|client_secret)(?:=|['\"] *: *['\"])))"
    r"[^\s&'\"]+"
)
_SAID = "said on one line"
_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", _SAID}
_CONTROL = {number: f"\\x{number:02x}" for number in (*range(32), *range(127, 160))} | {
    number: f"\\u{number:04x}" for number in (0x2028, 0x2029, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
}


def set_up(level: str, form: Literal["text", "json"]) -> None:
    """Send all log lines to standard error in the wanted form; call once, at the start of a command."""
    if isinstance(sys.stderr, io.TextIOWrapper):
        sys.stderr.reconfigure(errors="backslashreplace")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if form == "json" else TextLines())
    root = logging.getLogger()
    root.handlers[:] = [handler, RING]
    root.setLevel(level.upper())
    logging.getLogger("gateway.web.http").setLevel(logging.CRITICAL)
    logging.getLogger("asyncio").setLevel(logging.WARNING)
    # No line shows its thread, its process or its place in the code; looking for them is a third of what a line costs.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging._srcfile = None  # as Python's own logging guide has it, under "Optimization"


def redact(text: str) -> str:
    """Replace what looks like a token, a code, a secret or a credential, by its shape or by the name before it."""
    return _BY_NAME.sub(r"\1***", _BY_SHAPE.sub("***", text))


def _one_line(text: str) -> str:
    return redact(text).translate(_CONTROL)


def _indented(formatted_exception: str) -> str:
    """Return a traceback whose every line is seen to belong to the line before it."""
    return "".join(f"\n  {_one_line(line)}" for line in formatted_exception.split("\n"))


def _extra(record: logging.LogRecord) -> dict[str, object]:
    return {name: value for name, value in vars(record).items() if name not in _OWN and value is not None}


def _said(record: logging.LogRecord) -> str:
    """Return message and fields as one line without secrets, made once for all who write the record down."""
    found: str | None = vars(record).get(_SAID)
    if found is None:
        extra = "".join(f" {name}={value}" for name, value in _extra(record).items())
        found = vars(record)[_SAID] = _one_line(f"{record.getMessage()}{extra}")
    return found


def _named(value: object) -> str:
    return "" if value is None else str(value) if isinstance(value, int) else _one_line(str(value))[:100]


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


class TextLines(logging.Formatter):
    """`time LEVEL area: message key=value`, always one line but for tracebacks."""

    def format(self, record: logging.LogRecord) -> str:
        """See `logging.Formatter.format`."""
        line = f"{_time(record)} {record.levelname:<7} {_area(record).translate(_CONTROL)}: {_said(record)}"
        if record.exc_info:
            line += _indented(self.formatException(record.exc_info))
        return line


class JsonLines(logging.Formatter):
    """One JSON object a line, with the fields of the record beside the message."""

    def format(self, record: logging.LogRecord) -> str:
        """See `logging.Formatter.format`."""
        fields: dict[str, object] = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "area": _area(record),
            "message": redact(record.getMessage()),
        }
        fields |= {name: redact(str(value)) for name, value in _extra(record).items()}
        if record.exc_info:
            fields["exception"] = redact(self.formatException(record.exc_info))
        return json.dumps(fields).replace("\x7f", "\\u007f")


def _area(record: logging.LogRecord) -> str:
    """Two names say where a line comes from, such as `mirror.outbound`; a third would tell only programmers more."""
    return ".".join(record.name.removeprefix("gateway.").split(".")[:2])


@dataclass(frozen=True, slots=True)
class Line:
    """A line that was logged lately: `number` rises by one with each, `at_ms` is UTC, `level` as in `logging`.

    `area` is the part of the gateway, `device` and `meeting` the ids that it is about, empty when about none. `text`
    is without secrets, as it is written to the log.
    """

    number: int
    at_ms: int
    level: int
    area: str
    device: str
    meeting: str
    text: str


class Ring(logging.Handler):
    """The last lines in memory: at most `most_lines`, and at most `most_bytes` of text, whatever comes."""

    def __init__(self, most_lines: int = 2_000, most_bytes: int = 1_000_000) -> None:
        super().__init__()
        self._most_bytes = most_bytes
        self._lines: deque[Line] = deque(maxlen=most_lines)
        self._bytes = 0
        self._number = 0

    def emit(self, record: logging.LogRecord) -> None:
        """See `logging.Handler.emit`; the handler's lock is held."""
        try:
            line = self._made(record)
        except Exception:  # noqa: BLE001 - a line that cannot be made must not stop who logs it
            self.handleError(record)
            return
        if len(self._lines) == self._lines.maxlen:
            self._drop()
        self._lines.append(line)
        self._bytes += len(line.text)
        while self._bytes > self._most_bytes:
            self._drop()

    def lines(self) -> list[Line]:
        """Return what is kept, oldest first."""
        with self.lock or threading.RLock():
            return list(self._lines)

    def forget(self) -> None:
        """Keep nothing of what was logged so far."""
        with self.lock or threading.RLock():
            self._lines.clear()
            self._bytes = 0

    def _made(self, record: logging.LogRecord) -> Line:
        self._number += 1
        text = _said(record)[:_LONGEST]
        if record.exc_info:
            text += _indented(_EXCEPTIONS.formatException(record.exc_info))[-2 * _LONGEST :]
        device, meeting = (_named(vars(record).get(name)) for name in ("device", "meeting"))
        return Line(self._number, int(record.created * 1000), record.levelno, _area(record), device, meeting, text)

    def _drop(self) -> None:
        self._bytes -= len(self._lines.popleft().text)


_LONGEST = 4_000
_EXCEPTIONS = logging.Formatter()
RING = Ring()
"""What this process logged lately, once `set_up` was called."""


class RaisedLevel(logging.Filter):
    """Lets the log say more for a while. It falls back by itself, with the first line after that time.

    Several may want it at the same time, each under a name of its own; it falls back after the last of them.
    """

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._now_s = now_s
        self._usual = logging.NOTSET
        self._until_s: dict[str, float] = {}

    def raise_to(self, level: int, for_s: float, whom: str = "") -> None:
        """Log everything from `level` on for that long, as `whom` wants it; from `for_s` 0 on, as usual."""
        root = logging.getLogger()
        if not self._until_s:
            self._usual = root.level
        self._until_s[whom] = self._now_s() + for_s
        root.setLevel(level)
        for handler in root.handlers:
            if self not in handler.filters:
                handler.addFilter(self)
        self.left_s()

    def left_s(self, whom: str | None = None) -> float:
        """Return for how many seconds more is logged than usual (because `whom` wants it, else at all), or 0."""
        now_s = self._now_s()
        if self._until_s and max(self._until_s.values()) <= now_s:
            self._until_s.clear()
            root = logging.getLogger()
            root.setLevel(self._usual)
            for handler in root.handlers:
                handler.removeFilter(self)
        wanted = self._until_s.values() if whom is None else [self._until_s.get(whom, 0.0)]
        return max(0.0, max(wanted, default=0.0) - now_s)

    def filter(self, record: logging.LogRecord) -> bool:
        """See `logging.Filter.filter`."""
        return self.left_s() > 0 or record.levelno >= self._usual


RAISED = RaisedLevel()
"""The level of this process's log."""
