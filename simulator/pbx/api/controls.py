"""The tester's controls of a simulated UCM under `/_sim/`: JSON in, JSON out; the verbs themselves are in `desk`."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web

from simulator.pbx.api.codes import Refused
from simulator.pbx.api.desk import Desk, NoSuchMeeting
from simulator.pbx.api.dump import dumped
from simulator.pbx.api.faults import BadRule
from simulator.pbx.api.state import UcmState
from simulator.pbx.api.switches import BadSwitch
from simulator.pbx.booking import Member, Repeat, ScheduleForm

CONTROLS = {
    "GET /_sim/state": "everything: clock, switches, faults, meetings, calls; without secrets",
    "POST /_sim/reset": "forget meetings, cookies, bans, faults, calls and the moved clock; switches stay",
    "POST /_sim/clock": '{"now": "2026-11-23T08:00:00Z", "stopped": false} or {"advance_s": 700} or {"real": true}',
    "POST /_sim/switches": '{"fixed_0800": true, "vanish": 3, …}',
    "POST /_sim/faults": '{"action": "login", "times": 1, "after": 0, "do": {"code": -57}}, or a list of these; '
    "do: code, http, html, truncated, form, reset, cut, hang, body; with delay_s and late",
    "DELETE /_sim/faults": "take every rule away",
    "POST /_sim/certificate": "make and show another certificate; gives its fingerprint",
    "POST /_sim/login": '{"expire": true} forgets cookies, {"unban": true} bans, {"permitted": ["10.0.0.0/8"]}',
    "POST /_sim/do/schedule": '{"subject", "start", "minutes", "zone", "repeat", "invite": ["1001,a@x.org"], "id"}',
    "POST /_sim/do/move": '{"id", "start", "minutes"}',
    "POST /_sim/do/rename": '{"id", "subject"}',
    "POST /_sim/do/move_occurrence": '{"id", "original", "start", "minutes"}',
    "POST /_sim/do/cancel_occurrence": '{"id", "original"}',
    "POST /_sim/do/cancel": '{"id"}',
    "POST /_sim/do/start": '{"id"}: the meeting is running; end: it is not',
    "POST /_sim/do/google_says": '{"id", "email", "state", "comment"}',
    "POST /_sim/do/google_update": "{}",
}

Given = dict[str, Any]
Handler = Callable[[web.Request], Awaitable[web.Response]]


class Controls:
    """The handlers. `change_certificate` gives the new fingerprint."""

    def __init__(self, state: UcmState, do: Desk, change_certificate: Callable[[], str]) -> None:
        self._state = state
        self._do = do
        self._change_certificate = change_certificate

    def routes(self) -> list[web.RouteDef]:
        """Every control, and the list of them for everything else below `/_sim`."""
        posts: dict[str, Callable[[Given], Given]] = {
            "reset": self._reset,
            "clock": self._clock,
            "switches": self._switches,
            "certificate": lambda _: {"fingerprint": self._change_certificate()},
            "login": self._login,
            **{f"do/{name}": verb for name, verb in self._verbs().items()},
        }
        return [
            web.get("/_sim/state", self._show),
            web.post("/_sim/faults", self._add_faults),
            web.delete("/_sim/faults", self._clear_faults),
            *(web.post(f"/_sim/{name}", _told(act)) for name, act in posts.items()),
            web.route("*", "/_sim{rest:.*}", self._overview),
        ]

    async def _show(self, request: web.Request) -> web.Response:
        del request
        return _json(dumped(self._state))

    async def _overview(self, request: web.Request) -> web.Response:
        known = request.path.rstrip("/") == "/_sim"
        return _json({"controls": CONTROLS, "switches": self._state.switches.listed()}, status=200 if known else 404)

    async def _add_faults(self, request: web.Request) -> web.Response:
        given = await _document(request)
        try:
            self._state.faults.add(given if isinstance(given, list) else [given])
        except BadRule as error:
            return _json({"error": str(error)}, status=400)
        return _json({"rules": [rule.listed() for rule in self._state.faults.rules]}, status=201)

    async def _clear_faults(self, request: web.Request) -> web.Response:
        del request
        self._state.faults.rules.clear()
        return _json({})

    def _reset(self, given: Given) -> Given:
        del given
        state = self._state
        state.meetings.clear()
        state.calls.clear()
        state.faults.rules.clear()
        state.google_says.clear()
        state.login.expire_cookies()
        state.login.unban()
        state.clock.follow_machine()
        return {}

    def _clock(self, given: Given) -> Given:
        clock = self._state.clock
        if given.get("real"):
            clock.follow_machine()
        if "now" in given:
            clock.set(_instant(given["now"]), stopped=given.get("stopped") is True)
        if "advance_s" in given:
            clock.advance(float(given["advance_s"]))
        return {"now": clock.now().isoformat(timespec="milliseconds")}

    def _switches(self, given: Given) -> Given:
        for name, value in given.items():
            self._state.switches.set(name, value)
        return self._state.switches.listed()

    def _login(self, given: Given) -> Given:
        login = self._state.login
        if given.get("expire"):
            login.expire_cookies()
        if given.get("unban"):
            login.unban()
        if isinstance(given.get("permitted"), list):
            login.permitted = [str(one) for one in given["permitted"]]
        return {"permitted": login.permitted}

    def _verbs(self) -> Mapping[str, Callable[[Given], Given]]:
        do = self._do
        quiet: dict[str, Callable[[Given], None]] = {
            "move_occurrence": lambda given: do.move_occurrence(
                _id(given), _local(given["original"]), _local(given["start"]), minutes=_minutes(given.get("minutes"))
            ),
            "cancel_occurrence": lambda given: do.cancel_occurrence(_id(given), _local(given["original"])),
            "cancel": lambda given: do.cancel(_id(given)),
            "start": lambda given: do.start(_id(given)),
            "end": lambda given: do.end(_id(given)),
            "google_says": lambda given: do.google_says(
                _id(given), str(given["email"]), str(given["state"]), str(given.get("comment", ""))
            ),
            "google_update": lambda _: do.google_update(),
        }
        return {
            "schedule": lambda given: _booked(do.schedule(_form(given, self._state.zone), book_id=given.get("id"))),
            "move": lambda given: _booked(
                do.move(_id(given), _local(given["start"]), minutes=_minutes(given.get("minutes")))
            ),
            "rename": lambda given: _booked(do.rename(_id(given), str(given["subject"]))),
            **{name: _quietly(verb) for name, verb in quiet.items()},
        }


def _told(act: Callable[[Given], Given]) -> Handler:
    async def handle(request: web.Request) -> web.Response:
        given = await _document(request)
        try:
            return _json(act(given if isinstance(given, dict) else {}))
        except KeyError as error:
            return _json({"error": f"{error.args[0]} is missing"}, status=400)
        except NoSuchMeeting as error:
            return _json({"error": str(error)}, status=404)
        except (Refused, BadSwitch, ValueError, TypeError, OverflowError) as error:
            return _json({"error": str(error)}, status=400)

    return handle


async def _document(request: web.Request) -> Any:
    try:
        return json.loads(await request.read() or b"{}")
    except (ValueError, RecursionError):
        text = json.dumps({"error": "The body must be JSON."})
        raise web.HTTPBadRequest(text=text, content_type="application/json") from None


def _json(document: Any, *, status: int = 200) -> web.Response:
    return web.json_response(document, status=status, dumps=lambda value: json.dumps(value, indent=1) + "\n")


def _booked(booked: Any) -> Given:
    return {"id": booked.book_id, "warnings": list(booked.warnings)}


def _quietly(verb: Callable[[Given], None]) -> Callable[[Given], Given]:
    def act(given: Given) -> Given:
        verb(given)
        return {}

    return act


def _id(given: Given) -> str:
    return str(given["id"])


def _instant(text: object) -> datetime:
    moment = datetime.fromisoformat(str(text))
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _local(text: object) -> datetime:
    return datetime.fromisoformat(str(text)).replace(tzinfo=None)


def _minutes(given: object) -> int | None:
    if given is None:
        return None
    if isinstance(given, bool) or not isinstance(given, int) or not 1 <= given <= 1440:
        raise ValueError("'minutes' is a whole number from 1 to 1440")
    return given


def _form(given: Given, zone: str) -> ScheduleForm:
    start = _local(given["start"])
    return ScheduleForm(
        start=start,
        end=start + timedelta(minutes=_minutes(given.get("minutes")) or 60),
        subject=str(given.get("subject", "Weekly_Meeting")),
        time_zone=str(given.get("zone", zone)),
        repeat=Repeat(given.get("repeat", "none")),
        invitees=tuple(Member.parse(str(one)) for one in given.get("invite", ())),
    )
