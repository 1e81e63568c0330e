"""Answers are JSON whatever a device calls its meetings, and say the same when they are asked for again."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from tests.contract.running_gateway import BEARER, MEETING, GatewayInTest

MEETINGS = "/api/v1/devices/script/meetings"


@pytest.mark.parametrize("name", ['a"b', "a\\b", "{}", "Besprechung ü", "\U0001f600", "%22"])
async def test_any_name_a_meeting_may_have_is_answered_as_it_was_sent(gateway: GatewayInTest, name: str):
    call, auth = gateway.client, BEARER["script"]
    accepted = await call("POST", MEETINGS, json={**MEETING, "external_id": name}, headers=auth)
    assert accepted.status == 202
    assert accepted.document == {
        "id": accepted.document["id"],
        "external_id": name,
        "revision": 1,
        "state": "queued",
        "start_utc": "2026-11-23T09:00:00Z",
        "end_utc": "2026-11-23T10:00:00Z",
        "zone": "Etc/GMT-1",
        "warnings": ["1001 has no e-mail address and was not invited."],
    }
    shown = await call("GET", f"{MEETINGS}/{quote(name, safe='')}", headers=auth)
    assert shown.document["meeting"]["external_id"] == name
    more = {"event_link": None, "meet_link": None, "notes": [], "last_problem": None}
    assert shown.document == {**accepted.document, "warnings": [], **more, "meeting": shown.document["meeting"]}


async def test_warnings_are_answered_with_every_character(gateway: GatewayInTest):
    invitees = [{"extension": 'say "hi"'}, {"extension": "back\\slash"}]
    said = {**MEETING, "invitees": invitees}
    accepted = await gateway.client("POST", MEETINGS, json=said, headers=BEARER["script"])
    assert accepted.document["warnings"] == ['say "hi", back\\slash have no e-mail address and were not invited.']
