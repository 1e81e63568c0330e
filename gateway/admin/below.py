"""Pages below a path of a reverse proxy: which path a browser sees, and how answers lead there; no page lives here.

`gateway.public_url` may have a path, as in https://pbx.example.com/meetings. The proxy takes it away from requests or
leaves it there; inside there are only the paths that the gateway has. What an answer says about paths, links, forms and
redirects, is rewritten here on its way out.
"""

from __future__ import annotations

import html
import re
from urllib.parse import urlsplit

from aiohttp import web
from yarl import URL

from gateway.web.forwarded import is_heard

_BELOW: web.RequestKey[str] = web.RequestKey("below", str)
_WRITTEN: web.RequestKey[bool] = web.RequestKey("written", bool)
_TLS: web.RequestKey[bool] = web.RequestKey("tls", bool)

_ATTRIBUTE = re.compile(
    r"(\s(?:href|src|action|formaction|data-url|hx-(?:get|post|put|patch|delete|push-url|replace-url))=\")(?=/(?!/))"
)
_LEADS_ON = re.compile(r"(<meta http-equiv=\"refresh\" content=\"\d+;\s*url=)(?=/(?!/))")
_HEADERS = ("Location", "HX-Redirect", "HX-Location", "HX-Push-Url", "HX-Replace-Url")


class Below:
    """The path of a public address, empty when there is none, and the requests that come under it."""

    def __init__(self, public_url: str = "") -> None:
        public = urlsplit(public_url)
        self._prefix = public.path.rstrip("/")
        self._host = public.netloc.lower()
        self._tls = public.scheme == "https"
        self._taken = False
        self._begins = re.compile(rf"{re.escape(self._prefix)}(?=[/?]|$)")

    async def inner(self, request: web.Request) -> web.Request | None:
        """Return the request without the path if the proxy left it there; None when there is nothing to take away.

        Below a proxy's /meetings, /meetings/google may be a page of the meetings or the Google page. A proxy does one
        thing always, so what it did when there was no doubt decides; until then it is believed to leave the path.
        """
        prefix, path = self._prefix, request.raw_path
        if not prefix or request.get(_WRITTEN):
            return None
        here = request.match_info.http_exception is None
        if not self._begins.match(path):
            self._learn_that_it_is_taken(request, here)
            return None
        rest, _, query = path[len(prefix) :].partition("?")
        inner = request.clone(rel_url=URL.build(path=rest or "/", query_string=query, encoded=True))
        found = await request.app.router.resolve(inner)
        there = found.http_exception is None
        if here and not there:
            self._learn_that_it_is_taken(request, here)
            return None
        if there and not here:
            self._taken = False
        elif here and self._taken:
            return None
        inner[_BELOW], inner[_WRITTEN] = prefix, True
        return inner

    def _learn_that_it_is_taken(self, request: web.Request, here: bool) -> None:
        """Only from what was asked under the public name: under others people come past the proxy."""
        if here and request.host.lower() == self._host:
            self._taken = True

    def notice(self, request: web.Request) -> None:
        """Remember of a request under the public name what its browser sees: the path, and whether it speaks TLS.

        Under any name a trusted proxy may say which path it took away.
        """
        if self._host and request.host.lower() == self._host:
            request[_TLS] = self._tls
            if self._prefix:
                request[_BELOW] = self._prefix
        heard = is_heard(request)
        if heard is not None and heard.prefix:
            request[_BELOW] = heard.prefix

    def lead(self, request: web.Request, response: web.StreamResponse) -> None:
        """Write the path before all addresses of ours in an answer."""
        prefix = base_of(request)
        if not prefix:
            return
        for name in _HEADERS:
            place = response.headers.get(name, "")
            if place.startswith("/") and not place.startswith("//"):
                response.headers[name] = prefix + place
        if isinstance(response, web.Response) and response.content_type == "text/html" and response.text:
            written = html.escape(prefix)
            text = _ATTRIBUTE.sub(lambda found: found[1] + written, response.text)
            response.text = _LEADS_ON.sub(lambda found: found[1] + written, text)


def base_of(request: web.Request) -> str:
    """Return the path that stands before all of ours in this browser, usually none."""
    return str(request.get(_BELOW, ""))


def over_tls(request: web.Request) -> bool:
    """Whether the browser speaks TLS, to us or to the proxy whose name it asked for."""
    return request.secure or bool(request.get(_TLS))
