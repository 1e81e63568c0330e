"""Whether a device works, in one sentence: what it last did when it calls, what it answers when it is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from gateway import messages
from gateway.cli.device_shown import moment

if TYPE_CHECKING:
    from gateway.cli.device_office import Office
    from gateway.devices.roster import Known


class Report(NamedTuple):
    """What a look at a device says; `code` is of the catalogue or of a problem document, empty when all is well."""

    sentence: str
    code: str
    ok: bool
    following: str = ""
    """What to type next."""


async def asked(office: Office, known: Known) -> Report:
    """Ask a device that is asked, and say what works or what to change on it."""
    from gateway.mirror.poll_state import stored_status
    from gateway.store.polling import PollState

    report = await office.ask(known.row.name)
    following = ""
    if report.fingerprint and known.locked_by:
        following = f"write into devices[].poll of {known.row.name}: fingerprint: {report.fingerprint!r}"
    elif report.fingerprint:
        following = f"meeting-gateway device approve {known.row.name} --trust-certificate {report.fingerprint}"
    status = await stored_status(office.stored.database, known.row)
    if report.ok and status.state is PollState.ASKS:
        return Report(status.text, "", ok=False, following=f"meeting-gateway device believe {known.row.name}")
    return Report(report.text, report.code, report.ok, following)


def last_calls(known: Known, now_ms: int) -> Report:
    """Say how it stands with a device that calls: nobody can be asked, so that its last calls have to tell."""
    name, calls = known.row.name, known.calls
    if known.row.paused:
        return Report(str(messages.text("D-03", device=name)), "D-03", ok=False)
    if calls.refused_at is not None and calls.refused_at >= (calls.called_at or 0):
        last = f" The last good call came at {moment(calls.called_at)}." if calls.called_at else ""
        sentence = f"{name} called at {moment(calls.refused_at)} and was refused: {calls.refused_text}{last}"
        return Report(sentence, calls.refused_code, ok=False)
    if calls.called_at is None:
        sentence = (
            f"{name} has not called yet. Enter its address and key in the device, schedule a meeting, and look again."
        )
        return Report(sentence, "", ok=False)
    hours = max(0, now_ms - calls.called_at) // 3_600_000
    ago = "within the last hour" if hours == 0 else f"{hours} hour{'' if hours == 1 else 's'} ago"
    return Report(f"{name} works: its last call came at {moment(calls.called_at)}, {ago}.", "", ok=True)
