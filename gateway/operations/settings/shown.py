"""What is known of the settings for those who show them: value, where it is set, when a change counts; no page here."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from gateway.config import Config
from gateway.config.saved import SAVED, lock_of

AT_ONCE: Final = frozenset({"logging.level"})
"""What counts as soon as it is saved, wherever the gateway runs; callers add what they follow themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One setting: its value as text (empty when it is not set), and the source that locks it, if one does.

    `locked` is `environment GATEWAY_…`, `config.yaml:4` or `command line`; empty when the page may save it.
    """

    key: str
    value: str
    locked: str
    saved: bool


def shown(config: Config, part: str) -> Shown:
    """Return a setting that the page offers."""
    value: object = config
    for step in part.split("."):
        value = getattr(value, step)
    text = "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    return Shown(
        key=part, value=text, locked=locked(config.sources, part), saved=config.sources.get(part, "default") == SAVED
    )


def locked(sources: Mapping[str, str], part: str) -> str:
    """Return the source that locks a setting or a section, empty when nothing does."""
    key = lock_of(sources, part)
    return sources[key] if key else ""


@functools.cache
def zone_names() -> tuple[str, ...]:
    """Return the time zones that people choose from: those that are named after a place, and UTC."""
    from importlib.resources import files

    names = files("tzdata").joinpath("zones").read_text("utf-8").split()
    places = ("Africa/", "America/", "Antarctica/", "Arctic/", "Asia/", "Atlantic/", "Australia/", "Europe/", "Indian/")
    return ("UTC", *sorted(name for name in names if name.startswith((*places, "Pacific/"))))
