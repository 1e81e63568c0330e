"""A sign-in at Google from the link to the account it gives; what is done with the account is decided elsewhere."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import sqlite3
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urlsplit

from gateway import messages
from gateway.accounts.paste import Code, NoCode, parse
from gateway.clock import Clock
from gateway.config import GoogleSection, Secret
from gateway.errors import SignInError
from gateway.google.oauth import (
    ISSUER,
    KNOWN_SCOPES,
    OPTIONAL_SCOPES,
    SCOPES,
    WRITE_SCOPES,
    Identity,
    OAuth,
    Tokens,
    consent_url,
    new_state,
    new_verifier,
)
from gateway.google.wire import Wire
from gateway.messages import Message
from gateway.store import sign_ins
from gateway.store.database import Database
from gateway.store.sign_ins import SignInRow
from gateway.store.vault import Vault

LIFE_MS = 10 * 60 * 1000
"""How long a link is good for; Google publishes no lifetime of its codes, minutes are what is observed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInLink:
    """The address to open in a browser, and until when (ms UTC) what comes of it is accepted."""

    url: str = field(repr=False)
    expires_at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """Who signed in and what was granted; `notes` are worth telling, none of them stands in the way."""

    identity: Identity
    tokens: Tokens
    client_id: str
    client_secret: Secret
    notes: tuple[Message, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Attempt:
    """What is sealed with a link."""

    state: str = field(repr=False)
    verifier: str = field(repr=False)
    redirect_uri: str
    client_id: str


class SignIns:
    """Hands out links and turns what people paste into accounts. A link and its code are good for one try."""

    def __init__(self, *, database: Database, vault: Vault, clock: Clock, wire: Wire, google: GoogleSection) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock
        self._wire = wire
        self._google = google

    async def start(self) -> SignInLink:
        """Remember a fresh state and verifier, and return the link. Raises SignInError when the client is not set."""
        client_id, _ = self._client()
        attempt = _Attempt(
            state=new_state(), verifier=new_verifier(), redirect_uri=self._google.redirect_uri, client_id=client_id
        )
        now_ms = self._clock.now_ms()
        sealed = self._vault.seal(_to_json(attempt))

        def remember(conn: sqlite3.Connection) -> None:
            sign_ins.purge(conn, now_ms=now_ms, life_ms=LIFE_MS)
            sign_ins.add(conn, state_hash=_hash(attempt.state), sealed=sealed, now_ms=now_ms)

        await self._database.write(remember)
        url = consent_url(
            self._google.endpoints.authorize,
            client_id=client_id,
            redirect_uri=attempt.redirect_uri,
            state=attempt.state,
            verifier=attempt.verifier,
        )
        return SignInLink(url=url, expires_at_ms=now_ms + LIFE_MS)

    async def finish(self, pasted: str) -> SignedIn:
        """Exchange what was pasted. Raises SignInError; whatever can be refused is, before Google hears of the code."""
        client_id, secret = self._client()
        code = self._read(pasted)
        attempt = await self._spend(code)
        oauth = OAuth(wire=self._wire, endpoints=self._google.endpoints, client_id=client_id, client_secret=secret)
        tokens = await oauth.exchange(
            code.code,
            verifier=attempt.verifier,
            redirect_uri=attempt.redirect_uri,
            now_ms=self._clock.now_ms(),
        )
        identity = await oauth.identity(tokens)
        self._check_expected(identity)
        return SignedIn(
            identity=identity,
            tokens=tokens,
            client_id=client_id,
            client_secret=secret,
            notes=tuple(_notes(tokens)),
        )

    async def purge(self) -> None:
        """Wipe what links that are too old had sealed; without links this costs no write."""
        if await self._database.read(sign_ins.newest) is None:
            return
        now_ms = self._clock.now_ms()
        await self._database.write(lambda conn: sign_ins.purge(conn, now_ms=now_ms, life_ms=LIFE_MS))

    def _client(self) -> tuple[str, Secret]:
        client_id, secret = self._google.client_id, self._google.client_secret
        if not client_id:
            raise _refused("G-101")
        if secret is None or not secret.reveal():
            raise _refused("G-102" if client_id.startswith("GOCSPX-") else "G-104")
        if client_id.startswith("GOCSPX-") and secret.reveal().endswith(".apps.googleusercontent.com"):
            raise _refused("G-102")
        if re.fullmatch(r"[•●∙·*.]+", secret.reveal()):
            raise _refused("G-105")
        return client_id, secret

    def _read(self, pasted: str) -> Code:
        """Read what was pasted, and refuse what an address says against itself."""
        redirect = self._google.redirect_uri
        code = parse(pasted, redirect_uri=redirect)
        if isinstance(code, NoCode):
            raise _refused(code.code, redirect=redirect, host=urlsplit(redirect).hostname or "", message=code.said)
        if code.iss is not None and code.iss not in self._issuers():
            raise _refused("G-207")
        if code.scopes is not None and _lacks_calendar(code.scopes):
            raise _refused("G-403")
        return code

    def _issuers(self) -> tuple[str, ...]:
        """Who may have sent the code (RFC 9207): Google, or who is asked in its place."""
        parts = urlsplit(self._google.endpoints.authorize)
        return (f"{parts.scheme}://{parts.netloc}", ISSUER)

    async def _spend(self, code: Code) -> _Attempt:
        """Find the link that the code came from and mark it as used, durably, before the code leaves this machine."""
        state = code.state
        row = await self._database.read(
            lambda conn: sign_ins.find(conn, _hash(state)) if state else sign_ins.newest(conn)
        )
        if row is None:
            known = await self._database.read(sign_ins.newest)
            raise _refused("G-207" if known is not None else "G-215")
        now_ms = self._clock.now_ms()
        _check_usable(row, now_ms)
        attempt = _from_json(self._vault.unseal(row.sealed))
        if state is not None and not hmac.compare_digest(state.encode("utf-8"), attempt.state.encode("utf-8")):
            raise _refused("G-207")
        if attempt.client_id != self._google.client_id:
            raise _refused("G-207")

        def spend(conn: sqlite3.Connection) -> bool:
            sign_ins.purge(conn, now_ms=now_ms, life_ms=LIFE_MS)
            return sign_ins.use(conn, row.state_hash, now_ms)

        if not await self._database.write(spend):
            raise _refused("G-213")
        return attempt

    def _check_expected(self, identity: Identity) -> None:
        expected = self._google.expected_account
        if expected is None:
            return
        if not identity.verified or identity.email.casefold() != expected.casefold():
            raise _refused("G-417", new=identity.email, expected=expected)


def _check_usable(row: SignInRow, now_ms: int) -> None:
    if row.used_at is not None:
        raise _refused("G-213")
    # Also one that seems to start in the future: the clock was set back, and its age is not known.
    if not row.sealed or not now_ms - LIFE_MS < row.started_at <= now_ms + LIFE_MS:
        raise _refused("G-214")


def _lacks_calendar(scopes: tuple[str, ...]) -> bool:
    """Whether the address lists whole scopes only and none that writes; one cut short proves nothing."""
    return not WRITE_SCOPES.intersection(scopes) and KNOWN_SCOPES.issuperset(scopes)


def _notes(tokens: Tokens) -> list[Message]:
    missing = [feature for feature, scopes in OPTIONAL_SCOPES.items() if not scopes.intersection(tokens.scopes)]
    notes = [messages.text("G-416", feature=feature) for feature in missing]
    if tokens.access_ends_at_ms is not None:
        notes.append(messages.text("G-411", date=shown_date(tokens.access_ends_at_ms)))
    return notes


def shown_date(at_ms: int) -> str:
    """Write an instant for people."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _refused(code: str, **values: str) -> SignInError:
    return SignInError(code, str(messages.text(code, **values)), values=values)


def _hash(state: str) -> bytes:
    return hashlib.sha256(state.encode("utf-8", "surrogatepass")).digest()


def _to_json(attempt: _Attempt) -> str:
    return json.dumps(
        {
            "state": attempt.state,
            "verifier": attempt.verifier,
            "redirect_uri": attempt.redirect_uri,
            "client_id": attempt.client_id,
            "scopes": list(SCOPES),
        }
    )


def _from_json(text: str) -> _Attempt:
    raw = json.loads(text)
    return _Attempt(
        state=raw["state"], verifier=raw["verifier"], redirect_uri=raw["redirect_uri"], client_id=raw["client_id"]
    )
