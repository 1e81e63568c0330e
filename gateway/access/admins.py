"""Who may use the pages: the first administrator, passwords, sessions; no HTTP, no SQL, no page."""

from __future__ import annotations

import contextlib
import re
import sqlite3
import unicodedata
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NoReturn

from gateway import messages
from gateway.access import gate
from gateway.access.gate import Gate
from gateway.access.passwords import Passwords, check_new
from gateway.access.session_life import Session, SessionLife
from gateway.access.set_up import Marker, SetUpCode
from gateway.access.tokens import key_of, new_cookie
from gateway.clock import Clock
from gateway.domain.actor import COMMAND_LINE, Actor
from gateway.errors import AccessError, NotFound, StoreError, StoreUnavailable
from gateway.store import audit, first_run, sessions, throttle, users
from gateway.store.database import Database
from gateway.store.users import UserRow

__all__ = ["Admins", "OpenSession", "Session", "SetUpState", "User"]

SetUpState = Literal["open", "done", "closed"]
_MOST_SHOWN = 100
_NAME = re.compile(r"[^\W_][\w.@+-]{0,62}")


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """An administrator as the commands list them; `changed_at` is when the password was set (ms UTC)."""

    name: str
    created_at: int
    changed_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSession:
    """A browser that is signed in; `key` is the hex SHA-256 of its cookie, times are ms UTC."""

    key: str
    user: str
    started_at: int
    seen_at: int


class Admins:
    """Everything about administrators. `announce` shows a line on the console, past the log."""

    def __init__(
        self, *, database: Database, data_dir: Path, clock: Clock, announce: Callable[[str], None] = lambda line: None
    ) -> None:
        self._announce = announce
        self._database = database
        self._clock = clock
        self._gate = Gate(database, clock)
        self._passwords = Passwords()
        self._life = SessionLife(database, clock)
        self._marker = Marker(data_dir)
        self._code = SetUpCode(data_dir, clock, announce)

    def follow(self, ended: Callable[[str], Awaitable[None]]) -> None:
        """Call `ended` with the origin (`session:<key>`) of every session that ends here."""
        self._life.follow(ended)

    async def set_up_state(self) -> SetUpState:
        """Return `open` while nobody was ever an administrator, `closed` when those there were cannot be read."""
        try:
            there = await self._database.read(users.count)
        except StoreError:
            return "closed"
        if there:
            return "done"
        return "closed" if self._marker.there else "open"

    async def begin(self) -> None:
        """Start serving the pages: show a set-up code if there is no administrator yet."""
        state = await self.set_up_state()
        if state == "open":
            self._code.begin()
            return
        self._code.end()
        if state == "closed":
            self._announce(str(messages.text("A-11")))
        elif not self._marker.there:
            with contextlib.suppress(StoreUnavailable):  # a full disk must not keep the gateway from starting
                self._put_marker()

    async def look_again(self) -> None:
        """A command may have added somebody, and a set-up code gets old."""
        state = await self.set_up_state()
        if state == "open":
            self._code.keep_fresh()
        elif state == "done":
            self._code.end()

    async def tidy(self) -> None:
        """Forget sessions that are over and failures that nobody added to for a day; writes only if there are some."""
        await self._life.end_old()
        before = self._clock.now_ms() - gate.FORGET_MS
        if await self._database.read(lambda conn: throttle.any_old(conn, before)):
            await self._database.write(lambda conn: throttle.forget_old(conn, before))

    async def enter_code(self, code: str, browser: str, source: str) -> None:
        """Let a browser show that it knows the set-up code; who becomes administrator is said in another form.

        `browser` is the word by which the browser is known again. Raises AccessError A-02 or A-04, and NotFound when
        there is an administrator already.
        """
        if await self.set_up_state() != "open":
            raise NotFound("Set-up is done.")
        await self._gate.enter(source)
        if not self._code.tell(code, browser):
            await self._refuse_code(source)
        await self._database.write(lambda conn: gate.passed(conn, source))

    def knows_code(self, browser: str) -> bool:
        """Whether this browser has shown that it knows the set-up code that is good now."""
        return self._code.knows(browser)

    async def set_up(self, code: str, name: str, password: str, source: str, *, browser: str = "") -> str:
        """Make the first administrator; return the cookie of a session.

        A `browser` that has entered the code needs none. Raises AccessError A-02, A-04, A-07 or A-09, and NotFound when
        there is an administrator already.
        """
        if await self.set_up_state() != "open":
            raise NotFound("Set-up is done.")
        name = _checked_name(name)
        check_new(password)
        await self._gate.enter(source)
        taken = self._code.take_told(browser) if browser else self._code.take(code)
        if not taken:
            await self._refuse_code(source)
        try:
            return await self._first(name, password, source)
        except BaseException:
            self._code.give_back(taken)
            raise

    async def _refuse_code(self, source: str) -> NoReturn:
        await self._note("admin.set-up-refused", "set-up", source)
        raise AccessError("A-04", str(messages.text("A-04")), field="code")

    async def _first(self, name: str, password: str, source: str) -> str:
        hashed, cookie = await self._passwords.hash(password), new_cookie()
        self._put_marker()

        def work(conn: sqlite3.Connection) -> int:
            if users.count(conn):
                raise NotFound("Set-up is done.")
            now_ms = self._clock.now_ms()
            user_id = users.add(conn, name, hashed, now_ms)
            gate.passed(conn, source)
            sessions.add(conn, key_of(cookie), user_id, now_ms)
            first_run.begin(conn, now_ms)
            self._audit(conn, Actor(name=f"admin:{name}", source=source), "admin.set-up", f"user {name}")
            return user_id

        try:
            await self._database.write(work)
        except NotFound:
            raise
        except Exception:
            self._marker.take_away()
            raise
        self._code.end()
        return cookie

    async def sign_in(self, name: str, password: str, source: str) -> str:
        """Return the cookie of a new session. Raises AccessError A-01 or A-02."""
        name = _normal_name(name)
        user = await self._let_in(name, password, source, "admin.sign-in-failed", field="password")
        cookie = new_cookie()

        def work(conn: sqlite3.Connection) -> None:
            gate.passed(conn, source, name)
            sessions.add(conn, key_of(cookie), user.id, self._clock.now_ms())
            self._audit(conn, Actor(name=f"admin:{user.name}", source=source), "admin.sign-in", f"user {user.name}")

        await self._database.write(work)
        return cookie

    async def session(self, cookie: str) -> Session | None:
        """Return who has this cookie, None when nobody has it any more."""
        return await self._life.session(cookie)

    async def prove(self, session: Session, password: str, source: str) -> None:
        """Let the user of a session show once more who it is. Raises AccessError A-01 or A-02."""
        await self._let_in(session.user, password, source, "admin.proof-failed", field="password")

        def work(conn: sqlite3.Connection) -> None:
            gate.passed(conn, source, session.user)
            sessions.proved(conn, bytes.fromhex(session.key), self._clock.now_ms())

        await self._database.write(work)
        self._life.proved(session)

    async def sign_out(self, session: Session, source: str = "") -> None:
        """End all sessions of the user, at once."""

        def work(conn: sqlite3.Connection) -> list[bytes]:
            self._audit(conn, _actor(session, source), "admin.sign-out", f"user {session.user}")
            return sessions.end_all(conn, session.user_id)

        await self._life.ended(await self._database.write(work))

    async def change_password(self, session: Session, old: str, new: str, source: str) -> None:
        """Replace the password and end all other sessions of the user. Raises AccessError A-01, A-02 or A-07."""
        check_new(new, field="new")
        user = await self._let_in(session.user, old, source, "admin.proof-failed", field="old")
        hashed = await self._passwords.hash(new)
        key = bytes.fromhex(session.key)

        def work(conn: sqlite3.Connection) -> list[bytes]:
            now_ms = self._clock.now_ms()
            gate.passed(conn, source, session.user)
            users.set_password(conn, user.id, hashed, now_ms)
            sessions.proved(conn, key, now_ms)
            self._audit(conn, _actor(session, source), "admin.password-changed", f"user {user.name}")
            return sessions.end_all(conn, user.id, but=key)

        await self._life.ended(await self._database.write(work))
        self._life.proved(session)

    async def add_user(self, name: str, password: str, by: Actor = COMMAND_LINE) -> None:
        """Add an administrator, the first one too. Raises AccessError A-07 or A-09."""
        name = _checked_name(name)
        check_new(password)
        hashed = await self._passwords.hash(password)
        self._put_marker()

        def work(conn: sqlite3.Connection) -> None:
            if users.find(conn, name) is not None:
                _not_usable(name)
            users.add(conn, name, hashed, self._clock.now_ms())
            self._audit(conn, by, "admin.user-added", f"user {name}")

        await self._database.write(work)

    async def set_password(self, name: str, password: str, by: Actor = COMMAND_LINE) -> None:
        """Give an administrator a new password and end the sessions. Raises AccessError A-07, NotFound."""
        check_new(password)
        hashed = await self._passwords.hash(password)

        def work(conn: sqlite3.Connection) -> list[bytes]:
            user = users.find(conn, _normal_name(name))
            if user is None:
                raise NotFound(f"There is no administrator {name}. Run: meeting-gateway user list")
            users.set_password(conn, user.id, hashed, self._clock.now_ms())
            gate.pardon(conn, user.name)
            self._audit(conn, by, "admin.password-changed", f"user {user.name}")
            return sessions.end_all(conn, user.id)

        await self._life.ended(await self._database.write(work))

    async def remove_user(self, name: str, by: Actor = COMMAND_LINE) -> None:
        """Take an administrator away and end the sessions. Raises AccessError A-13 for the last one, NotFound."""

        def work(conn: sqlite3.Connection) -> list[bytes]:
            user = users.find(conn, _normal_name(name))
            if user is None:
                raise NotFound(f"There is no administrator {name}.")
            if users.count(conn) == 1:
                raise AccessError("A-13", str(messages.text("A-13", name=user.name)), values={"name": user.name})
            ended = sessions.end_all(conn, user.id)
            users.remove(conn, user.id)
            self._audit(conn, by, "admin.user-removed", f"user {user.name}")
            return ended

        await self._life.ended(await self._database.write(work))

    async def sessions(self) -> list[OpenSession]:
        """Return the browsers that are signed in, those that were used last first; at most 100."""
        rows = await self._database.read(lambda conn: sessions.newest(conn, _MOST_SHOWN))
        return [
            OpenSession(key=row.id_hash.hex(), user=row.user, started_at=row.started_at, seen_at=row.seen_at)
            for row in rows
        ]

    async def end_session(self, key: str, by: Actor) -> None:
        """End one session; one that is over already is well ended. `key` is that of an `OpenSession`."""
        if not re.fullmatch(r"[0-9a-f]{64}", key):
            return
        id_hash = bytes.fromhex(key)

        def work(conn: sqlite3.Connection) -> list[bytes]:
            row = sessions.find(conn, id_hash)
            if row is None:
                return []
            sessions.end(conn, id_hash)
            self._audit(conn, by, "admin.session-ended", f"user {row.user}")
            return [id_hash]

        await self._life.ended(await self._database.write(work))

    async def users(self) -> list[User]:
        """Return all administrators by name."""
        rows = await self._database.read(users.everybody)
        return [User(name=row.name, created_at=row.created_at, changed_at=row.changed_at) for row in rows]

    async def _let_in(self, name: str, password: str, source: str, failed: str, *, field: str) -> UserRow:
        """Return the user whose password it is; a wrong one and an unknown user look and cost the same."""
        await self._gate.enter(source, name)
        user = await self._database.read(lambda conn: users.find(conn, name))
        right = await self._passwords.fits(password, user.password_hash if user is not None else None)
        if user is None or not right:
            await self._note(failed, f"user {user.name}" if user is not None else "unknown user", source)
            raise AccessError("A-01", str(messages.text("A-01")), field=field)
        return user

    async def _note(self, action: str, object_: str, source: str) -> None:
        actor = Actor(name="nobody", source=source)
        await self._database.write(lambda conn: self._audit(conn, actor, action, object_))

    def _audit(self, conn: sqlite3.Connection, by: Actor, action: str, object_: str) -> None:
        now_ms = self._clock.now_ms()
        audit.write(conn, at_ms=now_ms, actor=by.name, action=action, object_=object_, source=by.source)

    def _put_marker(self) -> None:
        try:
            self._marker.put()
        except OSError as error:
            raise StoreUnavailable(f"The data folder cannot be written ({error.strerror}).") from error


def _actor(session: Session, source: str) -> Actor:
    return Actor(name=f"admin:{session.user}", source=source)


def _normal_name(name: str) -> str:
    return unicodedata.normalize("NFKC", name).strip()


def _checked_name(name: str) -> str:
    normal = _normal_name(name)
    if not _NAME.fullmatch(normal):
        _not_usable(normal)
    return normal


def _not_usable(name: str) -> NoReturn:
    shown = name[:63]
    raise AccessError("A-09", str(messages.text("A-09", name=shown)), values={"name": shown}, field="name")
