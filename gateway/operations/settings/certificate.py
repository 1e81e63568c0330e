"""A certificate of one's own for https, and back to the one that the gateway makes: checked, used, written down."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from gateway.clock import Clock
from gateway.domain.actor import Actor
from gateway.errors import CertificateRefused, ConfigError, StoreUnavailable
from gateway.messages.languages import tr
from gateway.operations.settings.desk import SettingsRefused
from gateway.store import audit
from gateway.store.database import Database

if TYPE_CHECKING:
    import sqlite3

CHAIN: Final = "chain"
KEY: Final = "key"
"""The two things that are uploaded, which an error is about."""
_OF_THE_KEY = frozenset({"no-key", "two-keys", "locked-key", "unreadable-key", "other-key", "weak-key", "mismatch"})


class Kept(Protocol):
    """What keeps the certificate of the https port."""

    fingerprint: str

    async def install(self, text: str) -> None:
        """Use what was uploaded. Raises CertificateRefused and ConfigError."""

    async def make_own(self) -> None:
        """Make one. Raises ConfigError."""


class OwnCertificate:
    """What administrators do with the certificate. `kept` has it."""

    def __init__(self, *, kept: Kept, database: Database, clock: Clock) -> None:
        self._kept = kept
        self._database = database
        self._clock = clock

    async def upload(self, chain: str, key: str, by: Actor) -> None:
        """Use a certificate with its chain and its key, PEM each, from the next connection on.

        One file may hold both. Raises SettingsRefused with `CHAIN` or `KEY`, and StoreError; then nothing has changed.
        """
        try:
            await self._kept.install(f"{chain}\n{key}")
        except CertificateRefused as error:
            about = KEY if error.problem in _OF_THE_KEY else CHAIN
            raise SettingsRefused({about: _words(error.problem)}) from error
        except ConfigError as error:
            raise StoreUnavailable("; ".join(error.problems)) from error
        await self._note("certificate.uploaded", by)

    async def make_own(self, by: Actor) -> None:
        """Go back to one that the gateway makes itself. Raises StoreError; then nothing has changed."""
        try:
            await self._kept.make_own()
        except ConfigError as error:
            raise StoreUnavailable("; ".join(error.problems)) from error
        await self._note("certificate.made_here", by)

    async def _note(self, action: str, by: Actor) -> None:
        def note(conn: sqlite3.Connection) -> None:
            audit.write(
                conn,
                at_ms=self._clock.now_ms(),
                actor=by.name,
                action=action,
                object_="https",
                detail=self._kept.fingerprint,
                source=by.source,
            )

        await self._database.write(note)


def _words(problem: str) -> str:
    known = {
        "no-certificate": tr(
            "There is no certificate in PEM form in the file: it begins with -----BEGIN CERTIFICATE-----. A .pfx or "
            ".p12 file has to be converted first."
        ),
        "too-many": tr(
            "There are more than 20 certificates in the file. Leave only your own and those that signed it."
        ),
        "unreadable-certificate": tr(
            "A certificate in the file is damaged. Copy the file again from where you got it."
        ),
        "no-key": tr("There is no key in PEM form in the file: it begins with -----BEGIN PRIVATE KEY-----."),
        "two-keys": tr("There are several keys. Leave only the one that belongs to the certificate."),
        "locked-key": tr('The key is locked with a passphrase. Save it without one: "openssl pkey -in FILE -out NEW".'),
        "unreadable-key": tr("The key is damaged. Copy the file again from where you got it."),
        "other-key": tr("Browsers need a key of the kind RSA or ECDSA."),
        "weak-key": tr("The key is too short for today's browsers. Make one with 2048 bits or more."),
        "mismatch": tr("The key does not belong to this certificate. Choose the one that it was ordered with."),
        "ended": tr("This certificate is no longer valid. Order a new one."),
        "not-yet": tr("This certificate is not valid yet. Look at the clock of the gateway, or wait."),
    }
    return known.get(problem) or tr("Browsers would not accept this certificate. Order another one.")
