"""Killed with SIGKILL at every step of a meeting's life: after the restart, one event with the right content."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from dataclasses import dataclass

import aiohttp
import pytest

from simulator.google import SimulatedGoogle
from tests.journey.gateway_process import DEVICE_KEY, MONDAY, GatewayProcess

POINTS: dict[str, tuple[str, ...]] = {
    "4 one transaction": (
        "gateway.mirror.intake.intake:Intake.accept:call:1",
        "gateway.domain.change:stored:return:1",
        "gateway.mirror.intake.acceptance:Acceptance.accept:call:1",
        "gateway.store.outbox:put:return:1",
        "gateway.store.audit:write:return:1",
        "gateway.mirror.intake.acceptance:Acceptance.accept:return:1",
        "gateway.device_api.answers:accepted:call:1",
    ),
    "5 claim": (
        "gateway.mirror.outbound.claim:Claims.claim:return:1",
        "gateway.store.outbox:_row:return:1",
        "gateway.store.mirrored:claim:call:1",
        "gateway.store.mirrored:claim:return:1",
        "gateway.mirror.outbound.claim:Claims._event:return:1",
        "gateway.mirror.outbound.outbound:Outbound._carry_out:call:1",
    ),
    "6 event body": (
        "gateway.mirror.outbound.delivery:Delivery.bring:call:1",
        "gateway.domain.change:from_json:return:1",
        "gateway.mirror.outbound.delivery:Delivery.ref:return:1",
        "gateway.google.event_json:event_body:call:1",
        "gateway.google.event_json:event_body:return:1",
    ),
    "7 call and answer": (
        "gateway.google.calendar:GoogleCalendar.insert:return:1",
        "gateway.google.tokens:AccessTokens.token:call:1",
        "gateway.google.tokens:AccessTokens.token:return:1",
        "gateway.google.failures:classify:call:1",
        "gateway.google.failures:classify:return:1",
    ),
    "8 done": (
        "gateway.mirror.outbound.ending:Ending.settle:call:1",
        "gateway.store.mirrored:live:call:1",
        "gateway.store.mirrored:live:return:1",
        "gateway.store.outbox:finish:call:1",
        "gateway.store.outbox:finish:return:1",
        "gateway.mirror.outbound.ending:_close:return:1",
    ),
}
LEAST_KILLS_PER_STEP = 5


@dataclass
class PatientDevice:
    """Sends a meeting until somebody answers, as a PBX does."""

    number: int = 0
    heard: bool = True

    def meeting(self) -> dict[str, object]:
        return {
            "external_id": f"kill-{self.number}",
            "subject": f"Meeting {self.number}",
            "start": f"{MONDAY}T10:00:00",
            "end": f"{MONDAY}T11:00:00",
            "time_zone": "(UTC+01:00) Etc/GMT-1",
        }

    async def send(self, base: str) -> None:
        """Repeat what was not heard; then, so that something new happens in any case, send the next meeting."""
        if not self.heard and not await self.send_once(base):
            return
        self.number += 1
        self.heard = await self.send_once(base)

    async def send_once(self, base: str) -> bool:
        """Return whether the gateway said that it keeps the meeting."""
        try:
            async with (
                aiohttp.ClientSession(headers={"Authorization": f"Bearer {DEVICE_KEY}"}) as session,
                session.post(f"{base}/api/v1/devices/script/meetings", json=self.meeting()) as answer,
            ):
                await answer.read()
                return answer.status in (200, 202)
        except aiohttp.ClientError:
            return False


async def test_killed_at_every_step(
    google: SimulatedGoogle, gateway: GatewayProcess, capsys: pytest.CaptureFixture[str]
):
    await gateway.start()
    await gateway.sign_in()
    await gateway.stop()
    device = PatientDevice()
    kills: Counter[str] = Counter()
    for step, points in POINTS.items():
        for point in points:
            await gateway.start("-m", "tests.journey.kill_at", point)
            sending = asyncio.create_task(device.send(gateway.http))
            assert await gateway.ended() == -signal.SIGKILL, f"{point} was never reached\n{gateway.log[-3000:]}"
            await sending
            kills[step] += 1
            heard = "" if device.heard else " (the device heard nothing and repeats)"
            with capsys.disabled():
                print(f"\nkilled at step {step}: {point}{heard}", end="")
    await gateway.start()
    while not await device.send_once(gateway.http):
        pass
    await gateway.drained()
    assert await gateway.stop() == 0
    with capsys.disabled():
        print("\nkills observed:", dict(kills))
    assert all(kills[step] >= LEAST_KILLS_PER_STEP for step in POINTS)
    living = [event for event in google.state.all_events() if event["status"] != "cancelled"]
    assert sorted(event["summary"] for event in living) == sorted(f"Meeting {n}" for n in range(1, device.number + 1))
    for event in living:
        assert event["start"]["timeZone"] == "Etc/GMT-1"
        assert event["start"]["dateTime"].startswith(f"{MONDAY}T10:00:00")
