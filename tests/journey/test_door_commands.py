"""`user add`, `passwd` and `list`: the way in for who is at the machine, also while the gateway runs."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import sqlite3
import sys
from contextlib import closing, suppress

import pytest

from tests.journey.door_office import PASSWORD, Visitor
from tests.journey.gateway_process import GatewayProcess, until

NEW = "staple battery horse"


def sources(gateway: GatewayProcess) -> list[tuple[str, str, str]]:
    with closing(sqlite3.connect(gateway.database)) as conn:
        return list(conn.execute("SELECT actor, action, object FROM audit WHERE action LIKE 'admin.%' ORDER BY id"))


async def test_the_first_administrator_without_a_set_up_code(gateway: GatewayProcess) -> None:
    await gateway.start()
    await until(lambda: "Set-up code: " in gateway.log, "no code")
    code, out, err = await gateway.command("user", "add", "anna", "--password", "-", stdin=f"{PASSWORD}\n")
    assert (code, out) == (0, ""), err
    assert "anna can sign in now." in err
    file = gateway.folder / "data" / "set-up-code"
    await until(lambda: not file.exists(), "the set-up code is still there")
    async with Visitor(gateway.http) as visitor:
        assert (await visitor.get("/set-up")).status == 404
        assert (await visitor.sign_in()).status == 303
        code, _, err = await gateway.command("user", "passwd", "ANNA", "--password", "-", stdin=f"{NEW}\n")
        assert code == 0, err
        assert not await visitor.signed_in(), "all sessions of that user end"
        assert (await visitor.sign_in()).status == 401
        assert (await visitor.sign_in(password=NEW)).status == 303
    code, out, _ = await gateway.command("user", "list", "--json")
    assert (code, json.loads(out)["name"]) == (0, "anna")
    assert ("command line", "admin.user-added", "user anna") in sources(gateway)
    assert ("command line", "admin.password-changed", "user anna") in sources(gateway)
    assert await gateway.stop() == 0
    assert PASSWORD not in gateway.log
    assert NEW not in gateway.log


@pytest.mark.parametrize(
    ("words", "stdin", "said"),
    [
        (("add", "anna"), "short\n", "A-07 The password has fewer than 10 characters."),
        (("add", "anna"), "", "A-07"),
        (("add", "a b"), f"{PASSWORD}\n", "A-09"),
        (("passwd", "nobody"), f"{PASSWORD}\n", "There is no administrator nobody. Run: meeting-gateway user list"),
    ],
)
async def test_what_cannot_be(gateway: GatewayProcess, words: tuple[str, str], stdin: str, said: str) -> None:
    code, out, err = await gateway.command("user", *words, "--password", "-", stdin=stdin)
    assert (code, out) == (1, "")
    assert said in err
    assert PASSWORD not in err


async def test_a_name_is_taken_in_any_case(gateway: GatewayProcess) -> None:
    assert (await gateway.command("user", "add", "anna", "--password", "-", stdin=f"{PASSWORD}\n"))[0] == 0
    code, _, err = await gateway.command("user", "add", "Anna", "--password", "-", stdin=f"{PASSWORD}\n")
    assert code == 1
    assert "A-09" in err
    code, out, _ = await gateway.command("user", "list")
    assert (code, out.split()[0], out.count("\n")) == (0, "anna", 1)


async def test_without_anybody_the_list_says_how_to_begin(gateway: GatewayProcess) -> None:
    code, out, err = await gateway.command("user", "list")
    assert (code, out) == (0, "")
    assert "meeting-gateway user add NAME" in err


async def test_the_closed_door_is_opened_again(gateway: GatewayProcess) -> None:
    assert (await gateway.command("user", "add", "anna", "--password", "-", stdin=f"{PASSWORD}\n"))[0] == 0
    for path in gateway.database.parent.glob("gateway.db*"):
        path.unlink()
    await gateway.start()
    async with Visitor(gateway.http) as visitor:
        assert (await visitor.get("/sign-in")).status == 503
        assert (await gateway.command("user", "add", "boris", "--password", "-", stdin=f"{PASSWORD}\n"))[0] == 0
        assert (await visitor.sign_in("boris")).status == 303
    assert await gateway.stop() == 0
    assert "Set-up code" not in gateway.log


async def on_a_terminal(gateway: GatewayProcess, typed: list[str]) -> tuple[int, str]:
    """Run `user add anna` on a terminal of its own; return exit code and what was on the screen."""
    ours, theirs = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        sys.executable, *gateway.arguments("user", "add", "anna"), env=gateway.environ,
        stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    screen = ""
    try:
        for question, line in zip(("Password: ", "Once more: "), typed, strict=True):
            while question not in screen:
                screen += (await asyncio.to_thread(os.read, ours, 1000)).decode()
            os.write(ours, f"{line}\n".encode())
        async with asyncio.timeout(60):
            code = await process.wait()
        os.set_blocking(ours, False)
        with suppress(OSError):
            screen += os.read(ours, 10_000).decode()
        return code, screen
    finally:
        os.close(ours)


async def test_on_a_terminal_the_password_is_asked_twice_and_not_shown(gateway: GatewayProcess) -> None:
    code, screen = await on_a_terminal(gateway, [PASSWORD, NEW])
    assert code == 1
    assert "A-08" in screen
    code, screen = await on_a_terminal(gateway, [PASSWORD, PASSWORD])
    assert code == 0, screen
    assert PASSWORD not in screen
