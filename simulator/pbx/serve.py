"""The simulated PBX's page on this machine: requests to verbs and pages; the HTML itself is in `page`."""

from __future__ import annotations

import asyncio
import secrets
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

from aiohttp import web

from simulator.pbx.booking import ScheduleForm
from simulator.pbx.memory import MemoryUnreadable
from simulator.pbx.page import Frame, Note, form_page, list_page, missing_email_note, refusal_page, values_of
from simulator.pbx.page_form import FormMistakes, read_form, read_time
from simulator.pbx.push import Answer, GatewayUnreachable
from simulator.pbx.start_words import next_weekday
from simulator.pbx.ucm import SimulatedUcm
from simulator.pbx.usecases import NoSuchBooking, heard
from simulator.pbx.wire import CannotSay, repeats
from simulator.pbx.zones import label_of, labels, zone_of

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none';"
    " frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_LOCAL_NAMES = frozenset({"127.0.0.1", "localhost"})

Posted = Mapping[str, str]


@asynccontextmanager
async def serve_page(ucm: SimulatedUcm, *, port: int = 0) -> AsyncIterator[str]:
    """Serve the page on the loopback interface; gives its address. Port 0 is any free one."""
    runner = web.AppRunner(Pages(ucm).app(), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", port)
        await site.start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


async def until_interrupted() -> None:
    """Wait for Ctrl+C or a polite request to end (SIGINT, SIGTERM)."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    try:
        await ended.wait()
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


class Pages:
    """The handlers. `token` is in every form: pages of other sites cannot make this PBX schedule anything."""

    def __init__(self, ucm: SimulatedUcm) -> None:
        self._ucm = ucm
        self._token = secrets.token_urlsafe(16)
        self._notes: list[Note] = []

    def app(self) -> web.Application:
        """The routes; everything works without JavaScript."""
        app = web.Application(middlewares=[_only_local, _plain_words(self)])
        app.router.add_get("/", self.meetings)
        app.router.add_get("/schedule", self.new_form)
        app.router.add_post("/schedule", self.schedule)
        app.router.add_get("/meetings/{id}", self.edit_form)
        app.router.add_post("/meetings/{id}", self.change)
        app.router.add_post("/meetings/{id}/move", self.move)
        app.router.add_post("/meetings/{id}/cancel", self.cancel)
        return app

    async def meetings(self, _: web.Request) -> web.Response:
        """GET /: the list, with what happened last."""
        notes, self._notes = self._notes, []
        return _html(list_page(self._frame(), self._ucm.state.meetings, notes))

    async def new_form(self, _: web.Request) -> web.Response:
        """GET /schedule: an empty form, as the PBX offers it."""
        return self._form(values_of(self._offered()), "Schedule Meeting", "/schedule", [])

    async def edit_form(self, request: web.Request) -> web.Response:
        """GET /meetings/ID: the form of a meeting."""
        book_id = request.match_info["id"]
        form = self._known(book_id)
        notes = missing_email_note(self._ucm.state.without_email(form))
        return self._form(values_of(form), "Edit Meeting", f"/meetings/{book_id}", notes)

    async def schedule(self, request: web.Request) -> web.Response:
        """POST /schedule: book and push."""
        return await self._save(request, "Schedule Meeting", "/schedule", self._ucm.do.schedule)

    async def change(self, request: web.Request) -> web.Response:
        """POST /meetings/ID: change and push."""
        book_id = request.match_info["id"]
        self._known(book_id)
        return await self._save(
            request, "Edit Meeting", f"/meetings/{book_id}", lambda form: self._ucm.do.change(book_id, form)
        )

    async def move(self, request: web.Request) -> web.Response:
        """POST /meetings/ID/move: another date and time."""
        book_id = request.match_info["id"]
        form = self._known(book_id)
        try:
            start, end = read_time(await self._posted(request))
        except FormMistakes as error:
            return self._back(Note(kind="error", text="Not moved.", lines=error.lines))
        answer = await self._ucm.do.change(book_id, replace(form, start=start, end=end))
        return self._back(_outcome(answer, f"Moved {form.subject}"))

    async def cancel(self, request: web.Request) -> web.Response:
        """POST /meetings/ID/cancel: delete here and at the gateway."""
        book_id = request.match_info["id"]
        form = self._known(book_id)
        await self._posted(request)
        return self._back(_outcome(await self._ucm.do.cancel(book_id), f"Cancelled {form.subject}"))

    def refusal(self, text: str, status: int) -> web.Response:
        """A page that says why nothing was done."""
        return _html(refusal_page(self._frame(), Note(kind="error", text=text)), status=status)

    async def _save(
        self, request: web.Request, title: str, action: str, push: Callable[[ScheduleForm], Awaitable[Answer]]
    ) -> web.Response:
        posted = await self._posted(request)
        try:
            form = read_form(posted)
            answer = await push(form)
        except FormMistakes as error:
            note = Note(kind="error", text="Please correct:", lines=error.lines)
            return self._form(posted, title, action, [note], status=422)
        except (CannotSay, GatewayUnreachable) as error:
            return self._form(posted, title, action, [Note(kind="error", text=str(error))], status=502)
        note = _outcome(answer, f"Saved {form.subject}")
        if not answer.ok:
            return self._form(posted, title, action, [note], status=422)
        return self._back(note, *missing_email_note(self._ucm.state.without_email(self._ucm.state.completed(form))))

    def _form(self, values: Posted, title: str, action: str, notes: list[Note], *, status: int = 200) -> web.Response:
        zones = labels(self._ucm.state.now())
        page = form_page(self._frame(), values, title=title, action=action, zones=zones, notes=notes)
        return _html(page, status=status)

    def _offered(self) -> ScheduleForm:
        state = self._ucm.state
        monday = next_weekday(state.now().astimezone(zone_of(state.zone)).date(), 0)
        start = state.now().replace(year=monday.year, month=monday.month, day=monday.day, tzinfo=None)
        start = start.replace(hour=10, minute=0, second=0, microsecond=0)
        empty = ScheduleForm(start=start, end=start + timedelta(hours=1), subject="")
        return replace(state.completed(empty), room="", time_zone=self._label(state.zone))

    def _label(self, zone: str) -> str:
        return label_of(zone_of(zone).key, self._ucm.state.now())

    def _known(self, book_id: str) -> ScheduleForm:
        kept = self._ucm.state.kept(book_id)
        if kept is None or kept.cancelled:
            raise NoSuchBooking("This PBX has no such meeting any more.")
        return kept.booking.form

    def _frame(self) -> Frame:
        line = self._ucm.line
        return Frame(
            gateway=line.base,
            device=line.device_id,
            clock=self._ucm.state.clock_text(),
            token=self._token,
            repeats=repeats(self._ucm.do.shape),
        )

    async def _posted(self, request: web.Request) -> Posted:
        posted = {key: value for key, value in (await request.post()).items() if isinstance(value, str)}
        if not secrets.compare_digest(posted.get("token", "").encode(), self._token.encode()):
            raise web.HTTPForbidden(text="This form is from an earlier run of the page; open the page again.")
        return posted

    def _back(self, *notes: Note) -> web.Response:
        self._notes = list(notes)
        return web.Response(status=303, headers={"Location": "/", **_HEADERS})


def _outcome(answer: Answer, done: str) -> Note:
    short = heard(answer)
    if not answer.ok:
        lines = [f"{name}: {reason}" for name, reason in answer.problems]
        return Note(kind="error", text=f"The gateway refused it ({short.line}): {answer.reason}", lines=lines)
    instants = f"; it understood {short.start_utc} to {short.end_utc}" if short.start_utc else ""
    return Note(kind="ok", text=f"{done}. The gateway said {short.line}{instants}.", lines=short.warnings)


def _html(page: str, *, status: int = 200) -> web.Response:
    return web.Response(text=page, content_type="text/html", status=status, headers=_HEADERS)


@web.middleware
async def _only_local(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Refuse names that are not this machine's: a page of another site may point its own name here."""
    if request.url.host not in _LOCAL_NAMES:
        raise web.HTTPMisdirectedRequest(text="Open this page as http://127.0.0.1")
    return await handler(request)


def _plain_words(pages: Pages) -> Callable[..., Awaitable[web.StreamResponse]]:
    @web.middleware
    async def answer_plainly(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        try:
            return await handler(request)
        except NoSuchBooking as error:
            return pages.refusal(str(error), 404)
        except (GatewayUnreachable, CannotSay) as error:
            return pages.refusal(str(error), 502)
        except MemoryUnreadable as error:
            return pages.refusal(str(error), 500)
        except web.HTTPException as error:
            return pages.refusal(error.text or error.reason, error.status)

    return answer_plainly
