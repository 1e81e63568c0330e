"""What a device that is asked tells of itself beside its meetings: its clock and its firmware; judging is elsewhere."""

from __future__ import annotations

from typing import NamedTuple

from gateway.pbx.failure import NO_ANSWER, SLOWER, PbxFailure
from gateway.pbx.ucm import UcmClient


class Facts(NamedTuple):
    """The device's clock (seconds since 1970, None when it is not told), and its firmware ("" when it is not told)."""

    clock_utc_s: int | None
    firmware: str


async def facts(client: UcmClient) -> Facts:
    """Ask for them; what is refused is no reason not to take the meetings.

    Raises PbxFailure when the device does not answer any more, or asks to be left alone.
    """
    clock_utc_s, firmware = None, ""
    try:
        clock_utc_s = await client.clock_utc_s()
    except PbxFailure as failed:
        _unless_refused(failed)
    try:
        firmware = await client.firmware()
    except PbxFailure as failed:
        _unless_refused(failed)
    return Facts(clock_utc_s, firmware)


def _unless_refused(failed: PbxFailure) -> None:
    if failed.code in (SLOWER, NO_ANSWER):
        raise failed
