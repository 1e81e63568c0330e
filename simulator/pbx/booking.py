"""What an admin fills into the vendor's "Schedule Meeting" form, as values; wire text and storage are elsewhere."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum


class Repeat(StrEnum):
    """The form's "Repeat" pull-down."""

    NONE = "none"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


class AutoRecord(StrEnum):
    """The form's "Auto Record" pull-down; the vendor's guide shows only None, the others are inferred."""

    NONE = "none"
    AUDIO = "audio"
    VIDEO = "video"


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """Somebody in a meeting, by extension, by e-mail address, or both; at least one is set."""

    extension: str | None = None
    email: str | None = None

    @classmethod
    def parse(cls, text: str) -> Member:
        """Read `1001`, `1001,anna@example.com` or `anna@example.com`; ValueError says what is expected."""
        parts = [part.strip() for part in text.split(",")]
        emails = [part for part in parts if "@" in part]
        extensions = [part for part in parts if part and "@" not in part]
        if len(emails) > 1 or len(extensions) > 1 or not (emails or extensions):
            raise ValueError(
                f"{text!r} is not somebody to invite: write 1001, 1001,anna@example.com or anna@example.com"
            )
        return cls(extension=extensions[0] if extensions else None, email=emails[0] if emails else None)

    def __str__(self) -> str:
        """The same text that `parse` reads."""
        return ",".join(part for part in (self.extension, self.email) if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleForm:
    """The form, in the order of the vendor's guide; the defaults are the guide's example.

    `start` and `end` are wall-clock times without tzinfo in `time_zone`, which is the label of the form's list or a
    bare zone name. An empty `host_password` or `room` is filled by the PBX, as the real form does. PINs are digits.
    """

    start: datetime
    end: datetime
    subject: str = "Weekly_Meeting"
    room: str = ""
    public_room: bool = False
    time_zone: str = "(UTC+01:00) Etc/GMT-1"
    password: str = ""
    host_password: str = ""
    host: Member = Member(extension="1000")
    repeat: Repeat = Repeat.NONE
    allow_user_invite: bool = False
    call_participants: bool = False
    email_reminder_minutes: int = 60
    override_host_mute: bool = False
    sync_to_google: bool = True
    auto_record: AutoRecord = AutoRecord.NONE
    invitees: tuple[Member, ...] = ()
    agenda: str = ""

    def __repr__(self) -> str:
        """Without the PINs."""
        return f"ScheduleForm({self.subject!r}, {self.start} to {self.end}, {self.time_zone!r})"

    def moved(self, start: datetime, *, minutes: int | None = None) -> ScheduleForm:
        """The same meeting at another time; as long as before unless `minutes` says otherwise."""
        length = self.end - self.start if minutes is None else timedelta(minutes=minutes)
        return replace(self, start=start, end=start + length)


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """A meeting that the PBX keeps: the completed form under the PBX's own id (`bookid`, epoch milliseconds)."""

    book_id: str
    form: ScheduleForm


def vendor_example(monday: datetime) -> ScheduleForm:
    """The meeting of the vendor's Google Calendar guide, on the day of `monday`."""
    return ScheduleForm(
        start=monday.replace(hour=10, minute=0, second=0, microsecond=0),
        end=monday.replace(hour=11, minute=0, second=0, microsecond=0),
        room="6300",
        host_password="5021",  # noqa: S106 - the PIN printed in the vendor's public guide
        allow_user_invite=True,
        call_participants=True,
        invitees=tuple(Member(extension=str(number)) for number in range(1001, 1005)),
    )
