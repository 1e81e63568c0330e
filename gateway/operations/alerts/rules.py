"""What people are told about, once for each change of state; within one transaction, and nothing is sent here."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from gateway import messages
from gateway.domain.account_event import AccountChange, AccountEvent
from gateway.domain.alert_kind import AlertKind, is_wanted
from gateway.store import alerts, kept
from gateway.store.alerts import AccountStanding, AlertRow, Held, ToldState

LATE_MS = 15 * 60_000
"""How long a meeting may wait for the calendar before somebody hears of it."""
DAY_MS = 24 * 3_600_000
"""Between two reminders, and how long before an end there is a second warning."""
PARKED_AGAIN_MS = 3_600_000
"""New parked meetings are told about once an hour, however many come."""

_LOST, _ENDS, _LATE, _PARKED, _GONE, _FAILING = "lost", "ends-soon", "late", "parked", "gone", "failing"
_HELD, _BROKEN = "held", "broken"
_REMINDED = frozenset({_LOST, _FAILING, _BROKEN})
QUEUE, PARKED, DISK, SETTINGS = "queue", "parked", "disk", "settings"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What an alert says: its type, its code and texts, and what a program may want to know."""

    type: str
    code: str
    severity: messages.Severity
    title: str
    text: str
    data: Mapping[str, object] = field(default_factory=dict)

    def row(self, subject: str, at_ms: int) -> AlertRow:
        """Return it as an alert about `subject`."""
        return AlertRow(
            at=at_ms,
            subject=subject,
            type=self.type,
            severity=self.severity,
            code=self.code,
            title=self.title,
            text=self.text,
            data=self.data,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Compares how things stand with what people were last told, and makes the alerts for these channels.

    `chosen` are the kinds that a channel is told of; one that is not in it is told of all.
    """

    conn: sqlite3.Connection
    channels: Collection[str]
    now_ms: int
    chosen: Mapping[str, frozenset[AlertKind]] = field(default_factory=dict)

    def account_changed(self, event: AccountEvent) -> None:
        """An account was lost, is back, or its authorization ends soon."""
        subject, data = f"account:{event.account_id}", {"account": event.email, "main": event.main}
        if event.change is AccountChange.LOST:
            self._lost(subject, event.code, event.text, data)
        elif event.change is AccountChange.BACK:
            self._account_works(subject, event.email, data)
        elif event.ends_at_ms is not None:
            ends = f"{datetime.fromtimestamp(event.ends_at_ms / 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"
            title, rest = _first_sentence(event.text)
            said = Said(
                type="account.ends-soon",
                code=event.code,
                severity="warning",
                title=title,
                text=rest,
                data={**data, "ends": ends},
            )
            self._open(subject, _ENDS, said, detail=str(event.ends_at_ms))

    def accounts(self, standing: Collection[AccountStanding]) -> None:
        """Make up for what nobody said, such as a gateway that died in between; forget who was signed out."""
        for each in standing:
            subject, data = f"account:{each.account_id}", {"account": each.email, "main": each.main}
            known = alerts.state(self.conn, subject)
            if not each.works and (known is None or known.state != _LOST):
                self._lost(subject, each.code, each.text, data)
            elif each.works and known is not None and known.state == _LOST:
                self._account_works(subject, each.email, data)
        there = {f"account:{each.account_id}" for each in standing}
        for known in alerts.states(self.conn):
            if known.subject.startswith("account:") and known.subject not in there:
                alerts.drop_state(self.conn, known.subject)

    def queue(self, usable: Collection[int]) -> None:
        """Tell when meetings wait although these accounts have worked for a while, and when that is over."""
        if not usable:
            return  # what waits now waits for the account, and that is told
        late = alerts.waiting_since(self.conn, self.now_ms - LATE_MS, usable)
        if late is not None:
            minutes = max(LATE_MS, self.now_ms - late.oldest_at) // 60_000
            values = {"n": str(late.number), "minutes": str(minutes), "problem": f"{late.code}." if late.code else ""}
            message = messages.text("M-01", **values)
            self._open(QUEUE, _LATE, _said("queue.late", message, waiting=late.number, minutes=minutes))
        else:
            self._close(QUEUE, _said("queue.moves", messages.text("M-05")))

    def parked(self) -> None:
        """Tell of meetings that need somebody, again when there are more of them."""
        number = alerts.parked(self.conn)
        known = alerts.state(self.conn, PARKED)
        before = int(known.detail or 0) if known is not None else 0
        if number == 0:
            alerts.drop_state(self.conn, PARKED)
        elif known is not None and number < before:
            alerts.keep_state(self.conn, replace(known, detail=str(number)))
        elif known is None or (number > before and not 0 <= self.now_ms - known.told_at < PARKED_AGAIN_MS):
            fought = kept.fought(self.conn)
            said = _said("meetings.parked", messages.text("M-02", n=str(number)), parked=number, fought=fought)
            if fought:
                said = replace(said, text=f"{_FOUGHT.format(_meetings(fought))} {said.text}")
            self._open(PARKED, _PARKED, said, detail=str(number))

    def held(self) -> None:
        """Tell of calendars that nothing can be written to, unless people know that their account is lost."""
        there = {f"{_HELD}:{each.account_id}:{each.calendar_id}": each for each in alerts.held(self.conn)}
        for subject, each in there.items():
            if each.number and not self._is_lost(each.account_id):
                self._open(subject, _HELD, _held_said(each), detail=each.code)
        for known in alerts.states(self.conn):
            if known.state == _HELD and known.subject not in there:
                self._held_no_more(known)

    def vanished(self) -> None:
        """Ask about meetings that are all gone at the same time, from a device's list or from a calendar."""
        asked: dict[str, tuple[str, int, str]] = {}
        for name, number in alerts.vanished_lists(self.conn):
            command = f"meeting-gateway device believe {name}"
            asked[f"list:{name}"] = (f"The list of {name}", number, command)
        for calendar_id, number in alerts.vanished_events(self.conn):
            where = f"The calendar {calendar_id}"
            asked[f"calendar:{calendar_id}"] = (where, number, "meeting-gateway mirror believe")
        for subject, (where, number, command) in asked.items():
            message = messages.text("M-03", n=str(number), where=where, command=command)
            self._open(subject, _GONE, _said("meetings.vanished", message, where=subject, meetings=number))
        for known in alerts.states(self.conn):
            if known.state == _GONE and known.subject not in asked:
                alerts.drop_state(self.conn, known.subject)

    def disk(self, reason: str) -> None:
        """Tell that the data folder cannot be used, empty when it can."""
        if reason:
            self._open(DISK, _FAILING, disk_said(reason))
        else:
            self._close(DISK, _said("disk.works", messages.text("M-06")))

    def disk_was_told(self, reason: str) -> None:
        """People heard of the disk while nothing could be written down; something can now."""
        if not reason and alerts.state(self.conn, DISK) is None:
            self._tell(_said("disk.works", messages.text("M-06")))

    def settings(self, mistakes: int) -> None:
        """Tell that the settings have mistakes and only the safe page is served, and when that is over."""
        if mistakes:
            self._open(SETTINGS, _BROKEN, settings_said(mistakes))
        else:
            self._close(SETTINGS, _said("settings.work", messages.text("M-11")))

    def remind(self) -> None:
        """Say once a day what is still lost, and once more what ends within a day."""
        for known in alerts.states(self.conn):
            if known.state in _REMINDED:
                due = not 0 <= self.now_ms - known.told_at < DAY_MS
            elif known.state == _ENDS:
                last_day = int(known.detail or 0) - DAY_MS
                due = known.told_at < last_day <= self.now_ms
            else:
                continue
            if due:
                last = alerts.last_of(self.conn, known.subject)
                if last is not None:
                    self._again(known, last)

    def _is_lost(self, account_id: int) -> bool:
        known = alerts.state(self.conn, f"account:{account_id}")
        return known is not None and known.state == _LOST

    def _held_no_more(self, known: ToldState) -> None:
        """Say that it is over, where something was written since."""
        _, account_id, calendar_id = known.subject.split(":", 2)
        if alerts.written_since(self.conn, int(account_id), calendar_id, known.since):
            self._close(known.subject, _said("meetings.freed", messages.text("M-05"), calendar=calendar_id))
        else:
            alerts.drop_state(self.conn, known.subject)

    def _lost(self, subject: str, code: str, text: str, data: Mapping[str, object]) -> None:
        title, rest = _first_sentence(text or "The account can no longer be used.")
        commands = messages.commands(code) if code in messages.codes() else ()
        following = [f"Account: {data['account']}.", *(f"Next: {command}" for command in commands)]
        rest = " ".join(part for part in (rest, *following) if part)
        said = Said(type="account.lost", code=code, severity="error", title=title, text=rest, data=data)
        self._open(subject, _LOST, said, detail=code)

    def _account_works(self, subject: str, email: str, data: Mapping[str, object]) -> None:
        known = alerts.state(self.conn, subject)
        if known is not None and known.state == _LOST:
            self._tell(_said("account.back", messages.text("M-04", email=email), **data), subject)
        alerts.drop_state(self.conn, subject)

    def _open(self, subject: str, state: str, said: Said, *, detail: str = "") -> None:
        """Tell what is so now, unless people know."""
        known = alerts.state(self.conn, subject)
        if known is not None and (known.state, known.detail) == (state, detail):
            return
        since = known.since if known is not None and known.state == state else self.now_ms
        alerts.keep_state(
            self.conn,
            ToldState(subject=subject, state=state, detail=detail, since=since, told_at=self.now_ms),
        )
        self._tell(said, subject)

    def _close(self, subject: str, said: Said) -> None:
        """Tell that it is over, if people know that it was."""
        if alerts.state(self.conn, subject) is not None:
            alerts.drop_state(self.conn, subject)
            self._tell(said, subject)

    def _again(self, known: ToldState, last: AlertRow) -> None:
        alerts.keep_state(self.conn, replace(known, told_at=self.now_ms))
        alerts.add(self.conn, replace(last, at=self.now_ms, reminder=True), self._told_of(last.type), self.now_ms)

    def _tell(self, said: Said, subject: str = DISK) -> None:
        alerts.add(self.conn, said.row(subject, self.now_ms), self._told_of(said.type), self.now_ms)

    def _told_of(self, type_: str) -> list[str]:
        """Return the channels that hear of this type; what is told to none of them is remembered all the same."""
        return [each for each in self.channels if each not in self.chosen or is_wanted(self.chosen[each], type_)]


def disk_said(reason: str) -> Said:
    """Return what is told about a data folder that cannot be used."""
    return _said("disk.failing", messages.text("G-515", reason=reason))


def settings_said(mistakes: int) -> Said:
    """Return what is told about settings with which the gateway does not start completely."""
    return _said("settings.broken", messages.text("M-10", n=str(mistakes)), mistakes=mistakes)


_FOUGHT = "Somebody, or a program, keeps changing {} in the calendar: nothing is put back there any more."


def _held_said(each: Held) -> Said:
    title, rest = _first_sentence(each.text or "The calendar cannot be written to.")
    where = [f"{name}: {value}." for name, value in (("Calendar", each.calendar_id), ("Account", each.email)) if value]
    following = [f"Held back: {_meetings(each.number)}.", *where, "Next: meeting-gateway mirror status"]
    text = " ".join(part for part in (rest, *following) if part)
    data = {"account": each.email, "calendar": each.calendar_id, "held": each.number}
    return Said(type="meetings.held", code=each.code, severity="error", title=title, text=text, data=data)


def _meetings(number: int) -> str:
    return f"{number} {'meeting' if number == 1 else 'meetings'}"


def _said(type_: str, message: messages.Message, **data: object) -> Said:
    text = " ".join(part for part in (message.text, message.remedy) if part)
    return Said(type=type_, code=message.code, severity=message.severity, title=message.title, text=text, data=data)


def _first_sentence(text: str) -> tuple[str, str]:
    title, stop, rest = text.partition(". ")
    return (f"{title}.", rest) if stop else (text, "")
