"""Meetings on their way into a simulated Google, call by call: what is lost on the way, refused, or comes later."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from gateway.config import GoogleEndpoints
from gateway.domain.device import DevicePolicy, Transparency, Visibility
from gateway.domain.meeting import Frequency, Invitations, Invitee, Repeat
from gateway.google.calendar import GoogleCalendar
from gateway.google.tokens import AccessTokens, Grant
from gateway.google.wire import Wire, google_session
from gateway.store import mirrored
from simulator.google import SimulatedGoogle
from tests.unit.mirror.gateway_in_memory import InMemoryGateway, gateway_in_memory

ANN, BOB = Invitee(email="ann@partner.example"), Invitee(email="bob@partner.example")
WRITES = ("insert", "update", "patch", "delete", "get")
POLICY = DevicePolicy(name="UCM", calendar_id="primary", invitations=Invitations.DEVICE)


class Desk:
    """A gateway that mirrors into a simulated Google."""

    def __init__(self, google: SimulatedGoogle, gateway: InMemoryGateway) -> None:
        self.google = google
        self.gateway = gateway

    async def says(self, *calls: str, **meeting: Any) -> None:
        """The device schedules the meeting so, and that takes these calls."""
        self.google.state.requests.clear()
        await self.gateway.accept(**meeting)
        await self.gateway.quiet()
        assert tuple(r.operation for r in self.google.state.requests_of(*WRITES)) == calls

    async def later(self) -> None:
        """What waits for its time is done."""
        await self.gateway.drain()

    @property
    def event(self) -> dict[str, Any]:
        """The only live event in the account's own calendar."""
        own = {key for key, event in self.google.state.stored().items() if event.status != "cancelled"}
        (key,) = own
        return next(event for event in self.google.state.live_events if event["id"] == key)

    async def row(self) -> mirrored.MirroredRow:
        found = await self.gateway.database.read(lambda conn: mirrored.get(conn, 1))
        assert found is not None
        return found


@asynccontextmanager
async def at_google(**policy: Any) -> AsyncIterator[Desk]:
    async with SimulatedGoogle(seed=7) as google:
        base = google.base
        endpoints = GoogleEndpoints(
            authorize=f"{base}/auth",
            token=f"{base}/token",
            revoke=f"{base}/revoke",
            userinfo=f"{base}/userinfo",
            calendar=f"{base}/calendar/v3",
        )
        session = google_session(endpoints, 10.0)

        async def save(_grant: Grant) -> None: ...

        async def worked() -> None: ...

        async with gateway_in_memory() as gateway:
            wire = Wire(session, 10.0)
            access_token = str(google.do.issue_tokens()["access_token"])
            grant = Grant(client_id="c", client_secret="s", refresh_token="r", access_token=access_token)
            tokens = AccessTokens(grant, endpoint=endpoints.token, wire=wire, clock=gateway.clock, save=save)
            calendar = GoogleCalendar(
                wire=wire, endpoint=endpoints.calendar, tokens=tokens, clock=gateway.clock, worked=worked
            )
            gateway.account.calendar = calendar  # type: ignore[assignment]
            gateway.policy = replace(POLICY, **policy)
            try:
                yield Desk(google, gateway)
            finally:
                await session.close()


def _answers(status: int, reason: str, message: str) -> dict[str, Any]:
    error = {"code": status, "errors": [{"reason": reason, "message": message}], "message": message}
    return {"status": status, "body": json.dumps({"error": error})}


async def test_a_change_is_one_call_and_loses_nothing() -> None:
    async with at_google() as desk:
        await desk.says("insert", invitees=(ANN,))
        await desk.says("update", invitees=(ANN,), subject="B")
        await desk.says("update", invitees=(ANN, BOB), room="7")
        repeat = Repeat(frequency=Frequency.DAILY, count=3)
        await desk.says("update", invitees=(ANN, BOB), room="7", repeat=repeat)
        await desk.says("update", invitees=(ANN,), subject="C")
        assert desk.event["summary"] == "C"
        assert "recurrence" not in desk.event
        desk.google.do.reply(desk.event["id"], "ann@partner.example", "accepted", comment="late")
        await desk.says("update", "get", "update", invitees=(ANN, BOB), subject="D")
        answers = {guest["email"]: guest["responseStatus"] for guest in desk.event["attendees"]}
        assert answers == {"ann@partner.example": "accepted", "bob@partner.example": "needsAction"}
        assert desk.event["attendees"][0]["comment"] == "late"
        await desk.says("get", "update", invitees=(ANN, BOB), subject="E")  # the answer is there still
        assert desk.event["attendees"][0]["comment"] == "late"


async def test_guests_beyond_the_limit_come_later() -> None:
    async with at_google() as desk:
        desk.google.do.set_quota("guests", 0, per_s=3600, reason="quotaExceeded")
        await desk.says("insert", "insert", invitees=(ANN,))
        assert "attendees" not in desk.event
        desk.google.do.set_quota("guests", None)
        await desk.later()
        assert [guest["email"] for guest in desk.event["attendees"]] == ["ann@partner.example"]
        assert (await desk.row()).lacking == frozenset()


async def test_guests_who_are_there_stay_when_no_more_may_be_invited() -> None:
    async with at_google() as desk:
        await desk.says("insert", invitees=(ANN,))
        desk.google.do.reply(desk.event["id"], "ann@partner.example", "accepted")
        desk.google.do.set_quota("guests", 0, per_s=3600, reason="quotaExceeded")
        await desk.says("update", "get", "update", "patch", invitees=(ANN, BOB), subject="B", room=None)
        assert desk.event["summary"] == "B"
        assert "location" not in desk.event
        assert [guest["responseStatus"] for guest in desk.event["attendees"]] == ["accepted"]
        desk.google.do.set_quota("guests", None)
        await desk.later()
        assert len(desk.event["attendees"]) == 2
        assert desk.event["attendees"][0]["responseStatus"] == "accepted"


async def test_a_conference_is_asked_for_once_and_its_link_kept() -> None:
    async with at_google(meet=True) as desk:
        desk.google.do.set_calendar(conference_delay_s=20.0)
        await desk.says("insert")
        assert (await desk.row()).meet_state == "pending"
        desk.google.do.set_clock(advance_s=30.0)
        await desk.later()
        row = await desk.row()
        assert row.meet_state == "success"
        assert row.meet_link == desk.event["hangoutLink"]
        await desk.says("get", "update", subject="B")
        await desk.says("get", "update", subject="C", invitees=(ANN,))
        assert desk.event["hangoutLink"] == row.meet_link
        assert (await desk.row()).meet_link == row.meet_link


@pytest.mark.parametrize("outcome", ["failure", "none"])
async def test_without_a_conference_the_meeting_is_there(outcome: str) -> None:
    async with at_google(meet=True) as desk:
        if outcome == "none":
            desk.google.do.set_calendar(conference_types=[])
            await desk.says("insert", "insert")
        else:
            desk.google.do.set_calendar(conference_delay_s=1.0, conference_outcome="failure")
            await desk.says("insert")
            desk.google.do.set_clock(advance_s=30.0)
        await desk.later()
        assert desk.event["summary"]
        row = await desk.row()
        assert "conference" in row.lacking
        assert row.meet_link is None
        assert await desk.gateway.rows() == []


async def test_the_settings_of_a_device_reach_its_events() -> None:
    room = "room-1@resource.calendar.google.com"
    async with at_google(
        transparency=Transparency.TRANSPARENT,
        visibility=Visibility.PRIVATE,
        room_address=room,
        invitations=Invitations.OFF,
    ) as desk:
        desk.google.do.add_room(room)
        await desk.says("insert", invitees=(ANN,))
        assert (desk.event["transparency"], desk.event["visibility"]) == ("transparent", "private")
        assert [guest["email"] for guest in desk.event["attendees"]] == [room]
        desk.gateway.policy = replace(POLICY, room_address=room, invitations=Invitations.OFF)
        await desk.gateway.accept(subject="B")
        await desk.gateway.quiet()
        assert desk.event.get("transparency", "opaque") == "opaque"
        assert desk.event.get("visibility", "default") == "default"
        assert [guest["email"] for guest in desk.event["attendees"]] == [room]


async def test_a_zone_that_google_does_not_know_costs_no_meeting() -> None:
    async with at_google() as desk:
        desk.google.do.fault(
            _answers(400, "invalid", "Invalid time zone definition for start time."),
            match={"operation": "insert"},
            times=1,
        )
        await desk.says("insert", "insert", zone="Etc/GMT-1")
        assert desk.event["start"]["timeZone"] == "Etc/GMT-1"
        assert any(word.startswith("zone") for word in (await desk.row()).lacking)


async def test_an_event_that_another_calendar_owns_is_changed_as_far_as_possible() -> None:
    async with at_google() as desk:
        await desk.says("insert")
        desk.google.do.fault(
            _answers(403, "forbiddenForNonOrganizer", "Shared properties can only be changed by the organizer."),
            match={"operation": "update"},
            times=1,
        )
        await desk.says("update", "patch", subject="B")
        assert desk.event["summary"] == "Weekly_Meeting"
        assert await desk.gateway.rows() == []
