"""A gateway with its pages, a simulated Google and a browser that keeps every page it was shown; no code is named."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import TypeVar

import aiohttp
from yarl import URL

from gateway.config import Config, GatewaySection, GoogleEndpoints, GoogleSection
from gateway.store import audit
from simulator.google import SimulatedGoogle
from tests.journey.page_office import LOCAL, PASSWORD, SECRET, PageOffice
from tests.journey.plain_browser import Page, PlainBrowser
from tests.prepared import running
from tests.unit.google.moved_clock import MovedClock

T = TypeVar("T")

KEPT = ("setting", "account", "sign_in", "mirrored", "outbox")
"""The tables that a refusal must leave as they are."""
NOTHING: Mapping[str, str] = {}


class WatchedBrowser(PlainBrowser):
    """A plain browser that puts every page it was answered on a list, and may have cookies of an earlier day."""

    def __init__(self, base: str, pages: list[Page], cookies: Mapping[str, str] = NOTHING) -> None:
        super().__init__(base)
        self._pages = pages
        self._session.cookie_jar.update_cookies(cookies, URL(base))

    @property
    def cookies(self) -> dict[str, str]:
        """What it was given to keep."""
        return {name: each.value for name, each in self._session.cookie_jar.filter_cookies(URL(self.base)).items()}

    async def _ask(
        self, method: str, path: str, data: aiohttp.FormData | list[tuple[str, str]] | None = None, *, tab: bool = False
    ) -> Page:
        page = await super()._ask(method, path, data, tab=tab)
        self._pages.append(page)
        return page


@dataclass
class Desk(PageOffice):
    """One gateway that runs, with somebody signed in at its Google page."""

    def rows(self) -> dict[str, list[tuple[object, ...]]]:
        """What is on the disk, without who was here and what was tried."""
        path = self.folder / "data" / "gateway.db"
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=60)) as conn:
            return {table: sorted(conn.execute(f"SELECT * FROM {table}"), key=repr) for table in KEPT}

    @contextmanager
    def refused_here(self) -> Iterator[None]:
        """Google hears of nothing that happens in the block, and nothing of it is stored."""
        asked, rows = len(self.google.state.requests), self.rows()
        yield
        assert [each.path for each in self.google.state.requests[asked:]] == [], "sent to Google"
        assert self.rows() == rows, "stored"

    @contextmanager
    def nobody_connected(self) -> Iterator[None]:
        """Whoever is authorized before the block is so after it, and nobody else."""
        rows = self.rows()["account"]
        yield
        assert self.rows()["account"] == rows

    async def full_disk(self) -> None:
        """Leave no room in the database; the next connection has room again."""
        await self.gateway.stored.database.write(_fill)


class Scene:
    """Starts gateways in one data folder, one after the other. `hidden` is what no page may ever show."""

    def __init__(self, google: SimulatedGoogle, folder: Path, cookies: Mapping[str, str]) -> None:
        self.google = google
        self.folder = folder
        self._cookies = cookies
        self.clock = MovedClock()
        self.pages: list[Page] = []
        self.hidden: set[str] = {SECRET, PASSWORD}
        self.desk: Desk | None = None
        self._stack = AsyncExitStack()
        self._around = AsyncExitStack()

    async def __aenter__(self) -> Scene:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()
        await self._around.aclose()

    async def enter(self, beside: AbstractAsyncContextManager[T]) -> T:
        """Have something beside the gateways until the scene ends."""
        return await self._around.enter_async_context(beside)

    async def open(self, endpoints: Mapping[str, str] = NOTHING, **settings: object) -> Desk:
        """Start, or start again, with `settings` of the section `google`, with the administrator at the page."""
        await self._stack.aclose()
        there = replace(GoogleEndpoints(**self.google.endpoints()), **endpoints)
        config = Config(
            gateway=GatewaySection(data_dir=self.folder / "data", listen=LOCAL, listen_tls=LOCAL, name="Head office"),
            google=GoogleSection(endpoints=there, **settings),  # type: ignore[arg-type]
            sources={f"google.{name}": "environment GATEWAY_TEST" for name in settings},
        )
        gateway = await self._stack.enter_async_context(running(config, self.clock))
        browser = WatchedBrowser(gateway.listener.url, self.pages, self._cookies)
        await self._stack.enter_async_context(browser)
        page = await browser.open("/google")
        assert page.url.endswith("/google"), page.text
        self.desk = Desk(gateway, self.google, self.clock, browser, self.folder)
        return self.desk

    async def another_computer(self) -> PlainBrowser:
        """A browser in which the administrator signed in as well."""
        assert self.desk is not None
        browser = WatchedBrowser(self.desk.gateway.listener.url, self.pages)
        await sign_in(await self._stack.enter_async_context(browser))
        return browser

    def secrets(self) -> set[str]:
        """Everything that was secret in what happened."""
        state = self.google.state
        return {*self.hidden, *state.codes, *state.access_tokens, *state.refresh_tokens}


async def prepare(folder: Path) -> dict[str, str]:
    """Make a data folder to be copied for every scene; return the cookies of its administrator, who is signed in."""
    config = Config(gateway=GatewaySection(data_dir=folder / "data", listen=LOCAL, listen_tls=LOCAL))
    async with running(config, MovedClock()) as gateway:
        await gateway.admins.add_user("anna", PASSWORD)
        async with WatchedBrowser(gateway.listener.url, []) as browser:
            await sign_in(browser)
            return browser.cookies


async def sign_in(browser: PlainBrowser) -> None:
    """Be the administrator."""
    await browser.open("/sign-in")
    await browser.press("Sign in", name="anna", password=PASSWORD)
    await browser.open("/google")
    assert browser.page.url.endswith("/google"), browser.page.text


def _fill(conn: sqlite3.Connection) -> None:
    """Leave no room for one more line of the audit log, and let the file grow no more."""
    [pages] = conn.execute("PRAGMA page_count").fetchone()
    while True:
        conn.execute("SAVEPOINT one_line")
        audit.write(conn, at_ms=1, actor="", action="", object_="")
        if conn.execute("PRAGMA page_count").fetchone()[0] > pages:
            break
        conn.execute("RELEASE one_line")
    conn.execute("ROLLBACK TO one_line")
    conn.execute("RELEASE one_line")
    conn.execute(f"PRAGMA max_page_count = {pages}")
