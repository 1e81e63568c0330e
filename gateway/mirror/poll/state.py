"""Where asking a device stands: for status views and tests of a device, and the gate before logins; no loop here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from gateway.clock import Clock
from gateway.domain.device import DevicePolicy
from gateway.domain.polling import PollSettings
from gateway.profiles.model import Profile
from gateway.store import polling
from gateway.store.database import Database
from gateway.store.devices import DeviceRow
from gateway.store.polling import PolledMeeting, PollingRow, PollState

MOST_FAILED_LOGINS = 2
LOGIN_WINDOW_MS = 600_000
"""A UCM bans who fails five times in ten minutes (UCM630X manual, Fail2ban); two leave room for people."""


class PolledDevice(Protocol):
    """What asking needs to know of a device of the register."""

    @property
    def row(self) -> DeviceRow:
        """Its row."""

    @property
    def profile(self) -> Profile:
        """How it speaks."""

    @property
    def time_zone(self) -> str | None:
        """The zone the admin set for it."""

    @property
    def policy(self) -> DevicePolicy:
        """What was decided for it."""

    @property
    def directory(self) -> Mapping[str, str]:
        """Extension to e-mail address."""

    @property
    def paused(self) -> bool:
        """Whether it is not to be asked."""

    @property
    def poll(self) -> PollSettings | None:
        """How it is reached; None when it calls itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PollStatus:
    """Where asking a device stands; times are ms UTC, None when it did not happen.

    `code` and `text` say what went wrong last, empty when nothing did; `warning` is something to know while it works.
    `every_s` is the pause at present. `listed` counts the meetings of the last whole list, `not_understood` those that
    could not be taken, `missing` those known that the last list lacked, `asked` those an admin has to judge (state
    `asks`). `fingerprint` is the certificate that would have to be trusted.
    """

    device: str
    state: PollState
    code: str = ""
    text: str = ""
    warning: str = ""
    last_poll_ms: int | None = None
    last_success_ms: int | None = None
    next_poll_ms: int | None = None
    every_s: float | None = None
    listed: int = 0
    not_understood: int = 0
    missing: int = 0
    asked: int = 0
    fingerprint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TestReport:
    """What trying a device came to: `text` says in one sentence or two what works, or what to change on the PBX.

    `fingerprint` is the certificate that would have to be trusted; `meetings` how many the list has, None when there
    was none; `notes` say which of them are not understood.
    """

    ok: bool
    text: str
    code: str = ""
    fingerprint: str = ""
    meetings: int | None = None
    notes: tuple[str, ...] = ()


def status_of(name: str, row: PollingRow, known: Mapping[str, PolledMeeting]) -> PollStatus:
    """The status as it is stored."""
    return PollStatus(
        device=name,
        state=row.state,
        code=row.code,
        text=row.text,
        warning=row.warning,
        last_poll_ms=row.polled_at,
        last_success_ms=row.succeeded_at,
        next_poll_ms=row.next_at,
        listed=row.listed,
        not_understood=sum(1 for each in known.values() if each.code),
        missing=sum(1 for each in known.values() if each.missing),
        asked=row.asked,
        fingerprint=row.fingerprint,
    )


async def stored_status(database: Database, device: DeviceRow) -> PollStatus:
    """The status of a device for a process that does not ask itself; up to some minutes old."""
    row, known = await database.read(lambda conn: (polling.get(conn, device.id), polling.meetings(conn, device.id)))
    return status_of(device.name, row, known)


class StoredGate:
    """Counts the logins of one device that failed, over restarts and over processes."""

    def __init__(self, database: Database, clock: Clock, device_id: int) -> None:
        self._database = database
        self._clock = clock
        self._device_id = device_id

    async def wait_s(self) -> float:
        """See `LoginGate`."""
        times = await self._recent()
        if len(times) < MOST_FAILED_LOGINS:
            return 0.0
        return (min(times[-MOST_FAILED_LOGINS:]) + LOGIN_WINDOW_MS - self._clock.now_ms()) / 1000 + 1.0

    async def note(self) -> None:
        """See `LoginGate`."""
        times = [*await self._recent(), self._clock.now_ms()]
        await self._database.write(lambda conn: polling.put_logins(conn, self._device_id, times))

    async def clear(self) -> None:
        """See `LoginGate`."""
        await self._database.write(lambda conn: polling.put_logins(conn, self._device_id, ()))

    async def _recent(self) -> list[int]:
        """Those of the last ten minutes; a time ahead of the clock was stamped by a clock that was wrong."""
        now_ms = self._clock.now_ms()
        times = await self._database.read(lambda conn: polling.logins(conn, self._device_id))
        return sorted(at for at in times if now_ms - LOGIN_WINDOW_MS < at <= now_ms)
