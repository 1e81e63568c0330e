"""What stands beside the form under Meetings: the preview of an invitation, and having events written again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from aiohttp import web

from gateway.admin.door_pages import Fault
from gateway.admin.settings.entries import Entry, changes, meetings, typed_of
from gateway.admin.settings.invitation_entries import choice_of, placeholders, rows_of
from gateway.admin.settings.page import SettingsPages, fault_at
from gateway.admin.shell import actor_of, form_of, redirect
from gateway.config import MeetingsSection
from gateway.operations.settings.desk import SettingLocked, SettingsRefused
from gateway.operations.settings.invitation import InvitationPreview, Shown
from gateway.operations.settings.rewriting import Rewriting

_PAGE = "/settings/meetings"
_LONGEST_NUMBER = 9


class MeetingsPages:
    """The forms under Meetings. `mails`: whether Google mails guests of some device; `changed` is told of new work."""

    def __init__(
        self,
        *,
        pages: SettingsPages,
        preview: InvitationPreview,
        rewriting: Rewriting,
        mails: Callable[[], bool],
        changed: Callable[[], None],
    ) -> None:
        self._pages = pages
        self._preview = preview
        self._rewriting = rewriting
        self._mails = mails
        self._changed = changed
        pages.beside[_PAGE] = self._beside

    def add(self, app: web.Application) -> None:
        """Add the pages to `app`."""
        shell = self._pages.office.shell
        for name, handler in (("preview", self.preview), ("again", self.again)):
            shell.add(app, "POST", f"{_PAGE}/{name}", handler)
            shell.add(app, "GET", f"{_PAGE}/{name}", self.to_the_page)

    async def preview(self, request: web.Request) -> web.Response:
        """POST /settings/meetings/preview: the page with what was typed, and how the next meeting would look."""
        form, entries = await form_of(request), self._entries()
        typed = tuple(each if each.locked else replace(each, value=typed_of(each, form)) for each in entries)
        fault, shown = await self._tried(typed)
        more = {"preview": shown, "preview_fault": fault, **_reminders(typed, form)}
        return await self._pages.show(request, _PAGE, typed, more=more)

    async def again(self, request: web.Request) -> web.Response:
        """POST /settings/meetings/again."""
        done = await self._rewriting.write_again(actor_of(request))
        self._changed()
        return redirect(f"{_PAGE}?again={done.number}&left={done.left}#again")

    async def to_the_page(self, request: web.Request) -> web.Response:
        """GET of a form's address."""
        del request
        return redirect(_PAGE)

    async def _beside(self, request: web.Request) -> dict[str, object]:
        """What the page shows beside its form, whoever asks for it; what was refused is shown as it was typed."""
        config = self._pages.office.desk.config
        form = await form_of(request) if request.method == "POST" else None
        again, left = _number(request.query.get("again", "")), _number(request.query.get("left", ""))
        return {
            "placeholders": placeholders(),
            "preview": await self._preview.of(config.meetings),
            "preview_fault": None,
            "mails": self._mails(),
            "again": again,
            "left": left,
            **_reminders(self._entries(), form),
        }

    async def _tried(self, typed: tuple[Entry, ...]) -> tuple[Fault | None, Shown | None]:
        desk = self._pages.office.desk
        unset = tuple(replace(each, value="") for each in typed if each.part.startswith("meetings."))
        new, _ = changes(unset, _sent(typed))
        try:
            section: MeetingsSection = desk.tried(new).meetings
        except SettingsRefused as error:
            return fault_at(typed, error), None
        except SettingLocked:
            section = desk.config.meetings
        return None, await self._preview.of(section)

    def _entries(self) -> tuple[Entry, ...]:
        office = self._pages.office
        return meetings(office.desk.config, office.at_once)


def _sent(typed: tuple[Entry, ...]) -> dict[str, str]:
    """Return a form that says what these fields say."""
    return {each.name: ("yes" if each.value == "true" else "") if each.kind == "tick" else each.value for each in typed}


def _reminders(entries: tuple[Entry, ...], form: Mapping[str, str] | None) -> dict[str, object]:
    value = next(each.value for each in entries if each.kind == "reminders")
    as_typed = form if form and "reminders" in form else None
    choice = as_typed["reminders"][:100] if as_typed else choice_of(value)
    return {"reminder_choice": choice, "reminder_rows": rows_of(value, as_typed)}


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < _LONGEST_NUMBER else None
