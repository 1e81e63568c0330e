"""One alert to each channel that is set, to see whether it arrives; what alerts say otherwise is not decided here."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from typing import TYPE_CHECKING

from gateway import messages
from gateway.messages.languages import speaking
from gateway.operations.alerts.channels import language_of, made_channels, page_address

if TYPE_CHECKING:
    from gateway.clock import Clock
    from gateway.config import Config
    from gateway.notify.alert import Alert
    from gateway.notify.webhook import Told


async def send_test(config: Config, clock: Clock, only: Collection[str] = ()) -> dict[str, Told]:
    """Send it to every channel that is set, or to those that are named, one after the other; return what each said.

    Raises ConfigError when a channel cannot be used at all.
    """
    alert = _alert(config, clock)
    told: dict[str, Told] = {}
    for channel in made_channels(config):
        try:
            if not only or channel.name in only:
                told[channel.name] = await channel.send(alert, now_s=alert.at_s)
        finally:
            await channel.close()
    return told


def _alert(config: Config, clock: Clock) -> Alert:
    from gateway.notify.alert import Alert

    with speaking(language_of(config)):
        message = messages.text("M-07")
    return Alert(
        id=f"alt_test_{secrets.token_hex(8)}",
        type="test",
        at_s=clock.now_ms() // 1000,
        severity=message.severity,
        code=message.code,
        title=message.title,
        text=message.text,
        gateway=config.gateway.name,
        page=page_address(config),
    )
