"""Requests and answers as the simulated Google's rules see them; sockets and routes are elsewhere."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

JSON_TYPE = "application/json; charset=UTF-8"
HTML_TYPE = "text/html; charset=utf-8"
_COMPACT = json.JSONEncoder(separators=(",", ":"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request that arrived whole. `headers` have lower-case names; `query` holds every value of each parameter."""

    operation: str
    method: str
    path: str
    place: Mapping[str, str]
    """The variable parts of the path, decoded: `calendar_id`, `event_id`."""
    query: dict[str, list[str]]
    headers: Mapping[str, str]
    body: bytes
    collision_unseen: bool = False
    """A fault lets Google not notice that the id of a new event is taken."""

    def first(self, name: str) -> str | None:
        """The first value of a query parameter."""
        values = self.query.get(name)
        return values[0] if values else None

    @property
    def quota_user(self) -> str | None:
        """Whose quota the call shall use up, as the caller says."""
        return self.headers.get("x-goog-quota-user") or self.first("quotaUser")

    @property
    def bearer(self) -> str | None:
        """The access token, from the header or (as Google allows) from the query."""
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return token.strip()
        return self.first("access_token") or self.first("oauth_token")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer that is ready to be sent, `delay_s` seconds late."""

    status: int = 200
    body: bytes = b""
    content_type: str = JSON_TYPE
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_s: float = 0.0


Logic = Callable[[Call], Reply]
"""Carries out one request at once (it never waits), so that its effect is there whole or not at all."""


def json_reply(
    document: Any, *, status: int = 200, headers: Mapping[str, str] | None = None, pretty: bool = False
) -> Reply:
    """A JSON answer."""
    text = json.dumps(document, indent=1) if pretty else _COMPACT.encode(document)
    return Reply(status=status, body=text.encode(), headers=headers or {})


def html_reply(page: str, *, status: int = 200) -> Reply:
    """A page; it may use its own inline style and nothing else."""
    policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"
    headers = {"Content-Security-Policy": policy, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    return Reply(status=status, body=page.encode(), content_type=HTML_TYPE, headers=headers)


def redirect_reply(address: str) -> Reply:
    """A 302 to another address."""
    return Reply(status=302, content_type=HTML_TYPE, headers={"Location": address, "Cache-Control": "no-store"})
