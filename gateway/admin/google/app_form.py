"""The values of card 1 of the Google page, typed and saved; no secret leaves through them."""

from __future__ import annotations

from dataclasses import dataclass, field

from gateway.accounts.google_app import AppEntry, Audience, GoogleApp
from gateway.config import Secret
from gateway.messages.languages import tr


def audiences() -> tuple[tuple[str, str, str], ...]:
    """Return who may use a Google app: the value of the choice, its name at Google, and what it means."""
    return (
        (
            Audience.INTERNAL.value,
            tr("Internal"),
            tr("only people in our Google Workspace (recommended for companies; never expires)"),
        ),
        (
            Audience.PRODUCTION.value,
            tr("External, In production"),
            tr('you clicked "Publish app" (recommended for gmail.com accounts)'),
        ),
        (Audience.TESTING.value, tr("External, Testing"), tr("Google ends the authorization after 7 days")),
        (Audience.UNKNOWN.value, tr("I don't know"), ""),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What was entered in card 1 and could not be saved yet; `reset` means that the saved app shall be forgotten."""

    id: str
    entry: AppEntry = field(repr=False)
    addresses: tuple[str, ...] = ()
    reset: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AppForm:
    """The values of card 1; a secret or a file is never among them, only that there is one."""

    draft: str = ""
    client_id: str = ""
    redirect_uri: str = ""
    audience: str = Audience.UNKNOWN.value
    has_secret: bool = False
    has_file: bool = False
    addresses: tuple[str, ...] = ()
    wanted_redirect: str = ""


def app_form(app: GoogleApp, draft: Draft | None) -> AppForm:
    """Return what card 1 is filled in with: what was typed before, else what is saved."""
    own_redirect = "" if app.redirect_uri == app.default_redirect else app.redirect_uri
    if draft is None or draft.reset:
        return AppForm(
            draft=draft.id if draft else "",
            client_id=app.client_id,
            redirect_uri=own_redirect,
            audience=app.audience.value,
        )
    entry = draft.entry
    return AppForm(
        draft=draft.id,
        client_id=shown_id(entry.client_id),
        redirect_uri=entry.redirect_uri,
        audience=entry.audience.value,
        has_secret=entry.client_secret is not None,
        has_file=entry.credentials is not None,
        addresses=draft.addresses,
        wanted_redirect=entry.redirect_uri or app.redirect_uri,
    )


def shown_id(typed: str) -> str:
    """Return what was typed as Client ID, unless it is a secret: that is never shown again."""
    return "" if typed.strip().startswith(("GOCSPX-", "{", "ya29.", "1//")) or len(typed) > 300 else typed


def swapped(entry: AppEntry) -> AppEntry:
    """Return the entry with Client ID and Client Secret in each other's place."""
    typed = entry.client_secret.reveal() if entry.client_secret is not None else ""
    return AppEntry(
        client_id=typed,
        client_secret=Secret(entry.client_id) if entry.client_id else None,
        redirect_uri=entry.redirect_uri,
        audience=entry.audience,
    )
