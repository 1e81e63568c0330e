"""What was chosen or signed in on the page reaches the rest of a gateway that runs, without a restart."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

from gateway.app.stored import Stored
from gateway.config import load
from gateway.domain.meeting import Invitations
from gateway.store import outbox
from simulator.google import SimulatedGoogle
from tests.journey.gateway_process import CLIENT_SECRET, CONFIG, DEVICE_KEY
from tests.prepared import running
from tests.unit.google.moved_clock import MovedClock


async def test_choice_and_sign_in_count_at_once(tmp_path: Path, google: SimulatedGoogle) -> None:
    numbers = {"retry_first_s": 1, "retry_cap_s": 2, "call_timeout_s": 30}
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG.format(client_id="sim-client.apps.googleusercontent.com", base=google.base, **numbers))
    environ = {
        "GATEWAY_GOOGLE__CLIENT_SECRET": CLIENT_SECRET,
        "GATEWAY_DEVICES__UCM_1__KEY": DEVICE_KEY,
        "GATEWAY_DEVICES__SCRIPT__KEY": DEVICE_KEY,
        "GATEWAY_GATEWAY__LISTEN_TLS": "127.0.0.1:0",
    }
    async with running(load(path, environ), MovedClock()) as gateway:
        stored = gateway.stored
        await stored.choice.save("rooms@example.com", name="Rooms", invitations=Invitations.OFF)
        policies = [device.policy for device in map(gateway.register.find, ("ucm-1", "script")) if device is not None]
        assert [(policy.calendar_id, policy.invitations) for policy in policies] == [
            ("rooms@example.com", Invitations.OFF),
            ("rooms@example.com", Invitations.GOOGLE),  # its own, in config.yaml
        ]

        def hold(conn: sqlite3.Connection) -> None:
            outbox.put(conn, kind="other", subject_id=1, revision=1, now_ms=1)
            conn.execute("UPDATE outbox SET hold = 'authorization'")

        await stored.database.write(hold)
        await connect_here(google, stored)
        assert await stored.database.read(outbox.counts) == {"waiting": 1}, "what was held is due again"
        assert any(task.get_name() == "keep-clean" for task in asyncio.all_tasks())


async def connect_here(google: SimulatedGoogle, stored: Stored) -> None:
    link = await stored.accounts.start()
    await stored.accounts.store(await stored.accounts.finish(google.do.approve(link.url)), replace=False)
