"""Whether answers left before what they confirm was on disk, judged from a syscall trace of the gateway."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tests.system.syscalls import Call

_SYNCS = frozenset({"fdatasync", "fsync"})
_WRITES = frozenset({"pwrite64", "pwritev", "pwritev2", "write", "writev"})
_SENDS = frozenset({"sendto", "sendmsg", "write", "writev"})
_ACCEPTED = re.compile(rb"\AHTTP/1\.1 2\d\d ")
_ANSWERED_ID = re.compile(rb'"external_id":"([^"]+)"')
_FRAME_HEADER_BYTES = 24
"""Each page in the log follows a header whose bytes 4 to 8 are not zero on the last page of a transaction
(https://www.sqlite.org/fileformat2.html#the_write_ahead_log)."""


@dataclass(slots=True, kw_only=True)
class Transaction:
    """One transaction in the write-ahead log: what was written, and the line in which the sync after it ended."""

    data: bytes
    synced: int | None = None


def answers(calls: list[Call]) -> list[Call]:
    """Return the sending of every 2xx, in order."""
    return [call for call in calls if _is_answer(call)]


def transactions(calls: list[Call]) -> list[Transaction]:
    """Return the transactions that were committed to the log, in order; the log has one writer."""
    found: list[Transaction] = []
    unsynced: list[Transaction] = []
    waiting, last_page = b"", False
    for call in filter(_is_of_log, calls):
        if _synced(call):
            for transaction in unsynced:
                transaction.synced = call.ended
            unsynced = []
        elif call.name in _WRITES and len(call.data) == _FRAME_HEADER_BYTES:
            last_page = call.data[4:8] != bytes(4)
        elif call.name in _WRITES:
            waiting += call.data
            if last_page:
                unsynced.append(Transaction(data=waiting))
                found.append(unsynced[-1])
                waiting, last_page = b"", False
    return found


def too_early(calls: list[Call]) -> list[str]:
    """Return the meetings whose answer left before the transaction that holds them was synced.

    Each answer is held against its own transaction, so that another one under way at that moment does not count. A
    page keeps what earlier transactions put on it: the first transaction that shows an id is the one that stored it.
    """
    stored = transactions(calls)
    bad = []
    for answer in answers(calls):
        named = _ANSWERED_ID.search(answer.data)
        own = next((one for one in stored if named and named[1] in one.data), None)
        if own is None or own.synced is None or own.synced > answer.began:
            bad.append(named[1].decode() if named else f"an answer without an id in line {answer.began}")
    return bad


def while_unsynced(calls: list[Call]) -> list[int]:
    """Return the lines in which an answer left while anything in the log was unsynced; right for one caller only."""
    bad = []
    last: Call | None = None
    for call in calls:
        if _is_of_log(call):
            last = call
        elif _is_answer(call) and last is not None:
            clean = _synced(last) and last.ended is not None and last.ended < call.began
            if not clean:
                bad.append(call.began)
    return bad


def _is_of_log(call: Call) -> bool:
    return call.target.endswith("-wal") and call.name in _SYNCS | _WRITES


def _synced(call: Call) -> bool:
    return call.name in _SYNCS and call.result == 0


def _is_answer(call: Call) -> bool:
    return call.name in _SENDS and "socket" in call.target and _ACCEPTED.match(call.data) is not None
