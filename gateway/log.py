"""How log lines look, as text or JSON, and the last net that keeps secrets out of them; it decides no wording."""

from __future__ import annotations

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import Literal

_SECRETS = re.compile(
    r"ya29\.[\w.-]+|1//[\w-]{10,}|4/0[\w-]{10,}|4%2F0[\w-]{10,}|GOCSPX-[\w-]+|(?<=Bearer )\S+|(?<=Basic )\S+"
    r"|(?<=[?&]code=)[^&\s]+|(?<=[?&]state=)[^&\s]+"
)
_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_CONTROL = {number: f"\\x{number:02x}" for number in (*range(32), 127)}


def set_up(level: str, form: Literal["text", "json"]) -> None:
    """Send all log lines to standard error in the wanted form; call once, at the start of a command."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if form == "json" else TextLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    logging.getLogger("gateway.web.http").setLevel(logging.CRITICAL)
    logging.getLogger("asyncio").setLevel(logging.WARNING)


def redact(text: str) -> str:
    """Replace what looks like a token, a code, a secret or a credential."""
    return _SECRETS.sub("***", text)


def _one_line(text: str) -> str:
    return redact(text).translate(_CONTROL)


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
            line += "\n" + redact(self.formatException(record.exc_info))
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
        return json.dumps(fields, ensure_ascii=False)


def _area(record: logging.LogRecord) -> str:
    return record.name.removeprefix("gateway.")
