"""What tests of the delivery have in common: refusals, what was called, and the only event there is."""

from __future__ import annotations

from collections.abc import Callable

from gateway.domain.meeting import Invitee
from gateway.domain.outcome import Outcome, Remedy, Verdict
from gateway.domain.target import EventContent
from gateway.store import mirrored, outbox
from gateway.store.mirrored import MirroredRow
from tests.unit.mirror.gateway_in_memory import InMemoryGateway
from tests.unit.mirror.model_calendar import Event

ANN, BOB, EVE = (Invitee(email=f"{name}@example.com") for name in ("ann", "bob", "eve"))
MINUTE_MS, HOUR_MS = 60_000, 3_600_000


def refusal(remedy: Remedy | None, code: str = "G-516", verdict: Verdict = Verdict.REFUSED, **values: str) -> Outcome:
    return Outcome(verdict=verdict, code=code, text=f"refused {code}", remedy=remedy, values=values)


def refusing_while(
    is_refused: Callable[[EventContent], bool], outcome: Outcome
) -> Callable[[str, EventContent], Outcome | None]:
    return lambda _verb, content: outcome if is_refused(content) else None


def no_guests(content: EventContent) -> bool:
    asks = bool({Remedy.WITHOUT_GUESTS, Remedy.WITHOUT_GUEST} & content.remedies)
    return not asks and any(person.email for person in content.meeting.invitees)


NO_GUESTS = refusing_while(no_guests, refusal(Remedy.WITHOUT_GUESTS, "G-510", Verdict.LATER))


async def row_of(gateway: InMemoryGateway, meeting_id: int = 1) -> MirroredRow:
    row = await gateway.database.read(lambda conn: mirrored.get(conn, meeting_id))
    assert row is not None
    return row


def verbs(gateway: InMemoryGateway) -> list[str]:
    """The calls since this was asked last."""
    found = [verb for verb, _ in gateway.calendar.calls]
    gateway.calendar.calls.clear()
    return found


def only(gateway: InMemoryGateway) -> Event:
    (event,) = gateway.calendar.living()
    assert event.facts is not None
    return event


def only_id(gateway: InMemoryGateway) -> str:
    return next(key for key, event in gateway.calendar.events.items() if not event.cancelled and not event.series)


async def written(gateway: InMemoryGateway, **changes: object) -> None:
    await gateway.accept(**changes)
    await gateway.drain()
    verbs(gateway)


async def write_again(gateway: InMemoryGateway, *, stale: bool = False) -> None:
    """Ask for the meeting to be written, though its device said nothing new."""

    def work(conn) -> None:
        if stale:
            mirrored.mark_stale(conn, 1)
        revision = conn.execute("SELECT revision FROM meeting WHERE id = 1").fetchone()[0]
        outbox.put(conn, kind=outbox.MIRROR, subject_id=1, revision=revision, now_ms=gateway.clock.ms, lane=1)

    await gateway.database.write(work)
