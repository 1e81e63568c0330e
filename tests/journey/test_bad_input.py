"""Whatever a device sends: the documented status, the field named, no secret repeated, nothing stored, still alive."""

from __future__ import annotations

import asyncio
import base64
import gzip
import http.client
import json
import logging
import os
import zlib
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.contract.bad_calls import BOTH, CALLS, NATIVE, SECRETS, UCM, Bad, Words
from tests.contract.running_gateway import BEARER, KEYS, GatewayInTest, running_gateway
from tests.contract.validating_client import Answer

pytestmark = pytest.mark.asyncio(loop_scope="module")
devices = pytest.mark.parametrize("words", BOTH, ids=[words.device for words in BOTH])


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def gateway(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[GatewayInTest]:
    async with running_gateway(tmp_path_factory.mktemp("bad-input")) as serving:
        for words in BOTH:
            first = await serving.client("POST", words.address, data=words.changed(id="before"), headers=words.headers)
            assert first.status == 202, first.body
        yield serving


async def refused(
    gateway: GatewayInTest,
    method: str,
    path: str,
    *,
    status: int,
    field: str | None,
    data: Any = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """Make a call that must change nothing, and check everything that holds for all refusals."""
    before = await gateway.stored()
    answer = await gateway.client(method, path, data=data, headers=headers)
    assert answer.status == status, answer.body
    if field is not None:
        assert any(name == field or name.startswith((f"{field}[", f"{field}.")) for name in answer.fields), answer.body
        assert all(entry["reason"] for entry in answer.document["errors"])
    assert not [secret for secret in SECRETS if secret in answer.body.decode()]
    assert await gateway.stored() == before
    assert (await gateway.client("GET", "/healthz")).status == 200
    return answer


@devices
@pytest.mark.parametrize("bad", CALLS, ids=[bad.name for bad in CALLS])
async def test_bad_calls(gateway: GatewayInTest, words: Words, bad: Bad, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    field, body = getattr(words, bad.field, bad.field), bad.body(words)
    await refused(gateway, "POST", words.address, data=body, headers=words.headers, status=bad.status, field=field)
    if bad.field != "id":
        place = f"{words.address}/before"
        await refused(gateway, "PUT", place, data=body, headers=words.headers, status=bad.status, field=field)
    assert not [secret for secret in SECRETS if secret in caplog.text]
    assert "Traceback" not in caplog.text


async def test_100_000_nested_brackets_are_too_large_and_too_deep(gateway: GatewayInTest, tmp_path: Path):
    body = b"[" * 100_000
    await refused(gateway, "POST", NATIVE.address, data=body, headers=NATIVE.headers, status=413, field="body")
    async with running_gateway(tmp_path, limits="body_bytes: 1048576") as patient:
        for words in BOTH:
            for deep in (body, b'{"a":' * 100_000, b'{"a":' + body):
                await refused(
                    patient, "POST", words.address, data=deep, headers=words.headers, status=400, field="body"
                )


async def test_every_mistake_is_named_in_one_answer(gateway: GatewayInTest):
    wrong = {"subject": 7, "start": "soon", "time_zone": "Mars", "colour": "red", "password": "canary-pin-7f3a"}
    answer = await refused(
        gateway, "POST", NATIVE.address, data=json.dumps(wrong), headers=NATIVE.headers, status=422, field="external_id"
    )
    assert {"subject", "start", "time_zone", "colour", "password", "external_id"} <= set(answer.fields)


async def test_unknown_fields_are_mistakes_in_our_words_and_passed_over_in_a_vendors(gateway: GatewayInTest):
    typed = json.dumps({**NATIVE.meeting, "reminder_minute": 5}).encode()
    answer = await refused(
        gateway, "POST", NATIVE.address, data=typed, headers=NATIVE.headers, status=422, field="reminder_minute"
    )
    assert "did you mean 'reminder_minutes'" in answer.document["errors"][0]["reason"]
    known = json.dumps({**UCM.meeting, UCM.id: "with-more", "firmware_gift": 5}).encode()
    assert (await gateway.client("POST", UCM.address, data=known, headers=UCM.headers)).status == 202


# Who calls.

WRONG_CREDENTIALS = {
    "none": {},
    "wrong key": {"Authorization": "Bearer contract-script-key-0123456780"},
    "another device's key": BEARER["ucm-1"],
    "half a key": {"Authorization": f"Bearer {KEYS['script'][:-1]}"},
    "no key": {"Authorization": "Bearer "},
    "no scheme": {"Authorization": KEYS["script"]},
    "unknown scheme": {"Authorization": f"Digest {KEYS['script']}"},
    "basic of somebody else": {
        "Authorization": "Basic " + base64.b64encode(f"ucm-1:{KEYS['script']}".encode()).decode()
    },
    "basic without a colon": {"Authorization": "Basic " + base64.b64encode(KEYS["script"].encode()).decode()},
    "basic of garbage": {"Authorization": "Basic ====%%%"},
    "very long": {"Authorization": "Bearer " + "x" * 7000},
}


@pytest.mark.parametrize("credential", WRONG_CREDENTIALS.values(), ids=list(WRONG_CREDENTIALS))
async def test_without_the_right_key_nothing_is_done_or_told(gateway: GatewayInTest, credential: dict[str, str]):
    body, one = NATIVE.changed(), f"{NATIVE.address}/before"
    for method, path in (("POST", NATIVE.address), ("PUT", one), ("GET", one), ("DELETE", one)):
        data = body if method in ("POST", "PUT") else None
        headers = {"Content-Type": "application/json", **credential} if data else credential
        await refused(gateway, method, path, data=data, headers=headers, status=401, field="Authorization")


async def test_an_unknown_device_and_a_wrong_key_look_the_same(gateway: GatewayInTest):
    wrong = {"Authorization": "Bearer contract-script-key-0123456780", "Content-Type": "application/json"}
    bodies = set()
    for device in ("script", "nobody", "SCRIPT", "%2e%2e", "script%00", "%ff"):
        path = f"/api/v1/devices/{device}/meetings"
        answer = await refused(
            gateway, "POST", path, data=NATIVE.changed(), headers=wrong, status=401, field="Authorization"
        )
        bodies.add(answer.body)
    assert len(bodies) == 1


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
async def test_the_right_key_is_taken_however_its_scheme_is_written(gateway: GatewayInTest, scheme: str):
    headers = {"Authorization": f"{scheme} {KEYS['script']}"}
    assert (await gateway.client("GET", f"{NATIVE.address}/before", headers=headers)).status == 200
    basic = base64.b64encode(f"script:{KEYS['script']}".encode()).decode()
    answer = await gateway.client("GET", f"{NATIVE.address}/before", headers={"Authorization": f"Basic {basic}"})
    assert answer.status == 200


# How it is sent.

TYPES = {
    "none": None,
    "text": "text/plain",
    "XML": "application/xml",
    "multipart": "multipart/form-data; boundary=x",
    "problem": "application/problem+json",
    "latin-1": "application/json; charset=iso-8859-1",
    "garbage": "///;;;",
}


@pytest.mark.parametrize("kind", TYPES.values(), ids=list(TYPES))
async def test_other_content_types_are_refused(gateway: GatewayInTest, kind: str | None):
    headers = {**BEARER["script"], "Content-Type": kind or ""}
    await refused(
        gateway, "POST", NATIVE.address, data=NATIVE.changed(), headers=headers, status=400, field="Content-Type"
    )


FORM = {**BEARER["ucm-1"], "Content-Type": "application/x-www-form-urlencoded"}
FORMS = {
    "a field twice": ("confname=a&confname=b", 400, "confname"),
    "not UTF-8": ("confname=%ff", 400, "confname"),
    "NUL": ("confname=a%00b", 400, "confname"),
    "half a pair": ("confname=%ed%a0%80", 400, "confname"),
    "300 fields": ("&".join(f"f{number}=1" for number in range(300)), 400, "body"),
    "empty": ("", 400, "body"),
    "nothing known": ("a=b", 422, "body"),
    "people are not JSON": (urlencode({**UCM.meeting, "members": "[{"}), 422, "members"),
    "a number in words": (urlencode({**UCM.meeting, "email_reminder": "sixty"}), 422, "email_reminder"),
}


@pytest.mark.parametrize(("body", "status", "field"), FORMS.values(), ids=list(FORMS))
async def test_bad_forms(gateway: GatewayInTest, body: str, status: int, field: str):
    await refused(gateway, "POST", UCM.address, data=body.encode(), headers=FORM, status=status, field=field)


async def test_a_good_form_is_the_same_meeting_as_its_json(gateway: GatewayInTest):
    sent = {**UCM.meeting, "bookid": "as-form"}
    first = await gateway.client("POST", UCM.address, data=urlencode(sent).encode(), headers=FORM)
    again = await gateway.client("POST", UCM.address, data=json.dumps(sent).encode(), headers=UCM.headers)
    assert (first.status, again.status) == (202, 200)


async def test_a_compressed_body_counts_as_large_as_it_unfolds(gateway: GatewayInTest):
    packed = {**NATIVE.headers, "Content-Encoding": "gzip"}
    bomb = gzip.compress(b" " * 30_000_000)
    await refused(gateway, "POST", NATIVE.address, data=bomb, headers=packed, status=413, field="body")
    broken = zlib.compress(NATIVE.changed())[:-9]
    await refused(gateway, "POST", NATIVE.address, data=broken, headers=packed, status=400, field=None)


async def test_a_chunked_body_over_the_limit_is_refused(gateway: GatewayInTest):
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b" " * 1024

    await refused(gateway, "POST", NATIVE.address, data=chunks(), headers=NATIVE.headers, status=413, field="body")


async def test_unknown_addresses_and_methods(gateway: GatewayInTest):
    for path in ("/api/v1", "/api/v1/devices/script", f"{NATIVE.address}/", "/admin", "/%00"):
        await refused(gateway, "GET", path, headers=NATIVE.headers, status=404, field=None)
    for method, path, allowed in (
        ("PATCH", f"{NATIVE.address}/before", {"GET", "PUT", "DELETE"}),
        ("GET", NATIVE.address, {"POST"}),
        ("DELETE", NATIVE.address, {"POST"}),
        ("POST", "/healthz", {"GET"}),
        ("PROPFIND", NATIVE.address, {"POST"}),
    ):
        answer = await refused(gateway, method, path, headers=NATIVE.headers, status=405, field=None)
        assert set(answer.headers["Allow"].split(",")) == allowed


# The Idempotency-Key.


@pytest.mark.parametrize("key", ["", "x" * 256, "x\u0080y"], ids=["empty", "long", "control character"])
async def test_a_wrong_idempotency_key_is_refused(gateway: GatewayInTest, key: str):
    headers = {**NATIVE.headers, "Idempotency-Key": key}
    await refused(
        gateway, "POST", NATIVE.address, data=NATIVE.changed(), headers=headers, status=400, field="Idempotency-Key"
    )


async def test_a_key_belongs_to_one_call_of_one_device(gateway: GatewayInTest):
    headers = {**NATIVE.headers, "Idempotency-Key": "key-1"}
    body = NATIVE.changed(id="keyed")
    first = await gateway.client("POST", NATIVE.address, data=body, headers=headers)
    changed = await gateway.client(
        "POST", NATIVE.address, data=NATIVE.changed(id="keyed", subject="Later"), headers=NATIVE.headers
    )
    again = await gateway.client("POST", NATIVE.address, data=body, headers=headers)
    assert (first.status, changed.document["revision"], again.status) == (202, 2, 200)
    assert again.document == first.document, "a repeat hears the first answer and does not undo the change"
    for method, path, data in (
        ("POST", NATIVE.address, NATIVE.changed(id="keyed", subject="Another")),
        ("PUT", f"{NATIVE.address}/keyed", body),
    ):
        answer = await refused(gateway, method, path, data=data, headers=headers, status=422, field="Idempotency-Key")
        assert answer.document["code"] == "idempotency-key-reused"
    ours = {**UCM.headers, "Idempotency-Key": "key-1"}
    assert (await gateway.client("POST", UCM.address, data=UCM.changed(id="keyed"), headers=ours)).status == 202


# Ids in addresses.

IDS = [
    "a/b",
    "a b",
    "ü-日本-🎉",
    "100%",
    "?x=1&y=2",
    "#",
    "a+b",
    "..",
    ".",
    "a//b/",
    "%2F",
    "'\"<>",
    "x" * 255,
    "~!@$^*()",
]


@devices
@pytest.mark.parametrize("external_id", IDS)
async def test_any_printable_id_makes_the_whole_way(gateway: GatewayInTest, words: Words, external_id: str):
    place = f"{words.address}/{quote(external_id, safe='').replace('.', '%2E')}"
    put = await gateway.client("PUT", place, data=words.without("id"), headers=words.headers)
    assert (put.status, put.document["external_id"]) == (202, external_id)
    got = await gateway.client("GET", place, headers=words.headers)
    assert got.document["external_id"] == external_id
    assert got.document["meeting"][words.id] == external_id
    posted = await gateway.client("POST", words.address, data=words.changed(id=external_id), headers=words.headers)
    assert (posted.status, posted.document["id"]) == (200, put.document["id"])
    assert (await gateway.client("DELETE", place, headers=words.headers)).document["state"] == "cancelled"


@devices
@pytest.mark.parametrize("encoded", ["%00", "%0d%0a", "x" * 256, "%20", "%e2%80%8b"])
async def test_ids_that_cannot_be(gateway: GatewayInTest, words: Words, encoded: str):
    place = f"{words.address}/{encoded}"
    body = words.without("id")
    await refused(gateway, "PUT", place, data=body, headers=words.headers, status=422, field=words.id)
    for method in ("GET", "DELETE"):
        await refused(gateway, method, place, headers=words.headers, status=404, field="external_id")


async def test_the_id_in_the_body_must_be_the_one_in_the_address(gateway: GatewayInTest):
    place = f"{NATIVE.address}/this"
    body = NATIVE.changed(id="that")
    await refused(gateway, "PUT", place, data=body, headers=NATIVE.headers, status=422, field="external_id")


# Whatever else a program may send.

FEW, MANY = 300, 10_000
WAVE: dict[str, object] = {
    "external_id": "wave-1",
    "subject": "Weekly_Meeting",
    "startTime": 1_795_424_400_000,
    "endTime": 1_795_428_000_000,
    "hostCode": 86420975,
    "emailRemindTime": 60,
    "cycle": "WEEKLY",
    "meetingType": 0,
    "invitees": [{"memberExtension": "1000", "isHost": 1}, {"memberExtension": "1001", "email": "anna@example.com"}],
}
REPEATING = {**NATIVE.meeting, "repeat": {"frequency": "weekly", "interval": 2, "weekdays": ["MO"], "count": 5}}
CALLED = [(NATIVE, dict(NATIVE.meeting)), (NATIVE, REPEATING), (UCM, dict(UCM.meeting)), (UCM, WAVE)]
NAMES = sorted({name for _, meeting in CALLED for name in meeting} | {"frequency", "until", "extension", "email"})

numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([2**31, 2**63, -1, 1e308])
texts = st.text() | st.sampled_from(["", "UTC", "2026-11-23T10:00:00", "9999-12-31 23:59:59", "yes", "../..", "\u202e"])
leaves = st.none() | st.booleans() | numbers | texts
trees = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.sampled_from(NAMES) | texts, inner, max_size=8),
    max_leaves=30,
)


@st.composite
def mutated_calls(draw: st.DrawFn) -> tuple[Words, bytes]:
    """An everyday call with one to four of its parts replaced, taken away or added, and at times a torn text."""
    words, meeting = draw(st.sampled_from(CALLED))
    call: Any = json.loads(json.dumps(meeting))
    for _ in range(draw(st.integers(1, 4))):
        place: Any = call
        while isinstance(place, (dict, list)) and place:
            key = draw(st.sampled_from(list(place) if isinstance(place, dict) else range(len(place))))
            if not isinstance(place[key], (dict, list)) or not place[key] or draw(st.booleans()):
                break
            place = place[key]
        if not place:
            continue
        if draw(st.booleans()) or isinstance(place, list):
            place[key] = draw(trees)
        else:
            del place[key]
    body = bytearray(json.dumps(call, ensure_ascii=draw(st.booleans())).encode("utf-8", "surrogatepass"))
    if draw(st.integers(0, 4)) == 0:
        body[draw(st.integers(0, len(body) - 1))] = draw(st.integers(0, 255))
    return words, bytes(body)


random_calls = st.tuples(
    st.sampled_from(BOTH), trees.map(lambda tree: json.dumps(tree).encode("utf-8", "surrogatepass"))
)


@pytest.mark.parametrize(
    "calls", [pytest.param(random_calls, id="random trees"), pytest.param(mutated_calls(), id="mutated calls")]
)
async def test_no_body_makes_the_gateway_fail(
    gateway: GatewayInTest, calls: st.SearchStrategy[tuple[Words, bytes]], caplog: pytest.LogCaptureFixture
):
    count = MANY if os.environ.get("LONG") else FEW
    await asyncio.to_thread(send_all, gateway.base, calls, count)
    assert "Traceback" not in caplog.text
    assert (await gateway.client("GET", "/healthz")).status == 200


def send_all(base: str, calls: st.SearchStrategy[tuple[Words, bytes]], count: int) -> None:
    """Send `count` calls over one connection from a thread of its own; each is accepted, or refused with a reason."""
    connection = http.client.HTTPConnection(base.removeprefix("http://"), timeout=60)

    @settings(max_examples=count, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(call=calls, method=st.sampled_from(["POST", "PUT"]))
    def send(call: tuple[Words, bytes], method: str) -> None:
        words, body = call
        path = words.address if method == "POST" else f"{words.address}/random"
        connection.request(method, path, body, words.headers)
        answer = connection.getresponse()
        document = json.loads(answer.read())
        assert answer.status in (200, 202, 400, 409, 422), document
        assert bool(document.get("errors")) == (answer.status >= 400), document

    send()
    connection.close()
