"""How the tests run: more workers than cores, the longest begin first, examples are the same each time; no fixture.

By default every example that is made up is made up in the same way each time, so that the same tree gives the same
verdict everywhere. With LONG=1 they are others each time, and more: that is where rare mistakes are looked for.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

LONGEST = (
    "tests/browser/",
    "tests/journey/test_killed.py",
    "tests/journey/test_never_lost.py",
    "tests/journey/test_outage.py",
    "tests/journey/test_untold_quotas.py",
    "tests/journey/test_bad_days.py",
    "tests/journey/test_door_memory.py",
    "tests/journey/test_sign_in_commands.py",
    "tests/journey/test_meeting_commands.py",
    "tests/journey/test_meeting_words.py",
    "tests/journey/test_canaries.py",
    "tests/simulator/test_demo.py",
    "tests/contract/test_readme.py",
    "tests/unit/mirror/outbound/test_exactly_once.py",
    "tests/unit/test_config_oracle.py",
)

# A busy machine makes no test fail: nothing is said of how long an example takes.
_SLOW = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow], "print_blob": True}
settings.register_profile("same each time", derandomize=True, database=None, **_SLOW)
settings.register_profile("long", max_examples=1000, **_SLOW)
settings.load_profile("long" if os.environ.get("LONG") else "same each time")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Half as many again as there are cores: many tests wait for a disk, a process or a browser."""
    return max(2, len(os.sched_getaffinity(0)) * 3 // 2)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest first in each worker's part, so that none is left alone at the end; else keep the order.

    The scheduler (`worksteal` of pytest-xdist) begins by cutting the tests, as they are, into one part for each worker.
    """
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    longest = [item for item in items if item.nodeid.startswith(LONGEST)]
    others = [item for item in items if not item.nodeid.startswith(LONGEST)]
    ordered: list[pytest.Item] = []
    for worker in range(workers):
        part = longest[worker::workers]
        room = (len(items) - len(ordered)) // (workers - worker)
        fill = max(0, room - len(part)) if worker < workers - 1 else len(others)
        ordered += part + others[:fill]
        del others[:fill]
    items[:] = ordered
