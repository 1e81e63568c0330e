"""A simulated UCM put together and served: its API over TLS, the tester's controls and a page over plain HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Self

from aiohttp import web

from simulator.pbx.api.certificate import Certificate, make_certificate, new_context, show
from simulator.pbx.api.controls import Controls
from simulator.pbx.api.desk import Desk
from simulator.pbx.api.front import Front
from simulator.pbx.api.models import MODELS
from simulator.pbx.api.page import page_routes
from simulator.pbx.api.state import UcmState, fresh_state
from simulator.pbx.state import DEFAULT_ZONE

LARGEST_BODY = 1024 * 1024
STOP_AFTER_S = 0.2
DEFAULT_USER = "cdrapi"
DEFAULT_PASSWORD = "simulated-ucm"  # noqa: S105 - of a PBX that is not real


class SimulatedUcm:
    """`async with SimulatedUcm() as ucm: booked = ucm.do.schedule(form)`, and `https://{address}:{port}/api` answers.

    `state` is what it holds (a test may read it; `state.switches` and `state.faults` make it odd, `state.clock` moves
    its time), `do` is what people do at it, `control` the base address of `/_sim/` and of its page. `port` 0 takes any
    free port. `permitted` lists addresses or networks; empty lets everybody in. Everything random comes from `seed`.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        control_port: int = 0,
        model: str = "UCM6304",
        zone: str = DEFAULT_ZONE,
        user: str = DEFAULT_USER,
        password: str = DEFAULT_PASSWORD,
        permitted: Sequence[str] = (),
        seed: int | None = None,
    ) -> None:
        if model not in MODELS:
            raise ValueError(f"there is no model {model!r}; there are {', '.join(MODELS)}")
        self._host = host
        self._ports = (port, control_port)
        self.user = user
        self.password = password
        self.port = 0
        self.control = ""
        self.state: UcmState = fresh_state(
            model=MODELS[model], zone=zone, user=user, password=password, permitted=permitted, seed=seed
        )
        self.do = Desk(self.state)
        self._certificate: Certificate = make_certificate(model)
        self._context = new_context()
        show(self._context, self._certificate)
        self._runners: list[web.AppRunner] = []

    @property
    def address(self) -> str:
        """The IP address it listens on, loopback when it listens on all."""
        return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self._host, self._host)  # noqa: S104 (nothing is bound here)

    @property
    def base(self) -> str:
        """`https://ADDRESS:PORT`."""
        return f"https://{_in_url(self.address)}:{self.port}"

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate, 64 small hexadecimal digits."""
        return self._certificate.fingerprint

    def change_certificate(self) -> str:
        """Show another certificate from now on and end every connection; gives the new fingerprint."""
        self._certificate = make_certificate(self.state.model.name)
        show(self._context, self._certificate)
        for connection in self._runners[0].server.connections if self._runners and self._runners[0].server else ():
            connection.force_close()
        return self._certificate.fingerprint

    async def start(self) -> None:
        """Begin to serve; raises OSError when an address cannot be had."""
        try:
            self.port = await self._serve(self._api(), self._host, self._ports[0], tls=True)
            plain = await self._serve(self._plain(), "127.0.0.1", self._ports[1], tls=False)
        except OSError:
            await self.stop()
            raise
        self.control = f"http://127.0.0.1:{plain}"

    async def stop(self) -> None:
        """End every connection and stop serving; meetings stay."""
        for runner in self._runners:
            await runner.cleanup()
        self._runners.clear()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def _serve(self, app: web.Application, host: str, port: int, *, tls: bool) -> int:
        # A caller who goes away ends its request, which frees answers that hang or wait.
        runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=STOP_AFTER_S)
        self._runners.append(runner)
        await runner.setup()
        await web.TCPSite(runner, host, port, ssl_context=self._context if tls else None).start()
        return int(runner.addresses[0][1])

    def _api(self) -> web.Application:
        app = web.Application(client_max_size=LARGEST_BODY)
        front = Front(self.state)
        app.router.add_post("/api", front.api)
        app.router.add_post("/cgi", front.cgi)
        return app

    def _plain(self) -> web.Application:
        app = web.Application(client_max_size=LARGEST_BODY)
        app.router.add_routes([*Controls(self.state, self.do, self.change_certificate).routes()])
        app.router.add_routes(page_routes(self.state))
        return app


def _in_url(address: str) -> str:
    return f"[{address}]" if ":" in address else address
