"""Settings with mistakes are told outside the page by the ways of the last working ones, and so is their end."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.config import load
from gateway.config.last_good import FILE_NAME, keep
from gateway.config.last_working import last_good, last_working
from gateway.config.saved import SEALED, write_saved
from gateway.store.folder import DataFolder
from gateway.store.vault import Vault
from tests.journey.safe_office import BROKEN, GOOD, KEPT_AT_MS, opened_safe, prepare
from tests.prepared import running
from tests.unit.google.moved_clock import MovedClock


@pytest.fixture
def log() -> Iterator[socket.socket]:
    """A syslog server."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.setblocking(False)
        yield server


def told_by(log: socket.socket, more: str = "") -> str:
    return f"{GOOD}notifications:\n  syslog: {{address: '127.0.0.1:{log.getsockname()[1]}'}}\n{more}"


async def heard(log: socket.socket) -> str:
    async with asyncio.timeout(60):
        return (await asyncio.get_running_loop().sock_recv(log, 4096)).decode()


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("prepared")
    asyncio.run(prepare(folder))
    return folder


async def test_it_is_told_once_and_that_it_is_over(tmp_path: Path, prepared: Path, log: socket.socket) -> None:
    def worked(data: Path) -> None:
        keep(data, told_by(log).encode(), KEPT_AT_MS)

    async with opened_safe(tmp_path, prepared, spoil=worked):
        line = await heard(log)
    assert " settings.broken " in line
    assert "M-10 Front office: The gateway did not start completely. Its settings have 2 mistakes." in line
    assert "canary" not in line
    async with opened_safe(tmp_path, None) as office, office.visitor() as visitor:
        assert (await visitor.get("/healthz")).status == 200
    (tmp_path / "config.yaml").write_text(told_by(log))
    async with running(load(tmp_path / "config.yaml", {}), MovedClock()):
        line = await heard(log)
    assert " settings.work " in line
    assert "M-11 Front office: The gateway works again." in line


async def test_without_a_database_it_is_told_all_the_same(tmp_path: Path, prepared: Path, log: socket.socket) -> None:
    def spoil(data: Path) -> None:
        keep(data, told_by(log).encode(), KEPT_AT_MS)
        DataFolder(data).database.write_bytes(b"this is no database" * 1000)

    async with opened_safe(tmp_path, prepared, spoil=spoil) as office:
        assert office.page.database is None
        assert " settings.broken " in await heard(log)


def test_who_is_told_is_known_from_the_last_working_settings(tmp_path: Path) -> None:
    data, file = tmp_path / "data", tmp_path / "config.yaml"
    folder = DataFolder(data)
    folder.make()
    vault = Vault.open(data)
    mail = "  email: {server: mail.example.com, sender: a@example.com, to: b@example.com}\n"
    keep(data, f"{GOOD}notifications:\n{mail}  webhook: {{url: 'https://a.example/hook'}}\n".encode(), KEPT_AT_MS)
    file.write_text(BROKEN)
    copy = last_good(file, {}, {})
    assert copy is not None
    assert copy.path == data / FILE_NAME
    config = last_working(copy, file, {}, {})
    assert config.notifications.webhook is None  # its secret is missing
    assert config.notifications.email is not None
    in_clear = {
        "GATEWAY_NOTIFICATIONS__EMAIL__USER": "u",
        "GATEWAY_NOTIFICATIONS__EMAIL__PASSWORD": "p",
        "GATEWAY_NOTIFICATIONS__EMAIL__SECURITY": "none",
    }
    assert last_working(copy, file, in_clear, {}).notifications.email is None
    assert last_working(copy, file, {"GATEWAY_NOTIFICATIONS": "7"}, {}).gateway.name == "Front office"
    keep(data, GOOD.encode(), KEPT_AT_MS)
    copy = last_good(file, {}, {})
    assert copy is not None
    sealed = SEALED + vault.seal("whsec_" + "A" * 43 + "=").decode()
    write_saved(data, {"notifications.webhook.url": "https://a.example/hook", "notifications.webhook.secret": sealed})
    assert last_working(copy, file, {}, {}).notifications.webhook is None
    found = last_working(copy, file, {}, {}, lambda _, text: vault.unseal(text.encode())).notifications.webhook
    assert found is not None
    assert found.url == "https://a.example/hook"
