"""Tries a device that is asked and says what came of it, in words for an admin; nothing it tells is taken in."""

from __future__ import annotations

from gateway.mirror.poll.look import Looker
from gateway.mirror.poll.pace import clock_warning
from gateway.mirror.poll.state import PolledDevice, TestReport
from gateway.pbx.failure import PbxFailure
from gateway.pbx.ucm import UcmClient


async def tried(device: PolledDevice, client: UcmClient | None, looker: Looker, *, now_s: int) -> TestReport:
    """What works, or what to change on the PBX; `client` is None for a device that is not asked."""
    name, api, poll = device.policy.name, device.profile.api, device.poll
    if client is None or api is None or poll is None:
        return TestReport(
            ok=False,
            text=f"{name} is not asked for meetings: it has no address to ask, or its profile "
            f"{device.profile.id} names no list of meetings. It has to call the gateway itself.",
        )
    try:
        async with client:
            meetings, notes = await looker.read_only(device, api, client)
            theirs_s = await _clock(client)
    except PbxFailure as failed:
        return TestReport(ok=False, text=str(failed), code=failed.code, fingerprint=failed.fingerprint)
    count = f"{meetings} meeting{'' if meetings == 1 else 's'}"
    said = [f"{name} answers at {poll.address}:{poll.port}, accepts the login, and its list has {count}."]
    if notes:
        said.append(f"{len(notes)} of them could not be understood. {notes[0].text}")
    late = clock_warning(name, theirs_s, now_s)
    if late:
        said.append(late)
    code = notes[0].code if notes else "D-12" if late else ""
    return TestReport(
        ok=True, text=" ".join(said), code=code, meetings=meetings, notes=tuple(note.text for note in notes)
    )


async def _clock(client: UcmClient) -> int | None:
    try:
        return await client.clock_utc_s()
    except PbxFailure:  # the meetings could be had, which is what counts
        return None
