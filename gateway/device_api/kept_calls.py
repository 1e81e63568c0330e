"""Works off the calls of devices that were kept until somebody accepted them; it answers nothing."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from gateway.device_api.door import DeviceDoor
from gateway.devices.pending import KeptCall
from gateway.dialects import native
from gateway.errors import GatewayError

_LOGGER = logging.getLogger(__name__)


async def work_off(door: DeviceDoor, kept: Mapping[str, tuple[KeptCall, ...]]) -> None:
    """Keep the meetings that callers sent before they were accepted, oldest first; what cannot be read is logged."""
    for name, calls in kept.items():
        device = door.register.find(name)
        for call in calls:
            if device is None:  # removed again
                break
            try:
                payload = native.decode(call.content_type, call.body, None)
                context = door.context(device, call.path or None, call.content_type == native.FORM)
                await door.keep(device, payload, context)
            except GatewayError as error:
                _LOGGER.info("a call that was kept cannot be accepted: %s", error, extra={"device": name})
