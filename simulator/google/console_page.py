"""The console's page: what Google's consoles let an administrator change, as plain forms; `console` does it."""

from __future__ import annotations

from html import escape
from urllib.parse import quote

from simulator.google.consent_pages import CONSOLE_PATH
from simulator.google.identities import ROLES, Account, Client
from simulator.google.outcomes import OUTCOMES
from simulator.google.page_frame import page
from simulator.google.service_accounts import ServiceAccount
from simulator.google.state import GoogleState

_KINDS = {"web": "Web application", "installed": "Desktop app"}
_AUDIENCES = {"internal": "Internal", "production": "External, In production", "testing": "External, Testing"}
_ROLES = tuple(reversed(ROLES[1:]))


def console_page(state: GoogleState, note: str) -> str:
    """The whole page; `note` says what the last button did."""
    said = f"<p class='card' role='status'>{escape(note)}</p>" if note else ""
    clients = "".join(_client(client) for client in state.clients.values())
    accounts = "".join(_account(state, account) for account in state.accounts.values())
    return page(
        "Console - simulated Google",
        f"""<h1>Console</h1>
<p class="muted">Stands in for Google Cloud Console, the Admin console and the account's security page. Nothing here is
sent to Google. <a href="/calendar">Calendar</a></p>{said}
{_planned(state)}
<h2>Clients</h2>{clients}{_new_client()}
<h2>Service accounts</h2>{"".join(map(_service, state.service_accounts.values()))}
{_form("service_key", _text("name", "Name", "meeting-gateway"), "Create key and download it")}
<h2>Google Calendar API</h2>{_api(state)}
<h2>Accounts</h2>{accounts}
{_form("account", _text("email", "E-mail address"), "Add account")}""",
    )


def _form(what: str, fields: str, button: str, **hidden: str) -> str:
    kept = "".join(f'<input type="hidden" name="{name}" value="{escape(value)}">' for name, value in hidden.items())
    return (
        f'<form class="inline" method="post" action="{CONSOLE_PATH}">'
        f'<input type="hidden" name="do" value="{what}">{kept}'
        f'{fields}<button class="small">{escape(button)}</button></form>'
    )


def _text(name: str, label: str, value: str = "", *, needed: bool = True) -> str:
    required = " required" if needed else ""
    return f'<label class="field">{label}<input type="text" name="{name}" value="{escape(value)}"{required}></label>'


def _choice(name: str, label: str, choices: dict[str, str], chosen: str) -> str:
    options = "".join(
        f'<option value="{escape(value)}"{" selected" if value == chosen else ""}>{escape(text)}</option>'
        for value, text in choices.items()
    )
    return f'<label class="field">{label} <select name="{name}">{options}</select></label>'


def _planned(state: GoogleState) -> str:
    plan = state.consent
    names = {"": "as pressed on the page", **{name: name for name in OUTCOMES}}
    how_often = {"1": "the next one", "": "every one"}
    fields = _choice("outcome", "Sign-ins end", names, plan.outcome or "")
    fields += _choice("times", "for", how_often, "" if plan.times is None else "1")
    return f"<h2>Planned sign-ins</h2>{_form('plan', fields, 'Plan')}"


def _client(client: Client) -> str:
    mine = {"client_id": client.client_id}
    link = f"/_sim/clients/{quote(client.client_id)}/client_secret.json"
    gone = " <span class='tag gone'>deleted</span>" if client.deleted else ""
    secrets = [client.secret, *([client.older_secret] if client.older_secret else [])]
    shown = ", ".join(f"****{escape(secret[-4:])}" for secret in secrets)
    more = _form("delete_secret", "", "Delete the older secret", **mine) if len(secrets) == 2 else ""
    rows = [
        ("Client ID", f"<code>{escape(client.client_id)}</code>"),
        ("Type", _KINDS[client.kind]),
        ("Client secrets", f"{shown}{more or _form('add_secret', '', 'Add secret', **mine)}"),
        ("Credentials file", f"<a href='{link}' download>Download JSON</a>"),
        ("Authorized redirect URIs", _redirects(client)),
        ("Audience", _audience(client)),
        ("Admin console", _form("trust", "", "Block" if client.trusted else "Trust", **mine)),
        ("Client", _form("delete", "", "Restore" if client.deleted else "Delete", **mine)),
    ]
    listed = "".join(f"<dt>{name}</dt><dd>{content}</dd>" for name, content in rows)
    name = escape(client.name)
    return (
        f"<article class='card' aria-label='{escape(client.client_id)}'><h3>{name} ({_KINDS[client.kind]}){gone}</h3>"
        f"<dl>{listed}</dl></article>"
    )


def _redirects(client: Client) -> str:
    if client.kind == "installed":
        return "none needed: every http://localhost and http://127.0.0.1 address works"
    mine = {"client_id": client.client_id}
    listed = "".join(
        _form("remove_redirect", f"<code>{escape(uri)}</code>", "Remove", uri=uri, **mine)
        for uri in client.redirect_uris
    )
    return listed + _form("add_redirect", _text("uri", "Address"), "Add URI", **mine)


def _audience(client: Client) -> str:
    warned = "" if client.verified else " checked"
    fields = _choice("publishing", "Who may use it", _AUDIENCES, client.publishing)
    fields += (
        "<label class='field'>Test users (in Testing; one a line, none: everybody)"
        f"<textarea name='test_users' rows='2'>{escape(chr(10).join(client.test_users))}</textarea></label>"
        f"<label><input type='checkbox' name='unverified' value='yes'{warned}>"
        '<span>Warn first: "Google hasn\'t verified this app"</span></label>'
    )
    return _form("audience", fields, "Save", client_id=client.client_id)


def _new_client() -> str:
    fields = _choice("kind", "Application type", _KINDS, "web")
    fields += _text("name", "Name", "Meeting gateway")
    fields += _text("uri", "Redirect address (Web application)", needed=False)
    return f"<article class='card'><h3>Create OAuth client</h3>{_form('create', fields, 'Create')}</article>"


def _service(account: ServiceAccount) -> str:
    scopes = escape("\n".join(account.delegated))
    fields = (
        f"<label class='field'>OAuth scopes (one a line)<textarea name='scopes' rows='3'>{scopes}</textarea></label>"
    )
    rows = [
        ("Client ID", f"<code>{account.unique_id}</code>"),
        ("Keys", str(len(account.keys))),
        ("Domain-wide delegation", _form("delegate", fields, "Authorize", email=account.email)),
    ]
    listed = "".join(f"<dt>{name}</dt><dd>{content}</dd>" for name, content in rows)
    name = escape(account.email)
    return f"<article class='card' aria-label='{name}'><h3>{name}</h3><dl>{listed}</dl></article>"


def _api(state: GoogleState) -> str:
    enabled = state.settings.api_enabled
    return f"<p>It is {'on' if enabled else 'off'}.</p>{_form('api', '', 'Disable' if enabled else 'Enable')}"


def _account(state: GoogleState, account: Account) -> str:
    granted = "may use the account" if account.email in state.granted else "has no access to the account"
    switch = _form("calendar_user", "", "Turn off" if account.has_calendar else "Turn on", email=account.email)
    roles = "".join(
        _form(
            "access",
            _choice("role", escape(state.calendars[calendar_id].summary), dict(zip(_ROLES, _ROLES, strict=True)), role),
            "Share",
            calendar_id=calendar_id,
            email=account.email,
        )
        for calendar_id, role in account.access.items()
        if calendar_id in state.calendars
    )
    rows = [
        (
            "Third-party access",
            f"Meeting gateway {granted}.{_form('revoke', '', 'Remove access', email=account.email)}",
        ),
        ("Google Calendar", f"It is {'on' if account.has_calendar else 'off'}.{switch}"),
        ("Calendars", roles),
    ]
    listed = "".join(f"<dt>{name}</dt><dd>{content}</dd>" for name, content in rows)
    name = escape(account.email)
    return f"<article class='card' aria-label='{name}'><h3>{name}</h3><dl>{listed}</dl></article>"
