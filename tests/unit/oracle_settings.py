"""The settings as pydantic models in strict mode, written down a second time; nothing is compared here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal, Self

import pydantic
from pydantic import BeforeValidator, Field, model_validator


class Section(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid", frozen=True, strict=True)


Zone = Literal["UTC", "Europe/Berlin", "Etc/GMT-1"]
Line = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^\S(.*\S)?$")]
CalendarId = Annotated[str, Field(min_length=1, max_length=254, pattern=r"^\S(.*\S)?$")]
WebAddress = Annotated[str, Field(pattern=r"^https?://[a-z.]+(:[1-9][0-9]*)?(/[a-z]+)*$")]
HOST = r"(https://[a-z.]+|http://(localhost|127\.0\.0\.1|\[::1\]))"
Endpoint = Annotated[str, Field(pattern=rf"^{HOST}(:[1-9][0-9]*)?(/[a-z0-9]+)*$")]
REDIRECT = r"^(http://(localhost|127\.0\.0\.1)|https://pbx\.example\.com)(:\d+)?/[a-z/]*$"


class Gateway(Section):
    name: Line = "Meeting gateway"
    time_zone: Zone | None = None
    language: Literal["auto", "en", "es"] = "auto"
    clock: Literal["24h", "12h", "language"] = "24h"
    week_begins: Literal["monday", "sunday", "saturday"] = "monday"
    listen: Annotated[str, Field(pattern=r"^(0\.0\.0\.0|127\.0\.0\.1|\[::1\]):(0|8765|65535)$")] = "0.0.0.0:8765"
    listen_tls: Annotated[str, Field(pattern=r"^(0\.0\.0\.0|127\.0\.0\.1):(0|8766)$")] = "0.0.0.0:8766"
    public_url: WebAddress | None = None
    data_dir: Annotated[str, Field(min_length=1)] = "data"
    profiles_dir: Annotated[str, Field(min_length=1)] | None = None


class Endpoints(Section):
    authorize: Endpoint = "https://accounts.google.com/o/oauth2/v2/auth"
    token: Endpoint = "https://oauth2.googleapis.com/token"
    revoke: Endpoint = "https://oauth2.googleapis.com/revoke"
    userinfo: Endpoint = "https://openidconnect.googleapis.com/v1/userinfo"
    calendar: Endpoint = "https://www.googleapis.com/calendar/v3"


class Google(Section):
    client_id: Annotated[str, Field(pattern=r"^[!-~]+$")] | None = None
    client_secret: Annotated[None, Field()] = None
    redirect_uri: Annotated[str, Field(pattern=REDIRECT)] | None = None
    expected_account: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")] | None = None
    calendar: CalendarId = "primary"
    service_account_file: Annotated[str, Field(min_length=1)] | None = None
    service_account_user: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")] | None = None
    read_only: bool = False
    refresh_every_s: Annotated[int, Field(ge=15, le=3600)] = 60
    endpoints: Annotated[Endpoints, BeforeValidator(lambda value: {} if value is None else value)] = Endpoints()

    @model_validator(mode="after")
    def _whole_client_id(self) -> Self:
        simulated = self.endpoints.token != Endpoints().token
        assert simulated or self.client_id is None or self.client_id.endswith(".apps.googleusercontent.com")
        assert self.service_account_file is None or self.service_account_user is not None
        return self


class Join(Section):
    sip_uri: Annotated[str, Field(pattern=r"^sips?:(\{room\})?[a-z0-9@.]+$")] | None = None
    dial_in: Line | None = None
    web_link: Annotated[str, Field(pattern=r"^https://[a-z.]+/(\{room\})?$")] | None = None


class Poll(Section):
    address: Annotated[str, Field(pattern=r"^(ucm\.lan|192\.0\.2\.21|2001:db8::1)$")]
    user: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^\S(.*\S)?$")]
    password: Annotated[None, Field()] = None
    port: Annotated[int, Field(ge=1, le=65535)] | None = None
    every_s: Annotated[int, Field(ge=10, le=86400)] | None = None
    fingerprint: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None


class Webhook(Section):
    url: Annotated[str, Field(pattern=r"^https?://[a-z.]+(/hook)?$")]
    secret: Annotated[None, Field()] = None


class Discovery(Section):
    announce: bool = True
    browse: bool = True


_KIND = "(google|waiting|decisions|calendars|vanished|disk|settings)"
EVENTS = rf"^(all|none|{_KIND}(, ?{_KIND})*)$"
"""Only such texts as are written back as they were."""


class AlertWebhook(Webhook):
    events: Annotated[str, Field(pattern=EVENTS)] = "all"


MAILBOX = r"[a-z]+@[a-z]+(\.[a-z]+)*"


class Email(Section):
    server: Annotated[str, Field(pattern=r"^(mail\.lan|192\.0\.2\.9)$")]
    port: Annotated[int, Field(ge=1, le=65535)] = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: Annotated[str, Field(min_length=1, max_length=254, pattern=r"^\S(.*\S)?$")] | None = None
    password: Annotated[None, Field()] = None
    sender: Annotated[str, Field(pattern=rf"^{MAILBOX}$")]
    to: Annotated[str, Field(pattern=rf"^{MAILBOX}(, {MAILBOX})*$")]
    events: Annotated[str, Field(pattern=EVENTS)] = "all"

    @model_validator(mode="after")
    def _no_password_in_clear(self) -> Self:
        assert self.user is None or self.security != "none"
        return self


class Syslog(Section):
    address: Annotated[str, Field(pattern=r"^(/dev/log|192\.0\.2\.5:514|\[::1\]:514)$")]
    events: Annotated[str, Field(pattern=EVENTS)] = "all"


class Proxy(Section):
    address: Annotated[str, Field(pattern=r"^http://(proxy\.lan|192\.0\.2\.8):3128$")]
    user: Annotated[str, Field(min_length=1, max_length=254, pattern=r"^\S(.*\S)?$")] | None = None
    password: Annotated[None, Field()] = None


class Network(Section):
    proxy: Proxy | None = None
    root_certificate: Annotated[None, Field()] = None
    trusted_proxies: Annotated[str, Field(pattern=r"^(192\.0\.2\.10|10\.1\.0\.0/16)(, ::1)?$")] | None = None


class Notifications(Section):
    email: Email | None = None
    webhook: AlertWebhook | None = None
    syslog: Syslog | None = None


class Device(Section):
    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$")]
    profile: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}/[a-z0-9][a-z0-9._-]{0,62}$")]
    name: Line | None = None
    key: Annotated[None, Field()] = None
    time_zone: Zone | None = None
    account: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")] | None = None
    calendar: CalendarId | None = None
    invitations: Literal["device", "google", "off"] | None = None
    wins: Literal["device", "google", "ask"] = "device"
    conflict: Literal["allow", "warn", "refuse"] = "allow"
    meet: bool = False
    transparency: Literal["opaque", "transparent"] = "opaque"
    visibility: Literal["default", "public", "private"] | None = None
    room_address: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")] | None = None
    email_domain: Annotated[str, Field(pattern=r"^([a-z0-9-]{1,63}\.)+[a-z0-9-]{1,63}$")] | None = None
    model: Annotated[str, Field(min_length=1, max_length=60, pattern=r"^\S(.*\S)?$")] | None = None
    join: Annotated[Join, BeforeValidator(lambda value: {} if value is None else value)] = Join()
    show_pins: bool | None = None
    poll: Poll | None = None
    webhook: Webhook | None = None


class Meetings(Section):
    title: Annotated[str, Field(pattern=r"^\{(subject|room)\}( \(\{room\}\))?$")] | None = None
    description: Annotated[str, Field(pattern=r"^(\{agenda\}|\{pin\}\n\nRoom \{room\}|Come\.)$")] | None = None
    reminders: Annotated[str, Field(pattern=r"^(calendar|none|10 popup(, 60 email)?)$")] = "calendar"
    visibility: Literal["default", "public", "private"] = "default"
    show_pins: bool = False


class Integrations(Section):
    public_api_page: bool = False


class Metrics(Section):
    enabled: bool = False
    token: Annotated[None, Field()] = None


class Limits(Section):
    body_bytes: Annotated[int, Field(ge=1024, le=1048576)] = 65536
    body_timeout_s: Annotated[float, Field(ge=1, le=60)] = 5.0
    device_calls_per_minute: Annotated[int, Field(ge=1, le=10_000_000)] = 3_000
    retry_first_s: Annotated[float, Field(ge=0.01, le=60)] = 2.0
    retry_cap_s: Annotated[float, Field(ge=0.01, le=21600)] = 900.0
    in_flight: Annotated[int, Field(ge=1, le=50)] = 5
    call_timeout_s: Annotated[float, Field(ge=0.1, le=120)] = 30.0
    google_project_per_min: Annotated[int, Field(ge=1, le=10_000_000)] = 10_000
    google_account_per_min: Annotated[int, Field(ge=1, le=10_000_000)] = 600
    google_calendar_per_s: Annotated[float, Field(ge=0.01, le=10_000)] = 1.0

    @model_validator(mode="after")
    def _cap_above_first(self) -> Self:
        assert self.retry_cap_s >= self.retry_first_s
        return self


class Logging(Section):
    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["text", "json"] = "text"


def _section(empty: Callable[[], object]) -> BeforeValidator:
    return BeforeValidator(lambda value: empty() if value is None else value)


class Oracle(Section):
    version: Literal[1] = 1
    gateway: Annotated[Gateway, _section(dict)] = Gateway()
    google: Annotated[Google, _section(dict)] = Google()
    devices: Annotated[list[Device], _section(list)] = []
    meetings: Annotated[Meetings, _section(dict)] = Meetings()
    discovery: Annotated[Discovery, _section(dict)] = Discovery()
    network: Annotated[Network, _section(dict)] = Network()
    notifications: Annotated[Notifications, _section(dict)] = Notifications()
    integrations: Annotated[Integrations, _section(dict)] = Integrations()
    metrics: Annotated[Metrics, _section(dict)] = Metrics()
    limits: Annotated[Limits, _section(dict)] = Limits()
    logging: Annotated[Logging, _section(dict)] = Logging()

    @model_validator(mode="after")
    def _own_ids(self) -> Self:
        assert len({device.id for device in self.devices}) == len(self.devices)
        return self
