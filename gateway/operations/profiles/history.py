"""Who saved which profile of the house's own and when, for the audit log and for whoever edits it at the same time."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass

from gateway.clock import Clock
from gateway.domain.actor import Actor
from gateway.operations.profiles.desk import mark
from gateway.store import audit
from gateway.store.database import Database

MOST_DIFFERENCES = 20
_MOST_LINES = 3
_MOST_COMPARED = 1_500
"""Lines: comparing takes longer than their number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """Some lines that two texts do not share, from line `line` of the first on; empty where it has none there."""

    line: int
    stored: str
    typed: str


class ProfileHistory:
    """Writes to the audit log and reads from it. Everything raises StoreError."""

    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def saved(self, profile_id: str, text: str, by: Actor, *, new: bool) -> None:
        """Note that a profile was saved as `text`, or made."""
        now_ms, action = self._clock.now_ms(), "profile.made" if new else "profile.saved"
        await self._database.write(
            lambda conn: audit.write(
                conn,
                at_ms=now_ms,
                actor=by.name,
                action=action,
                object_=f"profile:{profile_id}",
                detail=mark(text),
                source=by.source,
            )
        )

    async def last(self, profile_id: str, text: str) -> tuple[str, int | None]:
        """Return who saved it as `text`, as the audit log names them, and when (ms UTC).

        Empty and None where the log does not know: somebody may have changed the file with an editor of their own.
        """
        found = await self._database.read(lambda conn: audit.about(conn, f"profile:{profile_id}", 1))
        known = bool(found) and found[-1].detail == mark(text)
        return (found[-1].actor, found[-1].at) if known else ("", None)


def differences(stored: str, typed: str) -> list[Changed]:
    """Return where two texts differ, the first places of many, each with its first lines."""
    return list(_differences(stored.splitlines()[:_MOST_COMPARED], typed.splitlines()[:_MOST_COMPARED]))


def _differences(stored: list[str], typed: list[str]) -> Iterator[Changed]:
    found = difflib.SequenceMatcher(None, stored, typed, autojunk=True).get_opcodes()
    places = [each for each in found if each[0] != "equal"]
    for _, first, last, other_first, other_last in places[:MOST_DIFFERENCES]:
        yield Changed(line=first + 1, stored=_some(stored[first:last]), typed=_some(typed[other_first:other_last]))


def _some(lines: list[str]) -> str:
    return "\n".join([*(line[:120] for line in lines[:_MOST_LINES]), *(["..."] if len(lines) > _MOST_LINES else [])])
