"""GET /live: what happens, sent to pages that are open, and looked for only while there are some; no page is here."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re

from aiohttp import web

from gateway.access.session_life import IDLE_S, LONGEST_S, SEEN_EVERY_S
from gateway.admin.live_stream import MOST_WAITING, Stream, shown
from gateway.admin.shell import Shell, session_of
from gateway.clock import Clock
from gateway.errors import StoreError
from gateway.messages.languages import apart
from gateway.operations.overview.live import LiveFeed, News
from gateway.web.headers import FOR_BROWSERS

_LOGGER = logging.getLogger(__name__)

LOOK_EVERY_S = 1.0
MOST_STREAMS = 32
MOST_OF_PROGRAMS = 8
"""Streams of programs, which leave the others to people."""
MOST_OF_A_SESSION = 4
"""A browser needs one; what it forgot to close gives way to what it opens."""
JUST_NOW_MS = 5_000
"""What happened so shortly before a page connects may have happened after it was made: it reads its parts again."""
_NUMBER = re.compile(r"[0-9]{1,18}")


class Live:
    """All open streams, and the one loop that looks for news while there is a stream."""

    def __init__(self, *, shell: Shell, feed: LiveFeed, clock: Clock, look_every_s: float = LOOK_EVERY_S) -> None:
        self._shell = shell
        self._feed = feed
        self._clock = clock
        self._look_every_s = look_every_s
        self._streams: list[Stream] = []
        self._looking: asyncio.Task[None] | None = None
        self._newest = 0

    @property
    def streams(self) -> int:
        """How many browsers are connected."""
        return len(self._streams)

    def add(self, app: web.Application) -> None:
        """Serve it, until the application shuts down."""
        self._shell.add(app, "GET", "/live", self.get)
        self._shell.admins.follow(self.session_ended)
        app.on_shutdown.append(self._close)

    async def get(self, request: web.Request) -> web.StreamResponse:
        """GET /live: a stream of events; to who does not ask for one, what happened since `?since=` as JSON.

        With `?unnamed` no event has a name of its own.
        """
        if "text/event-stream" not in request.headers.get("Accept", ""):
            return await self._listed(request)
        if request.method == "HEAD":
            return web.Response(content_type="text/event-stream")
        known = _known(request)
        since = await self._feed.since(newest_known(known), MOST_WAITING + 1)
        if sum(not each.is_program for each in self._streams) >= MOST_STREAMS:
            return web.Response(status=503, headers={"Retry-After": "15"}, text="Too many pages are open.\n")
        response = _stream_response()
        key, named = bytes.fromhex(session_of(request).key), "unnamed" not in request.query
        stream = Stream(response, key, request.transport, named=named)
        stream.begin(since.rows, since.newest, known=known)
        if not named and known is None and abs(self._clock.now_ms() - since.newest_at) < JUST_NOW_MS:
            stream.reset(since.newest)
        # Nothing is awaited since what happened so far was read, so that nothing is missed and nothing told twice.
        self._enter(stream, since.newest)
        return await self._run(request, response, stream)

    async def for_program(
        self, request: web.Request, key_hash: bytes, ends_at: int | None
    ) -> web.StreamResponse | None:
        """Answer a program that showed an API key with the stream of events; None when too many are open.

        The stream ends when the key is revoked, and at `ends_at` (ms UTC).
        """
        known = _known(request)
        since = await self._feed.since(newest_known(known), MOST_WAITING + 1)
        if sum(each.is_program and not each.is_gone for each in self._streams) >= MOST_OF_PROGRAMS:
            return None
        response = _stream_response()
        stream = Stream(response, key_hash, request.transport, is_program=True, ends_at=ends_at)
        stream.begin(since.rows, since.newest, known=known)
        self._enter(stream, since.newest)
        return await self._run(request, response, stream)

    async def _run(self, request: web.Request, response: web.StreamResponse, stream: Stream) -> web.StreamResponse:
        try:
            await response.prepare(request)
            await stream.run()
        except (ConnectionError, TimeoutError):
            _LOGGER.debug("a page left its stream of events")
        finally:
            self._leave(stream)
        return response

    async def session_ended(self, origin: str) -> None:
        """A session ended: so do its streams, at once."""
        for stream in self._streams:
            if origin == f"session:{stream.key.hex()}":
                stream.end()

    async def _listed(self, request: web.Request) -> web.Response:
        known = _known(request)
        since = await self._feed.since(newest_known(known), MOST_WAITING + 1)
        reset = known is None or known > since.newest or len(since.rows) > MOST_WAITING
        events = [] if reset else [shown(row) for row in since.rows]
        return web.json_response({"id": since.newest, "reset": reset, "events": events})

    def _enter(self, stream: Stream, newest: int) -> None:
        own = [each for each in self._streams if each.key == stream.key]
        if len(own) >= MOST_OF_A_SESSION:
            own[0].end()
            self._streams.remove(own[0])
        self._streams.append(stream)
        if self._looking is None:
            self._newest = newest
            self._looking = asyncio.create_task(self._look(), name="live", context=apart())

    def _leave(self, stream: Stream) -> None:
        if stream in self._streams:
            self._streams.remove(stream)
        if not self._streams and self._looking is not None:
            self._looking.cancel()
            self._looking = None

    async def _look(self) -> None:
        """Look once a second while somebody is connected."""
        self._feed.begin()
        while True:
            with contextlib.suppress(StoreError):  # the pages say what is wrong with the disk
                await self._look_once()
            self._end_old()
            await asyncio.sleep(self._look_every_s)

    async def _look_once(self) -> None:
        keys = {stream.key for stream in self._streams if not stream.is_program}
        programs = {stream.key for stream in self._streams if stream.is_program}
        news = await self._feed.look(self._newest, MOST_WAITING + 1, keys, programs)
        if news is None:
            return
        self._newest = news.newest
        for stream in self._streams:
            self._tell(stream, news)

    def _tell(self, stream: Stream, news: News) -> None:
        row = news.sessions.get(stream.key)
        if stream.is_program:
            if stream.key in news.revoked:
                stream.end()
                return
        elif row is not None:
            stream.started_at, stream.seen_at = row.started_at, row.seen_at
        elif stream.seen_at is not None:  # it was there before: another process ended it
            stream.end()
            return
        if len(news.rows) > MOST_WAITING:
            stream.reset(news.newest)
        for audit_row in news.rows[:MOST_WAITING]:
            stream.put(audit_row)
        for noun in news.moved:
            stream.put_moved(noun)

    def _end_old(self) -> None:
        """An open stream is no sign of life: the session is over when nothing else was asked for half an hour."""
        now_ms = self._clock.now_ms()
        for stream in self._streams:
            if stream.is_gone or _is_over(stream, now_ms):
                stream.end()

    async def _close(self, app: web.Application) -> None:
        del app
        for stream in self._streams:
            stream.end()


def _is_over(stream: Stream, now_ms: int) -> bool:
    """Whether the last day of the key is over, or the session by its age or its last use."""
    if stream.ends_at is not None:
        return now_ms >= stream.ends_at
    if stream.started_at is None or stream.seen_at is None:
        return False
    too_old = now_ms - stream.started_at >= LONGEST_S * 1000
    return too_old or now_ms - stream.seen_at >= (IDLE_S + SEEN_EVERY_S) * 1000


def _stream_response() -> web.StreamResponse:
    # A proxy shall pass every event on at once (X-Accel-Buffering is nginx's word for it).
    headers = {**FOR_BROWSERS, "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    response = web.StreamResponse(headers=headers)
    response.content_type = "text/event-stream"
    response.charset = "utf-8"
    return response


def newest_known(known: int | None) -> int:
    """Return after which line to look; who knows none has nothing to catch up with."""
    return known if known is not None else 2**62


def _known(request: web.Request) -> int | None:
    """Return the id of the last line that the browser saw, None when it names none."""
    said = request.headers.get("Last-Event-ID", "") or request.query.get("since", "")
    return int(said) if _NUMBER.fullmatch(said) else None
