"""Judges what an admin entered for the Google app, before anything is kept or sent; where it is kept is elsewhere."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Literal
from urllib.parse import urlsplit

from gateway import messages
from gateway.accounts.credentials_file import Credentials
from gateway.accounts.redirects import (
    CALLBACK_PATH,
    UNKNOWN_PORT,
    check_redirect,
    default_redirect,
    is_loopback_redirect,
    without_hidden,
)
from gateway.config import Secret
from gateway.config.redirect import redirect_fault
from gateway.google.failures import refusal
from gateway.messages import Message

ID_ENDING = ".apps.googleusercontent.com"
SECRET_START = "GOCSPX-"  # noqa: S105 - how every one begins
_MASK = re.compile(r"[•●∙⋅·*.…]{3,}.*|[•●∙⋅·*.…]+")
"""Dots or stars, as password fields show them, and as Google's console shows old secrets: with their last letters."""
_SHORTEST_WITH_TAIL = 12

AppKind = Literal["web", "installed", ""]


class Audience(StrEnum):
    """Who may use the Google app (Google Auth Platform > Audience), as the admin told it."""

    INTERNAL = "internal"
    PRODUCTION = "production"
    TESTING = "testing"
    """Google ends every authorization after 7 days."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class GoogleApp:
    """The OAuth client in effect. `client_id` is empty and `client_secret` None while there is none.

    `redirect_uri` is always an address; it is `default_redirect` unless another was chosen. `kind`, `project_id` and
    `registered` are known when a credentials file was read. `locked` says where the fields that cannot be changed on
    the page were set. `unreadable` says why a saved secret cannot be read, and is empty otherwise.
    """

    client_id: str = ""
    client_secret: Secret | None = None
    redirect_uri: str = default_redirect(UNKNOWN_PORT)
    audience: Audience = Audience.UNKNOWN
    kind: AppKind = ""
    project_id: str = ""
    registered: tuple[str, ...] = ()
    locked: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    default_redirect: str = default_redirect(UNKNOWN_PORT)
    unreadable: str = ""

    @property
    def complete(self) -> bool:
        """Whether there is a client to sign in with."""
        return bool(self.client_id) and self.client_secret is not None and bool(self.client_secret.reveal())

    @property
    def secret_tail(self) -> str:
        """The last four characters of the secret, all that is ever shown; empty when that would show too much."""
        secret = self.client_secret.reveal() if self.client_secret is not None else ""
        return secret[-4:] if len(secret) >= _SHORTEST_WITH_TAIL else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AppEntry:
    """What was entered. What `credentials` says is stronger than what was typed beside it.

    A `client_secret` that is None or empty keeps the saved one. An empty `redirect_uri` means one of the addresses of
    the file that fits, else the default.
    """

    client_id: str = ""
    client_secret: Secret | None = field(default=None, repr=False)
    redirect_uri: str = ""
    audience: Audience = Audience.UNKNOWN
    credentials: Credentials | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedApp:
    """An entry that can be kept.

    `new_secret` is None when the secret there was stays; `redirect_uri` is empty for the default. `client_field` is
    the field that the client was entered in; `notes` are worth telling.
    """

    client_id: str
    new_secret: Secret | None
    redirect_uri: str
    audience: Audience
    kind: AppKind
    project_id: str
    registered: tuple[str, ...]
    client_field: str
    notes: tuple[Message, ...]


def judge(entry: AppEntry, before: GoogleApp, *, at_google: bool, confirmed: bool) -> JudgedApp:
    """Return what is to be kept of `entry` in place of `before`. Raises SignInError with its field.

    `at_google` is False for a simulated Google, whose client IDs have other endings. `confirmed` accepts a redirect
    address that the credentials file does not list: it can have been registered since.
    """
    file = entry.credentials
    typed_id, typed_secret, typed_redirect, notes = _cleaned(entry)
    secret = file.client_secret.reveal() if file is not None and file.client_secret is not None else typed_secret
    if file is not None:
        client_id = _judged_id(file.client_id, secret, before, at_google=at_google, name="file")
        known: tuple[AppKind, str, tuple[str, ...]] = (file.kind, file.project_id, file.redirect_uris)
    else:
        client_id = _judged_id(typed_id, secret, before, at_google=at_google, name="client_id")
        known = ("", "", ())
        if client_id == before.client_id:
            known = (before.kind, before.project_id, before.registered)
    kind, project_id, registered = known
    read_from_file = file is not None and file.client_secret is not None
    judged = JudgedApp(
        client_id=client_id,
        new_secret=_judged_secret(secret, client_id, before, name="file" if read_from_file else "client_secret"),
        redirect_uri="",
        audience=entry.audience,
        kind=kind,
        project_id=project_id,
        registered=registered,
        client_field="file" if file is not None else "client_id",
        notes=(),
    )
    chosen = _judged_redirect(typed_redirect, judged, before, from_file=file is not None)
    told = _about_redirect(chosen, judged, before, from_file=file is not None, confirmed=confirmed)
    return replace(judged, redirect_uri=chosen, notes=(*notes, *told))


def _cleaned(entry: AppEntry) -> tuple[str, str, str, list[Message]]:
    """Return what was typed for ID, secret and redirect address without what copying added."""
    typed = (
        entry.client_id,
        entry.client_secret.reveal() if entry.client_secret is not None else "",
        entry.redirect_uri,
    )
    client_id, secret, redirect = (without_hidden(text) for text in typed)
    changed = (client_id, secret, redirect) != typed
    return client_id, secret, redirect, [messages.text("G-106")] if changed else []


def _judged_id(client_id: str, secret: str, before: GoogleApp, *, at_google: bool, name: str) -> str:
    if secret.endswith(ID_ENDING) or client_id.startswith(SECRET_START):
        raise refusal("G-102", field="client_id")
    locked = before.locked.get("client_id")
    if locked is not None:
        if client_id not in ("", before.client_id):
            raise refusal("G-117", field=name, source=locked)
        return before.client_id
    if not client_id:
        raise refusal("G-101", field=name)
    if not re.fullmatch(r"[!-~]{1,255}", client_id) or (at_google and not client_id.endswith(ID_ENDING)):
        raise refusal("G-103", field=name)
    return client_id


def _judged_secret(secret: str, client_id: str, before: GoogleApp, *, name: str) -> Secret | None:
    """Return the secret to save; None when there is one already, in the settings or saved for the same client."""
    locked = before.locked.get("client_secret")
    if locked is not None:
        if secret and Secret(secret) != before.client_secret:
            raise refusal("G-117", field=name, source=locked)
        return None
    if not secret and before.client_secret is not None and client_id == before.client_id:
        return None
    if secret and _MASK.fullmatch(secret):
        raise refusal("G-105", field=name)
    if not re.fullmatch(r"[!-~]{1,512}", secret):
        raise refusal("G-104", field=name)
    return Secret(secret)


def _judged_redirect(typed: str, judged: JudgedApp, before: GoogleApp, *, from_file: bool) -> str:
    """Return the redirect address to save, empty for the default."""
    locked = before.locked.get("redirect_uri")
    if not typed:
        wanted = before.redirect_uri if locked is not None else before.default_redirect
        unfit = judged.kind == "web" and wanted not in judged.registered
        return _fitting(judged.registered, wanted) if from_file and unfit and locked is None else ""
    # One that the file lists is kept letter for letter, because Google compares it so.
    listed = typed in judged.registered and redirect_fault(typed) is None
    address = typed if listed else check_redirect(typed, default=before.default_redirect)
    if locked is not None and before.redirect_uri not in (typed, address):
        raise refusal("G-117", field="redirect_uri", source=locked)
    return "" if locked is not None else address


def _fitting(registered: tuple[str, ...], default: str) -> str:
    """Return the address of the file that is meant for us: the one most like the default, or else the only one."""
    usable = [address for address in registered if redirect_fault(address) is None]
    ours = [address for address in usable if urlsplit(address).path == CALLBACK_PATH]
    port = urlsplit(default).port
    ours.sort(key=lambda address: (not is_loopback_redirect(address), urlsplit(address).port != port))
    return ours[0] if ours else usable[0] if len(usable) == 1 else ""


def _about_redirect(
    chosen: str, judged: JudgedApp, before: GoogleApp, *, from_file: bool, confirmed: bool
) -> list[Message]:
    """Return what is to be said about the redirect address of this client. Raises SignInError when it cannot work."""
    locked = "redirect_uri" in before.locked
    redirect = before.redirect_uri if locked else chosen or before.default_redirect
    notes: list[Message] = []
    if judged.kind == "web" and not judged.registered:
        return [messages.text("G-113", redirect=redirect)] if from_file else []
    if judged.kind == "installed" and from_file:
        notes.append(messages.text("G-115"))
    right = is_loopback_redirect(redirect) if judged.kind == "installed" else redirect in judged.registered
    same = (judged.client_id, redirect) == (before.client_id, before.redirect_uri) and not from_file
    if right or same or not judged.kind:
        return notes
    fit = judged.registered if judged.kind == "web" else (before.default_redirect,)
    values = {"redirect": redirect, "addresses": "\n".join(fit)}
    if not confirmed:
        raise refusal("G-114", field="redirect_uri", **values)
    return [*notes, messages.text("G-114", **values)]
