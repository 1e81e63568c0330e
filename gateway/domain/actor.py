"""Who did something, for the audit log; what they may do is decided in `access`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """`name` is `admin:<user>`, `device:<id>` or `command line`; `source` the caller's IP address, empty on the box."""

    name: str
    source: str = ""


COMMAND_LINE = Actor(name="command line")
