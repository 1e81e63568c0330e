"""What is loaded at the start: printing the version loads no server, a gateway without an account no Google."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

HEAVY = ("aiohttp", "cattrs", "cryptography", "dotenv", "google.auth", "google.oauth2", "sqlite3", "tzdata", "yaml")

VERSION = """\
import contextlib, json, sys
from gateway.cli import main
with contextlib.redirect_stdout(sys.stderr), contextlib.suppress(SystemExit):
    main(["--version"])
print(json.dumps(sorted(sys.modules)))
"""

SERVE = """\
import asyncio, json, sys
from pathlib import Path
import aiohttp
from gateway.app.serving import running
from gateway.clock import SystemClock
from gateway.config import load

KEY = {"GATEWAY_DEVICES__SCRIPT__KEY": "imports-key-0123456789"}

async def serve():
    async with running(load(Path("config.yaml"), KEY), SystemClock()) as gateway:
        async with aiohttp.ClientSession() as session, session.get(gateway.listener.url + "/readyz") as answer:
            assert (await answer.json())["account"] == "none"
        print(json.dumps(sorted(sys.modules)))

asyncio.run(serve())
"""
CONFIG = """\
version: 1
gateway: {listen: '127.0.0.1:0', listen_tls: '127.0.0.1:0'}
devices: [{id: script, profile: generic/json}]
"""


def loaded_by(script: str, folder: Path) -> set[str]:
    """The modules that a Python process has at the end of `script`."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("GATEWAY_")}
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=folder,
        env={**environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_printing_the_version_loads_nothing_heavy(tmp_path: Path):
    assert loaded_by(VERSION, tmp_path).isdisjoint(HEAVY)


def test_a_gateway_without_an_account_and_visitors_loads_neither_google_nor_encryption_nor_pages(tmp_path: Path):
    (tmp_path / "config.yaml").write_text(CONFIG)
    loaded = loaded_by(SERVE, tmp_path)
    assert "gateway.google.calendar" in loaded
    for package in (
        "google.auth",
        "google.oauth2",
        "cryptography",
        "argon2",
        "jinja2",
        "markupsafe",
        "segno",
        "zeroconf",
        "icalendar",
    ):
        assert not [name for name in loaded if name == package or name.startswith(f"{package}.")], package


def test_no_runtime_package_is_loaded_that_is_not_ours(tmp_path: Path):
    """What the tests install (pydantic, requests, …) must not be needed to serve."""
    (tmp_path / "config.yaml").write_text(CONFIG)
    loaded = loaded_by(SERVE, tmp_path)
    for package in ("googleapiclient", "httplib2", "hypothesis", "jsonschema", "pydantic", "pytest", "requests"):
        assert package not in loaded
