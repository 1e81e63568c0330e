"""Callers with the id of no device: what they look like and their last calls, within bounds; nobody is let in here."""

from __future__ import annotations

import logging
import re
import sqlite3
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network

from gateway import messages
from gateway.devices.likely import NOTHING, Likely, likely
from gateway.profiles.model import Profile
from gateway.store import pending
from gateway.store.database import Database
from gateway.store.pending import PendingRow

_LOGGER = logging.getLogger(__name__)

MOST_CALLERS = 50
MOST_FROM_ONE_SOURCE = 5
"""One machine that makes up names cannot push out the others."""
MOST_CALLS = 20
LARGEST_CALL = 64 * 1024
KEPT_FOR_MS = 24 * 3_600_000
NOTE_AGAIN_AFTER_MS = 60_000
READ_AT_ONCE = 5
"""How many calls are read to see what they look like, for each write of the list."""
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptCall:
    """A call as it came, without its credential, to be answered once its device was added; `at_ms` is ms UTC."""

    method: str
    path: str
    content_type: str
    body: bytes = field(repr=False)
    at_ms: int


@dataclass(slots=True, kw_only=True)
class _Caller:
    name: str
    address: str
    source: str
    first_at: int
    last_at: int
    seen: int = 1
    noted_at: int = 0
    told: bool = False
    looked_at: bool = False
    likely: Likely = NOTHING
    calls: deque[KeptCall] = field(default_factory=deque)


class Pending:
    """Who wants to connect. Everything is bounded: callers, those of one source, calls and their size, and time.

    Only names, addresses, counts, a guess and one subject are written to disk (by a `Keeper`); calls stay in memory.
    """

    def __init__(self, now_ms: Callable[[], int], profiles: Callable[[], Iterable[Profile]]) -> None:
        self._now_ms = now_ms
        self._profiles = profiles
        self._callers: OrderedDict[tuple[str, str], _Caller] = OrderedDict()
        self._by_source: dict[str, OrderedDict[tuple[str, str], None]] = {}
        self._ignored: frozenset[str] = frozenset()
        self._kept_calls = 0
        self._dirty = False
        self._told_at = -NOTE_AGAIN_AFTER_MS
        self._changed: Callable[[], None] = lambda: None
        self._came: Callable[[], None] = lambda: None
        self._written: frozenset[tuple[str, str]] = frozenset()
        self._being_written: frozenset[tuple[str, str]] = frozenset()

    def note(self, name: str, address: str, call: KeptCall | None = None) -> None:
        """Somebody at `address` called with a credential as the device `name`, which is not known.

        Costs the same however often and by however many it is called.
        """
        if name in self._ignored or not NAME.fullmatch(name):
            return
        now_ms = self._now_ms()
        caller = self._callers.get((name, address))
        if caller is None:
            caller = self._welcome(name, address, now_ms)
        else:
            caller.seen += 1
            caller.last_at = now_ms
            self._callers.move_to_end((name, address))
        if call is not None and len(call.body) <= LARGEST_CALL:
            self._keep(caller, call)
        self._came()
        if not 0 <= now_ms - caller.noted_at < NOTE_AGAIN_AFTER_MS:
            caller.noted_at = now_ms
            self._dirty = True
            self._changed()

    async def reload(self, database: Database, known: Collection[str]) -> dict[str, tuple[KeptCall, ...]]:
        """Bring the list in line with what commands did, and with what is stored after a start.

        `known` are the names of the devices that are served now. Returns the kept calls of callers who have become one
        of them, oldest first: nobody has to schedule anything again, unless callers at several addresses used the name.
        Raises StoreError.
        """
        rows, ignored = await database.read(lambda conn: (pending.pending(conn), pending.ignored(conn)))
        self._ignored = frozenset(ignored)
        now_ms = self._now_ms()
        for row in reversed(rows):
            if (row.name, row.address) not in self._callers and 0 <= now_ms - row.last_at < KEPT_FOR_MS:
                caller = self._welcome(row.name, row.address, row.last_at)
                caller.first_at, caller.seen, caller.noted_at = row.first_at, row.seen, row.last_at
                caller.likely, caller.told, caller.looked_at = Likely(row.profile, row.subject), True, bool(row.profile)
        accepted: dict[str, tuple[KeptCall, ...]] = {}
        callers = Counter(name for name, _ in self._callers)
        for where, caller in list(self._callers.items()):
            # Nothing proves who a caller was: where several used the name, none of them is believed.
            if where[0] in known and callers[where[0]] == 1:
                accepted[where[0]] = _in_order(self._good(caller))
            if where[0] in known or where[0] in self._ignored:
                self._forget(where)
        stored = frozenset((row.name, row.address) for row in rows)
        for where in [where for where in self._written - stored if where in self._callers]:
            self._forget(where)  # somebody dismissed it
        self._written = stored
        return {name: calls for name, calls in accepted.items() if calls}

    def callers(self) -> list[PendingRow]:
        """Return who wants to connect, the last one first."""
        return [
            PendingRow(
                caller.name,
                caller.address,
                caller.first_at,
                caller.last_at,
                caller.seen,
                caller.likely.profile,
                caller.likely.subject,
            )
            for caller in reversed(self._callers.values())
        ]

    def calls(self, name: str) -> tuple[KeptCall, ...]:
        """Return what callers of that name asked for and is still kept, oldest first."""
        return _in_order(call for (each, _), caller in self._callers.items() if each == name for call in caller.calls)

    def looks(self) -> list[PendingRow]:
        """Return the same as `callers`, all of them judged by their newest call."""
        for caller in self._callers.values():
            if caller.calls and not caller.looked_at:
                self._read(caller)
        return self.callers()

    def watch(self, came: Callable[[], None]) -> None:
        """Call this whenever somebody called; it must cost next to nothing."""
        self._came = came

    def follow(self, changed: Callable[[], None]) -> None:
        """Call this whenever there is something to write."""
        self._changed = changed

    def take(self) -> Callable[[sqlite3.Connection], None] | None:
        """Return the work that writes the list; None when it is on disk as it is."""
        if not self._dirty:
            return None
        self._dirty = False
        self._forget_old()
        unread = [caller for caller in self._callers.values() if caller.calls and not caller.looked_at]
        for caller in unread[:READ_AT_ONCE]:
            self._read(caller)
        self._tell()
        if len(unread) > READ_AT_ONCE:
            self._dirty = True
            self._changed()
        rows = self.callers()
        self._being_written = frozenset((row.name, row.address) for row in rows)

        def work(conn: sqlite3.Connection) -> None:
            ignored = set(pending.ignored(conn))  # by a command, of which this process may not have heard yet
            pending.replace_pending(conn, [row for row in rows if row.name not in ignored])

        return work

    def _tell(self) -> None:
        """Log the newest stranger, one a minute at most however many there are."""
        now_ms = self._now_ms()
        newest = max(self._callers.values(), key=lambda caller: caller.first_at, default=None)
        if newest is None or newest.told or 0 <= now_ms - self._told_at < NOTE_AGAIN_AFTER_MS:
            return
        self._told_at, newest.told = now_ms, True
        said = messages.text("D-01", device=newest.name, ip=newest.address, profile=newest.likely.profile)
        _LOGGER.info("%s %s %s", said.code, said.title, said.text, extra={"device": newest.name})

    def settle(self, *, written: bool) -> None:
        """What was taken is on disk, or has to be written again."""
        self._dirty = self._dirty or not written
        if written:
            self._written = self._being_written

    def _welcome(self, name: str, address: str, now_ms: int) -> _Caller:
        source = _source(address)
        from_source = self._by_source.get(source)
        if from_source is not None and len(from_source) >= MOST_FROM_ONE_SOURCE:
            self._forget(next(iter(from_source)))
        elif len(self._callers) >= MOST_CALLERS:
            self._forget(next(iter(self._callers)))
        caller = _Caller(name=name, address=address, source=source, first_at=now_ms, last_at=now_ms)
        self._callers[name, address] = caller
        self._by_source.setdefault(source, OrderedDict())[name, address] = None
        return caller

    def _forget(self, where: tuple[str, str]) -> None:
        caller = self._callers.pop(where)
        self._kept_calls -= len(caller.calls)
        from_source = self._by_source[caller.source]
        del from_source[where]
        if not from_source:
            del self._by_source[caller.source]
        self._dirty = True
        self._changed()

    def _forget_old(self) -> None:
        since = self._now_ms() - KEPT_FOR_MS
        for where in [where for where, caller in self._callers.items() if caller.last_at < since]:
            self._forget(where)
        for caller in self._callers.values():
            while caller.calls and caller.calls[0].at_ms < since:
                caller.calls.popleft()
                self._kept_calls -= 1

    def _keep(self, caller: _Caller, call: KeptCall) -> None:
        """Keep the newest calls; who has most of them gives one up. There are at most `MOST_CALLERS` to look at."""
        if self._kept_calls >= MOST_CALLS:
            fullest = max(self._callers.values(), key=lambda each: len(each.calls))
            fullest.calls.popleft()
            self._kept_calls -= 1
        caller.calls.append(call)
        self._kept_calls += 1

    def _good(self, caller: _Caller) -> list[KeptCall]:
        since = self._now_ms() - KEPT_FOR_MS
        return [call for call in caller.calls if call.at_ms >= since]

    def _read(self, caller: _Caller) -> None:
        newest = caller.calls[-1]
        caller.likely, caller.looked_at = likely(newest.content_type, newest.body, self._profiles()), True


def _in_order(calls: Iterable[KeptCall]) -> tuple[KeptCall, ...]:
    return tuple(sorted(calls, key=lambda call: call.at_ms))


def _source(address: str) -> str:
    """The machine behind an address: of IPv6 a machine has as many as it likes, so that the network stands for it."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    mapped = getattr(found, "ipv4_mapped", None)
    if found.version == 4 or mapped is not None:
        return str(mapped or found)
    return str(ip_network(f"{found}/64", strict=False))
