"""A gateway in the test's own process with one device for every dialect, and an everyday call of each."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp

from gateway.config import load
from tests.contract.running_gateway import BEARER, KEYS, PATIENT, GatewayInTest, StandingClock, settings
from tests.contract.validating_client import Answer, ValidatingClient
from tests.prepared import running

MORE = {
    "organizer": ("generic/itip", "contract-itip-key-0123456789"),
    "jitsi": ("jitsi/reservation", "contract-jitsi-key-0123456789"),
    "lobby": ("jitsi/reservation", "contract-lobby-key-0123456789"),
    "phone": ("generic/action_url", "contract-phone-key-0123456789"),
}
PHONE_KEY = MORE["phone"][1]
ALL_KEYS = {**KEYS, **{device: key for device, (_, key) in MORE.items()}}
AUTH = {**BEARER, **{device: {"Authorization": f"Bearer {key}"} for device, (_, key) in MORE.items()}}

ITIP = "/api/v1/devices/organizer/calendar"
JITSI = "/api/v1/devices/jitsi/conference"
ACTION = "/api/v1/devices/phone/action"
UCM_API = "/api/v1/devices/ucm-1/api"
SCHEDULE, CHANGE, CANCEL = (f"{verb}MultimediaConferenceReservation" for verb in ("add", "update", "delete"))
GET, LIST = "getMultimediaConferenceReservation", "listMultimediaConferenceReservationInfo"
ACTION_FIELDS = {
    "id": "front-desk-1",
    "subject": "Stand-up",
    "start": "2026-11-23T10:00:00",
    "minutes": "30",
    "zone": "Europe/Paris",
    "mac": "000b82123456",
}
ROOM = {"name": "TestRoom1", "start_time": "2026-11-23T09:00:00.000Z", "mail_owner": "client1@xmpp.com"}
CALENDAR = {**AUTH["organizer"], "Content-Type": "text/calendar; charset=utf-8"}
FORM = {**AUTH["jitsi"], "Content-Type": "application/x-www-form-urlencoded"}


@asynccontextmanager
async def dialect_gateway(folder: Path, limits: str = PATIENT) -> AsyncIterator[GatewayInTest]:
    """Serve from `folder` until the block ends."""
    settings(folder, limits)
    path = folder / "config.yaml"
    more = "".join(f"  - id: {device}\n    profile: {profile}\n" for device, (profile, _) in MORE.items())
    more = more.replace("  - id: lobby\n", "  - id: lobby\n    conflict: refuse\n")
    path.write_text(path.read_text().replace("limits:\n", f"{more}limits:\n"))
    named = {device.upper().replace("-", "_"): key for device, key in ALL_KEYS.items()}
    environ = {f"GATEWAY_DEVICES__{device}__KEY": key for device, key in named.items()}
    config = load(path, {"GATEWAY_GOOGLE__CLIENT_SECRET": "GOCSPX-contract-secret", **environ})
    async with running(config, StandingClock()) as served, aiohttp.ClientSession() as session:
        yield GatewayInTest(running=served, client=ValidatingClient(session, served.listener.url))


def action(key: str = PHONE_KEY, **fields: str) -> str:
    """The address that a phone calls."""
    return f"{ACTION}?{urlencode({'key': key, **ACTION_FIELDS, **fields})}"


def room(**fields: str) -> bytes:
    """What Prosody sends."""
    return urlencode({**ROOM, **fields}).encode()


def calendar(
    *lines: str, method: str = "REQUEST", uid: str = "weekly@example.com", start: str = "20261123T100000"
) -> bytes:
    """A message about one VEVENT; `lines` are added to it."""
    event = [
        "BEGIN:VEVENT",
        f"UID:{uid}",
        "DTSTAMP:20261120T100000Z",
        f"DTSTART;TZID=Europe/Paris:{start}",
        "DURATION:PT1H",
        "SUMMARY:Weekly",
        *lines,
        "END:VEVENT",
    ]
    whole = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Example//Sender//EN", f"METHOD:{method}", *event]
    return ("\r\n".join([*whole, "END:VCALENDAR"]) + "\r\n").encode()


async def ucm(gateway: GatewayInTest, action: str, path: str = UCM_API, **fields: Any) -> Answer:
    """One request of the UCM HTTPS API."""
    body = json.dumps({"request": {"action": action, **fields}}, ensure_ascii=False).encode("utf-8", "surrogatepass")
    headers = {"Content-Type": "application/json;charset=UTF-8"}
    return await gateway.client("POST", path, data=body, headers=headers)


async def log_in(gateway: GatewayInTest, path: str = UCM_API, key: str = KEYS["ucm-1"]) -> str:
    """The cookie of the UCM, which proves its key by the challenge."""
    challenge = (await ucm(gateway, "challenge", path, user="ucm-1", version="1.0")).document["response"]["challenge"]
    token = hashlib.md5((challenge + key).encode()).hexdigest()
    logged_in = (await ucm(gateway, "login", path, user="ucm-1", token=token)).document
    assert logged_in["status"] == 0, logged_in
    return str(logged_in["response"]["cookie"])
