"""Checks that tell why something does not work, as data: run side by side, each bounded in time; nothing is repaired.

What the checks look at stands in `doctor_here` and `doctor_google`; pages and commands show what they found.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from gateway import messages
from gateway.messages import Message
from gateway.messages.languages import tr

_LOGGER = logging.getLogger(__name__)

State = Literal["ok", "warn", "fail", "skip"]
WORST: Sequence[State] = ("fail", "warn", "skip", "ok")
LONGEST_S = 20.0
"""How long one check may take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a check found: a sentence, and where something is to be done the catalogue's `message` or a `remedy`."""

    id: str
    title: str
    state: State
    said: str
    message: Message | None = None
    remedy: str = ""

    @property
    def code(self) -> str:
        """The code of the message, empty without one."""
        return self.message.code if self.message is not None else ""

    @property
    def next(self) -> str:
        """What to do, as text; empty when there is nothing to do."""
        if self.remedy or self.message is None:
            return self.remedy
        return self.message.remedy

    def document(self) -> dict[str, str]:
        """Return it for programs; nothing in it is secret."""
        return {
            "id": self.id,
            "title": self.title,
            "state": self.state,
            "said": self.said,
            "code": self.code,
            "remedy": self.next,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The same without name: what the work of a check returns."""

    state: State
    said: str
    message: Message | None = None
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is known of who asks: the clock of the browser (ms UTC, None when it told none), and where it reached us.

    `address` begins with the scheme; it is empty without a browser.
    """

    browser_ms: int | None = None
    address: str = ""


NOBODY = Asked()
Work = Callable[[], Awaitable[Found]]


async def _nothing() -> Found:
    return Found(state="skip", said="")


def told(state: State, code: str, **values: str) -> Found:
    """Return a finding in the words of the catalogue."""
    message = messages.text(code, **values)
    return Found(state=state, said=" ".join(part for part in (message.title, message.text) if part), message=message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check; `on_request` ones change something for a moment and are run only when somebody names them.

    What has to know who asks is `asking` in place of `work`.
    """

    id: str
    title: Callable[[], str]
    work: Work = _nothing
    asking: Callable[[Asked], Awaitable[Found]] | None = None
    on_request: bool = False


class Doctor:
    """Runs checks. `begun` is called before a round, so that what several checks need is looked at once."""

    def __init__(self, checks: Sequence[Check], *, longest_s: float = LONGEST_S) -> None:
        self._checks = {check.id: check for check in checks}
        self._longest_s = longest_s

    @property
    def usual(self) -> tuple[tuple[str, str], ...]:
        """Id and title of the checks that are run when nobody names any."""
        return tuple((check.id, check.title()) for check in self._checks.values() if not check.on_request)

    def knows(self, check_id: str) -> bool:
        """Whether there is such a check."""
        return check_id in self._checks

    async def run(self, chosen: Collection[str] | None = None, asked: Asked = NOBODY) -> list[Finding]:
        """Run these checks, or the usual ones, side by side for who `asked`; return what they found, in their order.

        A check that takes too long, or fails itself, has failed.
        """
        named = [check for check in self._checks.values() if (check.id in chosen if chosen else not check.on_request)]
        return list(await asyncio.gather(*(self._one(check, asked) for check in named)))

    async def _one(self, check: Check, asked: Asked) -> Finding:
        try:
            async with asyncio.timeout(self._longest_s):
                found = await (check.work() if check.asking is None else check.asking(asked))
        except TimeoutError:
            said = tr("This check did not end within %(seconds)s seconds.", seconds=f"{self._longest_s:g}")
            found = Found(state="fail", said=said)
        except Exception:  # a check that fails itself must not keep the others from being told
            _LOGGER.exception("a check failed in the gateway itself", extra={"check": check.id})
            found = Found(state="fail", said=tr("This check failed in the gateway itself. Its log says why."))
        return Finding(
            id=check.id,
            title=check.title(),
            state=found.state,
            said=found.said,
            message=found.message,
            remedy=found.remedy,
        )


def worst(findings: Collection[Finding]) -> State:
    """Return the worst state there is; `ok` of none."""
    return next((state for state in WORST if any(each.state == state for each in findings)), "ok")
