"""Works off the calls of devices that were kept until somebody accepted them; it answers nothing."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from urllib.parse import quote

from gateway.device_api import hearing
from gateway.device_api.door import DeviceDoor, caller
from gateway.devices.call_log import HeardCall, Result, Way
from gateway.devices.device import Device
from gateway.devices.pending import KeptCall
from gateway.dialects import native
from gateway.errors import GatewayError, StoreError
from gateway.mirror.intake.receipts import Receipt
from gateway.web.problem import status_of

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
                    receipt = await _work_off(door, device, call)
                except StoreError:  # a disk that fails for a while must not cost what was kept
                    await asyncio.sleep(DISK_PAUSE_S)
                    continue
                except GatewayError as error:
                    _LOGGER.info("a call that was kept cannot be accepted: %s", error, extra={"device": name})
                    _note(door, name, call, error=error)
                else:
                    _note(door, name, call, receipt=receipt)
                break


async def _work_off(door: DeviceDoor, device: Device, call: KeptCall) -> Receipt:
    if call.method == "DELETE":
        return await door.intake.cancel(caller(device), call.path)
    payload = native.decode(call.content_type, call.body, None)
    return await door.keep(device, payload, door.context(device, call.path or None, call.content_type == native.FORM))


def _note(
    door: DeviceDoor, name: str, call: KeptCall, *, receipt: Receipt | None = None, error: GatewayError | None = None
) -> None:
    if door.log is None:
        return
    heard = hearing.Heard()
    heard.error, heard.receipts = error, (receipt,) if receipt is not None else ()
    below = f"/{quote(call.path, safe='')}" if call.path else ""
    status = status_of(error) if error is not None else 202
    done = HeardCall(
        at_ms=call.at_ms,
        device=name,
        method=call.method,
        path=f"/api/v1/devices/{name}/meetings{below}",
        content_type=call.content_type,
        body=call.body,
        size=len(call.body),
        status=status,
        result=hearing.result_of(status, heard) if heard.error or heard.receipts else Result.ACCEPTED,
    )
    hearing.worked_off(door.log, done, heard, Way.KEPT)
