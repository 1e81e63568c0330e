"""An office whose gateways are opened and closed within one process, with a clock that can be moved."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from gateway.accounts.accounts import Accounts, Candidate
from gateway.accounts.calendar_choice import CalendarChoice
from gateway.accounts.google_app import GoogleApps
from gateway.accounts.test_meeting import TestMeeting
from gateway.config import GoogleEndpoints, GoogleSection, Secret
from gateway.domain.meeting import Invitations, Meeting
from gateway.domain.outcome import Outcome
from gateway.domain.target import EventContent, EventRef
from gateway.errors import SignInError
from gateway.google.wire import google_session
from gateway.store import audit
from gateway.store.database import Database
from gateway.store.vault import Vault
from simulator.google import SimulatedGoogle
from tests.prepared import give_database
from tests.unit.google.moved_clock import MovedClock

EMAIL = "arthur.morgan@mycompanyabc.com"
OTHER = "someone.else@example.com"
SECRET = "GOCSPX-simulated-secret"

REF = EventRef(calendar_id="primary", remote_id="abc123", marks={"gateway": "g", "meeting": "1", "generation": "0"})
CONTENT = EventContent(
    meeting=Meeting(
        external_id="1",
        subject="Weekly_Meeting",
        start_local=datetime(2024, 4, 29, 10),
        end_local=datetime(2024, 4, 29, 11),
        zone="Etc/GMT-1",
        start_utc_s=1714381200,
        end_utc_s=1714384800,
    ),
    invitations=Invitations.DEVICE,
    fingerprint="f",
    device_name="UCM",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """The parts of a gateway that is open."""

    database: Database
    apps: GoogleApps
    choice: CalendarChoice
    accounts: Accounts
    test_meeting: TestMeeting

    async def audit(self) -> list[tuple[str, str, str]]:
        """Who did what to what, without the devices' lines."""
        return [(actor, action, object_) for _, actor, action, object_, _ in await self.database.read(audit.everything)]


@dataclass
class Office:
    """A data folder, a clock and one client at the simulated Google, from which gateways are opened."""

    folder: Path
    google: SimulatedGoogle
    clock: MovedClock
    session: aiohttp.ClientSession
    section: GoogleSection
    sources: Mapping[str, str] = field(default_factory=dict)
    zone: str | None = None

    @asynccontextmanager
    async def desk(self, **changes: Any) -> AsyncIterator[Desk]:
        """Start as the product does; several in a row are restarts."""
        vault = Vault.open(self.folder)
        path = self.folder / "gateway.db"
        give_database(path, self.clock.now_ms())
        database = Database(path)
        await database.open()
        google = replace(self.section, **changes)
        common = {"database": database, "clock": self.clock}
        apps = GoogleApps(**common, vault=vault, google=google, sources=self.sources)
        await apps.load()
        choice = CalendarChoice(**common, google=google, sources=self.sources)
        await choice.load()
        accounts = Accounts(
            **common,
            vault=vault,
            session=self.session,
            google=google,
            apps=apps,
            choice=choice,
            call_timeout_s=30.0,
            time_zone=self.zone,
        )
        await accounts.load()
        meeting = TestMeeting(**common, choice=choice, calendar=accounts.calendar, time_zone=self.zone)
        try:
            yield Desk(database=database, apps=apps, choice=choice, accounts=accounts, test_meeting=meeting)
        finally:
            await accounts.close()
            await database.close()

    @asynccontextmanager
    async def gateway(self, **changes: Any) -> AsyncIterator[Accounts]:
        """Only the accounts of such a gateway."""
        async with self.desk(**changes) as desk:
            yield desk.accounts

    def exchanges(self) -> int:
        """How often a code was sent to Google."""
        return sum(1 for r in self.google.state.requests if r.operation == "token" and "code" in r.body)

    def refreshes(self) -> int:
        """How often a refresh token was sent to Google."""
        return sum(1 for r in self.google.state.requests if r.operation == "token" and "refresh_token" in r.body)


@asynccontextmanager
async def opened_office(folder: Path, google: SimulatedGoogle) -> AsyncIterator[Office]:
    endpoints = GoogleEndpoints(**google.endpoints())
    section = GoogleSection(
        client_id="sim-client.apps.googleusercontent.com", client_secret=Secret(SECRET), endpoints=endpoints
    )
    async with google_session(endpoints, 5.0) as session:
        yield Office(folder, google, MovedClock(), session, section)


async def signed_in(office: Office, accounts: Accounts, account: str | None = None) -> Candidate:
    link = await accounts.start()
    return await accounts.finish(office.google.do.approve(link.url, account))


async def connect(office: Office, accounts: Accounts) -> None:
    await accounts.store(await signed_in(office, accounts), replace=False)


async def write_event(accounts: Accounts) -> Outcome:
    target = accounts.current()
    assert target is not None
    return await target.target.insert(REF, CONTENT)


async def refused(accounts: Accounts, pasted: str, **arguments: Any) -> str:
    with pytest.raises(SignInError) as caught:
        await accounts.finish(pasted, **arguments)
    assert str(caught.value)
    return caught.value.code
