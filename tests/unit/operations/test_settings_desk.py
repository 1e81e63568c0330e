"""Settings that are saved on the page: judged whole, sealed, written down with who did it, told to who uses them."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway.config import Config, GatewaySection, Secret
from gateway.config.saved import ASIDE_NAME, FILE_NAME
from gateway.domain.actor import Actor
from gateway.errors import StoreFull, StoreUnavailable
from gateway.operations.settings.desk import SettingLocked, SettingsDesk, SettingsRefused, unseal
from gateway.store import audit
from gateway.store.database import Database
from gateway.store.vault import Vault
from tests.prepared import give_database
from tests.unit.google.moved_clock import MovedClock

ANNA = Actor(name="admin:anna", source="192.0.2.7")
MAIL = {
    "notifications.email.server": "mail.example.com",
    "notifications.email.sender": "gateway@example.com",
    "notifications.email.to": "telephony@example.com",
}
PASSWORD = "canary-mail-password"


@dataclass
class Office:
    desk: SettingsDesk
    database: Database
    folder: Path
    told: list[Config]

    @property
    def text(self) -> str:
        return (self.folder / FILE_NAME).read_text()


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    give_database(tmp_path / "gateway.db", 0)
    database = Database(tmp_path / "gateway.db")
    await database.open()
    config = Config(
        gateway=GatewaySection(data_dir=tmp_path, time_zone="Asia/Tokyo"),
        sources={"gateway.time_zone": "environment GATEWAY_GATEWAY__TIME_ZONE", "gateway.name": "default"},
    )
    desk = SettingsDesk(config=config, vault=Vault.open(tmp_path), database=database, clock=MovedClock())
    made = Office(desk, database, tmp_path, [])

    async def told(config: Config) -> None:
        made.told.append(config)

    desk.follow(told)
    yield made
    await database.close()


async def lines(office: Office) -> list[tuple[str, str, str]]:
    return [(who, what, detail) for _, who, what, _, detail in await office.database.read(audit.everything)]


async def test_what_is_saved_counts_and_is_written_down_with_who_did_it(office: Office) -> None:
    await office.desk.save({"gateway.name": "Branch office", "google.refresh_every_s": 90}, ANNA)
    assert office.desk.config.gateway.name == "Branch office"
    assert office.told == [office.desk.config]
    assert 'gateway.name: "Branch office"\ngoogle.refresh_every_s: 90\n' in office.text
    assert await lines(office) == [("admin:anna", "settings.saved", "gateway.name, google.refresh_every_s")]
    await office.desk.save({}, ANNA, without=("gateway.name",))
    assert office.desk.config.gateway.name == "Meeting gateway"
    assert office.desk.config.google.refresh_every_s == 90


async def test_what_is_set_elsewhere_cannot_be_saved_here(office: Office) -> None:
    for changes, without in (({"gateway.time_zone": "Europe/Berlin"}, ()), ({}, ("gateway.time_zone",))):
        with pytest.raises(SettingLocked) as caught:
            await office.desk.save(changes, ANNA, without=without)
        assert caught.value.key == "gateway.time_zone"
    assert not (office.folder / FILE_NAME).exists()


async def test_what_is_wrong_is_told_at_its_setting_and_nothing_is_saved(office: Office) -> None:
    with pytest.raises(SettingsRefused) as caught:
        await office.desk.save({"gateway.name": "", "google.refresh_every_s": "often"}, ANNA)
    assert set(caught.value.problems) == {"gateway.name", "google.refresh_every_s"}
    with pytest.raises(SettingsRefused) as caught:
        await office.desk.save({**MAIL, "notifications.email.user": "u"}, ANNA)
    assert "notifications.email.password" in caught.value.problems
    assert not (office.folder / FILE_NAME).exists()
    assert office.told == []
    assert await lines(office) == []


async def test_a_secret_is_sealed_kept_when_it_is_not_typed_again_and_never_in_clear(office: Office) -> None:
    user = {"notifications.email.user": "gateway"}
    await office.desk.save({**MAIL, **user, "notifications.email.password": Secret(PASSWORD)}, ANNA)
    await office.desk.save({**MAIL, **user, "notifications.email.port": 2525}, ANNA)
    email = office.desk.config.notifications.email
    assert email is not None
    assert email.password is not None
    assert (email.port, email.password.reveal()) == (2525, PASSWORD)
    sealed = next(line for line in office.text.splitlines() if "password" in line)
    assert unseal(office.folder, sealed.partition("sealed:")[2].rstrip('"')) == PASSWORD
    assert all(PASSWORD.encode() not in path.read_bytes() for path in office.folder.iterdir())
    assert PASSWORD not in str(await lines(office))
    await office.desk.save(MAIL, ANNA)  # without a user there is nothing to send a password for
    await office.desk.save({}, ANNA, without=("notifications.email",))
    assert office.desk.config.notifications.email is None
    assert "notifications" not in office.text


async def test_what_could_not_be_used_is_set_aside_when_somebody_saves(office: Office) -> None:
    (office.folder / FILE_NAME).write_text("gateway.name: [")
    await office.desk.save({"logging.level": "debug"}, ANNA)
    assert (office.folder / ASIDE_NAME).read_text() == "gateway.name: ["
    assert office.desk.config.logging.level == "debug"


async def test_nobody_changes_settings_unseen(office: Office) -> None:
    await office.desk.save({"gateway.name": "Before"}, ANNA)

    def full(conn: sqlite3.Connection) -> None:
        conn.execute("CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'no'); END")

    await office.database.write(full)
    with pytest.raises((sqlite3.Error, StoreFull, StoreUnavailable)):
        await office.desk.save({"gateway.name": "After"}, ANNA)
    assert 'gateway.name: "Before"' in office.text
    assert office.desk.config.gateway.name == "Before"


async def test_a_folder_that_cannot_be_written_changes_nothing(office: Office) -> None:
    (office.folder / f"{FILE_NAME}.new").mkdir()
    with pytest.raises(StoreUnavailable, match="cannot be written"):
        await office.desk.save({"gateway.name": "After"}, ANNA)
    assert office.desk.config.gateway.name == "Meeting gateway"
    assert await lines(office) == []
