"""The sections of the settings as frozen dataclasses; how they are read, merged and judged lives beside this file."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from gateway.config.invitations import event_description, event_title, reminders
from gateway.config.network import networks, proxy_address, proxy_user
from gateway.config.redirect import redirect_uri
from gateway.config.root_certificate import RootCertificate
from gateway.config.values import (
    Address,
    OneLine,
    Pattern,
    Range,
    alert_kinds,
    certificate_fingerprint,
    client_id,
    client_secret,
    device_address,
    device_key,
    device_password,
    endpoint,
    mail_server,
    mailbox,
    mailboxes,
    sip_address,
    syslog_address,
    web_address,
    web_link,
    webhook_secret,
    zone_name,
)
from gateway.domain.alert_kind import ALL
from gateway.domain.device import ConflictRule, Transparency, Visibility, Wins
from gateway.domain.meeting import Invitations
from gateway.domain.secret import Secret
from gateway.messages.languages import tr

_CALENDAR_ID = OneLine(254)
_DEVICE_ID = Pattern(
    r"[a-z0-9][a-z0-9._-]{0,62}",
    lambda: tr(
        "must be 1 to 63 small letters, digits, '.', '_' or '-' that start with a letter or digit, such as ucm-1"
    ),
)
_PROFILE = Pattern(
    r"[a-z0-9][a-z0-9._-]{0,62}/[a-z0-9][a-z0-9._-]{0,62}",
    lambda: tr("must be vendor/model, such as grandstream/ucm6300"),
)
_DOMAIN = Pattern(
    r"(?=.{3,189}\Z)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+",
    lambda: tr("must be the part of an e-mail address after the @, in small letters, such as example.com"),
)
_EMAIL = Pattern(r"[^@\s]{1,64}@[^@\s]{1,189}", lambda: tr("must be an e-mail address"))
EVERYWHERE = Address(host="0.0.0.0", port=8765)  # noqa: S104 - devices on the network are whom it is for
EVERYWHERE_TLS = Address(host="0.0.0.0", port=8766)  # noqa: S104 - so are the browsers of administrators


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewaySection:
    """The service itself. `time_zone`, `language`, `clock` and `week_begins` are for people only.

    `language` is that of browsers which have not chosen one, and of alerts; `auto` is what the browser asks for, and
    English for alerts. The `clock` has 24 or 12 hours, or as many as the language has.
    `data_dir` and `profiles_dir` are absolute once loaded; the latter is then never None.
    """

    name: Annotated[str, OneLine(100)] = "Meeting gateway"
    time_zone: Annotated[str, zone_name] | None = None
    language: Literal["auto", "en", "es"] = "auto"
    clock: Literal["24h", "12h", "language"] = "24h"
    week_begins: Literal["monday", "sunday", "saturday"] = "monday"
    listen: Address = EVERYWHERE
    listen_tls: Address = EVERYWHERE_TLS
    public_url: Annotated[str, web_address] | None = None
    data_dir: Path = Path("data")
    profiles_dir: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GoogleEndpoints:
    """Google's addresses (OAuth 2.0 for web server applications; Calendar API v3), without a slash at their ends."""

    authorize: Annotated[str, endpoint] = "https://accounts.google.com/o/oauth2/v2/auth"
    token: Annotated[str, endpoint] = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address
    revoke: Annotated[str, endpoint] = "https://oauth2.googleapis.com/revoke"
    userinfo: Annotated[str, endpoint] = "https://openidconnect.googleapis.com/v1/userinfo"
    calendar: Annotated[str, endpoint] = "https://www.googleapis.com/calendar/v3"


@dataclass(frozen=True, slots=True, kw_only=True)
class GoogleSection:
    """The OAuth client or the service account, and the calendar of devices that name none.

    What is None here may have been saved on the page; `redirect_uri` is made from the port when it is set nowhere.
    `service_account_file` is absolute once loaded. `refresh_every_s` is how often calendars are read.
    """

    client_id: Annotated[str, client_id] | None = None
    client_secret: Annotated[Secret, client_secret] | None = None
    redirect_uri: Annotated[str, redirect_uri] | None = None
    expected_account: Annotated[str, _EMAIL] | None = None
    calendar: Annotated[str, _CALENDAR_ID] = "primary"
    service_account_file: Path | None = None
    service_account_user: Annotated[str, _EMAIL] | None = None
    read_only: bool = False
    refresh_every_s: Annotated[int, Range(15, 3600)] = 60
    endpoints: GoogleEndpoints = field(default_factory=GoogleEndpoints)


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinSection:
    """How people get into the meetings of a device that does not say so itself; `{room}` stands for the room."""

    sip_uri: Annotated[str, sip_address] | None = None
    dial_in: Annotated[str, OneLine(100)] | None = None
    web_link: Annotated[str, web_link] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PollSection:
    """Where a device is asked that cannot call. What is None here is what the device's profile says.

    `password` is set once loaded; `fingerprint` is written in 64 small hexadecimal digits.
    """

    address: Annotated[str, device_address]
    user: Annotated[str, OneLine(64)]
    password: Annotated[Secret, device_password] | None = None
    port: Annotated[int, Range(1, 65_535)] | None = None
    every_s: Annotated[int, Range(10, 86_400)] | None = None
    fingerprint: Annotated[str, certificate_fingerprint] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSection:
    """Where a device hears of replies, edits and conflicts; `secret` is set once loaded."""

    url: Annotated[str, web_address]
    secret: Annotated[Secret, webhook_secret] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceSection:
    """One device that may push meetings, or that is asked for them (`poll`).

    `key` is set once loaded, unless the device is only asked; no `calendar` means `google.calendar`, no `account` the
    main one, no `invitations` what was chosen on the page, else `device`; no `visibility` and no `show_pins` what the
    section `meetings` says.
    """

    id: Annotated[str, _DEVICE_ID]
    profile: Annotated[str, _PROFILE]
    model: Annotated[str, OneLine(60)] | None = None
    name: Annotated[str, OneLine(100)] | None = None
    key: Annotated[Secret, device_key] | None = None
    time_zone: Annotated[str, zone_name] | None = None
    account: Annotated[str, _EMAIL] | None = None
    calendar: Annotated[str, _CALENDAR_ID] | None = None
    invitations: Invitations | None = None
    wins: Wins = Wins.DEVICE
    conflict: ConflictRule = ConflictRule.ALLOW
    meet: bool = False
    transparency: Transparency = Transparency.OPAQUE
    visibility: Visibility | None = None
    room_address: Annotated[str, _EMAIL] | None = None
    email_domain: Annotated[str, _DOMAIN] | None = None
    join: JoinSection = field(default_factory=JoinSection)
    show_pins: bool | None = None
    poll: PollSection | None = None
    webhook: WebhookSection | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MeetingsSection:
    """What the events of all meetings say, from the next time they are written; a device's own choice is stronger.

    No `title` and no `description` are the usual ones (`gateway.domain.wording`). `reminders` hold for meetings whose
    device says nothing about them: `calendar` leaves it to the calendar, else `none` or such as `10 popup, 60 email`.
    """

    title: Annotated[str, event_title] | None = None
    description: Annotated[str, event_description] | None = None
    reminders: Annotated[str, reminders] = "calendar"
    visibility: Visibility = Visibility.DEFAULT
    show_pins: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoverySection:
    """Whether the gateway announces itself on the network, and listens to what others announce."""

    announce: bool = True
    browse: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailSection:
    """The mail server that takes alerts, and who gets them; `password` is set once loaded where `user` is."""

    server: Annotated[str, mail_server]
    port: Annotated[int, Range(1, 65_535)] = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: Annotated[str, OneLine(254)] | None = None
    password: Annotated[Secret, device_password] | None = None
    sender: Annotated[str, mailbox]
    to: Annotated[str, mailboxes]
    events: Annotated[str, alert_kinds] = ALL


@dataclass(frozen=True, slots=True, kw_only=True)
class SyslogSection:
    """Where alerts go as syslog messages: `host:port` (UDP), or the path of a socket."""

    address: Annotated[str, syslog_address]
    events: Annotated[str, alert_kinds] = ALL


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertWebhookSection(WebhookSection):
    """Where alerts go as signed calls; `events` says which, as everywhere here: `all`, `none`, or their kinds."""

    events: Annotated[str, alert_kinds] = ALL


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationsSection:
    """Who hears, outside the admin page, that something needs a person."""

    email: EmailSection | None = None
    webhook: AlertWebhookSection | None = None
    syslog: SyslogSection | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxySection:
    """The proxy that calls to Google go through; `password` is set once loaded where `user` is."""

    address: Annotated[str, proxy_address]
    user: Annotated[str, proxy_user] | None = None
    password: Annotated[Secret, device_password] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkSection:
    """The way out to Google, and the proxies before the gateway whose word about a caller counts.

    `root_certificate` is trusted beside the usual ones, on the way to Google only; its file is read once loaded.
    `trusted_proxies` are addresses and networks with commas between them.
    """

    proxy: ProxySection | None = None
    root_certificate: RootCertificate | None = None
    trusted_proxies: Annotated[str, networks] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationsSection:
    """What people who are not signed in may read here: the pages of the device API."""

    public_api_page: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricsSection:
    """Whether programs may read metrics; `token` opens them as an API key with their scope does, and nothing else."""

    enabled: bool = False
    token: Annotated[Secret, device_key] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitsSection:
    """How much a caller may send, and how calls to the calendar are paced."""

    body_bytes: Annotated[int, Range(1024, 1_048_576)] = 65_536
    body_timeout_s: Annotated[float, Range(1, 60)] = 5.0
    device_calls_per_minute: Annotated[int, Range(1, 10_000_000)] = 3_000
    retry_first_s: Annotated[float, Range(0.01, 60)] = 2.0
    retry_cap_s: Annotated[float, Range(0.01, 21_600)] = 900.0
    in_flight: Annotated[int, Range(1, 50)] = 5
    call_timeout_s: Annotated[float, Range(0.1, 120)] = 30.0
    google_project_per_min: Annotated[int, Range(1, 10_000_000)] = 10_000
    google_account_per_min: Annotated[int, Range(1, 10_000_000)] = 600
    google_calendar_per_s: Annotated[float, Range(0.01, 10_000)] = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggingSection:
    """What is logged, and in which form."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["text", "json"] = "text"
