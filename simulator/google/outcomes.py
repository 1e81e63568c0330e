"""Every way in which a sign-in can end, by name, with what Google says then; who carries it out is elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

_POLICY = "You can't sign in to this app because it doesn't comply with Google's OAuth 2.0 policy"
_BLOCKED = "Access blocked: Authorization Error"
_REQUEST = "Access blocked: This app's request is invalid"

GROUPS: Mapping[str, str] = {
    "choice": "The person chooses something else",
    "page": "Google's own page warns or says no; no code comes back",
    "back": "The browser comes back with something wrong in the address",
    "token": "The code is right, but changing it into tokens goes wrong",
    "calendar": "Signed in, but the calendar cannot be used (until it is mended in the console)",
}
"""Where an outcome shows, in the order of a sign-in, with the heading of the list on the consent page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorPage:
    """What Google's page says; `{app}` and `{redirect}` are filled in."""

    status: int
    error: str
    text: str
    title: str = _BLOCKED


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One ending: its `group`, one line that `explains` it, and either Google's `page` or the `back` error, if any."""

    group: str
    explains: str
    page: ErrorPage | None = None
    back: str | None = None


OUTCOMES: Mapping[str, Outcome] = {
    "allow": Outcome(group="choice", explains="everything is allowed"),
    "deny": Outcome(
        group="choice",
        explains="Cancel is pressed: back to the application with error=access_denied",
        back="access_denied",
    ),
    "untick_calendar": Outcome(group="choice", explains="allowed, with every Calendar box left empty"),
    "wrong_account": Outcome(group="choice", explains="allowed, but with another account than the chosen one"),
    "no_refresh_token": Outcome(group="choice", explains="allowed, but the token answer has no refresh token"),
    "time_limited": Outcome(
        group="choice", explains="allowed for one hour: the token answer has refresh_token_expires_in"
    ),
    "unverified": Outcome(
        group="page",
        explains='first the warning "Google hasn\'t verified this app": Advanced, Go to the app, then this page again',
    ),
    "test_user_blocked": Outcome(
        group="page",
        explains="the account is not on the test list: Error 403: access_denied",
        page=ErrorPage(
            status=403,
            error="access_denied",
            title="Access blocked: {app} has not completed the Google verification process",
            text="{app} has not completed the Google verification process. The app is currently being tested, and can "
            "only be accessed by developer-approved testers. If you think you should have access, contact the "
            "developer.",
        ),
    ),
    "org_internal": Outcome(
        group="page",
        explains="an Internal app and an account from outside: Error 403: org_internal",
        page=ErrorPage(
            status=403,
            error="org_internal",
            title="Access blocked: {app} can only be used within its organization",
            text="{app} can only be used within its organization.",
        ),
    ),
    "admin_policy": Outcome(
        group="page",
        explains="the Workspace administrator blocks the app: Error 400: admin_policy_enforced",
        page=ErrorPage(
            status=400,
            error="admin_policy_enforced",
            text="Access to your account data is restricted by policies within your organization. Please contact the "
            "administrator of your organization for more information.",
        ),
    ),
    "mismatch": Outcome(
        group="page",
        explains="the redirect address is not registered: Error 400: redirect_uri_mismatch",
        page=ErrorPage(
            status=400,
            error="redirect_uri_mismatch",
            title=_REQUEST,
            text=f"{_POLICY}. If you're the app developer, register the redirect URI in the Google Cloud Console. "
            "Request details: redirect_uri={redirect} flowName=GeneralOAuthFlow",
        ),
    ),
    "invalid_client": Outcome(
        group="page",
        explains="the Client ID is not known: Error 401: invalid_client",
        page=ErrorPage(status=401, error="invalid_client", text="The OAuth client was not found."),
    ),
    "deleted_client": Outcome(
        group="page",
        explains="the client was deleted: Error 401: deleted_client",
        page=ErrorPage(status=401, error="deleted_client", text="The OAuth client was deleted."),
    ),
    "invalid_request": Outcome(
        group="page",
        explains="an old kind of sign-in (OOB): Error 400: invalid_request",
        page=ErrorPage(
            status=400,
            error="invalid_request",
            text=f"{_POLICY} for keeping apps secure. The out-of-band (OOB) flow has been blocked in order to keep "
            "users secure. Request details: redirect_uri={redirect}",
        ),
    ),
    "private_address": Outcome(
        group="page",
        explains="the redirect is an address of the own network: Error 400: invalid_request",
        page=ErrorPage(
            status=400,
            error="invalid_request",
            text=f"{_POLICY} for keeping apps secure. "
            "device_id and device_name are required for private IP: {redirect}",
        ),
    ),
    "invalid_scope": Outcome(
        group="page",
        explains="a permission is not accepted: Error 400: invalid_scope",
        page=ErrorPage(
            status=400,
            error="invalid_scope",
            text="Some requested scopes were invalid. {{valid=[openid], invalid=[{scope}]}}",
        ),
    ),
    "disallowed_useragent": Outcome(
        group="page",
        explains="a browser inside another app: Error 403: disallowed_useragent",
        page=ErrorPage(
            status=403,
            error="disallowed_useragent",
            title="Access blocked: {app}'s request does not comply with Google's policies",
            text="{app}'s request does not comply with Google's \"Use secure browsers\" policy. If this app has a "
            "website, you can open a web browser and try signing in from there.",
        ),
    ),
    "user_cap": Outcome(
        group="page",
        explains="an unverified app with 100 users already: Error 403: rate_limit_exceeded",
        page=ErrorPage(
            status=403,
            error="rate_limit_exceeded",
            title="Sign in with Google temporarily disabled for this app",
            text="This app has not been verified yet by Google in order to use Google Sign In. It has reached its user "
            "cap of 100 users.",
        ),
    ),
    "server_error": Outcome(
        group="back", explains="back to the application with error=server_error", back="server_error"
    ),
    "temporarily_unavailable": Outcome(
        group="back",
        explains="back to the application with error=temporarily_unavailable",
        back="temporarily_unavailable",
    ),
    "cut_code": Outcome(group="back", explains='the code lacks its last ten characters: "Malformed auth code."'),
    "spent_code": Outcome(group="back", explains='the code was used already: invalid_grant "Bad Request"'),
    "tampered_state": Outcome(group="back", explains="the address carries another state than the link"),
    "slow": Outcome(group="token", explains="the token answer comes late; the seconds are chosen above"),
    "html_instead_of_json": Outcome(
        group="token", explains="a guest network answers the token request with its own page (200, HTML)"
    ),
    "captive_portal": Outcome(group="token", explains="a guest network sends the token request to its own page (302)"),
    "token_unavailable": Outcome(group="token", explains="the token endpoint answers 503"),
    "wrong_secret": Outcome(group="token", explains="the Client Secret is refused: 401 invalid_client"),
    "unauthorized_client": Outcome(group="token", explains="the type of client is refused: 401 unauthorized_client"),
    "redirect_changed": Outcome(group="token", explains="the redirect is refused: 400 redirect_uri_mismatch"),
    "api_off": Outcome(group="calendar", explains="the Calendar API is off in the project: 403 accessNotConfigured"),
    "no_calendar": Outcome(group="calendar", explains="the account has no Google Calendar: 403 notACalendarUser"),
    "read_only": Outcome(group="calendar", explains="the account may only read every calendar it sees"),
}
"""What can happen, by name; the names are the same on the page, in the controls and on the command line."""
