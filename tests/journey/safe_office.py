"""A gateway in this process whose configuration is broken, its safe page, and who comes to it; it tests nothing."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path

from gateway.access.admins import Admins
from gateway.app.safe import Broken, SafeRunning, running_safely
from gateway.config import load
from gateway.config.last_good import keep, read
from gateway.config.last_working import last_working
from gateway.errors import ConfigError
from gateway.store import migrate
from gateway.store.database import Database
from tests.journey.door_office import PASSWORD, Visitor
from tests.journey.plain_browser import PlainBrowser
from tests.prepared import give_certificate
from tests.unit.google.moved_clock import MovedClock

GOOD = "gateway:\n  name: Front office\n  listen: 127.0.0.1:0\n  listen_tls: 127.0.0.1:0\n"
BROKEN = GOOD + "  lissten: 5\nlimits:\n    body_bytes: canary-of-the-file\n"
KEPT_AT_MS = 1_750_000_000_000


@dataclass
class SafeOffice:
    """A safe page that is served; `started` counts how often the gateway was to be started."""

    page: SafeRunning
    folder: Path
    started: list[bool]

    @property
    def file(self) -> Path:
        return self.folder / "config.yaml"

    @property
    def broken(self) -> list[Path]:
        """What was put aside, oldest first."""
        return sorted(self.folder.glob("config.yaml.broken-*"))

    @property
    def http(self) -> str:
        return self.page.listener.url

    def visitor(self, source: str = "127.0.0.1", *, tls: bool = False) -> Visitor:
        return Visitor(self.page.listener.https_url if tls else self.http, source)

    @asynccontextmanager
    async def browser(self) -> AsyncIterator[PlainBrowser]:
        """A browser whose administrator is signed in and sees the page."""
        async with PlainBrowser(self.http) as browser:
            await browser.open("/")
            await browser.follow("Sign in")
            await browser.press("Sign in", name="anna", password=PASSWORD)
            yield browser

    def audit(self) -> list[tuple[str, str, str]]:
        with closing(sqlite3.connect(self.folder / "data" / "gateway.db")) as conn:
            return list(conn.execute("SELECT actor, action, object FROM audit ORDER BY id"))


async def prepare(folder: Path) -> None:
    """Make a data folder as a gateway leaves it that worked with `GOOD` and has the administrator anna."""
    data, clock = folder / "data", MovedClock()
    await give_certificate(data, clock)
    migrate.prepare(data / "gateway.db", clock.now_ms())
    database = Database(data / "gateway.db")
    await database.open()
    admins = Admins(database=database, data_dir=data, clock=clock)
    await admins.add_user("anna", PASSWORD)
    await admins.begin()
    await database.close()
    keep(data, GOOD.encode(), KEPT_AT_MS)


@asynccontextmanager
async def opened_safe(
    folder: Path,
    prepared: Path | None,
    text: str | None = BROKEN,
    *,
    spoil: Callable[[Path], object] = lambda data: None,
) -> AsyncIterator[SafeOffice]:
    """Serve the safe page because of what `text` says; `spoil` does something to the data folder before."""
    if prepared is not None:
        shutil.copytree(prepared, folder, dirs_exist_ok=True)
    file, started = folder / "config.yaml", []
    if text is not None:
        file.write_text(text)
    spoil(folder / "data")

    def reading() -> object:
        return load(file, {})

    problems: list[str] = []
    try:
        reading()
    except ConfigError as error:
        problems = error.problems
    copy = read(folder / "data")
    assert copy is not None
    broken = Broken(config=last_working(copy, file, {}, {}), file=file, copy=copy, problems=problems, read=reading)
    async with running_safely(broken, MovedClock(), start=lambda: started.append(True)) as page:
        yield SafeOffice(page, folder, started)
