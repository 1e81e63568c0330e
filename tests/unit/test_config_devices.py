"""The settings of devices that are asked, of joining, and of one device that comes from a command."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.config import Config, DeviceSection, JoinSection, PollSection, Secret, describe, device_section, load
from gateway.errors import ConfigError

KEY = "0123456789abcdef"
PASSWORD = {"GATEWAY_DEVICES__UCM_1__POLL__PASSWORD": "api pass wörd"}
POLLED = "devices: [{id: ucm-1, profile: a/b, poll: {address: ucm.lan, user: cdrapi%s}}]"


@pytest.fixture(autouse=True)
def _in_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def loaded(yaml: str, environ: dict[str, str]) -> Config:
    Path("config.yaml").write_text(yaml)
    return load(None, environ)


def problem_of(yaml: str, environ: dict[str, str]) -> str:
    with pytest.raises(ConfigError) as caught:
        loaded(yaml, environ)
    [line] = caught.value.problems
    return line


def test_a_device_that_is_asked_needs_a_password_and_no_key() -> None:
    [device] = loaded(POLLED % "", PASSWORD).devices
    assert device.key is None
    assert device.poll == PollSection(address="ucm.lan", user="cdrapi", password=Secret("api pass wörd"))
    assert problem_of(POLLED % "", {}) == (
        "config.yaml:1:37: devices[0].poll.password is required; write GATEWAY_DEVICES__UCM_1__POLL__PASSWORD=... into "
        ".env, or set that environment variable"
    )
    line = problem_of("devices: [{id: ucm-1, profile: a/b, poll: {user: x}}]", PASSWORD)
    assert line.endswith("devices[0].poll.address is required")
    secret = problem_of(POLLED % ", password: canary-word", PASSWORD)
    assert "poll.password is a secret and does not belong in this file" in secret
    assert "canary" not in secret


def test_an_empty_section_of_asking_is_none() -> None:
    [device] = loaded(
        "devices: [{id: ucm-1, profile: a/b, poll: , join: }]", {"GATEWAY_DEVICES__UCM_1__KEY": KEY}
    ).devices
    assert (device.poll, device.join) == (None, JoinSection())


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("ucm.lan", "ucm.lan"),
        ("UCM-1.Office.example.COM.", "ucm-1.office.example.com"),
        ("192.0.2.21", "192.0.2.21"),
        ("2001:DB8::1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("grandstream_ucm", "grandstream_ucm"),
    ],
)
def test_addresses_of_devices(written: str, read: str) -> None:
    section = device_section({"id": "a", "profile": "a/b", "poll": {"address": written, "user": "x"}})
    assert section.poll is not None
    assert section.poll.address == read


@pytest.mark.parametrize(
    "written",
    [
        "", "127.1", "0", "0x7f.1", "0x7f000001", "2130706433", "1.2.3.4.5", "https://ucm.lan", "ucm.lan:8089",
        "u@ucm.lan", "ucm.lan/x", "a b", "a..b", "-a", "ucm.lan#", "ucm\\lan", "ü.lan", "x" * 64, "a." * 127 + "a",
    ],
)  # fmt: skip
def test_addresses_that_mean_different_things_to_different_programs(written: str) -> None:
    with pytest.raises(ConfigError) as caught:
        device_section({"id": "a", "profile": "a/b", "poll": {"address": written, "user": "x"}})
    [line] = caught.value.problems
    assert line.startswith("poll.address must be a host name or an IP address")
    assert "u@ucm" not in line


def test_fingerprints_are_read_as_people_copy_them() -> None:
    plain = "0a" * 32
    for written in (plain, plain.upper(), ":".join(["0A"] * 32)):
        [device] = loaded(POLLED % f', fingerprint: "{written}"', PASSWORD).devices
        assert device.poll is not None
        assert device.poll.fingerprint == plain
    assert "64 hexadecimal digits" in problem_of(POLLED % ', fingerprint: "0a0a"', PASSWORD)


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        (
            "sip_uri",
            ["sip:{room}@pbx.example.com", "sips:100@10.0.0.1:5061;transport=tls"],
            ["pbx", "sip:", "sip:{x}@a"],
        ),
        (
            "web_link",
            ["https://a.example/{room}", "https://a.example/m?r={room}"],
            ["http://a.example/", "https://", "x"],
        ),
        ("dial_in", ["+49 89 1,,{room}#"], ["", "x" * 101, "a\nb"]),
    ],
)
def test_ways_to_join(name: str, good: list[str], bad: list[str]) -> None:
    for text in good:
        section = device_section({"id": "a", "profile": "a/b", "join": {name: text}})
        assert section.join == JoinSection(**{name: text})
    for text in bad:
        with pytest.raises(ConfigError, match=f"^join.{name} must be "):
            device_section({"id": "a", "profile": "a/b", "join": {name: text}})


def test_one_device_is_judged_as_in_the_file() -> None:
    assert device_section({"id": "a", "profile": "a/b", "key": Secret(KEY)}) == DeviceSection(
        id="a", profile="a/b", key=Secret(KEY)
    )
    with pytest.raises(ConfigError) as caught:
        device_section({"id": "A", "profile": "a/b", "zone": "x", "key": Secret("canary"), "time_zone": "Berlin"})
    told = caught.value.problems
    assert [line.partition(" ")[0] for line in told] == ["id", "key", "time_zone", "zone"]
    assert told[1] == "key must be 16 to 256 letters, digits and signs without spaces"
    assert "canary" not in "".join(told)


def test_the_folder_of_own_profiles_is_beside_the_file_or_in_the_data() -> None:
    folder = Path("etc")
    folder.mkdir()
    (folder / "config.yaml").write_text("gateway: {profiles_dir: own}")
    assert load(folder / "config.yaml", {}).gateway.profiles_dir == folder.absolute() / "own"
    (folder / "config.yaml").write_text("gateway: {data_dir: d}")
    assert load(folder / "config.yaml", {}).gateway.profiles_dir == folder.absolute() / "d" / "profiles"
    elsewhere = load(folder / "config.yaml", {}, {"gateway.data_dir": "/var/x"}).gateway
    assert elsewhere.profiles_dir == Path("/var/x/profiles")


def test_the_list_of_settings_shows_what_is_not_there() -> None:
    config = loaded(POLLED % "", PASSWORD)
    shown = {key: value for key, value, _ in describe(config)}
    assert shown["devices[0].poll.password"] == "***"
    assert shown["devices[0].poll.port"] == "not set"
    assert (shown["discovery.announce"], shown["devices[0].show_pins"]) == ("true", "not set")
    plain = loaded("devices: [{id: ucm-1, profile: a/b}]", {"GATEWAY_DEVICES__UCM_1__KEY": KEY})
    assert {key: value for key, value, _ in describe(plain)}["devices[0].poll.address"] == "not set"
