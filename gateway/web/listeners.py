"""Opens and closes the HTTP port; what is served there is given by the caller."""

from __future__ import annotations

import logging

from aiohttp import web

from gateway.errors import ConfigError

_QUIET = logging.getLogger("gateway.web.http")
KEEP_ALIVE_S = 30.0


class Listener:
    """An open HTTP port; `port` is the real one also when 0 (any free port) was asked for."""

    def __init__(self, runner: web.AppRunner, host: str, port: int) -> None:
        self._runner = runner
        self.host = host
        self.port = port

    @property
    def url(self) -> str:
        """The address for people and programs on this machine."""
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self.host, self.host)  # noqa: S104 - shown, not opened
        return f"http://{f'[{host}]' if ':' in host and not host.startswith('[') else host}:{self.port}"

    async def close(self) -> None:
        """Take no new calls, let those under way end within a few seconds."""
        await self._runner.cleanup()


async def listen(app: web.Application, host: str, port: int) -> Listener:
    """Serve `app`; every caller is untrusted. Raises ConfigError when the address cannot be opened.

    No access log: it would halve the rate at which meetings are accepted. Connections that stay silent are closed
    after `KEEP_ALIVE_S`; malformed requests are answered by the parser and logged at debug level only, so that
    nobody can fill the disk from outside.
    """
    runner = web.AppRunner(
        app,
        access_log=None,
        logger=_QUIET,
        keepalive_timeout=KEEP_ALIVE_S,
        shutdown_timeout=3.0,
        lingering_time=2.0,
        handle_signals=False,
    )
    await runner.setup()
    site = web.TCPSite(runner, host, port, reuse_address=True, backlog=512)
    try:
        await site.start()
    except OSError as error:
        await runner.cleanup()
        raise ConfigError(
            [f"gateway.listen: {host}:{port} cannot be opened ({error.strerror}). Choose another port or address."]
        ) from error
    return Listener(runner, host, _port(runner, port))


def _port(runner: web.AppRunner, asked: int) -> int:
    for address in runner.addresses:
        if isinstance(address, tuple):
            return int(address[1])
    return asked
