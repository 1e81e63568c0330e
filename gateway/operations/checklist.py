"""What a new gateway still lacks, step by step, until somebody has seen enough of it; nothing is set up here."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from gateway.accounts.accounts import Accounts
from gateway.clock import Clock
from gateway.domain.actor import Actor
from gateway.messages.languages import tr
from gateway.store import audit, outbox, overview, settings, users
from gateway.store.accounts import AccountState
from gateway.store.database import Database

StepName = Literal["administrator", "clock", "google", "calendar", "device", "meeting", "alerts"]
STEPS: tuple[StepName, ...] = ("administrator", "clock", "google", "calendar", "device", "meeting", "alerts")

WRONG_CLOCK = "N-05"
_DISMISSED = "dashboard.checklist"
_TEST_MEETING = "google.test-written"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step: whether it is done, and in words what there is to do."""

    name: StepName
    done: bool
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """All steps in order; `dismissed` when somebody does not want to see them any more."""

    steps: tuple[Step, ...]
    dismissed: bool

    @property
    def done(self) -> int:
        """How many are done."""
        return sum(each.done for each in self.steps)

    @property
    def shown(self) -> bool:
        """Whether the list is worth showing."""
        return not self.dismissed and self.done < len(self.steps)


class Checklist:
    """`devices` is how many devices are served, `told` whether alerts reach somebody. Everything raises StoreError."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        accounts: Accounts,
        devices: Callable[[], int],
        told: Callable[[], bool],
    ) -> None:
        self._database = database
        self._clock = clock
        self._accounts = accounts
        self._devices = devices
        self._told = told

    async def progress(self) -> Progress:
        """Return how far it is."""

        def read(conn: sqlite3.Connection) -> tuple[bool, bool, bool, bool, bool]:
            clock_is_wrong = WRONG_CLOCK in outbox.waiting_because(conn)
            in_calendar = overview.any_in_calendar(conn)
            return (
                users.count(conn) > 0,
                not clock_is_wrong,
                in_calendar or audit.any_of(conn, _TEST_MEETING),
                in_calendar,
                bool(settings.read(conn, (_DISMISSED,))),
            )

        administrator, clock, tried, in_calendar, dismissed = await self._database.read(read)
        main = self._accounts.status()
        connected = main is not None and main.state is AccountState.CONNECTED
        done: dict[StepName, bool] = {
            "administrator": administrator,
            "clock": clock and (main is None or main.code != WRONG_CLOCK),
            "google": connected,
            # Only a calendar that took an event is surely the right one.
            "calendar": connected and tried,
            "device": self._devices() > 0,
            "meeting": in_calendar,
            "alerts": self._told(),
        }
        words = _words()
        steps = tuple(Step(name=name, done=done[name], words=words[name]) for name in STEPS)
        return Progress(steps=steps, dismissed=dismissed)

    async def dismiss(self, by: Actor) -> None:
        """Show the list no more."""
        now_ms = self._clock.now_ms()

        def work(conn: sqlite3.Connection) -> None:
            settings.put(conn, _DISMISSED, "dismissed", now_ms=now_ms)
            audit.write(
                conn,
                at_ms=now_ms,
                actor=by.name,
                action="dashboard.checklist_dismissed",
                object_="checklist",
                source=by.source,
            )

        await self._database.write(work)


def _words() -> dict[StepName, str]:
    return {
        "administrator": tr("Create the administrator"),
        "clock": tr("Check the clock of this machine"),
        "google": tr("Connect a Google account"),
        "calendar": tr("Choose the calendar and send a test meeting"),
        "device": tr("Add the first device"),
        "meeting": tr("Schedule a first meeting on the device"),
        "alerts": tr("Say who hears of problems: e-mail, webhook or syslog"),
    }
