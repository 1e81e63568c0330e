"""Makes the pages of backup and restore; what they show and do is decided elsewhere."""

from __future__ import annotations

from aiohttp import web

from gateway.admin.backups.page import BackupPages, Office
from gateway.admin.backups.reset_page import ResetPage
from gateway.admin.backups.restore_page import RestorePages
from gateway.admin.shell import actor_of
from gateway.app.keeping import made_keeping
from gateway.app.pages.parts import Parts


def add(parts: Parts) -> None:
    """Add the pages."""
    keeping = made_keeping(parts.config, parts.clock, parts.stored.folder)
    office = Office(
        shell=parts.shell,
        backups=keeping.backups,
        restoring=keeping.restoring,
        resetting=keeping.resetting,
        database=parts.stored.database,
        restart=parts.restart,
        zone=parts.zone,
    )
    pages = BackupPages(office)
    pages.add(parts.app)
    RestorePages(office, pages, parts.admins).add(parts.app)

    async def revoke(request: web.Request) -> None:
        for account in parts.stored.accounts.statuses():
            await parts.stored.accounts.forget(account.email, revoke=True, by=actor_of(request))

    ResetPage(office, revoke).add(parts.app)
