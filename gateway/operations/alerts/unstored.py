"""Tells of settings with mistakes where there is no database to remember alerts in; nothing else is told here."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping, Sequence

from gateway.clock import Clock
from gateway.domain.alert_kind import AlertKind, is_wanted
from gateway.notify.alert import Alert, Channel
from gateway.notify.webhook import Taken
from gateway.operations.alerts.rules import DAY_MS, settings_said

LOOK_EVERY_S = 60.0


class UnstoredAlerts:
    """Sends at once, to each channel until it answers, and again after a day; a new process tells it anew.

    `mistakes` returns how many there are, None or 0 when nothing is to be told; `chosen` is that of `Alerts`.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        channels: Sequence[Channel],
        chosen: Mapping[str, frozenset[AlertKind]],
        mistakes: Callable[[], int | None],
        gateway: str,
        page: str,
    ) -> None:
        self._clock = clock
        self._channels = tuple(channels)
        self._chosen = dict(chosen)
        self._mistakes = mistakes
        self._gateway = gateway
        self._page = page
        self._told: Alert | None = None
        self._missing: set[str] = set()

    async def run(self) -> None:
        """Look every minute until cancelled."""
        try:
            while self._channels:
                await self.look()
                await asyncio.sleep(LOOK_EVERY_S)
        finally:
            for channel in self._channels:
                await channel.close()

    async def look(self) -> None:
        """Look once, and send to whoever has not heard."""
        mistakes, now_s = self._mistakes(), self._clock.now_ms() // 1000
        if not mistakes:
            return
        if self._told is None or not 0 <= now_s - self._told.at_s < DAY_MS // 1000:
            self._told = self._alert(mistakes, now_s, reminder=self._told is not None)
            every = frozenset(AlertKind)
            named = ((each.name, self._chosen.get(each.name, every)) for each in self._channels)
            self._missing = {name for name, chosen in named if is_wanted(chosen, self._told.type)}
        for channel in self._channels:
            if channel.name in self._missing:
                told = await channel.send(self._told, now_s=now_s)
                if told.taken is not Taken.LATER:
                    self._missing.discard(channel.name)

    def _alert(self, mistakes: int, at_s: int, *, reminder: bool) -> Alert:
        said = settings_said(mistakes)
        return Alert(
            id=f"alt_settings_{secrets.token_hex(8)}",
            type=said.type,
            at_s=at_s,
            severity=said.severity,
            code=said.code,
            title=said.title,
            text=said.text,
            gateway=self._gateway,
            page=self._page,
            reminder=reminder,
            data=said.data,
        )
