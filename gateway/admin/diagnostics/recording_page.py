"""What can be pressed about a recording, and how it stands, for the page of the checks; nothing is recorded here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web

from gateway.admin.shell import Shell, actor_of, form_of, redirect
from gateway.domain.actor import Actor
from gateway.messages.languages import trn
from gateway.operations.recording import MOST_MEGABYTES, Recorder, Recording

AT = "/diagnostics/recording"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """How a recording stands: `left` is how long it goes on, in words, empty when none is under way."""

    left: str
    left_s: int
    done: Recording | None
    megabytes: int = MOST_MEGABYTES


def recording_shown(recorder: Recorder) -> Shown:
    """Return how it stands, in the language that is spoken."""
    seconds = round(recorder.left_s + 0.49)
    left = ""
    if seconds > 60:
        left = trn("%(num)s minute", "%(num)s minutes", -(-seconds // 60))
    elif seconds:
        left = trn("%(num)s second", "%(num)s seconds", seconds)
    return Shown(left=left, left_s=seconds, done=recorder.done)


class RecordingPages:
    """POST /diagnostics/recording/do and GET /diagnostics/recording/state.

    `noted` is given who did what (`started`, `stopped`, `removed`).
    """

    def __init__(
        self,
        *,
        shell: Shell,
        recorder: Recorder,
        zone: Callable[[], str],
        noted: Callable[[Actor, str], Awaitable[None]],
    ) -> None:
        self._shell = shell
        self._recorder = recorder
        self._zone = zone
        self._noted = noted

    def add(self, app: web.Application) -> None:
        """Add them to `app`."""
        self._shell.add(app, "POST", f"{AT}/do", self.do)
        self._shell.add(app, "GET", f"{AT}/state", self.state)

    async def state(self, request: web.Request) -> web.Response:
        """The part of the page that tells how it stands."""
        shown = recording_shown(self._recorder)
        return await self._shell.render(request, "diagnostics/recording_state.html", recording=shown, zone=self._zone())

    async def do(self, request: web.Request) -> web.Response:
        """Start, stop or remove it."""
        form, recorder = await form_of(request), self._recorder
        done = {"start": "started", "stop": "stopped", "remove": "removed"}.get(form.get("do", ""), "")
        if done:
            {"started": recorder.start, "stopped": recorder.stop, "removed": recorder.forget}[done]()
            await self._noted(actor_of(request), done)
        return redirect("/diagnostics#recording")
