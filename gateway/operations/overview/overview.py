"""The gateway at a glance: four lights, what needs attention, what comes next; gathered once for all who ask."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from gateway.accounts.accounts import Accounts
from gateway.clock import Clock
from gateway.domain.actor import Actor
from gateway.operations.alerts import rules as alert_rules
from gateway.operations.gathered import Gathered
from gateway.operations.health import Health
from gateway.operations.mirror_status import MirrorStatus, mirror_status
from gateway.operations.overview import meetings as overview_meetings
from gateway.operations.overview import problems as overview_problems
from gateway.operations.overview.lights import Light, Seen, lights
from gateway.operations.overview.meetings import Day, Next
from gateway.operations.overview.problems import Problem, Served
from gateway.store import alerts, audit, overview, pending, settings
from gateway.store.alerts import Held, Waiting
from gateway.store.database import Database
from gateway.store.overview import DeviceFacts
from gateway.store.pending import PendingRow

SLOW_FRESH_S = 60.0
SNOOZE_MS = 2 * 24 * 3_600_000
MOST_SNOOZED = 200
_SNOOZED = "dashboard.snoozed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What was read at one moment, without words; `late` are meetings that wait although their account works.

    `macs` are the hardware addresses of those in `waiting` that announced one, by their addresses. `put_off` are the
    problems that somebody will be reminded of, by their keys, with when (ms UTC).
    """

    status: MirrorStatus
    devices: tuple[DeviceFacts, ...]
    waiting: tuple[PendingRow, ...]
    macs: Mapping[str, str]
    held: tuple[Held, ...]
    late: Waiting | None
    twice: tuple[str, ...]
    put_off: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """Everything that the top of the dashboard says, in the language that is spoken; `put_off` is left out above.

    `macs` are hardware addresses of those who wait, by their addresses, as far as they are known. `status` is what most
    of it was made from.
    """

    status: MirrorStatus
    lights: tuple[Light, ...]
    problems: tuple[Problem, ...]
    put_off: tuple[Problem, ...]
    waiting: tuple[PendingRow, ...]
    macs: Mapping[str, str]
    anything_waits: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Agenda:
    """What comes next after `now_s`, and how today looks. `scheduled`: whether a device ever scheduled anything."""

    now_s: int
    next: tuple[Next, ...]
    today: Day
    scheduled: bool


class Overview:
    """Looks when it is asked. `served` are the devices as the settings have them, by their ids.

    `chosen` are the accounts that the settings name for devices; calendars are read every `every_s`. `noticed`
    gives what stands in no table. Everything raises StoreError when the database cannot be read.
    """

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        accounts: Accounts,
        health: Health,
        served: Callable[[], Mapping[str, Served]],
        chosen: Mapping[str, str],
        zone: Callable[[], str],
        every_s: float,
        noticed: Callable[[], Iterable[Problem]] = tuple,
    ) -> None:
        self._database = database
        self._clock = clock
        self._accounts = accounts
        self._health = health
        self._served = served
        self._chosen = dict(chosen)
        self._zone = zone
        self._every_s = every_s
        self._noticed = noticed
        self._started_s = clock.monotonic_s()
        self._facts = Gathered[Facts]()
        self._agenda = Gathered[Agenda]()
        self._twice: tuple[float, tuple[str, ...]] | None = None

    async def glance(self) -> Glance:
        """Return the lights and the problems."""
        facts, readiness = await self._look(), await self._health.readiness()
        found = [
            *overview_problems.of_disk(readiness.reasons),
            *overview_problems.of_accounts(self._accounts.statuses(), self._accounts.warnings()),
            *overview_problems.of_mirror(facts.status, facts.held, facts.late, self._clock.now_ms()),
            *overview_problems.of_slow(facts.status, self._clock.now_ms(), self._zone()),
            *overview_problems.of_devices(facts.devices, self._served(), self._clock.now_ms()),
            *overview_problems.of_twice_there(facts.twice),
            *self._noticed(),
        ]
        standing = await self._accounts.standing()
        if standing.message is not None and standing.message.code in overview_problems.OUT_OF_REACH:
            found.append(overview_problems.of_network(standing.message))
        problems = overview_problems.sorted_by_weight(found)
        now_ms = self._clock.now_ms()
        off = {key for key, until in facts.put_off.items() if 0 < until - now_ms <= SNOOZE_MS}
        seen = Seen(
            standing=standing,
            readiness=readiness,
            status=facts.status,
            devices=facts.devices,
            troubled=frozenset(each.device for each in problems if each.device and each.severity != "info"),
            waiting=len({row.name for row in facts.waiting}),
            up_s=self._clock.monotonic_s() - self._started_s,
            now_ms=now_ms,
            zone=self._zone(),
        )
        return Glance(
            status=facts.status,
            lights=lights(seen),
            problems=tuple(each for each in problems if each.key not in off or not each.may_wait),
            put_off=tuple(each for each in problems if each.key in off and each.may_wait),
            waiting=facts.waiting,
            macs=facts.macs,
            anything_waits=bool(facts.status.queued),
        )

    async def agenda(self) -> Agenda:
        """Return the next meetings and today's."""
        now_s, zone = self._clock.now_ms() // 1000, self._zone()

        def gather(conn: sqlite3.Connection) -> Agenda:
            return Agenda(
                now_s=now_s,
                next=tuple(overview_meetings.next_meetings(conn, now_s)),
                today=overview_meetings.day(conn, now_s, zone),
                scheduled=overview.any_meeting(conn),
            )

        steady_s = self._clock.monotonic_s()
        return await self._database.read(lambda conn: self._agenda.get(conn, steady_s, gather))

    async def put_off(self, key: str, by: Actor) -> None:
        """Remind people of a problem in two days."""
        await self._keep(key, by, self._clock.now_ms() + SNOOZE_MS, "dashboard.put_off")

    async def take_up(self, key: str, by: Actor) -> None:
        """Show a problem again that was put off."""
        await self._keep(key, by, None, "dashboard.taken_up")

    async def _keep(self, key: str, by: Actor, until: int | None, action: str) -> None:
        now_ms, key = self._clock.now_ms(), key[:300]

        def work(conn: sqlite3.Connection) -> None:
            kept = {name: at for name, at in _put_off(conn).items() if 0 < at - now_ms <= SNOOZE_MS and name != key}
            if until is not None:
                kept = {**dict(list(kept.items())[-MOST_SNOOZED + 1 :]), key: until}
            settings.put(conn, _SNOOZED, json.dumps(kept, ensure_ascii=False), now_ms=now_ms)
            audit.write(conn, at_ms=now_ms, actor=by.name, action=action, object_=key, source=by.source)

        await self._database.write(work)

    async def _look(self) -> Facts:
        """Read it all, or nothing when nothing was written since."""
        steady_s = self._clock.monotonic_s()
        return await self._database.read(lambda conn: self._facts.get(conn, steady_s, self._read))

    def _read(self, conn: sqlite3.Connection) -> Facts:
        now_ms = self._clock.now_ms()
        usable = frozenset(target.account_id for target in self._accounts.usable())
        waiting = tuple(pending.pending(conn))
        return Facts(
            status=mirror_status(conn, now_ms, every_s=self._every_s, chosen=self._chosen),
            devices=tuple(overview.devices(conn)),
            waiting=waiting,
            macs={each.address: each.mac for each in pending.found(conn) if each.mac} if waiting else {},
            held=tuple(alerts.held(conn)),
            late=alerts.waiting_since(conn, now_ms - alert_rules.LATE_MS, usable) if usable else None,
            twice=self._twice_there(conn, now_ms),
            put_off=_put_off(conn),
        )

    def _twice_there(self, conn: sqlite3.Connection, now_ms: int) -> tuple[str, ...]:
        """Look for doubles once a minute: other people's events may be many."""
        now_s = self._clock.monotonic_s()
        if self._twice is None or not 0 <= now_s - self._twice[0] < SLOW_FRESH_S:
            self._twice = (now_s, tuple(overview.twice_there(conn, now_ms // 1000)))
        return self._twice[1]


def _put_off(conn: sqlite3.Connection) -> dict[str, int]:
    """Return what was put off until when; what cannot be read was never put off."""
    row = settings.read(conn, (_SNOOZED,)).get(_SNOOZED)
    try:
        found = json.loads(row.value) if row is not None else {}
        return {str(key): int(at) for key, at in found.items()}
    except (ValueError, TypeError, AttributeError):
        return {}
