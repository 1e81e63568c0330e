"""How meetings, devices and the mirror look as JSON, for commands and for programs alike; nothing is read here."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gateway.config import DeviceSection
    from gateway.devices.roster import Known
    from gateway.mirror.poll.state import PollStatus
    from gateway.operations.mirror_status import MirrorStatus
    from gateway.store.meeting_list import MeetingLine

_SIGNED_OUT = "an account that nobody is signed in to (number {})"


def utc(at_ms: int | None) -> str | None:
    """Return a time in ms as RFC 3339 in UTC."""
    return None if at_ms is None else instant(at_ms // 1000)


def instant(at_s: int) -> str:
    """Return an instant as RFC 3339 in UTC."""
    return f"{datetime.fromtimestamp(at_s, UTC):%Y-%m-%dT%H:%M:%SZ}"


def meeting_json(meeting: MeetingLine) -> dict[str, object]:
    """Return one meeting for programs."""
    return {
        "id": meeting.id,
        "device": meeting.device,
        "external_id": meeting.external_id,
        "state": meeting.state,
        "revision": meeting.revision,
        "subject": meeting.subject,
        "start": instant(meeting.start_utc_s),
        "end": instant(meeting.end_utc_s),
        "zone": meeting.zone,
        "series": meeting.series,
        "account": meeting.account or None,
        "calendar": meeting.calendar_id,
        "link": meeting.link,
        "meet_state": meeting.meet_state or None,
        "meet_link": meeting.meet_link,
        "lacking": lacking(meeting),
        "kept_edits": meeting.kept,
        "vanished": meeting.guarded,
        "next_try": utc(meeting.next_try_ms),
        "hold": meeting.hold,
        "attempts": meeting.attempts,
        "code": meeting.why[0] or None,
        "text": meeting.why[1] or None,
    }


def lacking(meeting: MeetingLine) -> list[str]:
    """Return what the event has to do without, without the note for which revision that was found out."""
    return [each for each in meeting.lacking if not each.startswith("revision:")]


def device_json(known: Known, asking: PollStatus | None = None) -> dict[str, object]:
    """Return all that may be known of a device, and where asking it stands; neither keys nor passwords."""
    section = known.section
    poll = section.poll if section is not None else None
    return {
        "id": known.row.name,
        "name": known.title,
        "profile": known.row.profile,
        "model": section.model if section else None,
        "firmware": known.row.firmware or None,
        "state": device_state(known),
        "set_by": known.locked_by or "command",
        "time_zone": section.time_zone if section else None,
        **_policies(section),
        "join": _join(known),
        "show_pins": section.show_pins if section else False,
        "old_key_until": utc(known.row.old_key_until),
        "last_call": utc(known.calls.called_at),
        "last_refused": utc(known.calls.refused_at),
        "last_problem": f"{known.calls.refused_code} {known.calls.refused_text}".strip() or None,
        "meetings": known.meetings,
        "directory": known.directory,
        "poll": None
        if poll is None
        else {
            "address": poll.address,
            "port": poll.port,
            "user": poll.user,
            "every_s": poll.every_s,
            "fingerprint": poll.fingerprint,
        },
        "asking": None if asking is None else asking_json(asking),
    }


def _policies(section: DeviceSection | None) -> dict[str, object]:
    names = ("account", "calendar", "invitations", "wins", "conflict", "meet", "transparency", "visibility")
    more = ("room_address", "email_domain")
    return {name: None if section is None else getattr(section, name) for name in (*names, *more)}


def _join(known: Known) -> dict[str, str | None] | None:
    if known.section is None:
        return None
    join = known.section.join
    return {"sip_uri": join.sip_uri, "dial_in": join.dial_in, "web_link": join.web_link}


def asking_json(status: PollStatus) -> dict[str, object]:
    return {
        "state": "waits for your word" if status.asked else status.state,
        "problem": (status.text if status.asked else f"{status.code} {status.text}".strip()) or None,
        "warning": status.warning or None,
        "last_asked": utc(status.last_poll_ms),
        "last_success": utc(status.last_success_ms),
        "meetings_listed": status.listed,
        "not_understood": status.not_understood,
        "waiting_for_your_word": status.asked,
    }


def device_state(known: Known) -> str:
    """Return one word: paused, served, or broken when what was chosen cannot be read."""
    if known.section is None:
        return "broken"
    return "paused" if known.row.paused else "served"


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
                "account": email_of(status, each.account_id),
                "calendar": each.calendar_id,
                "read": utc(each.read_at or None),
                "is_read": each.account_id not in status.unread,
                "code": each.code or None,
                "text": each.text or None,
                "since": utc(each.since),
            }
            for each in status.calendars
        ],
        "budgets": {"at": utc(status.budgets_at), "limits": [each._asdict() for each in status.budgets]},
        "calls_today": status.calls_today,
        "calls_yesterday": status.calls_yesterday,
        "calls_per_day": status.calls_per_day,
        "asks": status.asks,
        "fought": status.fought,
        "vanished": [
            {
                "account": email_of(status, each.account_id),
                "calendar": each.calendar_id,
                "meetings": each.meetings,
                "since": utc(each.since),
            }
            for each in status.vanished
        ],
        "doubles": [
            {
                "account": email_of(status, each.account_id),
                "calendar": each.calendar_id,
                "asked": each.asked,
                "refused": each.refused,
                "since": utc(each.since),
            }
            for each in status.doubles
        ],
        "lists": [{"device": name, "meetings": number} for name, number in status.lists],
        "alerts_waiting": status.alerts_waiting,
    }


def email_of(status: MirrorStatus, account_id: int) -> str:
    return next(
        (each.email for each in status.accounts if each.account_id == account_id), _SIGNED_OUT.format(account_id)
    )
