"""Everything the simulated Google holds, as one plain object to read; who may change it is decided elsewhere."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from simulator.google import conference
from simulator.google.calendars import MEET, Calendar, StoredEvent
from simulator.google.clock import SimulatedClock
from simulator.google.conference import PendingConference
from simulator.google.consent import ConsentPlan, PendingConsent
from simulator.google.errors import DisabledShape
from simulator.google.event_json import rendered
from simulator.google.fault_book import FaultBook
from simulator.google.identities import (
    DEFAULT_ACCOUNT,
    DEFAULT_CLIENT_ID,
    DEFAULT_CLIENT_SECRET,
    WEB_CLIENT_ID,
    WEB_CLIENT_SECRET,
    WEB_REDIRECT_URIS,
    AccessToken,
    Account,
    AuthorizationCode,
    Client,
    RefreshToken,
)
from simulator.google.minting import Minter
from simulator.google.quotas import QuotaBook
from simulator.google.service_accounts import ServiceAccount

RoomAnswer = Literal["free", "accept", "decline", "none"]
"""How a room answers invitations: as its calendar is free, always so, or not at all."""
WRONG_SECRET = "Unauthorized"  # noqa: S105  (what Google answers, no secret)
REQUESTS_KEPT = 100_000
"""The oldest requests are forgotten beyond this number, so that a soak test does not fill the memory."""


@dataclass(slots=True, kw_only=True)
class RequestRecord:
    """One request as it came in, and what became of it.

    `at` is the simulated time (ISO 8601), `arrived_s` the machine's steady clock (only differences mean something).
    `query` holds every value of each parameter. `body` is the parsed JSON, else the text; of an OAuth form it is the
    fields with secret values masked. `headers` have lower-case names and no credentials. `status` is None while the
    request is under way, and when its connection was reset, cut or left hanging (`fault` then names the rule).
    `committed` says whether the request had its effect.
    """

    number: int
    operation: str
    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: Any
    at: str
    arrived_s: float
    status: int | None = None
    fault: int | None = None
    committed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail Google would have sent to a guest: `kind` is `invitation`, `update` or `cancellation`."""

    at: str
    kind: str
    to: str
    event_id: str
    summary: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something Google accepts without a word but does not keep as sent; `problem` says what became of it."""

    operation: str
    field: str
    problem: str


@dataclass(slots=True, kw_only=True)
class Settings:
    """Where Google is known to behave in more than one way.

    `restore_cancelled`: a cancelled event can be written to (and restored with `status: confirmed`); else 403.
    `reset_exceptions`: when the times or the rule of a series change, its changed and cancelled occurrences are as the
    rule says again; else they stay, also where the rule has no occurrence any more.
    `api_enabled`: the Calendar API is switched on in the project; else 403 in the shape of `api_disabled_shape`.
    `sync_token_life_s`, `updated_min_life_s`: how old a sync token may be, and how far back `updatedMin` may reach,
    before the answer is 410; None for ever (Google gives no numbers).
    `wrong_secret`: the text about a wrong client secret; "The provided client secret is invalid." is seen as well.
    """

    restore_cancelled: bool = True
    reset_exceptions: bool = False
    api_enabled: bool = True
    api_disabled_shape: DisabledShape = "both"
    wrong_secret: str = WRONG_SECRET
    sync_token_life_s: float | None = None
    updated_min_life_s: float | None = None


@dataclass(slots=True, kw_only=True)
class GoogleState:
    """The simulated Google's memory."""

    minter: Minter
    base: str = ""
    """The address everything is served under, such as `http://127.0.0.1:41234`, without a slash at its end."""
    clock: SimulatedClock = field(default_factory=SimulatedClock)
    settings: Settings = field(default_factory=Settings)
    faults: FaultBook = field(default_factory=FaultBook)
    quotas: QuotaBook = field(default_factory=QuotaBook)
    accounts: dict[str, Account] = field(default_factory=dict)
    clients: dict[str, Client] = field(default_factory=dict)
    calendars: dict[str, Calendar] = field(default_factory=dict)
    groups: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """The members' calendar ids of each mailing group, by the group's address."""
    rooms: dict[str, RoomAnswer] = field(default_factory=dict)
    """Accounts that are rooms, by e-mail address in lower case, and how they answer."""
    service_accounts: dict[str, ServiceAccount] = field(default_factory=dict)
    """By e-mail address."""
    codes: dict[str, AuthorizationCode] = field(default_factory=dict)
    access_tokens: dict[str, AccessToken] = field(default_factory=dict)
    refresh_tokens: dict[str, RefreshToken] = field(default_factory=dict)
    granted: dict[str, set[str]] = field(default_factory=dict)
    """Per account, every scope it ever allowed the project and has not revoked."""
    consent: ConsentPlan = field(default_factory=ConsentPlan)
    pending: dict[str, PendingConsent] = field(default_factory=dict)
    """Consent pages that were shown and not answered yet."""
    console_note: str = ""
    """What the last button of the console did; a new secret is in it."""
    pending_conferences: list[PendingConference] = field(default_factory=list)
    requests: list[RequestRecord] = field(default_factory=list)
    mails: list[Mail] = field(default_factory=list)
    unknown_fields: list[Note] = field(default_factory=list)
    """Body fields Google does not know, or keeps in another form than they were sent."""
    sync_epoch: int = 0
    """Sync tokens of an earlier epoch are expired."""
    counter: int = 0
    """Numbers versions and serials; never goes back."""
    last_write_us: int = 0
    request_count: int = 0
    requests_kept: int = REQUESTS_KEPT
    """When there are more, the oldest tenth of this is forgotten."""

    def next_number(self) -> int:
        """A number larger than every one before."""
        self.counter += 1
        return self.counter

    def write_time_us(self) -> int:
        """Now in microseconds, but later than every write before, so that each write has its own etag."""
        self.last_write_us = max(int(self.clock.now_s() * 1_000_000), self.last_write_us + 1)
        return self.last_write_us

    def remember(self, record: RequestRecord) -> None:
        """Keep a request."""
        self.requests.append(record)
        if len(self.requests) > self.requests_kept:
            del self.requests[: self.requests_kept // 10]

    def requests_of(self, *operations: str) -> list[RequestRecord]:
        """The requests of the given operations (`insert`, `token`, …) in the order they came."""
        return [r for r in self.requests if r.operation in operations]

    @property
    def organisation(self) -> str | None:
        """The Workspace domain the Cloud project belongs to: the first account's; None without a Workspace."""
        return next(iter(self.accounts.values())).hosted_domain

    def add_account(
        self, email: str, *, name: str | None = None, time_zone: str = "Europe/Berlin", is_service: bool = False
    ) -> Account:
        """A new account with its primary calendar."""
        account = Account(
            email=email,
            name=name or email.partition("@")[0].replace(".", " ").title(),
            sub=self.minter.account_number(),
            access={email: "owner"},
            is_service=is_service,
        )
        self.accounts[email] = account
        account.listed_at[email] = self.next_number()
        self.calendars[email] = Calendar(
            calendar_id=email,
            summary=email,
            owner=email,
            time_zone=time_zone,
            conference_types=() if is_service else MEET,
        )
        return account

    def seen_by(self, account: Account, calendar_id: str) -> Calendar | None:
        """The calendar that an account means by an id (`primary` is its main one), None when it has no access."""
        found = account.email if calendar_id == "primary" else calendar_id
        return None if account.access.get(found, "none") == "none" else self.calendars.get(found)

    def share(self, account: Account, calendar_id: str, role: str | None) -> None:
        """Give an account a role in a calendar; None takes the calendar away from it."""
        if role is None:
            account.access.pop(calendar_id, None)
        else:
            account.access[calendar_id] = role
        account.listed_at[calendar_id] = self.next_number()

    def tell_lists(self, calendar: Calendar) -> None:
        """Every list that has the calendar has changed."""
        calendar.edition = self.next_number()
        for account in self.accounts.values():
            if calendar.calendar_id in account.access:
                account.listed_at[calendar.calendar_id] = self.next_number()

    def remove_calendar(self, calendar: Calendar) -> None:
        """A calendar goes away with all its events."""
        del self.calendars[calendar.calendar_id]
        for account in self.accounts.values():
            if calendar.calendar_id in account.access:
                self.share(account, calendar.calendar_id, None)

    @property
    def events(self) -> list[dict[str, Any]]:
        """The same as `all_events`."""
        return self.all_events()

    def all_events(self) -> list[dict[str, Any]]:
        """Every event of every calendar as `events.get` shows it, in the order of creation, cancelled ones included."""
        conference.settle(self)
        pairs = [(event, calendar) for calendar in self.calendars.values() for event in calendar.events.values()]
        pairs.sort(key=lambda pair: pair[0].serial)
        return [rendered(event, calendar, self.base) for event, calendar in pairs]

    @property
    def live_events(self) -> list[dict[str, Any]]:
        """The same without the cancelled ones."""
        return [event for event in self.all_events() if event["status"] != "cancelled"]

    def stored(self, calendar_id: str = "primary") -> dict[str, StoredEvent]:
        """The events of a calendar by id, cancelled ones included; `primary` is the first account's."""
        return self.calendar(calendar_id).events

    def calendar(self, calendar_id: str = "primary") -> Calendar:
        """A calendar by id; `primary` is the first account's main one."""
        return self.calendars[next(iter(self.accounts)) if calendar_id == "primary" else calendar_id]


def fresh_state(*, minter: Minter, account: str = DEFAULT_ACCOUNT, time_zone: str = "Europe/Berlin") -> GoogleState:
    """A Google with one account, one Desktop client and one Web client, and nothing in the calendar."""
    state = GoogleState(minter=minter)
    state.add_account(account, time_zone=time_zone)
    desktop = Client(client_id=DEFAULT_CLIENT_ID, secret=DEFAULT_CLIENT_SECRET)
    web = Client(client_id=WEB_CLIENT_ID, secret=WEB_CLIENT_SECRET, kind="web", redirect_uris=WEB_REDIRECT_URIS)
    state.clients = {client.client_id: client for client in (desktop, web)}
    return state
