"""Which calendar meetings go to and who invites guests, where the settings do not say; no device is known here."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from gateway.clock import Clock
from gateway.config import GoogleSection, set_by
from gateway.domain.actor import COMMAND_LINE, Actor
from gateway.domain.meeting import Invitations
from gateway.errors import StoreError
from gateway.google.calendar_list import MAIN
from gateway.google.failures import refusal
from gateway.messages.languages import tr
from gateway.store import audit, settings
from gateway.store.database import Database

_CALENDAR, _NAME, _INVITATIONS = "google.calendar", "google.calendar_name", "google.invitations"
_LONGEST = 254

Told = Callable[[str, Invitations], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The calendar's id and, where it is known, its name; `locked` says where the calendar is set, if not here."""

    calendar_id: str
    name: str
    invitations: Invitations
    locked: str

    @property
    def shown(self) -> str:
        """The calendar in words for people."""
        return self.name or (tr("(main calendar)") if self.calendar_id == MAIN else self.calendar_id)


class CalendarChoice:
    """The choice for devices that make none of their own in the settings. It counts at once, without a restart."""

    def __init__(self, *, database: Database, clock: Clock, google: GoogleSection, sources: Mapping[str, str]) -> None:
        self._database = database
        self._clock = clock
        self._locked = set_by(sources, _CALENDAR)
        self._default = google.calendar
        self._current = self._effective({})
        self._followers: list[Told] = []

    def follow(self, told: Told) -> None:
        """Call `told` with calendar id and invitations, now and whenever they change."""
        self._followers.append(told)
        told(self._current.calendar_id, self._current.invitations)

    def current(self) -> Chosen:
        """Return the choice in effect."""
        return self._current

    async def load(self) -> None:
        """Read the choice: at the start, and after another process changed it."""
        keys = (_CALENDAR, _NAME, _INVITATIONS)
        rows = await self._database.read(lambda conn: settings.read(conn, keys))
        self._current = self._effective({key: row.value for key, row in rows.items()})
        for told in self._followers:
            told(self._current.calendar_id, self._current.invitations)

    async def save(self, calendar_id: str, *, name: str, invitations: Invitations, by: Actor = COMMAND_LINE) -> Chosen:
        """Choose. Events that are in a calendar already stay there.

        Raises SignInError with its `field`: G-117 when the settings name another calendar, G-507 for what cannot be
        the id of a calendar, G-118 when the store refuses.
        """
        name = " ".join("".join(c if c.isprintable() else " " for c in name).split())[:_LONGEST]
        if self._locked and calendar_id != self._default:
            raise refusal("G-117", field="calendar", source=self._locked)
        if not calendar_id.isprintable() or not 0 < len(calendar_id) <= _LONGEST or calendar_id != calendar_id.strip():
            raise refusal("G-507", field="calendar", name=name)
        now_ms = self._clock.now_ms()

        def keep(conn: sqlite3.Connection) -> None:
            for key, value in ((_CALENDAR, calendar_id), (_NAME, name), (_INVITATIONS, invitations.value)):
                settings.put(conn, key, value, now_ms=now_ms)
            audit.write(
                conn,
                at_ms=now_ms,
                actor=by.name,
                source=by.source,
                action="google.calendar-chosen",
                object_=calendar_id,
                detail=invitations.value,
            )

        try:
            await self._database.write(keep)
        except StoreError as error:
            raise refusal("G-118", reason=str(error)) from error
        await self.load()
        return self._current

    @staticmethod
    def forget(conn: sqlite3.Connection) -> None:
        """Forget the calendar, in a transaction that is under way: it belonged to another account. `load` after it."""
        settings.remove(conn, (_CALENDAR, _NAME))

    def _effective(self, saved: Mapping[str, str]) -> Chosen:
        calendar_id = self._default if self._locked else saved.get(_CALENDAR, self._default)
        name = saved.get(_NAME, "") if saved.get(_CALENDAR) == calendar_id else ""
        known = (each for each in Invitations if each == saved.get(_INVITATIONS))
        return Chosen(
            calendar_id=calendar_id,
            name=name,
            invitations=next(known, Invitations.DEVICE),
            locked=self._locked,
        )
