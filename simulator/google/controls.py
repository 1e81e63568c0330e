"""The tester's controls under `/_sim/`: JSON in, JSON out; what the verbs do is in `usecases`."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, get_args

from aiohttp import web

from simulator.google.calendars import ConferenceOutcome
from simulator.google.console import Console
from simulator.google.errors import ApiError, ConsentError, DisabledShape
from simulator.google.event_verbs import EXTENTS
from simulator.google.fault_rules import BadRule
from simulator.google.identities import ClientKind, Publishing
from simulator.google.outcomes import OUTCOMES
from simulator.google.portal import INTERCEPTIONS
from simulator.google.project_verbs import CannotDo, WhichSecret
from simulator.google.quotas import SCOPES, QuotaPreset, QuotaShape
from simulator.google.saved_state import load, saved
from simulator.google.state import GoogleState, RoomAnswer
from simulator.google.state_dump import dumped
from simulator.google.usecases import EXPIRING, UseCases

CONTROLS = {
    "GET /_sim/state": "everything: accounts, calendars with events, requests, mails, faults; with ?full=true instead "
    "all that is needed to go on later, tokens too",
    "POST /_sim/load": "a saved state, as GET /_sim/state?full=true gives it: go on from there",
    "POST /_sim/reset": "forget everything and begin anew",
    "POST /_sim/clock": '{"now": "2026-11-23T08:00:00Z", "stopped": false} or {"advance_s": 3600} or {"real": true}; '
    'with {"skew_s": 120} only the Date header is off',
    "POST /_sim/faults": '{"match": {"operation": "insert"}, "times": 3, "do": {"status": 503}}, or a list of these',
    "GET /_sim/faults": "the rules with their counters",
    "DELETE /_sim/faults": "take every rule away; DELETE /_sim/faults/NUMBER only one",
    "POST /_sim/expire": f'{{"what": one of {", ".join(EXPIRING)}}}',
    "POST /_sim/revoke": '{"account": e-mail address, the first account if left out}',
    "POST /_sim/consent": '{"outcome": name or null, "auto": false, "account": null, "times": 1, "delay_s": 10}',
    "POST /_sim/approve": '{"url": authorization link, "account": null, "untick": []}: gives {"redirect": address}',
    "GET /_sim/console": "a page: clients, secrets, redirect addresses, accounts, the Calendar API, planned outcomes",
    "GET /_sim/clients/ID/client_secret.json": "a client as the credentials file that Google offers for download",
    "POST /_sim/do/VERB": "a verb with its arguments as JSON object; GET /_sim lists the verbs",
}
VERBS = (
    "create_event",
    "edit_event",
    "delete_event",
    "delete_many",
    "restore_event",
    "move_event",
    "burn_event",
    "reply",
    "add_guest",
    "remove_guest",
    "add_account",
    "add_calendar",
    "set_access",
    "unshare_calendar",
    "set_calendar",
    "add_room",
    "add_group",
    "hide_free_busy",
    "delete_calendar",
    "set_time_zone",
    "set_client",
    "add_secret",
    "delete_secret",
    "create_service_account",
    "set_service_account",
    "delegate",
    "set_calendar_user",
    "intercept",
    "issue_tokens",
    "require_reauth",
    "set_behaviour",
    "set_quota",
    "set_quotas",
)
"""Use cases that can be called by name."""


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(entry, str) for entry in value)


_FITS: Mapping[str, Callable[[Any], bool]] = {
    "str": lambda value: isinstance(value, str),
    "bool": lambda value: isinstance(value, bool),
    "int": lambda value: isinstance(value, int) and not isinstance(value, bool) and value > 0,
    "Mapping[str, Any]": lambda value: isinstance(value, dict),
    "Sequence[str]": _texts,
    "ClientKind": lambda value: value in get_args(ClientKind),
    "Publishing": lambda value: value in get_args(Publishing),
    "WhichSecret": lambda value: value in get_args(WhichSecret),
    "DisabledShape": lambda value: value in get_args(DisabledShape),
    "ConferenceOutcome": lambda value: value in get_args(ConferenceOutcome),
    "RoomAnswer": lambda value: value in get_args(RoomAnswer),
    "QuotaScope": lambda value: value in SCOPES,
    "QuotaShape": lambda value: value in get_args(QuotaShape),
    "QuotaPreset": lambda value: value in get_args(QuotaPreset),
    "Interception": lambda value: value in INTERCEPTIONS,
    "float": lambda value: isinstance(value, int | float) and not isinstance(value, bool) and value >= 0,
    "Extent": lambda value: value in EXTENTS,
    "Expiring": lambda value: value in EXPIRING,
    "None": lambda value: value is None,
}


_CLOCK = {"now": "str", "advance_s": "number", "real": "bool", "stopped": "bool", "skew_s": "number"}


class Controls:
    """The handlers."""

    def __init__(self, state: GoogleState, do: UseCases) -> None:
        self._state = state
        self._do = do
        self._console = Console(state, do)

    def routes(self) -> list[web.RouteDef]:
        """Every control, and the list of them for everything else below `/_sim`."""
        return [
            web.get("/_sim", self._list),
            web.get("/_sim/state", self._show),
            web.post("/_sim/load", self._load),
            web.post("/_sim/reset", self._reset),
            web.post("/_sim/clock", self._clock),
            web.get("/_sim/faults", self._faults),
            web.post("/_sim/faults", self._add_faults),
            web.delete("/_sim/faults", self._clear_faults),
            web.delete("/_sim/faults/{number}", self._remove_fault),
            web.post("/_sim/expire", self._verb("expire")),
            web.post("/_sim/revoke", self._verb("revoke")),
            web.post("/_sim/consent", self._verb("set_consent")),
            web.post("/_sim/approve", self._verb("approve")),
            *(web.post(f"/_sim/do/{name}", self._verb(name)) for name in VERBS),
            *self._console.routes(),
            web.route("*", "/_sim/{rest:.*}", self._unknown),
        ]

    async def _list(self, request: web.Request) -> web.Response:
        del request
        return _json(_overview())

    async def _unknown(self, request: web.Request) -> web.Response:
        problem = f"There is no control {request.method} {request.path}."
        return _json({"error": problem, **_overview()}, status=404)

    async def _show(self, request: web.Request) -> web.Response:
        full = request.query.get("full", "").lower() in ("1", "true", "yes")
        return _json(saved(self._state) if full else dumped(self._state))

    async def _load(self, request: web.Request) -> web.Response:
        try:
            load(self._state, await _any_document(request, whole=True))
        except CannotDo as error:
            return _refused(error)
        return _json({})

    async def _reset(self, request: web.Request) -> web.Response:
        del request
        self._do.reset()
        return _json({})

    async def _clock(self, request: web.Request) -> web.Response:
        given = await _document(request)
        try:
            _check(given, _CLOCK)
            now = _moment(given["now"]) if "now" in given else None
            self._do.set_clock(**{**given, "now": now})
        except (CannotDo, OverflowError) as error:
            return _refused(error)
        return _json({"now": self._state.clock.now().isoformat(timespec="milliseconds")})

    async def _faults(self, request: web.Request) -> web.Response:
        del request
        return _json(self._state.faults.listed())

    async def _add_faults(self, request: web.Request) -> web.Response:
        given = await _any_document(request)
        try:
            rules = self._do.faults(given if isinstance(given, list) else [given])
        except BadRule as error:
            return _json({"error": "These rules cannot be used.", "problems": error.problems}, status=400)
        return _json({"rules": [rule.listed() for rule in rules]}, status=201)

    async def _clear_faults(self, request: web.Request) -> web.Response:
        del request
        self._do.clear_faults()
        return _json({})

    async def _remove_fault(self, request: web.Request) -> web.Response:
        number = request.match_info["number"]
        if not number.isdecimal() or not self._state.faults.remove(int(number)):
            return _json({"error": f"There is no rule {number}."}, status=404)
        return _json({})

    def _verb(self, name: str) -> Callable[[web.Request], Any]:
        verb: Callable[..., Any] = getattr(self._do, name)
        signature = inspect.signature(verb)
        kinds = {parameter.name: str(parameter.annotation) for parameter in signature.parameters.values()}
        needed = {p.name for p in signature.parameters.values() if p.default is inspect.Parameter.empty}

        async def handle(request: web.Request) -> web.Response:
            given = await _document(request)
            try:
                _check(given, kinds, needed)
                return _json(_told(name, verb(**given)))
            except (CannotDo, ConsentError, ApiError) as error:
                return _refused(error)

        return handle


def _overview() -> dict[str, Any]:
    verbs = {name: str(inspect.signature(getattr(UseCases, name))).replace("self, ", "") for name in VERBS}
    outcomes = {name: outcome.explains for name, outcome in OUTCOMES.items()}
    return {"controls": CONTROLS, "verbs": verbs, "consent_outcomes": outcomes}


def _json(document: Any, *, status: int = 200) -> web.Response:
    return web.json_response(document, status=status, dumps=lambda value: json.dumps(value, indent=1) + "\n")


def _refused(error: Exception) -> web.Response:
    if isinstance(error, ConsentError):
        return _json({"error": error.error, "status": error.status, "error_description": error.description}, status=400)
    if isinstance(error, ApiError):
        return _json(error.body(), status=error.status)
    return _json({"error": str(error)}, status=400)


async def _any_document(request: web.Request, *, whole: bool = False) -> Any:
    """The JSON of a request; a `whole` state may be larger than any other body."""
    try:
        return json.loads(await (request.content.read() if whole else request.read()) or b"{}")
    except (ValueError, RecursionError):
        text = json.dumps({"error": "The body must be JSON."})
        raise web.HTTPBadRequest(text=text, content_type="application/json") from None


async def _document(request: web.Request) -> dict[str, Any]:
    document = await _any_document(request)
    if not isinstance(document, dict):
        text = json.dumps({"error": "The body must be a JSON object."})
        raise web.HTTPBadRequest(text=text, content_type="application/json")
    return document


def _check(given: Mapping[str, Any], kinds: Mapping[str, str], needed: set[str] | None = None) -> None:
    for name in given:
        if name not in kinds:
            raise CannotDo(f"There is no {name!r} here; there may be {', '.join(sorted(kinds))}.")
        if not _fits(given[name], kinds[name]):
            raise CannotDo(f"{name!r} must be {kinds[name]}.")
    missing = sorted((needed or set()) - given.keys())
    if missing:
        raise CannotDo(f"{', '.join(missing)} is missing.")


def _fits(value: Any, kind: str) -> bool:
    if kind == "number":
        return isinstance(value, int | float) and not isinstance(value, bool)
    return any(_FITS[one](value) for one in kind.replace('"', "'").split(" | "))


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise CannotDo(f"'now' must be a time such as 2026-11-23T08:00:00Z, not {text!r}.") from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _told(name: str, result: Any) -> dict[str, Any]:
    """What a verb gave, as JSON."""
    if isinstance(result, dict):
        return result
    if name == "approve":
        return {"redirect": result}
    told = {attribute: getattr(result, attribute, None) for attribute in ("email", "calendar_id", "client_id")}
    return {attribute: value for attribute, value in told.items() if value is not None}
