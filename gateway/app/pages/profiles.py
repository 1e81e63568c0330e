"""Makes the pages of the profiles; what they show and do is decided elsewhere."""

from __future__ import annotations

from gateway.admin.profiles.office import ProfileOffice
from gateway.admin.profiles.routes import add_profile_pages
from gateway.app.pages.calls import made_desk
from gateway.app.pages.parts import Parts
from gateway.dialects.whole_call import captured, pasted, readers
from gateway.operations.profiles.desk import ProfileDesk
from gateway.operations.profiles.history import ProfileHistory
from gateway.profiles.catalog import builtin_folder


def add(parts: Parts) -> None:
    """Add the pages."""
    neighbourhood, config = parts.mirroring.neighbourhood, parts.config.gateway
    desk = ProfileDesk(
        catalog=neighbourhood.catalog,
        own=config.profiles_dir or parts.stored.folder.path / "profiles",
        builtin=builtin_folder(),
        changed=parts.changed,
        now_ms=parts.clock.now_ms,
    )
    office = ProfileOffice(
        shell=parts.shell,
        desk=desk,
        history=ProfileHistory(database=parts.stored.database, clock=parts.clock),
        calls=made_desk(parts),
        log=neighbourhood.log,
        register=parts.mirroring.register,
        zone=parts.zone,
        readers=readers,
        captured=captured,
        pasted=pasted,
    )
    add_profile_pages(parts.app, office)
