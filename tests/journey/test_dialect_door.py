"""The devices' door whatever the dialect: who is let in, how, when not, and what is never said or written down."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from gateway.devices.device import Device
from gateway.devices.register import key_hash
from gateway.domain.secret import Secret
from gateway.profiles.model import Ref, Replies, Reply
from gateway.profiles.vocabulary import Credential, Dialect, ReplyWord
from gateway.store import device_calls, pending
from tests.contract.dialect_gateway import (
    ACTION,
    ALL_KEYS,
    AUTH,
    CALENDAR,
    FORM,
    GET,
    ITIP,
    JITSI,
    LIST,
    PHONE_KEY,
    SCHEDULE,
    UCM_API,
    action,
    calendar,
    dialect_gateway,
    log_in,
    room,
    ucm,
)
from tests.contract.running_gateway import KEYS, MEETING, UCM_MEETING, GatewayInTest

pytestmark = pytest.mark.asyncio(loop_scope="module")
MEETINGS = "/api/v1/devices/script/meetings"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def gateway(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[GatewayInTest]:
    async with dialect_gateway(tmp_path_factory.mktemp("door")) as serving:
        yield serving


def device(gateway: GatewayInTest, name: str) -> Device:
    found = gateway.running.register.find(name)
    assert found is not None
    return found


def change(gateway: GatewayInTest, name: str, **changed: Any) -> None:
    """Let the register serve a device otherwise, as after an admin's command."""
    register = gateway.running.register
    changed_device = replace(device(gateway, name), **changed)
    others = [each for each in register.served() if each.row.name != name]
    everybody = [*others, changed_device]
    register.fill(everybody, {each.row.id: each.policy for each in everybody}, {})


def pause(gateway: GatewayInTest, name: str, paused: bool) -> None:
    change(gateway, name, row=replace(device(gateway, name).row, paused=paused))


async def calls_of(gateway: GatewayInTest) -> list[tuple[str, str, dict[str, Any]]]:
    """One call of each dialect with its right key."""
    return [
        ("POST", MEETINGS, {"json": MEETING, "headers": AUTH["script"]}),
        ("GET", f"{MEETINGS}/contract-1", {"headers": AUTH["script"]}),
        ("DELETE", f"{MEETINGS}/contract-1", {"headers": AUTH["script"]}),
        ("PUT", f"{MEETINGS}/contract-1/occurrences/2026-11-30", {"json": {}, "headers": AUTH["script"]}),
        ("POST", ITIP, {"data": calendar(), "headers": CALENDAR}),
        ("POST", JITSI, {"data": room(), "headers": FORM}),
        ("GET", f"{JITSI}/1", {"headers": AUTH["jitsi"]}),
        ("DELETE", f"{JITSI}/1", {"headers": AUTH["jitsi"]}),
        ("GET", action(), {}),
    ]


async def test_a_paused_device_hears_that_it_should_come_again(gateway: GatewayInTest):
    cookie = await log_in(gateway)
    for name in ALL_KEYS:
        pause(gateway, name, paused=True)
    try:
        before = await gateway.stored()
        for method, path, options in await calls_of(gateway):
            answer = await gateway.client(method, path, **options)
            assert (answer.status, int(answer.headers["Retry-After"]) > 0) == (503, True), (path, answer.body)
            assert "paused" in answer.body.decode()
        said = await ucm(gateway, SCHEDULE, cookie=cookie, **UCM_MEETING)
        assert said.document["status"] == -57
        assert await gateway.stored() == before
    finally:
        for name in ALL_KEYS:
            pause(gateway, name, paused=False)
    assert (await ucm(gateway, LIST, cookie=cookie)).document["status"] == 0


async def test_a_wrong_key_and_an_unknown_device_look_the_same_in_every_dialect(gateway: GatewayInTest):
    for method, path, options in await calls_of(gateway):
        seen = set()
        for name in (path.split("/")[4], "nobody"):
            place = re.sub(r"(?<=/devices/)[^/]+", name, path).replace(PHONE_KEY, "wrong-key-0123456789")
            headers = {**options.get("headers", {}), "Authorization": "Bearer wrong-key-0123456789"}
            if "action" in path:
                headers.pop("Authorization")
            answer = await gateway.client(method, place, **{**options, "headers": headers})
            challenges = re.sub(r'nonce="[^"]*"', "", answer.headers["WWW-Authenticate"])
            seen.add((answer.status, answer.body, challenges))
        ((status, _, _),) = seen
        assert status == 401, path


async def test_a_login_tells_nothing_about_who_exists(gateway: GatewayInTest):
    bodies = set()
    for user in ("old-envelope", "script", "nobody"):
        challenge = (await ucm(gateway, "challenge", "/api", user=user)).document["response"]["challenge"]
        assert re.fullmatch(r"\d{16}", challenge)
        token = hashlib.md5((challenge + KEYS["script"]).encode()).hexdigest()
        bodies.add((await ucm(gateway, "login", "/api", user=user, token=token)).body)
    (body,) = bodies
    assert b'"status":-37' in body


async def test_who_guesses_at_the_envelope_is_left_outside(gateway: GatewayInTest):
    for _ in range(5):
        assert (await ucm(gateway, "login", "/api", user="guessed", token="0" * 32)).document["status"] == -37
    said = (await ucm(gateway, "login", "/api", user="guessed", token="0" * 32)).document
    assert said["status"] == -68
    assert "ten minutes" in said["response"]["error_msg"]
    await log_in(gateway, "/api")


@pytest.mark.parametrize(
    ("fields", "status", "word"),
    [
        ({"confname": None}, -1, "confname"),
        ({"starttime": "soon"}, -15, "starttime"),
        ({"timezone": "Mars/Olympus"}, -15, "Mars/Olympus"),
        ({"admin_pincode": "canary-pin-7f3a"}, -15, "admin_pincode"),
    ],
)
async def test_wrong_fields_of_an_envelope_are_named_in_words(
    gateway: GatewayInTest, fields: dict[str, Any], status: int, word: str
):
    cookie = await log_in(gateway)
    sent = {name: value for name, value in {**UCM_MEETING, **fields}.items() if value is not None}
    said = (await ucm(gateway, SCHEDULE, cookie=cookie, **sent)).document
    assert said["status"] == status, said
    assert word in said["response"]["error_msg"]
    assert "canary" not in str(said)


async def test_cookies_are_asked_for_and_end_with_their_key(gateway: GatewayInTest):
    for extra, status in (({}, -5), ({"cookie": "sid1-2"}, -6), ({"cookie": ""}, -5)):
        assert (await ucm(gateway, LIST, **extra)).document["status"] == status
    assert (await ucm(gateway, "challange")).document["status"] == -5
    cookie = await log_in(gateway)
    assert (await ucm(gateway, LIST, "/api/v1/devices/script/api", cookie=cookie)).document["status"] == -6
    assert (await ucm(gateway, "reboot", cookie=cookie)).document["status"] == -19
    assert (await ucm(gateway, GET, cookie=cookie)).document["status"] == -1
    before = device(gateway, "ucm-1")
    new = Secret("contract-ucm-new-key-0123456789")
    rotating = replace(before.row, key_hash=key_hash(new), old_key_hash=before.row.key_hash)
    change(gateway, "ucm-1", row=rotating, secret=new, old_secret=before.secret)
    assert (await ucm(gateway, LIST, cookie=cookie)).document["status"] == 0, "both keys are good"
    assert await log_in(gateway, key=new.reveal())
    assert await log_in(gateway)
    change(gateway, "ucm-1", row=replace(rotating, old_key_hash=None), old_secret=None)
    assert (await ucm(gateway, LIST, cookie=cookie)).document["status"] == -6, "the old key was taken away"
    change(gateway, "ucm-1", row=before.row, secret=before.secret, old_secret=before.old_secret)


async def test_a_list_comes_in_pages_in_order_of_its_start(gateway: GatewayInTest):
    cookie = await log_in(gateway)
    for number in range(25):
        day = f"2026-12-{1 + (number * 7) % 25:02d}"
        meeting = {**UCM_MEETING, "bookid": f"page-{number}", "confname": f"Page {number}"}
        meeting |= {"starttime": f"{day} 10:00:00", "endtime": f"{day} 11:00:00"}
        assert (await ucm(gateway, SCHEDULE, cookie=cookie, **meeting)).document["status"] == 0
    starts: list[str] = []
    for page in (1, 2, 3):
        said = (await ucm(gateway, LIST, cookie=cookie, page=page, item_num="10", sord="asc")).document["response"]
        starts += [meeting["starttime"] for meeting in said["bookid"]]
        assert said["total_page"] == -(-said["total_item"] // 10)
    assert len(starts) == said["total_item"] >= 25
    assert starts == sorted(starts)
    first = (await ucm(gateway, LIST, cookie=cookie, page=1, item_num=1, sord="desc")).document["response"]["bookid"]
    assert first[0]["starttime"] == max(starts)
    past = (await ucm(gateway, LIST, cookie=cookie, page=99, item_num=10)).document["response"]
    assert past["bookid"] == []


async def test_a_dialect_that_the_profile_does_not_have_is_named_with_those_it_has(gateway: GatewayInTest):
    auth = AUTH["script"]
    base = "/api/v1/devices/script"
    for method, path, options in (
        ("POST", f"{base}/calendar", {"data": calendar(), "headers": {**auth, "Content-Type": "text/calendar"}}),
        ("GET", f"{base}/action?id=1", {"headers": auth}),
    ):
        answer = await gateway.client(method, path, **options)
        assert (answer.status, answer.document["code"]) == (404, "dialect-not-spoken")
        assert "JSON at …/meetings; forms at …/meetings" in answer.document["detail"]
    form = {**CALENDAR, "Content-Type": "application/x-www-form-urlencoded"}
    answer = await gateway.client("POST", "/api/v1/devices/organizer/meetings", data=b"a=1", headers=form)
    assert (answer.status, answer.fields) == (415, ["Content-Type"])
    assert "text/calendar at …/calendar" in answer.document["detail"]


async def test_a_key_in_an_address_is_for_profiles_that_say_so_and_is_never_written_down(
    gateway: GatewayInTest, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.DEBUG)
    assert (await gateway.client("GET", action(id="logged"))).status in (200, 202)
    wrong = await gateway.client("GET", action(id="logged", start="soon"))
    assert wrong.status == 422
    doubled = await gateway.client("GET", f"{ACTION}?key={PHONE_KEY}&key={PHONE_KEY}")
    assert doubled.status == 400
    itself = await gateway.client("GET", f"/api/v1/devices/script/action?key={KEYS['script']}&id=1")
    assert itself.status == 401
    for answer in (wrong, doubled, itself):
        assert PHONE_KEY not in answer.body.decode()
    assert PHONE_KEY not in caplog.text


def digest_answer(challenge: str, target: str, key: str, **changed: str) -> str:
    """What a device of RFC 7616 sends, from what `WWW-Authenticate` said."""
    found = re.search(r'Digest [^,]*, qop="auth", algorithm=SHA-256, nonce="([^"]+)"', challenge)
    assert found is not None, challenge

    def hashed(text: str) -> str:
        return hashlib.sha256(text.encode()).hexdigest()

    said = {"username": "script", "realm": "device", "nonce": found[1], "uri": target, "cnonce": "abc", **changed}
    nc = changed.get("nc", "00000001")
    who, what = hashed(f"{said['username']}:device:{key}"), hashed(f"GET:{said['uri']}")
    said["response"] = hashed(f"{who}:{found[1]}:{nc}:{said['cnonce']}:auth:{what}")
    quoted = ", ".join(f'{name}="{value}"' for name, value in said.items() if name != "nc")
    return f"Digest {quoted}, algorithm=SHA-256, qop=auth, nc={nc}"


async def test_digest_where_a_profile_asks_for_it(gateway: GatewayInTest):
    before = device(gateway, "script")
    target = f"{MEETINGS}/nothing"
    # The organizer's profile has Digest, so everybody is offered it; the script's has not, so it gets nobody in.
    offered = (await gateway.client("GET", target)).headers["WWW-Authenticate"]
    assert offered.startswith("Digest ")
    assert offered.endswith('Bearer realm="device", Basic realm="device"')
    refused = {"Authorization": digest_answer(offered, target, KEYS["script"])}
    assert (await gateway.client("GET", target, headers=refused)).status == 401
    asking = replace(before.profile, credentials=before.profile.credentials | {Credential.DIGEST})
    change(gateway, "script", profile=asking, secret=Secret(KEYS["script"]))
    try:
        right = {"Authorization": digest_answer(offered, target, KEYS["script"], cnonce="x")}
        assert (await gateway.client("GET", target, headers=right)).status == 404, "let in; there is no such meeting"
        replayed = await gateway.client("GET", target, headers=right)
        assert (replayed.status, "stale=true" in replayed.headers["WWW-Authenticate"]) == (401, True)
        second = digest_answer(offered, target, KEYS["script"], cnonce="y", nc="00000002")
        assert (await gateway.client("GET", target, headers={"Authorization": second})).status == 404
        for wrong in (
            digest_answer(offered, target, "another-key-0123456789", nc="00000003"),
            digest_answer(offered, target + "2", KEYS["script"], nc="00000003"),
            digest_answer(offered, target, KEYS["script"], nc="00000003", username="ucm-1"),
        ):
            answer = await gateway.client("GET", target, headers={"Authorization": wrong})
            assert (answer.status, "stale" in answer.headers["WWW-Authenticate"]) == (401, False)
    finally:
        change(gateway, "script", profile=before.profile, secret=before.secret)


async def test_a_profile_answers_in_its_own_words(gateway: GatewayInTest):
    before = device(gateway, "script")
    body = (("status", 0), ("id", Ref(ReplyWord.EXTERNAL_ID)), ("said", Ref(ReplyWord.DETAIL)))
    replies = Replies(
        accepted=Reply(status=200, content_type="application/json", body=body),
        refused=Reply(status=200, content_type="application/json", body=(("status", -1), *body[2:])),
        later=Reply(status=503, content_type="application/json", body=(("status", -2),)),
    )
    change(gateway, "script", profile=replace(before.profile, replies=replies))
    try:
        call = {"headers": AUTH["script"]}
        http, url = gateway.client.session, gateway.base + MEETINGS
        async with http.post(url, json={**MEETING, "external_id": "in-words", "invitees": []}, **call) as answer:
            assert (answer.status, await answer.json()) == (200, {"status": 0, "id": "in-words", "said": ""})
        async with http.post(url, json={**MEETING, "start": "soon"}, **call) as answer:
            said = await answer.json()
            assert (answer.status, said["status"], "start" in said["said"]) == (200, -1, True)
        pause(gateway, "script", paused=True)
        async with http.post(url, json=MEETING, **call) as answer:
            assert (answer.status, await answer.json()) == (503, {"status": -2})
            assert "Retry-After" in answer.headers
    finally:
        pause(gateway, "script", paused=False)
        change(gateway, "script", profile=before.profile)


async def test_nothing_of_a_secret_stays_in_the_folder(gateway: GatewayInTest):
    cookie = await log_in(gateway)
    assert (await ucm(gateway, LIST, UCM_API, cookie=cookie)).document["status"] == 0
    folder: Path = gateway.folder
    for path in folder.rglob("*"):
        if path.is_file():
            raw = path.read_bytes()
            assert cookie.encode() not in raw
            assert PHONE_KEY.encode() not in raw, path
    assert Dialect.UCM_ENVELOPE in device(gateway, "ucm-1").profile.dialects


async def test_who_wants_to_connect_is_noted_and_who_called_too(gateway: GatewayInTest):
    wrong = {"Authorization": "Bearer wrong-key-0123456789", "Content-Type": "application/json"}
    body = b'{"external_id": "1", "subject": "Hello", "start": "2026-11-23T10:00:00Z", "duration_minutes": 30}'
    for name, headers in (("stranger", wrong), ("nobody-at-all", {"Content-Type": "application/json"})):
        answer = await gateway.client("POST", f"/api/v1/devices/{name}/meetings", data=body, headers=headers)
        assert answer.status == 401
    for key in (KEYS["script"], "wrong-key-0123456789"):
        headers = {**wrong, "Authorization": f"Bearer {key}"}
        await gateway.client("POST", MEETINGS, data=body.replace(b"Hello", b"Heard"), headers=headers)
    cookie = await log_in(gateway)
    assert (await ucm(gateway, GET, cookie=cookie, bookid="never")).document["status"] == -16
    await gateway.running.mirroring.neighbourhood.keeper.write()
    database = gateway.running.stored.database
    waiting = {row.name: row for row in await database.read(pending.pending)}
    assert "nobody-at-all" not in waiting, "a call without any key is nobody's"
    assert (waiting["stranger"].address, waiting["stranger"].subject) == ("127.0.0.1", "Hello")
    noted = await database.read(device_calls.everything)
    script, called = noted[device(gateway, "script").row.id], noted[device(gateway, "ucm-1").row.id]
    assert script.called_at is not None
    assert script.refused_code
    assert called.refused_code


async def test_addresses_of_people_are_learned_from_what_a_device_says(gateway: GatewayInTest):
    people = [{"extension": "4711", "email": "learned@example.com"}]
    said = {**MEETING, "external_id": "learning", "invitees": people}
    assert (await gateway.client("POST", MEETINGS, json=said, headers=AUTH["script"])).status == 202
    said = {**MEETING, "external_id": "knowing", "invitees": [{"extension": "4711"}]}
    answer = await gateway.client("POST", MEETINGS, json=said, headers=AUTH["script"])
    assert answer.document["warnings"] == []
