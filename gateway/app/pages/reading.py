"""Makes what API keys open: status, meetings, devices, events; what is read is gathered elsewhere."""

from __future__ import annotations

from aiohttp import web

from gateway.access.api_keys import Holder
from gateway.admin.live import Live
from gateway.app.pages.parts import Parts
from gateway.device_api.reading import ReadCalls, add_reading
from gateway.devices.known import Known, KnownDevices
from gateway.mirror.poll.state import PollStatus, stored_status
from gateway.operations.integrations.reader import Reader
from gateway.operations.overview.overview import Overview


def add(parts: Parts, overview: Overview, live: Live) -> None:
    """Add the calls; events come from the stream that the pages have."""
    config, database = parts.config, parts.stored.database

    async def asking(known: Known) -> PollStatus | None:
        if known.section is None or known.section.poll is None:
            return None
        return await stored_status(database, known.row)

    async def stream(request: web.Request, holder: Holder) -> web.StreamResponse | None:
        return await live.for_program(request, holder.key_hash, holder.ends_at)

    reader = Reader(
        database=database,
        name=lambda: parts.settings.config.gateway.name,
        overview=overview,
        health=parts.health,
        known=KnownDevices(config.devices, config.sources),
        asking=asking,
        chosen={section.id: section.account for section in config.devices if section.account is not None},
    )
    add_reading(parts.app, ReadCalls(door=parts.key_door, reader=reader, stream=stream, clock=parts.clock))
