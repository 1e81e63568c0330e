"""A gateway with its pages in this process, a simulated Google, a clock that can be moved, and somebody signed in."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from gateway.app.serving import Running
from gateway.config import Address, Config, GatewaySection, GoogleEndpoints, GoogleSection
from gateway.domain.target import AccountTarget
from gateway.errors import StoreFull
from gateway.store.database import Database
from simulator.google import SimulatedGoogle
from tests.journey.plain_browser import Page, PlainBrowser
from tests.prepared import running
from tests.unit.google.moved_clock import MovedClock

T = TypeVar("T")

EMAIL = "arthur.morgan@mycompanyabc.com"
OTHER = "someone.else@example.com"
CLIENT_ID = "sim-client.apps.googleusercontent.com"
SECRET = "GOCSPX-simulated-secret"
PASSWORD = "correct horse battery"
DEFAULT_REDIRECT = "http://127.0.0.1:8765/oauth/google/callback"
LOCAL = Address(host="127.0.0.1", port=0)


class FillingDatabase(Database):
    """A database on a disk that is full once the test says so."""

    full = False

    async def write(self, work: Callable[[sqlite3.Connection], T], *, patience_s: float = 0.0) -> T:
        if self.full:
            self.failing = "The disk is full."
            raise StoreFull(self.failing)
        return await super().write(work, patience_s=patience_s)


@dataclass
class PageOffice:
    """One gateway that runs, and one browser without scripts in front of its Google page."""

    gateway: Running
    google: SimulatedGoogle
    clock: MovedClock
    browser: PlainBrowser
    folder: Path

    @property
    def redirect(self) -> str:
        """The address that Google leads back to unless another one is chosen."""
        return self.gateway.stored.apps.current().default_redirect

    def fill_disk(self) -> None:
        """Nothing can be written from now on."""
        database = self.gateway.stored.database
        assert isinstance(database, FillingDatabase)
        database.full = True

    async def save_client(self) -> Page:
        return await self.browser.press("Save", files={"file": desktop()})

    async def get_link(self) -> str:
        """Press Get Authorization Code; return where the new tab goes."""
        tab = await self.browser.press("Get Authorization Code")
        assert tab.leads_on_to, tab.text
        return tab.leads_on_to

    async def authorize(self, account: str | None = None) -> Page:
        """Sign in and paste; what the page says then."""
        pasted = self.google.do.approve(await self.get_link(), account)
        await self.browser.open("/google")
        return await self.browser.press("Authorize", code=pasted)

    async def connect(self) -> Page:
        """From a gateway that knows nothing to one that is authorized."""
        await self.save_client()
        await self.authorize()
        return await self.browser.press("Use this account")

    def account(self) -> AccountTarget | None:
        """The account that meetings are written with."""
        return self.gateway.stored.accounts.current()

    def asked(self, operation: str) -> int:
        """How often the gateway asked Google for this."""
        return sum(1 for each in self.google.state.requests if each.operation == operation)

    async def second_browser(self, stack: AsyncExitStack) -> PlainBrowser:
        """The same administrator at another computer."""
        return await stack.enter_async_context(signed_in(self.gateway))


@asynccontextmanager
async def signed_in(gateway: Running) -> AsyncIterator[PlainBrowser]:
    """A browser of the administrator, at the Google page."""
    async with PlainBrowser(gateway.listener.url) as browser:
        await browser.open("/sign-in")
        await browser.press("Sign in", name="anna", password=PASSWORD)
        await browser.open("/google")
        assert browser.page.url.endswith("/google"), browser.page.text
        yield browser


@asynccontextmanager
async def opened_page(folder: Path, google: SimulatedGoogle, **settings: object) -> AsyncIterator[PageOffice]:
    """A gateway whose administrator is Anna; `settings` are those of the section `google`."""
    config = Config(
        gateway=GatewaySection(data_dir=folder / "data", listen=LOCAL, listen_tls=LOCAL, name="Head office"),
        google=GoogleSection(endpoints=GoogleEndpoints(**google.endpoints()), **settings),  # type: ignore[arg-type]
        sources={f"google.{name}": "environment GATEWAY_TEST" for name in settings},
    )
    clock = MovedClock()
    async with running(config, clock, open_database=lambda made: FillingDatabase(made.database)) as gateway:
        await gateway.admins.add_user("anna", PASSWORD)
        async with signed_in(gateway) as browser:
            yield PageOffice(gateway, google, clock, browser, folder)


def desktop(**changes: object) -> bytes:
    """The credentials file of the simulated Desktop client."""
    client = {
        "client_id": CLIENT_ID,
        "client_secret": SECRET,
        "project_id": "meeting-rooms",
        "redirect_uris": ["http://localhost"],
    }
    return json.dumps({"installed": {**client, **changes}}).encode()


def web_client(*redirect_uris: str) -> bytes:
    """The credentials file of a client of type Web application with these addresses."""
    client = {"client_id": CLIENT_ID, "client_secret": SECRET, "project_id": "meeting-rooms"}
    return json.dumps({"web": {**client, "redirect_uris": list(redirect_uris)}}).encode()
