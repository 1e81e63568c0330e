"""The settings reader against pydantic in strict mode: both accept the same files and read the same values."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pydantic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.config import (
    AlertWebhookSection,
    Config,
    DeviceSection,
    EmailSection,
    JoinSection,
    NetworkSection,
    NotificationsSection,
    PollSection,
    ProxySection,
    SyslogSection,
    WebhookSection,
    load,
)
from gateway.config.shape import settings as settings_of
from gateway.errors import ConfigError
from tests.unit.oracle_settings import (
    AlertWebhook,
    Device,
    Discovery,
    Email,
    Endpoints,
    Gateway,
    Google,
    Integrations,
    Join,
    Limits,
    Logging,
    Meetings,
    Metrics,
    Network,
    Notifications,
    Oracle,
    Poll,
    Proxy,
    Section,
    Syslog,
    Webhook,
)

KEY = "0123456789abcdef"


RIGHT: dict[str, st.SearchStrategy[Any]] = {
    "version": st.just(1),
    "name": st.text("ab 1ü", min_size=1, max_size=4) | st.sampled_from(["x" * 100, "x" * 101]),
    "time_zone": st.sampled_from(["UTC", "Europe/Berlin", "Etc/GMT-1", "Europe/Berlinn", "utc", "1"]),
    "language": st.sampled_from(["auto", "en", "es", "en-XA", "EN", ""]),
    "clock": st.sampled_from(["24h", "12h", "language", "24", 24]),
    "week_begins": st.sampled_from(["monday", "sunday", "saturday", "Monday", "friday", 1]),
    "listen_tls": st.sampled_from(["0.0.0.0:8766", "127.0.0.1:0", "0.0.0.0:80000", "localhost:1"]),
    "listen": st.sampled_from(["0.0.0.0:8765", "127.0.0.1:0", "[::1]:65535", "[::1]:65536", "8765", "a:1"]),
    "public_url": st.sampled_from(["https://meet.example.com", "http://pbx:80/a", "meet.example.com", ""]),
    "data_dir": st.sampled_from(["data", "/var/x", "../x"]),
    "profiles_dir": st.sampled_from(["profiles", "/var/p"]),
    "model": st.sampled_from(["UCM6304", "", " x", "x" * 60, "x" * 61]),
    "sip_uri": st.sampled_from(["sip:{room}@pbx.example", "sips:a", "pbx", "sip:{rom}"]),
    "dial_in": st.sampled_from(["+49 89 1", "", "x" * 101]),
    "web_link": st.sampled_from(["https://a.b/{room}", "http://a.b/", "https://a.b/{r}", "https://a.b/"]),
    "meetings": st.deferred(lambda: section(Meetings)),
    "title": st.sampled_from(["{subject}", "{room} ({room})", "{subjekt}", "Meeting", "{pin}"]),
    "description": st.sampled_from(["{agenda}", "{pin}\n\nRoom {room}", "Come.", "Code {pin}", "{}", "{a b}", ""]),
    "reminders": st.sampled_from(["calendar", "none", "10 popup, 60 email", "10", "40321 popup", "1 fax", ""]),
    "show_pins": st.booleans() | st.sampled_from(["yes", 1]),
    "announce": st.booleans() | st.sampled_from(["no", 0]),
    "browse": st.booleans(),
    "enabled": st.booleans() | st.sampled_from(["on", 1]),
    "public_api_page": st.booleans(),
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
    "integrations": st.deferred(lambda: section(Integrations)),
    "metrics": st.deferred(lambda: section(Metrics)),
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
    "device_calls_per_minute": st.sampled_from([0, 1, 3_000, 10_000_000, 10_000_001]),
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
    "email_domain": st.sampled_from(["example.com", "a.b-c.example", "example", "Example.com", "a@b.c"]),
    "room_address": st.sampled_from(["c_1@resource.calendar.google.com", "room 5"]),
    "server": st.sampled_from(["mail.lan", "192.0.2.9", "mail.lan:25", "127.1"]),
    "security": st.sampled_from(["starttls", "tls", "none", "ssl"]),
    "sender": st.sampled_from(["a@b.c", "a", "A <a@b.c>"]),
    "to": st.sampled_from(["a@b.c", "a@b.c, d@e", "a@b.c, d", ""]),
    "events": st.sampled_from(["all", "none", "google, disk", "vanished", "some", "", "all, google"]),
    "email": st.deferred(lambda: section(Email)),
    "syslog": st.deferred(lambda: section(Syslog)),
    "notifications": st.deferred(lambda: section(Notifications)),
    "network": st.deferred(lambda: section(Network)),
    "proxy": st.deferred(lambda: section(Proxy)),
    "root_certificate": st.just("not-there.pem"),
    "trusted_proxies": st.sampled_from(["192.0.2.10", "10.1.0.0/16, ::1", "0.0.0.0/0", "proxy.lan", "", "192.0.2.10;"]),
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
        secret = name in ("client_secret", "key", "password", "secret") or (model is Metrics and name == "token")
        if secret or (not field.is_required() and draw(st.integers(0, 2))):
            continue
        usual = ENDPOINT if model is Endpoints else CALENDAR if name == "calendar" else RIGHT[name]
        if model is Syslog:
            usual = st.sampled_from(["/dev/log", "192.0.2.5:514", "[::1]:514", "192.0.2.5", "a:0"])
        if model is Proxy and name == "address":
            usual = st.sampled_from(["http://proxy.lan:3128", "http://192.0.2.8:3128", "http://proxy.lan", "ftp://a:1"])
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
    del data["path"], data["sources"], data["saved_problems"]
    data["gateway"]["listen"] = str(config.gateway.listen)
    data["gateway"]["listen_tls"] = str(config.gateway.listen_tls)
    for device in data["devices"]:
        device["key"], device["invitations"] = None, device["invitations"] and device["invitations"].value
        for choice in ("wins", "conflict", "transparency", "visibility"):
            device[choice] = device[choice] and device[choice].value
        if device["poll"] is not None:
            device["poll"]["password"] = None
        if device["webhook"] is not None:
            device["webhook"]["secret"] = None
    for channel, secret in (("email", "password"), ("webhook", "secret")):
        if data["notifications"][channel] is not None:
            data["notifications"][channel][secret] = None
    if data["network"]["proxy"] is not None:
        data["network"]["proxy"]["password"] = None
    data["meetings"]["visibility"] = config.meetings.visibility.value
    data["devices"] = list(data["devices"])
    assert config.gateway.data_dir.is_absolute()
    return data


def outcomes(folder: Path, data: dict[str, object]) -> tuple[object, object]:
    """What the gateway and what pydantic make of a file with this content; None when it is refused."""
    file = folder / "config.yaml"
    file.write_text(json.dumps(data, ensure_ascii=False))
    devices = data.get("devices")
    keys = {}
    told, network = data.get("notifications"), data.get("network")
    if isinstance(network, dict) and isinstance(network.get("proxy"), dict):
        keys["GATEWAY_NETWORK__PROXY__PASSWORD"] = KEY
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

    kinds = {
        Gateway: "gateway", Google: "google", Discovery: "discovery", Integrations: "integrations", Limits: "limits",
        Meetings: "meetings", Metrics: "metrics", Logging: "logging",
    }  # fmt: skip
    assert names(Oracle) == set(settings_of(Config))
    for model, name in kinds.items():
        assert names(model) == set(settings_of(type(getattr(Config(), name))))
    assert names(Endpoints) == set(settings_of(type(Config().google.endpoints)))
    kinds_of_parts = {
        Device: DeviceSection, Join: JoinSection, Poll: PollSection, Webhook: WebhookSection,
        Network: NetworkSection, Proxy: ProxySection, Notifications: NotificationsSection, Email: EmailSection,
        Syslog: SyslogSection, AlertWebhook: AlertWebhookSection,
    }  # fmt: skip
    for model, section in kinds_of_parts.items():
        assert names(model) == set(settings_of(section))
