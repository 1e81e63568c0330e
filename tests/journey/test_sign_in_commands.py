"""The commands `google login`, `status`, `test` and `logout`: the page's codes and words, and what to type next."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import re
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass

import pytest

from simulator.google import SimulatedGoogle
from tests import warm
from tests.journey.gateway_process import DEADLINE_S, GatewayProcess

EMAIL = "arthur.morgan@mycompanyabc.com"
OTHER = "someone.else@example.com"


def rows(gateway: GatewayProcess, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(gateway.database)) as conn:
        return conn.execute(query).fetchall()


async def link_of(gateway: GatewayProcess, *words: str) -> str:
    code, out, _ = await gateway.command("google", "login", "--print-link", *words)
    assert code == 0
    return out.strip()


async def sign_in(gateway: GatewayProcess, google: SimulatedGoogle, account: str | None = None, *words: str) -> None:
    address = google.do.approve(await link_of(gateway), account)
    code, out, talk = await gateway.command("google", "login", "--code", "-", *words, stdin=f"{address}\n")
    assert code == 0, talk
    assert out == f"Authorized {account or EMAIL}\n"
    assert "Authorization successful!" in talk


async def test_from_the_first_status_to_the_logout(gateway: GatewayProcess, google: SimulatedGoogle) -> None:
    code, out, _ = await gateway.command("google", "status")
    assert code == 77
    assert out.startswith("Not connected\nMeetings from your devices are kept here and wait.")
    assert out.endswith(" -> meeting-gateway google login\n")
    code, _, talk = await gateway.command("google", "test")
    assert code == 77
    assert talk.startswith("ERROR G-215 ")
    link = await link_of(gateway)
    code, out, _ = await gateway.command("google", "status", "--json")
    assert json.loads(out)["state"] == "none"
    code, _, talk = await gateway.command("google", "login", "--code", google.do.approve(link))
    assert code == 0, talk
    code, out, _ = await gateway.command("google", "status")
    assert code == 0
    assert out.startswith(f"Authorized\nAccount {EMAIL}. Calendar (main calendar). ")
    code, out, talk = await gateway.command("google", "test")
    assert (code, out) == (0, "Google Calendar works: a test meeting was written, read and deleted.\n")
    assert 'A test meeting "Gateway test - you can delete me" is in (main calendar) at 20' in talk
    asked = [r.operation for r in google.state.requests if r.operation in ("insert", "get", "look", "delete")]
    assert (asked[0], asked[-1], len(asked)) == ("insert", "delete", 3)
    code, out, talk = await gateway.command("google", "logout", "--revoke")
    assert code == 0, talk
    assert out.startswith(f"The authorization of {EMAIL} is forgotten here.")
    assert out.endswith("Google confirmed that the authorization is ended there too.\n")
    code, out, _ = await gateway.command("google", "status", "--json")
    assert (code, json.loads(out)["state"], json.loads(out)["pill"]) == (77, "none", "Not connected")
    assert (await gateway.command("google", "logout", "--revoke"))[0] == 0, "there is nothing left to end"


async def test_what_is_refused_ends_with_the_command_that_comes_next(
    gateway: GatewayProcess, google: SimulatedGoogle
) -> None:
    address = google.do.approve(await link_of(gateway))
    for pasted, code in (
        (address.replace("state=", "state=x"), "G-207"),
        ("", "G-201"),
        ("GOCSPX-f-HNne3jXnz8ZP_TsdNFbtX", "G-205"),
    ):
        status, out, talk = await gateway.command("google", "login", "--code", pasted)
        assert (status, out) == (77, "")
        assert talk.startswith(f"ERROR {code} ")
        assert pasted == "" or pasted not in talk
    status, _, talk = await gateway.command("google", "login", "--code", address.replace("state=", "state=x"))
    assert re.fullmatch(
        r"ERROR G-207 This code belongs to another sign-in link\. .* -> meeting-gateway google login\n", talk
    )
    kept = rows(gateway, "SELECT actor, action, object, source FROM audit WHERE action = 'google.code-refused'")
    assert kept == [("command line", "google.code-refused", code, "") for code in ("G-207", "G-201", "G-205", "G-207")]


async def test_another_account_needs_replace(gateway: GatewayProcess, google: SimulatedGoogle) -> None:
    google.do.add_account(OTHER)
    await sign_in(gateway, google)
    address = google.do.approve(await link_of(gateway), OTHER)
    status, _, talk = await gateway.command("google", "login", "--code", address, "--yes")
    assert status == 77
    assert f"ERROR G-409 You signed in as {OTHER}. Before it was {EMAIL}." in talk
    assert f"ERROR beside {EMAIL} -> meeting-gateway google login --add\n" in talk
    assert talk.endswith(f"instead of {EMAIL} -> meeting-gateway google login --replace\n")
    await sign_in(gateway, google, OTHER, "--replace")


async def test_without_google_the_codes_say_so(gateway: GatewayProcess, google: SimulatedGoogle) -> None:
    await sign_in(gateway, google)
    address = google.do.approve(await link_of(gateway))
    await google.stop()
    for words in (("google", "test"), ("google", "login", "--code", address)):
        status, _, talk = await gateway.command(*words)
        assert status == 69, talk
        assert talk.startswith("ERROR N-02 127.0.0.1 does not answer on port ")
    status, out, talk = await gateway.command("google", "logout", "--revoke")
    assert status == 69
    assert "forgotten" in out
    assert talk.startswith("ERROR G-420 Disconnected here, but Google did not confirm")
    assert (await gateway.command("google", "status"))[0] == 77


@pytest.mark.parametrize(("words", "seconds"), [((), 600), (("--long",), 86400)])
async def test_the_link_as_a_picture(
    gateway: GatewayProcess, google: SimulatedGoogle, words: tuple[str, ...], seconds: int
) -> None:
    code, out, talk = await gateway.command("google", "login", "--print-link", "--qr", *words)
    assert code == 0
    assert out.count("\n") == 1, "standard output is for data"
    assert out.startswith(google.base)
    drawn = [line for line in talk.splitlines() if set(line) & set("▀▄█")]
    assert len(drawn) > 20
    assert rows(gateway, "SELECT life_ms, origin FROM sign_in") == [(seconds * 1000, "command line")]


async def test_a_running_gateway_notices_and_mirrors(gateway: GatewayProcess, google: SimulatedGoogle) -> None:
    await gateway.start()
    await sign_in(gateway, google)
    code, _, talk = await gateway.command("google", "test")
    assert code == 0, talk
    assert (await gateway.command("google", "logout"))[0] == 0


@dataclass
class Terminal:
    """A command at a terminal of its own."""

    process: warm.WarmProcess
    master: int
    shown: str = ""

    async def until(self, text: str) -> None:
        """Read until the text was shown."""
        async with asyncio.timeout(DEADLINE_S):
            while text not in self.shown:
                self.shown += (await asyncio.to_thread(os.read, self.master, 65536)).decode()

    def types(self, text: str) -> None:
        os.write(self.master, f"{text}\n".encode())


@asynccontextmanager
async def at_a_terminal(gateway: GatewayProcess, *words: str) -> AsyncIterator[Terminal]:
    master, slave = pty.openpty()
    process = await warm.attached(gateway.arguments(*words), env=gateway.environ, to=slave)
    os.close(slave)
    try:
        yield Terminal(process, master)
        async with asyncio.timeout(DEADLINE_S):
            await process.wait()
    finally:
        os.close(master)


@pytest.mark.parametrize(("answer", "code", "used"), [("n", 1, EMAIL), ("", 1, EMAIL), ("y", 0, OTHER)])
async def test_a_person_at_a_terminal_is_asked(
    gateway: GatewayProcess, google: SimulatedGoogle, answer: str, code: int, used: str
) -> None:
    google.do.add_account(OTHER)
    await sign_in(gateway, google)
    async with at_a_terminal(gateway, "google", "login") as terminal:
        await terminal.until("press Enter:")
        link = next(line for line in terminal.shown.splitlines() if line.startswith("http"))
        terminal.types(google.do.approve(link.strip(), OTHER))
        await terminal.until("[y/N]")
        assert f"Google says this is {OTHER}." in terminal.shown
        assert f"G-409 You signed in as {OTHER}. Before it was {EMAIL}." in terminal.shown
        terminal.types(answer)
        await terminal.until("Authorization successful!" if code == 0 else "Nothing was stored.")
    assert terminal.process.returncode == code
    assert used in (await gateway.command("google", "status"))[1]


async def test_a_second_account_beside_the_first(gateway: GatewayProcess, google: SimulatedGoogle) -> None:
    google.do.add_account(OTHER)
    await sign_in(gateway, google)
    address = google.do.approve(await link_of(gateway), OTHER)
    code, out, talk = await gateway.command("google", "login", "--add", "--code", address)
    assert (code, out) == (0, f"Authorized {OTHER}\n"), talk
    assert f"The main account is still {EMAIL}." in talk
    code, out, _ = await gateway.command("google", "list")
    assert code == 0
    lines = [line for line in out.splitlines() if not line.startswith("  ")]
    assert [line.split(":")[0] for line in lines] == [EMAIL, OTHER]
    assert ", main" in lines[0]
    assert ", main" not in lines[1]
    assert "  creating calendars is off -> meeting-gateway google login --for create-calendar" in out
    code, out, _ = await gateway.command("google", "list", "--json")
    listed = json.loads(out)
    assert [(each["account"], each["main"], each["state"]) for each in listed] == [
        (EMAIL, True, "connected"),
        (OTHER, False, "connected"),
    ]
    assert listed[0]["features"] == {
        "write": True,
        "busy-times": True,
        "list-calendars": True,
        "create-calendar": False,
    }
    code, out, talk = await gateway.command("google", "main", "nobody@example.com")
    assert code == 77
    assert talk.startswith("ERROR G-526 No account nobody@example.com is signed in here.")
    code, out, talk = await gateway.command("google", "test", "--account", OTHER.upper())
    assert code == 0, talk
    assert f"is in the main calendar of {OTHER} at 20" in talk
    code, _, talk = await gateway.command("google", "test", "--account", "nobody@example.com")
    assert (code, talk.split(".")[0]) == (77, "ERROR G-526 No account nobody@example")
    assert (await gateway.command("google", "main", OTHER))[0] == 0
    code, out, _ = await gateway.command("google", "logout", OTHER)
    assert code == 0
    assert "There is no main account now." in out
    code, _, talk = await gateway.command("google", "logout")
    assert code == 77
    assert talk.startswith("ERROR G-527 There is no main account.")


async def test_calendars_and_what_is_in_them(gateway: GatewayProcess, google: SimulatedGoogle) -> None:
    google.do.add_calendar("Only to read", calendar_id="read@example.com", role="reader")
    await sign_in(gateway, google)
    code, out, _ = await gateway.command("google", "calendars")
    assert code == 0
    assert [line.split("  ")[0] for line in out.splitlines()] == ["primary", "read@example.com"]
    code, _, talk = await gateway.command("google", "calendar", "create", "Rooms")
    assert code == 77
    assert talk.startswith("ERROR G-522 Creating calendars is off")
    assert "meeting-gateway google login --for create-calendar" in talk
    address = google.do.approve(await link_of(gateway, "--for", "create-calendar"))
    assert (await gateway.command("google", "login", "--code", address))[0] == 0
    code, out, talk = await gateway.command("google", "calendar", "create", "Rooms", "--account", EMAIL)
    assert code == 0, talk
    made = out.strip()
    code, out, talk = await gateway.command("google", "events", "--calendar", made, "--days", "30")
    assert (code, out, talk) == (0, "", "Nothing in the next 30 days.\n")
    code, _, talk = await gateway.command("google", "events", "--calendar", "nonsense")
    assert (code, talk.startswith('ERROR G-507 The calendar "nonsense" is gone')) == (77, True), talk
    assert talk.endswith(f"meeting-gateway google calendars --account {EMAIL}.\n")
    code, _, talk = await gateway.command("google", "calendar", "create", "Hall", "--device", "nobody")
    made_so_far = sum(1 for r in google.state.requests if r.operation == "calendars.insert")
    assert (code != 0, made_so_far) == (True, 1), "nothing is made for a device that is not"
    assert (await gateway.command("device", "add", "hall", "--profile", "generic/json"))[0] == 0
    code, out, talk = await gateway.command("google", "calendar", "create", "Hall", "--device", "hall")
    assert code == 0, talk
    (settings,) = rows(gateway, "SELECT json_extract(settings, '$.calendar') FROM device WHERE name = 'hall'")
    assert settings == (out.strip(),)


async def test_a_calendar_for_a_device_is_made_in_its_own_account(
    gateway: GatewayProcess, google: SimulatedGoogle
) -> None:
    google.do.add_account(OTHER)
    await sign_in(gateway, google)
    address = google.do.approve(await link_of(gateway, "--for", "create-calendar"), OTHER)
    assert (await gateway.command("google", "login", "--add", "--code", address))[0] == 0
    assert (await gateway.command("device", "add", "hall", "--profile", "generic/json", "--account", OTHER))[0] == 0
    create = ("google", "calendar", "create", "Hall", "--device", "hall")
    code, out, talk = await gateway.command(*create, "--account", EMAIL)
    assert (code, out) == (2, "")
    assert f"The device hall uses the account {OTHER}" in talk
    assert f"meeting-gateway device set hall --account {EMAIL}" in talk
    made = [r for r in google.state.requests if r.operation == "calendars.insert"]
    assert made == [], "nothing is made in the wrong account"
    code, out, talk = await gateway.command(*create)
    assert code == 0, talk
    listed = [(await gateway.command("google", "calendars", "--account", each))[1] for each in (EMAIL, OTHER)]
    assert [out.strip() in each for each in listed] == [False, True]
    query = "SELECT json_extract(settings, '$.calendar'), json_extract(settings, '$.account') FROM device"
    assert rows(gateway, query) == [(out.strip(), OTHER)]


async def test_what_is_lost_or_only_read_says_what_to_type(gateway: GatewayProcess, google: SimulatedGoogle) -> None:
    await sign_in(gateway, google)
    settings = gateway.folder / "config.yaml"
    written = settings.read_text()
    settings.write_text(written.replace("google:\n", "google:\n  read_only: true\n"))
    code, out, _ = await gateway.command("google", "status")
    assert "G-528 The gateway is set to read only. Nothing is written to any calendar." in out
    assert json.loads((await gateway.command("google", "status", "--json"))[1])["read_only"] is True
    settings.write_text(written)
    google.do.revoke(EMAIL)
    await gateway.command("google", "test")
    code, out, _ = await gateway.command("google", "list")
    assert code == 0
    assert re.search(r"^  G-50\d .* -> meeting-gateway google login$", out, re.M), out
    (listed,) = json.loads((await gateway.command("google", "list", "--json"))[1])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", listed["authorized_at"])


async def test_the_key_of_a_service_account(gateway: GatewayProcess, google: SimulatedGoogle) -> None:
    content = google.do.create_service_account()
    path = gateway.database.parent.parent / "key.json"
    path.write_text(json.dumps(content))
    words = ("google", "login", "--service-account", str(path), "--as", EMAIL)
    code, _, talk = await gateway.command(*words)
    assert code == 77
    assert talk.startswith("ERROR G-531 ")
    assert content["client_id"] in talk
    assert "auth/calendar.events.owned" in talk
    scopes = re.findall(r"https://www\.googleapis\.com/auth/[a-z.]+[a-z]", talk)
    google.do.delegate(content["client_email"], scopes)
    code, out, talk = await gateway.command(*words)
    assert (code, out) == (0, f"Authorized {EMAIL}\n"), talk
    assert content["private_key"].splitlines()[2] not in talk
    code, out, _ = await gateway.command("google", "list")
    assert "kind service" in out
    code, _, talk = await gateway.command("google", "calendar", "create", "Rooms")
    assert talk.startswith("ERROR G-522 ")
    assert f"google login --service-account KEY.json --as {EMAIL} --for create-calendar" in talk
    google.do.add_account("rooms@mycompanyabc.com")
    again = (*words[:-1], "rooms@mycompanyabc.com")
    code, _, talk = await gateway.command(*again, "--yes")
    assert code == 77
    assert f"beside {EMAIL} -> meeting-gateway {' '.join(again)} --add\n" in talk
    assert talk.endswith(f"meeting-gateway {' '.join(again)} --replace\n")
    code, out, talk = await gateway.command("google", "logout", "--revoke")
    assert (code, "A key is not ended from here" in out) == (0, True), talk
    path.unlink()
    code, _, talk = await gateway.command(*words)
    assert (code, talk.startswith(f"ERROR G-530 The key file {path} was not found.")) == (77, True), talk
    code, _, talk = await gateway.command("google", "login", "--as", EMAIL)
    assert (code, "belong together" in talk) == (2, True)
