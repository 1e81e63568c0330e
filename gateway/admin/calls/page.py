"""The pages under /calls and /devices/…/calls: what they show is gathered, and what they do is done, elsewhere."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from aiohttp import web

from gateway import messages
from gateway.admin.shell import Shell, actor_of, redirect
from gateway.devices.call_cleaning import COVERED
from gateway.devices.call_log import HeardCall, Result, Way
from gateway.devices.register import Device, Register
from gateway.errors import BadPayload, Conflict, NotFound, Unreadable
from gateway.messages.languages import tr
from gateway.operations.call_desk import CallDesk, as_curl
from gateway.operations.devices.listed import Line

_LONGEST_TEXT = 100
_ODD = "D-21"
KINDS = {
    Result.ACCEPTED: "ok",
    Result.REPEATED: "info",
    Result.REFUSED: "bad",
    Result.UNREADABLE: "bad",
    Result.WRONG_KEY: "warn",
    Result.LATER: "warn",
    Result.FAILED: "bad",
}


def words() -> dict[Result, str]:
    """How the results of calls are called."""
    return {
        Result.ACCEPTED: tr("Accepted"),
        Result.REPEATED: tr("Same as before"),
        Result.REFUSED: tr("Refused"),
        Result.UNREADABLE: tr("Not readable"),
        Result.WRONG_KEY: tr("Wrong key"),
        Result.LATER: tr("Try later"),
        Result.FAILED: tr("Failed"),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class CallPages:
    """The handlers. `replay` does a call again; `odd_list` is the last list of an asked device that was not understood.

    `line` is how a device stands, None for one that is not there. `zone` tells in which zone times are shown.
    """

    shell: Shell
    desk: CallDesk
    register: Register
    zone: Callable[[], str]
    replay: Callable[[HeardCall], Awaitable[HeardCall]]
    odd_list: Callable[[Device], Awaitable[tuple[str, int] | None]]
    line: Callable[[str], Awaitable[Line | None]]

    def add(self, app: web.Application) -> None:
        """Add all of them to `app`."""
        shell = self.shell
        shell.add(app, "GET", "/calls", self.every)
        shell.add(app, "GET", "/devices/{device}/calls", self.of_device)
        shell.add(app, "GET", "/devices/{device}/calls/list.json", self.evidence)
        shell.add(app, "GET", "/calls/{number}", self.one)
        shell.add(app, "GET", "/calls/{number}/example.yaml", self.example)
        shell.add(app, "POST", "/calls/{number}/replay", self.again)
        shell.add(app, "GET", "/calls/{number}/replay", self.to_the_call)

    async def every(self, request: web.Request) -> web.Response:
        """GET /calls: the calls of all devices."""
        return await self._list(request, request.query.get("device", "")[:_LONGEST_TEXT] or None, own="")

    async def of_device(self, request: web.Request) -> web.Response:
        """GET /devices/…/calls: those of one device, and how asking it stands."""
        name = request.match_info["device"]
        return await self._list(request, name, own=name)

    async def _list(self, request: web.Request, name: str | None, *, own: str) -> web.Response:
        result, text, before = _filters(request)
        device = self.register.find(name) if name else None
        page = await self.desk.page(device=name, result=result, text=text, before=before)
        base = f"/devices/{quote(own, safe='')}/calls" if own else "/calls"
        kept = {"device": name or ""} if not own else {}
        query = {key: value for key, value in {**kept, "result": result, "text": text}.items() if value}
        older = f"{base}?{urlencode({**query, 'before': page.older})}" if page.older is not None else ""
        asked = await self.desk.asked(device) if own and device is not None and device.poll is not None else None
        return await self.shell.render(
            request,
            "calls/list.html",
            page=page,
            own=own,
            line=await self.line(own) if own else None,
            name=name or "",
            device=device,
            base=base,
            here=f"{base}?{urlencode(query)}" if query else base,
            older=older,
            newest=f"{base}?{urlencode(query)}" if before is not None else "",
            filters={"result": result, "text": text, "before": before},
            devices=sorted(each.row.name for each in self.register.served()),
            results=[("", tr("All")), *((each.value, word) for each, word in words().items())],
            words=words(),
            kinds=KINDS,
            asked=asked,
            odd=_odd(own) if asked is not None and asked[0].code == _ODD else None,
            zone=self.zone(),
            title_of=self._title,
            Way=Way,
        )

    async def one(self, request: web.Request) -> web.Response:
        """GET /calls/…: one call from all sides."""
        return await self._show(request)

    async def _show(self, request: web.Request, *, problem: str = "", status: int = 200) -> web.Response:
        try:
            view = await self.desk.view(_number(request))
        except NotFound:
            return await self.shell.render(request, "calls/gone.html", status=404)
        call = view.call
        return await self.shell.render(
            request,
            "calls/one.html",
            status=status,
            view=view,
            call=call,
            title=self._title(call.device),
            word=words()[call.result],
            kind=KINDS[call.result],
            curl=as_curl(call, f"{request.scheme}://{request.host}"),
            covered=COVERED in view.sent or COVERED in call.path,
            problem=problem,
            replayed=request.query.get("of", "")[:20],
            zone=self.zone(),
            Way=Way,
            Result=Result,
        )

    async def again(self, request: web.Request) -> web.Response:
        """POST /calls/…/replay: do it once more, as the device that made it."""
        try:
            call = await self.desk.raw(_number(request))
            done = await self.replay(call)
        except NotFound:
            return await self.shell.render(request, "calls/gone.html", status=404)
        except Conflict as error:
            return await self._show(request, problem=str(error), status=409)
        await self.desk.note_replay(actor_of(request), done)
        return redirect(f"/calls/{done.number}?of={call.number}")

    async def to_the_call(self, request: web.Request) -> web.Response:
        """GET of what was a form: the call itself."""
        return redirect(f"/calls/{_number(request)}")

    async def example(self, request: web.Request) -> web.Response:
        """GET /calls/…/example.yaml: the call as an example of its profile, without people and secrets."""
        try:
            text = await self.desk.fixture(_number(request))
        except NotFound:
            return await self.shell.render(request, "calls/gone.html", status=404)
        except (Unreadable, BadPayload) as error:
            return await self._show(request, problem=str(error), status=422)
        return download(text, f"call-{_number(request)}.yaml", "application/yaml")

    async def evidence(self, request: web.Request) -> web.Response:
        """GET /devices/…/calls/list.json: the last list that was not understood, with secrets covered."""
        device = self.register.find(request.match_info["device"])
        found = await self.odd_list(device) if device is not None else None
        if device is None or found is None:
            return await self.shell.render(request, "calls/gone.html", status=404)
        return download(found[0], f"list-of-{device.row.name}.json", "application/json")

    def _title(self, name: str) -> str:
        device = self.register.find(name)
        return device.policy.name if device is not None else name


def download(text: str, name: str, kind: str) -> web.Response:
    """A file to be saved; names are ours, or made of the letters of ids."""
    plain = "".join(each if each.isalnum() or each in "-._" else "-" for each in name)
    headers = {"Content-Disposition": f'attachment; filename="{plain}"'}
    return web.Response(text=text, content_type=kind, charset="utf-8", headers=headers)


def _odd(name: str) -> messages.Message:
    return messages.text(_ODD, device=name)


def _number(request: web.Request) -> int:
    text = request.match_info["number"]
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise web.HTTPNotFound
    return int(text)


def _filters(request: web.Request) -> tuple[str, str, int | None]:
    result, text = request.query.get("result", ""), request.query.get("text", "").strip()[:_LONGEST_TEXT]
    before = request.query.get("before", "")
    known = result if result in [each.value for each in Result] else ""
    return known, text, int(before) if before.isascii() and before.isdigit() and len(before) <= 18 else None
