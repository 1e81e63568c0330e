"""Makes the pages of the checks, the support bundle and the recording; what they show and do is decided elsewhere."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import Any

from aiohttp import web

from gateway.admin.diagnostics.file_pages import FilePages
from gateway.admin.diagnostics.page import DiagnosticsPages
from gateway.admin.diagnostics.recording_page import AT, RecordingPages, recording_shown
from gateway.app.diagnosing import addresses_told, made_bundle, made_doctor
from gateway.app.pages.parts import Parts
from gateway.config import NetworkSection
from gateway.devices.call_log import HeardCall, cleaned
from gateway.domain.actor import Actor
from gateway.errors import StoreError
from gateway.operations.recording import Recorder
from gateway.operations.recording_wish import RecordingWishes
from gateway.operations.support_bundle.bundle import Bundle, BundleFile
from gateway.store import audit


def add(parts: Parts) -> None:
    """Add the pages."""

    async def listens() -> str:
        listener = parts.listener()
        return listener.https_for_others if listener is not None else ""

    def told() -> tuple[str, ...]:
        listener = parts.listener()
        return addresses_told(parts.config, (listener.port, listener.tls_port or 0)) if listener is not None else ()

    def network() -> NetworkSection:
        return parts.settings.config.network

    doctor = made_doctor(parts.config, parts.clock, parts.stored, listens, told, network)
    bundle = made_bundle(parts.config, parts.clock, parts.stored, doctor)
    recorder = _recorder(parts)
    DiagnosticsPages(
        shell=parts.shell,
        doctor=doctor,
        bundle=bundle,
        recorder=recorder,
        clock=parts.clock,
        zone=parts.zone,
    ).add(parts.app)
    _add_files(parts, bundle, recorder)


def _recorder(parts: Parts) -> Recorder:
    register = parts.mirroring.register

    def clean(call: HeardCall) -> HeardCall:
        device = register.find(call.device)
        return cleaned(call, device.profile if device is not None else None)

    recorder = Recorder(clock=parts.clock, log=parts.mirroring.neighbourhood.log, clean=clean)

    async def ended(app: web.Application) -> None:
        del app
        recorder.close()

    parts.app.on_cleanup.append(ended)
    return recorder


def _add_files(parts: Parts, bundle: Bundle, recorder: Recorder) -> None:
    shell, clock, database = parts.shell, parts.clock, parts.stored.database

    async def usual(include_private: bool) -> list[BundleFile]:
        return await bundle.files(include_private=include_private)

    async def recorded(include_private: bool) -> list[BundleFile] | None:
        done = recorder.done
        return None if done is None else await bundle.files(include_private=include_private, recording=done)

    async def noted(by: Actor, what: str) -> None:
        now_ms = clock.now_ms()

        def work(conn: sqlite3.Connection) -> None:
            action = f"recording.{what}"
            audit.write(conn, at_ms=now_ms, actor=by.name, action=action, object_="recording", source=by.source)

        with contextlib.suppress(StoreError):  # a disk that is full must not keep people from finding out why
            await database.write(work)

    def values() -> dict[str, Any]:
        return {"recording": recording_shown(recorder), "zone": parts.zone()}

    parts.woken.append(RecordingWishes(parts.stored.folder.path, recorder, noted).look)
    RecordingPages(shell=shell, recorder=recorder, zone=parts.zone, noted=noted).add(parts.app)
    FilePages(
        shell=shell,
        clock=clock,
        at="/diagnostics/bundle",
        template="diagnostics/bundle.html",
        called="support",
        make=usual,
    ).add(parts.app)
    FilePages(
        shell=shell,
        clock=clock,
        at=AT,
        template="diagnostics/recording.html",
        called="recording",
        make=recorded,
        source=lambda: recorder.done,
        values=values,
    ).add(parts.app)
