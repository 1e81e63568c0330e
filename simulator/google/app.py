"""Puts the simulated Google together and serves it; every rule lives in its own module."""

from __future__ import annotations

from types import TracebackType

from aiohttp import web

from simulator.google.asked import Doors
from simulator.google.authorize import AuthorizationEndpoint
from simulator.google.calendar_api import CalendarApi
from simulator.google.calendar_pages import agenda_page, event_page, missing_page
from simulator.google.calendars_api import CalendarsApi
from simulator.google.consent_pages import CONSENT_PATH
from simulator.google.controls import Controls
from simulator.google.errors import not_found
from simulator.google.free_busy import FreeBusyApi
from simulator.google.front import Front
from simulator.google.identities import DEFAULT_ACCOUNT
from simulator.google.minting import Minter
from simulator.google.oauth_api import OAuthApi
from simulator.google.state import GoogleState, fresh_state
from simulator.google.tokens import TokenEndpoint
from simulator.google.usecases import UseCases
from simulator.google.wire import Reply, html_reply, json_reply

LARGEST_BODY = 1024 * 1024
STOP_AFTER_S = 0.2
"""How long an answer under way may take when the simulator stops."""

_CALENDAR = "/calendar/v3"
_CALENDARS = _CALENDAR + "/calendars"
_EVENTS = _CALENDARS + "/{calendar_id}/events"
_EVENT = _EVENTS + "/{event_id}"
_LIST = _CALENDAR + "/users/me/calendarList"

# Operation, method, path; the same operation may stand at several doors.
_DOORS = (
    ("authorize", "GET", CONSENT_PATH),
    ("authorize", "POST", CONSENT_PATH),
    ("token", "POST", "/token"),
    ("revoke", "POST", "/revoke"),
    ("userinfo", "GET", "/v1/userinfo"),
    ("insert", "POST", _EVENTS),
    ("import", "POST", _EVENTS + "/import"),
    ("watch", "POST", _EVENTS + "/watch"),
    ("move", "POST", _EVENT + "/move"),
    ("channels.stop", "POST", _CALENDAR + "/channels/stop"),
    ("freebusy.query", "POST", _CALENDAR + "/freeBusy"),
    ("list", "GET", _EVENTS),
    ("get", "GET", _EVENT),
    ("update", "PUT", _EVENT),
    ("patch", "PATCH", _EVENT),
    ("delete", "DELETE", _EVENT),
    ("instances", "GET", _EVENT + "/instances"),
    ("calendars.get", "GET", _CALENDARS + "/{calendar_id}"),
    ("calendars.insert", "POST", _CALENDARS),
    ("calendars.update", "PUT", _CALENDARS + "/{calendar_id}"),
    ("calendars.patch", "PATCH", _CALENDARS + "/{calendar_id}"),
    ("calendars.delete", "DELETE", _CALENDARS + "/{calendar_id}"),
    ("calendars.clear", "POST", _CALENDARS + "/{calendar_id}/clear"),
    ("calendarList.list", "GET", _LIST),
    ("calendarList.insert", "POST", _LIST),
    ("calendarList.get", "GET", _LIST + "/{calendar_id}"),
    ("calendarList.update", "PUT", _LIST + "/{calendar_id}"),
    ("calendarList.patch", "PATCH", _LIST + "/{calendar_id}"),
    ("calendarList.delete", "DELETE", _LIST + "/{calendar_id}"),
)


class SimulatedGoogle:
    """A running simulated Google: `async with SimulatedGoogle() as google: …`.

    `state` is what it holds (a test may read it), `do` the verbs a test may call, `base` its address. `port` 0 takes
    any free port. With a `seed` all ids, codes and tokens repeat from run to run.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        seed: int | None = None,
        account: str = DEFAULT_ACCOUNT,
        time_zone: str = "Europe/Berlin",
    ) -> None:
        self._host = host
        self._port = port
        self.state: GoogleState = fresh_state(minter=Minter(seed), account=account, time_zone=time_zone)
        self._authorization = AuthorizationEndpoint(self.state)
        self._tokens = TokenEndpoint(self.state)
        self.do = UseCases(self.state, self._authorization, self._tokens)
        self._runner: web.AppRunner | None = None

    @property
    def base(self) -> str:
        """The address everything is served under, without a slash at its end; empty before the start."""
        return self.state.base

    def endpoints(self) -> dict[str, str]:
        """The five addresses a gateway needs, under the names of its settings `google.endpoints`."""
        return {
            "authorize": self.base + CONSENT_PATH,
            "token": self.base + "/token",
            "revoke": self.base + "/revoke",
            "userinfo": self.base + "/v1/userinfo",
            "calendar": self.base + _CALENDAR,
        }

    async def start(self) -> None:
        """Begin to serve; raises `OSError` when the address cannot be had."""
        # A caller who goes away ends its request, which frees answers that hang or wait.
        runner = web.AppRunner(
            self._application(), access_log=None, handler_cancellation=True, shutdown_timeout=STOP_AFTER_S
        )
        await runner.setup()
        try:
            await web.TCPSite(runner, self._host, self._port).start()
        except OSError:
            await runner.cleanup()
            raise
        self._runner = runner
        port = runner.addresses[0][1]
        # An address that means "every address" cannot be opened, so links name the loopback one.
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self._host, self._host)  # noqa: S104  (nothing is bound here)
        self.state.base = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    async def stop(self) -> None:
        """End every connection and stop serving."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def __aenter__(self) -> SimulatedGoogle:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def _application(self) -> web.Application:
        application = web.Application(client_max_size=LARGEST_BODY)
        front = Front(self.state)
        logics = {
            **OAuthApi(self.state, self._authorization, self._tokens).logics(),
            **Doors(self.state, self._tokens).logics(
                {
                    **CalendarApi(self.state).methods(),
                    **CalendarsApi(self.state).methods(),
                    **FreeBusyApi(self.state).methods(),
                }
            ),
        }
        application.router.add_routes(
            [web.route(method, path, front.door(name, logics[name])) for name, method, path in _DOORS]
        )
        application.router.add_routes(Controls(self.state, self.do).routes())
        application.router.add_routes(
            [
                web.get("/", self._agenda),
                web.get("/calendar", self._agenda),
                web.get("/calendar/event", self._event),
                web.route("*", _CALENDAR + "/{rest:.*}", self._unknown_method),
                web.route("*", "/{rest:.*}", self._nothing),
            ]
        )
        return application

    async def _agenda(self, request: web.Request) -> web.Response:
        del request
        return _page(html_reply(agenda_page(self.state)))

    async def _event(self, request: web.Request) -> web.Response:
        found = event_page(self.state, request.query.get("eid", ""))
        return _page(html_reply(missing_page(), status=404) if found is None else html_reply(found))

    async def _nothing(self, request: web.Request) -> web.Response:
        """Everything that is not there."""
        del request
        return _page(html_reply(missing_page("page"), status=404))

    async def _unknown_method(self, request: web.Request) -> web.Response:
        """Methods of the Calendar API that are not simulated, and paths it does not have."""
        del request
        return _page(json_reply(not_found().body(), status=404))


def _page(reply: Reply) -> web.Response:
    return web.Response(
        status=reply.status, body=reply.body, headers={"Content-Type": reply.content_type, **reply.headers}
    )
