"""The door of other programs: metrics, calendar feeds; what is in them is gathered elsewhere."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web

from gateway.access.api_keys import Scope
from gateway.device_api.key_door import KeyDoor
from gateway.operations.integrations.feeds import Feeds
from gateway.web.problem import SERVER, HttpProblem

METRICS = "/metrics"
FEED = "/feeds/{token}.ics"
FEED_FRESH_S = 300
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
"""https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format"""


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricsCalls:
    """GET /metrics: there while it is switched on, and always with a key, wherever the call comes from."""

    on: Callable[[], bool]
    door: KeyDoor
    text: Callable[[], Awaitable[str]]

    async def get(self, request: web.Request) -> web.Response:
        """Tell how the gateway does."""
        if not self.on():
            text = "Metrics are switched off. An administrator can switch them on: Settings, Integrations."
            raise HttpProblem(404, "metrics-off", text)
        await self.door.enter(request, Scope.METRICS)
        body = (await self.text()).encode()
        headers = {"Content-Type": CONTENT_TYPE, "Server": SERVER, "Cache-Control": "no-store"}
        return web.Response(body=body, headers=headers)


def add_metrics(app: web.Application, calls: MetricsCalls) -> None:
    """Put it on `app`."""
    app.router.add_get(METRICS, calls.get, allow_head=False)


@dataclass(frozen=True, slots=True)
class FeedCalls:
    """GET /feeds/{token}.ics: there for whoever knows the address, which is all that calendar programs can show."""

    feeds: Feeds

    async def get(self, request: web.Request) -> web.Response:
        """Give the meetings of a device to a calendar program."""
        feed = await self.feeds.read(request.match_info["token"])
        if feed is None:
            raise HttpProblem(404, "no-such-address", "There is no calendar at this address.")
        known = request.if_none_match or ()
        headers = {"Server": SERVER, "Cache-Control": f"private, max-age={FEED_FRESH_S}", "ETag": f'"{feed.etag}"'}
        if any(each.value in ("*", feed.etag) for each in known):
            return web.Response(status=304, headers=headers)
        return web.Response(body=feed.body, content_type="text/calendar", charset="utf-8", headers=headers)


def add_feeds(app: web.Application, calls: FeedCalls) -> None:
    """Put them on `app`."""
    app.router.add_get(FEED, calls.get)
