"""Fills a database with as many meetings as asked for, as devices would have left them; nothing is judged here."""

from __future__ import annotations

import json
import random
import sqlite3
from datetime import UTC, datetime, timedelta

from gateway.domain.zones import to_utc_s

ZONES = ("Europe/Berlin", "Europe/Berlin", "Europe/London", "America/New_York")
MIDDLE = datetime(2026, 11, 23, tzinfo=UTC)
SUBJECTS = ("Weekly Meeting", "Sales", "Board", "Stand-up", "Quality circle", "Review of the third quarter")
SECOND = timedelta(seconds=1)
WEEK = ("MO", "TU", "WE", "TH", "FR")


def fill(
    conn: sqlite3.Connection,
    meetings: int,
    devices: int,
    *,
    around: datetime = MIDDLE,
    seed: int = 1,
    series: float = 0.2,
    days: int = 365,
) -> None:
    """That part of them are series; they start up to `days` before or after a day. Nearly all are in the calendar.

    The caller commits.
    """
    chance = random.Random(seed)
    now_ms = int(around.timestamp() * 1000)
    first = int(conn.execute("SELECT coalesce(max(id), 0) + 1 FROM device").fetchone()[0])
    conn.executemany(
        "INSERT INTO device (id, name, profile, key_hash, origin, active, changed_at) "
        "VALUES (?, ?, 'generic/json', x'00', 'added', 1, 0)",
        [(first + number, f"pbx-{seed}-{number:03d}") for number in range(devices)],
    )
    conn.execute(
        "INSERT OR IGNORE INTO account (id, kind, subject, email, client_id, scopes, sealed, state, authorized_at, "
        "changed_at, main) VALUES (77, 'user', 'many', 'rooms@example.com', 'c', '', x'01', 'connected', 0, 0, 0)"
    )
    low = int(conn.execute("SELECT coalesce(max(id), 0) + 1 FROM meeting").fetchone()[0])
    numbers = range(meetings)
    conn.executemany(
        "INSERT INTO meeting (id, device_id, external_id, revision, state, sync, shape, fingerprint, body, changed_at) "
        "VALUES (?, ?, ?, ?, ?, ?, 'native', 'x', ?, ?)",
        (
            (
                low + number,
                first + number % devices,
                name := f"many-{seed}-{number}",
                2 if _refused(number) else 1,
                "cancelled" if _cancelled(number) else "scheduled",
                _wanted(number),
                _body(chance, name, around, series, days),
                now_ms,
            )
            for number in numbers
        ),
    )
    conn.executemany(
        "INSERT INTO audit (at, actor, action, object, detail) VALUES (?, 'device:many', 'meeting.scheduled', ?, "
        "'revision 1')",
        ((now_ms, f"meeting:{low + number}") for number in numbers),
    )
    conn.executemany(
        "INSERT INTO mirrored (meeting_id, account_id, calendar_id, remote_id, generation, state, revision, "
        "changed_at) VALUES (?, 77, 'primary', ?, 0, ?, 1, ?)",
        (
            (low + number, f"ev{low + number}", "gone" if _cancelled(number) else "live", now_ms)
            for number in numbers
            if _wanted(number)
        ),
    )
    conn.executemany(
        "INSERT INTO outbox (kind, subject_id, revision, not_before, created_at, hold, last_code, last_text) "
        "VALUES ('mirror', ?, 2, ?, ?, 'parked', 'G-413', 'Google refused it.')",
        ((low + number, now_ms, now_ms) for number in numbers if _refused(number)),
    )


def _cancelled(number: int) -> bool:
    return number % 33 == 7


def _wanted(number: int) -> bool:
    return number % 50 != 9


def _refused(number: int) -> bool:
    return number % 100 == 11


def _body(chance: random.Random, name: str, around: datetime, series: float, days: int) -> str:
    zone = chance.choice(ZONES)
    quarter = timedelta(days=chance.randrange(-days, days), minutes=15 * chance.randrange(28, 76))
    start = (around + quarter).replace(tzinfo=None)
    lasts = timedelta(minutes=chance.choice((15, 30, 60, 60, 90)))
    start_s = to_utc_s(start, zone)[0]
    guests = ",".join(f'["{each}","guest{each}@example.com"]' for each in range(chance.randrange(8)))
    rule = f',"rp":{json.dumps(_rule(chance))}' if chance.random() < series else ""
    # Written by hand: fifty thousand of them are to be made quickly. No clock changes while people work.
    return (
        f'{{"v":1,"id":"{name}","su":"{chance.choice(SUBJECTS)} {name}","sl":"{start.isoformat()}",'
        f'"el":"{(start + lasts).isoformat()}","z":"{zone}","s":{start_s},"e":{start_s + lasts // SECOND},'
        f'"h":["1000","anna@example.com","Anna"],"i":[{guests}]{rule}}}'
    )


def _rule(chance: random.Random) -> dict[str, object]:
    kind = chance.random()
    ends: dict[str, object] = {"c": chance.randrange(5, 60)} if chance.random() < 0.3 else {}
    if kind < 0.7:
        return {"f": "weekly", **({"d": chance.sample(WEEK, 2)} if kind < 0.2 else {}), **ends}
    return {"f": "daily" if kind < 0.85 else "monthly", **ends}
