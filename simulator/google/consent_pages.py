"""The sign-in and consent page, its warning and its error page, as plain forms; what buttons do: `authorize`."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from simulator.google.consent import AuthorizationRequest, ConsentPlan
from simulator.google.errors import ConsentError
from simulator.google.identities import Account, Client
from simulator.google.outcomes import GROUPS, OUTCOMES
from simulator.google.page_frame import page
from simulator.google.scopes import described, is_identity, settled, short

CONSENT_PATH = "/o/oauth2/v2/auth"
CONSOLE_PATH = "/_sim/console"

_DELAYS_S = (1, 3, 10, 30, 90)
_BUTTONS_ABOVE = ("allow", "deny")
"""Outcomes that are Allow and Cancel on the page itself."""


def consent_page(
    request: AuthorizationRequest, key: str, client: Client, accounts: Iterable[Account], chosen: str, plan: ConsentPlan
) -> str:
    """The form: which account, which boxes, Allow or Cancel; below it the simulator's own list of other endings."""
    choices = "".join(_account(account, chosen) for account in accounts)
    boxes = "".join(_box(scope) for scope in settled(request.scopes) if not is_identity(scope))
    identity = any(is_identity(scope) for scope in request.scopes)
    seen = "<p class='muted'>It will also see your name and e-mail address.</p>" if identity else ""
    permissions = f"<fieldset><legend>What {escape(client.name)} may do</legend>{boxes}</fieldset>" if boxes else ""
    return page(
        f"Sign in - {client.name}",
        f"""<h1>{escape(client.name)} wants access to your Google Account</h1>
<p class="muted">This page stands in for Google's. Nothing here is sent to Google.</p>
{_planned(plan)}<form method="post" action="{CONSENT_PATH}">
<input type="hidden" name="consent" value="{escape(key)}">
<fieldset><legend>Choose an account</legend>{choices}</fieldset>
{permissions}{seen}
<p class="muted">You will be sent to <code>{escape(request.redirect_uri)}</code>. When the gateway runs on another
machine your browser cannot open it: that is normal, copy the whole address from the address bar.</p>
<div class="buttons"><button name="decision" value="cancel">Cancel</button>
<button class="main" name="decision" value="allow">Allow</button></div>
{_other_endings(plan)}
</form>""",
        narrow=True,
    )


def _planned(plan: ConsentPlan) -> str:
    if plan.outcome in (None, "allow", "unverified"):
        return ""
    text = escape(OUTCOMES[plan.outcome].explains)
    how_often = (
        "every sign-in" if plan.times is None else f"the next {plan.times}" if plan.times > 1 else "this sign-in"
    )
    return (
        f"<p class='card'><strong>Planned for {how_often}: {escape(plan.outcome)}</strong> ({text}). It counts "
        "instead of Allow and Cancel; a button of the simulator's list goes before it.</p>\n"
    )


def _other_endings(plan: ConsentPlan) -> str:
    """The simulator's own list: one button for each outcome that has none above."""
    lists = "".join(
        f"<h3>{escape(heading)}</h3>{_seconds(plan) if group == 'token' else ''}<ul class='outcomes'>"
        + "".join(_ending(name) for name, one in OUTCOMES.items() if one.group == group and name not in _BUTTONS_ABOVE)
        + "</ul>"
        for group, heading in GROUPS.items()
    )
    return (
        "<section class='simulator' aria-labelledby='endings'>"
        "<h2 id='endings'>Simulator: make this sign-in end differently</h2>"
        "<p class='muted'>Google has none of these buttons. Each ends this one sign-in as its line says, with the "
        f"account and the boxes chosen above. What was switched off is mended in the "
        f"<a href='{CONSOLE_PATH}'>console</a>.</p>{lists}</section>"
    )


def _ending(name: str) -> str:
    return (
        f'<li><button name="outcome" value="{name}" aria-describedby="about-{name}">{name}</button>'
        f'<span id="about-{name}">{escape(OUTCOMES[name].explains)}</span></li>'
    )


def _seconds(plan: ConsentPlan) -> str:
    chosen = int(plan.delay_s)
    options = "".join(
        f"<option value='{number}'{' selected' if number == chosen else ''}>{number}</option>"
        for number in sorted({*_DELAYS_S, chosen})
    )
    return f"<label>Seconds for slow: <select name='delay_s'>{options}</select></label>"


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


def warning_page(key: str, client: Client) -> str:
    """What Google shows before the consent page of an application it has not verified."""
    name = escape(client.name)
    return page(
        "Google hasn't verified this app",
        f"""<h1>Google hasn't verified this app</h1>
<p>The app is requesting access to sensitive info in your Google Account. Until the developer verifies this app with
Google, you shouldn't use it.</p>
<form method="post" action="{CONSENT_PATH}">
<input type="hidden" name="consent" value="{escape(key)}">
<div class="buttons"><button class="main" name="decision" value="cancel">Back to safety</button></div>
<details><summary>Advanced</summary>
<p>Continue only if you understand the risks and trust the developer.</p>
<p><button class="plain" name="decision" value="continue">Go to {name} (unsafe)</button></p></details>
</form>
<p class="muted">This page stands in for Google's.</p>""",
        narrow=True,
    )


def error_page(error: ConsentError, query: str = "") -> str:
    """What Google shows instead of the form; with the `query` of the request, the simulator offers to begin anew."""
    again = f"<a href='{CONSENT_PATH}?{escape(query)}'>Begin this sign-in again</a>. " if query else ""
    return page(
        f"Error {error.status}: {error.error}",
        f"""<h1>{escape(error.title)}</h1>
<p>{escape(error.description)}</p>
<p class="gone"><strong>Error {error.status}: {escape(error.error)}</strong></p>
<section class="simulator"><h2>Simulator</h2><p>This page stands in for Google's, which would end here. Close it and
mend the application's settings, or Google's in the <a href="{CONSOLE_PATH}">console</a>. {again}</p></section>""",
        narrow=True,
    )


def trouble_page() -> str:
    """What Google shows when its sign-in page itself is broken."""
    return page("Error", "<h1>That's an error.</h1><p>There was an error. Please try again later.</p>", narrow=True)
