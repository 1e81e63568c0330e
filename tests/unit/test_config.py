"""Settings: sources and their order, what each value may be, and every problem as an exact line."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from gateway.config import Config, DeviceSection, GoogleEndpoints, Secret, describe, load
from gateway.domain.meeting import Invitations
from gateway.errors import ConfigError

TOP = Path(__file__).parents[2]
KEY = "0123456789abcdef"
DEVICE = "devices:\n  - id: ucm-1\n    profile: grandstream/ucm6300\n"
DEVICE_KEY = {"GATEWAY_DEVICES__UCM_1__KEY": KEY}


@pytest.fixture(autouse=True)
def _in_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def written(yaml: str = "", env: str = "") -> None:
    Path("config.yaml").write_text(yaml)
    Path(".env").write_text(env)


def problems(environ: Mapping[str, str] | None = None, overrides: Mapping[str, object] | None = None) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(None, environ or {}, overrides)
    return caught.value.problems


def problem_of(yaml: str, environ: Mapping[str, str] | None = None) -> str:
    written(yaml)
    [line] = problems(environ)
    return line


MISTAKES = """\
version: 1
gateway:
  listen: 80 80
  time_zon: Europe/Berlin
  time_zone: Europe/Berlinn
  level: debug
  name: 123
google:
  client_id: 826310039758-abc
  client_secret: GOCSPX-canary
  redirect_uri: http://192.168.1.4/x
  endpoints:
    token: http://example.com/token
    revoke: https://user:canary@example.com
    calendar: 5
limits: {body_bytes: "65536", retry_first_s: 10, retry_cap_s: 1, in_flight: true, call_timeout_s: 500}
logging:
  level: verbose
  format: jsn
devices:
  - id: ucm-1
    profile: grandstream
    key: canary-canary-canary
    invitations: goggle
  - profile: grandstream/ucm6300
    port: 99999
  - id: ucm-1
    profile: a/b
    time_zone: null
  - 5
  - id: UCM
    profile: [x]
listen: 5
logging: {}
"""
MISTAKES_ENV = """\
# a comment

GATEWAY_DEVICES__1__KEY=canary
export GATEWAY_GOOGLE_CLIENT_SECRET=canary
this is "canary
GATEWAY_X
GATEWAY_LOGGING__LEVEL=debug
GATEWAY_LOGGING__LEVEL=canary
OTHER=1
"""
MISTAKES_ENVIRON = {
    "GATEWAY_LIMITS__BODY_TIMEOUT_S": "soon",
    "GATEWAY_DEVICES__2__KEY_FILE": "/canary",
    "GATEWAY_GATEWAY": "{canary",
    "GATEWAY_DEVICES__UCM_1__NAME": "x",
    "GATEWAY_LISTEN": "",
    "HOME": "/",
}
MISTAKES_TOLD = """\
config.yaml:4:3: gateway.time_zon is not a known setting; did you mean 'time_zone'?
config.yaml:5:3: gateway.time_zone must be an IANA time zone such as Europe/Berlin, not 'Europe/Berlinn'; did you \
mean 'Europe/Berlin'?
config.yaml:6:3: gateway.level is not a known setting here; it belongs in logging.level
config.yaml:7:3: gateway.name must be text, not 123; put it in quotes
config.yaml:10:3: google.client_secret is a secret and does not belong in this file; write it as \
GATEWAY_GOOGLE__CLIENT_SECRET=... into .env, or set that environment variable
config.yaml:11:3: google.redirect_uri: Google does not accept network addresses like 192.168.1.4. Google only takes \
public names (https://pbx.example.com) or localhost. You do not need a public name: use \
http://127.0.0.1:8765/oauth/google/callback and paste the address after the sign-in. (G-108)
config.yaml:13:5: google.endpoints.token must be a web address that starts with https:// (http:// only for localhost \
and 127.0.0.1), not 'http://example.com/token'
config.yaml:14:5: google.endpoints.revoke must be a web address that starts with https:// (http:// only for \
localhost and 127.0.0.1)
config.yaml:15:5: google.endpoints.calendar must be text, not 5; put it in quotes
config.yaml:16:10: limits.body_bytes must be a whole number, not '65536'
config.yaml:16:50: limits.retry_cap_s must be at least limits.retry_first_s (10), not 1
config.yaml:16:66: limits.in_flight must be a whole number, not true
config.yaml:16:83: limits.call_timeout_s must be between 0.1 and 120, not 500
config.yaml:19:3: logging.format must be text or json, not 'jsn'; did you mean 'json'?
config.yaml:22:5: devices[0].profile must be vendor/model, such as grandstream/ucm6300, not 'grandstream'
config.yaml:23:5: devices[0].key is a secret and does not belong in this file; write it as \
GATEWAY_DEVICES__0__KEY=... into .env, or set that environment variable
config.yaml:24:5: devices[0].invitations must be device, google or off, not 'goggle'; did you mean 'google'?
config.yaml:25:5: devices[1].id is required
config.yaml:26:5: devices[1].port is not a known setting here; it belongs in devices[].poll.port or \
notifications.email.port
config.yaml:27:5: devices[2].id must differ from devices[0].id (config.yaml:21); both are 'ucm-1'
config.yaml:30:5: devices[3] must be a section of settings such as 'name: value'
config.yaml:31:5: devices[4].id must be 1 to 63 small letters, digits, '.', '_' or '-' that start with a letter or \
digit, such as ucm-1, not 'UCM'
config.yaml:31:5: devices[4].key is required; write GATEWAY_DEVICES__UCM__KEY=... into .env, or set that environment \
variable ('meeting-gateway init' makes one)
config.yaml:32:5: devices[4].profile must be text, not a list
config.yaml:33:1: listen is not a known setting here; it belongs in gateway.listen
config.yaml:34:1: the key 'logging' is there twice (first in line 17); remove one of them
.env:3: devices[1].key must be 16 to 256 letters, digits and signs without spaces
.env:4: GATEWAY_GOOGLE_CLIENT_SECRET is not a variable of the gateway; did you mean 'GATEWAY_GOOGLE__CLIENT_SECRET'?
.env:5: this line cannot be read; write NAME=value, with quotes around a value that has spaces
.env:6: GATEWAY_X has no value; write GATEWAY_X=value
.env:8: GATEWAY_LOGGING__LEVEL is set twice, also in line 7; remove one of them
environment GATEWAY_DEVICES__2__KEY_FILE: names a file that cannot be read (No such file or directory)
environment GATEWAY_DEVICES__UCM_1__NAME: may mean devices[0].name and devices[2].name; use another id
environment GATEWAY_GATEWAY: must be JSON such as {"name": "value", ...}, without doubled names
environment GATEWAY_LIMITS__BODY_TIMEOUT_S: limits.body_timeout_s must be a number, not 'soon'
environment GATEWAY_LISTEN: is not a variable of the gateway; did you mean 'GATEWAY_GATEWAY__LISTEN'?
command line: devices[9].name cannot be set, because there is no devices[9]
command line: gateway.listen must be an IP address and a port from 0 to 65535, such as 0.0.0.0:8765 or [::1]:8765, \
not '127.0.0.1'
"""


def test_every_mistake_of_every_source_is_told_at_once() -> None:
    written(MISTAKES, MISTAKES_ENV)
    told = problems(MISTAKES_ENVIRON, {"gateway.listen": "127.0.0.1", "devices.9.name": "x"})
    assert told == MISTAKES_TOLD.splitlines()


def test_nothing_written_means_defaults() -> None:
    config = load(None, {"HOME": "/"})
    assert config == dataclasses.replace(
        Config(),
        gateway=dataclasses.replace(
            Config().gateway, data_dir=Path.cwd() / "data", profiles_dir=Path.cwd() / "data" / "profiles"
        ),
    )
    assert {source for _, _, source in describe(config)} == {"default"}


DEFAULTS = ["", "# nothing\n", "---\n", "gateway:\ngoogle:\n  endpoints:\ndevices:\nlimits: {}\nlogging: # x\n"]


@pytest.mark.parametrize("text", DEFAULTS)
def test_empty_files_and_sections_mean_defaults(text: str) -> None:
    defaults = load(None, {})
    written(text)
    assert load(None, {}) == dataclasses.replace(defaults, path=Path("config.yaml"))


def test_files_that_cannot_be_read() -> None:
    for path, words in (("none.yaml", "there is no such file"), (".", "cannot be read (Is a directory)")):
        with pytest.raises(ConfigError) as caught:
            load(Path(path), {})
        assert words in str(caught.value)
    Path("config.yaml").symlink_to("nowhere")
    assert problems() == ["config.yaml: there is no such file; 'meeting-gateway init' writes one"]


def test_a_named_file_has_its_own_folder() -> None:
    folder = Path("etc")
    folder.mkdir()
    (folder / "my.yaml").write_text(DEVICE)
    (folder / ".env").write_text("GATEWAY_DEVICES__UCM_1__KEY_FILE=key\nGATEWAY_GOOGLE__CALENDAR=x")
    (folder / "key").write_text(KEY + "\r\n")
    written("nonsense", "nonsense")
    config = load(folder / "my.yaml", {})
    assert config.devices[0].key == Secret(KEY)
    assert config.gateway.data_dir == Path.cwd() / "etc" / "data"
    assert config.path == folder / "my.yaml"
    assert {key: source for key, _, source in describe(config) if source != "default"} == {
        "devices[0].id": "etc/my.yaml:2",
        "devices[0].profile": "etc/my.yaml:3",
        "devices[0].key": "etc/.env",
        "google.calendar": "etc/.env",
    }


def test_the_strongest_source_wins() -> None:
    def listen(environ: Mapping[str, str], overrides: Mapping[str, object]) -> tuple[str, str]:
        config = load(None, environ, overrides)
        return next((shown, source) for key, shown, source in describe(config) if key == "gateway.listen")

    environ = {"GATEWAY_GATEWAY__LISTEN": "127.0.0.1:3"}
    assert listen({}, {}) == ("0.0.0.0:8765", "default")
    written("gateway:\n  listen: 127.0.0.1:1\n")
    assert listen({}, {}) == ("127.0.0.1:1", "config.yaml:2")
    written("gateway:\n  listen: 127.0.0.1:1\n", "GATEWAY_GATEWAY__LISTEN='127.0.0.1:2' # two")
    assert listen({}, {}) == ("127.0.0.1:2", ".env")
    assert listen({"GATEWAY_GATEWAY__LISTEN": ""}, {}) == ("127.0.0.1:2", ".env")
    assert listen(environ, {}) == ("127.0.0.1:3", "environment GATEWAY_GATEWAY__LISTEN")
    assert listen(environ, {"gateway.listen": "[::1]:0"}) == ("[::1]:0", "command line")
    assert environ == {"GATEWAY_GATEWAY__LISTEN": "127.0.0.1:3"}


def test_variables_are_read_by_the_type_of_the_setting() -> None:
    config = load(
        None,
        {
            "GATEWAY_VERSION": "1",
            "GATEWAY_GATEWAY__NAME": "0071",
            "GATEWAY_LIMITS__IN_FLIGHT": "7",
            "GATEWAY_LIMITS__BODY_TIMEOUT_S": "7",
            "GATEWAY_LIMITS": '{"retry_first_s": 3}',
            "GATEWAY_GOOGLE__ENDPOINTS": '{"token": "http://127.0.0.1:1/token/"}',
            "GATEWAY_DEVICES": json.dumps([{"id": "ucm-hq", "profile": "a/b", "invitations": "off"}]),
            "GATEWAY_DEVICES__UCM_HQ__KEY": KEY,
        },
    )
    assert config.gateway.name == "0071"
    assert config.limits == dataclasses.replace(config.limits, in_flight=7, body_timeout_s=7.0, retry_first_s=3.0)
    assert type(config.limits.body_timeout_s) is float
    assert config.google.endpoints == GoogleEndpoints(token="http://127.0.0.1:1/token")
    assert config.devices == (DeviceSection(id="ucm-hq", profile="a/b", key=Secret(KEY), invitations=Invitations.OFF),)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("LIMITS__IN_FLIGHT", "07", "must be a whole number, not '07'"),
        ("LIMITS__IN_FLIGHT", "true", "must be a whole number, not true"),
        ("LIMITS__IN_FLIGHT", "1.0", "must be a whole number, not 1.0"),
        ("LIMITS__CALL_TIMEOUT_S", "nan", "must be a number, not 'nan'"),
        ("LIMITS__CALL_TIMEOUT_S", "1e999", "must be a number"),
        ("LIMITS", '{"in_flight": "2"}', "limits.in_flight must be a whole number, not '2'"),
        ("LIMITS", '{"in_flight": 1, "in_flight": 2}', "must be JSON"),
        ("LIMITS", '{"call_timeout_s": NaN}', "must be JSON"),
        ("LIMITS", "[" * 100_000, "must be JSON"),
        ("LIMITS", '{"in_flight": ' + "1" * 5000 + "}", "must be JSON"),
        ("LIMITS", "[1]", "limits must be a section"),
        ("LIMITS", '{"in_fligth": 2}', "limits.in_fligth is not a known setting; did you mean 'in_flight'?"),
        ("DEVICES", '{"id": "a"}', "devices must be a list"),
        ("DEVICES", '[{"id": "a"}]', "devices[0].key is required"),
        ("GATEWAY__NAME", "\udcff", "gateway.name must be one line"),
        ("GOOGLE__CLIENT_SECRT", "x", "did you mean 'GATEWAY_GOOGLE__CLIENT_SECRET'?"),
        ("TIME_ZONE", "x", "did you mean 'GATEWAY_GATEWAY__TIME_ZONE'?"),
        ("DEVICES__1__ID", "x", "is not a variable of the gateway"),
    ],
)  # fmt: skip
def test_variables_that_are_refused(name: str, text: str, words: str) -> None:
    told = problems({f"GATEWAY_{name}": text})
    assert told[0].startswith(f"environment GATEWAY_{name}: ")
    assert words in told[0]


def test_a_value_has_one_variable() -> None:
    Path("name").write_text("x\n")
    written("", "GATEWAY_GATEWAY__NAME=weaker")
    by_file = {"GATEWAY_GATEWAY__NAME_FILE": "name"}
    assert load(None, by_file).gateway.name == "x"
    assert load(None, {**by_file, "GATEWAY_GATEWAY__NAME": ""}).gateway.name == "x"
    for other in ({"GATEWAY_GATEWAY__NAME": "y"}, {"GATEWAY_GATEWAY": '{"name": "y"}'}):
        [line] = problems({**by_file, **other})
        assert "gateway.name is set twice, also by environment GATEWAY_GATEWAY" in line
    written(DEVICE, "")
    assert "is set twice" in problems({**DEVICE_KEY, "GATEWAY_DEVICES__0__KEY": KEY})[0]


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "cannot be read"), (b"\xff", "not UTF-8"), (b"x" * 300_000, "larger than"), (b"a\nb", "one line")],
)
def test_files_behind_variables_that_are_refused(content: bytes | None, words: str) -> None:
    if content is not None:
        Path("name").write_bytes(content)
    [line] = problems({"GATEWAY_GATEWAY__NAME_FILE": "name"})
    assert line.startswith("environment GATEWAY_GATEWAY__NAME_FILE: ")
    assert words in line


def test_devices_from_variables_alone() -> None:
    environ = {
        "GATEWAY_DEVICES__0__ID": "a",
        "GATEWAY_DEVICES__0__PROFILE": "a/b",
        "GATEWAY_DEVICES__A__KEY": KEY,
        "GATEWAY_DEVICES__1__ID": "1001",
        "GATEWAY_DEVICES__1001__PROFILE": "c/d",
        "GATEWAY_DEVICES__1001__KEY": KEY[::-1],
    }
    assert [device.profile for device in load(None, environ).devices] == ["a/b", "c/d"]
    del environ["GATEWAY_DEVICES__1__ID"]
    assert [line.split(":")[0] for line in problems(environ)] == [
        "environment GATEWAY_DEVICES__1001__KEY",
        "environment GATEWAY_DEVICES__1001__PROFILE",
    ]


def test_a_variable_that_may_mean_two_devices_is_refused() -> None:
    written("devices:\n" + "".join(f"- {{id: {name}, profile: a/b}}\n" for name in ("b", "'0'", "a-b", "a.b")))
    keys = {f"GATEWAY_DEVICES__{name}__KEY": KEY for name in ("B", "1", "2", "3")}
    assert len(load(None, keys).devices) == 4
    assert problems({**keys, "GATEWAY_DEVICES__0__NAME": "x", "GATEWAY_DEVICES__A_B__NAME": "x"}) == [
        "environment GATEWAY_DEVICES__0__NAME: may mean devices[0].name and devices[1].name; use another id",
        "environment GATEWAY_DEVICES__A_B__NAME: may mean devices[2].name and devices[3].name; use another id",
    ]


def test_a_list_from_a_stronger_source_replaces_the_weaker_one() -> None:
    written(DEVICE + "    calendar: old", f"GATEWAY_DEVICES__NEW__KEY={KEY}\nGATEWAY_DEVICES__NEW__NAME=weaker")
    strong = {"GATEWAY_DEVICES": '[{"id": "new", "profile": "a/b", "name": "stronger"}]'}
    config = load(None, strong)
    assert config.devices == (DeviceSection(id="new", profile="a/b", name="stronger", key=Secret(KEY)),)
    assert ("devices[0].calendar", "not set", "default") in describe(config)


@pytest.mark.parametrize(
    ("raw", "words"),
    [(b"\xff", "not UTF-8"), (b"#" * 300_000, "larger than 256 KiB"), (b"A='", "cannot be read; write NAME=value")],
)
def test_a_dotenv_that_cannot_be_read(raw: bytes, words: str) -> None:
    Path(".env").write_bytes(raw)
    [line] = problems()
    assert line.startswith(".env:")
    assert words in line


def test_dotenv_text_is_taken_as_it_stands() -> None:
    written("", "\ufeffexport GATEWAY_GATEWAY__NAME='a ${HOME} #1' # end\r\nOTHER=${NONE}\r\n")
    assert load(None, {"HOME": "x"}).gateway.name == "a ${HOME} #1"


def test_a_device_without_key_is_told_which_variable_to_set() -> None:
    assert problem_of(DEVICE) == (
        "config.yaml:2:5: devices[0].key is required; write GATEWAY_DEVICES__UCM_1__KEY=... into .env, or set that "
        "environment variable ('meeting-gateway init' makes one)"
    )
    for key in (KEY[1:], KEY + " ", "ü" * 16, "k" * 257):
        assert "16 to 256" in problem_of(DEVICE, {"GATEWAY_DEVICES__UCM_1__KEY": key})


def test_data_dir_starts_at_the_file_or_for_the_command_line_here() -> None:
    Path("etc").mkdir()
    Path("etc/c.yaml").write_text("gateway: {data_dir: ../d}")
    assert load(Path("etc/c.yaml"), {}).gateway.data_dir == Path.cwd() / "etc/../d"
    Path("etc/d.yaml").touch()
    assert load(Path("etc/d.yaml"), {}, {"gateway.name": "x"}).gateway.data_dir == Path.cwd() / "etc/data"
    assert load(Path("etc/c.yaml"), {"GATEWAY_GATEWAY__DATA_DIR": "/x"}).gateway.data_dir == Path("/x")
    assert load(Path("etc/c.yaml"), {}, {"gateway.data_dir": Path("e")}).gateway.data_dir == Path.cwd() / "e"


def test_many_devices_are_read_in_reasonable_time() -> None:
    written("devices:\n" + "".join(f"- {{id: ucm-{number}, profile: a/b}}\n" for number in range(400)))
    keys = {f"GATEWAY_DEVICES__UCM_{number}__KEY": KEY for number in range(1, 400)}
    assert len(problems(keys)) == 1
    assert len(load(None, {**keys, "GATEWAY_DEVICES__UCM_0__KEY": KEY}).devices) == 400


def test_config_keeps_sources_out_of_the_way() -> None:
    one = load(None, {"GATEWAY_GATEWAY__NAME": "x"})
    two = load(None, {}, {"gateway.name": "x"})
    assert one == two
    assert one.sources != two.sources
    assert "environment" not in repr(one)
    assert hash(dataclasses.replace(one, sources={}))


def test_importing_the_settings_loads_nothing_heavy() -> None:
    heavy = ("cattrs", "attr", "dotenv", "json", "aiohttp", "tzdata", "difflib")
    code = f"import sys, gateway.config; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], check=True, cwd=TOP, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
