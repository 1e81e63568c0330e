"""What happens to the authorization of a calendar account, for those who tell people; nothing is decided here."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class AccountChange(StrEnum):
    """What happened to an account."""

    LOST = "lost"
    """It needs an admin: nothing is written with it until then, and everything is kept."""
    BACK = "back"
    """It can be used again."""
    ENDS_SOON = "ends-soon"
    """It works, and its authorization ends at a time that is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountEvent:
    """One such change; it is told at least once, also after a restart.

    `code` and `text` are the catalogue's for LOST and ENDS_SOON, and empty for BACK. `at_ms` is when it was noticed,
    `ends_at_ms` when the authorization ends (both ms UTC). `main` says whether devices use it that name no account.
    """

    account_id: int
    email: str
    main: bool
    change: AccountChange
    code: str
    text: str
    at_ms: int
    ends_at_ms: int | None = None
