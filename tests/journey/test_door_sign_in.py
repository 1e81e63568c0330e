"""Signing in, sessions and what the audit log hears of it."""

from __future__ import annotations

import asyncio
import hashlib
import re
import sqlite3
from contextlib import AsyncExitStack
from pathlib import Path

from tests.journey.door_office import PASSWORD, Answer, opened_door
from tests.unit.google.moved_clock import MovedClock

MINUTE_MS = 60_000


def without_token(answer: Answer) -> str:
    return re.sub(r'name="csrf" value="[^"]+"', "", answer.text)


async def test_unknown_users_and_wrong_passwords_look_the_same(tmp_path: Path) -> None:
    async with opened_door(tmp_path, anna=True) as door, door.visitor() as visitor:
        wrong = await visitor.sign_in("anna", "not the password")
        unknown = await visitor.sign_in("anne", "not the password")
        assert wrong.status == unknown.status == 401
        assert "A-01" in wrong.text
        assert without_token(wrong).replace('value="anna"', "") == without_token(unknown).replace('value="anne"', "")
        assert not await visitor.signed_in()
        assert [line for line in door.audit() if line[1] == "admin.sign-in-failed"] == [
            ("nobody", "admin.sign-in-failed", "user anna", "127.0.0.1"),
            ("nobody", "admin.sign-in-failed", "unknown user", "127.0.0.1"),
        ]


async def test_five_wrong_tries_of_one_address_close_the_door_to_it(tmp_path: Path) -> None:
    async with (
        opened_door(tmp_path, anna=True) as door,
        door.visitor(tls=True) as visitor,
        door.visitor("127.0.0.9") as other,
    ):
        for number in range(5):
            assert (await visitor.sign_in("anna", f"guess number {number}")).status == 401
        for forged in ({}, {"X-Forwarded-For": "10.0.0.1"}, {"Forwarded": "for=10.0.0.2"}):
            await visitor.get("/sign-in")
            answer = await visitor.post(
                "/sign-in", {"Sec-Fetch-Site": "same-origin", **forged}, name="anna", password=PASSWORD
            )
            assert answer.status == 429
            assert "A-02" in answer.text
            assert 200 <= int(answer.headers["Retry-After"]) <= 300
        assert (await other.sign_in()).status == 303
        door.clock.ahead_ms += 5 * MINUTE_MS
        assert (await visitor.sign_in()).status == 303
        assert [line for line in door.audit() if line[1] == "admin.throttled"] == [
            ("nobody", "admin.throttled", "sign-in", "127.0.0.1")
        ]


async def test_fifty_guesses_at_the_same_time_are_five(tmp_path: Path) -> None:
    async with opened_door(tmp_path, anna=True) as door, door.visitor() as visitor:
        await visitor.get("/sign-in")
        answers = await asyncio.gather(
            *(visitor.post("/sign-in", name="anna", password=f"guess number {number}") for number in range(50))
        )
        statuses = [answer.status for answer in answers]
        assert (statuses.count(401), statuses.count(429)) == (5, 45)
        assert all("Retry-After" in answer.headers for answer in answers if answer.status == 429)


async def test_a_restart_does_not_open_the_door(tmp_path: Path) -> None:
    async with opened_door(tmp_path, anna=True) as door, door.visitor() as visitor:
        for number in range(5):
            await visitor.sign_in("anna", f"guess number {number}")
    async with opened_door(tmp_path) as door, door.visitor() as visitor:
        assert (await visitor.sign_in()).status == 429


async def test_cookies_over_tls_and_without_it(tmp_path: Path) -> None:
    async with opened_door(tmp_path, anna=True) as door, door.visitor(tls=True) as safe, door.visitor() as plain:
        over_tls = (await safe.sign_in()).cookies["__Host-gateway"]
        for attribute in ("Secure", "HttpOnly", "SameSite=Strict", "Path=/"):
            assert attribute in over_tls
        assert "Domain" not in over_tls
        assert "Max-Age" not in over_tls
        without = (await plain.sign_in()).cookies["gateway_session"]
        assert "HttpOnly" in without
        assert "SameSite=Strict" in without
        assert "Secure" not in without
        stolen = over_tls.partition("=")[2].partition(";")[0]
        assert len(stolen) == 43
        # What comes without TLS may have been put there by anybody: it does not count over TLS, nor the other way.
        async with door.visitor(tls=True) as stranger:
            assert (await stranger.get("/password", {"Cookie": f"gateway_session={stolen}"})).status == 303
            assert (await stranger.get("/password", {"Cookie": f"__Host-gateway={stolen}"})).status == 200


async def test_a_session_is_new_at_each_sign_in_and_stored_as_a_hash(tmp_path: Path) -> None:
    async with opened_door(tmp_path, anna=True) as door, door.visitor() as visitor, door.visitor() as other:
        first = (await visitor.sign_in()).cookies["gateway_session"]
        second = (await other.sign_in()).cookies["gateway_session"]
        assert first != second
        value = first.partition("=")[2].partition(";")[0]
        stored = b"".join(path.read_bytes() for path in tmp_path.glob("gateway.db*"))
        assert value.encode() not in stored
        assert hashlib.sha256(value.encode()).digest() in stored
        # A cookie that somebody brought along is no session, also after the sign-in.
        planted = "A" * 43
        async with door.visitor() as victim:
            victim.session.cookie_jar.update_cookies({"gateway_session": planted})
            given = (await victim.sign_in()).cookies["gateway_session"]
            assert planted not in given
        async with door.visitor() as stranger:
            assert (await stranger.get("/password", {"Cookie": f"gateway_session={planted}"})).status == 303


async def test_half_an_hour_without_use_ends_a_session(tmp_path: Path) -> None:
    async with opened_door(tmp_path, anna=True) as door, door.visitor() as visitor:
        await visitor.sign_in()
        for _ in range(4):
            door.clock.ahead_ms += 29 * MINUTE_MS
            assert await visitor.signed_in()
        door.clock.ahead_ms += 30 * MINUTE_MS
        answer = await visitor.get("/google")
        assert (answer.status, answer.place) == (303, "/sign-in?next=/google&ended")
        assert "You were signed out." in (await visitor.get(answer.place)).text


async def test_twelve_hours_end_a_session_in_any_case(tmp_path: Path) -> None:
    async with opened_door(tmp_path, anna=True) as door, door.visitor() as visitor:
        await visitor.sign_in()
        for _ in range(35):
            door.clock.ahead_ms += 20 * MINUTE_MS
            assert await visitor.signed_in()
        door.clock.ahead_ms += 20 * MINUTE_MS
        assert not await visitor.signed_in()


class WallClock(MovedClock):
    """A clock whose hands can be moved without time passing."""

    def __init__(self) -> None:
        super().__init__()
        self.hands_ms = 0

    def now_ms(self) -> int:
        return super().now_ms() + self.hands_ms


async def test_no_session_outlives_its_limit_because_a_clock_was_set(tmp_path: Path) -> None:
    clock = WallClock()
    async with opened_door(tmp_path, clock, anna=True) as door, door.visitor() as visitor:
        await visitor.sign_in()
        clock.hands_ms -= 300 * MINUTE_MS
        assert await visitor.signed_in()
        clock.ahead_ms += 30 * MINUTE_MS
        assert not await visitor.signed_in()


async def test_the_last_use_is_written_once_a_minute(tmp_path: Path) -> None:
    async with opened_door(tmp_path, anna=True) as door, door.visitor() as visitor:
        await visitor.sign_in()
        database = door.gateway.stored.database
        await database.write(_count_uses)
        for _ in range(20):
            await visitor.get("/password")
        assert await database.read(_uses) == 0
        door.clock.ahead_ms += MINUTE_MS
        for _ in range(5):
            await visitor.get("/password")
        assert await database.read(_uses) == 1


def _count_uses(conn: sqlite3.Connection) -> None:
    """Only what is written of sessions counts: the gateway may write something else at any time."""
    conn.execute("CREATE TABLE used (at INTEGER)")
    conn.execute("CREATE TRIGGER use AFTER UPDATE ON admin_session BEGIN INSERT INTO used VALUES (new.seen_at); END")


def _uses(conn: sqlite3.Connection) -> int:
    return int(conn.execute("SELECT count(*) FROM used").fetchone()[0])


async def test_signing_out_ends_all_sessions_of_the_user_at_once(tmp_path: Path) -> None:
    async with opened_door(tmp_path, anna=True) as door, AsyncExitStack() as stack:
        await door.gateway.admins.add_user("boris", PASSWORD)
        anna, again, boris = [await stack.enter_async_context(door.visitor()) for _ in range(3)]
        for visitor, name in ((anna, "anna"), (again, "anna"), (boris, "boris")):
            assert (await visitor.sign_in(name)).status == 303
        answer = await anna.post("/sign-out")
        assert (answer.status, answer.place) == (303, "/sign-in")
        assert not await anna.signed_in()
        assert not await again.signed_in()
        assert await boris.signed_in()
        assert ("admin:anna", "admin.sign-out", "user anna", "127.0.0.1") in door.audit()


async def test_a_new_password_ends_all_other_sessions_at_once(tmp_path: Path) -> None:
    async with opened_door(tmp_path, anna=True) as door, door.visitor() as anna, door.visitor() as other:
        await anna.sign_in()
        await other.sign_in()
        new = "staple battery horse"
        for fields, code in (
            ({"old": "wrong password", "new": new, "again": new}, "A-01"),
            ({"old": PASSWORD, "new": "short", "again": "short"}, "A-07"),
            ({"old": PASSWORD, "new": new, "again": "something else"}, "A-08"),
        ):
            assert f"Code {code}" in (await anna.post("/password", **fields)).text
        assert await other.signed_in()
        answer = await anna.post("/password", old=PASSWORD, new=new, again=new)
        assert answer.place == "/password?done"
        assert await anna.signed_in()
        assert not await other.signed_in()
        assert (await other.sign_in()).status == 401
        assert (await other.sign_in(password=new)).status == 303
        assert ("admin:anna", "admin.password-changed", "user anna", "127.0.0.1") in door.audit()


async def test_the_sessions_origin_is_told_to_whom_it_may_concern(tmp_path: Path) -> None:
    ended: list[str] = []

    async def note(origin: str) -> None:
        ended.append(origin)

    async with opened_door(tmp_path, anna=True) as door, door.visitor() as anna:
        door.gateway.admins.follow(note)
        value = (await anna.sign_in()).cookies["gateway_session"].partition("=")[2].partition(";")[0]
        await anna.post("/sign-out")
        assert ended == [f"session:{hashlib.sha256(value.encode()).hexdigest()}"]
        await anna.sign_in()
        door.clock.ahead_ms += 32 * MINUTE_MS
        await door.gateway.admins.tidy()
        assert len(ended) == 2


async def test_after_the_sign_in_only_pages_of_ours_are_opened(tmp_path: Path) -> None:
    async with opened_door(tmp_path, anna=True) as door, door.visitor() as visitor:
        for goal, place in {
            "/google/link": "/google/link",
            "/google?change=app": "/google?change=app",
            "https://evil.example/": "/",
            "//evil.example/": "/",
            "/\\evil.example/": "/",
            "\\\\evil.example": "/",
            "/sign-out": "/",
            "/x\r\nSet-Cookie: a=b": "/",
            "": "/",
        }.items():
            await visitor.get("/sign-in")
            answer = await visitor.post("/sign-in", name="anna", password=PASSWORD, next=goal)
            assert (answer.status, answer.place) == (303, place), goal
            await visitor.get("/password")
            await visitor.post("/sign-out")


async def test_what_is_typed_is_never_shown_or_noted_raw(tmp_path: Path) -> None:
    async with opened_door(tmp_path, anna=True) as door, door.visitor() as visitor:
        answer = await visitor.sign_in("<img src=x onerror=alert(1)>\x1b[31m", "canary-password")
        assert "<img" not in answer.text
        assert "canary-password" not in answer.text
        stored = b"".join(path.read_bytes() for path in tmp_path.glob("gateway.db*"))
        assert b"canary-password" not in stored
        assert b"onerror" not in stored
