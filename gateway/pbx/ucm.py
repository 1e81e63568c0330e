"""The UCM HTTPS API as its caller: challenge, login, cookie, the profile's actions; meetings are not read here."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import TracebackType
from typing import Protocol, Self

from gateway.clock import Clock
from gateway.domain.polling import PollSettings
from gateway.pbx import failure
from gateway.pbx.device_clock import clock_utc_s
from gateway.pbx.failure import PbxFailure
from gateway.pbx.line import Line, Network
from gateway.pbx.listing import Item, Listing, ListWords, Pages, UnexpectedForm, at_path

COOKIE_GOOD_S = 540.0
"""A cookie lives ten minutes (Grandstream HTTPS API); it is renewed a minute before."""

LARGEST_EVIDENCE = 64 * 1024
_COOKIE_ENDED = frozenset({-5, -6, -8, -37})


class Words(ListWords, Protocol):
    """The words of the API, from the device's profile; "" where a parameter is not sent, None for no such action."""

    @property
    def list(self) -> str | None:
        """The action that lists meetings."""

    @property
    def get(self) -> str | None:
        """The action that tells one meeting."""

    @property
    def clock(self) -> str | None:
        """The action that tells the device's clock."""

    @property
    def clock_path(self) -> str:
        """Where in its response the clock stands."""

    @property
    def status(self) -> str | None:
        """The action that tells how the device is made up."""

    @property
    def firmware_path(self) -> str:
        """Where in its response the firmware stands."""

    @property
    def detail(self) -> str:
        """Where in the response of `get` the meeting stands."""

    @property
    def size_parameter(self) -> str:
        """The parameter for the page's size."""

    @property
    def sort_parameter(self) -> str:
        """The parameter for the field to sort by."""

    @property
    def order_parameter(self) -> str:
        """The parameter for the order."""

    @property
    def options_parameter(self) -> str:
        """The parameter for the fields that are wanted."""

    @property
    def sort_by(self) -> str:
        """The field to sort by."""

    @property
    def port(self) -> int:
        """The port on which these devices serve the API."""

    @property
    def path(self) -> str:
        """The path of the API."""

    @property
    def version(self) -> str:
        """The version named in the challenge."""


class LoginGate(Protocol):
    """Remembers logins that failed, so that the PBX never bans the gateway."""

    async def wait_s(self) -> float:
        """How long no login may be tried, in seconds; 0 when one may be tried now."""

    async def note(self) -> None:
        """A login is about to be sent: it counts as failed, also if nobody sees its end."""

    async def clear(self) -> None:
        """The login was good, or was not judged: none failed."""


class UcmClient:
    """Asks one UCM. `async with client:` is one visit, on one connection; the cookie outlives it.

    `read_json` reads an answer and raises ValueError for what is no strict JSON. `gap_s` is the pause between two
    calls, which grows when the PBX asks to slow down.
    """

    def __init__(
        self,
        device: str,
        settings: PollSettings,
        words: Words,
        *,
        network: Network,
        clock: Clock,
        gate: LoginGate,
        read_json: Callable[[str], object],
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._device = device
        self._settings = settings
        self._words = words
        self._network = network
        self._clock = clock
        self._gate = gate
        self._read_json = read_json
        self._pause = pause
        self._line: Line | None = None
        self._cookie: tuple[str, float] | None = None
        self._calls = 0
        self.gap_s = 0.0

    def __repr__(self) -> str:
        """Without password and cookie."""
        return f"UcmClient({self._device!r})"

    async def __aenter__(self) -> Self:
        line = Line(self._device, self._settings, self._words.path, self._network, port=self._words.port)
        self._line = await line.__aenter__()
        self._calls = 0
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._line is not None:
            await self._line.__aexit__(kind, error, trace)
            self._line = None

    async def call(self, action: str, **parameters: str | int) -> dict[str, object]:
        """The `response` of an action. Raises PbxFailure; a cookie that ended is renewed once."""
        return (await self._call(action, parameters))[0]

    async def list_meetings(self, columns: Sequence[str] = ()) -> Listing:
        """All meetings the PBX has, page by page; `columns` are the fields wanted, if the API can be told.

        Raises PbxFailure when not even the first page could be had; a later failure is in the listing.
        """
        action = self._words.list
        if action is None:
            raise failure.odd_list(self._device, "", "The profile names no action that lists meetings.")
        pages = Pages(self._words)
        while not pages.done:
            try:
                response, text = await self._call(action, self._page(pages.number, columns))
                self._take(pages, response, text)
            except PbxFailure as broken:
                if not pages.items:
                    raise
                return pages.listing(broken)
        return pages.listing()

    async def meeting(self, external_id: str) -> Item:
        """Everything the PBX tells about one meeting; empty when its profile names no action for that."""
        if self._words.get is None:
            return {}
        response, _ = await self._call(self._words.get, {self._words.id_parameter: external_id})
        found = at_path(response, self._words.detail)
        return found if isinstance(found, dict) else {}

    async def clock_utc_s(self) -> int | None:
        """The device's clock in seconds since 1970; None when it does not tell."""
        if self._words.clock is None:
            return None
        response, _ = await self._call(self._words.clock, {})
        text = at_path(response, self._words.clock_path)
        return clock_utc_s(text) if isinstance(text, str) else None

    async def firmware(self) -> str:
        """The firmware as the device names it; empty when it does not tell."""
        if self._words.status is None:
            return ""
        response, _ = await self._call(self._words.status, {})
        text = at_path(response, self._words.firmware_path)
        return text if isinstance(text, str) else ""

    async def log_in(self) -> None:
        """Make sure that there is a good cookie."""
        await self._logged_in()

    def _page(self, number: int, columns: Sequence[str]) -> dict[str, str | int]:
        words = self._words
        wanted: tuple[tuple[str, str | int], ...] = (
            (words.page_parameter, number),
            (words.size_parameter, words.page_size),
            (words.sort_parameter, words.sort_by),
            (words.order_parameter, "asc"),
            (words.options_parameter, ",".join(columns)),
        )
        return {name: value for name, value in wanted if name and value != ""}

    def _take(self, pages: Pages, response: Mapping[str, object], text: str) -> None:
        try:
            pages.add(response)
        except UnexpectedForm as odd:
            raise failure.odd_list(self._device, text[:LARGEST_EVIDENCE], str(odd)) from None

    async def _call(self, action: str, parameters: Mapping[str, str | int]) -> tuple[dict[str, object], str]:
        cookie = await self._logged_in()
        status, response, text = await self._ask(action, {**parameters, "cookie": cookie})
        if status in _COOKIE_ENDED:
            self._cookie = None
            cookie = await self._logged_in()
            status, response, text = await self._ask(action, {**parameters, "cookie": cookie})
        if status != 0:
            raise self._refusal(status, action)
        return response, text

    async def _logged_in(self) -> str:
        if self._cookie is not None and self._clock.monotonic_s() < self._cookie[1]:
            return self._cookie[0]
        self._cookie = None
        wait_s = await self._gate.wait_s()
        if wait_s > 0:
            raise failure.login_spared(self._device, wait_s)
        began_s = self._clock.monotonic_s()
        cookie = await self._new_cookie()
        self._cookie = (cookie, began_s + COOKIE_GOOD_S)
        return cookie

    async def _new_cookie(self) -> str:
        user = self._settings.user
        try:
            challenge = await self._text_of("challenge", {"user": user, "version": self._words.version}, "challenge")
        except PbxFailure as refused:
            if refused.code == failure.LOGIN:
                await self._gate.note()
            raise
        told = (challenge + self._settings.password.reveal()).encode("utf-8")
        token = hashlib.md5(told, usedforsecurity=False).hexdigest()
        await self._gate.note()
        try:
            cookie = await self._text_of("login", {"user": user, "token": token}, "cookie")
        except PbxFailure as refused:
            if refused.code == failure.SLOWER:
                await self._gate.clear()
            raise
        await self._gate.clear()
        return cookie

    async def _text_of(self, action: str, parameters: Mapping[str, str | int], key: str) -> str:
        status, response, _ = await self._ask(action, parameters)
        if status != 0:
            raise self._refusal(status, action)
        text = response.get(key)
        if not isinstance(text, str) or not text:
            raise self._no_answer(f"Its answer to {action} has no {key}.")
        return text

    async def _ask(self, action: str, parameters: Mapping[str, str | int]) -> tuple[int, dict[str, object], str]:
        """Status, response and text of an answer."""
        assert self._line is not None  # noqa: S101 - within the block only
        if self._calls and self.gap_s:
            await self._pause(self.gap_s)
        self._calls += 1
        body = json.dumps({"request": {"action": action, **parameters}}).encode("utf-8")
        text = (await self._line.post(body)).decode("utf-8", "replace")
        try:
            document = self._read_json(text)
        except ValueError:
            document = None
        status = document.get("status") if isinstance(document, dict) else None
        if isinstance(status, str) and status.isascii() and status.removeprefix("-").isdigit() and len(status) < 9:
            status = int(status)
        if not isinstance(document, dict) or not isinstance(status, int) or isinstance(status, bool):
            raise self._garbled(action, text)
        response = document.get("response")
        if status == 0 and not isinstance(response, dict):
            raise self._garbled(action, text)
        return status, response if isinstance(response, dict) else {}, text

    def _garbled(self, action: str, text: str) -> PbxFailure:
        if action == self._words.list:
            return failure.odd_list(self._device, text[:LARGEST_EVIDENCE], "It is not an answer of the API.")
        return self._no_answer(f"Its answer to {action} is not one of the API.")

    def _refusal(self, status: int, action: str) -> PbxFailure:
        us = self._line.us if self._line is not None else ""
        return failure.refusal(self._device, self._settings.address, self._settings.port, status, action=action, us=us)

    def _no_answer(self, reason: str) -> PbxFailure:
        return failure.no_answer(self._device, self._settings.address, self._settings.port, reason)
