"""The steps of the demo, one function each: they say what they do, do it, and raise `DemoFailed` when it goes wrong."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, time
from pathlib import Path
from typing import Any

import aiohttp

from simulator.demo_check import Check, checks, summary_lines
from simulator.demo_gateway import DemoFailed, GatewayProcess
from simulator.demo_tell import Teller
from simulator.google.app import SimulatedGoogle
from simulator.google.client_file import credentials
from simulator.pbx.booking import ScheduleForm, vendor_example
from simulator.pbx.memory import Connection
from simulator.pbx.report import answer_lines
from simulator.pbx.start_words import next_weekday
from simulator.pbx.ucm import SimulatedUcm
from simulator.pbx.zones import zone_of

DEVICE = "ucm-1"
EVENT_WITHIN_S = 30.0
LOOK_EVERY_S = 0.05

_GIVEN_UP = {
    "held": "waits for an administrator",
    "refused": "was refused by Google",
    "stored": "is not to be mirrored",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The demo's folder and what is in it."""

    folder: Path

    @property
    def config(self) -> Path:
        """The gateway's settings."""
        return self.folder / "config.yaml"

    @property
    def log(self) -> Path:
        """What the gateway writes."""
        return self.folder / "gateway.log"

    @property
    def key_file(self) -> Path:
        """The device's key, for the simulated PBX."""
        return self.folder / "device-key"

    @property
    def credentials(self) -> Path:
        """The simulated Google's client, as the file that Google offers for download."""
        return self.folder / "client_secret_demo.json"

    @property
    def pbx(self) -> Path:
        """The simulated PBX's memory."""
        return self.folder / "pbx.json"


def prepare(place: Place, google: SimulatedGoogle) -> GatewayProcess:
    """Write settings, a fresh device key and the credentials file; gives the gateway, not started yet."""
    client = next(iter(google.state.clients.values()))
    key = secrets.token_urlsafe(32)
    place.config.write_text(_settings(place, google.endpoints()), encoding="utf-8")
    _write_secret(place.key_file, f"{key}\n")
    _write_secret(place.credentials, json.dumps(credentials(client, google.base), indent=1) + "\n")
    return GatewayProcess(place.config, place.log, {"GATEWAY_DEVICES__UCM_1__KEY": key})


def _write_secret(path: Path, text: str) -> None:
    """A new file that only its owner reads."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)


@contextmanager
def closed_port() -> Iterator[int]:
    """A port of this machine at which nothing listens: it is kept until the end, so that nobody else is given it."""
    with socket.socket() as kept:
        kept.bind(("127.0.0.1", 0))
        yield int(kept.getsockname()[1])


def _settings(place: Place, endpoints: Mapping[str, str]) -> str:
    """Settings as YAML; every value is JSON, which YAML reads the same.

    The Google client is left out: what the file says is locked on the gateway's page, and a person shall enter it.
    """
    sections = {
        "version": 1,
        "gateway": {
            "name": "Demo",
            "listen": "127.0.0.1:0",
            "listen_tls": "127.0.0.1:0",
            "data_dir": str(place.folder / "data"),
        },
        "google": {"endpoints": dict(endpoints)},
        "devices": [{"id": DEVICE, "profile": "grandstream/ucm6300", "name": "Front office UCM6300"}],
    }
    return "".join(f"{name}: {json.dumps(value)}\n" for name, value in sections.items())


async def sign_in(teller: Teller, place: Place, gateway: GatewayProcess, google: SimulatedGoogle) -> None:
    """Authorize the gateway as the administrator of the PBX would: open a link, allow, paste what came back."""
    said = await gateway.command("google", "login", "--client", str(place.credentials), "--print-link")
    link = said.strip().splitlines()[-1]
    teller.lines(["The gateway printed the sign-in link; a person would open it and press Allow."])
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{google.base}/_sim/approve", json={"url": link}) as got,
    ):
        answer = json.loads(await got.text())
    if "redirect" not in answer:
        raise DemoFailed(f"simulated Google did not allow the sign-in: {answer}", log=gateway.log)
    said = await gateway.command("google", "login", "--code", "-", "--yes", typed=str(answer["redirect"]))
    teller.lines(["The address that came back was pasted into the gateway.", *said.strip().splitlines()])


def coming_monday(ucm: SimulatedUcm, form_zone: str) -> datetime:
    """Midnight of the next Monday strictly after today, in the zone of the form."""
    today = ucm.state.now().astimezone(zone_of(form_zone)).date()
    return datetime.combine(next_weekday(today, 0), time())


async def schedule(teller: Teller, ucm: SimulatedUcm, gateway: GatewayProcess) -> tuple[str, ScheduleForm]:
    """Book the vendor guide's example on the coming Monday; gives the PBX's id of it and the form."""
    monday = coming_monday(ucm, ucm.state.zone)
    form = ucm.state.completed(vendor_example(monday))
    teller.lines(_form_lines(form))
    answer = await ucm.do.schedule(form)
    teller.lines(answer_lines(answer))
    if not answer.ok:
        raise DemoFailed("the gateway refused the meeting, see above", log=gateway.log)
    return answer.external_id, form


def _form_lines(form: ScheduleForm) -> list[str]:
    people = ", ".join(str(one) for one in form.invitees)
    return [
        f"Meeting Subject          {form.subject}",
        f"Time                     {form.start:%A %Y-%m-%d %H:%M}-{form.end:%H:%M}",
        f"Time Zone                {form.time_zone}",
        f"Host, Host Password      {form.host}, ****",
        f"Invitees                 {people}",
        f"Email Reminder (m)       {form.email_reminder_minutes}",
        f"Sync to Google Calendar  {'yes' if form.sync_to_google else 'no'}",
    ]


async def arrival(ucm: SimulatedUcm, gateway: GatewayProcess, google: SimulatedGoogle, external_id: str) -> list[Any]:
    """Wait until the gateway says that the meeting is in Google; gives the events Google then has."""
    state = "unknown"
    try:
        async with asyncio.timeout(EVENT_WITHIN_S):
            while True:
                answer = await ucm.do.look(external_id)
                state = str(answer.body.get("state"))
                if not answer.ok:
                    raise DemoFailed(f"the gateway does not know the meeting: {answer.reason}", log=gateway.log)
                if state == "mirrored":
                    return await events_in(google)
                if state in _GIVEN_UP:
                    problem = answer.body.get("last_problem") or {}
                    raise DemoFailed(f"the meeting {_GIVEN_UP[state]}: {json.dumps(problem)}", log=gateway.log)
                await asyncio.sleep(LOOK_EVERY_S)
    except TimeoutError as error:
        text = f"the meeting was not in Google after {EVENT_WITHIN_S:.0f} s; the gateway says it is '{state}'"
        raise DemoFailed(text, log=gateway.log) from error


async def events_in(google: SimulatedGoogle) -> list[Any]:
    """Every event of every calendar that is not cancelled, as the Calendar API shows it."""
    async with aiohttp.ClientSession() as session, session.get(f"{google.base}/_sim/state") as got:
        state = json.loads(await got.text())
    return [
        event for calendar in state["calendars"] for event in calendar["events"] if event.get("status") != "cancelled"
    ]


def show(teller: Teller, events: list[Any]) -> None:
    """Print what Google has: in words, then as it is."""
    for event in events:
        teller.lines(summary_lines(event))
        teller.say()
        teller.document(event)


def verdict(teller: Teller, events: list[Any], form: ScheduleForm) -> list[Check]:
    """Print every check; gives those that are wrong."""
    found = checks(events, form)
    for check in found:
        teller.check(check.text, right=check.right)
    return [check for check in found if not check.right]


def remember_gateway(place: Place, ucm: SimulatedUcm, gateway: GatewayProcess) -> None:
    """Write the gateway into the PBX's memory, so that the commands to try are short."""
    ucm.state.connect(Connection(gateway=gateway.base, device=DEVICE, key_file=str(place.key_file)))
