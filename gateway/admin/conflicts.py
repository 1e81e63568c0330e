"""Two people at the same form: what the second one saves is held back and shown beside what is stored now (A-06).

How a page uses it:

1. Where the form is shown: `version=version_of(row.name, row.zone, ...)`, everything that the form can change, and in
   the template, inside the form, `{% from "parts.html" import version_field %}` and `{{ version_field(version) }}`.
2. Where the form is saved, before anything is changed:

       clash = await conflict(
           self._shell, request, stored=version_of(row.name, row.zone), by="admin:anna", at_ms=1790000000000,
           differences=[Difference(tr("Name"), row.name, form["name"])],
       )
       if clash is not None:
           return clash

   The answer shows who was faster, with "Show changes" (the differences) and "Overwrite", which sends the same form
   made from what is stored now. A form without a version, such as a command's, is never held back.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from gateway import messages
from gateway.admin.kept import dropped, kept
from gateway.admin.shell import Shell, form_of
from gateway.domain.actor import COMMAND_LINE
from gateway.messages.languages import tr

FIELD: Final = "version"


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that the form changes: its label, what is stored now and what was typed, as people read them."""

    label: str
    stored: str
    typed: str


def version_of(*stored: object) -> str:
    """Return a short word for what is stored; the same for equal values, and telling nothing of them."""
    written = json.dumps([_plain(each) for each in stored], sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(written.encode("ascii")).hexdigest()[:24]


def _plain(value: object) -> object:
    """Return what JSON can write for any value that pages store."""
    if isinstance(value, dict):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, set | frozenset):
        return sorted(str(each) for each in value)
    return value if value is None or isinstance(value, bool | int | str) else str(value)


async def conflict(
    shell: Shell,
    request: web.Request,
    *,
    stored: str,
    by: str = "",
    at_ms: int | None = None,
    differences: Sequence[Difference] = (),
) -> web.Response | None:
    """Return the page of A-06 (409) when the form was made from another version than `stored`; else None.

    `by` is the actor of the last change as the audit log has it and `at_ms` when it was (ms UTC), if they are known.
    """
    form = await form_of(request)
    made_from = form.get(FIELD, "")
    if made_from in ("", stored):
        return None
    values: dict[str, str] = {}
    if by:
        user = by.removeprefix("admin:")
        values["user"] = tr("Somebody at the command line") if user == COMMAND_LINE.name else user
    if at_ms is not None and (minutes := (shell.clock.now_ms() - at_ms) // 60_000) >= 1:
        values["n"] = str(minutes)
    return await shell.render(
        request,
        "conflict.html",
        status=409,
        message=messages.text("A-06", **values),
        differences=[each for each in differences if each.stored != each.typed],
        fields=kept(form) | {FIELD: stored},
        dropped=dropped(form),
        to=request.path,
        back=request.path,
    )
