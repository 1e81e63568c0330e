"""Makes the pages of the log; what they show and do is decided elsewhere."""

from __future__ import annotations

from gateway.admin.logs.page import LogPages
from gateway.app.diagnosing import made_bundle, made_doctor
from gateway.app.pages.parts import Parts
from gateway.domain.actor import Actor
from gateway.operations.log_view import LogView
from gateway.operations.support_bundle.redaction import Redaction
from gateway.store import audit


def add(parts: Parts) -> None:
    """Add the pages."""
    config, clock, stored = parts.config, parts.clock, parts.stored

    async def nowhere() -> str:
        return ""

    async def redaction(include_private: bool) -> Redaction:
        bundle = made_bundle(config, clock, stored, made_doctor(config, clock, stored, nowhere))
        return await bundle.redaction(include_private=include_private)

    async def raised(by: Actor, more: bool) -> None:
        now_ms, action = clock.now_ms(), "log.raised" if more else "log.lowered"
        await stored.database.write(
            lambda conn: audit.write(
                conn, at_ms=now_ms, actor=by.name, action=action, object_="log level", source=by.source
            )
        )

    LogPages(
        shell=parts.shell,
        view=LogView(),
        clock=clock,
        redaction=redaction,
        raised=raised,
        zone=parts.zone,
    ).add(parts.app)
