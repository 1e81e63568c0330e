"""What the list of devices shows, a page at a time, and who waits to become one; how it looks is not known here."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from gateway.clock import Clock
from gateway.devices.known import KnownDevices
from gateway.errors import ProfileError
from gateway.operations.gathered import Gathered
from gateway.profiles.catalog import Catalog
from gateway.profiles.model import Profile
from gateway.store import device_list, meeting_times, pending
from gateway.store.database import Database
from gateway.store.device_list import ListedRow, State, Wanted
from gateway.store.pending import FoundRow, PendingRow

PAGE = 20
QUIET_AFTER_MS = 24 * 3_600_000
"""A device that calls by itself and did not for so long is called quiet; it may just have had nothing to say."""

_FEW_SERIES = 200
"""So many series of one device are worked out one by one; of more, only those are that fall on the day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One device in the list; times are ms UTC.

    `type` is its profile in words, `address` where it is asked, or from where it last called, as far as that is known;
    `asked` says which of the two. `today` counts the
    meetings of this day. `problem` is a code of the catalogue, `asks` when an admin has to judge its list, or the code
    of a refusal that the catalogue does not have.
    """

    id: str
    title: str
    type: str
    address: str
    asked: bool
    state: State
    last_at: int | None
    today: int
    problem: str
    locked: bool


class ListPage(NamedTuple):
    """Some devices, and the ids with which the pages before and after these are asked for; empty: there is none."""

    lines: list[Line]
    before: str
    after: str
    number: int
    """How many devices there are in all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stranger:
    """Somebody who wants to connect. `profile` is what the calls look like, None when they look like nothing known.

    `mac` and `product` are what something at the same address announced of itself.
    """

    caller: PendingRow
    profile: Profile | None
    mac: str = ""
    product: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Strangers:
    """Who waits, which names are ignored, and what announced itself and is no device."""

    waiting: tuple[Stranger, ...]
    ignored: tuple[str, ...]
    found: tuple[FoundRow, ...]


class DeviceList:
    """Reads the devices that are served.

    `zone` gives the IANA name by whose clock a day begins, `heard_from` says from which address a device
    last called, "" when that is not known any more.
    """

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        known: KnownDevices,
        catalog: Callable[[], Catalog],
        zone: Callable[[], str],
        heard_from: Callable[[str], str] = lambda _name: "",
    ) -> None:
        self._database = database
        self._clock = clock
        self._known = known
        self._catalog = catalog
        self._zone = zone
        self._heard_from = heard_from
        self._today = Gathered[tuple[int, Mapping[int, int]]]()

    async def page(self, text: str, state: State | None, *, after: str = "", before: str = "") -> ListPage:
        """Return the devices that have `text` in name, type or address, from `after` on or up to `before`."""
        wanted = self._wanted(text, state, after, before)
        quiet_since = self._clock.now_ms() - QUIET_AFTER_MS
        from_s, to_s = self._day()
        steady_s = self._clock.monotonic_s()

        def gather(conn: sqlite3.Connection) -> tuple[int, Mapping[int, int]]:
            return from_s, _begin_between(conn, from_s, to_s)

        def read(conn: sqlite3.Connection) -> tuple[list[ListedRow], Mapping[int, int], int]:
            rows = device_list.page(conn, wanted, quiet_since=quiet_since, most=PAGE + 1)
            day, today = self._today.get(conn, steady_s, gather)
            if day != from_s:  # it is a new one, in the gateway's zone or in another
                today = gather(conn)[1]
            return rows, today, device_list.count(conn)

        rows, today, number = await self._database.read(read)
        more = len(rows) > PAGE
        shown = (rows[-PAGE:] if before else rows[:PAGE]) if more else rows
        first, last = (shown[0].row.name, shown[-1].row.name) if shown else ("", "")
        return ListPage(
            lines=[self._line(each, today.get(each.row.id, 0)) for each in shown],
            before=first if (more if before else bool(after)) else "",
            after=last if (bool(before) or more) else "",
            number=number,
        )

    async def state(self, name: str) -> Line | None:
        """Return how one device stands; None when there is none of that name."""
        quiet_since = self._clock.now_ms() - QUIET_AFTER_MS
        configured = self._known.sections.get(name)
        asked = configured is not None and configured.poll is not None
        from_s, to_s = self._day()

        def read(conn: sqlite3.Connection) -> tuple[ListedRow, int] | None:
            row = device_list.one(conn, name, asked=asked, quiet_since=quiet_since)
            if row is None:
                return None
            return row, _begin_of_device(conn, from_s, to_s, row.row.id)

        found = await self._database.read(read)
        return None if found is None else self._line(*found)

    async def strangers(self, callers: list[PendingRow]) -> Strangers:
        """Return `callers`, who want to connect, with what is known of them, and who else is about."""
        found, ignored = await self._database.read(lambda conn: (pending.found(conn), pending.ignored(conn)))
        at = {each.address: each for each in found if each.address}
        waiting = tuple(self._stranger(caller, at.get(caller.address)) for caller in callers)
        known = {caller.address for caller in callers}
        return Strangers(
            waiting=waiting, ignored=tuple(ignored), found=tuple(each for each in found if each.address not in known)
        )

    def profile(self, profile_id: str, model: str | None = None) -> Profile | None:
        """Return a profile; None when there is none, or when it cannot be read."""
        try:
            return self._catalog().get(profile_id, model)
        except ProfileError:
            return None

    def _stranger(self, caller: PendingRow, found: FoundRow | None) -> Stranger:
        profile = self.profile(caller.profile) if caller.profile else None
        stranger = Stranger(caller=caller, profile=profile)
        return stranger if found is None else replace(stranger, mac=found.mac, product=found.product)

    def _wanted(self, text: str, state: State | None, after: str, before: str) -> Wanted:
        asked = [name for name, section in self._known.sections.items() if section.poll is not None]
        low = text.casefold()
        matching = [
            name
            for name, section in self._known.sections.items()
            if low in (section.name or "").casefold() or (section.poll is not None and low in section.poll.address)
        ]
        by_title = [profile.id for profile in self._catalog() if text and low in profile.title.casefold()]
        return Wanted(
            text=text, state=state, after=after, before=before, matching=matching, asked=asked, profiles=by_title
        )

    def _line(self, listed: ListedRow, today: int) -> Line:
        section = self._known.section(listed.row)
        profile = self.profile(listed.row.profile)
        poll = section.poll if section is not None else None
        return Line(
            id=listed.row.name,
            title=(section.name if section else None) or listed.row.name,
            type=profile.title if profile is not None else listed.row.profile,
            address=poll.address if poll is not None else self._heard_from(listed.row.name),
            asked=poll is not None,
            state=listed.state,
            last_at=listed.last_at,
            today=today,
            problem=listed.problem if section is not None else "broken",
            locked=bool(self._known.locked_by(listed.row.name)),
        )

    def _day(self) -> tuple[int, int]:
        now = datetime.fromtimestamp(self._clock.now_ms() / 1000, ZoneInfo(self._zone()))
        start = now.replace(hour=0, minute=0, second=0, microsecond=0)
        return int(start.timestamp()), int((start + timedelta(days=1)).timestamp())


def _begin_between(conn: sqlite3.Connection, from_s: int, to_s: int) -> Mapping[int, int]:
    """Return how many meetings begin in a span of time (seconds since 1970), by the rows of their devices."""
    return _by_device(conn, [each.meeting_id for each in meeting_times.begins(conn, from_s, to_s)])


def _begin_of_device(conn: sqlite3.Connection, from_s: int, to_s: int, device_id: int) -> int:
    """Return how many of one device's meetings begin in a span of time."""
    few = meeting_times.begins_if_few(conn, from_s, to_s, device_id, _FEW_SERIES)
    begins = meeting_times.begins(conn, from_s, to_s, device_id) if few is None else few
    return _by_device(conn, [each.meeting_id for each in begins]).get(device_id, 0)


def _by_device(conn: sqlite3.Connection, begin: list[int]) -> Mapping[int, int]:
    devices = device_list.devices_of(conn, set(begin))
    return Counter(devices[meeting_id] for meeting_id in begin if meeting_id in devices)
