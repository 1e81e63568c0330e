"""One attempt to sign in: the link a person opens, and what the gateway keeps of it, sealed, until it is used."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field

from gateway.google.oauth import consent_url, new_state, new_verifier

LIFE_MS = 10 * 60 * 1000
"""How long a link is good for; Google publishes no lifetime of its codes, minutes are what is observed."""

LONG_LIFE_MS = 24 * 3600 * 1000
"""The life of a link that somebody else shall open."""

FROM_COMMAND_LINE = "command line"
"""The origin of what is done on the machine itself; the page's are `session:<hash of the cookie>` and `user:<id>`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInLink:
    """The address to open in a browser, when it was made, and until when (ms UTC) what comes of it is accepted."""

    url: str = field(repr=False)
    started_at_ms: int
    expires_at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What is sealed with a link."""

    state: str = field(repr=False)
    verifier: str = field(repr=False)
    redirect_uri: str
    client_id: str
    scopes: tuple[str, ...]

    @classmethod
    def fresh(cls, *, redirect_uri: str, client_id: str, scopes: tuple[str, ...]) -> Attempt:
        """Make one with a state and a verifier that nobody has seen."""
        state, verifier = new_state(), new_verifier()
        return cls(state=state, verifier=verifier, redirect_uri=redirect_uri, client_id=client_id, scopes=scopes)

    @classmethod
    def from_json(cls, text: str) -> Attempt:
        """Read what `to_json` wrote."""
        raw = json.loads(text)
        return cls(
            state=raw["state"],
            verifier=raw["verifier"],
            redirect_uri=raw["redirect_uri"],
            client_id=raw["client_id"],
            scopes=tuple(raw["scopes"]),
        )

    def to_json(self) -> str:
        """Return everything of it as text, for sealing."""
        return json.dumps(
            {
                "state": self.state,
                "verifier": self.verifier,
                "redirect_uri": self.redirect_uri,
                "client_id": self.client_id,
                "scopes": self.scopes,
            }
        )

    def url(self, endpoint: str) -> str:
        """Return the address of the consent page; the same one every time."""
        return consent_url(
            endpoint,
            client_id=self.client_id,
            redirect_uri=self.redirect_uri,
            state=self.state,
            verifier=self.verifier,
            scopes=self.scopes,
        )


def hash_of(state: str) -> bytes:
    """Return what is stored of a state; 256 random bits need no slower hash."""
    return hashlib.sha256(state.encode("utf-8", "surrogatepass")).digest()
