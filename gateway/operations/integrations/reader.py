"""What programs with an API key read: how all stands, meetings, devices; as the commands print it with --json."""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from gateway import __version__
from gateway.devices.known import Known, KnownDevices
from gateway.mirror.poll.state import PollStatus
from gateway.operations.for_programs import device_json, instant, meeting_json, status_json
from gateway.operations.health import Health
from gateway.operations.meetings.agenda import AgendaRow, Asked, agenda
from gateway.operations.overview.overview import Overview
from gateway.operations.overview.problems import Problem
from gateway.store import device_list
from gateway.store.database import Database

Document = dict[str, object]
_ALWAYS = 0
"""Whether a device is quiet is not told here."""


class Listed(NamedTuple):
    """Some of a list as documents, and what leads to the next ones, None at the end."""

    items: list[Document]
    after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Reads when it is asked; costs the same however much is stored. Everything raises StoreError.

    `chosen` are the accounts that the settings name for devices. `asking` says where asking a device stands.
    """

    database: Database
    name: Callable[[], str]
    overview: Overview
    health: Health
    known: KnownDevices
    asking: Callable[[Known], Awaitable[PollStatus | None]]
    chosen: Mapping[str, str]

    async def status(self) -> Document:
        """Return the four lights, what needs attention, and all that `mirror status` prints."""
        glance, readiness = await self.overview.glance(), await self.health.readiness()
        return {
            "name": self.name(),
            "version": __version__,
            "ready": readiness.ready,
            "reasons": list(readiness.reasons),
            "lights": [{"name": each.name, "kind": each.kind, "words": list(each.words)} for each in glance.lights],
            "problems": [_problem(each) for each in (*glance.problems, *glance.put_off)],
            **status_json(glance.status),
        }

    async def meetings(self, asked: Asked, most: int) -> Listed:
        """Return the next meetings, each once: a series where it first takes place in the span."""
        page = await self.database.read(lambda conn: agenda(conn, asked, self.chosen, most))
        after = None if page.after is None else ".".join(map(str, page.after))
        return Listed([_meeting(row) for row in page.rows], after)

    async def devices(self, after: str, most: int) -> Listed:
        """Return the next devices by their ids."""

        def read(conn: sqlite3.Connection) -> list[Known]:
            wanted = device_list.Wanted(after=after)
            rows = device_list.page(conn, wanted, quiet_since=_ALWAYS, most=most + 1)
            return [self.known.one(conn, row.row.name) for row in rows if self.known.is_there(conn, row.row.name)]

        found = await self.database.read(read)
        items = [device_json(each, await self.asking(each)) for each in found[:most]]
        return Listed(items, found[most - 1].row.name if len(found) > most else None)


def _meeting(row: AgendaRow) -> Document:
    when: Document = {"occurrence_start": instant(row.start_s), "occurrence_end": instant(row.end_s)}
    return meeting_json(row.line) | when


def _problem(problem: Problem) -> Document:
    return {
        "code": problem.code or None,
        "severity": problem.severity,
        "device": problem.device or None,
        "text": str(problem.message),
    }
