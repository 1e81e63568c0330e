"""Events through Google's own Python client: identity, etags, cancelled events, rendering, recorded requests."""

from __future__ import annotations

import pytest
from googleapiclient.errors import HttpError

from simulator.google import SimulatedGoogle
from tests.simulator.google.conftest import EVENTS, Wire, timed
from tests.simulator.google.official_client import OfficialClient

MORNING = timed("2026-11-23T10:00:00", "2026-11-23T11:00:00", "Etc/GMT-1", summary="Weekly_Meeting")


def insert(body, **parameters):
    return lambda api: api.events().insert(calendarId="primary", body=body, **parameters)


def update(event_id, body, **parameters):
    return lambda api: api.events().update(calendarId="primary", eventId=event_id, body=body, **parameters)


def patch(event_id, body, **parameters):
    return lambda api: api.events().patch(calendarId="primary", eventId=event_id, body=body, **parameters)


def get(event_id, **parameters):
    return lambda api: api.events().get(calendarId="primary", eventId=event_id, **parameters)


def delete(event_id, **parameters):
    return lambda api: api.events().delete(calendarId="primary", eventId=event_id, **parameters)


def reason(error: HttpError) -> str:
    return error.error_details[0]["reason"]


async def test_inserted_event_is_filled_in_and_read_back(official: OfficialClient, google: SimulatedGoogle):
    made = await official(insert({**MORNING, "id": "abc0123", "attendees": [{"email": "Anna@example.com"}]}))
    assert made["id"] == "abc0123"
    assert made["status"] == "confirmed"
    assert made["iCalUID"] == "abc0123@google.com"
    assert made["sequence"] == 0
    assert made["eventType"] == "default"
    assert made["reminders"] == {"useDefault": True}
    assert made["creator"] == made["organizer"] == {"email": "arthur.morgan@mycompanyabc.com", "self": True}
    assert made["attendees"] == [{"email": "Anna@example.com", "responseStatus": "needsAction"}]
    assert made["htmlLink"].startswith(google.base + "/calendar/event?eid=")
    assert made["etag"].startswith('"')
    assert await official(get("abc0123")) == made
    assert google.state.events == [made]


async def test_times_are_shown_in_the_calendars_zone_and_the_set_zone_is_echoed(
    official: OfficialClient, google: SimulatedGoogle
):
    google.do.set_time_zone("Asia/Hong_Kong")
    body = timed("2026-09-25T20:59:00", "2026-09-25T22:00:00", "Etc/GMT+12")
    made = await official(insert(body))
    assert made["start"] == {"dateTime": "2026-09-26T16:59:00+08:00", "timeZone": "Etc/GMT+12"}
    there = await official(get(made["id"], timeZone="America/New_York"))
    assert there["start"] == {"dateTime": "2026-09-26T04:59:00-04:00", "timeZone": "Etc/GMT+12"}
    utc = await official(get(made["id"], timeZone="UTC"))
    assert utc["start"]["dateTime"] == "2026-09-26T08:59:00Z"


async def test_offset_decides_fractions_are_dropped_and_a_missing_zone_is_the_calendars(official: OfficialClient):
    body = {
        "start": {"dateTime": "2026-07-01T08:00:00.750Z"},
        "end": {"dateTime": "2026-07-01T11:00:00+02:00", "timeZone": "Asia/Tokyo"},
    }
    made = await official(insert(body))
    assert made["start"] == {"dateTime": "2026-07-01T10:00:00+02:00", "timeZone": "Europe/Berlin"}
    assert made["end"] == {"dateTime": "2026-07-01T11:00:00+02:00", "timeZone": "Asia/Tokyo"}


async def test_all_day_event_gets_copies_of_the_default_reminders(official: OfficialClient):
    made = await official(insert({"start": {"date": "2026-12-24"}, "end": {"date": "2026-12-25"}}))
    assert made["start"] == {"date": "2026-12-24"}
    assert made["reminders"] == {"useDefault": False, "overrides": [{"method": "popup", "minutes": 10}]}


async def test_an_id_is_taken_even_after_the_event_is_deleted_or_gone(
    official: OfficialClient, google: SimulatedGoogle
):
    body = {**MORNING, "id": "abc0123"}
    await official(insert(body))
    for make_it in (lambda: None, lambda: google.do.delete_event("abc0123"), lambda: google.do.burn_event("abc0123")):
        make_it()
        with pytest.raises(HttpError) as refused:
            await official(insert({**body, "summary": "Another"}))
        assert (refused.value.status_code, reason(refused.value)) == (409, "duplicate")
        assert refused.value.reason == "The requested identifier already exists."
    assert google.state.events == []


async def test_id_and_ical_uid_may_not_be_sent_together(official: OfficialClient):
    with pytest.raises(HttpError) as refused:
        await official(insert({**MORNING, "id": "abc0123", "iCalUID": "one@pbx"}))
    assert refused.value.reason == "Invalid resource id value."
    made = await official(insert({**MORNING, "iCalUID": "one@pbx"}))
    assert made["iCalUID"] == "one@pbx"
    with pytest.raises(HttpError) as again:
        await official(insert({**MORNING, "iCalUID": "one@pbx"}))
    assert again.value.status_code == 409


async def test_deleted_event_stays_as_cancelled_and_cannot_be_deleted_twice(official: OfficialClient):
    made = await official(insert(MORNING))
    assert await official(delete(made["id"])) == ""
    gone = await official(get(made["id"]))
    assert gone["status"] == "cancelled"
    assert gone["summary"] == "Weekly_Meeting"
    with pytest.raises(HttpError) as refused:
        await official(delete(made["id"]))
    assert (refused.value.status_code, reason(refused.value)) == (410, "deleted")
    assert refused.value.reason == "Resource has been deleted"


async def test_unknown_event_and_unknown_calendar_are_not_found(official: OfficialClient):
    for request in (
        get("nothinghere"),
        delete("nothinghere"),
        patch("nothinghere", {}),
        update("nothinghere", MORNING),
    ):
        with pytest.raises(HttpError) as refused:
            await official(request)
        assert (refused.value.status_code, reason(refused.value)) == (404, "notFound")
    with pytest.raises(HttpError) as elsewhere:
        await official(lambda api: api.events().list(calendarId="nobody@example.com"))
    assert elsewhere.value.status_code == 404


async def test_each_write_changes_the_etag_and_a_stale_one_is_refused(official: OfficialClient):
    made = await official(insert(MORNING))
    changed = await official(patch(made["id"], {"summary": "Moved"}), If_Match=made["etag"])
    assert changed["etag"] != made["etag"]
    for request in (patch(made["id"], {"summary": "x"}), update(made["id"], MORNING), delete(made["id"])):
        with pytest.raises(HttpError) as refused:
            await official(request, If_Match=made["etag"])
        assert (refused.value.status_code, reason(refused.value)) == (412, "conditionNotMet")
    assert (await official(get(made["id"])))["summary"] == "Moved"
    await official(patch(made["id"], {"summary": "Again"}), If_Match="*")


async def test_unchanged_event_is_not_sent_again(official: OfficialClient, wire: Wire):
    made = await official(insert(MORNING))
    answer = await wire("GET", f"{EVENTS}/{made['id']}", headers={"If-None-Match": made["etag"]})
    assert (answer.status, answer.body, answer.headers["ETag"]) == (304, b"", made["etag"])
    answer = await wire("GET", f"{EVENTS}/{made['id']}", headers={"If-None-Match": '"1"'})
    assert answer.status == 200


async def test_put_replaces_and_patch_merges(official: OfficialClient):
    full = {
        **MORNING,
        "location": "Room 1",
        "extendedProperties": {"private": {"one": "1", "two": "2"}},
        "attendees": [{"email": "a@example.com"}, {"email": "b@example.com"}],
    }
    made = await official(insert(full))
    patched = await official(
        patch(
            made["id"],
            {
                "location": None,
                "description": "Agenda",
                "extendedProperties": {"private": {"two": None, "three": "3"}},
                "attendees": [{"email": "b@example.com", "responseStatus": "accepted"}],
                "start": {"dateTime": "2026-11-23T09:30:00"},
            },
        )
    )
    assert "location" not in patched
    assert patched["description"] == "Agenda"
    assert patched["extendedProperties"] == {"private": {"one": "1", "three": "3"}}
    assert patched["attendees"] == [{"email": "b@example.com", "responseStatus": "accepted"}]
    assert patched["start"] == {"dateTime": "2026-11-23T09:30:00+01:00", "timeZone": "Etc/GMT-1"}
    assert patched["sequence"] == 1
    replaced = await official(update(made["id"], MORNING))
    assert not {"description", "extendedProperties", "attendees"} & replaced.keys()
    assert replaced["created"] == made["created"]
    assert replaced["iCalUID"] == made["iCalUID"]


async def test_put_without_start_or_end_is_refused(official: OfficialClient):
    made = await official(insert(MORNING))
    for body, message in (
        ({"start": MORNING["start"]}, "Missing end time."),
        ({"end": MORNING["end"]}, "Missing start time."),
    ):
        with pytest.raises(HttpError) as refused:
            await official(update(made["id"], body))
        assert (refused.value.status_code, reason(refused.value), refused.value.reason) == (400, "required", message)


async def test_lower_sequence_is_refused(official: OfficialClient):
    made = await official(insert({**MORNING, "sequence": 5}))
    assert made["sequence"] == 5
    with pytest.raises(HttpError) as refused:
        await official(update(made["id"], {**MORNING, "sequence": 4}))
    assert refused.value.reason.startswith("Invalid sequence value.")


async def test_change_of_reminders_only_leaves_updated_alone(official: OfficialClient, google: SimulatedGoogle):
    made = await official(insert(MORNING))
    google.do.set_clock(advance_s=60)
    sent = [{"method": "popup", "minutes": 5}, {"method": "email", "minutes": 60}]
    changed = await official(patch(made["id"], {"reminders": {"useDefault": False, "overrides": sent}}))
    assert changed["reminders"] == {"useDefault": False, "overrides": sent[::-1]}
    assert changed["updated"] == made["updated"]
    assert changed["etag"] != made["etag"]


async def test_cancelled_event_is_restored_or_forbidden(official: OfficialClient, google: SimulatedGoogle):
    made = await official(insert(MORNING))
    google.do.delete_event(made["id"])
    assert (await official(update(made["id"], MORNING)))["status"] == "cancelled"
    restored = await official(update(made["id"], {**MORNING, "status": "confirmed"}))
    assert restored["status"] == "confirmed"
    await official(patch(made["id"], {"status": "cancelled"}))
    google.do.set_behaviour(restore_cancelled=False)
    with pytest.raises(HttpError) as refused:
        await official(update(made["id"], {**MORNING, "status": "confirmed"}))
    assert (refused.value.status_code, reason(refused.value)) == (403, "forbidden")


async def test_defaults_are_left_out_of_answers(official: OfficialClient):
    plain = {"visibility": "default", "transparency": "opaque", "guestsCanModify": False, "guestsCanInviteOthers": True}
    made = await official(insert({**MORNING, **plain, "description": ""}))
    assert not {*plain, "description"} & made.keys()
    special = {"visibility": "private", "transparency": "transparent", "guestsCanInviteOthers": False, "colorId": "3"}
    made = await official(insert({**MORNING, **special, "source": {"url": "https://pbx.example.com", "title": "PBX"}}))
    assert special.items() <= made.items()


async def test_the_calendars_own_address_among_the_guests_is_marked(official: OfficialClient):
    made = await official(
        insert({**MORNING, "attendees": [{"email": "arthur.morgan@mycompanyabc.com"}, {"email": "b@example.com"}]})
    )
    assert made["attendees"][0]["self"] is made["attendees"][0]["organizer"] is True
    shortened = await official(get(made["id"], maxAttendees=1))
    assert [guest["email"] for guest in shortened["attendees"]] == ["arthur.morgan@mycompanyabc.com"]
    assert shortened["attendeesOmitted"] is True


async def test_mails_are_recorded_as_send_updates_asks(official: OfficialClient, google: SimulatedGoogle):
    google.do.add_account("colleague@mycompanyabc.com")
    guests = [{"email": "colleague@mycompanyabc.com"}, {"email": "guest@example.com"}]
    silent = await official(insert({**MORNING, "attendees": guests}))
    assert google.state.mails == []
    await official(patch(silent["id"], {"summary": "New"}, sendUpdates="externalOnly"))
    await official(patch(silent["id"], {"attendees": guests[1:]}, sendUpdates="all"))
    await official(delete(silent["id"], sendUpdates="all"))
    assert [(mail.kind, mail.to) for mail in google.state.mails] == [
        ("update", "guest@example.com"),
        ("update", "guest@example.com"),
        ("cancellation", "colleague@mycompanyabc.com"),
        ("cancellation", "guest@example.com"),
    ]


async def test_quiet_rewrites_and_unknown_fields_are_noticed(wire: Wire, google: SimulatedGoogle):
    body = {
        **MORNING,
        "colour": "red",
        "start": {**MORNING["start"], "zone": "x"},
        "attendees": [{"email": "a@example.com"}, {"email": "A@example.com", "role": "chair"}],
        "extendedProperties": {"private": {"k" * 45: "dropped", "long": "x" * 1100}},
        "reminders": {
            "useDefault": False,
            "overrides": [{"method": "sms", "minutes": 1}, {"method": "popup", "minutes": 50000}],
        },
    }
    made = (await wire("POST", EVENTS, json=body)).json
    assert made["extendedProperties"] == {"private": {"long": "x" * 1024}}
    assert made["reminders"] == {"useDefault": False, "overrides": [{"method": "popup", "minutes": 40320}]}
    assert len(made["attendees"]) == 1
    assert {note.field for note in google.state.unknown_fields} == {
        "colour",
        "start.zone",
        "attendees[1].role",
        "attendees[1].email",
        f"extendedProperties.private.{'k' * 45}",
        "extendedProperties.private.long",
        "reminders.overrides[0]",
        "reminders.overrides[1].minutes",
    }


async def test_requests_are_recorded_without_credentials(wire: Wire, google: SimulatedGoogle):
    await wire("POST", EVENTS, json={**MORNING, "id": "abc0123"}, params={"sendUpdates": "none"})
    await wire("DELETE", EVENTS + "/abc0123")
    await wire("DELETE", EVENTS + "/abc0123")
    first, second, third = google.state.requests
    assert (first.operation, first.method, first.path, first.status) == ("insert", "POST", EVENTS, 200)
    assert first.query == {"sendUpdates": ["none"]}
    assert first.body == {**MORNING, "id": "abc0123"}
    assert "authorization" not in first.headers
    assert (second.committed, third.committed, third.status) == (True, False, 410)
    assert second.arrived_s > first.arrived_s
    assert wire.tokens["access_token"] not in repr(google.state.requests)


async def test_partial_answers(official: OfficialClient, wire: Wire):
    made = await official(insert(MORNING))
    assert await official(get(made["id"], fields="id,start/dateTime")) == {
        "id": made["id"],
        "start": {"dateTime": "2026-11-23T10:00:00+01:00"},
    }
    listed = await official(lambda api: api.events().list(calendarId="primary", fields="items(id,etag),nextSyncToken"))
    assert listed.keys() == {"items", "nextSyncToken"}
    assert listed["items"] == [{"id": made["id"], "etag": made["etag"]}]
    for unreadable in ("items(", "a,,b", "a/", "(" * 60):
        answer = await wire("POST", EVENTS, json=MORNING, params={"fields": unreadable})
        assert answer.status == 400
    assert len((await official(lambda api: api.events().list(calendarId="primary")))["items"]) == 1
