"""Runs a gateway under strace and reads the trace into calls; what must hold of them is judged elsewhere."""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

DURABILITY = "pwrite64,pwritev,pwritev2,write,writev,fdatasync,fsync,sendto,sendmsg"
"""Every call by which SQLite writes and syncs a file and by which a server may send an answer."""

LONGEST_STRING = 8192
"""Bytes that strace shows of each argument: more than a database page or an answer has."""

# Becomes strace, which with -D stays in the background: the process that was started is the gateway itself.
_BECOME = "import os, sys; os.execvp(sys.argv[1], sys.argv[1:])"
_LINE = re.compile(r"(?P<pid>\d+) +(?:(?P<name>\w+)\((?P<args>.*)|<\.\.\. (?P<resumed>\w+) resumed>(?P<rest>.*))$")
_RESULT = re.compile(r"\) += (-?\d+)")
_TARGET = re.compile(r"\d+<([^>]*)>")
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')
_UNFINISHED = "<unfinished ...>"


@dataclass(slots=True, kw_only=True)
class Call:
    """One system call: `target` is what its descriptor stands for, `began` and `ended` count the trace's lines.

    A call that never came back has no `ended`.
    """

    name: str
    target: str
    data: bytes
    began: int
    ended: int | None = None
    result: int | None = None


def why_not() -> str:
    """Return why strace cannot be used here; empty when it can."""
    if shutil.which("strace") is None:
        return "strace is not installed (Debian package strace)"
    tried = subprocess.run(
        ["strace", "-f", "-o", "/dev/null", "true"], capture_output=True, text=True, check=False, timeout=30
    )
    return "" if tried.returncode == 0 else f"strace may not trace here: {tried.stderr.strip()}"


def runner(trace: Path, *program: str, calls: str = DURABILITY) -> tuple[str, ...]:
    """Return what stands before the gateway's own arguments so that `sys.executable program…` runs traced.

    The trace ends with a line `+++ exited with`; see `ended`.
    """
    watch = ("strace", "-D", "-f", "--seccomp-bpf", "-y", "-q", "-s", str(LONGEST_STRING))
    return ("-c", _BECOME, *watch, "-o", str(trace), "-e", f"trace={calls}", sys.executable, *program)


async def ended(trace: Path, pid: int, within_s: float = 30.0) -> None:
    """Wait until strace wrote the last line about a process that has ended."""
    last = re.compile(rf"^{pid} +\+\+\+ (exited|killed)", re.MULTILINE)
    async with asyncio.timeout(within_s):
        while not last.search(trace.read_text("latin-1")):
            await asyncio.sleep(0.02)


def read(lines: Iterable[str]) -> list[Call]:
    """Read a trace made by `runner`, in the order in which the calls began."""
    calls: list[Call] = []
    open_calls: dict[str, Call] = {}
    for number, line in enumerate(lines):
        found = _LINE.match(line)
        if found is None:
            continue
        if found["name"]:
            call = _call(found["name"], found["args"], number)
            calls.append(call)
            open_calls[found["pid"]] = call
        if _UNFINISHED not in line:
            _close(open_calls.pop(found["pid"]), line, number)
    return calls


def _call(name: str, args: str, number: int) -> Call:
    target = _TARGET.match(args)
    data = b"".join(_bytes(text) for text in _STRING.findall(args))
    return Call(name=name, target=target[1] if target else "", data=data, began=number)


def _close(call: Call, line: str, number: int) -> None:
    results = _RESULT.findall(line)
    if results:
        call.ended, call.result = number, int(results[-1])


def _bytes(text: str) -> bytes:
    """Undo the C escapes in which strace shows bytes."""
    return text.encode("latin-1").decode("unicode_escape").encode("latin-1")
