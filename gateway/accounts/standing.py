"""How it stands with Google in the words of the page's status line; what is shown with which colour is not decided."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from gateway import messages
from gateway.accounts.attempt import SignInLink
from gateway.accounts.life import End, EndsBecause, shown_date
from gateway.domain.retry import Hold
from gateway.messages import Button, Message
from gateway.messages.languages import tr, trn
from gateway.store import mirrored, outbox
from gateway.store.accounts import AccountRow, AccountState


class Situation(StrEnum):
    """What there is to say; the value is a stable word for pages and scripts."""

    NOT_CONNECTED = "not-connected"
    WAITING = "waiting"
    AUTHORIZED = "authorized"
    ENDS = "ends"
    UNREACHABLE = "unreachable"
    LOST = "lost"
    ACTION = "action"
    """The authorization is fine, and something else has to be mended by an admin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One status: `pill` and `line` are the words; times are ms UTC, None when there is none.

    `message` is the catalogue's entry where something is wrong; `waiting` counts the changes that are not in the
    calendar yet, without those that an admin parked.
    """

    situation: Situation
    pill: str
    line: str
    message: Message | None = None
    email: str = ""
    calendar: str = ""
    waiting: int = 0
    last_success_ms: int | None = None
    ends_at_ms: int | None = None
    ends_because: EndsBecause | None = None
    link: SignInLink | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """What waits to be sent: how many changes, the code of a network or Google problem that they wait for, if any."""

    waiting: int
    trouble: str
    last_success_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Everything that the status is made of."""

    row: AccountRow | None
    why: Message | None
    queue: Queue
    link: SignInLink | None
    calendar: str
    end: End | None
    others: int
    now_ms: int
    zone: str | None


def read_queue(conn: sqlite3.Connection) -> Queue:
    """Count what waits."""
    counts = outbox.counts(conn)
    codes = outbox.waiting_because(conn)
    troubles = {code: number for code, number in codes.items() if code.startswith("N-") or code == "G-506"}
    return Queue(
        waiting=sum(number for name, number in counts.items() if name != Hold.PARKED),
        trouble=max(troubles, key=lambda code: (troubles[code], code), default=""),
        last_success_ms=mirrored.last_success_ms(conn),
    )


def judge(seen: Seen) -> Standing:
    """Return the one status that matters most."""
    row = seen.row
    if seen.link is not None and (row is None or row.state is not AccountState.CONNECTED):
        return _waiting_for_code(seen, seen.link)
    if row is None:
        if seen.others:
            message = messages.text("G-527")
            return _standing(
                seen, Situation.NOT_CONNECTED, tr("No main account"), f"{message.title} {message.text}", message
            )
        line = tr(
            "Meetings from your devices are kept here and wait. They appear in Google Calendar as soon as you connect "
            "an account."
        )
        return _standing(seen, Situation.NOT_CONNECTED, tr("Not connected"), line)
    if row.state is not AccountState.CONNECTED:
        return _broken(seen, row)
    if seen.queue.trouble:
        return _unreachable(seen)
    if seen.end is not None:
        return _ends(seen, seen.end)
    line = tr("Account %(email)s. Calendar %(calendar)s.", email=row.email, calendar=seen.calendar)
    return _standing(seen, Situation.AUTHORIZED, tr("Authorized"), f"{line} {_last_success(seen)}")


def _waiting_for_code(seen: Seen, link: SignInLink) -> Standing:
    opened, until = _clock_time(link.started_at_ms, seen), _clock_time(link.expires_at_ms, seen)
    line = tr(
        "You opened Google's sign-in page at %(opened)s. Paste what you got back in step 3. The link works until "
        "%(until)s.",
        opened=opened,
        until=until,
    )
    return _standing(seen, Situation.WAITING, tr("Waiting for your code"), line)


def _broken(seen: Seen, row: AccountRow) -> Standing:
    message = seen.why or told(row)
    waiting = trn("%(num)s change is waiting.", "%(num)s changes are waiting.", seen.queue.waiting)
    if row.state is AccountState.AUTHORIZATION_LOST:
        reason = _reason(row.state_code) or message.title.rstrip(".")
        line = tr("Google no longer accepts our authorization (%(reason)s).", reason=reason)
        return _standing(seen, Situation.LOST, tr("Authorization lost"), f"{line} {waiting}", message)
    return _standing(seen, Situation.ACTION, tr("Action needed"), f"{message.title} {waiting}", message)


def _unreachable(seen: Seen) -> Standing:
    line = trn(
        "%(num)s change is waiting and will be sent automatically. Nothing is lost.",
        "%(num)s changes are waiting and will be sent automatically. Nothing is lost.",
        seen.queue.waiting,
    )
    message = told_code(seen.queue.trouble, tr("Google cannot be reached at the moment."))
    pill = tr("Google is not reachable")
    return _standing(seen, Situation.UNREACHABLE, pill, f"{line} {_last_success(seen)}", message)


def _ends(seen: Seen, end: End) -> Standing:
    date = _date_time(end.at_ms, seen)
    line = {
        EndsBecause.TESTING: tr(
            "Your Google app is in Testing. Google ends this authorization on %(date)s. Publish the app to stop this.",
            date=date,
        ),
        EndsBecause.LIMITED: tr(
            "You allowed access for a limited time. Google ends this authorization on %(date)s.", date=date
        ),
        EndsBecause.UNUSED: tr(
            "Nothing was asked with this account for months. Google ends this authorization on %(date)s.", date=date
        ),
    }[end.because]
    pill = tr("Authorized, ends on %(day)s", day=f"{_local(end.at_ms, seen):%Y-%m-%d}")
    return replace(_standing(seen, Situation.ENDS, pill, line), ends_at_ms=end.at_ms, ends_because=end.because)


def _standing(seen: Seen, situation: Situation, pill: str, line: str, message: Message | None = None) -> Standing:
    return Standing(
        situation=situation,
        pill=pill,
        line=line,
        message=message,
        email=seen.row.email if seen.row is not None else "",
        calendar=seen.calendar,
        waiting=seen.queue.waiting,
        last_success_ms=seen.queue.last_success_ms,
        link=seen.link,
    )


def told(row: AccountRow) -> Message:
    """Return the catalogue's entry for the state of an account."""
    if row.state_code == "G-116":  # it was a question before, with other buttons
        done = messages.text("G-116", ended=row.email)
        return replace(done, buttons=(Button(label=tr("Authorize again"), does="authorize-again"),))
    values = {"email": row.email}
    if row.access_ends_at is not None:
        values["date"] = shown_date(row.access_ends_at)
    return told_code(row.state_code, row.state_text, values)


def told_code(code: str, sentence: str, values: Mapping[str, str] | None = None) -> Message:
    """Return the entry of `code`, or `sentence` when the entry needs a value that was not kept."""
    try:
        return messages.text(code, **(values or {}))
    except KeyError:
        return Message(code=code, title=sentence, text="", remedy="")


def _reason(code: str) -> str:
    """Return why an authorization was lost, within a sentence; empty when the code says nothing about that."""
    return {
        "G-116": tr("the client was changed"),
        "G-403": tr("the Calendar box was not ticked"),
        "G-418": tr("it was made at another address"),
        "G-419": tr("the key file does not fit"),
        "G-501": tr("7 days are over and the app is in Testing"),
        "G-502": tr("somebody removed the access"),
        "G-503": tr("Google gave no reason"),
        "G-514": tr("the time-limited permission is over"),
        "G-521": tr("the settings allow another account only"),
        "G-534": tr("it was not used for 6 months"),
    }.get(code, "")


def _last_success(seen: Seen) -> str:
    at_ms = seen.queue.last_success_ms
    if at_ms is None:
        return tr("Nothing was sent yet.")
    return tr("Last success %(ago)s.", ago=ago(at_ms, seen.now_ms))


def ago(at_ms: int, now_ms: int) -> str:
    """Write how long ago an instant is; one in the future, after the clock was set back, is now."""
    minutes = max(0, now_ms - at_ms) // 60_000
    if minutes >= 24 * 60:
        return trn("%(num)s day ago", "%(num)s days ago", minutes // (24 * 60))
    if minutes >= 60:
        return trn("%(num)s hour ago", "%(num)s hours ago", minutes // 60)
    return trn("%(num)s minute ago", "%(num)s minutes ago", minutes) if minutes else tr("just now")


def _local(at_ms: int, seen: Seen) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, ZoneInfo(seen.zone) if seen.zone else UTC)


def _date_time(at_ms: int, seen: Seen) -> str:
    return f"{_local(at_ms, seen):%Y-%m-%d %H:%M %Z}"


def _clock_time(at_ms: int, seen: Seen) -> str:
    """Only the time for today, the date too for another day."""
    at, now = _local(at_ms, seen), _local(seen.now_ms, seen)
    return f"{at:%H:%M %Z}" if at.date() == now.date() else f"{at:%Y-%m-%d %H:%M %Z}"
