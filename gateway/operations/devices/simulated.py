"""A call that nobody made: a meeting in the words of a device, taken as one of its calls; no device hears of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from gateway.clock import Clock
from gateway.devices.device import Device
from gateway.domain.meeting import Meeting
from gateway.mirror.intake.intake import Intake
from gateway.mirror.intake.receipts import Caller, Receipt
from gateway.profiles import translate
from gateway.profiles.writing import to_payload

_LENGTH = timedelta(minutes=30)


class Simulated(NamedTuple):
    """What came of it: the meeting in the device's words and as it was understood, and what a device would be told."""

    payload: dict[str, object]
    meeting: Meeting
    receipt: Receipt


async def simulate_call(device: Device, intake: Intake, clock: Clock, *, subject: str, zone: str) -> Simulated:
    """Schedule a meeting for tomorrow at 10:00 as `device` would, in the words of its profile.

    `zone` is the IANA name that counts when none was set for the device. Raises BadPayload when the profile
    does not understand its own words, and as `Intake.accept`.
    """
    now_s = clock.now_ms() // 1000
    meant = _tomorrow(now_s, subject, device.time_zone or zone)
    payload = to_payload(device.profile, device.profile.shapes[0].name, meant)
    context = translate.Context(meant.external_id, device.time_zone or zone, now_s, False, device.directory)
    said = translate.to_meeting(device.profile, payload, context)
    caller = Caller(device.row.id, device.row.name, device.policy.conflict, device.policy.account)
    receipt = await intake.accept(caller, said.meeting, shape=said.shape, warnings=said.warnings)
    return Simulated(payload=payload, meeting=said.meeting, receipt=receipt)


def _tomorrow(now_s: int, subject: str, zone: str) -> Meeting:
    here = ZoneInfo(zone)
    day = datetime.fromtimestamp(now_s, here) + timedelta(days=1)
    start = day.replace(hour=10, minute=0, second=0, microsecond=0, tzinfo=None)
    end = start + _LENGTH
    return Meeting(
        external_id=f"simulated-call-{now_s}",
        subject=subject,
        start_local=start,
        end_local=end,
        zone=zone,
        start_utc_s=int(start.replace(tzinfo=here).timestamp()),
        end_utc_s=int(end.replace(tzinfo=here).timestamp()),
    )
