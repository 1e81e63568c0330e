"""The commands `meeting …` and `mirror …` tell the truth when the account is out, and when people's word counts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import aiohttp
import pytest

from simulator.google import SimulatedGoogle
from tests.journey.command_desk import CommandDesk, until_true
from tests.journey.gateway_process import DEVICE_KEY, MONDAY, GatewayProcess, utc_of
from tests.journey.test_meeting_commands import live, meeting, rows, schedule


@pytest.fixture
async def desk(gateway: GatewayProcess, google: SimulatedGoogle) -> CommandDesk:
    """A gateway that runs and is signed in, and its commands."""
    await gateway.start()
    opened = CommandDesk(gateway)
    await sign_in(opened, google)
    return opened


async def sign_in(desk: CommandDesk, google: SimulatedGoogle) -> None:
    link, _ = await desk("google", "login", "--print-link")
    await desk("google", "login", "--code", "-", stdin=google.do.approve(link.strip()) + "\n")


async def as_the_device(
    gateway: GatewayProcess, external_id: str, device: str = "script", key: str = DEVICE_KEY
) -> dict[str, Any]:
    address = f"{gateway.http}/api/v1/devices/{device}/meetings/{external_id}"
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {key}"}) as session,
        session.get(address) as answer,
    ):
        return dict(await answer.json())


async def states(desk: CommandDesk) -> dict[str, str]:
    return {row["external_id"]: row["state"] for row in await rows(desk, "meeting", "list")}


async def test_what_waits_for_an_account_that_is_out_says_so_until_somebody_signs_in(
    gateway: GatewayProcess, google: SimulatedGoogle, desk: CommandDesk
) -> None:
    assert (await desk("meeting", "list"))[1] == "No meetings.\n"
    assert (await desk("meeting", "list", "--state", "held"))[1] == "None in state held.\n"
    await schedule(gateway, "a", "b")
    await gateway.drained()
    await desk("google", "logout")
    await schedule(gateway, "b", subject="Changed b")
    await schedule(gateway, "new")

    async def all_held() -> bool:
        return await states(desk) == {"a": "mirrored", "b": "held", "new": "held"}

    await until_true(all_held, "what waits for the account is not held")
    listed, _ = await desk("meeting", "list", "--state", "held")
    assert listed.count("waits for the account") == 2
    assert listed.count("meeting-gateway google login") >= 1
    assert "next try" not in listed
    for name in ("b", "new"):
        said = await as_the_device(gateway, name)
        assert said["state"] == "held"
        assert said["last_problem"]["text"]
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {DEVICE_KEY}"}) as session,
        session.post(f"{gateway.http}/api/v1/devices/script/meetings", json=meeting("new")) as again,
    ):
        assert (again.status, (await again.json())["state"]) == (200, "held")
    shown, _ = await desk("meeting", "show", "script/new")
    assert "Google has nothing yet; it will go where the meetings of script go" in shown
    status, _ = await desk("mirror", "status")
    assert "not read: sign in again" in status
    assert "on their way" not in status

    _, talk = await desk("meeting", "cancel", "script/a")
    assert "is cancelled, but its event stays in the calendar for now." in talk
    assert "It is removed once somebody signs in to that account again: meeting-gateway google login" in talk
    assert "its event is still there" in (await desk("meeting", "list", "--state", "cancelled"))[0]
    assert "its event is still in the calendar" in (await desk("meeting", "cancel", "script/a"))[1]
    assert "Review a" in live(google)

    await sign_in(desk, google)

    async def all_there() -> bool:
        return sorted(live(google)) == ["Changed b", "Review new"]

    await until_true(all_there, "what waited was not done after the sign-in")
    await gateway.drained()
    assert await states(desk) == {"a": "cancelled", "b": "mirrored", "new": "mirrored"}
    assert "a day at this rate" in (await desk("mirror", "status"))[0]


async def test_where_peoples_word_counts_the_list_says_so_and_an_admin_overrules_it(
    gateway: GatewayProcess, google: SimulatedGoogle, desk: CommandDesk
) -> None:
    out, _ = await desk("device", "add", "hq", "--profile", "generic/json", "--invitations", "off")
    key = out.splitlines()[0]
    await desk("device", "set", "hq", "--wins", "google", "--meet")

    async def served() -> bool:
        return (await as_the_device(gateway, "none", "hq", key)).get("code") == "not-found"

    await until_true(served, "the device is not served")
    await schedule(gateway, "moved", "gone", device="hq", key=key)
    series = {"repeat": {"frequency": "weekly", "count": 10}}
    await schedule(gateway, "series", device="hq", key=key, **series)
    await gateway.drained()
    events = live(google)
    later = {
        name: {"dateTime": f"{MONDAY}T{hour}:00:00", "timeZone": "Europe/Berlin"}
        for name, hour in (("start", 15), ("end", 16))
    }
    google.do.edit_event(events["Review moved"]["id"], later)
    google.do.delete_event(events["Review gone"]["id"])
    week = MONDAY + timedelta(days=7)
    google.do.edit_event(f"{events['Review series']['id']}_{utc_of(week, 10):%Y%m%dT%H%M%SZ}", {"summary": "Once only"})
    await desk("mirror", "update")

    async def kept() -> bool:
        found = {row["external_id"]: (row["state"], row["kept_edits"]) for row in await rows(desk, "meeting", "list")}
        return found == {"moved": ("mirrored", 1), "gone": ("left", 1), "series": ("mirrored", 1)}

    await until_true(kept, "people's changes do not count")
    listed, _ = await desk("meeting", "list")
    assert listed.count("in the calendar, as people changed it") == 2
    assert listed.count("left out of the calendar") == 1
    assert (await as_the_device(gateway, "gone", "hq", key))["state"] == "left"
    assert "2 of 3 meetings compared: 0 differences; 1 left as people made them" in (await desk("mirror", "verify"))[1]

    shown, _ = await desk("meeting", "show", "hq/moved")
    number = shown.split()[0]
    assert f"time: {MONDAY} 10:00 Europe/Berlin/{MONDAY} 11:00 Europe/Berlin -> {MONDAY} 15:00" in shown
    assert f"to overrule that: meeting-gateway meeting resolve {number} --device" in shown
    assert "Google Meet: is there http" in shown
    assert "Z " not in shown.split("History")[0]
    assert "people deleted the event, and their word counts" in (await desk("meeting", "show", "hq/gone"))[0]
    assert "repeats: weekly, 10 times" in (await desk("meeting", "show", "hq/series"))[0]
    assert "meet: yes" in (await desk("device", "show", "hq"))[0]

    _, talk = await desk("meeting", "resend", "hq/moved")
    assert "is sent again, except for what people changed" in talk
    assert f"meeting resolve {number} --device" in talk
    assert "meeting resolve" in (await desk("meeting", "resend", "hq/gone", ends=1))[1]
    assert "counts for meeting" in (await desk("meeting", "resolve", "hq/moved", "--google", ends=1))[1]
    assert (
        "--occurrence must be a day"
        in (await desk("meeting", "resolve", "hq/series", "--device", "--occurrence", "soon", ends=2))[1]
    )
    other = f"{MONDAY + timedelta(days=14)}"
    assert (
        "Nothing is to be decided about that occurrence"
        in (await desk("meeting", "resolve", "hq/series", "--device", "--occurrence", other, ends=1))[1]
    )
    await desk("meeting", "resolve", "hq/moved", "--device")
    await desk("meeting", "resolve", "hq/gone", "--device")
    await desk("meeting", "resolve", "hq/series", "--device", "--occurrence", str(week))

    async def as_the_device_said() -> bool:
        now = live(google)
        subjects = {str(event.get("summary")) for event in google.state.live_events}
        return (
            "Review gone" in now
            and "T10:00" in str(now["Review moved"]["start"])
            and "Once only" not in subjects
            and set((await states(desk)).values()) == {"mirrored"}
        )

    await until_true(as_the_device_said, "the device's version was not put back")


async def test_a_question_about_many_events_is_named_where_people_look(
    gateway: GatewayProcess, google: SimulatedGoogle, desk: CommandDesk
) -> None:
    await schedule(gateway, *(f"m{number:02}" for number in range(13)))
    await gateway.drained()
    google.do.delete_many()
    await desk("mirror", "update")

    async def asked() -> bool:
        return "vanished at once" in (await desk("mirror", "status"))[0]

    await until_true(asked, "nobody asks about those that vanished")
    _, talk = await desk("mirror", "verify", ends=1)
    assert "0 of 13 meetings compared: 0 differences; 13 vanished at once, you decide." in talk
    assert "meeting-gateway mirror restore --calendar primary" in talk
    assert "left as people made them" not in talk
    assert set((await states(desk)).values()) == {"asks"}
    assert "mirror restore --calendar primary" in (await desk("meeting", "resolve", "1", "--device", ends=1))[1]
    assert "mirror restore --calendar primary" in (await desk("meeting", "show", "1"))[0]
    _, talk = await desk("mirror", "restore", "--calendar", "other", ends=1)
    assert "The question is still open for: primary." in talk
    assert "other did not lose so many events" in talk
    await desk("mirror", "restore", "--calendar", "primary")

    async def restored() -> bool:
        return len(live(google)) == 13

    await until_true(restored, "not restored")
