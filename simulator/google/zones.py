"""Which time zone names Google takes: those of the tz database, in exactly their spelling."""

from __future__ import annotations

import importlib.resources
from functools import lru_cache


@lru_cache(maxsize=1)
def _names() -> frozenset[str]:
    listed = importlib.resources.files("tzdata").joinpath("zones").read_text(encoding="utf-8")
    return frozenset(listed.split()) - {"Factory"}


def is_zone(name: str) -> bool:
    """Whether `name` is an IANA zone (a Windows name such as `Tokyo Standard Time` is not)."""
    return name in _names()
