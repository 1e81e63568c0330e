"""What a simulated UCM6300 remembers: extensions, clock, zone and booked meetings, in memory or in one file."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from simulator.pbx.booking import Booking, Member, ScheduleForm
from simulator.pbx.memory import Connection, Contents, Heard, Kept, MemoryFile
from simulator.pbx.zones import zone_of

Now = Callable[[], datetime]
"""The PBX's clock: an aware time in UTC."""

DEFAULT_ZONE = "(UTC+01:00) Etc/GMT-1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    """A telephone of the PBX; one without an e-mail address gets no notification mails."""

    number: str
    name: str
    email: str | None = None


DEFAULT_EXTENSIONS = (
    Extension(number="1000", name="Front office"),
    Extension(number="1001", name="Meeting room 1"),
    Extension(number="1002", name="Meeting room 2"),
    Extension(number="1003", name="Workshop"),
    Extension(number="1004", name="Warehouse"),
    Extension(number="1005", name="Anna Bell", email="anna.bell@mycompanyabc.com"),
    Extension(number="1006", name="Bram Cole", email="bram.cole@mycompanyabc.com"),
)


def system_now() -> datetime:
    """The machine's clock."""
    return datetime.now(UTC)


class State:
    """The PBX's memory; with `path` it is read afresh on every look, so several processes can be one PBX."""

    def __init__(
        self,
        *,
        rng: random.Random,
        now: Now = system_now,
        zone: str = DEFAULT_ZONE,
        extensions: Sequence[Extension] = DEFAULT_EXTENSIONS,
        path: Path | None = None,
    ) -> None:
        self.now = now
        self.zone = zone
        self.extensions = {extension.number: extension for extension in extensions}
        self._rng = rng
        self._file = MemoryFile(path) if path is not None else None
        self._contents = Contents(meetings={})

    @property
    def connection(self) -> Connection | None:
        """The gateway this PBX belongs to, when the memory file knows it."""
        return self._read().connection

    @property
    def meetings(self) -> list[Kept]:
        """The meetings that stand, by start."""
        kept = [one for one in self._read().meetings.values() if not one.cancelled]
        return sorted(kept, key=lambda one: (one.booking.form.start, one.booking.book_id))

    def kept(self, book_id: str) -> Kept | None:
        """One meeting, cancelled ones too, or None."""
        return self._read().meetings.get(book_id)

    def form(self, book_id: str) -> ScheduleForm:
        """The form of a meeting; KeyError when this PBX never booked it."""
        kept = self.kept(book_id)
        if kept is None:
            raise KeyError(book_id)
        return kept.booking.form

    def clock_text(self) -> str:
        """The device's clock as its web interface writes it: `2024-04-29 10:00:00 UTC+01:00`."""
        local = self.now().astimezone(zone_of(self.zone))
        offset = local.strftime("%z")
        return f"{local:%Y-%m-%d %H:%M:%S} UTC{offset[:3]}:{offset[3:5]}"

    def book(self, form: ScheduleForm, book_id: str | None = None) -> Booking:
        """Complete a form as the PBX does (room, host password, e-mails of extensions) under a new id."""
        return Booking(book_id=book_id or self.new_id(), form=self.completed(form))

    def completed(self, form: ScheduleForm) -> ScheduleForm:
        """The form with what the PBX fills in by itself; the host is not listed twice."""
        host = self._with_email(form.host)
        invitees = tuple(self._with_email(one) for one in form.invitees)
        return replace(
            form,
            room=form.room or str(self._rng.randint(1_000_000, 9_999_999)),
            host_password=form.host_password or f"{self._rng.randint(1000, 9999)}",
            host=host,
            invitees=tuple(one for one in invitees if host.extension is None or one.extension != host.extension),
        )

    def without_email(self, form: ScheduleForm) -> list[str]:
        """Extensions that cannot receive a meeting notification."""
        return [one.extension for one in form.invitees if one.extension is not None and one.email is None]

    def remember(self, booking: Booking, *, cancelled: bool = False, heard: Heard | None = None) -> None:
        """Keep a meeting, and what the gateway last said about it."""
        kept = Kept(booking=booking, cancelled=cancelled, heard=heard)
        self._change(lambda old: _with(old, replace(kept, changes=_changes(old.meetings.get(booking.book_id), kept))))

    def touch(self, book_id: str) -> None:
        """Count a change that is not in the form, such as another time for one day of a series."""
        kept = self.kept(book_id)
        if kept is not None:
            self._change(lambda old: _with(old, replace(kept, changes=kept.changes + 1)))

    def restore(self, book_id: str, kept: Kept | None) -> None:
        """Put a meeting back to what it was before; None forgets it."""
        if kept is not None:
            self.remember(kept.booking, cancelled=kept.cancelled, heard=kept.heard)
            return
        self._change(
            lambda old: replace(old, meetings={key: one for key, one in old.meetings.items() if key != book_id})
        )

    def connect(self, connection: Connection) -> None:
        """Write down which gateway this PBX belongs to."""
        self._change(lambda old: replace(old, connection=connection))

    def _with_email(self, member: Member) -> Member:
        known = self.extensions.get(member.extension or "")
        return replace(member, email=known.email) if member.email is None and known is not None else member

    def new_id(self) -> str:
        """Epoch milliseconds of the PBX's clock that no meeting has yet."""
        taken = self._read().meetings
        number = int(self.now().timestamp() * 1000)
        while str(number) in taken:
            number += 1
        return str(number)

    def _read(self) -> Contents:
        return self._file.read() if self._file is not None else self._contents

    def _change(self, change: Callable[[Contents], Contents]) -> None:
        if self._file is not None:
            self._file.change(change)
        else:
            self._contents = change(self._contents)


def _with(contents: Contents, kept: Kept) -> Contents:
    return replace(contents, meetings={**contents.meetings, kept.booking.book_id: kept})


def _changes(before: Kept | None, now: Kept) -> int:
    if before is None:
        return 0
    return before.changes + (before.booking != now.booking or before.cancelled != now.cancelled)
