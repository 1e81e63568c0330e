"""The UCM's own "Google update": takes invitees' replies from what it was told Google says, when due or when asked."""

from __future__ import annotations

from simulator.pbx.api.state import GuestReply, UcmState

STATES = ("needsAction", "accepted", "declined", "tentative")


def refresh_if_due(state: UcmState) -> None:
    """Ask Google when `refresh_minutes` have passed since the last time."""
    if state.clock.now_s() - state.refreshed_at_s >= state.refresh_minutes * 60:
        refresh_now(state)


def refresh_now(state: UcmState) -> None:
    """Write every waiting reply into its member's `state` and `comment`."""
    state.refreshed_at_s = state.clock.now_s()
    waiting, state.google_says[:] = list(state.google_says), []
    for reply in waiting:
        _write(state, reply)


def _write(state: UcmState, reply: GuestReply) -> None:
    meeting = state.meetings.get(reply.book_id)
    for member in meeting.members if meeting is not None else ():
        if str(member.get("email", "")).casefold() == reply.email.casefold():
            member["state"], member["comment"] = reply.state, reply.comment
