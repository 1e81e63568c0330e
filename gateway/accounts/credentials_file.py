"""Reads the credentials file that Google offers for a client; whether its values are any good is not decided here."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Literal

from gateway.config import Secret
from gateway.google.failures import refusal

LARGEST_FILE_BYTES = 64 * 1024
_MOST_ADDRESSES = 100
_SIGN_IN_MARKS = frozenset({"refresh_token", "access_token", "token"})

Kind = Literal["web", "installed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What the file says: Google's "Web application" is `web`, its "Desktop app" is `installed`.

    `client_secret` is None in a file that Google made after the secret had been shown once; `project_id` may be empty.
    """

    kind: Kind
    client_id: str
    client_secret: Secret | None
    project_id: str
    redirect_uris: tuple[str, ...]


def read_credentials(data: bytes) -> Credentials:
    """Read a credentials file (`Flow.from_client_config` of google-auth-oauthlib names its keys).

    Raises SignInError with the field `file`: G-110 for what is no such file, G-111 for a service account's key,
    G-112 for a stored sign-in. Nothing of the file is in the error.
    """
    content = _object(data)
    if content is None:
        raise refusal("G-110", field="file")
    if content.get("type") == "service_account":
        raise refusal("G-111", field="file")
    kind = _kind(content)
    if kind is None and (content.get("type") == "authorized_user" or not _SIGN_IN_MARKS.isdisjoint(content)):
        raise refusal("G-112", field="file")
    client = content[kind] if kind is not None else None
    if kind is None or not isinstance(client, dict):
        raise refusal("G-110", field="file")
    client_id, secret = client.get("client_id"), client.get("client_secret")
    if not isinstance(client_id, str) or not re.fullmatch(r"[!-~]{1,255}", client_id):
        raise refusal("G-110", field="file")
    if not isinstance(secret, str | None) or (secret and not re.fullmatch(r"[!-~]{1,512}", secret)):
        raise refusal("G-110", field="file")
    project = client.get("project_id")
    return Credentials(
        kind=kind,
        client_id=client_id,
        client_secret=Secret(secret) if secret else None,
        project_id=project if isinstance(project, str) and re.fullmatch(r"[a-z0-9.:-]{1,100}", project) else "",
        redirect_uris=_addresses(client.get("redirect_uris")),
    )


def _object(data: bytes) -> dict[str, object] | None:
    """Return the JSON object; the error of the parser is let go here, because it holds the whole text."""
    if len(data) > LARGEST_FILE_BYTES:
        return None
    try:
        # The text, not the bytes: from bytes, json would read UTF-16 and UTF-32 as well.
        value = json.loads(data.decode("utf-8-sig"), object_pairs_hook=_without_doubles)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _without_doubles(pairs: list[tuple[str, object]]) -> dict[str, object]:
    read = dict(pairs)
    if len(read) < len(pairs):
        raise ValueError("a key stands there twice")
    return read


def _kind(content: dict[str, object]) -> Kind | None:
    if ("web" in content) == ("installed" in content):
        return None
    return "web" if "web" in content else "installed"


def _addresses(value: object) -> tuple[str, ...]:
    """Return the addresses that can be shown and compared; a client never has many."""
    listed = value if isinstance(value, list) else []
    usable = [each for each in listed if isinstance(each, str) and re.fullmatch(r"[!-~]{1,2000}", each)]
    return tuple(dict.fromkeys(usable))[:_MOST_ADDRESSES]
