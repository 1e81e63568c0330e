"""Processes that start at once: each is forked by a parent that has imported the product before; it tests nothing.

Starting Python and importing takes a command most of its time. What runs here is a process of its own as ever, with its
own memory, signals and end; only its imports are there already. What is about starting or imports starts Python itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gc
import importlib
import json
import os
import pkgutil
import random
import runpy
import signal
import socket
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, NoReturn

_MOST = 1 << 20
_OPEN: list[int] = []


class WarmProcess:
    """A process that was forked; used as `asyncio.subprocess.Process` is. `returncode` is set by `wait`."""

    def __init__(self, pid: int, end: asyncio.StreamReader, stdout: asyncio.StreamReader | None) -> None:
        self.pid = pid
        self.stdout = stdout
        self.returncode: int | None = None
        self._end = end

    async def wait(self) -> int:
        """Wait for its end; a signal that ended it is a negative number."""
        if self.returncode is None:
            said = (await self._end.read()).decode()
            self.returncode = int(said) if said else -signal.SIGKILL
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Raises ProcessLookupError when it is over."""
        if self.returncode is not None:
            raise ProcessLookupError
        os.kill(self.pid, number)

    def kill(self) -> None:
        """As a power cut ends it."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """As a service manager ends it."""
        self.send_signal(signal.SIGTERM)


async def start(
    words: Sequence[str], *, env: Mapping[str, str], stderr: IO[bytes], cold: bool = False
) -> WarmProcess | asyncio.subprocess.Process:
    """Start `python WORDS`, words as in `-m gateway serve`; its output can be read from `stdout`.

    One that is `cold`, or no module, starts Python itself.
    """
    if cold or words[0] != "-m":
        return await asyncio.create_subprocess_exec(
            sys.executable, *words, env=env, stdout=subprocess.PIPE, stderr=stderr
        )
    read, write = os.pipe()
    try:
        pid, end = await _forked(words, env=env, cwd="", files=(subprocess.DEVNULL, write, stderr.fileno()))
    finally:
        os.close(write)
    return WarmProcess(pid, end, await _reader(read))


async def attached(words: Sequence[str], *, env: Mapping[str, str], to: int) -> WarmProcess:
    """Start `python WORDS` with its input, its output and its talk at the descriptor `to`, as at a terminal."""
    pid, end = await _forked(words, env=env, cwd="", files=(to, to, to))
    return WarmProcess(pid, end, None)


async def run(words: Sequence[str], *, env: Mapping[str, str], stdin: str = "", cwd: str = "") -> tuple[int, str, str]:
    """Run `python WORDS` to its end; return exit code, output and talk."""
    with tempfile.TemporaryFile() as typed, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        typed.write(stdin.encode())
        typed.seek(0)
        files = (typed.fileno(), out.fileno(), err.fileno())
        pid, end = await _forked(words, env=env, cwd=cwd, files=files)
        process = WarmProcess(pid, end, None)
        try:
            code = await process.wait()
        except BaseException:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            raise
        out.seek(0)
        err.seek(0)
        return code, out.read().decode(), err.read().decode()


async def _forked(
    words: Sequence[str], *, env: Mapping[str, str], cwd: str, files: tuple[int, int, int]
) -> tuple[int, asyncio.StreamReader]:
    read, write = os.pipe()
    nothing = os.open(os.devnull, os.O_RDWR)
    try:
        asked = json.dumps({"words": list(words), "env": dict(env), "cwd": cwd or str(Path.cwd())}).encode()
        stdin, stdout, stderr = (nothing if each == subprocess.DEVNULL else each for each in files)
        pid = await asyncio.to_thread(_ask, asked, [stdin, stdout, stderr, write])
    finally:
        os.close(write)
        os.close(nothing)
    return pid, await _reader(read)


async def _reader(fd: int) -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    file = os.fdopen(fd, "rb", 0)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), file)
    return reader


def _ask(asked: bytes, files: list[int]) -> int:
    """Let the parent fork; several tests in threads of one process ask one after the other."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as line:
        line.connect(_parent())
        line.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _MOST)
        socket.send_fds(line, [asked], files)
        return int(line.recv(64))


@functools.cache
def _parent() -> str:
    """Start the parent, which ends with this process; return the address on which it listens."""
    address = f"\0{os.urandom(8).hex()}"
    ours, theirs = os.pipe()
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listening:
        listening.bind(address)
        listening.listen(64)
        environ = {name: value for name, value in os.environ.items() if not name.startswith("GATEWAY_")}
        environ["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
        words = [sys.executable, "-m", "tests.warm", str(listening.fileno()), str(ours)]
        for fd in (listening.fileno(), ours):
            os.set_inheritable(fd, True)
        # What is written into the pipe is never read: it shows by its end that this process is over, however it ends.
        os.posix_spawn(sys.executable, words, environ)
    os.close(ours)
    _OPEN.append(theirs)
    return address


def _serve(listening: socket.socket, alive: int) -> NoReturn:
    """Fork for everybody who asks, until nobody is left who might."""
    import select

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        ready, _, _ = select.select([listening, alive], [], [])
        if alive in ready:
            os._exit(0)
        line, _ = listening.accept()
        with line:
            asked, files, _, _ = socket.recv_fds(line, _MOST, 4)
            pid = os.fork()
            if pid == 0:
                listening.close()
                line.close()
                os.close(alive)
                _become(json.loads(asked), files)
            line.send(str(pid).encode())
            for fd in files:
                os.close(fd)


def _become(asked: dict[str, object], files: list[int]) -> NoReturn:
    """Be `python WORDS`, from its first line to its exit code."""
    *standard, end = files
    for number, fd in enumerate(standard):
        os.dup2(fd, number)
        os.close(fd)
    os.set_inheritable(end, False)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    random.seed()
    words, env, cwd = asked["words"], asked["env"], asked["cwd"]
    assert isinstance(words, list)
    assert isinstance(env, dict)
    assert isinstance(cwd, str)
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - as long as the process lives
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)  # noqa: SIM115
    code = _ran(words)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os.write(end, str(code).encode())
    os._exit(code)


def _ran(words: list[str]) -> int:
    assert words[0] == "-m"
    sys.argv = [words[1], *words[2:]]
    try:
        runpy.run_module(words[1], run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        if ended.code is None or isinstance(ended.code, int):
            return ended.code or 0
        print(ended.code, file=sys.stderr)
        return 1
    except BaseException:  # noqa: BLE001 - as the interpreter itself ends
        traceback.print_exc()
        return 1
    return 0


def _import_everything() -> None:
    """Import the product and what it imports when it is used, and read the profiles, as every gateway does."""
    import gateway

    for found in pkgutil.walk_packages(gateway.__path__, "gateway."):
        if not found.name.endswith("__main__"):
            importlib.import_module(found.name)
    for name in (
        "google.oauth2.credentials",
        "google.oauth2.service_account",
        "google.auth.transport",
        "jinja2",
        "segno",
    ):
        importlib.import_module(name)
    for name in ("cattrs", "icalendar", "dateutil.rrule", "tzlocal.windows_tz", "cryptography.fernet", "argon2"):
        importlib.import_module(name)
    from gateway.profiles.catalog import Catalog, builtin_folder

    Catalog.load([builtin_folder()], lenient=True)
    # What is collected in a child would be copied for it first, page by page.
    gc.collect()
    gc.freeze()


if __name__ == "__main__":
    _import_everything()
    _serve(socket.socket(fileno=int(sys.argv[1])), int(sys.argv[2]))
