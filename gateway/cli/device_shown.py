"""How devices, callers and neighbours look in a terminal and as JSON; nothing is decided or read here."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from gateway.operations.for_programs import asking_json, device_json, device_state, utc

if TYPE_CHECKING:
    from gateway.devices.roster import Known
    from gateway.mirror.poll.state import PollStatus
    from gateway.store.pending import FoundRow, PendingRow


def moment(at_ms: int | None) -> str:
    """Return a time in ms as text in UTC; empty for none."""
    return "" if at_ms is None else f"{datetime.fromtimestamp(at_ms / 1000, UTC):%Y-%m-%d %H:%M} UTC"


def line(known: Known, asking: PollStatus | None = None) -> str:
    """Return one device on one line, with what is wrong with asking it."""
    parts = [known.row.name, known.row.profile, f'"{known.title}"', device_state(known)]
    if known.section is not None and known.section.poll is not None:
        parts.append(f"asked at {known.section.poll.address}")
        if asking is not None and (trouble := asking_json(asking)["problem"]):
            parts.append(f"does not work: {trouble}" if not asking.asked else str(trouble))
    else:
        parts.append(f"last call {moment(known.calls.called_at)}" if known.calls.called_at else "has not called yet")
    parts.append(f"{known.meetings} meeting{'' if known.meetings == 1 else 's'}")
    return "  ".join(parts)


def lines(known: Known, asking: PollStatus | None = None) -> list[str]:
    """Return everything about a device, one thing on each line; what is not set is left out."""
    shown = []
    for name, value in device_json(known, asking).items():
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
    return {**row._asdict(), "first_at": utc(row.first_at), "last_at": utc(row.last_at)}


def found_json(row: FoundRow) -> dict[str, object]:
    """Return one thing that announced itself for programs."""
    return {**row._asdict(), "last_at": utc(row.last_at)}


def found_line(row: FoundRow) -> str:
    """Return one thing that announced itself."""
    said = [row.product or "no product named", row.hostname, row.mac]
    where = f"{row.address}:{row.port}" if row.port else row.address or "no address"
    return f"{row.name}  {where}  {'  '.join(each for each in said if each)}  heard {moment(row.last_at)}"


def _flat(name: str, value: object) -> list[tuple[str, object]]:
    if isinstance(value, dict):
        return [(f"{name} {key}", each) for key, each in value.items()]
    return [(name, value)]
