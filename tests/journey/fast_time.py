"""An event loop whose time stands while anything happens and jumps when nothing does; a test waits days in seconds.

Sockets are real. Before the loop would wait for its next timer it makes sure that nothing is on its way, neither in a
socket nor in a thread, and then it is that timer's time. `FastClock` gives the same time to a gateway, `FollowingClock`
to the simulated Google.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import os
import selectors
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from typing import Any, TypeVar

import aiohttp

from gateway.store.database import Database, Work
from gateway.store.folder import DataFolder
from simulator.google.clock import SimulatedClock

T = TypeVar("T")

BEGINS_MS = 1_772_438_400_000
"""When time begins: 2026-03-02T08:00Z, a Monday."""

_SETTLES_S = 0.001
"""How long a loop that has nothing to do listens to its sockets before it jumps: a look of the kernel at loopback."""
_WORKS_S = 0.05
"""How long to wait at once for work whose end certainly wakes the loop."""
_AT_WORK = (b"R", b"D")
"""States of a thread in /proc/PID/stat that is not waiting for somebody else: running, or in the kernel for a disk."""


class FastLoop(asyncio.SelectorEventLoop):
    """An event loop that never waits for time."""

    def __init__(self) -> None:
        self._now_s = 0.0
        self._busy = 0
        self._in_threads = 0
        self._children: list[asyncio.SubprocessTransport] = []
        super().__init__(_Jumping(self))

    def time(self) -> float:
        """Seconds since the loop was made, in its own time."""
        return self._now_s

    @contextlib.contextmanager
    def busy(self) -> Iterator[None]:
        """Time stands until the block ends: a thread that the loop cannot see is at work."""
        self._busy += 1
        try:
            yield
        finally:
            self._busy -= 1

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:
        """As always; a thread that works keeps time from passing, one that waits for the loop does not."""
        future: asyncio.Future[Any] = super().run_in_executor(executor, func, *args)
        self._in_threads += 1
        future.add_done_callback(self._left_thread)
        return future

    def _left_thread(self, _future: asyncio.Future[Any]) -> None:
        self._in_threads -= 1

    async def subprocess_exec(self, *args: Any, **options: Any) -> Any:
        """As always; time stands until the process has ended."""
        with self.busy():
            transport, protocol = await super().subprocess_exec(*args, **options)
        self._children.append(transport)
        return transport, protocol

    def works_s(self) -> float:
        """How long to wait at once for work that comes back without the loop's help; 0 when there is none."""
        self._children = [child for child in self._children if child.get_returncode() is None]
        if self._busy or self._children:
            return _WORKS_S
        # A thread may be about to wait for the loop, and then nothing wakes it.
        return _SETTLES_S / 2 if self._in_threads and _threads_at_work() else 0.0

    def jump(self, seconds: float) -> None:
        """Let it be so much later."""
        self._now_s += seconds


class _Jumping(selectors.DefaultSelector):  # type: ignore[misc, valid-type]
    """Waits for sockets in real time and for timers not at all."""

    def __init__(self, loop: FastLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return what is ready; with nothing on its way, as if `timeout` had passed."""
        if timeout is None or timeout <= 0:
            return super().select(timeout)
        look_s = 0.0
        while True:
            if ready := super().select(look_s):
                return ready
            settled = look_s == _SETTLES_S
            # A thread that was about to work, or a kernel that was busy, has to be seen quiet twice.
            look_s = self._loop.works_s() or _SETTLES_S
            if settled and look_s == _SETTLES_S:
                self._loop.jump(timeout)
                return []


class FastClock:
    """The gateway's clock in a fast loop; `ahead_s` sets its wall clock wrong."""

    def __init__(self, loop: FastLoop) -> None:
        self._loop = loop
        self.ahead_s = 0.0

    def now_ms(self) -> int:
        return BEGINS_MS + int((self._loop.time() + self.ahead_s) * 1000)

    def monotonic_s(self) -> float:
        return self._loop.time()


class FollowingClock(SimulatedClock):
    """The simulated Google's clock in a fast loop."""

    def __init__(self, loop: FastLoop) -> None:
        super().__init__()
        self._loop = loop

    def now_s(self) -> float:
        return BEGINS_MS / 1000 + self._loop.time()


class FastDatabase(Database):
    """The gateway's database; time stands while its threads work."""

    async def write(self, work: Work[T], *, patience_s: float = 0.0) -> T:
        """As always, but without patience: time does not pass before the work is done."""
        del patience_s
        with fast_loop().busy():
            return await super().write(work)

    async def read(self, work: Work[T]) -> T:
        with fast_loop().busy():
            return await super().read(work)


def fast_database(folder: DataFolder) -> Database:
    return FastDatabase(folder.database)


def patient_session(**options: Any) -> aiohttp.ClientSession:
    """A session that keeps its connections for a day of the loop's time.

    The usual one looks every fifteen seconds of the loop whether one is old, which costs more than all else, and by
    the clock on the wall, where no time passes.
    """
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(keepalive_timeout=86_400), **options)


def fast_loop() -> FastLoop:
    """The loop that runs."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, FastLoop)
    return loop


def in_fast_time(work: Coroutine[Any, Any, T]) -> T:
    """Run `work` to its end in a loop of its own."""
    with asyncio.Runner(loop_factory=FastLoop) as runner:
        return runner.run(work)


async def passes(
    condition: Callable[[], T | Awaitable[T]], what: str, *, within_s: float, look_every_s: float = 1.0
) -> T:
    """Let time pass until the condition holds and return its value."""
    until_s = fast_loop().time() + within_s
    while True:
        value = condition()
        if inspect.isawaitable(value):
            value = await value
        if value:
            return value
        assert fast_loop().time() < until_s, what
        await asyncio.sleep(look_every_s)


def _threads_at_work() -> bool:
    """Done thousands of times in a test, so without the comfort of `Path`."""
    own = str(threading.get_native_id())
    for task in os.listdir("/proc/self/task"):  # noqa: PTH208
        if task != own:
            with contextlib.suppress(OSError):
                handle = os.open(f"/proc/self/task/{task}/stat", os.O_RDONLY)
                try:
                    stat = os.read(handle, 400)
                finally:
                    os.close(handle)
                if stat.rpartition(b") ")[2][:1] in _AT_WORK:
                    return True
    return False
