"""A gateway in this process in which something has happened: devices, meetings, callers, troubles; it tests nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import aiohttp
from aiohttp.test_utils import make_mocked_request

from gateway.store.database import Work
from tests.journey.dashboard_office import KEY, DashboardOffice, connected, opened_dashboard, soon
from tests.journey.gateway_process import until

LONG_SUBJECT = "Quarterly review of everything that was said, promised and forgotten, with all who were there " * 2


@asynccontextmanager
async def lived_in(folder: Path, before: Work[None] | None = None) -> AsyncIterator[DashboardOffice]:
    """Run it until the block ends; Anna is signed in, and so is the account at simulated Google.

    `before` fills the database before anything happens.
    """
    async with opened_dashboard(folder) as office:
        if before is not None:
            await office.gateway.stored.database.write(before)
            await office.gateway.register.reload()
        await connected(office)
        await _schedules(office)
        await _troubles(office)
        await office.browser.open("/diagnostics")
        await office.browser.press("Record everything for 10 minutes")
        await office.browser.press("Stop")
        await office.dashboard()
        yield office


async def _schedules(office: DashboardOffice) -> None:
    guests = [
        {"name": "Ana Müller", "extension": "1001", "email": "ana@mycompanyabc.com"},
        {"name": "Only Extension", "extension": "1002"},
    ]
    meetings = [
        ("lobby", soon("plain", "Weekly Meeting", 1)),
        ("lobby", soon("guests", "Sales", 3, invitees=guests, host=guests[0], agenda="1. Numbers\n2. <b>Plans</b>")),
        ("lobby", soon("series", "Stand-up", 24, repeat={"frequency": "weekly", "count": 8})),
        ("board", soon("long", LONG_SUBJECT[:250], 26)),
        ("board", soon("off", "Not for the calendar", 30, sync_to_calendar=False)),
        ("board", soon("edited", "Board", 50)),
    ]  # fmt: skip
    for device, body in meetings:
        assert await office.call(device, body) == 202, body
    await until(lambda: len(office.google.state.live_events) >= len(meetings) - 1, "not everything was mirrored")
    event = next(each for each in office.google.state.live_events if each["summary"] == "Board")
    office.google.do.edit_event(event["id"], {"summary": "Board, as Anna says"})
    base = f"{office.gateway.listener.url}/api/v1/devices/board/meetings"
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {KEY}"}) as session,
        session.delete(f"{base}/long") as answer,
    ):
        assert answer.status == 202


async def _troubles(office: DashboardOffice) -> None:
    bad = soon("backwards", "Ends before it starts") | {
        "end": f"{datetime.now(UTC) - timedelta(days=1):%Y-%m-%dT%H:%M:00}"
    }
    assert await office.call("lobby", bad) == 422
    assert await office.call("lobby", {"external_id": "nothing"}) == 422
    assert await office.call("board", soon("x", "With a wrong key"), key="wrong-key-0123456789abcdef") == 401
    await office.call("unknown-6304", soon("first", "From somebody new"))


async def every_address(office: DashboardOffice, *, forgiving: bool = False) -> dict[str, str]:
    """Follow all links from the dashboard, signed in; return one page for each route, by the route's pattern.

    Links that lead nowhere, or to a page that fails, are an AssertionError, unless one is `forgiving`.
    """
    router = office.gateway.listener.app.router
    base = office.browser.base
    waiting, found, dead = {"/dashboard": "the start"}, dict[str, str](), list[str]()
    seen = set(waiting)
    while waiting:
        address = next(iter(waiting))
        came_from = waiting.pop(address)
        request = make_mocked_request("GET", address)
        match = await router.resolve(request)
        if match.http_exception is not None or match.route.resource is None:
            dead.append(f"{address} is not served, but linked from {came_from}")
            continue
        pattern = match.route.resource.canonical
        if pattern in found:
            continue
        page = await office.browser.open(address)
        if page.status >= 400:
            dead.append(f"{address}, linked from {came_from}: {page.status} {page.text[-300:]}")
            continue
        if "html" not in page.headers.get("Content-Type", ""):
            continue
        if urlsplit(page.url).path == urlsplit(address).path:
            found.setdefault(pattern, address)
        for element in page.elements:
            if element.tag != "a" or element.attributes.get("target") == "_blank" or "download" in element.attributes:
                continue
            link = urljoin(f"{base}{address}", element.attributes.get("href", ""))
            if not link.startswith(f"{base}/") or (link := link.removeprefix(base).partition("#")[0]) in seen:
                continue
            seen.add(link)
            waiting[link] = address
    assert forgiving or not dead, "\n".join(dead)
    return found
