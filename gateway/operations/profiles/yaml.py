"""Plain data to YAML text that the profile reader reads back as it was; what is written is decided elsewhere."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from gateway import yaml_source

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:[ ./-][A-Za-z0-9_]+)*")
_AMBIGUOUS = frozenset({"yes", "no", "on", "off", "true", "false", "null", "y", "n"})


def flow(value: object) -> str:
    """A value on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{flow(str(key))}: {flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(flow(item) for item in value) + "]"
    if isinstance(value, str):
        return _text(value)
    return json.dumps(value)


def block(value: Mapping[str, object], indent: int) -> list[str]:
    """A section, one key on each line, each value on one line."""
    return [f"{' ' * indent}{flow(key)}: {flow(item)}" for key, item in value.items()]


def comment(sentence: str, indent: int, width: int = 118) -> list[str]:
    """A sentence as comment lines of at most `width` characters."""
    lines, line = [], " " * indent + "#"
    for word in re.sub(r"[^\x20-\x7e\u00a0-\ud7ff]", "?", sentence).split():
        if len(line) + 1 + len(word) > width and not line.endswith("#"):
            lines.append(line)
            line = " " * indent + "#"
        line += f" {word}"
    return [*lines, line]


def _text(text: str) -> str:
    """Without quotes only what cannot be read as anything else, here or by another reader of YAML."""
    if _PLAIN.fullmatch(text) and text.lower() not in _AMBIGUOUS and yaml_source.plain_scalar(text) == text:
        return text
    return json.dumps(text, ensure_ascii=False)
