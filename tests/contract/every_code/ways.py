"""The list of ways in which a person gets to see each code; what is looked at then stands in `shown`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tests.contract.every_code.scene import Desk, Scene
from tests.journey.plain_browser import Page

Walk = Callable[[Scene], Awaitable[Page]]
Mend = Callable[[Desk], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How one code is reached.

    `walk` ends at the page that shows the code, `how` says it in words, `says` are sentences that must be there word
    for word, with real values in them. `mend` takes the cause away, after which Check again finds nothing any more.
    """

    code: str
    how: str
    walk: Walk
    says: tuple[str, ...] = ()
    mend: Mend | None = None


WAYS: dict[str, Way] = {}


def reaches(code: str, how: str, *says: str, mend: Mend | None = None) -> Callable[[Walk], Walk]:
    """Put a walk on the list."""

    def listed(walk: Walk) -> Walk:
        assert code not in WAYS, f"{code} has a way already"
        WAYS[code] = Way(code=code, how=how, walk=walk, says=says, mend=mend)
        return walk

    return listed
