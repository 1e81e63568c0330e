"""Makes the pages of backup and restore; what they show and do is decided elsewhere."""

from __future__ import annotations

from gateway.admin.backups.page import BackupPages, Office
from gateway.admin.backups.restore_page import RestorePages
from gateway.app.keeping import made_keeping
from gateway.app.pages.parts import Parts


def add(parts: Parts) -> None:
    """Add the pages."""
    keeping = made_keeping(parts.config, parts.clock, parts.stored.folder)
    office = Office(
        shell=parts.shell,
        backups=keeping.backups,
        restoring=keeping.restoring,
        database=parts.stored.database,
        restart=parts.restart,
        zone=parts.zone,
    )
    pages = BackupPages(office)
    pages.add(parts.app)
    RestorePages(office, pages, parts.admins).add(parts.app)
