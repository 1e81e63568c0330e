"""The channels that the settings name, for the gateway and for the command that tries them; nothing is sent here."""

from __future__ import annotations

from gateway.config import Config, is_simulated
from gateway.domain.alert_kind import AlertKind, chosen_of
from gateway.domain.secret import webhook_key
from gateway.errors import ConfigError
from gateway.notify.alert import Channel
from gateway.notify.mail import MailChannel, MailServer
from gateway.notify.syslog import SyslogChannel, server_of
from gateway.notify.webhook import Receiver
from gateway.notify.webhook_channel import WebhookChannel

NAMES = ("email", "webhook", "syslog")


def made_channels(config: Config) -> tuple[Channel, ...]:
    """Return the channels that are set, in the order of `NAMES`. Raises ConfigError when one cannot be used."""
    chosen = config.notifications
    made: list[Channel] = []
    try:
        if (mail := chosen.email) is not None:
            server = MailServer(
                server=mail.server,
                port=mail.port,
                security=mail.security,
                user=mail.user,
                password=mail.password,
                sender=mail.sender,
                to=tuple(each.strip() for each in mail.to.split(",")),
            )
            made.append(MailChannel(server))
        if (hook := chosen.webhook) is not None and hook.secret is not None:
            made.append(WebhookChannel(Receiver(url=hook.url, secret=webhook_key(hook.secret))))
        if (log := chosen.syslog) is not None:
            made.append(SyslogChannel(server_of(log.address)))
    except ValueError as error:
        raise ConfigError([f"notifications: {error}"]) from error
    return tuple(made)


def chosen_kinds(config: Config) -> dict[str, frozenset[AlertKind]]:
    """Return the kinds of alerts that each channel that is set is told of."""
    sections = {name: getattr(config.notifications, name) for name in NAMES}
    return {name: chosen_of(section.events) for name, section in sections.items() if section is not None}


def page_address(config: Config) -> str:
    """Return where the admin page is for somebody elsewhere; empty when the settings do not say."""
    if config.gateway.public_url:
        return f"{config.gateway.public_url.rstrip('/')}/"
    host, port = config.gateway.listen_tls.host, config.gateway.listen_tls.port
    if is_simulated(config) or host in ("0.0.0.0", "::") or not port:  # noqa: S104 - a comparison
        return ""
    return f"https://{f'[{host}]' if ':' in host else host}:{port}/"


def language_of(config: Config) -> str:
    """Return the language of alerts, a code of `messages.languages`: nobody's browser says which one is wanted."""
    return "en" if config.gateway.language == "auto" else config.gateway.language
