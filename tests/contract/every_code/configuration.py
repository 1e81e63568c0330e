"""The codes of the settings files, looked at before a restart, and of backups that cannot be used."""

from __future__ import annotations

import asyncio
from pathlib import Path

from gateway.operations.backup import file as backup_file
from gateway.store import migrate
from tests.contract.every_code.met import Met
from tests.journey.call_office import CallOffice, opened_calls
from tests.journey.plain_browser import Page

CODES = frozenset(f"C-{number:02}" for number in range(1, 6))


async def walk(folder: Path, met: Met) -> None:
    """Meet all of them."""
    async with opened_calls(folder / "calls") as office:
        await _of_settings(office, met)
        await _of_backups(office, met)


async def _of_settings(office: CallOffice, met: Met) -> None:
    path = office.folder / "config.yaml"
    text = path.read_text()
    # The keys came from whoever started this gateway, and are not there when it starts the next time.
    await met.on(office.browser, "C-03", await _checked(office), says="is missing in .env (GATEWAY_")
    text = text.partition("devices:")[0]
    taken = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    async with taken:
        port = taken.sockets[0].getsockname()[1]
        path.write_text(text.replace("listen: 127.0.0.1:0", f"listen: 127.0.0.1:{port}"))
        await met.on(office.browser, "C-02", await _checked(office), says=f"Port {port} is already used.")
    path.write_text(text.replace("  name: Head office", "  name: [Head office"))
    await met.on(office.browser, "C-01", await _checked(office), says=f"{path} line 4: ")


async def _checked(office: CallOffice) -> Page:
    await office.browser.open("/settings/about")
    return await office.browser.press("Check")


async def _of_backups(office: CallOffice, met: Met) -> None:
    browser, words = office.browser, "four words of it"
    await browser.open("/settings/backup")
    await browser.press("Make a backup", passphrase=words, again=words)
    (made,) = (office.folder / "data" / "backups").glob("*.backup")
    page = await browser.press_with("Check the backup", {"passphrase": "some other words"}, {"file": made.read_bytes()})
    await met.on(browser, "C-05", page)
    newer = office.folder / "newer.backup"
    about = {"schema": migrate.newest_version() + 1, "made_at_ms": 1, "gateway": "Office"}
    backup_file.write(newer, {"secret.key": office.folder / "data" / "secret.key"}, about, "")
    await browser.open("/settings/backup")
    page = await browser.press_with("Check the backup", {}, {"file": newer.read_bytes()})
    await met.on(browser, "C-04", page)
