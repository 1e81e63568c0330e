"""The commands `meeting …` and `mirror …`: what they print, what a gateway that runs does on their word."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import aiohttp
import pytest

from simulator.google import SimulatedGoogle
from tests.journey.command_desk import CommandDesk, until_true
from tests.journey.gateway_process import DEVICE_KEY, MONDAY, GatewayProcess, utc_of

GOOGLE_SAYS_NO = {"status": 400, "reason": "invalid"}


def meeting(external_id: str, **changes: object) -> dict[str, object]:
    return {
        "external_id": external_id,
        "subject": f"Review {external_id}",
        "start": f"{MONDAY}T10:00:00",
        "duration_minutes": 60,
        "time_zone": "Europe/Berlin",
        "password": "9471230586",
        **changes,
    }


async def schedule(
    gateway: GatewayProcess, *external_ids: str, device: str = "script", key: str = DEVICE_KEY, **changes: object
) -> None:
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {key}"}) as session:
        for external_id in external_ids:
            address = f"{gateway.http}/api/v1/devices/{device}/meetings"
            async with session.post(address, json=meeting(external_id, **changes)) as answer:
                assert answer.status == 202, await answer.text()


@pytest.fixture
async def desk(gateway: GatewayProcess, google: SimulatedGoogle) -> CommandDesk:
    """A gateway that runs and is signed in, and its commands."""
    await gateway.start()
    opened = CommandDesk(gateway)
    link, _ = await opened("google", "login", "--print-link")
    await opened("google", "login", "--code", "-", stdin=google.do.approve(link.strip()) + "\n")
    return opened


def live(google: SimulatedGoogle) -> dict[str, dict[str, Any]]:
    """The events that are there, by their subject; what differs from a series' rule is none of its own."""
    events = (event for event in google.state.live_events if "recurringEventId" not in event)
    return {str(event.get("summary")): event for event in events}


async def rows(desk: CommandDesk, *words: str, ends: int = 0) -> list[dict[str, Any]]:
    out, _ = await desk(*words, "--json", ends=ends)
    return [json.loads(line) for line in out.splitlines()]


async def test_a_meeting_is_looked_at_sent_again_and_cancelled(
    gateway: GatewayProcess, google: SimulatedGoogle, desk: CommandDesk
) -> None:
    await schedule(gateway, "a", "b")
    await gateway.drained()
    out, _ = await desk("meeting", "list")
    assert out.splitlines() == [
        f'{number}  script/{name}  in the calendar  {MONDAY} 10:00 Europe/Berlin  "Review {name}"'
        for number, name in ((1, "a"), (2, "b"))
    ]
    shown, _ = await desk("meeting", "show", "script/a")
    for words in (
        "The device says",
        "Google has, as it was last written",
        "meeting.scheduled",
        "Europe/Berlin",
        "create the event: HTTP 200",
    ):
        assert words in shown
    (facts,) = await rows(desk, "meeting", "show", "1")
    assert facts["calendar_has"]["subject"] == facts["device_says"]["subject"] == "Review a"
    assert facts["link"] == live(google)["Review a"]["htmlLink"]
    (attempt,) = facts["attempts"]
    assert (attempt["number"], attempt["outcome"], attempt["next_try"]) == (1, "ok", None)
    assert [(call["operation"], call["status"]) for call in attempt["calls"]] == [("insert", 200)]
    assert "9471230586" not in shown + json.dumps(facts)

    before = len(google.state.requests)
    _, talk = await desk("meeting", "resend", "1")
    assert "is sent again" in talk
    await until_true(lambda: _asked(google, before), "nobody looked at the event again")
    await gateway.drained()
    assert len(live(google)) == 2
    _, talk = await desk("meeting", "resend", "--upcoming")
    assert talk == "All upcoming events say what is set.\n"

    _, talk = await desk("meeting", "cancel", "script/b")
    assert "script does not hear of it" in talk
    await until_true(lambda: _is(list(live(google)), ["Review a"]), "the event is still there")
    assert (await desk("meeting", "cancel", "2"))[1] == "Meeting 2 was cancelled before.\n"
    assert [row["id"] for row in await rows(desk, "meeting", "list", "--state", "cancelled")] == [2]
    history = (await rows(desk, "meeting", "show", "2"))[0]["history"]
    assert ("command line", "meeting.cancel_asked") in [(line["actor"], line["action"]) for line in history]
    for words, says in (
        (("show", "99"), "There is no meeting 99."),
        (("show", "nobody/a"), "There is no meeting nobody/a."),
        (("resend", "2"), "Meeting 2 is cancelled: there is nothing to send."),
        (("resolve", "1", "--device"), "Nothing is to be decided"),
        (("adopt", "accept", "1"), "No event is offered for meeting 1."),
    ):
        assert says in (await desk("meeting", *words, ends=1))[1]
    assert "must be a day" in (await desk("meeting", "list", "--from", "soon", ends=2))[1]
    assert "9471230586" not in gateway.log


async def _is(found: object, wanted: object) -> bool:
    return found == wanted


async def _asked(google: SimulatedGoogle, before: int) -> bool:
    return any(request.operation == "get" for request in google.state.requests[before:])


async def test_what_google_refused_is_listed_and_sent_again_when_the_reason_is_gone(
    gateway: GatewayProcess, google: SimulatedGoogle, desk: CommandDesk
) -> None:
    rule = google.do.fault(GOOGLE_SAYS_NO, match={"operation": "events.insert"})
    await schedule(gateway, "a", "b")
    await until_true(lambda: _parked(desk, 2), "nothing is refused")
    (first, _) = await rows(desk, "meeting", "list", "--state", "refused")
    assert (first["code"], first["hold"]) == ("G-516", "parked")
    status, _ = await desk("mirror", "status")
    assert "2 refused, or ask you (G-516)" in status
    assert rule is not None
    google.do.clear_faults()
    assert "2 meetings are sent again" in (await desk("meeting", "resend", "--parked"))[1]
    await gateway.drained()
    assert sorted(live(google)) == ["Review a", "Review b"]
    assert "0 meetings are sent again" in (await desk("meeting", "resend", "--all-held"))[1]


async def _parked(desk: CommandDesk, number: int) -> bool:
    return len(await rows(desk, "meeting", "list", "--state", "refused")) == number


async def test_differences_are_found_and_put_right(
    gateway: GatewayProcess, google: SimulatedGoogle, desk: CommandDesk
) -> None:
    await schedule(gateway, "a", "b", "c", "d")
    await schedule(gateway, "gone")
    await gateway.drained()
    cancelled = live(google)["Review gone"]
    await desk("meeting", "cancel", "script/gone")
    await until_true(lambda: _is(len(live(google)), 4), "the cancelled one is still there")
    await gateway.drained()
    _, talk = await desk("mirror", "verify")
    assert talk == "4 meetings compared: 0 differences.\n"
    await a_series_with_exceptions(gateway)
    await gateway.drained()
    _, talk = await desk("mirror", "verify")
    assert talk == "5 meetings compared: 0 differences.\n"
    double, stray = live(google)["Review c"]["id"], cancelled["id"]
    google.do.delete_event(double)
    await desk("mirror", "update")
    await until_true(lambda: _is("Review c" in live(google), True), "not put back")
    await gateway.drained()
    await gateway.stop()

    events = live(google)
    google.do.delete_event(events["Review a"]["id"])
    google.do.edit_event(events["Review b"]["id"], {"summary": "Changed by hand"})
    second = {key: events["Review c"][key] for key in ("summary", "start", "end")}
    second_day = MONDAY + timedelta(days=7)
    hours = {"start": 18, "end": 19}
    moved = {
        each: {"dateTime": f"{second_day}T{hour}:00:00", "timeZone": "Europe/Berlin"} for each, hour in hours.items()
    }
    google.do.edit_event(f"{events['Review s']['id']}_{utc_of(second_day, 15):%Y%m%dT%H%M%SZ}", moved)
    google.do.restore_event(double)
    google.do.restore_event(stray)
    other = google.do.create_event({**second, "summary": "Somebody else's"})["id"]

    found = {(row["kind"], row["external_id"], row["event"]) for row in await rows(desk, "mirror", "verify", ends=1)}
    assert found == {
        ("missing", "a", events["Review a"]["id"]),
        ("different", "b", events["Review b"]["id"]),
        ("doubled", "c", double),
        ("stray", "gone", stray),
        ("different", "s", events["Review s"]["id"]),
    }
    _, talk = await desk("mirror", "verify", "--repair", ends=1)
    assert "5 of 5 will be put right once the gateway runs: none is running now." in talk
    await gateway.start()
    wanted = {"Review a", "Review b", "Review c", "Review d", "Review s", "Somebody else's"}
    await until_true(lambda: _is({str(e["summary"]) for e in google.state.live_events}, wanted), "not repaired")
    await until_true(lambda: _verified(desk, "5 meetings compared: 0 differences"), "still different")
    await gateway.drained()
    assert other in {event["id"] for event in google.state.live_events}
    google.do.fault({"status": 503, "reason": "backendError"}, match={"operation": "list"})
    _, talk = await desk("mirror", "verify", ends=69)
    assert "primary of arthur.morgan@mycompanyabc.com cannot be read" in talk
    await gateway.stop()
    assert (await desk("mirror", "update", ends=1))[1].startswith("ERROR No gateway is running")


async def a_series_with_exceptions(gateway: GatewayProcess) -> None:
    """A weekly series at 15:00 in Berlin, whose second occurrence is moved and whose third is cancelled."""
    await schedule(gateway, "s", start=f"{MONDAY}T15:00:00", repeat={"frequency": "weekly", "count": 4})
    second, third = (MONDAY + timedelta(days=days) for days in (7, 14))
    second_at, third_at = (f"{utc_of(day, 15):%Y-%m-%dT%H:%M:%SZ}" for day in (second, third))
    place = f"{gateway.http}/api/v1/devices/script/meetings/s/occurrences"
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {DEVICE_KEY}"}) as session:
        moved = {"start": f"{second}T16:30:00", "duration_minutes": 60, "time_zone": "Europe/Berlin"}
        async with session.put(f"{place}/{second_at}", json={"subject": "Review s", **moved}) as answer:
            assert answer.status == 202, await answer.text()
        async with session.delete(f"{place}/{third_at}") as answer:
            assert answer.status == 202, await answer.text()


async def _verified(desk: CommandDesk, words: str) -> bool:
    out, talk = await desk("mirror", "verify", ends=None)
    return not out and words in talk


async def offers(desk: CommandDesk) -> list[tuple[str, str, bool]]:
    found = await rows(desk, "meeting", "adopt", "list")
    return [(row["external_id"], row["event"], row["double"]) for row in found]


async def test_events_that_the_pbx_wrote_itself_are_adopted_on_a_persons_word(
    gateway: GatewayProcess, google: SimulatedGoogle, desk: CommandDesk
) -> None:
    """The one is there beside ours, the other before ours could be written; a third is none of the device's."""
    await schedule(gateway, "a", "b", "c")
    await gateway.drained()
    theirs, same = {}, {}
    for name in ("a", "b", "c"):
        event = live(google)[f"Review {name}"]
        same[name] = {"summary": f"review {name.upper()} ", "start": event["start"], "end": event["end"]}
        theirs[name] = google.do.create_event(same[name])["id"]
    stranger = {"email": "stranger@example.org", "organizer": True}
    google.do.create_event({**same["a"], "attendees": [stranger]}, organizer=stranger["email"])
    later = {each: {"dateTime": f"{MONDAY}T{hour}:00:00", "timeZone": "Europe/Berlin"} for each, hour in SPAN}
    theirs["late"] = google.do.create_event({"summary": "Late", **later})["id"]
    google.do.fault({"status": 503, "reason": "backendError"}, match={"operation": "insert"})
    await schedule(gateway, "late", start=f"{MONDAY}T20:00:00", subject="Late")
    await desk("mirror", "update")
    wanted = [*((name, theirs[name], True) for name in ("a", "b", "c")), ("late", theirs["late"], False)]
    await until_true(lambda: _offered(desk, wanted), "not all, or too much, is offered")

    assert "is not offered for meeting 3 again" in (await desk("meeting", "adopt", "reject", "script/c"))[1]
    assert (
        "The second event, which the gateway had made, is removed."
        in (await desk("meeting", "adopt", "accept", "script/a"))[1]
    )
    assert "second" not in (await desk("meeting", "adopt", "accept", "4"))[1]
    google.do.clear_faults()

    def ours(*names: str) -> bool:
        """Whether these are the only live events of their meetings, marked as ours, with the device's own subject."""
        marked = {
            each["extendedProperties"]["private"]["meeting"]: (each["id"], each["summary"])
            for each in google.state.live_events
            if "extendedProperties" in each
        }
        said = {"a": ("1", "Review a"), "late": ("4", "Late")}
        return all(marked.get(said[name][0]) == (theirs[name], said[name][1]) for name in names) and len(marked) == 4

    async def taken_over() -> bool:
        return ours("a", "late")

    await until_true(taken_over, "the events were not taken over, or are there twice")
    await gateway.drained()
    assert [name for name, _, _ in await offers(desk)] == ["b"]
    assert len(google.state.live_events) == 4 + 2 + 1, "beside ours: b, c and the stranger's"
    assert "4 meetings compared: 0 differences" in (await desk("mirror", "verify"))[1]


SPAN = (("start", 20), ("end", 21))


async def _offered(desk: CommandDesk, wanted: object) -> bool:
    return await offers(desk) == wanted


async def test_people_changed_events_and_the_admin_decides(
    gateway: GatewayProcess, google: SimulatedGoogle, desk: CommandDesk
) -> None:
    out, _ = await desk("device", "add", "hq", "--profile", "generic/json", "--invitations", "off")
    key = out.splitlines()[0]
    assert "hq is changed" in (await desk("device", "set", "hq", "--wins", "ask"))[1]
    names = [f"m{number:02}" for number in range(14)]
    await until_true(lambda: _is_served(gateway, key), "the device is not served")
    await schedule(gateway, *names, device="hq", key=key)
    await gateway.drained()
    events = live(google)
    for name in names[:2]:
        google.do.edit_event(events[f"Review {name}"]["id"], {"summary": f"By hand {name}"})
    await desk("mirror", "update")
    await until_true(lambda: _number(desk, 2), "nothing asks")
    first, second = await rows(desk, "meeting", "list", "--state", "asks")
    shown, _ = await desk("meeting", "show", str(first["id"]))
    assert f"subject: Review {names[0]} -> By hand {names[0]}" in shown
    assert "waits for your word" in (await desk("meeting", "resend", str(first["id"]), ends=1))[1]
    await desk("meeting", "resolve", str(first["id"]), "--device")
    await desk("meeting", "resolve", f"hq/{second['external_id']}", "--google")
    wanted = sorted([f"Review {names[0]}", f"By hand {names[1]}", *(f"Review {name}" for name in names[2:])])
    await until_true(lambda: _is(sorted(live(google)), wanted), "what was decided was not done")
    await gateway.drained()

    google.do.delete_many()
    await desk("mirror", "update")
    await until_true(lambda: _says(desk, "14 events vanished at once"), "nobody asks about those that vanished")
    assert live(google) == {}
    assert "14 meetings are written to Google again." in (await desk("mirror", "restore"))[1]
    await until_true(lambda: _is(len(live(google)), 14), "not restored")
    assert "No calendar lost so many events" in (await desk("mirror", "believe"))[1]


async def _number(desk: CommandDesk, number: int) -> bool:
    return len(await rows(desk, "meeting", "list", "--state", "asks")) == number


async def _says(desk: CommandDesk, words: str) -> bool:
    return words in (await desk("mirror", "status"))[0]


async def _is_served(gateway: GatewayProcess, key: str) -> bool:
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {key}"}) as session,
        session.get(f"{gateway.http}/api/v1/devices/hq/meetings/none") as answer,
    ):
        return answer.status == 404
