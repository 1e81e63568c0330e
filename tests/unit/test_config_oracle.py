"""The settings reader against pydantic in strict mode: both accept the same files and read the same values."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import pydantic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BeforeValidator, Field, model_validator

from gateway.config import (
    Config,
    DeviceSection,
    EmailSection,
    JoinSection,
    NotificationsSection,
    PollSection,
    SyslogSection,
    WebhookSection,
    load,
)
from gateway.config.shape import settings as settings_of
from gateway.errors import ConfigError

KEY = "0123456789abcdef"


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


MAILBOX = r"[a-z]+@[a-z]+(\.[a-z]+)*"


class Email(Section):
    server: Annotated[str, Field(pattern=r"^(mail\.lan|192\.0\.2\.9)$")]
    port: Annotated[int, Field(ge=1, le=65535)] = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: Annotated[str, Field(min_length=1, max_length=254, pattern=r"^\S(.*\S)?$")] | None = None
    password: Annotated[None, Field()] = None
    sender: Annotated[str, Field(pattern=rf"^{MAILBOX}$")]
    to: Annotated[str, Field(pattern=rf"^{MAILBOX}(, {MAILBOX})*$")]

    @model_validator(mode="after")
    def _no_password_in_clear(self) -> Self:
        assert self.user is None or self.security != "none"
        return self


class Syslog(Section):
    address: Annotated[str, Field(pattern=r"^(/dev/log|192\.0\.2\.5:514|\[::1\]:514)$")]


class Notifications(Section):
    email: Email | None = None
    webhook: Webhook | None = None
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
    visibility: Literal["default", "public", "private"] = "default"
    room_address: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")] | None = None
    model: Annotated[str, Field(min_length=1, max_length=60, pattern=r"^\S(.*\S)?$")] | None = None
    join: Annotated[Join, BeforeValidator(lambda value: {} if value is None else value)] = Join()
    show_pins: bool = False
    poll: Poll | None = None
    webhook: Webhook | None = None


class Limits(Section):
    body_bytes: Annotated[int, Field(ge=1024, le=1048576)] = 65536
    body_timeout_s: Annotated[float, Field(ge=1, le=60)] = 5.0
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
    discovery: Annotated[Discovery, _section(dict)] = Discovery()
    notifications: Annotated[Notifications, _section(dict)] = Notifications()
    limits: Annotated[Limits, _section(dict)] = Limits()
    logging: Annotated[Logging, _section(dict)] = Logging()

    @model_validator(mode="after")
    def _own_ids(self) -> Self:
        assert len({device.id for device in self.devices}) == len(self.devices)
        return self


RIGHT: dict[str, st.SearchStrategy[Any]] = {
    "version": st.just(1),
    "name": st.text("ab 1ü", min_size=1, max_size=4) | st.sampled_from(["x" * 100, "x" * 101]),
    "time_zone": st.sampled_from(["UTC", "Europe/Berlin", "Etc/GMT-1", "Europe/Berlinn", "utc", "1"]),
    "listen_tls": st.sampled_from(["0.0.0.0:8766", "127.0.0.1:0", "0.0.0.0:80000", "localhost:1"]),
    "listen": st.sampled_from(["0.0.0.0:8765", "127.0.0.1:0", "[::1]:65535", "[::1]:65536", "8765", "a:1"]),
    "public_url": st.sampled_from(["https://meet.example.com", "http://pbx:80/a", "meet.example.com", ""]),
    "data_dir": st.sampled_from(["data", "/var/x", "../x"]),
    "profiles_dir": st.sampled_from(["profiles", "/var/p"]),
    "model": st.sampled_from(["UCM6304", "", " x", "x" * 60, "x" * 61]),
    "sip_uri": st.sampled_from(["sip:{room}@pbx.example", "sips:a", "pbx", "sip:{rom}"]),
    "dial_in": st.sampled_from(["+49 89 1", "", "x" * 101]),
    "web_link": st.sampled_from(["https://a.b/{room}", "http://a.b/", "https://a.b/{r}", "https://a.b/"]),
    "show_pins": st.booleans() | st.sampled_from(["yes", 1]),
    "announce": st.booleans() | st.sampled_from(["no", 0]),
    "browse": st.booleans(),
    "address": st.sampled_from(["ucm.lan", "192.0.2.21", "2001:db8::1", "127.1", "0x7f.1", "https://ucm.lan", "a b"]),
    "user": st.sampled_from(["cdrapi", "", "x" * 64, "x" * 65]),
    "port": st.sampled_from([0, 1, 8089, 65535, 65536]),
    "every_s": st.sampled_from([9, 10, 60, 86400, 86401]),
    "fingerprint": st.sampled_from(["ab" * 32, "ab" * 31, "x" * 64]),
    "join": st.deferred(lambda: section(Join)),
    "poll": st.deferred(lambda: section(Poll)),
    "url": st.sampled_from(["https://a.b/hook", "http://a.lan", "ftp://a.b", "https://a.b/?x=1"]),
    "webhook": st.deferred(lambda: section(Webhook)),
    "discovery": st.deferred(lambda: section(Discovery)),
    "client_id": st.sampled_from(["1-a.apps.googleusercontent.com", "simulated", "a b"]),
    "redirect_uri": st.sampled_from(
        [
            "http://localhost:1/x",
            "https://pbx.example.com/a/",
            "http://pbx.example.com/",
            "https://10.0.0.1/",
            "https://a.lan/",
        ]
    ),
    "expected_account": st.sampled_from(["a@example.com", "a", "a@b@c"]),
    "id": st.sampled_from(["ucm-1", "ucm-2", "0", "a.b_c", "A", "", "-a", "a" * 63, "a" * 64]),
    "profile": st.sampled_from(["grandstream/ucm6300", "a/b", "a", "a/b/c", "A/b"]),
    "invitations": st.sampled_from(["device", "google", "off", "none"]),
    "body_bytes": st.sampled_from([1023, 1024, 65536, 1048576, 1048577, 2048.0]),
    "body_timeout_s": st.sampled_from([1, 60, 0.9, 60.1, 5.5]),
    "retry_first_s": st.sampled_from([0.01, 1, 60, 61, 0]),
    "retry_cap_s": st.sampled_from([0.01, 30, 900, 21600, 21601]),
    "in_flight": st.sampled_from([0, 1, 50, 51]),
    "call_timeout_s": st.sampled_from([0.1, 120, 0.09, 121]),
    "service_account_file": st.sampled_from(["key.json", "/etc/key.json"]),
    "service_account_user": st.sampled_from(["a@example.com", "a"]),
    "read_only": st.booleans(),
    "refresh_every_s": st.sampled_from([14, 15, 60, 3600, 3601]),
    "account": st.sampled_from(["a@example.com", "a"]),
    "wins": st.sampled_from(["device", "google", "ask", "pbx"]),
    "conflict": st.sampled_from(["allow", "warn", "refuse", "deny"]),
    "meet": st.booleans() | st.just("yes"),
    "transparency": st.sampled_from(["opaque", "transparent", "busy"]),
    "visibility": st.sampled_from(["default", "public", "private", "confidential"]),
    "room_address": st.sampled_from(["c_1@resource.calendar.google.com", "room 5"]),
    "server": st.sampled_from(["mail.lan", "192.0.2.9", "mail.lan:25", "127.1"]),
    "security": st.sampled_from(["starttls", "tls", "none", "ssl"]),
    "sender": st.sampled_from(["a@b.c", "a", "A <a@b.c>"]),
    "to": st.sampled_from(["a@b.c", "a@b.c, d@e", "a@b.c, d", ""]),
    "email": st.deferred(lambda: section(Email)),
    "syslog": st.deferred(lambda: section(Syslog)),
    "notifications": st.deferred(lambda: section(Notifications)),
    "google_project_per_min": st.sampled_from([0, 1, 10_000, 10_000_001]),
    "google_account_per_min": st.sampled_from([0, 600]),
    "google_calendar_per_s": st.sampled_from([0.009, 0.01, 1, 10_001]),
    "level": st.sampled_from(["debug", "info", "warning", "error", "loud"]),
    "format": st.sampled_from(["text", "json", "xml"]),
    "endpoints": st.deferred(lambda: section(Endpoints)),
    "gateway": st.deferred(lambda: section(Gateway)),
    "google": st.deferred(lambda: section(Google)),
    "limits": st.deferred(lambda: section(Limits)),
    "logging": st.deferred(lambda: section(Logging)),
    "devices": st.deferred(lambda: st.lists(section(Device), max_size=3)),
}
ENDPOINT = st.sampled_from(
    ["https://a.example/b", "http://127.0.0.1:1/b", "http://a.example/b", "http://[::1]:9/token"]
)
CALENDAR = st.sampled_from(["primary", "rooms@example.com", "", " x", "x" * 254, "x" * 255])
WRONG = st.sampled_from(
    [
        None,
        True,
        False,
        0,
        1,
        -5,
        1.5,
        10**20,
        "",
        "1",
        "true",
        "yes",
        "0071",
        "1e3",
        [],
        ["a"],
        [{}],
        {},
        {"a": 1},
        [None],
    ]
)


@st.composite
def section(draw: st.DrawFn, model: type[Section]) -> dict[str, object]:
    """A section in which most values are right, some at the edge, few of a wrong kind, and few keys unknown."""
    made: dict[str, object] = {}
    for name, field in model.model_fields.items():
        if name in ("client_secret", "key", "password", "secret") or (
            not field.is_required() and draw(st.integers(0, 2))
        ):
            continue
        usual = ENDPOINT if model is Endpoints else CALENDAR if name == "calendar" else RIGHT[name]
        if model is Syslog:
            usual = st.sampled_from(["/dev/log", "192.0.2.5:514", "[::1]:514", "192.0.2.5", "a:0"])
        chance = draw(st.integers(0, 99))
        if chance != 1:
            made[name] = draw(WRONG if chance == 0 else usual)
    if draw(st.integers(0, 49)) == 0:
        made[draw(st.sampled_from(["colour", "time-zone", "Name", "path", "sources", "endpoints", "listen"]))] = draw(
            WRONG
        )
    return made


def plain(config: Config) -> dict[str, object]:
    """The loaded settings in the form in which pydantic gives its own."""
    data = dataclasses.asdict(config)
    del data["path"], data["sources"]
    data["gateway"]["listen"] = str(config.gateway.listen)
    data["gateway"]["listen_tls"] = str(config.gateway.listen_tls)
    for device in data["devices"]:
        device["key"], device["invitations"] = None, device["invitations"] and device["invitations"].value
        for choice in ("wins", "conflict", "transparency", "visibility"):
            device[choice] = device[choice].value
        if device["poll"] is not None:
            device["poll"]["password"] = None
        if device["webhook"] is not None:
            device["webhook"]["secret"] = None
    for channel, secret in (("email", "password"), ("webhook", "secret")):
        if data["notifications"][channel] is not None:
            data["notifications"][channel][secret] = None
    data["devices"] = list(data["devices"])
    assert config.gateway.data_dir.is_absolute()
    return data


def outcomes(folder: Path, data: dict[str, object]) -> tuple[object, object]:
    """What the gateway and what pydantic make of a file with this content; None when it is refused."""
    file = folder / "config.yaml"
    file.write_text(json.dumps(data, ensure_ascii=False))
    devices = data.get("devices")
    keys = {}
    told = data.get("notifications")
    for channel, name in (("email", "PASSWORD"), ("webhook", "SECRET")):
        if isinstance(told, dict) and isinstance(told.get(channel), dict):
            keys[f"GATEWAY_NOTIFICATIONS__{channel.upper()}__{name}"] = "whsec_" + "a" * 32
    for index, device in enumerate(devices if isinstance(devices, list) else ()):
        keys[f"GATEWAY_DEVICES__{index}__KEY"] = KEY
        if isinstance(device, dict) and isinstance(device.get("poll"), dict):
            keys[f"GATEWAY_DEVICES__{index}__POLL__PASSWORD"] = KEY
        if isinstance(device, dict) and isinstance(device.get("webhook"), dict):
            keys[f"GATEWAY_DEVICES__{index}__WEBHOOK__SECRET"] = "whsec_" + "a" * 32
    try:
        ours: object = plain(load(file, keys))
    except ConfigError:
        ours = None
    try:
        theirs = Oracle.model_validate_json(json.dumps(data)).model_dump()
        theirs["gateway"]["data_dir"] = folder / theirs["gateway"]["data_dir"]
        own = theirs["gateway"]["profiles_dir"] or theirs["gateway"]["data_dir"] / "profiles"
        theirs["gateway"]["profiles_dir"] = folder / own
        if theirs["google"]["service_account_file"] is not None:
            theirs["google"]["service_account_file"] = folder / theirs["google"]["service_account_file"]
    except pydantic.ValidationError:
        theirs = None
    return ours, theirs


@settings(max_examples=150, deadline=None)
@given(data=section(Oracle))
def test_pydantic_accepts_and_reads_the_same(tmp_path_factory: pytest.TempPathFactory, data: dict[str, object]) -> None:
    folder = Path(tmp_path_factory.getbasetemp())
    ours, theirs = outcomes(folder, data)
    assert ours == theirs
    assert repr(ours) == repr(theirs)


def test_the_oracle_has_every_setting() -> None:
    def names(model: type[Section]) -> set[str]:
        return set(model.model_fields)

    kinds = {Gateway: "gateway", Google: "google", Discovery: "discovery", Limits: "limits", Logging: "logging"}
    assert names(Oracle) == set(settings_of(Config))
    for model, name in kinds.items():
        assert names(model) == set(settings_of(type(getattr(Config(), name))))
    assert names(Endpoints) == set(settings_of(type(Config().google.endpoints)))
    kinds_of_parts = {
        Device: DeviceSection, Join: JoinSection, Poll: PollSection, Webhook: WebhookSection,
        Notifications: NotificationsSection, Email: EmailSection, Syslog: SyslogSection,
    }  # fmt: skip
    for model, section in kinds_of_parts.items():
        assert names(model) == set(settings_of(section))
