"""Makes the pages of the settings and the notifications; what they show and do is decided elsewhere."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from gateway.admin.settings.keys_page import KeyPages
from gateway.admin.settings.meetings_page import MeetingsPages
from gateway.admin.settings.network_page import NetworkPages, Place
from gateway.admin.settings.notify_page import NotifyPages
from gateway.admin.settings.page import Office, SettingsPages
from gateway.admin.settings.people_page import PeoplePages
from gateway.admin.settings.way_out_page import WayOutPages
from gateway.app.doors import speak_as_set
from gateway.app.mirroring import use_meeting_defaults
from gateway.app.pages import integrations
from gateway.app.pages.parts import Parts
from gateway.config import Config
from gateway.domain.meeting import Invitations
from gateway.google.event_json import title_and_text
from gateway.notify.webhook import Told
from gateway.operations.alerts.channels import chosen_kinds, language_of, made_channels
from gateway.operations.alerts.trial import send_test
from gateway.operations.settings.certificate import OwnCertificate
from gateway.operations.settings.invitation import InvitationPreview
from gateway.operations.settings.rewriting import Rewriting
from gateway.operations.settings.shown import AT_ONCE
from gateway.operations.settings.way_out import WayOutDesk

_LOGGER = logging.getLogger(__name__)
_FOLLOWED = frozenset(
    {
        "gateway.name",
        "gateway.time_zone",
        "gateway.language",
        "gateway.clock",
        "gateway.week_begins",
        "network.trusted_proxies",
        "integrations.public_api_page",
        "meetings.title",
        "meetings.description",
        "meetings.reminders",
        "meetings.visibility",
        "meetings.show_pins",
        "metrics.enabled",
        "notifications.email",
        "notifications.webhook",
        "notifications.syslog",
    }
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
        speak_as_set(parts.shell, config)
        parts.alerts.use(
            made_channels(config),
            gateway=config.gateway.name,
            chosen=chosen_kinds(config),
            language=language_of(config),
        )

    desk.follow(followed)
    pages = SettingsPages(office)
    pages.add(parts.app)
    _network(parts, pages).add(parts.app)
    WayOutPages(pages=pages, desk=WayOutDesk(desk, parts.clock), now_ms=parts.clock.now_ms).add(parts.app)
    desk.follow(_way_followed(parts))
    integrations.add(parts, pages)
    _meetings(parts, pages).add(parts.app)
    desk.follow(_meetings_followed(parts))
    people = PeoplePages(office, parts.admins)
    people.add(parts.app)
    KeyPages(office, people, parts.api_keys, parts.clock).add(parts.app)
    NotifyPages(office, parts.clock, send).add(parts.app)


def _way_followed(parts: Parts) -> Callable[[Config], Awaitable[None]]:
    """Return what changes the way out with the settings, and has what waits tried again at once."""
    before = parts.config.network

    async def followed(config: Config) -> None:
        nonlocal before
        if config.network == before:
            return
        before = config.network
        parts.stored.way.use(config.network)
        parts.shell.proxies.use(config.network.trusted_proxies or "")
        await parts.changed()

    return followed


def _meetings(parts: Parts, pages: SettingsPages) -> MeetingsPages:
    register, stored = parts.mirroring.register, parts.stored
    preview = InvitationPreview(
        database=stored.database, clock=parts.clock, policy_with=register.policy_with, said=title_and_text
    )
    rewriting = Rewriting(
        database=stored.database,
        clock=parts.clock,
        policy=register.policy,
        unseal=lambda sealed: stored.vault.unseal(sealed.encode("ascii")),
    )

    def mails() -> bool:
        return any(device.policy.invitations is Invitations.GOOGLE for device in register.served())

    return MeetingsPages(
        pages=pages, preview=preview, rewriting=rewriting, mails=mails, changed=parts.mirroring.outbound.wake
    )


def _meetings_followed(parts: Parts) -> Callable[[Config], Awaitable[None]]:
    """Return what lets events be written as the settings say from now on."""
    before = parts.config.meetings

    async def followed(config: Config) -> None:
        nonlocal before
        if config.meetings != before:
            await use_meeting_defaults(parts.mirroring.register, parts.stored.database, parts.clock, config)
            before = config.meetings  # with a full disk they are not in use: whoever saves again tries again

    return followed


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
