"""The data folder: who may read it, that one gateway serves it, and how a command wakes that gateway; no tables."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
from pathlib import Path

from gateway.errors import StoreRefused, StoreUnavailable

DATABASE_NAME = "gateway.db"
WAKE_SIGNAL = signal.SIGUSR1


class DataFolder:
    """A folder with mode 0700 that holds the database, the key file and the lock."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: int | None = None

    @property
    def database(self) -> Path:
        """Where the database is, or will be."""
        return self.path / DATABASE_NAME

    def make(self) -> None:
        """Create the folder, or tighten its mode. Raises StoreUnavailable when that is not allowed."""
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            if self.path.stat().st_mode & 0o077:
                self.path.chmod(0o700)
        except OSError as error:
            raise StoreUnavailable(
                f"The data folder {self.path} cannot be used: {error.strerror}. "
                "Give the gateway's user that folder, or set gateway.data_dir."
            ) from error

    def lock(self) -> None:
        """Become the one gateway that serves this folder. Raises StoreRefused when another one does."""
        handle = os.open(self._lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.read(handle, 32).decode("ascii", "replace").strip()
            os.close(handle)
            raise StoreRefused(
                f"Another gateway (process {owner or 'unknown'}) already serves {self.path}. "
                "Stop it first, or give this one its own gateway.data_dir."
            ) from None
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode("ascii"), 0)
        self._lock = handle

    def unlock(self) -> None:
        """Let another gateway have the folder."""
        if self._lock is not None:
            os.ftruncate(self._lock, 0)
            os.close(self._lock)
            self._lock = None

    def wake_server(self) -> bool:
        """Tell the gateway that serves this folder to look at its accounts again; False when none is running."""
        try:
            handle = os.open(self._lock_path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:  # held, so the process id in it is that of a living gateway
            owner = os.read(handle, 32).strip()
            with contextlib.suppress(ValueError, ProcessLookupError):
                os.kill(int(owner), WAKE_SIGNAL)
                return True
            return False
        finally:
            os.close(handle)
        return False

    @property
    def _lock_path(self) -> Path:
        return self.path / "gateway.lock"
