"""Makes what knows how devices stand, for the rooms that show it; what it knows is gathered in `operations`."""

from __future__ import annotations

from gateway.app.pages.parts import Parts
from gateway.devices.known import KnownDevices
from gateway.operations.devices.listed import DeviceList


def made_list(parts: Parts) -> DeviceList:
    """Make it."""
    neighbourhood = parts.mirroring.neighbourhood

    def heard_from(name: str) -> str:
        return next((call.address for call in neighbourhood.log.recent(name) if call.proven), "")

    return DeviceList(
        database=parts.stored.database,
        clock=parts.clock,
        known=KnownDevices(parts.config.devices, parts.config.sources),
        catalog=lambda: neighbourhood.catalog,
        zone=parts.zone,
        heard_from=heard_from,
    )
