"""The form at the top of every page that chooses language and colours; what they are is known to `look`."""

from __future__ import annotations

from dataclasses import replace

from aiohttp import web

from gateway.admin.look import THEMES, keep, look_of
from gateway.admin.origin import local_path
from gateway.admin.shell import Shell, form_of, redirect
from gateway.messages.languages import LANGUAGES, PSEUDO


class LookPage:
    """POST /look, for everybody: who cannot read the sign-in page cannot sign in."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell

    def add(self, app: web.Application) -> None:
        """Add it to `app`."""
        self._shell.add(app, "POST", "/look", self.choose, public=True)

    async def choose(self, request: web.Request) -> web.Response:
        """Keep what was chosen, and lead back to the page; what nobody offers stays as it was."""
        form, look = await form_of(request), look_of(request, self._shell.language)
        theme, language = form.get("theme", ""), form.get("language", "")
        if theme in THEMES:
            look = replace(look, theme=theme)
        if language in LANGUAGES or language in PSEUDO:
            look = replace(look, language=language)
        response = redirect(local_path(form.get("back", ""), "/"))
        keep(request, response, look)
        return response
