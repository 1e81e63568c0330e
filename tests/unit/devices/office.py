"""What the tests of devices share: a clock that is moved, a roster and a register over one database."""

from __future__ import annotations

from pathlib import Path

from gateway.config import DeviceSection, Secret
from gateway.devices.register import Register, enrol
from gateway.devices.roster import Roster
from gateway.domain.actor import COMMAND_LINE
from gateway.profiles.catalog import Catalog, builtin_folder
from gateway.store.database import Database
from gateway.store.vault import Vault

NOW_MS = 1_700_000_000_000
HOUR_MS = 3_600_000
KEY = Secret("a-key-of-more-than-16-signs")


class StandingClock:
    """Stands until a test moves it."""

    def __init__(self) -> None:
        self.ms = NOW_MS

    def now_ms(self) -> int:
        return self.ms

    def monotonic_s(self) -> float:
        return self.ms / 1000


CATALOG = Catalog.load([builtin_folder()])


def section(device_id: str, profile: str = "generic/json", **own: object) -> DeviceSection:
    own.setdefault("key", KEY)
    return DeviceSection(id=device_id, profile=profile, **own)  # type: ignore[arg-type]


def roster(
    database: Database, vault: Vault, clock: StandingClock, *sections: DeviceSection, catalog: Catalog = CATALOG
) -> Roster:
    return Roster(
        database=database,
        vault=vault,
        clock=clock,
        catalog=lambda: catalog,
        sections=sections,
        sources={f"devices[{index}].id": "config.yaml:7" for index in range(len(sections))},
        actor=COMMAND_LINE,
    )


async def register_of(
    database: Database, vault: Vault, clock: StandingClock, *sections: DeviceSection, catalog: Catalog = CATALOG
) -> Register:
    return await enrol(
        database,
        sections,
        catalog=catalog,
        default_calendar="primary",
        now_ms=clock.now_ms(),
        vault=vault,
        clock=clock,
    )


def raw_files(folder: Path) -> bytes:
    """Everything that a database left on disk."""
    return b"".join(path.read_bytes() for path in sorted(folder.glob("gateway.db*")))
