"""The file for those who help: what it holds, and that no secret of database, settings or environment is in it."""

from __future__ import annotations

import io
import json
import logging
import sqlite3
import zipfile
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as settings_of
from hypothesis import strategies as st

from gateway.config import (
    Config,
    DeviceSection,
    EmailSection,
    GatewaySection,
    GoogleSection,
    MetricsSection,
    NotificationsSection,
)
from gateway.domain import change
from gateway.domain.attempt import Attempt, Call
from gateway.domain.secret import Secret
from gateway.log import Ring
from gateway.operations.doctor.doctor import Finding
from gateway.operations.support_bundle.bundle import Bundle, zipped
from gateway.operations.support_bundle.redaction import Redaction
from gateway.store import attempts, calls, devices, settings
from gateway.store.calls import KeptRow
from gateway.store.database import Database
from gateway.store.vault import Vault
from tests.journey.google_office import CONTENT
from tests.prepared import give_database
from tests.unit.google.moved_clock import MovedClock

CANARIES = {
    "client secret": "GOCSPX-canary-in-settings",
    "device key": "canary-device-key-0123456789",
    "mail password": "canary-mail-password",
    "metrics token": "canary-metrics-token-0123",
    "environment": "canary-from-the-environment",
    "refresh token": "1//canary-refresh-token",
    "client secret of the account": "canary-odd-secret",
    "setting": "canary-saved-setting",
    "old device key": "canary-old-key-of-a-device",
    "PBX password": "canary-pbx-password",
    "PIN": "735182",
    "host PIN": "918273",
    "private key": "-----BEGIN PRIVATE KEY-----canary",
}
SUBJECT, AGENDA = "Takeover of the canary farm", "Money and canaries"


class Desk:
    """A gateway that holds every kind of secret, each also where it should never be: in the log and in a call."""

    def __init__(self, path: Path, database: Database) -> None:
        self.vault = Vault.open(path)
        self.database = database
        self.ring = Ring()
        self.clock = MovedClock()
        self.config = Config(
            gateway=GatewaySection(data_dir=path, profiles_dir=path / "profiles", name="Office of anna@example.com"),
            google=GoogleSection(
                client_id="c.apps.googleusercontent.com", client_secret=Secret(CANARIES["client secret"])
            ),
            devices=(DeviceSection(id="ucm-1", profile="generic/json", key=Secret(CANARIES["device key"])),),
            metrics=MetricsSection(enabled=True, token=Secret(CANARIES["metrics token"])),
            notifications=NotificationsSection(
                email=EmailSection(
                    server="mail.example.com",
                    sender="gateway@example.com",
                    to="anna@example.com",
                    password=Secret(CANARIES["mail password"]),
                )
            ),
        )

    async def fill(self) -> None:
        seal, said = self.vault.seal, " ".join(CANARIES.values())
        account = {
            "refresh_token": CANARIES["refresh token"],
            "client_secret": CANARIES["client secret of the account"],
            "private_key": CANARIES["private key"],
        }
        meeting = replace(
            CONTENT.meeting,
            subject=SUBJECT,
            agenda=AGENDA,
            password=CANARIES["PIN"],
            host_password=CANARIES["host PIN"],
        )
        body, _ = change.stored(meeting, b"k" * 32, lambda text: seal(text).decode("ascii"))

        def work(conn) -> None:  # type: ignore[no-untyped-def]
            conn.execute(
                "INSERT INTO account (kind, subject, email, client_id, scopes, sealed, state, authorized_at, "
                "changed_at) VALUES ('google', '1', 'anna@example.com', 'c', '', ?, 'connected', 1, 1)",
                (seal(json.dumps(account)),),
            )
            settings.put(conn, "google.client_secret", seal(CANARIES["setting"]).decode(), sealed=True, now_ms=1)
            devices.add(
                conn,
                name="front",
                profile="generic/json",
                keys=devices.Keys(hash=b"x", sealed=seal(CANARIES["old device key"])),
                settings=json.dumps({"host": "bob@example.com", "password": CANARIES["PBX password"]}),
                password_sealed=seal(CANARIES["PBX password"]),
                now_ms=1,
            )
            conn.execute(
                "INSERT INTO meeting (device_id, external_id, revision, state, sync, shape, fingerprint, body, "
                "changed_at) VALUES (1, 'm1', 1, 'scheduled', 1, '', '', ?, 1)",
                (body,),
            )
            now_ms = self.clock.now_ms()
            call = {
                "body": f"subject={SUBJECT}&x={said}",
                "subject": SUBJECT,
                "token": "short",
                "who": "bob@example.com",
            }
            calls.put(conn, [KeptRow(1, 1, now_ms, "refused", json.dumps(call))], now_ms)

        await self.database.write(work)
        logger = logging.getLogger(f"gateway.canary.{id(self)}")
        logger.propagate, logger.handlers[:] = False, [self.ring]
        logger.error("all of it: %s of %s by anna@example.com", said, SUBJECT)

    def bundle(self) -> Bundle:
        async def checks() -> list[Finding]:
            said = f"said {' '.join(CANARIES.values())} to anna@example.com"
            return [Finding(id="x", title="X", state="fail", said=said)]

        return Bundle(
            config=self.config,
            database=self.database,
            vault=self.vault,
            clock=self.clock,
            checks=checks,
            environ={"GATEWAY_X__PASSWORD": CANARIES["environment"], "HOME": "/root", "KEY": "x"},
            lines=self.ring.lines,
        )


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    path = tmp_path / "gateway.db"
    give_database(path, 1)
    database = Database(path)
    await database.open()
    made = Desk(tmp_path, database)
    (tmp_path / "profiles" / "acme").mkdir(parents=True)
    (tmp_path / "profiles" / "acme" / "one.yaml").write_text(f"note: {CANARIES['device key']}")
    await made.fill()
    yield made
    await database.close()


async def text_of(desk: Desk, *, include_private: bool = False) -> dict[str, str]:
    files = await desk.bundle().files(include_private=include_private)
    archive = zipfile.ZipFile(io.BytesIO(zipped(files)))
    return {name: archive.read(name).decode() for name in archive.namelist()}


@pytest.mark.parametrize("include_private", [False, True])
async def test_no_secret_is_in_it(desk: Desk, include_private: bool):
    files = await text_of(desk, include_private=include_private)
    for what, canary in CANARIES.items():
        for name, text in files.items():
            assert canary not in text, (what, name)
    assert "canary" not in files["checks.json"]


async def test_names_are_others_and_the_same_ones_throughout(desk: Desk):
    files = await text_of(desk)
    everything = "\n".join(files.values())
    for private in ("anna@example.com", "bob@example.com", SUBJECT, AGENDA):
        assert private not in everything
    name = files["log.txt"].split(" by ")[1].strip()
    assert name in files["checks.json"]
    assert name in files["settings.redacted.yaml"]
    files = await text_of(desk, include_private=True)
    assert SUBJECT in files["log.txt"]
    assert "bob@example.com" in files["devices.redacted.json"]


async def test_it_has_what_helpers_ask_for(desk: Desk):
    files = await text_of(desk)
    assert list(files) == [
        "summary.txt",
        "checks.json",
        "settings.redacted.yaml",
        "profiles/acme/one.yaml",
        "devices.redacted.json",
        "queue.json",
        "attempts.json",
        "log.txt",
        "calls/001.redacted.json",
        "metrics.txt",
        "versions.json",
    ]
    assert 3 < len(files["summary.txt"].splitlines()) <= 10
    for name, text in files.items():
        if name.endswith(".json"):
            json.loads(text)
    assert json.loads(files["calls/001.redacted.json"])["token"] == "***"


async def test_the_attempts_of_meetings_are_numbers_codes_and_times(desk: Desk):
    call = Call("insert", 1_700_000_000_500, 120, 403, "G-507")
    tried = Attempt(1_700_000_000_000, 1, None, "G-507", 1_700_000_060_000, (call,))

    def work(conn: sqlite3.Connection) -> None:
        for number in range(8):
            attempts.add(conn, 1, tried._replace(number=number + 1))
        for meeting_id in range(2, 300):
            attempts.add(conn, meeting_id, tried)
        conn.execute(
            "INSERT INTO outbox (kind, subject_id, revision, not_before, created_at, hold, lane) "
            "VALUES ('mirror', 1, 1, 1, 1, 'parked', 1)"
        )

    await desk.database.write(work)
    found = json.loads((await text_of(desk))["attempts.json"])
    assert [each["number"] for each in found[:5]] == [4, 5, 6, 7, 8]
    assert [each["meeting"] for each in found[5:]] == list(range(299, 199, -1))
    assert found[0] == {
        "meeting": 1,
        "at": "2023-11-14T22:13:20Z",
        "number": 4,
        "done": None,
        "code": "G-507",
        "next_try": "2023-11-14T22:14:20Z",
        "calls": [
            {"operation": "insert", "at": "2023-11-14T22:13:20Z", "took_ms": 120, "status": 403, "code": "G-507"}
        ],
    }


async def test_it_is_made_without_the_database_too(desk: Desk):
    await desk.database.close()
    files = await text_of(desk)
    assert "cannot be read" in files["summary.txt"]
    assert CANARIES["client secret"] not in "\n".join(files.values())
    assert CANARIES["environment"] not in "\n".join(files.values())


@settings_of(max_examples=15, deadline=None)
@given(
    secrets=st.lists(st.text(min_size=4, max_size=20), max_size=5),
    before=st.text(max_size=20),
    after=st.text(max_size=20),
)
def test_a_secret_is_gone_wherever_it_stands(secrets: list[str], before: str, after: str):
    redaction = Redaction([*secrets, "4711"])
    for secret in secrets:
        assert secret not in redaction.text(f"{before} {secret} {after}") or secret in f"{before}{after}***"
    assert redaction.text("PIN 4711, not 14711") == "PIN ***, not 14711"
    assert redaction.value({"pin": 4711, "n": 4711, "list": ["x 4711"]}) == {
        "pin": "***",
        "n": "***",
        "list": ["x ***"],
    }


def test_many_names_stay_apart():
    redaction = Redaction()
    assert redaction.text("a@x.de b@x.de a@y.de A@X.DE") == "user1@domain1 user2@domain1 user3@domain2 user1@domain1"
