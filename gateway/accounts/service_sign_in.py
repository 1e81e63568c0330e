"""Signing in with the key of a service account, from the file to an account that works; it is stored elsewhere."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from gateway.accounts.candidate import Candidate
from gateway.accounts.in_use import SERVICE_KIND, Opener
from gateway.config import GoogleSection
from gateway.errors import SignInError
from gateway.google.failures import refusal
from gateway.google.scopes import Feature, asked_for, calendar_only
from gateway.google.service_account import LARGEST_FILE_BYTES, Impersonation, ServiceKey, check_key, read_key
from gateway.google.tokens import Grant, TokenFailure


def key_from(path: Path) -> ServiceKey:
    """Read the key file at `path`. Raises SignInError G-530; nothing of the key is in it."""
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_FILE_BYTES + 1)
    except FileNotFoundError as error:
        raise refusal("G-530", field="file", missing=str(path)) from error
    except OSError as error:
        raise refusal("G-530", field="file", unreadable=str(path), reason=error.strerror or "unknown") from error
    return read_key(data)


class ServiceSignIns:
    """Makes accounts of keys. A person's consent is not asked for: the Workspace administrator gave it for all."""

    def __init__(self, *, google: GoogleSection, opener: Opener) -> None:
        self._google = google
        self._opener = opener

    def candidate(self, key: ServiceKey, user: str, more: tuple[Feature, ...] = ()) -> Candidate:
        """Return the account that the key gives access to, without asking Google. Raises SignInError G-417, G-533."""
        user = user.strip()
        local, at, domain = user.partition("@")
        if not (local and at and domain) or not user.isprintable() or " " in user or len(user) > 254:
            raise refusal("G-533", field="user", user=user[:254])
        expected = self._google.expected_account
        if expected is not None and user.casefold() != expected.casefold():
            raise refusal("G-417", new=user, expected=expected)
        scopes = calendar_only(asked_for(more, read_only=self._google.read_only))
        return Candidate(
            kind=SERVICE_KIND,
            email=user,
            subject=f"{key.client_email} {user.casefold()}",
            scopes=scopes,
            replaces=None,
            notes=(),
            grant=Grant(client_id=key.client_id, acting=Impersonation(key=key, user=user, scopes=scopes)),
        )

    async def proved(self, candidate: Candidate) -> Candidate:
        """Return the same with a token of Google's.

        Raises SignInError: what is wrong with the key, what Google has against it, or why Google could not be asked.
        """
        acting, kept = candidate.grant.acting, [candidate.grant]
        if acting is not None:
            await asyncio.to_thread(check_key, acting.key)

        async def keep(renewed: Grant) -> None:
            kept.append(renewed)

        try:
            await self._opener.tokens(candidate.grant, keep).token()
        except TokenFailure as failure:
            outcome = failure.outcome
            raise SignInError(outcome.code, outcome.text, values=outcome.values) from None
        return replace(candidate, grant=kept[-1])
