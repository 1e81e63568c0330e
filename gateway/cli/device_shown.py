"""How devices, callers and neighbours look in a terminal and as JSON; nothing is decided or read here."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gateway.config import DeviceSection
    from gateway.devices.roster import Known
    from gateway.mirror.poll.state import PollStatus
    from gateway.store.pending import FoundRow, PendingRow


def moment(at_ms: int | None) -> str:
    """Return a time in ms as text in UTC; empty for none."""
    return "" if at_ms is None else f"{datetime.fromtimestamp(at_ms / 1000, UTC):%Y-%m-%d %H:%M} UTC"


def rfc3339(at_ms: int | None) -> str | None:
    """Return a time in ms as RFC 3339 in UTC, for programs."""
    return None if at_ms is None else f"{datetime.fromtimestamp(at_ms / 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"


def as_json(known: Known, asking: PollStatus | None = None) -> dict[str, object]:
    """Return all that may be known of a device, and where asking it stands; neither keys nor passwords."""
    section = known.section
    poll = section.poll if section is not None else None
    return {
        "id": known.row.name,
        "name": known.title,
        "profile": known.row.profile,
        "model": section.model if section else None,
        "firmware": known.row.firmware or None,
        "state": state(known),
        "set_by": known.locked_by or "command",
        "time_zone": section.time_zone if section else None,
        **_policies(section),
        "join": _join(known),
        "show_pins": section.show_pins if section else False,
        "old_key_until": rfc3339(known.row.old_key_until),
        "last_call": rfc3339(known.calls.called_at),
        "last_refused": rfc3339(known.calls.refused_at),
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
        "asking": None if asking is None else _asking(asking),
    }


def _policies(section: DeviceSection | None) -> dict[str, object]:
    names = ("account", "calendar", "invitations", "wins", "conflict", "meet", "transparency", "visibility")
    more = ("room_address", "email_domain")
    return {name: None if section is None else getattr(section, name) for name in (*names, *more)}


def _asking(status: PollStatus) -> dict[str, object]:
    return {
        "state": "waits for your word" if status.asked else status.state,
        "problem": (status.text if status.asked else f"{status.code} {status.text}".strip()) or None,
        "warning": status.warning or None,
        "last_asked": rfc3339(status.last_poll_ms),
        "last_success": rfc3339(status.last_success_ms),
        "meetings_listed": status.listed,
        "not_understood": status.not_understood,
        "waiting_for_your_word": status.asked,
    }


def state(known: Known) -> str:
    """Return one word: paused, served, or broken when what was chosen cannot be read."""
    if known.section is None:
        return "broken"
    return "paused" if known.row.paused else "served"


def line(known: Known, asking: PollStatus | None = None) -> str:
    """Return one device on one line, with what is wrong with asking it."""
    parts = [known.row.name, known.row.profile, f'"{known.title}"', state(known)]
    if known.section is not None and known.section.poll is not None:
        parts.append(f"asked at {known.section.poll.address}")
        if asking is not None and (trouble := _asking(asking)["problem"]):
            parts.append(f"does not work: {trouble}" if not asking.asked else str(trouble))
    else:
        parts.append(f"last call {moment(known.calls.called_at)}" if known.calls.called_at else "has not called yet")
    parts.append(f"{known.meetings} meeting{'' if known.meetings == 1 else 's'}")
    return "  ".join(parts)


def lines(known: Known, asking: PollStatus | None = None) -> list[str]:
    """Return everything about a device, one thing on each line; what is not set is left out."""
    shown = []
    for name, value in as_json(known, asking).items():
        for label, each in _flat(name, value):
            if each not in (None, "", False):
                shown.append(f"{label.replace('_', ' ')}: {'yes' if each is True else each}")
    return shown


def caller_line(row: PendingRow) -> str:
    """Return one caller that wants to connect."""
    looks = f"looks like {row.profile}" if row.profile else "looks like nothing known"
    subject = f', first meeting "{row.subject}"' if row.subject else ""
    return (
        f"{row.name}  {row.address}  seen {row.seen} time{'' if row.seen == 1 else 's'} "
        f"since {moment(row.first_at)}  {looks}{subject}"
    )


def caller_json(row: PendingRow) -> dict[str, object]:
    """Return one caller for programs."""
    return {**row._asdict(), "first_at": rfc3339(row.first_at), "last_at": rfc3339(row.last_at)}


def found_json(row: FoundRow) -> dict[str, object]:
    """Return one thing that announced itself for programs."""
    return {**row._asdict(), "last_at": rfc3339(row.last_at)}


def found_line(row: FoundRow) -> str:
    """Return one thing that announced itself."""
    said = [row.product or "no product named", row.hostname, row.mac]
    where = f"{row.address}:{row.port}" if row.port else row.address or "no address"
    return f"{row.name}  {where}  {'  '.join(each for each in said if each)}  heard {moment(row.last_at)}"


def _join(known: Known) -> dict[str, str | None] | None:
    if known.section is None:
        return None
    join = known.section.join
    return {"sip_uri": join.sip_uri, "dial_in": join.dial_in, "web_link": join.web_link}


def _flat(name: str, value: object) -> list[tuple[str, object]]:
    if isinstance(value, dict):
        return [(f"{name} {key}", each) for key, each in value.items()]
    return [(name, value)]
