"""The table `device`: which devices this gateway knows, their keys as hashes, what was chosen for added ones."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from gateway.store.scrub import thoroughly

COLUMNS = (
    "id",
    "name",
    "profile",
    "key_hash",
    "active",
    "origin",
    "settings",
    "paused",
    "key_sealed",
    "old_key_hash",
    "old_key_sealed",
    "old_key_until",
    "password_sealed",
    "firmware",
)
"""Of a `DeviceRow`, in the order in which `row_of` takes them."""
_COLUMNS = ", ".join(COLUMNS)


MOST_COUNTED = 10_000
"""Meetings of one device, when a person looks at it."""


class Origin(StrEnum):
    """Who decides over a device."""

    CONFIGURATION = "configuration"
    """The settings of the gateway; nothing else may change it."""
    ADDED = "added"
    """It was added by a command or on the page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceRow:
    """A known device; `name` is its id in addresses and settings.

    `key_hash` is the SHA-256 of its key, empty when it has none; the old key is good until `old_key_until` (ms UTC).
    `settings` is what was chosen for an added device, as JSON; what is `sealed` is encrypted by the vault.
    """

    id: int
    name: str
    profile: str
    key_hash: bytes = field(repr=False)
    active: bool
    origin: Origin = Origin.CONFIGURATION
    settings: str = "{}"
    paused: bool = False
    key_sealed: bytes | None = field(default=None, repr=False)
    old_key_hash: bytes | None = field(default=None, repr=False)
    old_key_sealed: bytes | None = field(default=None, repr=False)
    old_key_until: int | None = None
    password_sealed: bytes | None = field(default=None, repr=False)
    firmware: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """What is stored of a new key: its SHA-256, and the key itself sealed where it is needed in clear."""

    hash: bytes = field(repr=False)
    sealed: bytes | None = field(default=None, repr=False)


def put(conn: sqlite3.Connection, *, name: str, profile: str, key_hash: bytes, now_ms: int) -> None:
    """Enrol a device of the configuration, or give a known one its current profile and key.

    Unchanged devices cost no write; one that had been added before is the configuration's from now on.
    """
    with thoroughly(conn):
        conn.execute(
            "INSERT INTO device (name, profile, key_hash, active, changed_at) VALUES (?, ?, ?, 1, ?) "
            "ON CONFLICT (name) DO UPDATE SET profile = excluded.profile, key_hash = excluded.key_hash, active = 1, "
            "origin = 'configuration', settings = '{}', key_sealed = NULL, old_key_hash = NULL, old_key_sealed = NULL, "
            "old_key_until = NULL, password_sealed = NULL, changed_at = excluded.changed_at "
            "WHERE profile != excluded.profile OR key_hash != excluded.key_hash OR active = 0 "
            "OR origin != 'configuration'",
            (name, profile, key_hash, now_ms),
        )


def deactivate_others(conn: sqlite3.Connection, names: Collection[str], now_ms: int) -> None:
    """Mark every device of the configuration that is not named as no longer served; its meetings stay."""
    for (name,) in conn.execute("SELECT name FROM device WHERE active = 1 AND origin = 'configuration'").fetchall():
        if name not in names:
            conn.execute("UPDATE device SET active = 0, changed_at = ? WHERE name = ?", (now_ms, name))


def everything(conn: sqlite3.Connection) -> list[DeviceRow]:
    """Return all devices ever enrolled."""
    rows = conn.execute(f"SELECT {_COLUMNS} FROM device ORDER BY id")  # noqa: S608 - constant columns
    return [row_of(raw) for raw in rows]


def find(conn: sqlite3.Connection, name: str) -> DeviceRow | None:
    """Return the device of that name, also one that is no longer served."""
    raw = conn.execute(f"SELECT {_COLUMNS} FROM device WHERE name = ?", (name,)).fetchone()  # noqa: S608 - constant columns
    return None if raw is None else row_of(raw)


def add(
    conn: sqlite3.Connection,
    *,
    name: str,
    profile: str,
    keys: Keys | None,
    settings: str,
    password_sealed: bytes | None,
    now_ms: int,
) -> bool:
    """Add a device; False when one of that name is served. One that was removed gets its old row and meetings back."""
    with thoroughly(conn):
        return bool(
            conn.execute(
                "INSERT INTO device (name, profile, key_hash, key_sealed, settings, password_sealed, origin, active, "
                "changed_at) VALUES (?, ?, ?, ?, ?, ?, 'added', 1, ?) ON CONFLICT (name) DO UPDATE SET "
                "profile = excluded.profile, key_hash = excluded.key_hash, key_sealed = excluded.key_sealed, "
                "settings = excluded.settings, password_sealed = excluded.password_sealed, origin = 'added', "
                "active = 1, paused = 0, firmware = '', old_key_hash = NULL, old_key_sealed = NULL, "
                "old_key_until = NULL, changed_at = excluded.changed_at WHERE active = 0",
                (
                    name,
                    profile,
                    keys.hash if keys else b"",
                    keys.sealed if keys else None,
                    settings,
                    password_sealed,
                    now_ms,
                ),
            ).rowcount
        )


def rotate(conn: sqlite3.Connection, name: str, new: Keys, *, old_until: int, now_ms: int) -> None:
    """Give a device a new key; the one it had is good until `old_until`, an older one no longer."""
    with thoroughly(conn):
        conn.execute(
            "UPDATE device SET old_key_hash = nullif(key_hash, X''), old_key_sealed = key_sealed, old_key_until = ?, "
            "key_hash = ?, key_sealed = ?, changed_at = ? WHERE name = ?",
            (old_until, new.hash, new.sealed, now_ms, name),
        )


def forget_old_key(conn: sqlite3.Connection, name: str, now_ms: int) -> None:
    """Let only the newest key of a device be good."""
    with thoroughly(conn):
        conn.execute(
            "UPDATE device SET old_key_hash = NULL, old_key_sealed = NULL, old_key_until = NULL, changed_at = ? "
            "WHERE name = ?",
            (now_ms, name),
        )


def set_paused(conn: sqlite3.Connection, name: str, *, paused: bool, now_ms: int) -> None:
    """Stop or resume listening to a device."""
    conn.execute("UPDATE device SET paused = ?, changed_at = ? WHERE name = ?", (int(paused), now_ms, name))


def set_settings(conn: sqlite3.Connection, name: str, settings: str, now_ms: int) -> None:
    """Replace what was chosen for an added device."""
    conn.execute("UPDATE device SET settings = ?, changed_at = ? WHERE name = ?", (settings, now_ms, name))


def change(
    conn: sqlite3.Connection,
    *,
    name: str,
    profile: str,
    settings: str,
    keys: Keys | None,
    password_sealed: bytes | None,
    asked: bool,
    now_ms: int,
) -> None:
    """Replace what was chosen for an added device.

    Without `keys` it keeps the ones it has, without `password_sealed` its password; one that is not `asked` any more
    has none.
    """
    with thoroughly(conn):
        conn.execute(
            "UPDATE device SET profile = ?, settings = ?, changed_at = ?, "
            "password_sealed = CASE WHEN ? THEN coalesce(?, password_sealed) END WHERE name = ?",
            (profile, settings, now_ms, asked, password_sealed, name),
        )
        if keys is not None:
            conn.execute(
                "UPDATE device SET key_hash = ?, key_sealed = ?, old_key_hash = NULL, old_key_sealed = NULL, "
                "old_key_until = NULL WHERE name = ?",
                (keys.hash, keys.sealed, name),
            )


def set_firmware(conn: sqlite3.Connection, versions: Mapping[int, str]) -> None:
    """Keep which firmware devices have, by the ids of their rows; nothing that anybody chose changes."""
    rows = [(version, row_id) for row_id, version in versions.items()]
    conn.executemany("UPDATE device SET firmware = ? WHERE id = ?", rows)


def remove(conn: sqlite3.Connection, name: str, now_ms: int) -> None:
    """No longer serve a device: its keys and its password are wiped, its row stays because meetings refer to it."""
    with thoroughly(conn):
        conn.execute(
            "UPDATE device SET active = 0, paused = 0, key_hash = X'', key_sealed = NULL, old_key_hash = NULL, "
            "old_key_sealed = NULL, old_key_until = NULL, password_sealed = NULL, changed_at = ? WHERE name = ?",
            (now_ms, name),
        )


def scheduled_meetings(conn: sqlite3.Connection, device_id: int) -> list[str]:
    """Return the device's own ids of its meetings that were not cancelled."""
    rows = conn.execute(
        "SELECT external_id FROM meeting WHERE device_id = ? AND state = 'scheduled' ORDER BY id", (device_id,)
    )
    return [external_id for (external_id,) in rows]


def meetings_count(conn: sqlite3.Connection) -> dict[int, int]:
    """Return how many meetings that were not cancelled each device has."""
    return dict(conn.execute("SELECT device_id, count(*) FROM meeting WHERE state = 'scheduled' GROUP BY device_id"))


def meetings_of(conn: sqlite3.Connection, device_id: int) -> int:
    """Return how many meetings of one device were not cancelled; of very many only so many are counted."""
    found = conn.execute(
        "SELECT count(*) FROM (SELECT 1 FROM meeting WHERE device_id = ? AND state = 'scheduled' LIMIT ?)",
        (device_id, MOST_COUNTED),
    )
    return int(found.fetchone()[0])


def row_of(raw: tuple[Any, ...]) -> DeviceRow:
    """Return what the `COLUMNS` of a row say."""
    values: dict[str, Any] = dict(zip(COLUMNS, raw, strict=True))
    values["active"], values["paused"] = bool(values["active"]), bool(values["paused"])
    values["origin"] = Origin(values["origin"])
    return DeviceRow(**values)
