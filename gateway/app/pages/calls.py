"""Makes the pages of the calls of devices; what they show and do is decided elsewhere."""

from __future__ import annotations

from gateway.admin.calls.page import CallPages
from gateway.app.pages.listed import made_list
from gateway.app.pages.parts import Parts
from gateway.device_api.again import Again
from gateway.device_api.door import caller
from gateway.devices.register import Device
from gateway.dialects.whole_call import opened
from gateway.domain.meeting import Meeting
from gateway.errors import NotFound
from gateway.mirror.poll.report import kept_list
from gateway.operations.call_desk import CallDesk


def add(parts: Parts) -> None:
    """Add the pages."""
    mirroring, database = parts.mirroring, parts.stored.database
    log = mirroring.neighbourhood.log

    async def odd_list(device: Device) -> tuple[str, int] | None:
        return await kept_list(database, device.row.id, device.profile, parts.stored.vault.unseal)

    CallPages(
        shell=parts.shell,
        desk=made_desk(parts),
        register=mirroring.register,
        zone=parts.zone,
        replay=Again(door=parts.door, log=log).replay,
        odd_list=odd_list,
        line=made_list(parts).state,
    ).add(parts.app)


def made_desk(parts: Parts) -> CallDesk:
    """Make what looks calls up."""
    mirroring = parts.mirroring

    async def series(device: Device, external_id: str) -> Meeting | None:
        try:
            return (await mirroring.intake.series(caller(device), external_id)).meeting
        except NotFound:
            return None

    return CallDesk(
        log=mirroring.neighbourhood.log,
        database=parts.stored.database,
        register=mirroring.register,
        now_ms=parts.clock.now_ms,
        opened=opened,
        series=series,
    )
