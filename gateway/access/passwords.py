"""Hashes and compares passwords without holding anybody up; where the hashes are kept is not known here."""

from __future__ import annotations

import asyncio
import unicodedata

from gateway import messages
from gateway.errors import AccessError

LEAST_CHARACTERS = 10
AT_ONCE = 2
"""How many are hashed at the same time: each takes 19 MiB for its time."""

_MEMORY_KIB, _TIMES, _LANES = 19_456, 2, 1
"""argon2id as the OWASP Password Storage Cheat Sheet has it, which is 50 ms on a small box."""

# Of a random password that nobody knows: an unknown user costs what a known one costs.
_NOBODY = "$argon2id$v=19$m=19456,t=2,p=1$dddjFXdZ0vQhOn1podX4jA$T2O1iicRS6BfOTNA/2mAeS1+4NxqGILos7OqQzu0+UM"


class Passwords:
    """Works in threads beside the event loop, on `AT_ONCE` passwords at most; the others wait in line."""

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def hash(self, password: str) -> str:
        """Return what is stored in place of the password."""
        async with self._turns:
            return await asyncio.to_thread(_hash, password)

    async def fits(self, password: str, password_hash: str | None) -> bool:
        """Whether it is the password; None stands for a user that does not exist, and costs the same."""
        async with self._turns:
            right = await asyncio.to_thread(_fits, password, password_hash or _NOBODY)
        return right and password_hash is not None


def check_new(password: str, field: str = "password") -> None:
    """Refuse what is too short (A-07); nothing else is demanded of a password (NIST SP 800-63B §5.1.1.2)."""
    if len(_normal(password)) < LEAST_CHARACTERS:
        least = str(LEAST_CHARACTERS)
        raise AccessError("A-07", str(messages.text("A-07", least=least)), values={"least": least}, field=field)


def _normal(password: str) -> str:
    """The same letters, however the keyboard composes them."""
    return unicodedata.normalize("NFKC", password)


def _hash(password: str) -> str:
    from argon2 import PasswordHasher  # when the first password is entered

    return PasswordHasher(memory_cost=_MEMORY_KIB, time_cost=_TIMES, parallelism=_LANES).hash(_normal(password))


def _fits(password: str, password_hash: str) -> bool:
    from argon2 import PasswordHasher
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        return PasswordHasher().verify(password_hash, _normal(password))
    except (VerificationError, InvalidHashError):
        return False
