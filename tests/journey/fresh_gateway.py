"""A fresh gateway without any Google client, a simulated Google, and what their consoles say; no browser here."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from gateway.clock import SystemClock
from simulator.google import SimulatedGoogle, client_file
from tests import warm
from tests.journey.gateway_process import DEADLINE_S, until
from tests.prepared import give_certificate

SET_UP_CODE = re.compile(r"^Set-up code: (\S+)", re.MULTILINE)

CONFIG = """\
version: 1
gateway:
  name: Head office
  listen: 127.0.0.1:0
  listen_tls: 127.0.0.1:0
google:
  endpoints:
    authorize: {base}/o/oauth2/v2/auth
    token: {token}/token
    revoke: {base}/revoke
    userinfo: {base}/v1/userinfo
    calendar: {base}/calendar/v3
limits:
  retry_first_s: 0.05
  retry_cap_s: 2
  call_timeout_s: 30
"""

DEVICES = """\
devices:
  - id: script
    profile: generic/json
"""

DEVICE_KEY = "browser-device-key-0123456789"


@dataclass
class FreshGateway:
    """One gateway as a process; `http` and `https` are its addresses, `log` the file of its console.

    With `devices` its configuration names a device, `script`, with `DEVICE_KEY`.
    """

    folder: Path
    google: SimulatedGoogle
    token: str = ""
    cold: bool = False
    devices: bool = True
    process: asyncio.subprocess.Process | warm.WarmProcess | None = None
    http: str = ""
    https: str = ""

    @property
    def log(self) -> Path:
        return self.folder / "console"

    @property
    def set_up_code(self) -> str:
        """The newest set-up code on the console."""
        return SET_UP_CODE.findall(self.log.read_text())[-1]

    def arguments(self, *words: str) -> list[str]:
        return ["-m", "gateway", "--config", str(self.folder / "config.yaml"), "--log-level", "debug", *words]

    @property
    def environ(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("GATEWAY_")}
        return {**inherited, "GATEWAY_DEVICES__SCRIPT__KEY": DEVICE_KEY} if self.devices else inherited

    async def start(self) -> None:
        config = CONFIG.format(base=self.google.base, token=self.token or self.google.base)
        (self.folder / "config.yaml").write_text(config + (DEVICES if self.devices else ""))
        if not self.cold:
            await give_certificate(self.folder / "data", SystemClock())
        with self.log.open("ab") as console:
            words = self.arguments("serve", "--ready-json")
            self.process = await warm.start(words, env=self.environ, stderr=console, cold=self.cold)
        assert self.process.stdout is not None
        async with asyncio.timeout(DEADLINE_S):
            line = await self.process.stdout.readline()
        assert line, self.log.read_text()
        ready = json.loads(line)
        self.http, self.https = ready["http"], ready.get("https", "")
        await until(lambda: SET_UP_CODE.search(self.log.read_text()), "no set-up code on the console")

    async def stop(self) -> None:
        assert self.process is not None
        with contextlib.suppress(ProcessLookupError):
            self.process.terminate()
        assert self.process.stdout is not None
        async with asyncio.timeout(DEADLINE_S):
            await self.process.wait()
            await self.process.stdout.read()

    def credentials(self) -> Path:
        """Write the client of the simulated Google as the file that Google offers for download."""
        client = next(iter(self.google.state.clients.values()))
        path = self.folder / "client_secret_demo.json"
        path.write_text(json.dumps(client_file.credentials(client, self.google.base)))
        return path


@asynccontextmanager
async def opened(
    folder: Path, google: SimulatedGoogle, *, token: str = "", cold: bool = False, devices: bool = True
) -> AsyncIterator[FreshGateway]:
    """A gateway that was started for the first time; `token` is where it exchanges codes, if not at `google`."""
    gateway = FreshGateway(folder, google, token, cold=cold, devices=devices)
    await gateway.start()
    try:
        yield gateway
    finally:
        await gateway.stop()
