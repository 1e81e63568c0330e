"""The order of the tests: the longest begin first, so that none is left alone at the end; no fixture lives here."""

from __future__ import annotations

import pytest

LONGEST = (
    "tests/browser/",
    "tests/journey/test_killed.py",
    "tests/journey/test_never_lost.py",
    "tests/journey/test_outage.py",
    "tests/journey/test_untold_quotas.py",
    "tests/journey/test_bad_days.py",
    "tests/journey/test_sign_in_commands.py",
    "tests/journey/test_meeting_commands.py",
    "tests/journey/test_meeting_words.py",
    "tests/simulator/test_demo.py",
    "tests/unit/mirror/test_exactly_once.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the order within both parts."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONGEST))
