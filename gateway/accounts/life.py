"""How long an authorization lives: what kind it is, when it ends and why, when to warn; nothing is kept or sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from gateway import messages
from gateway.accounts.app_entry import Audience
from gateway.accounts.in_use import SERVICE_KIND
from gateway.domain.outcome import Outcome, Verdict
from gateway.messages import Message
from gateway.messages.languages import tr
from gateway.store.accounts import AccountRow, AccountState

DAY_MS = 24 * 3600 * 1000
TESTING_LIFE_MS = 7 * DAY_MS
"""Google ends refresh tokens of apps in "Testing" after 7 days (OAuth 2.0 overview)."""
UNUSED_LIFE_MS = 182 * DAY_MS
"""Google ends refresh tokens that were not used for six months (OAuth 2.0 overview)."""
WARN_BEFORE_MS = 2 * DAY_MS
"""An admin hears of the end this long before it: on the fifth day of an app in Testing."""
WARN_UNUSED_MS = 30 * DAY_MS
_HALF_DAY_MS = DAY_MS // 2
_TESTING_ENDS_MS = range(TESTING_LIFE_MS - _HALF_DAY_MS, TESTING_LIFE_MS + _HALF_DAY_MS)


class Kind(StrEnum):
    """What an authorization is: who may use the Google app that it was made with, or a service account."""

    INTERNAL = "internal"
    PRODUCTION = "production"
    TESTING = "testing"
    UNKNOWN = "unknown"
    SERVICE = "service"


class EndsBecause(StrEnum):
    """Why an authorization ends."""

    TESTING = "testing"
    LIMITED = "limited"
    """A person allowed it until a certain time."""
    UNUSED = "unused"


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """When an authorization ends (ms UTC), and why."""

    at_ms: int
    because: EndsBecause


def kind_of(row: AccountRow, audience: Audience) -> Kind:
    """Return the kind; what was known at the sign-in counts more than `audience`, which is what is known now.

    An app that was published since still ends what was allowed while it was in Testing.
    """
    if row.kind == SERVICE_KIND:
        return Kind.SERVICE
    told = row.audience if row.audience not in ("", Audience.UNKNOWN) else audience.value
    if Audience.TESTING in (told, audience):
        return Kind.TESTING
    return Kind(told)


def end_of(row: AccountRow, audience: Audience, now_ms: int) -> End | None:
    """Return the nearest end that is known, None when there is none.

    Google names the end of time-limited access; of an app in Testing, and of one that is not used, only the rule is
    known. A rule whose time is over, while the authorization works, did not apply.
    """
    kind = kind_of(row, audience)
    if kind is Kind.SERVICE:
        return None
    ends: list[End] = []
    if row.access_ends_at is not None:
        ends.append(End(at_ms=row.access_ends_at, because=EndsBecause.LIMITED))
    testing_ms = row.authorized_at + TESTING_LIFE_MS
    if kind is Kind.TESTING and now_ms < testing_ms + _HALF_DAY_MS:
        ends.append(End(at_ms=testing_ms, because=EndsBecause.TESTING))
    unused_ms = max(row.used_at or 0, row.authorized_at) + UNUSED_LIFE_MS
    if now_ms > unused_ms - WARN_UNUSED_MS:
        ends.append(End(at_ms=unused_ms, because=EndsBecause.UNUSED))
    return min(ends, key=lambda end: end.at_ms, default=None)


def warned_of(row: AccountRow, audience: Audience, now_ms: int) -> tuple[End, Message] | None:
    """Return the end that is so near that an admin should know, and in which words."""
    end = end_of(row, audience, now_ms)
    if row.state is not AccountState.CONNECTED or end is None:
        return None
    if end.because is EndsBecause.UNUSED:
        months = str(max(1, (now_ms - max(row.used_at or 0, row.authorized_at)) // (30 * DAY_MS)))
        return end, messages.text("G-525", email=row.email, months=months, date=shown_date(end.at_ms))
    if end.at_ms - now_ms > WARN_BEFORE_MS:
        return None
    return end, messages.text("G-520", email=row.email, date=shown_date(end.at_ms), why=_why(end.because))


def _why(because: EndsBecause) -> str:
    if because is EndsBecause.TESTING:
        return tr("It does so 7 days after a sign-in while the Google app is in Testing.")
    return tr("Somebody allowed the access for a limited time.")


def explained(row: AccountRow, outcome: Outcome, audience: Audience, now_ms: int) -> tuple[str, str]:
    """Return code and text of what was lost; the calendar may tell why Google "no longer accepts" it.

    Other causes come with codes of their own: a client that was deleted (G-307) or whose secret was changed (G-504), a
    rule of the administrator (G-513), a clock that is wrong (N-05).
    """
    if outcome.verdict is Verdict.AUTHORIZATION and outcome.code in ("G-502", "G-503") and row.kind != SERVICE_KIND:
        age_ms = now_ms - row.authorized_at
        if row.access_ends_at is not None and now_ms >= row.access_ends_at:
            return "G-514", str(messages.text("G-514", date=shown_date(row.access_ends_at)))
        over = age_ms >= _TESTING_ENDS_MS.start and kind_of(row, audience) is Kind.TESTING
        if over or age_ms in _TESTING_ENDS_MS:
            return "G-501", str(messages.text("G-501"))
        if now_ms - max(row.used_at or 0, row.authorized_at) >= UNUSED_LIFE_MS:
            return "G-534", str(messages.text("G-534"))
    return outcome.code, outcome.text


def shown_date(at_ms: int) -> str:
    """Write an instant for people."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
