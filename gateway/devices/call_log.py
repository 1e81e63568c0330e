"""The last calls of every device, in memory within bounds; those that went wrong are written too, without secrets."""

from __future__ import annotations

import heapq
import json
import sqlite3
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import NamedTuple, Protocol

from gateway.devices.call_cleaning import CallCleaner, secret_names, secrets_of
from gateway.profiles.model import Profile
from gateway.store import calls
from gateway.store.calls import KeptRow

MOST_CALLS = 50
"""Calls of one device that are kept in memory; of all strangers together as many."""
MOST_BYTES = 256 * 1024
MOST_BYTES_IN_ALL = 8 * 1024 * 1024
LARGEST_BODY = 64 * 1024
LARGEST_ANSWER = 8 * 1024
LARGEST_ON_DISK = 16 * 1024
"""Of a body (bytes of UTF-8); more of it is not written."""
MOST_ON_DISK_A_MINUTE = 20
"""Calls of one device: a device that repeats the same mistake without a pause must not write without a pause."""
MOST_WAITING = 100
MOST_LOOKED_AT = 400
OVERHEAD = 900
"""Bytes that a call takes beside its texts, about."""
_MINUTE_MS = 60_000


class Result(StrEnum):
    """What became of a call."""

    ACCEPTED = "accepted"
    REPEATED = "repeated"
    """It said the same as before; nothing was changed."""
    REFUSED = "refused"
    UNREADABLE = "unreadable"
    WRONG_KEY = "wrong-key"
    LATER = "later"
    """The device was told to come again: it is paused, or the gateway could not store anything."""
    FAILED = "failed"


GOOD = frozenset({Result.ACCEPTED, Result.REPEATED})


class Way(StrEnum):
    """How a call came to be done."""

    CALLED = "called"
    KEPT = "kept"
    """It came before the device was added, and was done when it was."""
    REPLAYED = "replayed"


class Done(NamedTuple):
    """What the gateway did about one meeting; `fresh` is False when it changed nothing."""

    meeting_id: int
    external_id: str
    revision: int
    state: str
    fresh: bool
    warnings: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class HeardCall:
    """One call as it came and as it was answered; a raw one has secrets in it and never leaves memory.

    `number` grows with time and names the call. `proven` is whether the caller showed the device's key. `credential`
    is the way in which it was shown, never the key; `shown` is it itself, to be covered wherever it stands.
    `size` is that of the body in bytes, also where only a part was kept. `problems` are field and reason. Times are
    ms UTC, `took_us` microseconds.
    """

    number: int = 0
    at_ms: int
    device: str
    proven: bool = True
    way: Way = Way.CALLED
    address: str = ""
    method: str
    path: str
    content_type: str = ""
    agent: str = ""
    credential: str = ""
    body: bytes = field(default=b"", repr=False)
    size: int = 0
    status: int = 0
    answer_type: str = ""
    answer: bytes = field(default=b"", repr=False)
    took_us: int = 0
    result: Result
    code: str = ""
    text: str = ""
    problems: tuple[tuple[str, str], ...] = ()
    done: tuple[Done, ...] = ()
    shown: str = field(default="", repr=False)
    clean: bool = False

    @property
    def whole(self) -> bool:
        """Whether the body is here as it came, so that the call can be understood again."""
        return len(self.body) == self.size and not self.clean

    @property
    def weight(self) -> int:
        """About how many bytes it takes."""
        return len(self.body) + len(self.answer) + len(self.path) + OVERHEAD


def cleaned(call: HeardCall, profile: Profile | None) -> HeardCall:
    """The call as it may be shown and written; one that is clean is returned as it is."""
    if call.clean:
        return call
    cleaner = CallCleaner(secret_names(profile), secrets_of(call.shown, call.path))
    body = cleaner.body(call.content_type, call.body)
    return replace(
        call,
        path=cleaner.address(call.path),
        body=body.encode("utf-8", "replace"),
        answer=cleaner.body(call.answer_type, call.answer).encode("utf-8", "replace"),
        agent=cleaner.words(call.agent),
        text=cleaner.words(call.text),
        problems=tuple((cleaner.words(name), cleaner.words(reason)) for name, reason in call.problems),
        shown="",
        clean=True,
    )


class Known(NamedTuple):
    """What the log has to know of a device: its row, and the profile that says which of its fields are secret."""

    row_id: int
    profile: Profile


class Told(Protocol):
    """What a device is told about one meeting."""

    @property
    def meeting_id(self) -> int:
        """The meeting."""

    @property
    def external_id(self) -> str:
        """The device's own name for it."""

    @property
    def revision(self) -> int:
        """Its revision now."""

    @property
    def state(self) -> str:
        """Where it stands."""

    @property
    def fresh(self) -> bool:
        """Whether anything changed."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """Sentences for people."""


class GoodCall(NamedTuple):
    """A call that was done, as it is kept until somebody looks: names are those of `HeardCall`."""

    at_ms: int
    device: str
    address: str
    method: str
    path: str
    content_type: str
    agent: str
    credential: str
    body: bytes
    status: int
    answer_type: str
    answer: bytes
    took_us: int
    shown: str
    receipts: tuple[Told, ...]

    def heard(self, number: int) -> HeardCall:
        """The same to be looked at."""
        done = done_of(self.receipts)
        return HeardCall(
            number=number,
            at_ms=self.at_ms,
            device=self.device,
            address=self.address,
            method=self.method,
            path=self.path,
            content_type=self.content_type,
            agent=self.agent,
            credential=self.credential or self.shown.partition(" ")[0][:20],
            body=self.body[:LARGEST_BODY],
            size=len(self.body),
            status=self.status,
            answer_type=self.answer_type,
            answer=self.answer[:LARGEST_ANSWER],
            took_us=self.took_us,
            result=Result.ACCEPTED if any(one.fresh for one in done) else Result.REPEATED,
            done=done,
            shown=self.shown,
        )


def done_of(receipts: Iterable[Told]) -> tuple[Done, ...]:
    """What a device was told, as the log keeps it."""
    return tuple(
        Done(one.meeting_id, one.external_id, one.revision, one.state, one.fresh, one.warnings) for one in receipts
    )


class _Ring:
    """The calls of one device, oldest first: number, weight, call."""

    __slots__ = ("calls", "weight")

    def __init__(self) -> None:
        self.calls: deque[tuple[int, int, HeardCall | GoodCall]] = deque()
        self.weight = 0


def _opened(number: int, call: HeardCall | GoodCall) -> HeardCall:
    return call.heard(number) if isinstance(call, GoodCall) else call


class CallLog:
    """Takes every call; cheap enough for the way of a good one. A `Keeper` writes what went wrong.

    `known` finds the device of a name, None for a stranger.
    """

    def __init__(self, now_ms: Callable[[], int], known: Callable[[str], Known | None]) -> None:
        self._now_ms = now_ms
        self._known = known
        self._rings: OrderedDict[str, _Ring] = OrderedDict()
        self._weight = 0
        self._last = 0
        self._waiting: deque[HeardCall] = deque(maxlen=MOST_WAITING)
        self._being_written: list[HeardCall] = []
        self._minutes: dict[str, tuple[int, int]] = {}
        self._changed: Callable[[], None] = lambda: None
        self._copy: Callable[[HeardCall], None] | None = None

    def note(self, call: HeardCall, *, on_disk: bool = True) -> HeardCall:
        """Keep a call, and give it its number; what went wrong is kept on disk too, unless it shall not be."""
        self._last = call.number = max(self._last + 1, call.at_ms * 1000)
        call.body, call.answer = call.body[:LARGEST_BODY], call.answer[:LARGEST_ANSWER]
        self._keep(call.device if call.proven else "", call.number, call.weight, call)
        if self._copy is not None:
            self._copy(call)
        if on_disk and call.proven and call.result not in GOOD and self._may_write(call.device):
            self._waiting.append(call)
            self._changed()
        return call

    def good(self, call: GoodCall) -> None:
        """Keep a call of a device that was done; on the way of every meeting, so that nothing is made of it yet."""
        weight = len(call.body) + len(call.answer) + len(call.path) + OVERHEAD
        if weight > LARGEST_BODY + LARGEST_ANSWER:
            self.note(call.heard(0))
            return
        self._last = number = max(self._last + 1, call.at_ms * 1000)
        self._keep(call.device, number, weight, call)
        if self._copy is not None:
            self._copy(call.heard(number))

    def copy_to(self, taken: Callable[[HeardCall], None] | None) -> None:
        """Hand every call from now on to this as well, as it is kept; None ends that."""
        self._copy = taken

    def recent(
        self, device: str | None = None, *, before: int | None = None, most: int = MOST_LOOKED_AT
    ) -> list[HeardCall]:
        """Return calls in memory, of one device (with those that only used its name) or of all, newest first.

        At most `most`, and of numbers below `before`.
        """
        names = self._rings if device is None else ("", device)
        rings = (self._rings[name] for name in names if name in self._rings)
        found = (
            (number, call)
            for ring in rings
            for number, _, call in ring.calls
            if (before is None or number < before) and device in (None, call.device)
        )
        return [_opened(*each) for each in heapq.nlargest(most, found, key=lambda each: each[0])]

    def last_heard(self, device: str) -> HeardCall | GoodCall | None:
        """Return how a device last called with its key, as far as that is in memory."""
        ring = self._rings.get(device)
        return ring.calls[-1][2] if ring is not None and ring.calls else None

    def get(self, number: int) -> HeardCall | None:
        """Return a call that is in memory."""
        every = (each for ring in self._rings.values() for each in ring.calls)
        return next((_opened(number, call) for known, _, call in every if known == number), None)

    @property
    def weight(self) -> int:
        """About how many bytes all of it takes."""
        return self._weight

    def follow(self, changed: Callable[[], None]) -> None:
        """Call this whenever there is something to write."""
        self._changed = changed

    def take(self) -> Callable[[sqlite3.Connection], None] | None:
        """Return the work that writes the calls that went wrong; None when there are none."""
        if not self._waiting:
            return None
        self._being_written = list(self._waiting)
        self._waiting.clear()
        rows = [row for call in self._being_written if (row := self._row(call)) is not None]
        now_ms = self._now_ms()
        return lambda conn: calls.put(conn, rows, now_ms)

    def settle(self, *, written: bool) -> None:
        """What was taken is on disk, or has to be written again."""
        if not written:
            self._waiting.extendleft(reversed(self._being_written[: MOST_WAITING - len(self._waiting)]))
        self._being_written = []

    def _row(self, call: HeardCall) -> KeptRow | None:
        known = self._known(call.device)
        if known is None:
            return None
        return KeptRow(call.number, known.row_id, call.at_ms, call.result.value, to_json(cleaned(call, known.profile)))

    def _keep(self, name: str, number: int, weight: int, call: HeardCall | GoodCall) -> None:
        ring = self._rings.get(name)
        if ring is None:
            ring = self._rings[name] = _Ring()
        else:
            self._rings.move_to_end(name)
        ring.calls.append((number, weight, call))
        ring.weight += weight
        self._weight += weight
        while len(ring.calls) > MOST_CALLS or ring.weight > MOST_BYTES:
            self._drop_oldest(ring)
        while self._weight > MOST_BYTES_IN_ALL:
            longest_silent = next(iter(self._rings))
            self._drop_oldest(self._rings[longest_silent])
            if not self._rings[longest_silent].calls:
                del self._rings[longest_silent]

    def _drop_oldest(self, ring: _Ring) -> None:
        _, weight, _ = ring.calls.popleft()
        ring.weight -= weight
        self._weight -= weight

    def _may_write(self, name: str) -> bool:
        minute = self._now_ms() // _MINUTE_MS
        before, count = self._minutes.get(name, (minute, 0))
        if before != minute:
            count = 0
        if len(self._minutes) > 10_000:  # names are those of devices, so that this takes thousands of them
            self._minutes.clear()
        self._minutes[name] = (minute, count + 1)
        return count < MOST_ON_DISK_A_MINUTE


_TEXTS = ("device", "address", "method", "path", "content_type", "agent", "credential", "answer_type", "code", "text")
_NUMBERS = ("number", "at_ms", "size", "status", "took_us")


def to_json(call: HeardCall, most_of_body: int = LARGEST_ON_DISK) -> str:
    """A clean call as it is written, with so many bytes of its body."""
    said = asdict(call)
    document = {name: said[name] for name in (*_TEXTS, *_NUMBERS)}
    document |= {"way": call.way.value, "result": call.result.value, "problems": [list(one) for one in call.problems]}
    document["body"] = call.body[:most_of_body].decode("utf-8", "ignore")
    document["answer"] = call.answer.decode("utf-8", "ignore")
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def from_json(document: str) -> HeardCall:
    """A call that was written."""
    said = json.loads(document)
    problems: Sequence[Sequence[str]] = said["problems"]
    return HeardCall(
        **{name: said[name] for name in (*_TEXTS, *_NUMBERS)},
        way=Way(said["way"]),
        result=Result(said["result"]),
        problems=tuple((one[0], one[1]) for one in problems),
        body=said["body"].encode(),
        answer=said["answer"].encode(),
        clean=True,
    )
