"""A page for people: what a simulated UCM that is asked has booked, and who asked it last; it changes nothing."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from aiohttp import web

from simulator.pbx.api.meeting import Meeting, write_time
from simulator.pbx.api.state import ApiCall, UcmState
from simulator.pbx.page_style import STYLE

_SHOWN_CALLS = 20
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def page_routes(state: UcmState) -> list[web.RouteDef]:
    """`GET /` is the page."""

    async def show(request: web.Request) -> web.Response:
        del request
        return web.Response(text=page(state), content_type="text/html", headers=_HEADERS)

    return [web.get("/", show)]


def page(state: UcmState) -> str:
    """The whole page."""
    name = escape(state.model.name)
    meetings = sorted(state.meetings.values(), key=lambda one: (one.start, one.book_id))
    cards = "".join(_card(state, one) for one in meetings) or '<p class="card">No meetings.</p>'
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>Meetings - simulated {name}</title><style>{STYLE}</style></head><body>"
        f'<div class="banner">SIMULATED {name} - NOT A REAL PBX</div><main><h1>Meetings</h1>'
        f'<p class="muted">PBX clock {escape(state.clock_text())}. It is asked over its HTTPS API. '
        f'Controls for testers: <a href="/_sim">/_sim</a></p>{_odd(state)}{cards}'
        f"<h2>Last calls</h2>{_calls(state.calls)}"
        "</main></body></html>"
    )


def _odd(state: UcmState) -> str:
    on = [f"{name} = {value}" for name, value in state.switches.listed().items() if value not in (False, 0, "", None)]
    return f'<p class="muted">Switches: {escape(", ".join(on))}</p>'


def _card(state: UcmState, meeting: Meeting) -> str:
    fields = meeting.fields
    days = "".join(
        f"<li>{write_time(original)}: {'cancelled' if one.start is None else 'moved to ' + write_time(one.start)}</li>"
        for original, one in sorted(meeting.occurrences.items())
    )
    members = ", ".join(_member(one) for one in meeting.members)
    return (
        f'<section class="card" id="m{escape(meeting.book_id)}"><h2>{escape(str(fields["confname"]))}</h2>'
        f"<p>{write_time(meeting.start)} to {write_time(meeting.end)} {escape(state.timezone_text(meeting))}, "
        f"{escape(str(fields['recurringevent']))}{', running' if meeting.running else ''}</p><ul>{days}</ul>"
        f'<p class="muted">Room {escape(str(fields["confno"]))}, id {escape(meeting.book_id)}. {members}</p></section>'
    )


def _member(member: dict[str, object]) -> str:
    who = str(member.get("email") or member.get("member_extension") or "?")
    return escape(f"{who} ({member.get('state', 'needsAction')})")


def _calls(calls: Iterable[ApiCall]) -> str:
    newest = list(calls)[: -_SHOWN_CALLS - 1 : -1]
    rows = "".join(
        f"<li>{call.number} {escape(call.source)} <b>{escape(call.action or '?')}</b> {call.status} "
        f"{escape(call.why)}</li>"
        for call in newest
    )
    return f"<ul>{rows}</ul>" if rows else "<p>Nobody has called yet.</p>"
