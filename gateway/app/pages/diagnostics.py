"""Makes the pages of the checks and the support bundle; what they show and do is decided elsewhere."""

from __future__ import annotations

from gateway.admin.diagnostics.page import DiagnosticsPages
from gateway.app.diagnosing import made_bundle, made_doctor
from gateway.app.pages.parts import Parts


def add(parts: Parts) -> None:
    """Add the pages."""

    async def listens() -> str:
        listener = parts.listener()
        return listener.https_for_others if listener is not None else ""

    doctor = made_doctor(parts.config, parts.clock, parts.stored, listens)
    bundle = made_bundle(parts.config, parts.clock, parts.stored, doctor)
    DiagnosticsPages(
        shell=parts.shell,
        doctor=doctor,
        bundle=bundle,
        clock=parts.clock,
        zone=parts.zone,
    ).add(parts.app)
