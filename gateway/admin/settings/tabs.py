"""The tabs above every page of the settings, also above those that live elsewhere."""

from __future__ import annotations

from gateway.messages.languages import tr


def settings_tabs() -> list[tuple[str, str]]:
    """Return label and address of each, in the order of the page."""
    return [
        (tr("General"), "/settings"),
        (tr("Sign-in"), "/settings/sign-in"),
        (tr("Notifications"), "/settings/notifications"),
        (tr("Integrations"), "/settings/integrations"),
        (tr("Meetings"), "/settings/meetings"),
        (tr("Network"), "/settings/network"),
        (tr("Backup"), "/settings/backup"),
        (tr("About"), "/settings/about"),
    ]


def tab_of(path: str) -> str:
    """Return the address of the tab that a page below it belongs to."""
    found = [place for _, place in settings_tabs() if path == place or path.startswith(f"{place}/")]
    return max(found, key=len, default="")
