"""Secrets in the settings: wherever one is written, no problem, repr, log line or dump shows it."""

from __future__ import annotations

import copy
import dataclasses
import json
import logging
import pickle
import traceback
from pathlib import Path

import pytest

from gateway.config import Secret, describe, load
from gateway.errors import ConfigError

DEVICE = "devices:\n  - id: ucm-1\n    profile: grandstream/ucm6300\n"


@pytest.fixture(autouse=True)
def _in_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


CANARY = "GOCSPX-canary-canary"


def everything_said(error: BaseException) -> str:
    chain = [error, error.__cause__, error.__context__]
    return "".join(f"{each}{each!r}{getattr(each, 'args', '')}" for each in chain) + "".join(
        traceback.format_exception(error)
    )


@pytest.mark.parametrize(
    ("yaml", "env", "environ"),
    [
        (f"google: {{client_secret: {CANARY}}}", "", {}),
        (f"google: {{client_secret: [{CANARY}]}}", "", {}),
        (f"google: {{client_secrt: {CANARY}}}", "", {}),
        (f"google: {{client_id: {CANARY}}}", "", {}),
        (f"google: {{client_id: '{CANARY} x'}}", "", {}),
        (f"google: {CANARY}", "", {}),
        (f"google: [{CANARY}]", "", {}),
        (f"google: {{endpoints: {{token: 'https://a:{CANARY}@b.example'}}}}", "", {}),
        (f"google: {{redirect_uri: 'https://a:{CANARY}@b.example'}}", "", {}),
        ("google: {endpoints: {token: 'https://a:canary@b.example'}}", "", {}),
        ("gateway: {public_url: 'https://a:canary@b.example'}", "", {}),
        (f"google: {{redirect_uri: {CANARY}}}", "", {}),
        (f"gateway: {{listen: {CANARY}, public_url: 'https://a:{CANARY}@b.example', time_zone: {CANARY}}}", "", {}),
        (f"gateway: {{name: {{{CANARY.lower()}: 1}}}}", "", {}),
        (f"limits: {{in_flight: {CANARY}}}", "", {}),
        (f"{DEVICE}    key: {CANARY}", "", {}),
        (f"metrics: {{token: {CANARY}}}", "", {}),
        ("", f"GATEWAY_METRICS__TOKEN='{CANARY} x'", {}),
        ("", "", {"GATEWAY_METRICS__TOKEN": "canary"}),
        (f"{DEVICE}    key: {{x: {CANARY}}}", "", {}),
        (f"{DEVICE}  - {CANARY}", "", {}),
        (f'google: {{client_secret: "{CANARY}', "", {}),
        (f"google:\n client_secret: !{CANARY} x", "", {}),
        (f"google:\n client_secret: *{CANARY}", "", {}),
        (f"google:\n client_secret: @{CANARY}", "", {}),
        (f"google:\n client_secret: {CANARY}: x", "", {}),
        (f"{CANARY}", "", {}),
        ("", f"GATEWAY_GOOGLE__CLIENT_SECRET='{CANARY} x'", {}),
        ("", f"GATEWAY_GOOGLE__CLIENT_SECRET='{CANARY}", {}),
        ("", f"GATEWAY_GOOGLE__CLIENT_SECRT={CANARY}", {}),
        ("", f"{CANARY}", {"GATEWAY_X": CANARY}),
        (DEVICE, f"GATEWAY_DEVICES__UCM_1__KEY='{CANARY} x'", {}),
        ("", "", {"GATEWAY_GOOGLE__CLIENT_SECRET": f"{CANARY} x"}),
        ("", "", {"GATEWAY_GOOGLE__CLIENT_SECRET_FILE": CANARY}),
        ("", "", {"GATEWAY_GOOGLE__CLIENT_SECRET_FILE": f"\0{CANARY}"}),
        ("", "", {"GATEWAY_GATEWAY__LISTEN_FILE": "secret"}),
        ("", "", {"GATEWAY_GOOGLE": f'{{"client_secret": "{CANARY} x"}}'}),
        ("", "", {"GATEWAY_GOOGLE": f'{{"client_secret": ["{CANARY}"]}}'}),
        ("", "", {"GATEWAY_GOOGLE": f'{{"client_secret": "{CANARY}'}),
        ("", "", {"GATEWAY_GOOGLE": f'"{CANARY}"'}),
        ("", "", {"GATEWAY_DEVICES": f'[{{"key": "{CANARY}"}}]'}),
        ("", "", {"GATEWAY_DEVICES": f'["{CANARY}"]'}),
        ("version: 2", "", {"GATEWAY_GOOGLE__CLIENT_SECRET": CANARY}),
    ],
)
def test_no_problem_shows_a_secret(yaml: str, env: str, environ: dict[str, str]) -> None:
    Path("config.yaml").write_text(yaml)
    Path(".env").write_text(env)
    Path("secret").write_text("hidden-canary")
    with pytest.raises(ConfigError) as caught:
        load(None, environ)
    assert "canary" not in everything_said(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_a_loaded_secret_is_shown_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    environ = {"GATEWAY_DEVICES__UCM_1__KEY": CANARY, "GATEWAY_GOOGLE__CLIENT_SECRET": CANARY}
    Path("config.yaml").write_text(DEVICE)
    config = load(None, environ)
    key = config.devices[0].key
    assert key is not None
    assert key.reveal() == CANARY
    logging.getLogger("test").warning("%s %r %s", config, config, key)
    said = f"{config}{config!r}{config.devices}{key}{key!r}{key:>40}{describe(config)}{caplog.text}"
    said += json.dumps(dataclasses.asdict(config), default=str)
    assert "canary" not in said
    assert ("devices[0].key", "***", "environment GATEWAY_DEVICES__UCM_1__KEY") in describe(config)
    for write in (
        pickle.dumps,
        lambda secret: pickle.dumps(secret, 0),
        json.dumps,
        vars,
        dataclasses.asdict,
        Secret.__getstate__,
    ):
        with pytest.raises(TypeError) as caught:
            write(key)
        assert "canary" not in str(caught.value)
    assert copy.deepcopy(config) == config
    assert key == Secret(CANARY)
    assert key != Secret("other")
    assert key != CANARY
    assert hash(key) == hash(Secret(CANARY))
