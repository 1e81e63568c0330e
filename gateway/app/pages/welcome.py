"""Makes the pages of the first run; what they show and do is decided elsewhere."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable, Sequence

from gateway.admin.door_pages import LED_TO
from gateway.admin.welcome.steps import Google, StepPages, Tile
from gateway.admin.welcome.strangers import StrangerPages
from gateway.app.pages.parts import Parts
from gateway.config import NotificationsSection
from gateway.operations.checklist import Checklist
from gateway.operations.first_run import FirstRun
from gateway.profiles.catalog import Catalog, builtin_folder
from gateway.profiles.model import Profile
from gateway.store.accounts import AccountState

_FIRST = ("grandstream/ucm6300", "grandstream/ucm6300_audio", "grandstream/gcc6000", "grandstream/cloud_ucm")
_RESTORE = "/welcome/restore"


def add(parts: Parts) -> None:
    """Add the pages."""
    first_run, desk = FirstRun(parts.stored.database, parts.clock), parts.settings

    async def open_page() -> str:
        step = await first_run.step()
        return f"/welcome/{step}" if step else ""

    def restore() -> str:
        pages = {resource.canonical for resource in parts.app.router.resources()}
        return _RESTORE if _RESTORE in pages else ""

    parts.app[LED_TO] = open_page
    StrangerPages(parts.shell, restore=restore).add(parts.app)
    StepPages(
        parts.shell,
        first_run=first_run,
        desk=desk,
        checklist=Checklist(
            database=parts.stored.database,
            clock=parts.clock,
            accounts=parts.stored.accounts,
            devices=lambda: len(parts.mirroring.register),
            told=lambda: _is_told(desk.config.notifications),
        ),
        clock=parts.clock,
        google=lambda: _google(parts),
        devices=lambda: len(parts.mirroring.register),
        tiles=_tiles(parts),
    ).add(parts.app)


def _is_told(told: NotificationsSection) -> bool:
    """Whether somebody hears of problems outside the page."""
    return any(channel is not None for channel in (told.email, told.webhook, told.syslog))


def _google(parts: Parts) -> Google:
    main = parts.stored.accounts.status()
    return Google() if main is None else Google(email=main.email, works=main.state is AccountState.CONNECTED)


def _tiles(parts: Parts) -> Callable[[], Awaitable[Sequence[Tile]]]:
    own = parts.config.gateway.profiles_dir

    @functools.cache
    def known() -> tuple[Tile, ...]:
        folders = [*([own] if own is not None and own.is_dir() else []), builtin_folder()]
        profiles = sorted(Catalog.load(folders, lenient=True), key=_rank)
        return tuple(Tile(profile=each.id, title=each.title, words=", ".join(_models(each))) for each in profiles)

    async def tiles() -> Sequence[Tile]:
        return await asyncio.to_thread(known)

    return tiles


def _rank(profile: Profile) -> tuple[int, str]:
    """Sort those that were asked for first before the others."""
    return (_FIRST.index(profile.id) if profile.id in _FIRST else len(_FIRST), profile.title)


def _models(profile: Profile) -> list[str]:
    return list(dict.fromkeys(product.model for product in profile.products))
