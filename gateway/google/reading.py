"""Reads from the Calendar API with an account's token; what an answer means is not decided here."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.google.tokens import AccessTokens
from gateway.google.wire import Answer, Wire


async def read(wire: Wire, tokens: AccessTokens, address: str, query: Mapping[str, str]) -> Answer:
    """GET an address; after 401 once more with a new token, in case a clock is wrong. Raises TokenFailure, NoAnswer."""
    token = await tokens.token()
    answer = await wire.call("GET", address, query=query, headers=_headers(token))
    if answer.status == 401:
        token = await tokens.token(rejected=token)
        answer = await wire.call("GET", address, query=query, headers=_headers(token))
    return answer


def _headers(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", "Accept": "application/json"}
