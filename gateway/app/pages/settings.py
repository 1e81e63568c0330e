"""Makes the pages of the settings and the notifications; what they show and do is decided elsewhere."""

from __future__ import annotations

import logging

from gateway.admin.settings.network_page import NetworkPages, Place
from gateway.admin.settings.notify_page import NotifyPages
from gateway.admin.settings.page import Office, SettingsPages
from gateway.admin.settings.people_page import PeoplePages
from gateway.app.pages.parts import Parts
from gateway.config import Config
from gateway.notify.webhook import Told
from gateway.operations.alerts.channels import made_channels
from gateway.operations.alerts.trial import send_test
from gateway.operations.settings.certificate import OwnCertificate
from gateway.operations.settings.shown import AT_ONCE

_LOGGER = logging.getLogger(__name__)
_FOLLOWED = frozenset(
    {"gateway.name", "gateway.time_zone", "notifications.email", "notifications.webhook", "notifications.syslog"}
)


def add(parts: Parts) -> None:
    """Add the pages."""
    desk = parts.settings
    office = Office(
        shell=parts.shell,
        desk=desk,
        at_once=AT_ONCE | _FOLLOWED,
    )

    async def send(config: Config, channel: str) -> Told | None:
        return (await send_test(config, parts.clock, (channel,))).get(channel)

    for line in parts.config.saved_problems:
        _LOGGER.warning("what was saved on the page is not used: %s", line)
    before = parts.config.logging.level

    async def followed(config: Config) -> None:
        nonlocal before
        if config.logging.level != before:
            before = config.logging.level
            logging.getLogger().setLevel(before.upper())
        parts.shell.rename(config.gateway.name)
        parts.alerts.use(made_channels(config), gateway=config.gateway.name)

    desk.follow(followed)
    pages = SettingsPages(office)
    pages.add(parts.app)
    _network(parts, pages).add(parts.app)
    PeoplePages(office, parts.admins).add(parts.app)
    NotifyPages(office, parts.clock, send).add(parts.app)


def _network(parts: Parts, pages: SettingsPages) -> NetworkPages:
    certificate = OwnCertificate(kept=parts.certificate, database=parts.stored.database, clock=parts.clock)
    return NetworkPages(pages=pages, address=parts.address, certificate=certificate, place=lambda: _place(parts))


def _place(parts: Parts) -> Place:
    listener = parts.listener()
    addresses = () if listener is None else (listener.url, listener.https_for_others)
    public = parts.config.gateway.public_url
    return Place(
        addresses=(*((public,) if public else ()), *addresses),
        fingerprint=parts.certificate.fingerprint,
        certificate=parts.certificate.facts(),
    )
