"""Data folders that hold a database and a certificate already: making them takes longer than many a test does.

The product makes them, once for each process of tests, and they are copied. Tests of how they are made start the
product's own `running`, or call `migrate.prepare`.
"""

from __future__ import annotations

import contextlib
import functools
import os
import secrets
import sqlite3
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from gateway.app import serving
from gateway.app.serving import Running
from gateway.clock import Clock
from gateway.config import Config
from gateway.store import migrate
from gateway.store.folder import DATABASE_NAME
from gateway.web.tls import Certificate

NAMES = ("tls.key", "tls.crt")
_DAY_MS = 86_400_000
_MADE: dict[int, dict[str, str]] = {}
"""By the day it begins: a clock of a test may stand in another year."""


@asynccontextmanager
async def running(config: Config, clock: Clock, **more: Any) -> AsyncIterator[Running]:
    """Serve until the block ends, as `gateway.app.serving.running` does."""
    with contextlib.suppress(OSError):  # of a folder that cannot be used the gateway tells
        await give_certificate(config.gateway.data_dir, clock)
        give_database(config.gateway.data_dir / DATABASE_NAME, clock.now_ms())
    async with serving.running(config, clock, **more) as gateway:
        yield gateway


async def give_certificate(folder: Path, clock: Clock) -> None:
    """Put one into a data folder that has none; one that lacks a wanted name the gateway makes anew."""
    if any((folder / name).exists() for name in NAMES):
        return
    day = clock.now_ms() // _DAY_MS
    if day not in _MADE:
        with tempfile.TemporaryDirectory() as place:
            await Certificate(Path(place), clock).begin()
            _MADE[day] = {name: Path(place, name).read_text() for name in NAMES}
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name, text in _MADE[day].items():
        with os.fdopen(os.open(folder / name, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            file.write(text)


def give_database(path: Path, now_ms: int) -> None:
    """Do what `migrate.prepare` does; a database that is made belongs to an installation of its own, as ever."""
    if path.exists():
        migrate.prepare(path, now_ms)
        return
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        file.write(_empty())
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as conn:
        conn.execute("PRAGMA synchronous=OFF")
        conn.execute("UPDATE installation SET installation_id = ?, created_at = ?", (secrets.token_hex(16), now_ms))


@functools.cache
def _empty() -> bytes:
    with tempfile.TemporaryDirectory() as place:
        path = Path(place, DATABASE_NAME)
        migrate.prepare(path, 0)
        return path.read_bytes()
