"""Makes what tells the pages of things that only the doors know; how they look is decided elsewhere."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.app.pages.parts import Parts
from gateway.operations.noticed import Noticed, Seen
from gateway.web.wrong_port import WrongPort


def made_noticed(parts: Parts) -> Noticed:
    """Make it for one room of pages; it keeps nothing itself."""
    rate, log = parts.door.rate, parts.mirroring.neighbourhood.log

    def wrong_ports() -> list[WrongPort]:
        listener = parts.listener()
        return listener.wrong_ports.recent() if listener is not None else []

    def seen() -> Iterator[Seen]:
        for device in parts.mirroring.register.served():
            asked_at = device.poll.address if device.poll is not None else ""
            last = log.last_heard(device.row.name)
            address, called_ms = (last.address, last.at_ms) if last is not None else (asked_at, 0)
            yield Seen(device.row.name, device.policy.name, address, called_ms)

    return Noticed(
        per_minute=rate.per_minute if rate is not None else 0,
        slowed=rate.slowed if rate is not None else tuple,
        wrong_ports=wrong_ports,
        seen=seen,
        outdated=parts.mirroring.neighbourhood.firmware.outdated,
    )
