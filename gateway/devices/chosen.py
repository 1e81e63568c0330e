"""What was chosen for an added device, as the text that is stored and back; secrets are never in that text."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import Any

from gateway.config import DeviceSection, JoinSection, PollSection
from gateway.domain.device import ConflictRule, Transparency, Visibility, Wins
from gateway.domain.meeting import Invitations
from gateway.domain.secret import Secret
from gateway.errors import ConfigError
from gateway.store.devices import DeviceRow

_KINDS = {
    "invitations": Invitations,
    "wins": Wins,
    "conflict": ConflictRule,
    "transparency": Transparency,
    "visibility": Visibility,
}
_ELSEWHERE = ("id", "profile", "key")
"""What has a column of its own."""


def to_text(section: DeviceSection) -> str:
    """Return what is stored in `device.settings`: JSON without what is at its default. Webhooks are only configured."""
    bare = replace(
        section, key=None, webhook=None, poll=None if section.poll is None else replace(section.poll, password=None)
    )
    words = asdict(bare)
    plain = DeviceSection(id=section.id, profile=section.profile)
    chosen = {
        name: _without_nothing(value) if isinstance(value, dict) else value
        for name, value in words.items()
        if name not in _ELSEWHERE and getattr(bare, name) != getattr(plain, name)
    }
    return json.dumps(chosen, ensure_ascii=False, separators=(",", ":"))


def from_row(row: DeviceRow, password: Secret | None) -> DeviceSection:
    """Return what was chosen for an added device; it was judged when it was stored.

    Raises ConfigError when the text was made by another version of the gateway.
    """
    try:
        words: dict[str, Any] = json.loads(row.settings)
        if "join" in words:
            words["join"] = JoinSection(**words["join"])
        if "poll" in words:
            words["poll"] = PollSection(**words["poll"], password=password)
        for name, kind in _KINDS.items():
            if name in words:
                words[name] = kind(words[name])
        return DeviceSection(id=row.name, profile=row.profile, **words)
    except (TypeError, ValueError):
        raise ConfigError(
            [f"What is stored of the device {row.name} cannot be read; remove it and add it again"]
        ) from None


def readable(row: DeviceRow) -> DeviceSection | None:
    """Return what was chosen for an added device, without its password; None when it cannot be read."""
    try:
        return from_row(row, None)
    except ConfigError:
        return None


def shown_name(row: DeviceRow) -> str:
    """Return the name for people of an added device, also one that was removed."""
    try:
        name = json.loads(row.settings).get("name")
    except ValueError:
        name = None
    return name if isinstance(name, str) else row.name


def _without_nothing(words: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in words.items() if value is not None}
