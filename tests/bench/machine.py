"""What the kernel says about a process and a disk; nothing is started and nothing is judged here."""

from __future__ import annotations

import os
import platform
import time
from dataclasses import dataclass
from pathlib import Path

PAGE = b"\xa5" * 4096
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
IN_MEMORY = frozenset({"tmpfs", "ramfs", "overlay"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Resident memory in MiB: all of it, and with shared pages divided among those who share them."""

    rss_mib: float
    pss_mib: float


def cpu_s(pid: int) -> float:
    """Return the processor seconds that a process used so far, user and system, all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S


def memory(pid: int) -> Memory:
    """Return what a process holds in memory now."""
    kib = {"Rss:": 0, "Pss:": 0}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]:
        name, number, *_ = line.split()
        if name in kib:
            kib[name] = int(number)
    return Memory(rss_mib=kib["Rss:"] / 1024, pss_mib=kib["Pss:"] / 1024)


def written_bytes(pid: int) -> int | None:
    """Return how many bytes a process caused to be written to disks so far; None when the kernel does not count."""
    try:
        text = Path(f"/proc/{pid}/io").read_text()
    except OSError:
        return None
    counts = dict(line.split(": ") for line in text.splitlines())
    return int(counts["write_bytes"])


def syncs_per_s(folder: Path, seconds: float, *, append: bool) -> float:
    """Return how often per second 4 KiB can be written and synced, growing a file or going over one again."""
    path = folder / "raw-syncs"
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        if not append:
            os.pwrite(handle, PAGE * 256, 0)
            os.fsync(handle)
        count, began = 0, time.perf_counter()
        while (took := time.perf_counter() - began) < seconds:
            os.pwrite(handle, PAGE, (count if append else count % 256) * len(PAGE))
            os.fdatasync(handle)
            count += 1
        return count / took
    finally:
        os.close(handle)
        path.unlink()


def file_system(folder: Path) -> str:
    """Return the type of the file system that holds a folder, such as `ext4`."""
    best, kind = "", "unknown"
    where = str(folder.resolve())
    for line in Path("/proc/mounts").read_text().splitlines():
        _, mounted, type_, *_ = line.split()
        inside = where == mounted or where.startswith(mounted.rstrip("/") + "/")
        if inside and len(mounted) >= len(best):
            best, kind = mounted, type_
    return kind


def described() -> str:
    """Return processor, cores and system in one line."""
    model = platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    return f"{model}, {os.cpu_count()} cores, Linux {platform.release()}, Python {platform.python_version()}"
