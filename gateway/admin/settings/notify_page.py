"""Who hears outside the page that something needs a person, as a page; what is told, and how, is decided elsewhere."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from aiohttp import web

from gateway.admin.conflicts import conflict, version_of
from gateway.admin.door_pages import Fault
from gateway.admin.google.shelf import Shelf
from gateway.admin.settings.entries import set_by
from gateway.admin.settings.page import Office, refused
from gateway.admin.shell import actor_of, form_of, redirect, session_of
from gateway.clock import Clock
from gateway.config import Config
from gateway.domain.alert_kind import ALL, AlertKind, chosen_of, written
from gateway.domain.secret import WEBHOOK_KEY_BYTES, WEBHOOK_PREFIX, Secret
from gateway.errors import AccessError, ConfigError
from gateway.messages.languages import tr
from gateway.notify.webhook import Taken, Told
from gateway.operations.alerts.channels import NAMES
from gateway.operations.settings.desk import SettingLocked, SettingsRefused
from gateway.operations.settings.shown import locked

_PAGE = "/settings/notifications"
_KEEP_S = 3600.0
_FIELDS: Mapping[str, tuple[str, ...]] = {
    "email": ("server", "port", "security", "user", "sender", "to"),
    "webhook": ("url",),
    "syslog": ("address",),
}
_SECRETS = {"email": ("mail_password", "password"), "webhook": ("secret", "secret")}
"""The field of the form with the channel's secret, and the setting it is."""

State = Literal["ok", "info", "warn", "bad"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What came of a test: its sign, a headline, and what the other side said; `at_ms` is when it ended (ms UTC)."""

    state: State
    headline: str
    said: str
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One channel: whether it is set, where if not here, its values, and the last test."""

    name: str
    is_set: bool
    locked: str
    values: Mapping[str, str]
    has_secret: bool
    events: str = ALL
    tried: Tried | None = None
    new_secret: str = field(default="", repr=False)

    @property
    def version(self) -> str:
        """What a form was made from."""
        return version_of(self.is_set, *self.values.values(), self.events)

    @property
    def chosen(self) -> frozenset[AlertKind]:
        """The kinds of alerts that are told this way."""
        return chosen_of(self.events)


class NotifyPages:
    """GET /settings/notifications, and the forms of its channels. `send` tries one channel with these settings."""

    def __init__(self, office: Office, clock: Clock, send: Callable[[Config, str], Awaitable[Told | None]]) -> None:
        self._office = office
        self._clock = clock
        self._send = send
        self._tried: Shelf[Tried] = Shelf(clock, life_s=_KEEP_S)
        self._made: Shelf[str] = Shelf(clock)

    def add(self, app: web.Application) -> None:
        """Add the pages to `app`."""
        shell = self._office.shell
        shell.add(app, "GET", _PAGE, self.get)
        for name in NAMES:
            shell.add(app, "POST", f"{_PAGE}/{name}", self._saving(name))
            shell.add(app, "POST", f"{_PAGE}/{name}/remove", self._removing(name))
            shell.add(app, "POST", f"{_PAGE}/{name}/test", self._trying(name))
            for below in ("", "/remove", "/test"):
                shell.add(app, "GET", f"{_PAGE}/{name}{below}", self.to_the_page)

    async def get(self, request: web.Request) -> web.Response:
        """GET /settings/notifications."""
        return await self._show(request)

    async def to_the_page(self, request: web.Request) -> web.Response:
        """GET of a form's address."""
        del request
        return redirect(_PAGE)

    def _saving(self, name: str) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def save(request: web.Request) -> web.Response:
            form, card = await form_of(request), self._card(name, session_of(request).key)
            clash = await conflict(self._office.shell, request, stored=card.version)
            if clash is not None:
                return clash
            changes, fault = _typed(name, form, card)
            try:
                if fault is None:
                    await self._office.shell.prove_again(request)
                    await self._office.desk.save(changes, actor_of(request))
            except AccessError as error:
                fault = Fault.of(error)
            except SettingsRefused as error:
                fault = _fault(name, error)
            except SettingLocked:
                return redirect(_PAGE)
            if fault is not None:
                return await self._show(request, fault, at=name, typed=form)
            made = changes.get("notifications.webhook.secret")
            if isinstance(made, Secret) and not form.get("secret", "").strip():
                self._made.put(session_of(request).key, made.reveal())
            return redirect(f"{_PAGE}?saved={name}#{name}")

        return save

    def _removing(self, name: str) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def remove(request: web.Request) -> web.Response:
            try:
                await self._office.desk.save({}, actor_of(request), without=(f"notifications.{name}",))
            except SettingLocked:
                return redirect(_PAGE)
            self._tried.take(name)
            return redirect(f"{_PAGE}?removed={name}#{name}")

        return remove

    def _trying(self, name: str) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def try_it(request: web.Request) -> web.Response:
            del request
            try:
                told = await self._send(self._office.desk.config, name)
            except ConfigError as error:
                told = Told(taken=Taken.NEVER, text="; ".join(error.problems))
            if told is not None:
                self._tried.put(name, _tried(name, told, self._clock.now_ms()))
            return redirect(f"{_PAGE}#{name}")

        return try_it

    def _card(self, name: str, session: str) -> Card:
        config = self._office.desk.config
        section = getattr(config.notifications, name)
        values = {each: str(getattr(section, each) or "") if section is not None else "" for each in _FIELDS[name]}
        setting = _SECRETS[name][1] if name in _SECRETS else ""
        return Card(
            name=name,
            is_set=section is not None,
            locked=set_by(locked(config.sources, f"notifications.{name}")),
            values=values,
            events=ALL if section is None else section.events,
            has_secret=bool(setting and section is not None and getattr(section, setting) is not None),
            tried=self._tried.get(name),
            new_secret=(self._made.take(session) or "") if name == "webhook" else "",
        )

    async def _show(
        self, request: web.Request, fault: Fault | None = None, *, at: str = "", typed: Mapping[str, str] | None = None
    ) -> web.Response:
        session = session_of(request)
        proved = session.proved and (fault is None or fault.message.code not in ("A-01", "A-12"))
        query = request.query
        return await self._office.render(
            request,
            "settings/notifications.html",
            status=200 if fault is None else fault.status,
            cards={name: self._card(name, session.key) for name in NAMES},
            fault=fault,
            at=at,
            typed=typed or {},
            asks_password=not proved,
            saved=query.get("saved", "") if query.get("saved", "") in NAMES else "",
            removed=query.get("removed", "") if query.get("removed", "") in NAMES else "",
            at_once="notifications.email" in self._office.at_once,
            kinds=_kinds(),
        )


def _typed(name: str, form: Mapping[str, str], card: Card) -> tuple[dict[str, object], Fault | None]:
    """Return what was typed as settings, and what is missing before anybody judges the rest."""
    ticked = frozenset(kind for kind in AlertKind if form.get(f"tell_{kind}"))
    changes: dict[str, object] = {f"notifications.{name}.events": written(ticked)}
    for each in _FIELDS[name]:
        typed = form.get(each, "").strip()
        if typed:
            number = each == "port" and typed.isascii() and typed.isdecimal() and len(typed) < 10
            changes[f"notifications.{name}.{each}"] = int(typed) if number else typed
    if name not in _SECRETS:
        return changes, None
    box, setting = _SECRETS[name]
    secret = form.get(box, "")
    if secret.strip():
        changes[f"notifications.{name}.{setting}"] = Secret(secret.strip() if name == "webhook" else secret)
    elif name == "webhook" and not card.has_secret:
        changes[f"notifications.{name}.{setting}"] = Secret(_new_secret())
    elif name == "email":
        elsewhere = any(form.get(each, "").strip() != card.values[each] for each in ("server", "user"))
        if form.get("user", "").strip() and (not card.has_secret or elsewhere):
            # A password that was saved for one server is not sent to another one that somebody typed in.
            reason = tr("Enter the password of this user at this mail server.")
            return changes, refused(tr("Password"), box, reason)
    return changes, None


def _new_secret() -> str:
    return WEBHOOK_PREFIX + base64.b64encode(secrets.token_bytes(WEBHOOK_KEY_BYTES[0] + 8)).decode("ascii")


def _fault(name: str, error: SettingsRefused) -> Fault:
    labels = {
        "server": tr("Mail server"),
        "port": tr("Port"),
        "security": tr("Encryption"),
        "user": tr("User name"),
        "password": tr("Password"),
        "sender": tr("From"),
        "to": tr("To"),
        "url": tr("Address"),
        "secret": tr("Secret"),
        "address": tr("Server"),
    }
    for key, reason in error.problems.items():
        setting = key.rpartition(".")[2]
        box = next((box for box, of in _SECRETS.values() if of == setting and name in _SECRETS), setting)
        if setting in labels:
            return refused(labels[setting], box, reason)
    return refused(tr("This setting"), "", str(error))


def _tried(name: str, told: Told, at_ms: int) -> Tried:
    if told.taken is Taken.YES and name == "syslog":
        words: tuple[State, str] = ("info", tr("Sent. A syslog server does not answer: look there for the line."))
    elif told.taken is Taken.YES:
        words = ("ok", tr("The test was taken."))
    elif told.taken is Taken.LATER:
        words = ("warn", tr("Not taken now. An alert would be tried again."))
    else:
        words = ("bad", tr("Refused. Alerts would not arrive."))
    return Tried(state=words[0], headline=words[1], said=told.text, at_ms=at_ms)


def _kinds() -> list[tuple[AlertKind, str, str]]:
    """Return what people can be told about, in one sentence, with the code that explains it."""
    return [
        (AlertKind.GOOGLE, tr("Google no longer accepts the gateway, or will not for long."), "G-503"),
        (AlertKind.WAITING, tr("Meetings wait longer than they should."), "M-01"),
        (
            AlertKind.DECISIONS,
            tr("Meetings need you: the calendar does not take them, or you decide what counts."),
            "M-02",
        ),
        (AlertKind.CALENDARS, tr("Nothing can be written to a calendar."), "G-507"),
        (AlertKind.VANISHED, tr("Many meetings vanished at once."), "M-03"),
        (AlertKind.DISK, tr("The data folder cannot be written, or its disk is full."), "G-515"),
        (AlertKind.SETTINGS, tr("The settings have mistakes, and the gateway does not start completely."), "M-10"),
    ]
