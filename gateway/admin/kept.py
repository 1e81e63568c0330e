"""Which fields of a form are kept for a moment when it cannot be done yet; where they are kept is a page's matter."""

from __future__ import annotations

import re
from collections.abc import Mapping

OURS = "again-"
"""How the fields of our own questions begin, which are nobody's typed text."""

_SECRET = re.compile(r"pass|secret|token|pin\b|_key|key_|\bkey\b|\bcode\b|file", re.IGNORECASE)


def kept(form: Mapping[str, str]) -> dict[str, str]:
    """Return what may stand in a page again: no password, no secret, no file, and not the token of the form."""
    return {name: value for name, value in form.items() if name != "csrf" and not _is_ours(name) and not _hides(name)}


def dropped(form: Mapping[str, str]) -> bool:
    """Whether something was typed that is not kept and has to be typed again."""
    return any(value for name, value in form.items() if _hides(name) and not _is_ours(name))


def _is_ours(name: str) -> bool:
    return name.startswith(OURS)


def _hides(name: str) -> bool:
    return _SECRET.search(name) is not None
