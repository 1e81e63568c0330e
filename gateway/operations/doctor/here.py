"""The checks of this machine and this gateway: folder, database, key, certificate, devices, backups; not of Google."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from gateway import __version__
from gateway.clock import Clock
from gateway.messages.languages import tr, trn
from gateway.operations.backup import file as backup_file
from gateway.operations.backup.backup import Backups
from gateway.operations.doctor.doctor import Check, Found, told
from gateway.operations.health import LEAST_FREE_BYTES
from gateway.store import accounts, copying, device_calls, devices, polling, users
from gateway.store.database import Database
from gateway.store.devices import DeviceRow
from gateway.store.folder import DataFolder
from gateway.store.polling import PollState
from gateway.store.vault import Vault, VaultError

_MB = 1_000_000
LITTLE_FREE_BYTES = 500 * _MB
_DAY_MS = 24 * 3600 * 1000
_OLD_BACKUP_DAYS = 2
_SOON_DAYS = 21
_MOST_NAMED = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Here:
    """What these checks look at; `listens` says at which address the gateway answers, empty when it does not."""

    folder: DataFolder
    database: Database
    vault: Vault
    clock: Clock
    backups: Backups
    listens: Callable[[], Awaitable[str]]

    def checks(self) -> list[Check]:
        """Return the checks, in the order in which they are shown."""
        return [
            Check(id="version", title=lambda: tr("Version"), work=self._version),
            Check(id="gateway", title=lambda: tr("Gateway"), work=self._gateway),
            Check(id="set-up", title=lambda: tr("Set-up"), work=self._set_up),
            Check(id="folder", title=lambda: tr("Data folder"), work=self._folder),
            Check(id="database", title=lambda: tr("Database"), work=self._database),
            Check(id="key", title=lambda: tr("Key file"), work=self._key),
            Check(id="certificate", title=lambda: tr("Certificate of these pages"), work=self._certificate),
            Check(id="backup", title=lambda: tr("Backup"), work=self._backup),
            Check(id="devices", title=lambda: tr("Devices"), work=self._devices),
        ]

    async def _version(self) -> Found:
        return Found(state="ok", said=tr("This is version %(version)s.", version=__version__))

    async def _gateway(self) -> Found:
        address = await self.listens()
        if address:
            return Found(state="ok", said=tr("The gateway runs and answers at %(address)s.", address=address))
        return Found(
            state="warn",
            said=tr("The gateway does not run."),
            remedy=tr("Start it. With systemd: systemctl start meeting-gateway"),
        )

    async def _set_up(self) -> Found:
        if await self.database.read(users.count):
            return Found(state="ok", said=tr("There is an administrator."))
        return Found(
            state="warn",
            said=tr("There is no administrator yet."),
            remedy=tr("Open the page of the gateway and enter the set-up code from its log."),
        )

    async def _folder(self) -> Found:
        try:
            free = await asyncio.to_thread(self._try_folder)
        except OSError as error:
            return told("fail", "G-515", reason=error.strerror or type(error).__name__)
        if self.database.failing:
            return told("fail", "G-515", reason=self.database.failing)
        megabytes = f"{free // _MB:,}"
        if free < LEAST_FREE_BYTES:
            return told("fail", "G-515", reason=tr("%(megabytes)s MB are free", megabytes=megabytes))
        if free < LITTLE_FREE_BYTES:
            return Found(
                state="warn",
                said=tr("The data folder can be written. %(megabytes)s MB are free.", megabytes=megabytes),
                remedy=tr("Free some space on this disk."),
            )
        return Found(
            state="ok", said=tr("The data folder can be written. %(megabytes)s MB are free.", megabytes=megabytes)
        )

    def _try_folder(self) -> int:
        probe = self.folder.path / f".probe-{secrets.token_hex(8)}"
        handle = os.open(probe, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
        try:
            os.write(handle, b"written to see whether that is possible\n")
            os.fsync(handle)
        finally:
            os.close(handle)
            probe.unlink(missing_ok=True)
        return backup_file.free_bytes(self.folder.path)

    async def _database(self) -> Found:
        wrong = await asyncio.to_thread(copying.damage, self.folder.database)
        if wrong:
            return Found(
                state="fail",
                said=tr("The database is damaged (%(reason)s).", reason=wrong),
                remedy=tr("Stop the gateway and restore a backup: meeting-gateway backup list"),
            )
        megabytes = f"{self.folder.database.stat().st_size / _MB:,.1f}"
        return Found(state="ok", said=tr("The database is sound. It has %(megabytes)s MB.", megabytes=megabytes))

    async def _key(self) -> Found:
        rows = await self.database.read(accounts.every)
        try:
            for row in rows:
                if row.sealed:
                    await asyncio.to_thread(self.vault.unseal, row.sealed)
        except VaultError:
            return told("fail", "G-419", email=row.email)
        return Found(state="ok", said=tr("The key file fits the database."))

    async def _certificate(self) -> Found:
        ends_ms = await asyncio.to_thread(self._certificate_ends_ms)
        if ends_ms is None:
            return Found(state="skip", said=tr("There is no certificate yet. The gateway makes one when it starts."))
        day = f"{datetime.fromtimestamp(ends_ms / 1000, UTC):%Y-%m-%d}"
        left_ms = ends_ms - self.clock.now_ms()
        remedy = tr("A certificate of the gateway's own is renewed by itself. Replace one that you put there.")
        if left_ms <= 0:
            return Found(state="fail", said=tr("The certificate ended on %(day)s.", day=day), remedy=remedy)
        if left_ms < _SOON_DAYS * _DAY_MS:
            return Found(state="warn", said=tr("The certificate ends on %(day)s.", day=day), remedy=remedy)
        return Found(state="ok", said=tr("The certificate is good until %(day)s.", day=day))

    def _certificate_ends_ms(self) -> int | None:
        from cryptography import x509

        with contextlib.suppress(OSError, ValueError):
            text = (self.folder.path / "tls.crt").read_bytes()
            return int(x509.load_pem_x509_certificate(text).not_valid_after_utc.timestamp() * 1000)
        return None

    async def _backup(self) -> Found:
        newest = await self.backups.newest_ms()
        make = tr("Make one under Settings > Backup, or run: meeting-gateway backup create")
        if newest is None:
            return Found(state="warn", said=tr("There is no backup yet."), remedy=make)
        days = max(0, self.clock.now_ms() - newest) // _DAY_MS
        at = f"{datetime.fromtimestamp(newest / 1000, UTC):%Y-%m-%d %H:%M} UTC"
        if days >= _OLD_BACKUP_DAYS:
            said = trn("The newest backup is %(num)s day old.", "The newest backup is %(num)s days old.", days)
            return Found(state="warn", said=said, remedy=make)
        return Found(state="ok", said=tr("The newest backup was made at %(at)s.", at=at))

    async def _devices(self) -> Found:
        active, calls, states = await self.database.read(_standing)
        if not active:
            return Found(state="warn", said=tr("There is no device yet."), remedy=tr("Add one on the page Devices."))
        silent, refused = [], []
        for row in active:
            state, call = states.get(row.id), calls.get(row.id)
            if state is not None and state.state is PollState.FAILING:
                refused.append(f"{row.name} ({state.code})")
            elif call is not None and _is_refused(call):
                refused.append(f"{row.name} ({call.refused_code or tr('refused')})")
            elif not _was_heard(row, call, state):
                silent.append(row.name)
        return _of_devices(len(active), silent, refused)


def _standing(
    conn: sqlite3.Connection,
) -> tuple[list[DeviceRow], dict[int, device_calls.CallRow], dict[int, polling.PollingRow]]:
    active = [row for row in devices.everything(conn) if row.active]
    return active, device_calls.everything(conn), {row.id: polling.get(conn, row.id) for row in active}


def _is_refused(call: device_calls.CallRow) -> bool:
    return call.refused_at is not None and call.refused_at > (call.called_at or 0)


def _was_heard(row: DeviceRow, call: device_calls.CallRow | None, state: polling.PollingRow | None) -> bool:
    asked = state is not None and state.succeeded_at is not None
    return row.paused or asked or (call is not None and call.called_at is not None)


def _of_devices(number: int, silent: list[str], refused: list[str]) -> Found:
    every = trn("%(num)s device is known.", "%(num)s devices are known.", number)
    if refused:
        said = tr("The last call went wrong: %(names)s.", names=_named(refused))
        return Found(state="fail", said=f"{every} {said}", remedy=tr("Open the page of the device: it says why."))
    if silent:
        said = tr("Not heard of yet: %(names)s.", names=_named(silent))
        return Found(
            state="warn", said=f"{every} {said}", remedy=tr("Schedule a meeting on the device, or press Test there.")
        )
    return Found(state="ok", said=f"{every} {tr('All of them were heard of.')}")


def _named(names: list[str]) -> str:
    shown = ", ".join(names[:_MOST_NAMED])
    return (
        shown
        if len(names) <= _MOST_NAMED
        else tr("%(names)s and %(num)s more", names=shown, num=len(names) - _MOST_NAMED)
    )
