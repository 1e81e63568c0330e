"""Turns templates into HTML, with Jinja loaded for the first page that somebody opens; what is shown is given."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from importlib import resources
from typing import TYPE_CHECKING

from gateway.admin.buttons import steps
from gateway.admin.moments import moment
from gateway.messages import languages

if TYPE_CHECKING:
    import jinja2


class Templates:
    """The templates of the pages. Every value is escaped; a value that is missing is an error."""

    def __init__(self) -> None:
        self._environment: jinja2.Environment | None = None
        self._loading = asyncio.Lock()

    async def html(self, name: str, context: dict[str, object]) -> str:
        """Return the template filled with `context`."""
        environment = self._environment
        if environment is None:
            async with self._loading:
                if self._environment is None:
                    # Loading and compiling take some tenths of a second, which no device shall wait for.
                    self._environment = await asyncio.to_thread(_load)
                environment = self._environment
        return environment.get_template(name).render(context)


@functools.cache  # several gateways in one process, as tests have, compile each template once
def _load() -> jinja2.Environment:
    import jinja2  # when the first page is opened; a gateway without visitors does not pay for it

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(str(resources.files("gateway.admin") / "templates")),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.globals |= {"steps": steps, "moment": moment}
    environment.policies["ext.i18n.trimmed"] = True
    # The extension's way to be given a language; it adds this method to the environment when it is loaded.
    install: Callable[..., None] = vars(environment)["install_gettext_callables"]
    install(languages.gettext, languages.ngettext, newstyle=True)
    for name in environment.list_templates():
        environment.get_template(name)
    return environment
