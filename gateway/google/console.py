"""Where Google's own pages are that an admin has to visit; what has to be done there is told by the catalogue."""

from __future__ import annotations

from urllib.parse import quote

_CONSOLE = "https://console.cloud.google.com"
CLIENTS = f"{_CONSOLE}/auth/clients"
AUDIENCE = f"{_CONSOLE}/auth/audience"
CALENDAR_API = f"{_CONSOLE}/apis/library/calendar-json.googleapis.com"
ADMIN_CONSOLE = "https://admin.google.com/ac/owl"
"""Security > API controls of a Workspace."""
PERMISSIONS = "https://myaccount.google.com/connections"
"""Third-party access of the account that is signed in in the browser."""

_BY_BUTTON = {
    "open-clients": CLIENTS,
    "open-audience": AUDIENCE,
    "open-calendar-api": CALENDAR_API,
    "open-admin-console": ADMIN_CONSOLE,
}


def links(project_id: str = "") -> dict[str, str]:
    """Return the address of each `open-...` button, in the project of the client where that is known."""
    return {
        does: f"{address}?project={quote(project_id, safe='')}"
        if project_id and address.startswith(_CONSOLE)
        else address
        for does, address in _BY_BUTTON.items()
    }
