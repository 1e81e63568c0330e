"""The feeds on the page Integrations: made, shown once, withdrawn; what stands in a feed is decided elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from aiohttp import web

from gateway.admin.door_pages import Fault
from gateway.admin.google.shelf import Shelf
from gateway.admin.settings.page import SettingsPages
from gateway.admin.shell import actor_of, form_of, redirect, session_of
from gateway.clock import Clock
from gateway.errors import AccessError, NotFound
from gateway.operations.integrations.feeds import Feeds
from gateway.store.feeds import FeedRow

PAGE = "/settings/integrations"
MOST_SHOWN = 100
MOST_TO_CHOOSE_FROM = 50
"""With more devices the id of one is typed: a list of hundreds is slow to make and slow to read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFeed:
    """An address that is shown once; `webcal` is the same for a calendar program on this computer."""

    device: str
    address: str

    @property
    def webcal(self) -> str:
        """The address with which a browser opens the calendar program."""
        return f"webcal://{self.address.partition('://')[2]}"


class FeedPages:
    """The forms of the feeds; `address` is where programs reach the gateway, without a slash at the end."""

    def __init__(
        self,
        *,
        pages: SettingsPages,
        feeds: Feeds,
        devices: Callable[[], Iterable[tuple[str, str]]],
        address: Callable[[], str],
        clock: Clock,
    ) -> None:
        self._pages = pages
        self._feeds = feeds
        self._devices = devices
        self._address = address
        self._made: Shelf[NewFeed] = Shelf(clock)

    def add(self, app: web.Application) -> None:
        """Add the forms to `app`."""
        for name, handler in (("feed", self.create), ("feed/withdraw", self.withdraw)):
            self._pages.office.shell.add(app, "POST", f"{PAGE}/{name}", handler)
            self._pages.office.shell.add(app, "GET", f"{PAGE}/{name}", self.to_the_page)

    async def to_the_page(self, request: web.Request) -> web.Response:
        """GET of a form's address."""
        del request
        return redirect(f"{PAGE}#feeds")

    async def create(self, request: web.Request) -> web.Response:
        """POST /settings/integrations/feed: a first address for a device, or a new one in place of the old."""
        device = (await form_of(request)).get("device", "")[:63]
        try:
            await self._pages.office.shell.prove_again(request)
            token = await self._feeds.create(device, actor_of(request))
        except AccessError as error:
            return await self._pages.show(request, PAGE, fault=Fault.of(error), more={"asks_password": True})
        except NotFound:
            shown = await self._pages.show(request, PAGE, more={"unknown_device": device})
            shown.set_status(422)
            return shown
        address = f"{self._address()}/feeds/{token.reveal()}.ics"
        self._made.put(session_of(request).key, NewFeed(device=device, address=address))
        return redirect(f"{PAGE}#feeds")

    async def withdraw(self, request: web.Request) -> web.Response:
        """POST /settings/integrations/feed/withdraw: the address is good for nothing from now on."""
        form = await form_of(request)
        gone = await self._feeds.revoke(form.get("device", "")[:63], actor_of(request))
        return redirect(f"{PAGE}?{'withdrawn' if gone else ''}#feeds")

    async def context(self, request: web.Request) -> dict[str, object]:
        """Return what the page shows of feeds."""
        rows: list[FeedRow] = await self._feeds.listed()
        session = session_of(request)
        titles = dict(self._devices())
        return {
            "feeds": rows[:MOST_SHOWN],
            "titles": titles,
            "choices": titles if len(titles) <= MOST_TO_CHOOSE_FROM else {},
            "unknown_device": None,
            "new_feed": self._made.take(session.key),
            "withdrawn": "withdrawn" in request.query,
            "asks_password": not session.proved,
        }
