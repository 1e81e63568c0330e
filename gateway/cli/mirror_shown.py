"""How the mirror and its differences from Google look in a terminal and as JSON; nothing is decided or read here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.cli.meeting_shown import short, utc

if TYPE_CHECKING:
    from gateway.mirror.paced import Budget
    from gateway.mirror.verify import Finding
    from gateway.operations.mirror_status import MirrorStatus, Queued

_STATES = {
    "waiting": "on their way",
    "authorization": "wait for the account",
    "configuration": "wait for a setting",
    "parked": "refused, or ask you",
}


def status_json(status: MirrorStatus) -> dict[str, object]:
    """Return the whole status for programs."""
    return {
        "queue": [
            {
                "state": each.state,
                "code": each.code or None,
                "meetings": each.number,
                "next_try": utc(each.next_try),
                "oldest": utc(each.oldest),
            }
            for each in status.queued
        ],
        "accounts": [
            {"account": each.email, "main": each.main, "works": each.works, "code": each.code or None}
            for each in status.accounts
        ],
        "calendars": [
            {
                "account": _email(status, each.account_id),
                "calendar": each.calendar_id,
                "read": utc(each.read_at or None),
                "code": each.code or None,
                "text": each.text or None,
                "since": utc(each.since),
            }
            for each in status.calendars
        ],
        "budgets": {"at": utc(status.budgets_at), "limits": [each._asdict() for each in status.budgets]},
        "calls_today": status.calls_today,
        "calls_yesterday": status.calls_yesterday,
        "asks": status.asks,
        "vanished": [
            {
                "account": _email(status, each.account_id),
                "calendar": each.calendar_id,
                "meetings": each.meetings,
                "since": utc(each.since),
            }
            for each in status.vanished
        ],
        "lists": [{"device": name, "meetings": number} for name, number in status.lists],
        "alerts_waiting": status.alerts_waiting,
    }


def status_lines(status: MirrorStatus) -> list[str]:
    """Return the whole status, one thing on each line."""
    lines = ["Queue", *(map(_queued, status.queued) if status.queued else ["  empty"]), "Accounts"]
    for account in status.accounts:
        how = "works" if account.works else f"{account.code} {account.text}"
        lines.append(f"  {account.email}{' (main)' if account.main else ''}: {short(how, 200)}")
    lines += [] if status.accounts else ["  none"]
    lines += ["Reading"]
    for calendar in status.calendars:
        how = f"{calendar.code} {calendar.text} (since {utc(calendar.since)})" if calendar.code else "works"
        when = f"last news {utc(calendar.read_at)}" if calendar.read_at else "not read yet"
        lines.append(f"  {calendar.calendar_id} of {_email(status, calendar.account_id)}: {short(how, 200)}, {when}")
    lines.append(f"  calls: {status.calls_today} today, {status.calls_yesterday} yesterday (UTC)")
    if status.budgets:
        lines.append(f"Calls to Google, as of {utc(status.budgets_at)}")
        lines += [_budget(each) for each in status.budgets]
    return lines + _questions(status)


def _budget(each: Budget) -> str:
    pace = f", one every {1 / each.per_s:.2g} s" if each.per_s else ""
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
    said += [
        f"  {each.meetings} events vanished at once from {each.calendar_id} at {utc(each.since)}: "
        "meeting-gateway mirror believe, or mirror restore"
        for each in status.vanished
    ]
    said += [
        f"  {number} meetings vanished at once from {name}: meeting-gateway device believe {name}"
        for name, number in status.lists
    ]
    if status.alerts_waiting:
        said.append(f"  {status.alerts_waiting} alerts are not delivered yet: meeting-gateway notify test")
    return ["Waits for you", *said] if said else []


def _email(status: MirrorStatus, account_id: int) -> str:
    return next((each.email for each in status.accounts if each.account_id == account_id), f"account {account_id}")


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
