"""Alerts as signed webhook calls; how a call is made and signed stands in `webhook`."""

from __future__ import annotations

import aiohttp

from gateway.notify.alert import Alert
from gateway.notify.webhook import Message, Receiver, Told, tell


class WebhookChannel:
    """Sends alerts to one receiver, over one client that is opened with the first of them."""

    name = "webhook"

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver
        self._session: aiohttp.ClientSession | None = None

    async def send(self, alert: Alert, *, now_s: int) -> Told:
        """Send a message once."""
        if self._session is None:
            self._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), trust_env=False)
        return await tell(self._session, self._receiver, message(alert), now_s=now_s)

    async def close(self) -> None:
        """Close the client."""
        if self._session is not None:
            await self._session.close()
            self._session = None


def message(alert: Alert) -> Message:
    """Return what the receiver gets: the alert's type, and in `data` everything that the others get as text."""
    data: dict[str, object] = {
        "gateway": alert.gateway,
        "severity": alert.severity,
        "code": alert.code or None,
        "title": alert.title,
        "text": alert.text,
        "page": alert.page or None,
        "reminder": alert.reminder,
        **alert.data,
    }
    return Message(id=alert.id, type=alert.type, at_s=alert.at_s, data=data)
