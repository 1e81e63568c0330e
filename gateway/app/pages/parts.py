"""What the pages are made of, for the modules beside this one; nothing is made here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from aiohttp import web

from gateway.access.admins import Admins
from gateway.access.api_keys import ApiKeys, Scope
from gateway.admin.shell import Shell
from gateway.app.mirroring import Mirroring
from gateway.app.stored import Stored
from gateway.clock import Clock
from gateway.config import Config
from gateway.device_api.door import DeviceDoor
from gateway.device_api.key_door import KeyDoor
from gateway.domain.secret import Secret
from gateway.operations.alerts.alerts import Alerts
from gateway.operations.health import Health
from gateway.operations.settings.address import NewAddress
from gateway.operations.settings.desk import SettingsDesk
from gateway.web.listeners import Listener
from gateway.web.tls import Certificate


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The running gateway as the pages see it.

    `changed` is awaited after a page changed devices, accounts or calendars in the database: everything that keeps
    some of it in memory reads it again. `listener` says where the gateway listens, once it does. `config` is what it
    started with, `settings` has what was changed on the page since. What is added to `woken` is awaited when a command
    woke the gateway, or a page changed something. `restart` starts it again with its
    settings read anew, None where nobody would.
    """

    app: web.Application
    shell: Shell
    config: Config
    clock: Clock
    stored: Stored
    mirroring: Mirroring
    admins: Admins
    api_keys: ApiKeys
    door: DeviceDoor
    health: Health
    certificate: Certificate
    listener: Callable[[], Listener | None]
    changed: Callable[[], Awaitable[None]]
    settings: SettingsDesk
    address: NewAddress
    alerts: Alerts
    woken: list[Callable[[], Awaitable[None]]]
    restart: Callable[[], None] | None = None

    def zone(self) -> str:
        """Return the IANA name of the zone in which times are shown."""
        return self.settings.config.gateway.time_zone or "UTC"

    @property
    def key_door(self) -> KeyDoor:
        """What stands before everything that API keys open."""
        return KeyDoor(
            keys=self.api_keys,
            tokens=self._token,
            https=self._https,
            proxy_has_tls=self.public_origin.startswith("https:"),
        )

    def _token(self, scope: Scope) -> Secret | None:
        """Return what the settings name beside API keys for a scope."""
        return self.settings.config.metrics.token if scope is Scope.METRICS else None

    def _https(self) -> str:
        """Return where others reach the gateway over TLS, empty while it does not listen."""
        public = self.public_origin
        if public.startswith("https:"):
            return public
        listener = self.listener()
        return listener.https_for_others if listener is not None else ""

    @property
    def public_origin(self) -> str:
        """Scheme and host of `gateway.public_url`, empty when it is not set."""
        public = urlsplit(self.config.gateway.public_url or "")
        return f"{public.scheme}://{public.netloc}" if public.netloc else ""
