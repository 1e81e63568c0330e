"""Google's error answers: statuses, reasons, messages and JSON shapes; when they are given is decided elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

CALENDAR_SERVICE = "calendar-json.googleapis.com"
PROJECT_NUMBER = "123456789012"
"""The number of the one simulated Cloud project; client ids begin with it."""

DisabledShape = Literal["both", "errors", "details"]
"""How a switched-off API is told: `errors` (accessNotConfigured), `details` (SERVICE_DISABLED), or both."""

_INVALID_CREDENTIALS = (
    "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid "
    "authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project."
)
_API_DISABLED = (
    f"Google Calendar API has not been used in project {PROJECT_NUMBER} before or it is disabled. Enable it by "
    f"visiting https://console.developers.google.com/apis/api/{CALENDAR_SERVICE}/overview?project={PROJECT_NUMBER} "
    "then retry. If you enabled this API recently, wait a few minutes for the action to propagate to our systems and "
    "retry."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorItem:
    """One entry of `error.errors`: `location` is a pair of type and name, such as `("header", "If-Match")`."""

    reason: str
    message: str
    domain: str = "global"
    location: tuple[str, str] | None = None

    def body(self) -> dict[str, str]:
        """The entry as Google writes it."""
        entry = {"domain": self.domain, "reason": self.reason, "message": self.message}
        if self.location is not None:
            entry["locationType"], entry["location"] = self.location
        return entry


class ApiError(Exception):
    """A refusal of the Calendar API.

    Google has two shapes (Calendar API error guide, and answers seen in the field): the calendar's own
    (`errors`, `code`, `message`) and the one of the front door, which adds `status` and `details`. The second is
    used when `rpc_status` is set; `message` is then the long text beside the short one of the entry.
    """

    def __init__(
        self,
        status: int,
        items: Sequence[ErrorItem],
        *,
        message: str | None = None,
        rpc_status: str | None = None,
        details: list[dict[str, Any]] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.message = message or items[0].message
        super().__init__(f"{status} {items[0].reason if items else rpc_status}: {self.message}")
        self.status = status
        self.items = tuple(items)
        self.rpc_status = rpc_status
        self.details = details
        self.headers = dict(headers or {})

    def body(self) -> dict[str, Any]:
        """The JSON body of the answer."""
        entries = [item.body() for item in self.items]
        if self.rpc_status is None:
            return {"error": {"errors": entries, "code": self.status, "message": self.message}}
        error: dict[str, Any] = {"code": self.status, "message": self.message}
        if entries:
            error["errors"] = entries
        error["status"] = self.rpc_status
        if self.details is not None:
            error["details"] = self.details
        return {"error": error}


class OAuthError(Exception):
    """A refusal of the token, revoke or userinfo endpoint: `{"error": …, "error_description": …}`."""

    def __init__(self, status: int, error: str, description: str | None = None, **extra: str) -> None:
        super().__init__(f"{status} {error}: {description}")
        self.status = status
        self.error = error
        self.description = description
        self.extra = extra

    def body(self) -> dict[str, str]:
        """The JSON body of the answer."""
        described = {} if self.description is None else {"error_description": self.description}
        return {"error": self.error, **described, **self.extra}


class ConsentError(Exception):
    """A refusal on the sign-in page ("Error 400: redirect_uri_mismatch"); nothing is sent to the application."""

    def __init__(
        self, status: int, error: str, description: str, *, title: str = "Access blocked: Authorization Error"
    ) -> None:
        super().__init__(f"Error {status}: {error}")
        self.status = status
        self.error = error
        self.description = description
        self.title = title


def refused(
    status: int, reason: str, message: str, *, domain: str = "global", location: tuple[str, str] | None = None
) -> ApiError:
    """A refusal with one entry, in the calendar's own shape."""
    return ApiError(status, [ErrorItem(reason=reason, message=message, domain=domain, location=location)])


def not_found() -> ApiError:
    """The 404 of an unknown calendar or event."""
    return refused(404, "notFound", "Not Found")


def bad_request() -> ApiError:
    """The bare 400 that Google gives for a value it cannot read at all."""
    return refused(400, "badRequest", "Bad Request")


def invalid_credentials() -> ApiError:
    """The 401 of a missing, wrong or expired access token."""
    item = ErrorItem(reason="authError", message="Invalid Credentials", location=("header", "Authorization"))
    return ApiError(
        401,
        [item],
        message=_INVALID_CREDENTIALS,
        rpc_status="UNAUTHENTICATED",
        headers={"WWW-Authenticate": 'Bearer realm="https://accounts.google.com/", error="invalid_token"'},
    )


def error_info(reason: str, metadata: dict[str, str]) -> list[dict[str, Any]]:
    """The machine-readable part of a refusal by the front door."""
    kind = "type.googleapis.com/google.rpc.ErrorInfo"
    return [{"@type": kind, "reason": reason, "domain": "googleapis.com", "metadata": metadata}]


def insufficient_scope(rpc_method: str, scopes: Sequence[str]) -> ApiError:
    """The 403 of a token whose scopes do not cover `rpc_method` (such as `calendar.v3.Events.Insert`)."""
    item = ErrorItem(reason="insufficientPermissions", message="Insufficient Permission")
    challenge = f'Bearer realm="https://accounts.google.com/", error="insufficient_scope", scope="{" ".join(scopes)}"'
    return ApiError(
        403,
        [item],
        message="Request had insufficient authentication scopes.",
        rpc_status="PERMISSION_DENIED",
        details=error_info("ACCESS_TOKEN_SCOPE_INSUFFICIENT", {"service": CALENDAR_SERVICE, "method": rpc_method}),
        headers={"WWW-Authenticate": challenge},
    )


def api_disabled(shape: DisabledShape = "both") -> ApiError:
    """The 403 of a project in which the Calendar API is switched off, in one of the shapes it is seen in."""
    item = ErrorItem(reason="accessNotConfigured", message=_API_DISABLED, domain="usageLimits")
    if shape == "errors":
        return ApiError(403, [item])
    metadata = {"service": CALENDAR_SERVICE, "consumer": f"projects/{PROJECT_NUMBER}"}
    details = error_info("SERVICE_DISABLED", metadata)
    if shape == "details":
        return ApiError(403, [], message=_API_DISABLED, rpc_status="PERMISSION_DENIED", details=details)
    return ApiError(403, [item], rpc_status="PERMISSION_DENIED", details=details)


def not_a_calendar_user() -> ApiError:
    """The 403 of an account for which Google Calendar was never opened, or is switched off."""
    return refused(403, "notACalendarUser", "The user must be signed up for Google Calendar.", domain="calendar")


def unknown_parameter(name: str) -> ApiError:
    """The 400 of a query parameter that the method does not have."""
    text = (
        f'Invalid JSON payload received. Unknown name "{name}": Cannot bind query parameter. '
        f"Field '{name}' could not be found in request message."
    )
    kind = "type.googleapis.com/google.rpc.BadRequest"
    return ApiError(
        400,
        [ErrorItem(reason="invalid", message=text)],
        rpc_status="INVALID_ARGUMENT",
        details=[{"@type": kind, "fieldViolations": [{"description": text}]}],
    )
