"""Hands out our style sheet, scripts and pictures, which are the same for everybody; pages are not files."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from importlib import resources

from aiohttp import web

_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_FOR_EVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class _File:
    body: bytes
    packed: bytes
    kind: str
    version: str


class StaticFiles:
    """Files of the folder `static`, read when they are first wanted. Their addresses change with their content."""

    def __init__(self) -> None:
        self._folder = resources.files("gateway.admin") / "static"
        self._files: dict[str, _File] = {}

    def url(self, name: str) -> str:
        """Return the address of a file. Raises KeyError when there is none of this name."""
        return f"/static/{name}?v={self._file(name).version}"

    def has(self, name: str) -> bool:
        """Whether there is a file of this name."""
        try:
            self._file(name)
        except KeyError:
            return False
        return True

    async def get(self, request: web.Request) -> web.Response:
        """GET /static/{name}."""
        try:
            file = self._file(request.match_info["name"])
        except KeyError:
            raise web.HTTPNotFound from None
        headers = {"Vary": "Accept-Encoding"}
        current = request.query.get("v") == file.version
        headers["Cache-Control"] = _FOR_EVER if current else "no-cache"
        body = file.body
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            body = file.packed
            headers["Content-Encoding"] = "gzip"
        return web.Response(body=body, content_type=file.kind, charset="utf-8", headers=headers)

    def _file(self, name: str) -> _File:
        if name not in self._files:
            found = next((each for each in self._folder.iterdir() if each.name == name), None)
            kind = _TYPES.get(name[name.rfind(".") :])
            if found is None or kind is None:
                raise KeyError(name)
            body = found.read_bytes()
            version = hashlib.sha256(body).hexdigest()[:12]
            self._files[name] = _File(body, gzip.compress(body, mtime=0), kind, version)
        return self._files[name]
