"""How log lines look, as text or JSON, and the last net that keeps secrets out of them; it decides no wording."""

from __future__ import annotations

import io
import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import Literal

_BY_SHAPE = re.compile(
    r"ya29\.[\w.-]+|1//[\w-]{10,}|4(?:/|%2[Ff])0[\w-]{8,}|GOCSPX-[\w-]+|eyJ[\w-]{8,}\.[\w-]+\.[\w-]*"
)
_BY_NAME = re.compile(
    r"(?i)((?:\b(?:bearer|basic) +)"
    r"|(?:\b(?:code|state|code_verifier|refresh_token|access_token|id_token|client_secret)(?:=|['\"] *: *['\"])))"
    r"[^\s&'\"]+"
)
_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
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
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    logging.getLogger("gateway.web.http").setLevel(logging.CRITICAL)
    logging.getLogger("asyncio").setLevel(logging.WARNING)


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


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


class TextLines(logging.Formatter):
    """`time LEVEL area: message key=value`, always one line but for tracebacks."""

    def format(self, record: logging.LogRecord) -> str:
        """See `logging.Formatter.format`."""
        extra = "".join(f" {name}={value}" for name, value in _extra(record).items())
        line = _one_line(f"{_time(record)} {record.levelname:<7} {_area(record)}: {record.getMessage()}{extra}")
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
    return record.name.removeprefix("gateway.")
