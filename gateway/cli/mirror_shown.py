"""How the mirror and its differences from Google look in a terminal and as JSON; nothing is decided or read here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.cli.meeting_shown import short
from gateway.operations.for_programs import email_of, utc

if TYPE_CHECKING:
    from gateway.mirror.inbound.verify import Finding, Report
    from gateway.mirror.paced import Budget
    from gateway.operations.mirror_status import MirrorStatus, Queued
    from gateway.operations.open_questions import Questions
    from gateway.store.reading import CalendarReading

_STATES = {
    "waiting": "on their way",
    "authorization": "wait for the account",
    "configuration": "wait for a setting",
    "parked": "refused, or ask you",
}


def status_lines(status: MirrorStatus) -> list[str]:
    """Return the whole status, one thing on each line."""
    lines = ["Queue", *(map(_queued, status.queued) if status.queued else ["  empty"]), "Accounts"]
    for account in status.accounts:
        how = "works" if account.works else f"{account.code} {account.text}"
        lines.append(f"  {account.email}{' (main)' if account.main else ''}: {short(how, 200)}")
    lines += [] if status.accounts else ["  none"]
    lines += ["Reading"]
    lines += [_reading(status, each) for each in status.calendars]
    lines.append(
        f"  calls: {status.calls_today} today, {status.calls_yesterday} yesterday (UTC), "
        f"about {status.calls_per_day} a day at this rate"
    )
    if status.budgets:
        lines.append(f"Calls to Google, as of {utc(status.budgets_at)}")
        lines += [_budget(each) for each in status.budgets]
    return lines + _questions(status)


def _reading(status: MirrorStatus, calendar: CalendarReading) -> str:
    how = "works"
    if calendar.account_id in status.unread:
        how = "not read: sign in again (meeting-gateway google login --add)"
    elif calendar.code:
        how = f"{calendar.code} {calendar.text} (since {utc(calendar.since)})"
    when = f"last read {utc(calendar.read_at)}" if calendar.read_at else "not read yet"
    return f"  {calendar.calendar_id} of {email_of(status, calendar.account_id)}: {short(how, 200)}, {when}"


def _budget(each: Budget) -> str:
    pace = ""
    if each.per_s:
        pace = f", {each.per_s:.3g} a second" if each.per_s >= 1 else f", one every {1 / each.per_s:.2g} s"
    rests = f", rests until {utc(each.rests_until_ms)}" if each.rests_until_ms is not None else ""
    return f"  {each.scope} {short(each.name, 80) or '-'}: {each.used} of {each.limit} a minute{pace}{rests}"


def _queued(each: Queued) -> str:
    when = f", next try {utc(each.next_try)}" if each.next_try is not None else ""
    why = f" ({each.code})" if each.code else ""
    return f"  {each.number} {_STATES.get(each.state, each.state)}{why}, the oldest since {utc(each.oldest)}{when}"


def _questions(status: MirrorStatus) -> list[str]:
    said = []
    if status.asks:
        said.append(f"  {status.asks} changed by people, you decide: meeting-gateway meeting list --state asks")
    if status.fought:
        said.append(f"  {status.fought} of these meetings were changed again each time that they had been put back")
    said += [
        f"  {each.meetings} events vanished at once from {each.calendar_id} at {utc(each.since)}: "
        "meeting-gateway mirror believe, or mirror restore"
        for each in status.vanished
    ]
    for double in status.doubles:
        where = f"of the gateway's in {double.calendar_id} are no meeting's, since {utc(double.since)}"
        if double.asked:
            said.append(f"  {double.asked} events {where}: meeting-gateway mirror verify, then mirror remove")
        if double.refused:
            said.append(
                f"  {double.refused} events {where}, and Google does not let them be removed: remove them there"
            )
    said += [
        f"  {number} meetings vanished at once from {name}: meeting-gateway device believe {name}"
        for name, number in status.lists
    ]
    if status.alerts_waiting:
        said.append(f"  {status.alerts_waiting} alerts are not delivered yet: meeting-gateway notify test")
    return ["Waits for you", *said] if said else []


def compared_line(report: Report, questions: Questions) -> str:
    """Return how many meetings there are, how many of them were compared, and why the others were not."""
    decided = max(0, report.left - questions.vanished_meetings - questions.asked_meetings)
    beside = [
        f"{number} {words}"
        for number, words in (
            (report.waiting, "on their way or held"),
            (questions.vanished_meetings, "vanished at once, you decide"),
            (questions.asked_meetings, "deleted or moved by people, you decide"),
            (decided, "left as people made them: their word counts"),
        )
        if number
    ]
    differ = f"{len(report.findings)} difference{'' if len(report.findings) == 1 else 's'}"
    total = report.compared + report.waiting + report.left
    of_all = f"{report.compared} of {total}" if total != report.compared else f"{total}"
    return "; ".join([f"{of_all} meeting{'' if total == 1 else 's'} compared: {differ}", *beside]) + "."


def question_lines(questions: Questions) -> list[str]:
    """Return what somebody has to decide, and with which commands."""
    said = [
        f"{each.meetings} events vanished at once from {each.calendar_id}. Decide: meeting-gateway mirror restore "
        f"--calendar {each.calendar_id}, or meeting-gateway mirror believe --calendar {each.calendar_id}"
        for each in questions.vanished
    ]
    if questions.asks:
        one = questions.asks == 1
        whose = f"{questions.asks} meeting{' asks' if one else 's ask'} you whose version counts"
        said.append(f"{whose}. See them: meeting-gateway meeting list --state asks")
    return said


def finding_line(finding: Finding) -> str:
    """Return one difference on one line."""
    which = f"{finding.meeting_id}  {finding.device}/{short(finding.external_id)}" if finding.meeting_id else "-  -"
    return (
        f"{finding.kind}  {which}  event {finding.remote_id or '-'} in {finding.calendar_id or '-'}  {finding.detail}"
    )


def finding_json(finding: Finding) -> dict[str, object]:
    """Return one difference for programs."""
    return {
        "kind": str(finding.kind),
        "id": finding.meeting_id,
        "device": finding.device or None,
        "external_id": finding.external_id or None,
        "event": finding.remote_id or None,
        "calendar": finding.calendar_id or None,
        "detail": finding.detail,
    }
