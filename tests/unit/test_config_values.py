"""What each setting accepts and refuses, alone and beside others."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from gateway.config import Address, Config, Secret, load
from gateway.errors import ConfigError

KEY = "0123456789abcdef"
DEVICE = "devices:\n  - id: ucm-1\n    profile: grandstream/ucm6300\n"


@pytest.fixture(autouse=True)
def _in_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def loaded(yaml: str, environ: Mapping[str, str] | None = None) -> Config:
    Path("config.yaml").write_text(yaml)
    return load(None, environ or {})


def problem_of(yaml: str, environ: Mapping[str, str] | None = None) -> str:
    with pytest.raises(ConfigError) as caught:
        loaded(yaml, environ)
    [line] = caught.value.problems
    return line


GOOD_LISTEN = {"0.0.0.0:8765": ("0.0.0.0", 8765), "127.0.0.1:0": ("127.0.0.1", 0), "[::1]:65535": ("::1", 65535)}
BAD_LISTEN = [
    "8765", ":8765", "localhost:1", "*:80", "127.0.0.1", "127.0.0.1:65536", "127.0.0.1:-1", "::1:80", "[::1]", "",
    "[127.0.0.1]:1", "1.2.3:4", "127.0.0.1:8_0", "127.0.0.1:\u0663", "0127.0.0.1:80", "http://127.0.0.1:80",
]  # fmt: skip


def test_listen() -> None:
    for text, (host, port) in GOOD_LISTEN.items():
        assert loaded(f"gateway: {{listen: '{text}'}}").gateway.listen == Address(host=host, port=port)
        assert str(Address(host=host, port=port)) == text
    for text in BAD_LISTEN:
        assert problem_of(f"gateway: {{listen: '{text}'}}").endswith(f"or [::1]:8765, not {text!r}")
    assert "such as 0.0.0.0:8765 or [::1]:8765" in problem_of("gateway: {listen: 8765}")


def test_time_zones() -> None:
    for zone in ("Europe/Berlin", "UTC", "Etc/GMT-1", "America/Argentina/Buenos_Aires", "Asia/Calcutta"):
        assert (
            loaded(
                f"gateway: {{time_zone: {zone}}}\n" + DEVICE + f"    time_zone: {zone}\n",
                {"GATEWAY_DEVICES__0__KEY": KEY},
            )
            .devices[0]
            .time_zone
            == zone
        )
    for zone, hint in (
        ("europe/berlin", "; did you mean 'Europe/Berlin'?"),
        ("W. Europe Standard Time", ""),
        ("Factory", ""),
        ("+01:00", ""),
        ("../UTC", ""),
        ("localtime", ""),
    ):
        assert f"an IANA time zone such as Europe/Berlin, not '{zone}'{hint}" in problem_of(
            f"gateway: {{time_zone: {zone}}}"
        )


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("https://a.example/x/", "https://a.example/x"),
        ("https://a.example:8443", "https://a.example:8443"),
        ("http://127.0.0.1:1/x", "http://127.0.0.1:1/x"),
        ("http://127.9.9.9/", "http://127.9.9.9"),
        ("http://[::1]:1/x//", "http://[::1]:1/x"),
        ("http://LOCALHOST/x", "http://LOCALHOST/x"),
        ("http://a.example/x", None),
        ("http://127.0.0.1.example/x", None),
        ("http://10.0.0.1/x", None),
        ("http://127.1/x", None),
        ("http://localhost@a.example/x", None),
        ("https://user:pw@a.example/x", None),
        ("https://a.example/x#y", None),
        ("https://a.example/x?y", None),
        ("https://a.example:99999/x", None),
        ("https://a.example:0/x", None),
        ("https:///x", None),
        ("https://a.example/ x", None),
        ("https://a.example\\@b.example", None),
        ("https://a.example/\u00fc", None),
        ("https://[::1/x", None),
        ("ftp://localhost/x", None),
        ("a.example", None),
        ("", None),
    ],
)
def test_endpoints(text: str, kept: str | None) -> None:
    yaml = f"google: {{endpoints: {{token: {json.dumps(text)}}}}}"
    if kept is None:
        assert "google.endpoints.token must be a web address that starts with https://" in problem_of(yaml)
    else:
        assert loaded(yaml).google.endpoints.token == kept


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("https://meet.example.com/", "https://meet.example.com"),
        ("http://192.168.1.4:8765", "http://192.168.1.4:8765"),
        ("https://user@meet.example.com", None),
        ("https://meet.example.com/?a", None),
        ("meet.example.com", None),
    ],
)
def test_public_url(text: str, kept: str | None) -> None:
    if kept is None:
        assert "gateway.public_url must be a web address" in problem_of(f"gateway: {{public_url: '{text}'}}")
    else:
        assert loaded(f"gateway: {{public_url: '{text}'}}").gateway.public_url == kept


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("http://localhost:8765/oauth/google/callback", None),
        ("http://127.0.0.1/", None),
        ("http://[::1]:1/x", None),
        ("https://pbx.example.com/x/?a=b", None),
        ("https://localhost/x", None),
        ("http://pbx.example.com/x", "G-107"),
        ("urn:ietf:wg:oauth:2.0:oob", "G-107"),
        ("http://127.0.0.2/x", "G-107"),
        ("https://192.168.1.4/x", "G-108"),
        ("http://192.168.1.4/x", "G-108"),
        ("https://[fe80::1]/x", "G-108"),
        ("https://pbx.local/x", "G-108"),
        ("https://pbx.lan/x", "G-108"),
        ("https://pbx/x", "G-108"),
        ("https://user:pw@pbx.example.com/x", "G-109"),
        ("https://pbx.example.com/x#y", "G-109"),
        ("https://*.example.com/x", "G-109"),
        ("https://pbx.example.com/../x", "G-109"),
        ("https://pbx.example.com/%2E./x", "G-109"),
        ("https://pbx.example.com/a\\b", "G-109"),
        ("https://pbx.example.com:99999/x", "G-109"),
        ("https://pbx.example.com/ x", "G-109"),
        ("https://1-a.apps.googleusercontent.com/x", "G-109"),
        ("https://pbx.example.c0m/x", "G-108"),
        ("https://xn--bcher-kva.example/x", None),
    ],
)
def test_redirect_uri(text: str, code: str | None) -> None:
    if code:
        line = problem_of(f"google: {{redirect_uri: '{text}'}}")
        assert line.startswith("config.yaml:1:10: google.redirect_uri")
        assert code in line
    else:
        assert loaded(f"google: {{redirect_uri: '{text}'}}").google.redirect_uri == text


def test_client_id_and_secret() -> None:
    good, secret = "1-a.apps.googleusercontent.com", {"GATEWAY_GOOGLE__CLIENT_SECRET": "GOCSPX-canary"}
    assert loaded(f"google: {{client_id: {good}}}", secret).google.client_secret == Secret("GOCSPX-canary")
    assert problem_of("google: {client_id: 1-a}", secret).endswith("Google's copy button. (G-103)")
    assert "(G-101)" in problem_of("google: {client_id: ''}", secret)
    for swapped in (
        problem_of("google: {client_id: GOCSPX-canary}"),
        problem_of("", {"GATEWAY_GOOGLE__CLIENT_SECRET": good}),
        problem_of("google: {client_id: GOCSPX-canary}", {"GATEWAY_GOOGLE__CLIENT_SECRET": good}),
    ):
        assert "Client ID and Client Secret are swapped." in swapped
        assert "(G-102)" in swapped
        assert "canary" not in swapped
    assert (
        loaded("google: {client_id: simulated, endpoints: {token: 'http://127.0.0.1:1/token'}}").google.client_id
        == "simulated"
    )


@pytest.mark.parametrize(
    ("yaml", "words"),
    [
        ("version: 2\nnew_setting: 1", "config.yaml:1:1: version 2 was made for a newer gateway"),
        ("version: 0", "version must be 1, not 0"),
        ("version: '1'", "version must be a whole number, not '1'"),
        ("version: true", "version must be a whole number, not true"),
        ("- a", "config.yaml:1:1: the file must consist of sections"),
        ("limits: {retry_cap_s: 1}", "limits.retry_cap_s must be at least limits.retry_first_s (2.0), not 1"),
        ("limits: {retry_cap_s: 30000}", "limits.retry_cap_s must be between 0.01 and 21600"),
        ("limits: {retry_first_s: 50, retry_cap_s: 40.5}", "at least limits.retry_first_s (50), not 40.5"),
        ("limits: {body_bytes: 1023}", "limits.body_bytes must be between 1024 and 1048576, not 1023"),
        ("limits: {body_bytes: 2048.0}", "limits.body_bytes must be a whole number, not 2048.0"),
        ("gateway:\n  name:", "gateway.name must be text, not nothing"),
        ("gateway: {name: ' x'}", "gateway.name must be one line of 1 to 100 characters"),
        ("gateway: {data_dir: ''}", "gateway.data_dir must be text on one line"),
        ("gateway: text", "gateway must be a section of settings"),
        ("google: {expected_account: me}", "google.expected_account must be an e-mail address, not 'me'"),
        ("devices: {}", "devices must be a list"),
        ("notification: {}", "config.yaml:1:1: notification is not a known setting; did you mean 'notifications'?"),
        ("notifications: {email: {server: 'a:25', sender: a@b, to: a@b}}", "email.server must be a host name or an IP"),
        ("notifications: {email: {server: a, sender: 'A <a@b>', to: a@b}}", "email.sender must be an e-mail address"),
        ("notifications: {email: {server: a, sender: a@b, to: 'a@b, c'}}", "email.to must be 1 to 20 e-mail addresses"),
        ("notifications: {email: {server: a, sender: a@b, to: 'a@b, c@d', user: u}}", "email.password is required"),
        ("notifications: {webhook: {url: 'https://a.b'}}", "notifications.webhook.secret is required; write"),
        ("notifications: {syslog: {address: 192.0.2.5}}", "syslog.address must be host:port such as 192.0.2.5:514"),
        (
            "notifications: {syslog: {address: 'a:1', events: 'disk, gogle'}}",
            "notifications.syslog.events must be all, none, or some of google, waiting, decisions, calendars, "
            "vanished, disk, settings, not 'disk, gogle'; did you mean 'google'?",
        ),
        ("notifications: {syslog: {address: 'a:0'}}", "syslog.address must be host:port"),
        ("google: {service_account_file: k.json}", "service_account_file needs google.service_account_user"),
        ("google: {refresh_every_s: 14}", "google.refresh_every_s must be between 15 and 3600"),
        (DEVICE + "    wins: pbx", "devices[0].wins must be device, google or ask"),
        (DEVICE + "    conflict: deny", "devices[0].conflict must be allow, warn or refuse"),
        (DEVICE + "    room_address: room 5", "devices[0].room_address must be an e-mail address"),
        ("path: x", "path is not a known setting"),
        ("gateway: {calendar: x}", "it belongs in google.calendar or google.endpoints.calendar or devices[].calendar"),
        (DEVICE.replace("ucm-1", "a b"), "devices[0].id must be 1 to 63 small letters"),
        (DEVICE.replace("ucm-1", "a" * 64), "devices[0].id must be 1 to 63 small letters"),
        (DEVICE.replace("/ucm6300", ""), "devices[0].profile must be vendor/model"),
        (DEVICE + "    port: 1", "devices[0].port is not a known setting"),
        (DEVICE + "    profile: 2", "the key 'profile' is there twice (first in line 3)"),
    ],
)  # fmt: skip
def test_what_is_refused(yaml: str, words: str) -> None:
    assert words in problem_of(yaml, {"GATEWAY_DEVICES__0__KEY": KEY} if yaml.startswith("devices:\n") else {})
