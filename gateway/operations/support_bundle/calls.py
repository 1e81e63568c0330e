"""Calls as files for others hold them: bodies taken apart, so that redaction sees the name of each field; pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import parse_qsl

from gateway.devices.call_log import LARGEST_BODY, to_json
from gateway.operations.recording import MOST_CALL_BYTES, MOST_LOG_BYTES, Recording
from gateway.profiles.strict_json import BadJson
from gateway.profiles.strict_json import read as read_json

IN_A_FILE = 20
"""Recorded calls."""
_CALENDAR_LINE = re.compile(r"([A-Za-z0-9-]+)([;:].*)", re.S)


def taken_apart(document: Mapping[str, object]) -> dict[str, object]:
    """Return a written call with its body, its answer and the query of its address as names and values."""
    path, mark, query = str(document.get("path", "")).partition("?")
    found = dict(document)
    if mark:
        found |= {"path": path, "query": _form(query)}
    for name, kind in (("body", "content_type"), ("answer", "answer_type")):
        if isinstance(text := document.get(name), str):
            found[name] = _opened(str(document.get(kind, "")), text)
    return found


def _opened(content_type: str, text: str) -> object:
    kind = content_type.partition(";")[0].strip().lower()
    if kind.endswith("x-www-form-urlencoded"):
        return _form(text)
    if kind.startswith("text/calendar"):
        unfolded = re.sub(r"\r?\n[ \t]", "", text)
        lines = [(line, _CALENDAR_LINE.fullmatch(line)) for line in unfolded.splitlines()]
        return [line if found is None else {found[1]: found[2]} for line, found in lines]
    if text.lstrip()[:1] in ("{", "["):
        try:
            return read_json(text)
        except BadJson:
            return text
    return text


def _form(text: str) -> list[dict[str, object]]:
    return [{name: _opened("", value)} for name, value in parse_qsl(text, keep_blank_values=True)]


def recorded_calls(recording: Recording) -> list[tuple[str, object]]:
    """Return the calls of a recording as files of some calls each, by their names."""
    made: list[tuple[str, object]] = []
    for first in range(0, len(recording.calls), IN_A_FILE):
        calls = recording.calls[first : first + IN_A_FILE]
        documents = [json.loads(to_json(call, LARGEST_BODY)) for call in calls]
        shown = [{**taken_apart(each), "at": _at(each["at_ms"])} for each in documents]
        made.append((f"calls/{first + 1:03}-{first + len(calls):03}.redacted.json", shown))
    return made


def about(recording: Recording) -> str:
    """Return what a recording is, as text."""
    return (
        f"Recorded from {_at(recording.begun_ms)} to {_at(recording.ended_ms)}.\n"
        f"Lines of the log, at every level: {len(recording.lines)} (at most {MOST_LOG_BYTES // 1_000_000} MB).\n"
        f"Calls of devices: {len(recording.calls)} (at most {MOST_CALL_BYTES // 1_000_000} MB).\n"
        f"Older calls that had to make room: {recording.lost}."
    )


def _at(at_ms: int) -> str:
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"
