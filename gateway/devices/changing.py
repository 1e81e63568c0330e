"""What a device's settings are after some of them were changed, judged as new ones are; stored elsewhere."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict
from enum import Enum
from typing import Any

from gateway.config import DeviceSection, device_section
from gateway.errors import ConfigError

_NOT_WORDS = ("key", "webhook")


def changed(section: DeviceSection, words: Mapping[str, object], unset: Collection[str]) -> DeviceSection:
    """Return the settings of a device with `words` put over them and `unset` (dotted) back at their defaults.

    Words are named as in `config.yaml`; those of a part (`join`, `poll`) leave the rest of that part as it is. The
    password of a device that is asked is only in the result when it is among the words. Raises ConfigError with a line
    for each mistake.
    """
    now = _without_nothing(asdict(section))
    for name in _NOT_WORDS:
        now.pop(name, None)
    for dotted in unset:
        _drop(now, dotted.split("."))
    for name, value in words.items():
        if isinstance(value, Mapping):
            now[name] = {**now.get(name, {}), **value}
        else:
            now[name] = value
    if "poll" in now and "address" not in now["poll"]:
        raise ConfigError([f"{section.id} calls by itself. To ask it instead, say where: --poll ADDRESS"])
    return device_section(now)


def _without_nothing(words: dict[str, Any]) -> dict[str, Any]:
    """Leave out what is not set, and say the rest as it is written in a file."""
    kept = {}
    for name, value in words.items():
        if isinstance(value, dict):
            value = _without_nothing(value)
        if value is not None and value != {}:
            kept[name] = value.value if isinstance(value, Enum) else value
    return kept


def _drop(words: dict[str, Any], steps: list[str]) -> None:
    for step in steps[:-1]:
        words = words.get(step, {})
    words.pop(steps[-1], None)
