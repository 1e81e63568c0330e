"""A gateway that tells people of what happens, over one database, with channels and a clock that a test moves."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from gateway.domain.account_event import AccountChange, AccountEvent
from gateway.domain.alert_kind import AlertKind
from gateway.notify.alert import Alert, Channel
from gateway.notify.webhook import Taken, Told
from gateway.operations.alerts.alerts import Alerts
from gateway.operations.alerts.delivery import AlertDelivery
from gateway.store import alerts
from gateway.store.database import Database
from tests.prepared import give_database

START_MS = 1_700_000_000_000
MINUTE_MS = 60_000
DAY_MS = 24 * 60 * MINUTE_MS
EMAIL = "arthur.morgan@mycompanyabc.com"


@dataclass
class StandingClock:
    ms: int = START_MS

    def now_ms(self) -> int:
        return self.ms

    def monotonic_s(self) -> float:
        return self.ms / 1000


@dataclass
class Ear:
    """A channel that writes down what it hears, or is out of order."""

    name: str
    works: bool = True
    heard: list[Alert] = field(default_factory=list)
    tries: int = 0

    async def send(self, alert: Alert, *, now_s: int) -> Told:
        self.tries += 1
        if not self.works:
            return Told(taken=Taken.LATER, text="Nobody is there.")
        self.heard.append(alert)
        return Told(taken=Taken.YES)

    async def close(self) -> None:
        pass

    def types(self) -> list[str]:
        return [f"{'again ' if alert.reminder else ''}{alert.type}" for alert in self.heard]


@dataclass
class AlertDesk:
    database: Database
    folder: Path
    clock: StandingClock
    ears: list[Ear]
    usable: set[int] = field(default_factory=lambda: {1})
    least_free_bytes: int = 0
    mistakes: int | None = 0
    chosen: dict[str, frozenset[AlertKind]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """As if the process had ended and begun again."""
        channels: list[Channel] = [*self.ears]
        delivery = AlertDelivery(
            database=self.database,
            clock=self.clock,
            channels=channels,
            installation_id="inst",
            gateway="Head office",
            page=lambda: "",
            chance=lambda: 1.0,
            owner="test",
        )
        self.alerts = Alerts(
            database=self.database,
            clock=self.clock,
            channels=channels,
            delivery=delivery,
            usable=lambda: self.usable,
            data_dir=self.folder,
            least_free_bytes=self.least_free_bytes,
            chosen=self.chosen,
            mistakes=lambda: self.mistakes,
        )

    async def tell(self, change: AccountChange, code: str = "G-503", **own: object) -> None:
        words = {"main": True, "text": "It is over. Sign in again.", "at_ms": self.clock.ms, **own}
        await self.alerts.told(AccountEvent(account_id=1, email=EMAIL, change=change, code=code, **words))  # type: ignore[arg-type]

    async def pass_time(self, ms: int, *, looks: int = 1) -> None:
        """Let time pass, with a look now and then, and deliver what is due."""
        for _ in range(looks):
            self.clock.ms += ms // looks
            await self.alerts.look()
            await self.deliver()

    async def deliver(self) -> None:
        while await self.alerts.deliver() == 0.0:
            pass

    async def sent(self) -> list[tuple[str, str, str, str]]:
        return await self.database.read(alerts.sent)

    async def sql(self, *statements: str) -> None:
        await self.database.write(lambda conn: [conn.execute(each) for each in statements])


@asynccontextmanager
async def alert_desk(folder: Path, *names: str) -> AsyncIterator[AlertDesk]:
    path = folder / "gateway.db"
    give_database(path, START_MS)
    database = Database(path)
    await database.open()
    try:
        yield AlertDesk(database, folder, StandingClock(), [Ear(name) for name in names or ("email",)])
    finally:
        await database.close()


ACCOUNT = (
    "INSERT INTO account (id, kind, subject, email, client_id, scopes, sealed, state, authorized_at, changed_at, main) "
    f"VALUES (1, 'google', 's', '{EMAIL}', 'c', '', x'01', 'connected', 1, 1, 1)"
)
DEVICE = (
    "INSERT INTO device (id, name, profile, key_hash, active, changed_at) "
    "VALUES (1, 'ucm-1', 'generic/json', x'', 1, 1)"
)


def meeting(number: int) -> str:
    times = '"sl":"2023-11-20T10:00:00","el":"2023-11-20T11:00:00","z":"UTC","s":1700474400,"e":1700478000'
    body = f'{{"v":1,"id":"m{number}","su":"Weekly",{times}}}'
    return (
        "INSERT INTO meeting (id, device_id, external_id, revision, state, sync, shape, fingerprint, body, changed_at) "
        f"VALUES ({number}, 1, 'm{number}', 1, 'scheduled', 1, '', 'f', '{body}', 1)"
    )


def queued(number: int, *, at_ms: int, hold: str | None = None, code: str = "") -> str:
    held = "NULL" if hold is None else f"'{hold}'"
    return (
        "INSERT INTO outbox (kind, subject_id, revision, not_before, created_at, hold, last_code, lane) "
        f"VALUES ('mirror', {number}, 1, {at_ms}, {at_ms}, {held}, '{code}', 1)"
    )
