"""An OAuth client as the credentials file that Google offers under "Download JSON"; nothing else is made here."""

from __future__ import annotations

from typing import Any

from simulator.google.consent_pages import CONSENT_PATH
from simulator.google.identities import Client
from simulator.google.service_accounts import PROJECT_ID


def credentials(client: Client, base: str) -> dict[str, Any]:
    """The file's document: one key, `web` or `installed`, with this simulator's own addresses in it."""
    content: dict[str, Any] = {
        "client_id": client.client_id,
        "project_id": PROJECT_ID,
        "auth_uri": base + CONSENT_PATH,
        "token_uri": base + "/token",
        "auth_provider_x509_cert_url": base + "/oauth2/v1/certs",
        "client_secret": client.secret,
    }
    if client.kind == "installed":
        return {"installed": {**content, "redirect_uris": ["http://localhost"]}}
    # Google leaves the key out while nothing is registered.
    return {"web": {**content, **({"redirect_uris": list(client.redirect_uris)} if client.redirect_uris else {})}}


def file_name(client: Client) -> str:
    """The name under which Google offers it."""
    return f"client_secret_{client.client_id}.json"
