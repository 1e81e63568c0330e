"""The tables `polling` and `polled_meeting`: what asking a device came to; what follows from it is not known here."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from enum import StrEnum

from gateway.store.scrub import thoroughly


class PollState(StrEnum):
    """Where asking a device stands."""

    NEW = "new"
    """It was not asked yet."""
    OK = "ok"
    FAILING = "failing"
    ASKS = "asks"
    """So many meetings are missing that an admin has to say whether they are really gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PollingRow:
    """What asking a device came to; times are ms UTC. The columns are explained in the schema.

    `logins` and the list that was not understood are kept by functions of their own.
    """

    device_id: int
    state: PollState = PollState.NEW
    code: str = ""
    text: str = ""
    warning: str = ""
    polled_at: int | None = None
    succeeded_at: int | None = None
    next_at: int | None = None
    failures: int = 0
    slow: int = 0
    settings: bytes = field(default=b"", repr=False)
    listed: int = 0
    asked: int = 0
    believed: int = 0
    fingerprint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolledMeeting:
    """A meeting in the list of a device, as it was last seen; the columns are explained in the schema."""

    external_id: str
    digest: bytes = field(repr=False)
    ends_at: int | None
    taken: bool
    detailed: bool = False
    missing: int = 0
    code: str = ""
    text: str = ""


_COLUMNS = tuple(each.name for each in fields(PollingRow))
_MEETING_COLUMNS = tuple(each.name for each in fields(PolledMeeting))


def get(conn: sqlite3.Connection, device_id: int) -> PollingRow:
    """Return what is known of asking a device; one that was never asked is new."""
    raw = conn.execute(
        f"SELECT {', '.join(_COLUMNS)} FROM polling WHERE device_id = ?",  # noqa: S608 - constant columns
        (device_id,),
    ).fetchone()
    if raw is None:
        return PollingRow(device_id=device_id)
    return PollingRow(**{**dict(zip(_COLUMNS, raw, strict=True)), "state": PollState(raw[1])})


def put(conn: sqlite3.Connection, row: PollingRow) -> None:
    """Keep what asking a device came to; a number that an admin believed meanwhile stays."""
    values = [getattr(row, name) for name in _COLUMNS]
    changed = ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS[1:] if name != "believed")
    conn.execute(
        f"INSERT INTO polling ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))}) "  # noqa: S608
        f"ON CONFLICT (device_id) DO UPDATE SET {changed}",
        values,
    )


def believe(conn: sqlite3.Connection, device_id: int) -> int:
    """Note that an admin says the missing meetings are really gone; return how many, 0 when nothing was asked."""
    conn.execute("UPDATE polling SET believed = asked WHERE device_id = ?", (device_id,))
    raw = conn.execute("SELECT believed FROM polling WHERE device_id = ?", (device_id,)).fetchone()
    return int(raw[0]) if raw is not None else 0


def stop_believing(conn: sqlite3.Connection, device_id: int) -> None:
    """What was believed has been done, or is no longer asked."""
    conn.execute("UPDATE polling SET believed = 0 WHERE device_id = ? AND believed != 0", (device_id,))


def logins(conn: sqlite3.Connection, device_id: int) -> list[int]:
    """Return when logins failed (ms UTC), or were begun and nobody saw their end."""
    raw = conn.execute("SELECT logins FROM polling WHERE device_id = ?", (device_id,)).fetchone()
    return [int(each) for each in raw[0].split(",") if each] if raw is not None else []


def put_logins(conn: sqlite3.Connection, device_id: int, times: Iterable[int]) -> None:
    """Keep these in their place; costs no write when there are none and were none."""
    text = ",".join(str(each) for each in times)
    conn.execute(
        "INSERT INTO polling (device_id, state, logins) VALUES (?, 'new', ?) ON CONFLICT (device_id) DO UPDATE "
        "SET logins = excluded.logins WHERE logins != excluded.logins",
        (device_id, text),
    )


def put_odd(conn: sqlite3.Connection, device_id: int, sealed: bytes, now_ms: int) -> None:
    """Keep the last list that was not understood, sealed; the one before is wiped."""
    with thoroughly(conn):
        conn.execute(
            "INSERT INTO polling (device_id, state, odd, odd_at) VALUES (?, 'new', ?, ?) ON CONFLICT (device_id) "
            "DO UPDATE SET odd = excluded.odd, odd_at = excluded.odd_at",
            (device_id, sealed, now_ms),
        )


def odd(conn: sqlite3.Connection, device_id: int) -> tuple[bytes, int] | None:
    """Return the last list that was not understood, sealed, and when it came (ms UTC)."""
    raw = conn.execute("SELECT odd, odd_at FROM polling WHERE device_id = ?", (device_id,)).fetchone()
    return None if raw is None or raw[0] is None else (bytes(raw[0]), int(raw[1]))


def meetings(conn: sqlite3.Connection, device_id: int) -> dict[str, PolledMeeting]:
    """Return the meetings of a device as they were last seen, by the device's own id."""
    found = conn.execute(
        f"SELECT {', '.join(_MEETING_COLUMNS)} FROM polled_meeting WHERE device_id = ?",  # noqa: S608 - constant columns
        (device_id,),
    )
    return {raw[0]: _meeting(raw) for raw in found}


def put_meetings(conn: sqlite3.Connection, device_id: int, rows: Iterable[PolledMeeting]) -> None:
    """Keep these over what was known of them."""
    names = ("device_id", *_MEETING_COLUMNS)
    conn.executemany(
        f"INSERT OR REPLACE INTO polled_meeting ({', '.join(names)}) "  # noqa: S608 - constant columns
        f"VALUES ({', '.join('?' * len(names))})",
        [(device_id, *(getattr(row, name) for name in _MEETING_COLUMNS)) for row in rows],
    )


def drop_meetings(conn: sqlite3.Connection, device_id: int, external_ids: Iterable[str]) -> None:
    """Forget these: they are past, or were cancelled."""
    conn.executemany(
        "DELETE FROM polled_meeting WHERE device_id = ? AND external_id = ?",
        [(device_id, external_id) for external_id in external_ids],
    )


def _meeting(raw: tuple[str, bytes, int | None, int, int, int, str, str]) -> PolledMeeting:
    return PolledMeeting(
        external_id=raw[0],
        digest=bytes(raw[1]),
        ends_at=raw[2],
        taken=bool(raw[3]),
        detailed=bool(raw[4]),
        missing=raw[5],
        code=raw[6],
        text=raw[7],
    )
