"""The database file and its threads: one connection that writes, one that reads; it knows no table."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, TypeVar

from gateway.errors import StoreError, StoreFull, StoreRefused, StoreUnavailable

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]

LARGEST_BATCH = 256
"""Writes that may share one commit; bounds how long the first of them waits for the last."""

_OWN_MISTAKES = (sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.InterfaceError, sqlite3.DataError)
_UNAVAILABLE = ("SQLITE_IOERR", "SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_PROTOCOL")


class Database:
    """An open database.

    `write` and `read` run plain functions of a connection, which therefore cannot await: a transaction is one
    function on one thread and nothing can come between its statements. Writes that wait together share one commit;
    one that fails takes no other with it. `failing` is the sentence of the last failure of the disk or the file, empty
    again after a write that succeeded. `commits` and `failures` count transactions that were kept and that the disk or
    the file refused, `writes` the work in them; those that were kept took `commit_ns` together. `synchronous=FULL`
    makes every commit wait for the disk (https://www.sqlite.org/pragma.html#pragma_synchronous); anything less would
    let an answered call be lost with the power, and exists only so that a test can show that it would.
    """

    def __init__(self, path: Path, *, synchronous: Literal["FULL", "NORMAL"] = "FULL") -> None:
        self.path = path
        self.commits = 0
        self.writes = 0
        self.failures = 0
        self.commit_ns = 0
        self.failing = ""
        self._synchronous = synchronous
        self._writer = _Lane("store-write", self._serve_writes)
        self._reader = _Lane("store-read", self._serve_reads)

    async def open(self) -> None:
        """Start the threads. Raises StoreRefused or StoreUnavailable when the file cannot be opened."""
        self._writer.start()
        try:
            await self.write(lambda _conn: None)
        except BaseException:
            await self._writer.stop()
            raise

    async def write(self, work: Work[T], *, patience_s: float = 0.0) -> T:
        """Run `work` in a transaction; when this returns, what it did is on disk.

        With `patience_s` it waits that long for others to share its commit; it goes with the next that does not wait.

        What `work` raises is raised here and nothing it did is kept. A cancelled caller does not undo the work. It may
        run twice, the first time undone, so it must do nothing that reaches beyond the connection.
        Raises StoreFull, StoreUnavailable or StoreRefused when the disk or the file fails.
        """
        return await self._writer.put(work, patience_s)

    async def read(self, work: Work[T]) -> T:
        """Run `work` on the reading connection; it sees everything committed before."""
        if not self._reader.started:
            self._reader.start()
        return await self._reader.put(work)

    async def close(self) -> None:
        """Finish what waits, then close the file; later calls raise StoreUnavailable."""
        await self._reader.stop()
        await self._writer.stop()

    def _connect(self) -> sqlite3.Connection:
        if not self.path.exists():
            raise StoreUnavailable(
                f"The database {self.path} is gone. Restore it, or stop the gateway and start again."
            )
        conn = sqlite3.connect(self.path, isolation_level=None, timeout=5.0, cached_statements=256)
        try:
            conn.execute("PRAGMA journal_mode=WAL")
            conn.execute(f"PRAGMA synchronous={self._synchronous}")
            conn.execute("PRAGMA foreign_keys=ON")
            conn.execute("PRAGMA secure_delete=FAST")
            conn.execute("PRAGMA wal_autocheckpoint=4000")
            conn.execute("PRAGMA cache_size=-2000")
        except BaseException:
            conn.close()
            raise
        return conn

    def _serve_writes(self, lane: _Lane) -> None:
        conn: sqlite3.Connection | None = None
        while batch := lane.take(LARGEST_BATCH):
            try:
                conn = conn or self._connect()
                changes, began_ns = conn.total_changes, time.perf_counter_ns()
                _commit_together(conn, batch)
                self.commit_ns += time.perf_counter_ns() - began_ns
                self.commits += 1
                self.writes += len(batch)
                if conn.total_changes != changes:  # only what went to the disk shows that the disk works
                    self.failing = ""
            except (sqlite3.Error, StoreError) as error:
                # After a failed sync the kernel may call pages clean that never reached the disk, so this connection's
                # view is not to be trusted: the next batch opens the file again and reads what is really there.
                _abandon(conn)
                conn = None
                named = _named(error, self.path)
                self.failures += 1
                self.failing = str(named)
                for job in batch:
                    job.fail(named)
            lane.settle(batch)
        _abandon(conn)

    def _serve_reads(self, lane: _Lane) -> None:
        conn: sqlite3.Connection | None = None
        while batch := lane.take(1):
            try:
                if conn is None:
                    conn = self._connect()
                    conn.execute("PRAGMA query_only=ON")
                batch[0].run(conn)
            except (sqlite3.Error, StoreError) as error:
                _abandon(conn)
                conn = None
                batch[0].fail(_named(error, self.path))
            lane.settle(batch)
        _abandon(conn)


class _Job:
    """One piece of work, the future of its caller, and what became of it."""

    __slots__ = ("error", "future", "result", "work")

    def __init__(self, work: Work[Any], future: asyncio.Future[Any]) -> None:
        self.work = work
        self.future = future
        self.result: Any = None
        self.error: BaseException | None = None

    def run(self, conn: sqlite3.Connection) -> None:
        """Do the work; database errors go on to the caller of this, all others are kept for the future."""
        self.error = None
        try:
            self.result = self.work(conn)
        except sqlite3.Error:
            raise
        except BaseException as error:  # noqa: BLE001 - whatever it is, it belongs to the caller that sent the work
            self.error = error

    def fail(self, error: BaseException) -> None:
        """Let the caller see `error` unless it has one of its own already."""
        self.error = self.error or error


class _Lane:
    """A thread and the queue before it."""

    def __init__(self, name: str, serve: Callable[[_Lane], None]) -> None:
        self._jobs: queue.SimpleQueue[list[_Job] | None] = queue.SimpleQueue()
        self._patient: list[_Job] = []
        self._timer: asyncio.TimerHandle | None = None
        self._left: list[_Job] = []
        self._thread = threading.Thread(target=serve, args=(self,), name=name, daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False

    @property
    def started(self) -> bool:
        return self._loop is not None

    def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._thread.start()

    def put(self, work: Work[T], patience_s: float = 0.0) -> asyncio.Future[T]:
        if self._closed or self._loop is None:
            raise StoreUnavailable("The gateway is stopping.")
        future: asyncio.Future[T] = self._loop.create_future()
        self._patient.append(_Job(work, future))
        if patience_s <= 0:
            self._hand_over()
        elif self._timer is None:
            self._timer = self._loop.call_later(patience_s, self._hand_over)
        return future

    def _hand_over(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._patient:
            jobs, self._patient = self._patient, []
            self._jobs.put(jobs)

    async def stop(self) -> None:
        self._closed = True
        if self.started:
            self._hand_over()
            self._jobs.put(None)
            await asyncio.to_thread(self._thread.join)
            self._loop = None

    def take(self, most: int) -> list[_Job]:
        """Wait for a job and take what waits behind it; an empty list means stop."""
        batch, self._left = self._left, []
        if not batch:
            first = self._jobs.get()
            if first is None:
                return []
            batch = first
        while len(batch) < most:
            try:
                jobs = self._jobs.get_nowait()
            except queue.Empty:
                break
            if jobs is None:  # put back the sign to stop, for the next round
                self._jobs.put(None)
                break
            batch = batch + jobs
        self._left = batch[most:]
        return batch[:most]

    @staticmethod
    def settle(batch: list[_Job]) -> None:
        """Answer all callers of a batch with one call into the event loop."""
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            batch[0].future.get_loop().call_soon_threadsafe(_deliver, batch)


def _deliver(batch: list[_Job]) -> None:
    for job in batch:
        if job.future.done():  # the caller was cancelled; the work stands
            continue
        if job.error is not None:
            job.future.set_exception(job.error)
        else:
            job.future.set_result(job.result)


def _commit_together(conn: sqlite3.Connection, batch: list[_Job]) -> None:
    """Run all jobs and commit once. When one fails half done, undo all and run each under a savepoint of its own.

    Savepoints cost two statements and copies of pages for each job, and jobs that fail mostly do so before they change
    anything; then there is nothing to undo.
    """
    conn.execute("BEGIN IMMEDIATE")
    if _run_all(conn, batch):
        conn.execute("COMMIT")
        return
    conn.execute("ROLLBACK")
    if len(batch) == 1:
        return
    conn.execute("BEGIN IMMEDIATE")
    for job in batch:
        conn.execute("SAVEPOINT job")
        _run(job, conn)
        if job.error is not None:
            conn.execute("ROLLBACK TO job")
        conn.execute("RELEASE job")
    conn.execute("COMMIT")


def _run_all(conn: sqlite3.Connection, batch: list[_Job]) -> bool:
    """Run the jobs one after another; False when one of them failed and left behind what it had done so far.

    Changed rows are counted by SQLite. Changes of the schema are not; only migrations make them, and not here.
    """
    for job in batch:
        changes = conn.total_changes
        _run(job, conn)
        if job.error is not None and conn.total_changes != changes:
            return False
    return True


def _run(job: _Job, conn: sqlite3.Connection) -> None:
    try:
        job.run(conn)
    except _OWN_MISTAKES as error:  # the transaction is sound
        job.fail(error)


def _abandon(conn: sqlite3.Connection | None) -> None:
    if conn is not None:
        with contextlib.suppress(sqlite3.Error):
            if conn.in_transaction:
                conn.execute("ROLLBACK")
        with contextlib.suppress(sqlite3.Error):
            conn.close()


def _named(error: sqlite3.Error | StoreError, path: Path) -> StoreError:
    """Say what a database error means for the one who called."""
    if isinstance(error, StoreError):
        return error
    name = getattr(error, "sqlite_errorname", None) or ""
    if name == "SQLITE_FULL":
        return StoreFull(f"The disk under {path} is full. Free some space; nothing that was accepted is lost.")
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return StoreRefused(f"The database {path} is damaged ({name}). Stop the gateway and restore a backup.")
    if name.startswith(_UNAVAILABLE):
        return StoreUnavailable(f"The database {path} cannot be used now ({name}). Check the disk and its permissions.")
    return StoreError(f"The database refused a statement ({name or type(error).__name__}: {error}).")
