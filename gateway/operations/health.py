"""Whether the gateway can do its work: alive, ready, and what an admin should look at; it repairs nothing."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from gateway.errors import StoreError
from gateway.store import installation, outbox
from gateway.store.database import Database

LEAST_FREE_BYTES = 50 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountHealth:
    """The calendar account in a word (`connected`, `authorization-lost`, `configuration`, `none`) and a sentence.

    `text` is empty when there is nothing to do; a connected account may have one too, such as a near end.
    """

    state: str
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """Whether meetings can be accepted (`ready`), why not (`reasons`), what is not as it should be (`degraded`)."""

    ready: bool
    reasons: tuple[str, ...] = ()
    degraded: tuple[str, ...] = ()
    account: str = "none"
    outbox: dict[str, int] = field(default_factory=dict)

    def document(self) -> dict[str, object]:
        """Return what `/readyz` answers; it names no address, no account and no meeting."""
        return {
            "status": "ready" if self.ready else "not ready",
            "reasons": list(self.reasons),
            "degraded": list(self.degraded),
            "account": self.account,
            "outbox": self.outbox,
        }


class Health:
    """Looks at the parts when asked; there is no cost while nobody asks."""

    def __init__(
        self,
        *,
        database: Database,
        data_dir: Path,
        account: Callable[[], AccountHealth],
        least_free_bytes: int = LEAST_FREE_BYTES,
    ) -> None:
        self._least_free_bytes = least_free_bytes
        self._database = database
        self._data_dir = data_dir
        self._account = account

    async def readiness(self) -> Readiness:
        """Report; a calendar that is out of reach is `degraded`, because meetings are accepted all the same."""
        reasons: list[str] = []
        waiting: dict[str, int] = {}
        try:
            waiting = await self._database.write(_write_probe if self._database.failing else _probe)
        except StoreError as error:
            reasons.append(str(error))
        if self._database.failing:
            reasons.append(self._database.failing)
        if self._free_bytes() < self._least_free_bytes:
            reasons.append(f"Less than {self._least_free_bytes // 1024 // 1024} MiB are free under {self._data_dir}.")
        account = self._account()
        degraded = [account.text] if account.text else []
        held = {name: number for name, number in waiting.items() if name != "waiting"}
        degraded += [f"{number} meetings wait for an admin ({name})." for name, number in held.items()]
        return Readiness(
            ready=not reasons,
            reasons=tuple(dict.fromkeys(reasons)),
            degraded=tuple(degraded),
            account=account.state,
            outbox=waiting,
        )

    def _free_bytes(self) -> int:
        numbers = os.statvfs(self._data_dir)
        return numbers.f_bavail * numbers.f_frsize


def _probe(conn: sqlite3.Connection) -> dict[str, int]:
    """Go the whole way to the writer and back without wearing the disk: a probe may come every few seconds."""
    return outbox.counts(conn)


def _write_probe(conn: sqlite3.Connection) -> dict[str, int]:
    """As `_probe`, but for a disk that failed last time: only a write shows that it works again."""
    installation.touch(conn)
    return outbox.counts(conn)
