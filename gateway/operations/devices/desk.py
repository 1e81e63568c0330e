"""What an admin does with a device beyond its settings: set-up lines, trying it, letting it go; asked for elsewhere."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from gateway import messages
from gateway.errors import NotFound
from gateway.messages.languages import trn
from gateway.profiles.vocabulary import Transport

if TYPE_CHECKING:
    from gateway.clock import Clock
    from gateway.config import GatewaySection
    from gateway.devices.device import Device
    from gateway.devices.roster import Known, Roster
    from gateway.domain.meeting import Meeting
    from gateway.messages import Message
    from gateway.mirror.intake.intake import Intake
    from gateway.mirror.poll.state import PollStatus, TestReport
    from gateway.profiles.model import Profile
    from gateway.store.database import Database
    from gateway.store.vault import Vault


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnAddresses:
    """Where devices reach this gateway: `address` begins with the scheme and ends with a port or a name."""

    address: str
    ip: str
    https_address: str

    def values(self, device_id: str, key: str) -> dict[str, str]:
        """Return what the placeholders in the set-up lines of a profile stand for."""
        parts = urlsplit(self.address)
        return {
            "gateway_address": self.address,
            "gateway_host": parts.hostname or "",
            "gateway_ip": self.ip,
            "gateway_port": str(parts.port or (443 if parts.scheme == "https" else 80)),
            "gateway_https_address": self.https_address,
            "device_id": device_id,
            "device_key": key,
        }


def own_addresses(
    gateway: GatewaySection, shown_host: Callable[[str], str], ports: tuple[int, int] | None = None
) -> OwnAddresses:
    """Return the addresses that the settings name; `shown_host` makes of a listener's host what people type.

    `ports` are those of http and https on which it really listens, where that is known.
    """
    http, https = ports or (gateway.listen.port, gateway.listen_tls.port)
    host = shown_host(gateway.listen.host)
    return OwnAddresses(
        address=(gateway.public_url or f"http://{host}:{http}").rstrip("/"),
        ip=host.strip("[]"),
        https_address=f"https://{shown_host(gateway.listen_tls.host)}:{https}",
    )


class SetUpLine(NamedTuple):
    """One thing to type into a device: where, which field, which value."""

    where: str
    field: str
    value: str


def set_up_lines(profile: Profile, values: Mapping[str, str], *, asked: bool) -> list[SetUpLine]:
    """Return what to type into the device; a placeholder whose value is not known stays as it is.

    `asked` says that the gateway asks the device instead of waiting for its calls.
    """
    other = Transport.PUSH if asked else Transport.POLL
    return [
        SetUpLine(
            step.where, step.field, re.sub(r"\{(\w+)\}", lambda found: values.get(found[1], found[0]), step.value)
        )
        for step in (each.shown for each in profile.setup)
        if step.transport != other
    ]


def intake_for_commands(database: Database, vault: Vault, clock: Clock) -> Intake:
    """Return what takes meetings, for a process that does not mirror; a gateway that runs is woken afterwards."""
    from gateway.mirror.intake.intake import Intake

    return Intake(
        database=database,
        clock=clock,
        fingerprint_key=vault.fingerprint_key,
        seal=lambda text: vault.seal(text).decode("ascii"),
        unseal=lambda sealed: vault.unseal(sealed.encode("ascii")),
        wake=lambda: None,
    )


class Removed(NamedTuple):
    """How many meetings of a removed device were cancelled, and how many stay in the calendar."""

    cancelled: int
    left: int


class Report(NamedTuple):
    """What a look at a device says; `code` is of the catalogue or of a problem document, empty when all is well.

    `known` is false when nothing can be said yet. `fingerprint` is the certificate that would have to be trusted
    (SHA-256), `asks` says that an admin has to judge the meetings that its list lost.
    """

    sentence: str
    code: str
    ok: bool
    known: bool = True
    fingerprint: str = ""
    asks: bool = False


class DeviceDesk:
    """Works with the devices of a roster.

    `intake` is made only when it is needed; `ask` tries a device that is asked for its meetings and takes none of them.
    """

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        roster: Roster,
        intake: Callable[[], Intake],
        find: Callable[[str], Awaitable[Device | None]],
        test: Callable[[Device], Awaitable[TestReport]],
    ) -> None:
        self._database = database
        self._clock = clock
        self._roster = roster
        self._intake = intake
        self._find = find
        self._test = test

    async def remove(self, name: str, *, cancel_meetings: bool) -> Removed:
        """Remove a device, and cancel those of its meetings that are not over if that is wanted.

        Raises as `Roster.remove`, before any meeting is touched.
        """
        from gateway.mirror.intake.intake import Caller

        known = await self._roster.one(name)
        meetings = await self._roster.scheduled_meetings(name)
        cancelled = 0
        if meetings and cancel_meetings and not known.locked_by:
            intake, caller = self._intake(), Caller(device_id=known.row.id, name=name)
            now_s = self._clock.now_ms() // 1000
            for external_id in meetings:
                if not _is_over((await intake.find(caller, external_id)).meeting, now_s):
                    await intake.cancel(caller, external_id)
                    cancelled += 1
        await self._roster.remove(name)
        return Removed(cancelled, len(meetings) - cancelled)

    async def ask(self, name: str) -> TestReport:
        """Try a device that is asked for its meetings; none of them is taken. Raises NotFound."""
        device = await self._find(name)
        if device is None or device.poll is None:
            raise NotFound(f"{name} cannot be asked. See what is wrong: meeting-gateway check-config")
        return await self._test(device)

    async def tried(self, name: str) -> Report:
        """Say whether a device works: what it answers when it is asked, what it last did when it calls."""
        known = await self._roster.one(name)
        if known.section is None or known.section.poll is None:
            return last_calls(known, self._clock.now_ms())
        report = await self.ask(name)
        status = await self.asking(known)
        if report.ok and status is not None and status.asked:
            return Report(status.text, "", ok=False, asks=True)
        return Report(report.text, report.code, report.ok, fingerprint=report.fingerprint)

    async def last_change(self, name: str) -> tuple[str, int] | None:
        """Return who changed a device last, as the audit log has it, and when (ms UTC); None when nobody did."""
        from gateway.store import audit

        lines = await self._database.read(lambda conn: audit.about(conn, f"device:{name}", 1))
        return (lines[-1].actor, lines[-1].at) if lines else None

    async def asking(self, known: Known) -> PollStatus | None:
        """Return where asking a device stands, None for one that calls by itself."""
        from gateway.mirror.poll.state import stored_status

        if known.section is None or known.section.poll is None:
            return None
        return await stored_status(self._database, known.row)


def last_calls(known: Known, now_ms: int) -> Report:
    """Say how it stands with a device that calls: nobody can be asked, so that its last calls have to tell."""
    name, calls = known.row.name, known.calls
    if known.row.paused:
        return Report(str(messages.text("D-03", device=name)), "D-03", ok=False)
    if calls.refused_at is not None and calls.refused_at >= (calls.called_at or 0):
        last = f" The last good call came at {_moment(calls.called_at)}." if calls.called_at else ""
        sentence = f"{name} called at {_moment(calls.refused_at)} and was refused: {calls.refused_text}{last}"
        return Report(sentence, calls.refused_code, ok=False)
    if calls.called_at is None:
        sentence = (
            f"{name} has not called yet. Enter its address and key in the device, schedule a meeting, and look again."
        )
        return Report(sentence, "", ok=False, known=False)
    hours = max(0, now_ms - calls.called_at) // 3_600_000
    ago = "within the last hour" if hours == 0 else f"{hours} hour{'' if hours == 1 else 's'} ago"
    return Report(f"{name} works: its last call came at {_moment(calls.called_at)}, {ago}.", "", ok=True)


def message_of(report: Report, known: Known, own_ip: str) -> Message | None:
    """Return the message of the catalogue that a report is about, with what is known of the device in it.

    None when there is nothing wrong, or nothing in the catalogue about it.
    """
    if report.code not in messages.codes():
        return None
    poll = known.section.poll if known.section is not None else None
    values = {"device": known.title, "line": f"{own_ip}/32" if own_ip else "", "fingerprint": report.fingerprint}
    if poll is not None:
        values |= {"address": poll.address, "port": str(poll.port or "")}
    status = re.search(r"status (-\d+)", report.sentence)
    try:
        return messages.text(report.code, **values, **({"status": status[1]} if status else {}))
    except KeyError:  # it needs more than is known here: the page of the call has it
        return None


QUIET_TOO_LONG_MS = 7 * 24 * 3_600_000
"""A device that calls by itself may have had nothing to say; after so long somebody should look."""


def trouble_of(known: Known, asking: PollStatus | None, own_ip: str, now_ms: int) -> Message | None:
    """Return what is wrong with a device at present, as a message of the catalogue; None when nothing is.

    A refusal that the catalogue has no message for is told by `last_calls`.
    """
    if known.row.paused:
        return messages.text("D-03", device=known.title)
    if asking is not None:
        report = Report(asking.text, asking.code, ok=not asking.code, fingerprint=asking.fingerprint)
        return message_of(report, known, own_ip)
    calls = known.calls
    if calls.refused_at is not None and calls.refused_at >= (calls.called_at or 0):
        return message_of(Report(calls.refused_text, calls.refused_code, ok=False), known, own_ip)
    if calls.called_at is not None and now_ms - calls.called_at >= QUIET_TOO_LONG_MS:
        days = (now_ms - calls.called_at) // (24 * 3_600_000)
        return messages.text("D-10", device=known.title, duration=trn("%(num)s day", "%(num)s days", days))
    return None


def clock_warning(known: Known, asking: PollStatus | None) -> Message | None:
    """Return D-12 when the clock of a device that is asked is wrong."""
    minutes = re.search(r"(\d+) minutes", asking.warning) if asking is not None else None
    return None if minutes is None else messages.text("D-12", device=known.title, n=minutes[1])


def _is_over(meeting: Meeting, now_s: int) -> bool:
    """A series is over when its last day is, as far as its rule says which day that is."""
    repeat = meeting.repeat
    if repeat is None:
        return meeting.end_utc_s <= now_s
    return repeat.until_utc_s is not None and repeat.until_utc_s < now_s


def _moment(at_ms: int | None) -> str:
    from datetime import UTC, datetime

    return "" if at_ms is None else f"{datetime.fromtimestamp(at_ms / 1000, UTC):%Y-%m-%d %H:%M} UTC"
