"""The set-up code: who becomes the first administrator, once, and what happens when that is forgotten."""

from __future__ import annotations

import asyncio
import logging
import re
import sqlite3
from contextlib import AsyncExitStack, closing
from pathlib import Path

import pytest

from tests.journey.door_office import PASSWORD, opened_door
from tests.unit.google.moved_clock import MovedClock

HOUR_MS = 3600 * 1000


async def test_the_code_is_on_the_console_and_in_one_private_file_only(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with opened_door(tmp_path / "data") as door:
        (code,) = door.codes
        assert re.fullmatch(r"([A-HJ-NP-Z2-9]{4}-){2}[A-HJ-NP-Z2-9]{4}", code)
        file = door.folder / "set-up-code"
        assert file.read_text() == f"{code}\n"
        assert file.stat().st_mode & 0o777 == 0o600
        bare = code.replace("-", "")
        for path in door.folder.iterdir():
            content = path.read_bytes() if path != file else b""
            assert code.encode() not in content
            assert bare.encode() not in content
        assert code not in caplog.text
        assert bare not in caplog.text


async def test_without_the_right_code_nobody_gets_in(tmp_path: Path) -> None:
    async with opened_door(tmp_path / "data") as door, door.visitor() as visitor:
        assert (await visitor.get("/")).place == "/welcome"
        assert (await visitor.get("/sign-in")).place == "/welcome"
        page = await visitor.get("/set-up")
        assert page.status == 200
        assert 'value="admin"' in page.text
        for wrong in ("", "ABCD-EFGH-JKLM", door.codes[0][:-1], f"{door.codes[0]}A"):
            answer = await visitor.set_up(wrong)
            assert answer.status == 403
            assert "A-04" in answer.text
            assert "Enter the set-up code." in answer.text
        assert not await visitor.signed_in()
        assert ("nobody", "admin.set-up-refused", "set-up", "127.0.0.1") in door.audit()


@pytest.mark.parametrize(
    "typed", [str, str.lower, lambda code: code.replace("-", ""), lambda code: f" {code.replace('-', ' ')} "]
)
async def test_the_right_code_makes_the_administrator_and_signs_in(tmp_path: Path, typed) -> None:  # type: ignore[no-untyped-def]
    async with opened_door(tmp_path / "data") as door, door.visitor() as visitor:
        answer = await visitor.set_up(typed(door.codes[0]))
        assert (answer.status, answer.place) == (303, "/")
        assert await visitor.signed_in()
        assert (await visitor.get("/set-up")).status == 404
        assert (await visitor.get("/")).place == "/welcome/name"
        assert not (door.folder / "set-up-code").exists()
        assert (door.folder / "set-up-done").exists()
        assert ("admin:anna", "admin.set-up", "user anna", "127.0.0.1") in door.audit()


async def test_five_wrong_tries_end_the_code(tmp_path: Path) -> None:
    async with opened_door(tmp_path / "data") as door, AsyncExitStack() as stack:
        for number in range(5):
            visitor = await stack.enter_async_context(door.visitor(f"127.0.1.{number + 1}"))
            assert (await visitor.set_up("ABCD-EFGH-JKLM")).status == 403
        first, second = door.codes
        assert first != second
        visitor = await stack.enter_async_context(door.visitor("127.0.1.9"))
        assert (await visitor.set_up(first)).status == 403
        assert (await visitor.set_up(second)).status == 303


async def test_tries_of_one_address_are_throttled(tmp_path: Path) -> None:
    async with opened_door(tmp_path / "data") as door, door.visitor() as visitor:
        answers = [await visitor.set_up("ABCD-EFGH-JKLM") for _ in range(6)]
        assert [answer.status for answer in answers] == [403] * 5 + [429]
        assert int(answers[5].headers["Retry-After"]) in range(200, 301)
        right = await visitor.set_up(door.codes[-1])
        assert right.status == 429


async def test_an_hour_ends_the_code(tmp_path: Path) -> None:
    async with opened_door(tmp_path / "data") as door, door.visitor() as visitor:
        door.clock.ahead_ms += HOUR_MS - 60_000
        await door.gateway.admins.look_again()
        assert len(door.codes) == 1
        door.clock.ahead_ms += 61_000
        assert (await visitor.set_up(door.codes[0])).status == 403
        first, second = door.codes
        assert (door.folder / "set-up-code").read_text() == f"{second}\n"
        door.clock.ahead_ms += HOUR_MS
        await door.gateway.admins.look_again()
        assert len(door.codes) == 3
        assert first not in door.codes[1:]


async def test_a_restart_ends_the_code(tmp_path: Path) -> None:
    async with opened_door(tmp_path / "data") as door:
        first = door.codes[0]
    async with opened_door(tmp_path / "data") as door, door.visitor() as visitor:
        assert door.codes[0] != first
        assert (await visitor.set_up(first)).status == 403


async def test_a_password_that_is_too_short_costs_no_try(tmp_path: Path) -> None:
    async with opened_door(tmp_path / "data") as door, door.visitor() as visitor:
        for _ in range(8):
            answer = await visitor.set_up(door.codes[0], password="nine char")
            assert answer.status == 422
            assert "A-07" in answer.text
        answer = await visitor.set_up(door.codes[0], name="a b")
        assert "A-09" in answer.text
        assert (await visitor.set_up(door.codes[0], password="ten chars.")).status == 303


async def test_of_twenty_at_the_same_time_one_becomes_administrator(tmp_path: Path) -> None:
    async with opened_door(tmp_path / "data") as door, AsyncExitStack() as stack:
        code = door.codes[0]
        visitors = [await stack.enter_async_context(door.visitor(f"127.0.2.{number + 1}")) for number in range(20)]
        for visitor in visitors:
            await visitor.get("/set-up")
        answers = await asyncio.gather(
            *(
                visitor.post("/set-up", code=code, name=f"admin{number}", password=PASSWORD)
                for number, visitor in enumerate(visitors)
            )
        )
        assert sorted(answer.status for answer in answers)[0] == 303
        assert [answer.status for answer in answers].count(303) == 1
        assert {answer.status for answer in answers} <= {303, 403, 404}
        assert len(await door.gateway.admins.users()) == 1
        for visitor in visitors:
            assert (await visitor.get("/set-up")).status == 404
            assert (await visitor.post("/set-up", code=code, name="late", password=PASSWORD)).status == 404


async def test_set_up_is_over_for_ever(tmp_path: Path) -> None:
    async with opened_door(tmp_path / "data", anna=True):
        pass
    async with opened_door(tmp_path / "data") as door, door.visitor() as visitor:
        assert door.codes == []
        assert (await visitor.get("/set-up")).status == 404
        assert (await visitor.get("/")).place == "/sign-in"


async def test_a_lost_database_closes_the_door(tmp_path: Path) -> None:
    async with opened_door(tmp_path / "data", anna=True):
        pass
    for path in (tmp_path / "data").glob("gateway.db*"):
        path.unlink()
    async with opened_door(tmp_path / "data") as door, door.visitor() as visitor:
        assert door.codes == []
        assert "Run `meeting-gateway user add` on the machine itself." in door.lines[-1]
        for path in ("/", "/sign-in", "/set-up"):
            answer = await visitor.get(path)
            assert answer.status == 503, path
            assert "A-11" in answer.text
            assert "meeting-gateway user add" in answer.text
        assert (await visitor.get("/google")).place.startswith("/sign-in")
        await visitor.get("/help")
        assert (await visitor.post("/set-up", code="", name="eve", password=PASSWORD)).status == 503
        await door.gateway.admins.add_user("boris", PASSWORD)
        assert (await visitor.sign_in("boris")).status == 303


async def test_a_damaged_list_of_administrators_closes_the_door(tmp_path: Path) -> None:
    async with opened_door(tmp_path / "data", anna=True) as door, door.visitor() as visitor:
        with closing(sqlite3.connect(door.folder / "gateway.db")) as conn:
            conn.execute("DROP TABLE admin_user")
            conn.commit()
        for path in ("/", "/sign-in", "/set-up"):
            assert (await visitor.get(path)).status == 503, path


async def test_when_the_administrator_cannot_be_written_the_code_is_still_good(tmp_path: Path) -> None:
    async with opened_door(tmp_path / "data", MovedClock()) as door, door.visitor() as visitor:
        with closing(sqlite3.connect(door.folder / "gateway.db")) as conn:
            conn.execute("CREATE TRIGGER broken BEFORE INSERT ON admin_session BEGIN SELECT RAISE(ABORT, 'no'); END")
            conn.commit()
            assert (await visitor.set_up(door.codes[0])).status == 500
            assert not (door.folder / "set-up-done").exists()
            conn.execute("DROP TRIGGER broken")
            conn.commit()
        assert (await visitor.set_up(door.codes[0])).status == 303
