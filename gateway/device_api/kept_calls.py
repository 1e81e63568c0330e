"""Works off the calls of devices that were kept until somebody accepted them; it answers nothing."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping

from gateway.device_api.door import DeviceDoor, caller
from gateway.devices.device import Device
from gateway.devices.pending import KeptCall
from gateway.dialects import native
from gateway.errors import GatewayError, StoreError

_LOGGER = logging.getLogger(__name__)


DISK_TRIES = 12
DISK_PAUSE_S = 5.0


async def work_off(door: DeviceDoor, kept: Mapping[str, tuple[KeptCall, ...]]) -> None:
    """Do what callers asked for before they were accepted, oldest first; what cannot be done is logged."""
    for name, calls in kept.items():
        for call in calls:
            for _ in range(DISK_TRIES):
                device = door.register.find(name)
                if device is None:  # removed again
                    break
                try:
                    await _work_off(door, device, call)
                except StoreError:  # a disk that fails for a while must not cost what was kept
                    await asyncio.sleep(DISK_PAUSE_S)
                    continue
                except GatewayError as error:
                    _LOGGER.info("a call that was kept cannot be accepted: %s", error, extra={"device": name})
                break


async def _work_off(door: DeviceDoor, device: Device, call: KeptCall) -> None:
    if call.method == "DELETE":
        await door.intake.cancel(caller(device), call.path)
        return
    payload = native.decode(call.content_type, call.body, None)
    await door.keep(device, payload, door.context(device, call.path or None, call.content_type == native.FORM))
