"""Google's own Python client, pointed at the simulator; every answer it gets is held against the discovery document."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import httplib2
from google.oauth2.credentials import Credentials
from google_auth_httplib2 import AuthorizedHttp
from googleapiclient import discovery

from simulator.google import SimulatedGoogle
from tests.simulator.google.discovery_schema import assert_valid


class CheckingHttp(httplib2.Http):
    """Sends requests and checks the answers on their way back."""

    def __init__(self) -> None:
        super().__init__(timeout=60)
        self.checked = 0

    def request(self, uri: str, method: str = "GET", **rest: Any) -> tuple[httplib2.Response, bytes]:
        response, content = super().request(uri, method, **rest)
        assert_valid(method, urlsplit(uri).path, response.status, content)
        self.checked += 1
        return response, content


class OfficialClient:
    """The client, called in a thread because it waits with blocking sockets."""

    def __init__(self, google: SimulatedGoogle, **tokens: Any) -> None:
        issued = google.do.issue_tokens(**tokens)
        self.http = CheckingHttp()
        credentials = Credentials(issued["access_token"])
        self._service = discovery.build(
            "calendar",
            "v3",
            http=AuthorizedHttp(credentials, http=self.http),
            static_discovery=True,
            client_options={"api_endpoint": google.base + "/calendar/v3/"},
        )

    async def __call__(self, prepare: Callable[[Any], Any], **headers: str) -> Any:
        """Make a request, such as `lambda api: api.events().get(…)`, and carry it out."""
        request = prepare(self._service)
        request.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
        return await asyncio.to_thread(request.execute)

    def close(self) -> None:
        self._service.close()
