"""The command line as a shell sees it: exit codes by sysexits.h, data on standard output, talk on standard error."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateway import __version__, cli
from gateway.cli import command as codes
from tests import warm

KEY = "command-line-device-key-0123"
SECRET = "GOCSPX-command-line-secret"
CONFIG = """\
version: 1
gateway: {{listen: '{listen}', listen_tls: '127.0.0.1:0'}}
google:
  client_id: sim-client.apps.googleusercontent.com
  endpoints:
    authorize: http://127.0.0.1:1/o/oauth2/v2/auth
    token: http://127.0.0.1:1/token
    revoke: http://127.0.0.1:1/revoke
    userinfo: http://127.0.0.1:1/v1/userinfo
    calendar: http://127.0.0.1:1/calendar/v3
devices: [{{id: script, profile: {profile}}}]
"""


class Shell:
    """Runs commands of the gateway in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        clean = {name: value for name, value in os.environ.items() if not name.startswith("GATEWAY_")}
        self.environ = {**clean, "GATEWAY_DEVICES__SCRIPT__KEY": KEY, "PYTHONPATH": str(Path(__file__).parents[2])}

    def configure(self, *, listen: str = "127.0.0.1:0", profile: str = "generic/json", secret: bool = False) -> None:
        (self.folder / "config.yaml").write_text(CONFIG.format(listen=listen, profile=profile))
        if secret:
            self.environ["GATEWAY_GOOGLE__CLIENT_SECRET"] = SECRET

    def start(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "gateway", *words],
            cwd=self.folder,
            env=self.environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __call__(self, *words: str, typed: str = "", code: int = 0) -> tuple[str, str]:
        """Run a command that must end with `code`; return what it printed and what it said."""
        ended = warm.run(["-m", "gateway", *words], env=self.environ, stdin=typed, cwd=str(self.folder))
        got, out, err = asyncio.run(asyncio.wait_for(ended, 60))
        assert got == code, err
        assert "Traceback" not in err
        assert KEY not in out + err
        assert SECRET not in out + err
        return out, err


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


@contextmanager
def serving(shell: Shell, *words: str) -> Iterator[dict[str, object]]:
    """A gateway that serves; it must end with 0 when it is asked to."""
    process = shell.start("serve", "--ready-json", *words)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, process.communicate()[1]
        yield json.loads(line)
    finally:
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err


def test_help_lists_every_command_and_every_option_has_a_text(shell: Shell):
    out, err = shell("--help")
    assert err == ""
    for word in ("serve", "check-config", "init", "google", "openapi", "version"):
        assert word in out
    for name, parser in every_parser(cli._parser()).items():
        for action in parser._actions:
            assert action.help or isinstance(action, argparse._SubParsersAction), f"{name} {action.option_strings}"


def every_parser(parser: argparse.ArgumentParser, name: str = "") -> dict[str, argparse.ArgumentParser]:
    found = {name: parser}
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for word, below in action.choices.items():
                found |= every_parser(below, f"{name} {word}".strip())
    return found


def test_version_and_contract_go_to_standard_output(shell: Shell):
    assert shell("--version") == (f"meeting-gateway {__version__}\n", "")
    assert shell("version")[0].startswith(f"meeting-gateway {__version__}, Python 3.")
    assert shell("openapi")[0].startswith("openapi: 3.1.0\n")


@pytest.mark.parametrize("words", [("nonsense",), ("serve", "--port", "1"), ("google",), ("--log-level", "loud")])
def test_wrong_usage(shell: Shell, words: tuple[str, ...]):
    out, err = shell(*words, code=codes.USAGE)
    assert out == ""
    assert err.startswith("usage: meeting-gateway")


@pytest.mark.parametrize("command", [("serve",), ("check-config",), ("google", "login"), ("google", "status")])
def test_every_problem_of_the_settings_at_once(shell: Shell, command: tuple[str, ...]):
    (shell.folder / "config.yaml").write_text("version: 1\ngatway: {}\nlimits: {in_flight: '5', body_bytes: 5}\n")
    del shell.environ["GATEWAY_DEVICES__SCRIPT__KEY"]
    out, err = shell(*command, code=codes.CONFIGURATION)
    assert out == ""
    lines = err.splitlines()
    assert len(lines) == 3, err
    assert all(line.startswith("ERROR config.yaml:") for line in lines)
    assert "did you mean" in err


@pytest.mark.parametrize("command", [("serve",), ("check-config",)])
def test_an_unknown_profile_is_a_mistake_in_the_settings(shell: Shell, command: tuple[str, ...]):
    shell.configure(profile="grandstream/ucm630")
    _, err = shell(*command, code=codes.CONFIGURATION)
    assert "did you mean 'grandstream/ucm6300'?" in err


def test_a_file_that_is_not_there(shell: Shell):
    _, err = shell("--config", "nowhere.yaml", "check-config", code=codes.CONFIGURATION)
    assert "nowhere.yaml" in err


def test_check_config_shows_every_setting_and_no_secret(shell: Shell):
    shell.configure(secret=True)
    out, _ = shell("check-config", "--show")
    assert "google.client_secret = ***  (environment GATEWAY_GOOGLE__CLIENT_SECRET)" in out
    assert "limits.in_flight = 5  (default)" in out
    assert out.endswith("config.yaml: no problems, 1 device.\n")


def test_init_writes_files_that_are_right_and_never_replaces_them_unasked(shell: Shell):
    out, _ = shell("init")
    assert out.splitlines()[:2] == ["wrote config.yaml", "wrote .env"]
    assert stat.S_IMODE((shell.folder / ".env").stat().st_mode) == 0o600
    first = (shell.folder / ".env").read_text()
    del shell.environ["GATEWAY_DEVICES__SCRIPT__KEY"]
    assert "no problems, 1 device." in shell("check-config")[0]
    _, err = shell("init", code=codes.CANNOT_CREATE)
    assert "--force" in err
    assert (shell.folder / ".env").read_text() == first
    shell("init", "--force")
    assert (shell.folder / ".env").read_text() != first, "every init makes a fresh key"


def test_init_where_nothing_can_be_written(shell: Shell):
    (shell.folder / "file").write_text("")
    _, err = shell("--config", "file/config.yaml", "init", code=codes.CANNOT_CREATE)
    assert "file/config.yaml" in err


def test_a_data_folder_that_cannot_be_used(shell: Shell):
    shell.configure()
    (shell.folder / "file").write_text("")
    _, err = shell("--data", "file/data", "serve", code=codes.TEMPORARY)
    assert "file/data" in err
    assert "gateway.data_dir" in err


def test_a_damaged_database_is_not_served(shell: Shell):
    shell.configure()
    (shell.folder / "data").mkdir()
    (shell.folder / "data" / "gateway.db").write_bytes(b"This is no database. " * 500)
    _, err = shell("serve", code=codes.CONFIGURATION)
    assert "damaged" in err


def test_one_gateway_per_data_folder(shell: Shell):
    shell.configure()
    with serving(shell) as ready:
        _, err = shell("serve", code=codes.CONFIGURATION)
        assert f"Another gateway (process {ready['pid']}) already serves" in err
    with serving(shell):
        pass


def test_a_port_that_is_taken(shell: Shell):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        shell.configure(listen=f"127.0.0.1:{taken.getsockname()[1]}")
        _, err = shell("serve", code=codes.CONFIGURATION)
    assert "gateway.listen" in err
    assert "Choose another port" in err


def test_signing_in_without_a_client_or_without_google(shell: Shell):
    shell.configure()
    _, err = shell("google", "login", code=codes.NOT_AUTHORIZED)
    assert "ERROR G-104 " in err
    shell.configure(secret=True)
    out, _ = shell("google", "login", "--print-link")
    assert out.startswith("http://127.0.0.1:1/o/oauth2/v2/auth?")
    _, err = shell("google", "login", "--code", "4/0AbCdEfGhIjKlMnOpQrStUvWxYz0123456789", code=codes.UNREACHABLE)
    assert "ERROR N-02 " in err
    _, err = shell("google", "login", "--code", "-", typed="hello\n", code=codes.NOT_AUTHORIZED)
    assert "ERROR G-2" in err


def test_status_and_logout_without_an_account(shell: Shell):
    shell.configure()
    out, _ = shell("google", "status", code=codes.NOT_AUTHORIZED)
    assert "meeting-gateway google login" in out
    out, _ = shell("google", "status", "--json", code=codes.NOT_AUTHORIZED)
    assert json.loads(out)["state"] == "none"
    assert "forgotten" in shell("google", "logout")[0]


def test_a_reader_that_goes_away_is_no_error(shell: Shell):
    done = subprocess.run(
        f"{sys.executable} -m gateway openapi | head -c 1; exit ${{PIPESTATUS[0]}}",
        shell=True,
        executable="/bin/bash",
        cwd=shell.folder,
        env=shell.environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "o", "")


def test_ctrl_c_ends_the_server_in_good_order(shell: Shell):
    shell.configure()
    process = shell.start("serve", "--ready-json")
    assert process.stdout is not None
    assert process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "Traceback" not in err
