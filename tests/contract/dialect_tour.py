"""A tour through the dialects that provokes every answer the contract has for them; the client checks each one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from tests.contract.dialect_gateway import (
    AUTH,
    CALENDAR,
    CANCEL,
    FORM,
    GET,
    ITIP,
    JITSI,
    LIST,
    SCHEDULE,
    UCM_API,
    action,
    calendar,
    log_in,
    room,
    ucm,
)
from tests.contract.running_gateway import KEYS, MEETING, UCM_MEETING, GatewayInTest

MEETINGS = "/api/v1/devices/script/meetings"
SERIES = {
    **MEETING,
    "external_id": "series",
    "time_zone": "Europe/Paris",
    "repeat": {"frequency": "weekly", "count": 10},
}
SECOND = f"{MEETINGS}/series/occurrences/2026-11-30T09:00:00Z"
THIRD = f"{MEETINGS}/series/occurrences/2026-12-07"
EVERY_WEEK = "RRULE:FREQ=WEEKLY;COUNT=10"
PLACES = {
    "/api/v1/devices/{device_id}/meetings/{external_id}/occurrences/{original_start}": SECOND,
    "/api/v1/devices/{device_id}/calendar": ITIP,
    "/api/v1/devices/{device_id}/conference": JITSI,
    "/api/v1/devices/{device_id}/api": UCM_API,
    "/api": "/api",
}
"""Where each address of the contract is for those that take a body."""


async def dialects(gateway: GatewayInTest) -> None:
    await other_bodies(gateway)
    await occurrences(gateway)
    await itip(gateway)
    await jitsi(gateway)
    await action_url(gateway)
    await envelope(gateway)


async def other_bodies(gateway: GatewayInTest) -> None:
    """A form to a device whose profile speaks iCalendar only."""
    headers = {**FORM, **AUTH["organizer"]}
    meetings = "/api/v1/devices/organizer/meetings"
    for method, place in (
        ("POST", meetings),
        ("PUT", f"{meetings}/1"),
        ("PUT", f"{meetings}/1/occurrences/2026-11-30"),
    ):
        assert (await gateway.client(method, place, data=b"a=1", headers=headers)).status == 415


async def occurrences(gateway: GatewayInTest) -> None:
    call, auth = gateway.client, AUTH["script"]
    assert (await call("POST", MEETINGS, json=SERIES, headers=auth)).status == 202
    later = {"start": "2026-11-30T14:00:00", "end": "2026-11-30T15:00:00", "time_zone": "Europe/Paris"}
    moved = await call("PUT", SECOND, json=later, headers=auth)
    assert (moved.status, moved.document["start_utc"]) == (202, "2026-11-30T13:00:00Z")
    assert (await call("PUT", SECOND, json=later, headers=auth)).status == 200
    assert (await call("DELETE", THIRD, headers=auth)).document["state"] == "cancelled"
    assert (await call("DELETE", THIRD, headers=auth)).status == 200
    never = f"{MEETINGS}/series/occurrences/2026-12-01T09:00:00Z"
    for method, place, status in (
        ("PUT", never, 422),
        ("DELETE", never, 422),
        ("DELETE", f"{MEETINGS}/series/occurrences/soon", 422),
        ("PUT", f"{MEETINGS}/nothing/occurrences/2026-11-30", 404),
        ("DELETE", f"{MEETINGS}/nothing/occurrences/2026-11-30", 404),
    ):
        answer = await call(method, place, json=later if method == "PUT" else None, headers=auth)
        assert answer.status == status, answer.body
    for method in ("PUT", "DELETE"):
        assert (await call(method, SECOND, headers=AUTH["ucm-1"])).status == 401
    assert (await call("PUT", SECOND, data="{", headers={**auth, "Content-Type": "application/json"})).status == 400
    gone = {**SERIES, "external_id": "gone"}
    assert (await call("POST", MEETINGS, json=gone, headers=auth)).status == 202
    assert (await call("DELETE", f"{MEETINGS}/gone", headers=auth)).status == 202
    late = f"{MEETINGS}/gone/occurrences/2026-11-30"
    assert (await call("PUT", late, json=later, headers=auth)).status == 409


async def itip(gateway: GatewayInTest) -> None:
    call = gateway.client

    async def send(body: bytes, headers: dict[str, str] = CALENDAR) -> Any:
        return await call("POST", ITIP, data=body, headers=headers)

    first = await send(calendar(EVERY_WEEK))
    assert (first.status, first.document["meetings"][0]["start_utc"]) == (202, "2026-11-23T09:00:00Z")
    assert (await send(calendar(EVERY_WEEK))).status == 200
    moved = calendar("RECURRENCE-ID;TZID=Europe/Paris:20261130T100000", "SEQUENCE:1", start="20261130T140000")
    assert (await send(moved)).document["meetings"][0]["start_utc"] == "2026-11-30T13:00:00Z"
    assert (await send(b"BEGIN:VCALENDAR")).status == 400
    assert (await send(calendar("RDATE:20261201T090000Z"))).status == 422
    assert (await send(calendar(method="CANCEL", uid="nobody@example.com"))).status == 404
    assert (await send(calendar(), {**CALENDAR, "Content-Type": "application/json"})).status == 415
    assert (await send(calendar(), {**CALENDAR, **AUTH["script"]})).status == 401
    assert (await send(calendar(uid="gone@example.com"))).status == 202
    assert (await send(calendar(uid="gone@example.com", method="CANCEL"))).status == 202
    assert (await send(calendar(uid="gone@example.com", start="20261124T100000"))).status == 409


async def jitsi(gateway: GatewayInTest) -> None:
    call, auth = gateway.client, AUTH["jitsi"]
    reserved = await call("POST", JITSI, data=room(), headers=FORM)
    assert reserved.status == 201, reserved.body
    again = await call("POST", JITSI, data=room(), headers=FORM)
    assert (again.status, again.document) == (200, reserved.document)
    number = reserved.document["id"]
    taken = await call("POST", JITSI, data=room(start_time="2026-11-23T09:30:00.000Z"), headers=FORM)
    assert (taken.status, taken.document) == (409, {"conflict_id": number})
    assert (await call("GET", f"{JITSI}/{number}", headers=auth)).document == reserved.document
    assert (await call("POST", JITSI, data=room(start_time="soon"), headers=FORM)).status == 422
    assert (await call("POST", JITSI, data=b"name=%ff", headers=FORM)).status == 400
    assert (await call("POST", JITSI, data=room(), headers={**FORM, **AUTH["script"]})).status == 401
    spoken = await call("POST", "/api/v1/devices/script/conference", data=room(), headers={**FORM, **AUTH["script"]})
    assert (spoken.status, "JSON at" in spoken.document["message"]) == (404, True)
    for method in ("GET", "DELETE"):
        assert (await call(method, f"{JITSI}/12345", headers=auth)).status == 404
        assert (await call(method, f"{JITSI}/{number}", headers=AUTH["script"])).status == 401
    assert (await call("DELETE", f"{JITSI}/{number}", headers=auth)).status == 200
    assert (await call("GET", f"{JITSI}/{number}", headers=auth)).status == 404
    anew = await call("POST", JITSI, data=room(), headers=FORM)
    assert anew.status == 201
    assert anew.document["id"] != number
    lobby = await call("POST", "/api/v1/devices/lobby/conference", data=room(), headers={**FORM, **AUTH["lobby"]})
    assert lobby.status == 403
    assert "The room is taken then: 2026-11-23" in lobby.document["message"]
    assert "TestRoom1" not in lobby.document["message"]


async def action_url(gateway: GatewayInTest) -> None:
    call = gateway.client
    assert (await call("GET", action())).status == 202
    assert (await call("GET", action())).status == 200
    assert (await call("GET", action(start="soon"))).status == 422
    assert (await call("GET", action() + "&id=2")).status == 400
    assert (await call("GET", action(key=KEYS["script"]))).status == 401
    spoken = await call("GET", "/api/v1/devices/script/action?id=1", headers=AUTH["script"])
    assert (spoken.status, spoken.document["code"]) == (404, "dialect-not-spoken")
    assert (await call("GET", action(cancel="1"))).document["state"] == "cancelled"
    assert (await call("GET", action(subject="Back"))).status == 409


async def envelope(gateway: GatewayInTest) -> None:
    for path in (UCM_API, "/api"):
        cookie = await log_in(gateway, path)
        done = await ucm(gateway, SCHEDULE, path, cookie=cookie, **UCM_MEETING)
        assert done.document["status"] == 0, done.document
        listed = await ucm(gateway, LIST, path, cookie=cookie, page=1, item_num=10)
        assert listed.document["response"]["total_item"] == 1
        one = await ucm(gateway, GET, path, cookie=cookie, bookid=UCM_MEETING["bookid"])
        assert one.document["response"]["bookid"]["confname"] == "Weekly_Meeting"
    assert (await ucm(gateway, CANCEL, UCM_API, cookie=cookie, bookid="nothing")).document["status"] == -16


Call = tuple[str, str, Any, dict[str, str]]


def writing_calls() -> list[Call]:
    """Calls that need the disk, each about something that is not there yet (or is `kept` from before)."""
    long = "x" * 8000
    occurrence = f"{MEETINGS}/kept-series/occurrences/2026-12-14"
    return [
        ("PUT", occurrence, {"start": "2026-12-14T15:00:00", "duration_minutes": 30, "agenda": long}, AUTH["script"]),
        ("DELETE", occurrence, None, AUTH["script"]),
        ("POST", ITIP, calendar(uid="no-room@example.com"), CALENDAR),
        ("POST", JITSI, room(name="no-room"), FORM),
        ("GET", action(id="no-room"), None, {}),
    ]


async def kept_before(call: Callable[..., Awaitable[Any]]) -> str:
    """Schedule what `writing_calls` are about; return the address of a reservation."""
    kept = {**SERIES, "external_id": "kept-series"}
    assert (await call("POST", MEETINGS, json=kept, headers=AUTH["script"])).status == 202
    reserved = await call("POST", JITSI, data=room(name="kept"), headers=FORM)
    assert reserved.status == 201, reserved.body
    return f"{JITSI}/{reserved.document['id']}"
