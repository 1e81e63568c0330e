"""The page on which somebody answers for a whole calendar: what vanished there, what is too much there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

from gateway.admin.shell import Shell, actor_of, form_of, redirect
from gateway.operations.overview.decide import Answer, Decisions

_ANSWERS: dict[str, Answer] = {"believe": "believe", "restore": "restore", "remove": "remove"}


class DecisionsPage:
    """GET and POST /dashboard/decisions. `account` gives the address of an account by its id."""

    def __init__(
        self,
        *,
        shell: Shell,
        decisions: Decisions,
        account: Callable[[int], str],
        zone: Callable[[], str],
        changed: Callable[[], Awaitable[None]],
    ) -> None:
        self._shell = shell
        self._decisions = decisions
        self._account = account
        self._zone = zone
        self._changed = changed

    def add(self, app: web.Application) -> None:
        """Add the page."""
        self._shell.add(app, "GET", "/dashboard/decisions", self.get)
        self._shell.add(app, "POST", "/dashboard/decisions", self.post)

    async def get(self, request: web.Request) -> web.Response:
        """GET /dashboard/decisions: the open questions."""
        asked = await self._decisions.asked()
        return await self._shell.render(
            request,
            "dashboard/decisions.html",
            asked=asked,
            account=self._account,
            zone=self._zone(),
            answered=request.query.get("answered", ""),
        )

    async def post(self, request: web.Request) -> web.Response:
        """POST /dashboard/decisions: one answer."""
        form = await form_of(request)
        answer, account = _ANSWERS.get(form.get("answer", "")), form.get("account", "")
        number = 0
        if answer is not None and account.isascii() and account.isdigit() and len(account) < 19:
            calendar = form.get("calendar", "")
            number = await self._decisions.answer(answer, int(account), calendar, actor_of(request))
        if number:
            await self._changed()
        return redirect(f"/dashboard/decisions?answered={answer if number else 'nothing'}")
