"""A simulated UCM as one readable JSON object, without PINs, cookies and passwords."""

from __future__ import annotations

from typing import Any

from simulator.pbx.api.meeting import PIN_FIELDS, Meeting, write_time
from simulator.pbx.api.state import HIDDEN, UcmState


def dumped(state: UcmState) -> dict[str, Any]:
    """Everything a tester may want to see."""
    return {
        "model": state.model.name,
        "clock": state.clock_text(),
        "now": state.clock.now().isoformat(timespec="milliseconds"),
        "user": state.login.user,
        "permitted": state.login.permitted,
        "cookies": len(state.login.cookies),
        "banned": [address for address in state.login.sources if state.login.is_banned(address)],
        "switches": state.switches.listed(),
        "faults": [rule.listed() for rule in state.faults.rules],
        "google": {"account": state.google_account, "refresh_minutes": state.refresh_minutes},
        "meetings": {book_id: _meeting(state, one) for book_id, one in state.meetings.items()},
        "calls": [
            {"number": one.number, "source": one.source, "action": one.action, "status": one.status, "why": one.why}
            for one in state.calls
        ],
    }


def _meeting(state: UcmState, meeting: Meeting) -> dict[str, Any]:
    shown = {name: HIDDEN if name in PIN_FIELDS and value else value for name, value in meeting.fields.items()}
    return {
        **shown,
        "timezone": state.timezone_text(meeting),
        "running": meeting.running,
        "members": meeting.members,
        "occurrences": {
            write_time(original): "cancelled" if one.start is None else write_time(one.start)
            for original, one in sorted(meeting.occurrences.items())
        },
    }
