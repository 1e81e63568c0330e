"""The verbs of the simulated PBX and its patience, over real sockets."""

from __future__ import annotations

import asyncio
import json
import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from simulator.pbx.booking import Booking, Member, ScheduleForm, vendor_example
from simulator.pbx.memory import Kept, MemoryFile, MemoryUnreadable
from simulator.pbx.push import BodyType, GatewayUnreachable, Patience
from simulator.pbx.usecases import NoSuchBooking
from simulator.pbx.wire import Shape
from tests.ports import free_port

FORM = vendor_example(datetime(2026, 11, 30))


async def test_schedule_move_change_cancel(ucm, gateway):
    answer = await ucm.do.schedule(FORM)
    assert (answer.status, answer.ok, answer.tries) == (202, True, 1)
    book_id = answer.external_id

    assert (await ucm.do.move(book_id, datetime(2026, 12, 1, 14))).status == 202
    assert gateway.meetings[book_id]["starttime"] == "2026-12-01 14:00:00"
    assert gateway.meetings[book_id]["endtime"] == "2026-12-01 15:00:00"
    assert gateway.meetings[book_id]["confname"] == "Weekly_Meeting"

    assert (await ucm.do.change(book_id, replace(ucm.state.form(book_id), subject="Board"))).status == 202
    assert gateway.meetings[book_id]["confname"] == "Board"
    assert gateway.meetings[book_id]["starttime"] == "2026-12-01 14:00:00"

    looked = await ucm.do.look(book_id)
    assert looked.body["meeting"] == gateway.meetings[book_id]

    assert (await ucm.do.cancel(book_id)).status == 202
    assert gateway.meetings == {}
    assert ucm.state.meetings == []
    base = "/api/v1/devices/ucm-1/meetings"
    one = f"{base}/{book_id}"
    methods = [(call.method, call.path) for call in gateway.calls]
    assert methods == [("POST", base), ("PUT", one), ("PUT", one), ("GET", one), ("DELETE", one)]


async def test_the_same_push_again_is_byte_for_byte_the_same(ucm, gateway):
    answer = await ucm.do.schedule(FORM)
    assert (await ucm.do.send_again(answer.external_id)).status == 200
    assert gateway.calls[0].raw == gateway.calls[1].raw


async def test_a_cancelled_meeting_can_still_be_repeated_late(ucm, gateway):
    answer = await ucm.do.schedule(FORM)
    await ucm.do.cancel(answer.external_id)
    await ucm.do.send_again(answer.external_id)
    assert gateway.calls[-1].raw == gateway.calls[0].raw


@pytest.mark.parametrize(("shape", "body_type"), [(Shape.WAVE, BodyType.JSON), (Shape.FORM, BodyType.URLENCODED)])
async def test_other_shapes_and_bodies(make_ucm, gateway, shape, body_type):
    ucm = await make_ucm(shape=shape, body_type=body_type)
    assert (await ucm.do.schedule(FORM, external_id="77")).status == 202
    assert gateway.meetings.keys() == {"77"}


async def test_the_pbx_fills_in_what_the_form_leaves_open(ucm, gateway):
    form = ScheduleForm(
        start=FORM.start,
        end=FORM.end,
        subject="X",
        invitees=(Member(extension="1000"), Member(extension="1005"), Member(extension="1001")),
    )
    answer = await ucm.do.schedule(form)
    said = gateway.meetings[answer.external_id]
    assert said["confno"].isdigit()
    assert len(said["admin_pincode"]) == 4
    members = json.loads(said["members"])
    assert [(one["member_extension"], one["email"]) for one in members] == [
        ("1000", ""),
        ("1005", "anna.bell@mycompanyabc.com"),
        ("1001", ""),
    ]
    assert ucm.state.without_email(ucm.state.form(answer.external_id)) == ["1001"]


async def test_a_seed_repeats_everything_random(make_ucm, gateway):
    def moment() -> datetime:
        return datetime(2024, 4, 29, 8, tzinfo=UTC)

    for _ in range(2):
        ucm = await make_ucm(seed=42, now=moment)
        await ucm.do.schedule(replace(FORM, host_password=""))
    assert gateway.calls[0].raw == gateway.calls[1].raw
    assert gateway.calls[0].said["bookid"] == "1714377600000"


async def test_ids_made_in_the_same_millisecond_differ(make_ucm):
    ucm = await make_ucm(now=lambda: datetime(2024, 4, 29, 8, tzinfo=UTC))
    first, second = [(await ucm.do.schedule(FORM)).external_id for _ in range(2)]
    assert int(second) == int(first) + 1


async def test_clock_text_is_the_web_interfaces(make_ucm):
    ucm = await make_ucm(now=lambda: datetime(2018, 5, 1, 2, tzinfo=UTC), zone="Asia/Shanghai")
    assert ucm.state.clock_text() == "2018-05-01 10:00:00 UTC+08:00"


async def test_a_refusal_names_the_fields_and_leaves_the_memory_alone(ucm, gateway):
    gateway.script.append((422, {}, {"title": "A field is wrong", "errors": [{"field": "endtime", "reason": "early"}]}))
    answer = await ucm.do.schedule(FORM)
    assert (answer.ok, answer.reason, answer.problems) == (False, "A field is wrong", [("endtime", "early")])
    assert ucm.state.meetings == []

    kept = await ucm.do.schedule(FORM)
    gateway.script.append((409, {}, {"title": "In flight"}))
    assert (await ucm.do.move(kept.external_id, datetime(2027, 1, 1, 9))).status == 409
    assert ucm.state.form(kept.external_id).start == FORM.start


async def test_wrong_key_is_one_try(make_ucm, gateway):
    ucm = await make_ucm(key="not-the-key")
    answer = await ucm.do.schedule(FORM)
    assert (answer.status, answer.tries, len(gateway.calls)) == (401, 1, 1)


@pytest.mark.parametrize("status", [429, 503, 507])
async def test_waits_as_long_as_told_then_tries_again(ucm, gateway, pauses, status):
    gateway.script.extend([(status, {"Retry-After": "2"}, {}), (status, {"Retry-After": "7"}, {})])
    answer = await ucm.do.schedule(FORM)
    assert (answer.status, answer.tries) == (202, 3)
    assert pauses == [2.0, 7.0]
    assert gateway.calls[0].raw == gateway.calls[1].raw == gateway.calls[2].raw


async def test_retry_after_may_be_a_date_and_is_bounded(make_ucm, gateway, pauses):
    ucm = await make_ucm(patience=Patience(tries=3, cap_s=5.0))
    late = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    early = format_datetime(datetime.now(UTC) - timedelta(hours=1), usegmt=True)
    gateway.script.extend([(503, {"Retry-After": late}, {}), (503, {"Retry-After": early}, {})])
    assert (await ucm.do.schedule(FORM)).status == 202
    assert pauses == [5.0, 0.0]


async def test_gives_up_after_so_many_tries_with_the_last_answer(ucm, gateway, pauses):
    gateway.script.extend([(503, {}, {"title": "Busy"})] * 9)
    answer = await ucm.do.schedule(FORM)
    assert (answer.status, answer.tries, len(gateway.calls)) == (503, 4, 4)
    assert len(pauses) == 3
    assert all(0.25 <= pause <= 2.0 for pause in pauses)


async def test_a_cut_connection_is_tried_again(ucm, gateway):
    gateway.script.extend([None, None])
    answer = await ucm.do.schedule(FORM)
    assert (answer.status, answer.tries) == (202, 3)


async def test_nobody_there(make_ucm, gateway):
    ucm = await make_ucm(base=f"http://127.0.0.1:{free_port()}")
    with pytest.raises(GatewayUnreachable, match="4 tries") as caught:
        await ucm.do.schedule(FORM)
    # The PBX keeps what nobody answered: it can be sent when the gateway is back, at another address too.
    ucm.line.base = gateway.base
    assert (await ucm.do.send_again(caught.value.external_id)).status == 202


async def test_an_unanswered_call_times_out(make_ucm):
    with socket.create_server(("127.0.0.1", 0)) as mute:  # takes the connection, never reads
        ucm = await make_ucm(base=f"http://127.0.0.1:{mute.getsockname()[1]}", patience=Patience(tries=2, call_s=0.05))
        with pytest.raises(GatewayUnreachable, match="2 tries"):
            await ucm.do.look("1")


async def test_unknown_meetings(ucm):
    with pytest.raises(NoSuchBooking):
        await ucm.do.move("404", FORM.start)
    assert (await ucm.do.cancel("404")).status == 404


async def test_ids_are_quoted_in_paths(ucm, gateway):
    await ucm.do.schedule(FORM, external_id="a/b c")
    assert (await ucm.do.look("a/b c")).status == 200


async def test_memory_file_is_shared_and_private(make_ucm, tmp_path):
    path = tmp_path / "pbx.json"
    first, second = await make_ucm(memory=path), await make_ucm(memory=path)
    answers = await asyncio.gather(*(one.do.schedule(FORM) for one in (first, second) for _ in range(5)))
    assert {kept.booking.book_id for kept in first.state.meetings} == {answer.external_id for answer in answers}
    assert first.state.form(answers[0].external_id) == second.state.form(answers[0].external_id)
    assert path.stat().st_mode & 0o777 == 0o600
    assert (await second.do.move(answers[0].external_id, datetime(2027, 1, 4, 9))).status == 202
    assert first.state.form(answers[0].external_id).start == datetime(2027, 1, 4, 9)


def test_no_change_of_the_memory_is_lost(tmp_path):
    def book(number: int) -> None:
        kept = Kept(booking=Booking(book_id=str(number), form=FORM))
        memory = MemoryFile(tmp_path / "pbx.json")
        memory.change(lambda old: replace(old, meetings={**old.meetings, str(number): kept}))

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(book, range(40)))
    assert len(MemoryFile(tmp_path / "pbx.json").read().meetings) == 40


def test_a_file_that_is_no_memory_is_refused_by_name(tmp_path):
    path = tmp_path / "other.json"
    for text in ("{", "[1]", '{"meetings": {"1": {"booking": 7}}}'):
        path.write_text(text)
        with pytest.raises(MemoryUnreadable, match=r"other\.json"):
            MemoryFile(path).read()
