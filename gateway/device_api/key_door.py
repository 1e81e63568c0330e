"""Who may read with an API key: over which line, with which key, for what; what there is to read is not known here."""

from __future__ import annotations

import hmac
import math
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

from aiohttp import web

from gateway.access.api_keys import ApiKeys, Holder, NotAllowed, Scope, TooManyWrongKeys, WrongKey
from gateway.domain.secret import Secret
from gateway.web.private_line import is_private
from gateway.web.problem import HttpProblem


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyDoor:
    """Before everything that an API key opens.

    `tokens` has the token that the settings name for a scope, which opens it as an API key with that scope does.
    `https` is where the gateway is reached over TLS, empty without; with `proxy_has_tls` a proxy on this machine is.
    """

    keys: ApiKeys
    tokens: Callable[[Scope], Secret | None]
    https: Callable[[], str]
    proxy_has_tls: bool

    async def enter(self, request: web.Request, scope: Scope) -> Holder:
        """Return who reads. Raises HttpProblem: 401 without a right key, 403 for what it may not, 429 for too many."""
        shown = request.headers.get("Authorization", "")
        if not is_private(request, proxy_has_tls=self.proxy_has_tls):
            raise self._in_the_open(scope, shown=bool(shown))
        scheme, _, key = shown.partition(" ")
        challenge = f'Bearer realm="{scope}"'
        if scheme.lower() != "bearer":
            text = f"Show an API key with the scope {scope}, in the header 'Authorization: Bearer KEY'."
            raise HttpProblem(401, "no-api-key", text, headers={"WWW-Authenticate": challenge})
        if holder := self._of_settings(key.strip(), scope):
            return holder
        try:
            return await self.keys.judge(key.strip(), scope, source=request.remote or "")
        except WrongKey:
            text = "This API key is not known here, or it was revoked, or its last day is over. Create another one."
            wrong = {"WWW-Authenticate": f'{challenge}, error="invalid_token"'}
            raise HttpProblem(401, "wrong-api-key", text, headers=wrong) from None
        except NotAllowed:
            text = f"This API key may not read {scope}. Create one that has the scope {scope}."
            raise HttpProblem(403, "scope-missing", text) from None
        except TooManyWrongKeys as error:
            text = "Too many wrong API keys came from this address. Correct the key, then wait as Retry-After says."
            wait = {"Retry-After": str(math.ceil(error.wait_s))}
            raise HttpProblem(429, "too-many-wrong-keys", text, headers=wait) from None

    def _of_settings(self, key: str, scope: Scope) -> Holder | None:
        """Return who shows the token of the settings; how long that takes tells nothing about it."""
        token = self.tokens(scope)
        if token is None:
            return None
        right, shown = (sha256(each.encode("utf-8", "surrogateescape")).digest() for each in (token.reveal(), key))
        if not hmac.compare_digest(right, shown):
            return None
        return Holder(name=f"{scope}.token", key_hash=right, ends_at=None)

    def _in_the_open(self, scope: Scope, *, shown: bool) -> HttpProblem:
        """API keys open more than the key of one device, and what uses them knows TLS."""
        where = self.https() or "the https address of the gateway"
        text = f"API keys count over https only. Use {where} instead."
        if shown:
            done = "put another one in its place" if self.tokens(scope) else "revoke it and create another one"
            text += f" The key crossed the network in the clear: {done}."
        return HttpProblem(403, "https-only", text)
