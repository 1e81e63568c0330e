"""The sign-in and consent page and its error page, as plain forms; what a press of a button does is in `authorize`."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from simulator.google.consent import AuthorizationRequest
from simulator.google.errors import ConsentError
from simulator.google.identities import Account, Client
from simulator.google.page_frame import page
from simulator.google.scopes import described, is_identity, settled, short

CONSENT_PATH = "/o/oauth2/v2/auth"


def consent_page(
    request: AuthorizationRequest, key: str, client: Client, accounts: Iterable[Account], chosen: str
) -> str:
    """The form: which account, which boxes, Allow or Cancel."""
    choices = "".join(_account(account, chosen) for account in accounts)
    boxes = "".join(_box(scope) for scope in settled(request.scopes) if not is_identity(scope))
    identity = any(is_identity(scope) for scope in request.scopes)
    seen = "<p class='muted'>It will also see your name and e-mail address.</p>" if identity else ""
    permissions = f"<fieldset><legend>What {escape(client.name)} may do</legend>{boxes}</fieldset>" if boxes else ""
    return page(
        f"Sign in - {client.name}",
        f"""<h1>{escape(client.name)} wants access to your Google Account</h1>
<p class="muted">This page stands in for Google's. Nothing here is sent to Google.</p>
<form method="post" action="{CONSENT_PATH}">
<input type="hidden" name="consent" value="{escape(key)}">
<fieldset><legend>Choose an account</legend>{choices}</fieldset>
{permissions}{seen}
<p class="muted">You will be sent to <code>{escape(request.redirect_uri)}</code>. When the gateway runs on another
machine your browser cannot open it: that is normal, copy the whole address from the address bar.</p>
<div class="buttons"><button name="decision" value="cancel">Cancel</button>
<button class="main" name="decision" value="allow">Allow</button></div>
</form>""",
        narrow=True,
    )


def _account(account: Account, chosen: str) -> str:
    checked = " checked" if account.email == chosen else ""
    return (
        f'<label><input type="radio" name="account" value="{escape(account.email)}"{checked}>'
        f"<span>{escape(account.name)}<br><span class='muted'>{escape(account.email)}</span></span></label>"
    )


def _box(scope: str) -> str:
    return (
        f'<label><input type="checkbox" name="scope" value="{escape(scope)}" checked>'
        f"<span>{escape(described(scope))}<br><span class='muted'>{escape(short(scope))}</span></span></label>"
    )


def error_page(error: ConsentError) -> str:
    """What Google shows instead of the form."""
    return page(
        f"Error {error.status}: {error.error}",
        f"""<h1>Access blocked: Authorization Error</h1>
<p>{escape(error.description)}</p>
<p class="gone"><strong>Error {error.status}: {escape(error.error)}</strong></p>
<p class="muted">This page stands in for Google's. Close it and mend the application's settings.</p>""",
        narrow=True,
    )
