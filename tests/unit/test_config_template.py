"""What `init` writes, the example files, and the documentation: complete, loadable, and the same."""

from __future__ import annotations

import dataclasses
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.config import Config, DeviceSection, Secret, load
from gateway.config.shape import default_at, dotted, is_section, item_section, kind_at, paths, variable
from gateway.config.template import config_yaml, env_file, write_initial
from gateway.errors import ConfigError
from tests.way_out import company

TOP = Path(__file__).parents[2]
KEY = "0123456789abcdef"


@pytest.fixture(autouse=True)
def _in_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def written(yaml: str, env: str) -> None:
    Path("config.yaml").write_text(yaml)
    Path(".env").write_text(env)


def problems(environ: dict[str, str]) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(None, environ)
    return caught.value.problems


def uncommented(text: str) -> str:
    return re.sub(r"^( *)#(?=[a-z_]+:)", r"\1", text, flags=re.MULTILINE)


def test_the_template_loads_and_its_commented_values_are_the_defaults() -> None:
    written(config_yaml(), env_file(KEY))
    config = load(None, {})
    assert config.devices == (DeviceSection(id="ucm-1", profile="grandstream/ucm6300", key=Secret(KEY)),)
    written("", "")
    assert dataclasses.replace(config, devices=()) == load(None, {})
    Path("company-root.pem").write_text(company().root)
    written(
        uncommented(config_yaml("a.b")),
        env_file(KEY, "a.b")
        .replace("#GATEWAY_DEVICES__A_B__POLL", "GATEWAY_DEVICES__A_B__POLL")
        .replace("#GATEWAY_DEVICES__A_B__WEBHOOK", "GATEWAY_DEVICES__A_B__WEBHOOK")
        .replace("#GATEWAY_NOTIFICATIONS", "GATEWAY_NOTIFICATIONS")
        .replace("#GATEWAY_NETWORK", "GATEWAY_NETWORK")
        .replace("#GATEWAY_METRICS__TOKEN=", f"GATEWAY_METRICS__TOKEN={KEY}")
        .replace("__PASSWORD=", "__PASSWORD=x")
        .replace("__WEBHOOK__SECRET=", "__WEBHOOK__SECRET=whsec_" + "a" * 32),
    )
    full = load(None, {})
    assert full.devices[0].id == "a.b"
    absent = {dotted(path) for path in leaves() if full.sources.get(dotted(path)) in (None, "default")}
    assert absent == {"google.client_secret"}
    for path in leaves():
        default = default_at(Config, path) if "devices" not in path else None
        if default is not None and path not in _FOLDERS:
            assert value_at(full, path) == default, dotted(path)
    assert full.gateway.data_dir == Path.cwd() / "data"


_FOLDERS = (("gateway", "data_dir"), ("gateway", "profiles_dir"))


def leaves() -> list[tuple[str | int, ...]]:
    every = paths(Config, {("devices",): 1})
    return [path for path in every if not is_section(kind := kind_at(Config, path)) and not item_section(kind)]


def value_at(config: Config, path: tuple[str | int, ...]) -> object:
    value: object = config
    for step in path:
        value = value[step] if isinstance(step, int) else getattr(value, step)  # type: ignore[index]
    return value


def test_the_examples_are_the_template() -> None:
    assert (TOP / "config.yaml.example").read_text() == config_yaml()
    assert (TOP / ".env.example").read_text() == env_file("")
    written((TOP / "config.yaml.example").read_text(), (TOP / ".env.example").read_text())
    [line] = problems({})
    assert "GATEWAY_DEVICES__UCM_1__KEY=..." in line


def test_every_setting_is_explained() -> None:
    document = (TOP / "docs/reference/configuration.md").read_text()
    for path in leaves():
        key = dotted(path).replace("[0]", "[]")
        [row] = re.findall(rf"^\| `{re.escape(key)}` \|.*$", document, re.MULTILINE)
        by_id = ("devices", "ucm-hq", *path[2:]) if "devices" in path else path
        names = {variable(path), variable(by_id).replace("UCM_HQ", "<ID>")}
        assert any(f"`{name}`" in row for name in names), row
        default = default_at(Config, path) if "devices" not in path else None
        if default is not None:
            assert f"| `{str(default).lower() if isinstance(default, bool) else default}` |" in row
        shown = [rf"^ *-? *#?{path[-1]}: ", rf"^#?{variable(by_id).replace('UCM_HQ', 'UCM_1')}="]
        assert re.search(shown[kind_at(Config, path) is Secret], config_yaml() + env_file(KEY), re.MULTILINE), key
    written_keys = set(re.findall(r"^\| `([a-z_.\[\]]+)` \|", document, re.MULTILINE))
    assert written_keys == {dotted(path).replace("[0]", "[]") for path in leaves()}


def test_the_documented_errors_are_real() -> None:
    document = (TOP / "docs/reference/configuration.md").read_text()
    [block] = re.findall(r"```\n(config\.yaml:3:3.*?)```", document, re.DOTALL)
    written(
        "version: 1\ngateway:\n  listen: 80 80\n  time_zon: Europe/Berlin\ngoogle:\n  calendar: primary\n"
        "  client_secret: x\ndevices:\n  - id: ucm-1\n",
        "\nGATEWAY_DEVICES__UCM_1__KEY=short\n",
    )
    assert problems({"GATEWAY_LIMITS__IN_FLIGHT": "500", "GATEWAY_LISTEN": "x"}) == block.splitlines()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_init_writes_private_files_and_overwrites_only_when_forced(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    folder.mkdir()
    yaml, env = write_initial(folder, force=False, new_key=KEY)
    assert (yaml, env) == (folder / "config.yaml", folder / ".env")
    assert (mode(yaml), mode(env)) == (0o644, 0o600)
    assert load(yaml, {}).devices[0].key == Secret(KEY)
    yaml.unlink()
    env.chmod(0o644)
    with pytest.raises(ConfigError) as caught:
        write_initial(folder, force=False, new_key="x" * 16)
    assert caught.value.problems == [f"{env}: the file is there already; --force overwrites it"]
    assert not yaml.exists()
    write_initial(folder, force=True, new_key="x" * 16)
    assert mode(env) == 0o600
    assert load(yaml, {}).devices[0].key == Secret("x" * 16)
    assert sorted(path.name for path in folder.iterdir()) == [".env", "config.yaml"]


def test_init_says_why_it_cannot_write(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        write_initial(tmp_path / "none", force=False, new_key=KEY)
    assert "cannot be written (No such file or directory)" in str(caught.value)
    (tmp_path / ".env").symlink_to(tmp_path / "nowhere")
    with pytest.raises(ConfigError):
        write_initial(tmp_path, force=False, new_key=KEY)


@pytest.mark.parametrize("mask", [0o000, 0o077, 0o777])
def test_init_does_not_depend_on_the_umask(tmp_path: Path, mask: int) -> None:
    code = "import sys,os,pathlib; from gateway.config.template import write_initial as w;"
    code += f"os.umask({mask}); w(pathlib.Path(sys.argv[1]), force=False, new_key='k'*16)"
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True, cwd=TOP)
    assert (mode(tmp_path / "config.yaml"), mode(tmp_path / ".env")) == (0o644, 0o600)
