"""A sign-in at Google from the link to the account it gives; what is done with the account is decided elsewhere."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import sqlite3
from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urlsplit

from gateway import messages
from gateway.accounts.attempt import Attempt, SignInLink, hash_of
from gateway.accounts.google_app import GoogleApps
from gateway.accounts.life import shown_date
from gateway.accounts.paste import Code, NoCode, parse
from gateway.clock import Clock
from gateway.config import GoogleSection, Secret
from gateway.errors import SignInError
from gateway.google.failures import cleaned, refusal
from gateway.google.oauth import ISSUER, Identity, OAuth, Tokens
from gateway.google.scopes import ON_REQUEST, PERMISSIONS, Feature, allows, asked_for, features, known, surplus
from gateway.google.wire import Wire
from gateway.messages import Message
from gateway.store import sign_ins
from gateway.store.database import Database
from gateway.store.sign_ins import SignInRow
from gateway.store.vault import Vault, VaultError

_MOST_REMEMBERED = 64
"""Codes whose (keyed) hash is kept in memory, so that the same one pasted again is named as such."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """Who signed in and what was granted; `notes` are worth telling, none of them stands in the way."""

    identity: Identity
    tokens: Tokens
    client_id: str
    client_secret: Secret
    notes: tuple[Message, ...]


class SignIns:
    """Hands out links and turns what people paste into accounts.

    A link belongs to its origin (who asked for it); it and its code are good for one try by that origin.
    """

    def __init__(
        self, *, database: Database, vault: Vault, clock: Clock, wire: Wire, google: GoogleSection, apps: GoogleApps
    ) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock
        self._wire = wire
        self._google = google
        self._apps = apps
        self._key = secrets.token_bytes(32)
        self._used: OrderedDict[bytes, None] = OrderedDict()

    async def start(self, origin: str, life_ms: int, more: Collection[Feature] = ()) -> SignInLink:
        """Remember a fresh state and verifier, and return the link. Raises SignInError when the client is not set.

        `more` are features beyond the usual ones that the link shall ask for.
        """
        client_id, _ = self.client()
        attempt = Attempt.fresh(
            redirect_uri=self._apps.current().redirect_uri,
            client_id=client_id,
            scopes=asked_for(more, read_only=self._google.read_only),
        )
        now_ms = self._clock.now_ms()
        sealed = self._vault.seal(attempt.to_json())

        def remember(conn: sqlite3.Connection) -> None:
            sign_ins.purge(conn, now_ms)
            sign_ins.add(
                conn,
                state_hash=hash_of(attempt.state),
                sealed=sealed,
                origin=origin,
                life_ms=life_ms,
                now_ms=now_ms,
            )

        await self._database.write(remember)
        return self._link(attempt, now_ms, life_ms)

    async def pending(self, origins: Collection[str]) -> SignInLink | None:
        """Return the newest link of these origins that can still be used, as it was handed out."""
        now_ms = self._clock.now_ms()
        row = await self._database.read(lambda conn: sign_ins.newest(conn, origins, now_ms))
        if row is None or not row.is_alive(now_ms):
            return None
        try:
            attempt = Attempt.from_json(self._vault.unseal(row.sealed))
        except VaultError:  # the key file is another one: nothing that comes of this link can be used
            return None
        if attempt.client_id != self._apps.current().client_id:
            return None
        return self._link(attempt, row.started_at, row.life_ms)

    def recognise(self, pasted: str) -> Message | None:
        """Return what is wrong with a text at first sight, None when it looks like a code; nothing is sent or kept."""
        try:
            self._read(pasted)
        except SignInError as error:
            return messages.text(error.code, **error.values)
        return None

    async def finish(self, pasted: str, origins: Collection[str]) -> SignedIn:
        """Exchange what was pasted. Raises SignInError; whatever can be refused is, before Google hears of the code."""
        client_id, secret = self.client()
        code = self._read(pasted)
        attempt = await self._spend(code, origins)
        oauth = OAuth(wire=self._wire, endpoints=self._google.endpoints, client_id=client_id, client_secret=secret)
        tokens = await oauth.exchange(
            code.code,
            verifier=attempt.verifier,
            redirect_uri=attempt.redirect_uri,
            asked=attempt.scopes,
            least=self._least,
            now_ms=self._clock.now_ms(),
        )
        identity = await oauth.identity(tokens)
        self._check_expected(identity)
        return SignedIn(
            identity=identity,
            tokens=tokens,
            client_id=client_id,
            client_secret=secret,
            notes=tuple(self._notes(tokens, attempt.scopes)),
        )

    async def withdraw(self, origin: str) -> int:
        """Make the links of an origin worthless; return how many there were."""
        return await self._database.write(lambda conn: sign_ins.withdraw(conn, origin))

    async def purge(self) -> bool:
        """Wipe what links that are too old had sealed; say whether there were any. Costs no write when not."""
        now_ms = self._clock.now_ms()
        if not await self._database.read(lambda conn: sign_ins.anything_old(conn, now_ms)):
            return False
        return bool(await self._database.write(lambda conn: sign_ins.purge(conn, now_ms)))

    def client(self) -> tuple[str, Secret]:
        """Return client ID and secret. Raises SignInError when they are not there or cannot be right."""
        app = self._apps.current()
        client_id, secret = app.client_id, app.client_secret
        if not client_id:
            raise refusal("G-101", field="client_id")
        if secret is None or not secret.reveal():
            raise refusal("G-102" if client_id.startswith("GOCSPX-") else "G-104", field="client_secret")
        if client_id.startswith("GOCSPX-") and secret.reveal().endswith(".apps.googleusercontent.com"):
            raise refusal("G-102", field="client_id")
        if re.fullmatch(r"[•●∙·*.]+", secret.reveal()):
            raise refusal("G-105", field="client_secret")
        return client_id, secret

    def _link(self, attempt: Attempt, started_at_ms: int, life_ms: int) -> SignInLink:
        url = attempt.url(self._google.endpoints.authorize)
        return SignInLink(url=url, started_at_ms=started_at_ms, expires_at_ms=started_at_ms + life_ms)

    def _read(self, pasted: str) -> Code:
        """Read what was pasted, and refuse what an address says against itself."""
        redirect = self._apps.current().redirect_uri
        code = parse(pasted, redirect_uri=redirect)
        if isinstance(code, NoCode):
            raise self._refused(code.code, message=code.said)
        if code.iss is not None and code.iss not in self._issuers():
            raise self._refused("G-207")
        # Whole scopes only and not the one that is needed; one that was cut short proves nothing.
        if code.scopes is not None and known(code.scopes) and not allows(code.scopes, self._least):
            raise self._refused("G-403")
        return code

    def _refused(self, code: str, message: str = "") -> SignInError:
        """Refuse a paste, with all that the texts of the paste box may need."""
        redirect = urlsplit(self._apps.current().redirect_uri)
        values = {
            "redirect": redirect.geturl(),
            "host": redirect.hostname or "",
            "port": str(redirect.port or ""),
            "message": message,
        }
        return refusal(code, field="code", **values)

    def _issuers(self) -> tuple[str, ...]:
        """Who may have sent the code (RFC 9207): Google, or who is asked in its place."""
        parts = urlsplit(self._google.endpoints.authorize)
        return (f"{parts.scheme}://{parts.netloc}", ISSUER)

    async def _spend(self, code: Code, origins: Collection[str]) -> Attempt:
        """Find the link that the code came from and mark it as used, durably, before the code leaves this machine."""
        state, now_ms = code.state, self._clock.now_ms()
        row = await self._database.read(
            lambda conn: (
                sign_ins.find(conn, hash_of(state), origins) if state else sign_ins.newest(conn, origins, now_ms)
            )
        )
        if row is None:
            # A link of another session is refused in the same words as one that was never ours.
            foreign = state is not None and await self._database.read(sign_ins.any_known)
            raise self._refused("G-207" if foreign else "G-215")
        used = self._hash(code.code)
        self._check_usable(row, now_ms)
        if used in self._used:  # pasted again without its state, beside a newer link
            raise self._refused("G-213")
        attempt = self._unsealed(row)
        if state is not None and not hmac.compare_digest(state.encode("utf-8"), attempt.state.encode("utf-8")):
            raise self._refused("G-207")
        if attempt.client_id != self._apps.current().client_id:
            raise self._refused("G-207")
        if not await self._database.write(lambda conn: sign_ins.use(conn, row.state_hash, now_ms)):
            raise self._refused("G-213")
        self._remember(used)
        return attempt

    def _check_usable(self, row: SignInRow, now_ms: int) -> None:
        if row.used_at is not None:
            raise self._refused("G-213")
        if not row.is_alive(now_ms):
            raise self._refused("G-214")

    def _unsealed(self, row: SignInRow) -> Attempt:
        try:
            return Attempt.from_json(self._vault.unseal(row.sealed))
        except VaultError:  # the key file was changed since; a new link will do
            raise self._refused("G-214") from None

    def _hash(self, code: str) -> bytes:
        return hashlib.blake2b(code.encode("utf-8", "surrogatepass"), key=self._key, digest_size=16).digest()

    def _remember(self, used: bytes) -> None:
        self._used[used] = None
        while len(self._used) > _MOST_REMEMBERED:
            self._used.popitem(last=False)

    def _check_expected(self, identity: Identity) -> None:
        expected = self._google.expected_account
        if expected is None:
            return
        if not identity.verified or identity.email.casefold() != expected.casefold():
            raise refusal("G-417", new=identity.email, expected=expected)

    @property
    def _least(self) -> Feature:
        """What an account is of no use without."""
        return features(read_only=self._google.read_only)[0]

    def _notes(self, tokens: Tokens, asked: tuple[str, ...]) -> list[Message]:
        wanted = [
            each
            for each in features(read_only=self._google.read_only)
            if each not in ON_REQUEST or PERMISSIONS[each].ask in asked
        ]
        missing = [PERMISSIONS[each].shown for each in wanted if not allows(tokens.scopes, each)]
        notes = [messages.text("G-416", feature=feature) for feature in missing]
        if extra := surplus(tokens.scopes, asked):
            notes.append(messages.text("G-523", scopes=cleaned(", ".join(extra), 400)))
        if tokens.access_ends_at_ms is not None:
            notes.append(messages.text("G-411", date=shown_date(tokens.access_ends_at_ms)))
        return notes
