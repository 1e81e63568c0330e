"""Holds every request the gateway sent to Google against what Google publishes; the answers are checked elsewhere.

Calendar requests are held against the Calendar API's discovery document as Google's own client ships it; calls to the
OAuth endpoints against a list of the parameters that Google's OAuth 2.0 pages name, because those endpoints have no
machine-readable description.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, lru_cache
from typing import Any, Protocol
from urllib.parse import parse_qs, urlsplit
from zoneinfo import available_timezones

from jsonschema import Draft202012Validator

from tests.simulator.google.discovery_schema import converted, document


class Request(Protocol):
    """What must be known of a request (the simulator's `RequestRecord` has it)."""

    @property
    def number(self) -> int: ...
    @property
    def method(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def query(self) -> Mapping[str, list[str]]: ...
    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def body(self) -> Any: ...


def assert_all_valid(requests: Iterable[Request]) -> int:
    """Fail with a line for every problem of every request; return how many requests were checked."""
    checked, found = 0, []
    for request in requests:
        checked += 1
        found += [f"request {request.number} {request.method} {request.path}: {p}" for p in problems(request)]
    assert not found, "requests that Google does not document:\n" + "\n".join(found)
    return checked


def assert_valid_link(url: str) -> None:
    """Fail when a sign-in link says something to the authorization endpoint that Google does not document."""
    query = parse_qs(urlsplit(url).query, keep_blank_values=True)
    assert not (found := list(_authorize_problems(query))), found


def problems(request: Request) -> list[str]:
    """Everything that is wrong with one request."""
    if request.path.startswith(document()["basePath"]):
        return list(_calendar_problems(request))
    check = _OAUTH.get((request.method, request.path))
    if check is None:
        return ["is no method of the Calendar API and no OAuth endpoint"]
    return list(check(request))


# The Calendar API.

_INTEGER = re.compile(r"-?(0|[1-9][0-9]*)", re.ASCII)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?", re.ASCII)
_RULE = re.compile(r"(RRULE|EXRULE|RDATE|EXDATE)[:;].+")

# Rules that the document states in the descriptions only, as (schema, field) → the values it lists.
_LISTED = {
    ("Event", "status"): {"confirmed", "tentative", "cancelled"},
    ("Event", "transparency"): {"opaque", "transparent"},
    ("Event", "visibility"): {"default", "public", "private", "confidential"},
    ("EventReminder", "method"): {"email", "popup"},
    ("EventAttendee", "responseStatus"): {"needsAction", "declined", "tentative", "accepted"},
}
_EVENT_ID = re.compile(r"[a-v0-9]{5,1024}")


def _calendar_problems(request: Request) -> Iterator[str]:
    method = _method(request.method, request.path.removeprefix(document()["basePath"]))
    if method is None:
        yield "is no method of the Calendar API"
        return
    yield from _query_problems(method, request.query)
    if "request" not in method:
        if request.body is not None:
            yield "body: this method takes none"
        return
    if not request.headers.get("content-type", "").startswith("application/json"):
        yield "Content-Type: must be application/json"
    if not isinstance(request.body, dict):
        yield "body: must be a JSON object"
        return
    name = method["request"]["$ref"]
    errors = _validator(name).iter_errors(request.body)
    yield from (f"body{error.json_path[1:]}: {error.message}" for error in errors)
    yield from _missing(name, method["id"], request.body)
    if name == "Event":
        yield from _event_problems(request.body)


@lru_cache(maxsize=1)
def _methods() -> list[tuple[str, re.Pattern[str], dict[str, Any]]]:
    return [
        (method["httpMethod"], re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(method["path"]))), method)
        for resource in document()["resources"].values()
        for method in resource["methods"].values()
    ]


def _method(verb: str, path: str) -> dict[str, Any] | None:
    fitting = [method for known, pattern, method in _methods() if known == verb and pattern.fullmatch(path)]
    return fitting[0] if fitting else None


@cache
def _validator(name: str) -> Draft202012Validator:
    """Types and known properties; formats are checked by hand, because a `dateTime` may lack its offset."""
    definitions = {each: converted(schema) for each, schema in document()["schemas"].items()}
    return Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": definitions})


def _query_problems(method: dict[str, Any], query: Mapping[str, list[str]]) -> Iterator[str]:
    known = {name: entry for name, entry in method.get("parameters", {}).items() if entry["location"] == "query"}
    known |= document()["parameters"]
    for name, values in query.items():
        if name not in known:
            yield f"query {name}: is no parameter of {method['id']}"
            continue
        if known[name].get("deprecated") or "Deprecated" in known[name].get("description", ""):
            yield f"query {name}: is deprecated"
        if len(values) > 1 and not known[name].get("repeated"):
            yield f"query {name}: may be there once only"
        yield from (f"query {name}: {reason}" for value in values for reason in _value_problems(known[name], value))


def _value_problems(parameter: dict[str, Any], value: str) -> Iterator[str]:
    kind = parameter["type"]
    if kind == "boolean" and value not in ("true", "false"):
        yield f"{value!r} is not true or false"
    if kind == "integer":
        if not _INTEGER.fullmatch(value):
            yield f"{value!r} is not a whole number"
        elif not int(parameter.get("minimum", -(2**31))) <= int(value) <= int(parameter.get("maximum", 2**31 - 1)):
            yield f"{value} is out of range"
    if "enum" in parameter and value not in parameter["enum"]:
        yield f"{value!r} is none of {parameter['enum']}"
    if parameter.get("format") == "date-time" and not (_MOMENT.fullmatch(value) and _has_offset(value)):
        yield f"{value!r} is not an RFC 3339 time with offset"


def _missing(schema: str, method_id: str, body: dict[str, Any]) -> Iterator[str]:
    for name, entry in document()["schemas"][schema]["properties"].items():
        if method_id in entry.get("annotations", {}).get("required", ()) and body.get(name) is None:
            yield f"body.{name}: is required by {method_id}"


def _event_problems(event: dict[str, Any]) -> Iterator[str]:
    """What the descriptions of the schemas Event, EventDateTime, EventAttendee and EventReminder demand."""
    if "id" in event and not (isinstance(event["id"], str) and _EVENT_ID.fullmatch(event["id"])):
        yield "body.id: must be 5 to 1024 characters of base32hex"
    recurring = bool(event.get("recurrence"))
    for end in ("start", "end"):
        yield from (f"body.{end}: {reason}" for reason in _time_problems(event.get(end), recurring=recurring))
    yield from (
        f"body.recurrence: {line!r} is no RFC 5545 line"
        for line in _listed(event.get("recurrence"))
        if not (isinstance(line, str) and _RULE.fullmatch(line))
    )
    yield from _choice_problems("Event", "body", event)
    for number, guest in enumerate(_objects(event.get("attendees"))):
        yield from _choice_problems("EventAttendee", f"body.attendees[{number}]", guest)
        if not guest.get("email"):
            yield f"body.attendees[{number}].email: is required"
    yield from _reminder_problems(event.get("reminders"))


def _time_problems(time: object, *, recurring: bool) -> Iterator[str]:
    if not isinstance(time, dict):
        return
    zone, moment = time.get("timeZone"), time.get("dateTime")
    if ("date" in time) == ("dateTime" in time):
        yield "must have either date or dateTime"
    if zone is not None and zone not in available_timezones():
        yield f"timeZone {zone!r} is no IANA name"
    if recurring and zone is None:
        yield "timeZone is required for recurring events"
    if isinstance(moment, str):
        if not _MOMENT.fullmatch(moment):
            yield f"dateTime {moment!r} is not an RFC 3339 time"
        elif zone is None and not _has_offset(moment):
            yield "dateTime needs an offset, or a timeZone beside it"


def _reminder_problems(reminders: object) -> Iterator[str]:
    if not isinstance(reminders, dict):
        return
    overrides = _objects(reminders.get("overrides"))
    if overrides and reminders.get("useDefault") is not False:
        yield "body.reminders: overrides need useDefault false"
    if len(overrides) > 5:
        yield "body.reminders.overrides: at most 5"
    for number, override in enumerate(overrides):
        place = f"body.reminders.overrides[{number}]"
        yield from _choice_problems("EventReminder", place, override)
        if not {"method", "minutes"} <= set(override):
            yield f"{place}: needs method and minutes"
        elif isinstance(minutes := override["minutes"], int) and not 0 <= minutes <= 40320:
            yield f"{place}.minutes: must be 0 to 40320"


def _choice_problems(schema: str, place: str, value: dict[str, Any]) -> Iterator[str]:
    for (owner, name), allowed in _LISTED.items():
        if owner == schema and name in value and value[name] not in allowed:
            yield f"{place}.{name}: {value[name]!r} is none of {sorted(allowed)}"


def _has_offset(moment: str) -> bool:
    return moment.endswith("Z") or moment[-6] in "+-"


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _objects(value: object) -> list[dict[str, Any]]:
    return [entry for entry in _listed(value) if isinstance(entry, dict)]


# OAuth: "Using OAuth 2.0 for Web Server Applications" and "… for iOS & Desktop Apps", OpenID Connect.

_EXCHANGE = {"grant_type", "code", "client_id", "client_secret", "redirect_uri", "code_verifier"}
_REFRESH = {"grant_type", "refresh_token", "client_id", "client_secret"}
# "Using OAuth 2.0 for Server to Server Applications".
_ASSERTION = {"grant_type", "assertion"}
_JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_AUTHORIZE_NEEDS = {"response_type", "client_id", "redirect_uri", "scope"}
# PKCE and state are optional for Google and not for us; include_granted_scopes is not supported for installed apps.
_OURS = {"state", "code_challenge", "code_challenge_method"}
_AUTHORIZE_MAY = {"access_type", "prompt", "login_hint", "hd", "nonce", "enable_granular_consent"}
_AUTHORIZE_VALUES = {
    "response_type": {"code"},
    "access_type": {"online", "offline"},
    "code_challenge_method": {"S256"},
    "enable_granular_consent": {"true", "false"},
}
_PROMPTS = {"none", "consent", "select_account"}
_IDENTITY_SCOPES = {"openid", "email", "profile"}
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")


def _authorize_problems(query: Mapping[str, list[str]]) -> Iterator[str]:
    given = {name: values[0] for name, values in query.items()}
    yield from _name_problems("query", set(given), needed=_AUTHORIZE_NEEDS | _OURS, optional=_AUTHORIZE_MAY)
    yield from (f"query {name}: may be there once only" for name, values in query.items() if len(values) > 1)
    for name, allowed in _AUTHORIZE_VALUES.items():
        if name in given and given[name] not in allowed:
            yield f"query {name}: {given[name]!r} is none of {sorted(allowed)}"
    if not set(given.get("prompt", "").split()) <= _PROMPTS:
        yield f"query prompt: {given['prompt']!r} is not made of {sorted(_PROMPTS)}"
    known = set(document()["auth"]["oauth2"]["scopes"]) | _IDENTITY_SCOPES
    yield from (f"query scope: Google has no {scope}" for scope in given.get("scope", "").split() if scope not in known)
    if not _CHALLENGE.fullmatch(given.get("code_challenge", "")):
        yield "query code_challenge: must be the 43 characters of an S256 challenge"
    if not re.fullmatch(r"https?://.+", given.get("redirect_uri", "")):
        yield "query redirect_uri: must be an http address"


def _authorize(request: Request) -> Iterator[str]:
    return _authorize_problems(request.query)


def _consent_form(_request: Request) -> Iterator[str]:
    """A person pressed a button of the simulated consent page; the gateway has no part in it."""
    return iter(())


def _token(request: Request) -> Iterator[str]:
    form = request.body if isinstance(request.body, dict) else {}
    kinds = {"authorization_code": _EXCHANGE, "refresh_token": _REFRESH, _JWT_BEARER: _ASSERTION}
    grant = form.get("grant_type")
    if grant not in kinds:
        yield f"body grant_type: {grant!r} is none of {sorted(kinds)}"
    yield from _form_problems(request, kinds.get(str(grant), {"grant_type"}))


def _revoke(request: Request) -> Iterator[str]:
    return _form_problems(request, {"token"})


def _userinfo(request: Request) -> Iterator[str]:
    yield from _name_problems("query", set(request.query), needed=set())
    if request.body is not None:
        yield "body: this call takes none"


def _form_problems(request: Request, fields: set[str]) -> Iterator[str]:
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        yield "Content-Type: must be application/x-www-form-urlencoded"
    yield from _name_problems("query", set(request.query), needed=set())
    form = request.body if isinstance(request.body, dict) else {}
    yield from _name_problems("body", set(form), needed=fields)
    yield from (f"body {name}: is empty" for name in sorted(fields & set(form)) if form[name] == "")


def _name_problems(place: str, given: set[str], *, needed: set[str], optional: set[str] = frozenset()) -> Iterator[str]:
    yield from (f"{place} {name}: is missing" for name in sorted(needed - given))
    yield from (f"{place} {name}: is not documented" for name in sorted(given - needed - optional))


_OAUTH = {
    ("GET", "/o/oauth2/v2/auth"): _authorize,
    ("POST", "/o/oauth2/v2/auth"): _consent_form,
    ("POST", "/token"): _token,
    ("POST", "/revoke"): _revoke,
    ("GET", "/v1/userinfo"): _userinfo,
}
