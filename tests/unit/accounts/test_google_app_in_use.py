"""The Google app beside settings, an account in use, other processes and broken disks."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from dataclasses import replace

import pytest

from gateway.accounts.google_app import AppEntry, Audience
from gateway.config import GoogleSection, Secret
from gateway.domain.actor import COMMAND_LINE
from gateway.errors import SignInError, StoreUnavailable
from gateway.store.accounts import AccountState
from gateway.store.vault import KEY_NAME
from tests.unit.accounts.app_folder import (
    ADMIN,
    DEFAULT,
    ID,
    OTHER_ID,
    PUBLIC,
    SECRET,
    TYPED,
    Folder,
    credentials,
    refused,
    saved,
)

VARIABLE = "environment GATEWAY_GOOGLE__CLIENT_SECRET"
SOURCES = {
    "google.client_id": "config.yaml:12",
    "google.client_secret": VARIABLE,
    "google.redirect_uri": "command line",
}
WHOLE = GoogleSection(client_id=ID, client_secret=Secret(SECRET), redirect_uri=PUBLIC)


async def test_settings_are_locked_with_their_source(folder: Folder) -> None:
    async with folder.apps(WHOLE, SOURCES) as apps:
        app = apps.current()
        assert (app.client_id, app.client_secret, app.redirect_uri, app.complete) == (ID, Secret(SECRET), PUBLIC, True)
        assert app.locked == {
            "client_id": "config.yaml:12",
            "client_secret": "environment variable GATEWAY_GOOGLE__CLIENT_SECRET",
            "redirect_uri": "the command line",
        }
        for changes, field, source in (
            ({"client_id": OTHER_ID}, "client_id", "config.yaml:12"),
            ({"client_secret": Secret("GOCSPX-other")}, "client_secret", "environment variable"),
            ({"redirect_uri": DEFAULT}, "redirect_uri", "the command line"),
            ({"credentials": credentials(client_id=OTHER_ID)}, "file", "config.yaml:12"),
            ({"credentials": credentials(client_secret=Secret("GOCSPX-other"))}, "file", "environment variable"),
        ):
            error = await refused(apps, replace(TYPED, **changes))
            assert (error.code, error.field) == ("G-117", field)
            assert source in str(error)


async def test_the_same_values_as_the_settings_are_no_mistake(folder: Folder) -> None:
    async with folder.apps(WHOLE, SOURCES) as apps:
        for entry in (AppEntry(), replace(TYPED, redirect_uri=f"{PUBLIC}\n"), AppEntry(credentials=credentials())):
            await apps.save(replace(entry, audience=Audience.TESTING), ADMIN)
        assert (apps.current().audience, apps.current().kind) == (Audience.TESTING, "web")
    async with folder.apps() as apps:
        assert apps.current().client_secret is None, "what is locked is not copied"
        assert apps.current().redirect_uri == DEFAULT


async def test_a_lock_hides_what_was_saved_and_does_not_remove_it(folder: Folder) -> None:
    async with folder.apps() as apps:
        await saved(apps, replace(TYPED, redirect_uri=PUBLIC))
    async with folder.apps(GoogleSection(redirect_uri=DEFAULT, client_secret=Secret("GOCSPX-other"))) as apps:
        assert (apps.current().redirect_uri, apps.current().client_secret) == (DEFAULT, Secret("GOCSPX-other"))
        await saved(apps, AppEntry(client_id=ID))
    async with folder.apps() as apps:
        assert (apps.current().redirect_uri, apps.current().client_secret) == (PUBLIC, Secret(SECRET))


async def test_what_is_not_locked_can_be_saved_beside_it(folder: Folder) -> None:
    section = GoogleSection(client_id=ID)
    async with folder.apps(section, SOURCES) as apps:
        await saved(apps, AppEntry(client_secret=Secret(SECRET)))
        assert apps.current().complete
    async with folder.apps(section) as apps:
        assert apps.current().client_secret == Secret(SECRET)
        assert apps.current().locked == {"client_id": "the settings"}


async def test_a_saved_secret_never_gets_to_another_client(folder: Folder) -> None:
    async with folder.apps() as apps:
        await saved(apps, AppEntry(credentials=credentials()))
    other = GoogleSection(client_id=OTHER_ID)
    async with folder.apps(other) as apps:
        app = apps.current()
        assert (app.client_secret, app.kind, app.registered) == (None, "", ())
        assert (await refused(apps, AppEntry())).code == "G-104"
    async with folder.apps(replace(other, client_secret=Secret("GOCSPX-other"))) as apps:
        await saved(apps, AppEntry())
    async with folder.apps(other) as apps:
        assert apps.current().client_secret is None


async def test_replacing_the_client_of_an_account_is_asked_about(folder: Folder) -> None:
    other = replace(TYPED, client_id=OTHER_ID)
    async with folder.apps() as apps:
        await saved(apps, TYPED)
        folder.authorized(ID)
        await saved(apps, replace(TYPED, client_secret=Secret("GOCSPX-new-canary"), audience=Audience.TESTING))
        error = await refused(apps, other)
        assert (error.code, error.field) == ("G-116", "client_id")
        assert "rooms@example.com" in str(error)
        assert (await refused(apps, AppEntry(credentials=credentials(client_id=OTHER_ID)))).field == "file"
        assert folder.account_state() == (AccountState.CONNECTED, "")
        await saved(apps, other, confirmed=True)
        assert folder.account_state() == (AccountState.AUTHORIZATION_LOST, "G-116")
        third = replace(TYPED, client_id="3-c.apps.googleusercontent.com")
        assert await saved(apps, third) == [], "there is nothing left to end"


async def test_an_account_of_another_client_than_before_is_not_asked_about_again(folder: Folder) -> None:
    async with folder.apps(GoogleSection(client_id=OTHER_ID, client_secret=Secret(SECRET))) as apps:
        folder.authorized(ID)
        await saved(apps, AppEntry(audience=Audience.TESTING))
        assert folder.account_state() == (AccountState.CONNECTED, "")


async def test_reset_forgets_what_was_saved_and_nothing_else(folder: Folder) -> None:
    async with folder.apps() as apps:
        await saved(apps, replace(TYPED, redirect_uri=PUBLIC))
        folder.authorized(ID)
        with folder.sql() as conn:
            conn.execute("INSERT INTO setting VALUES ('google.calendar', 'rooms', 0, 1)")
        with pytest.raises(SignInError) as caught:
            await apps.reset(ADMIN)
        assert (caught.value.code, apps.current().client_id) == ("G-116", ID)
        await apps.reset(ADMIN, confirmed=True)
        assert (apps.current().client_id, apps.current().complete, apps.current().redirect_uri) == ("", False, DEFAULT)
        assert folder.account_state()[0] is AccountState.AUTHORIZATION_LOST
        with folder.sql() as conn:
            assert conn.execute("SELECT key FROM setting").fetchall() == [("google.calendar",)]


async def test_those_who_depend_on_the_client_hear_of_it(folder: Folder) -> None:
    heard: list[str] = []
    async with folder.apps() as apps:

        async def follow() -> None:
            heard.append(apps.current().client_id)

        async def stumble() -> None:
            raise StoreUnavailable("The disk is away.")

        apps.follow(stumble)
        apps.follow(follow)
        await saved(apps, TYPED)
        await refused(apps, AppEntry())
        await apps.reset(ADMIN)
    assert heard == [ID, ""]


async def test_another_process_saves(folder: Folder) -> None:
    async with folder.apps() as serving:
        async with folder.apps() as command:
            await command.save(TYPED, COMMAND_LINE)
        assert not serving.current().complete
        await serving.load()
        assert serving.current().complete
        async with folder.apps() as command:
            await command.save(replace(TYPED, client_id=OTHER_ID), COMMAND_LINE)
        error = await refused(serving, AppEntry(client_id=ID))
        assert error.code == "G-104", "the secret that is saved by now belongs to the other client"
    assert folder.audited()[0][:2] == ("command line", "google.app-saved")


async def test_two_saves_at_once_are_one_after_the_other(folder: Folder) -> None:
    async with folder.apps() as apps:
        entries = [replace(TYPED, client_id=f"{n}-a.apps.googleusercontent.com") for n in range(20)]
        await asyncio.gather(*(apps.save(entry, ADMIN) for entry in entries), apps.load(), apps.load())
        told = apps.current()
    async with folder.apps() as apps:
        assert apps.current() == told
    assert len(folder.audited()) == 20


async def test_a_full_disk_changes_nothing(folder: Folder) -> None:
    long = tuple(f"https://a.example/{n:0>1900}" for n in range(100))

    def fill(conn: sqlite3.Connection) -> None:
        [pages] = conn.execute("PRAGMA page_count").fetchone()
        conn.execute(f"PRAGMA max_page_count={pages}")

    async with folder.apps() as apps:
        await saved(apps, TYPED)
        await folder.database.write(fill)
        error = await refused(apps, AppEntry(credentials=credentials(redirect_uris=(DEFAULT, *long[1:]))))
        assert (error.code, error.field) == ("G-118", "")
        assert "is full" in str(error)
        await saved(apps, replace(TYPED, audience=Audience.TESTING))
        await folder.database.close()
        assert (await refused(apps, TYPED)).code == "G-118"
        with pytest.raises(SignInError) as caught:
            await apps.reset(ADMIN)
        assert caught.value.code == "G-118"
        assert apps.current().audience is Audience.TESTING


@pytest.mark.parametrize("damage", ["key gone", "value changed", "value is nonsense"])
async def test_a_secret_that_cannot_be_read_is_asked_for_again(
    folder: Folder, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with folder.apps() as apps:
        await saved(apps, TYPED)
    if damage == "key gone":
        (folder.path / KEY_NAME).unlink()
    else:
        with folder.sql() as conn:
            value = "gAAAAA" if damage == "value changed" else "ü\x00"
            conn.execute("UPDATE setting SET value = ? WHERE key = 'google.client_secret'", (value,))
    with caplog.at_level(logging.WARNING):
        async with folder.apps() as apps:
            app = apps.current()
            assert (app.client_id, app.client_secret, app.complete) == (ID, None, False)
            assert KEY_NAME in app.unreadable
            assert (await refused(apps, AppEntry(client_id=ID))).code == "G-104"
            await saved(apps, TYPED)
            assert apps.current().complete
            assert apps.current().unreadable == ""
    assert "the saved client secret cannot be read" in caplog.text
    assert "canary" not in caplog.text


async def test_odd_rows_do_no_harm(folder: Folder) -> None:
    async with folder.apps() as apps:
        await saved(apps, TYPED)
        for name, value in (("audience", "everybody"), ("kind", "android"), ("registered_redirects", "[1, ")):
            with folder.sql() as conn:
                conn.execute("UPDATE setting SET value = ? WHERE key = ?", (value, f"google.{name}"))
        await apps.load()
        app = apps.current()
        assert (app.audience, app.kind, app.registered, app.complete) == (Audience.UNKNOWN, "", (), True)


async def test_the_default_address_follows_the_port(folder: Folder) -> None:
    async with folder.apps() as apps:
        for port, shown in ((9000, 9000), (0, 8765)):
            apps.listening_on(port)
            assert apps.current().redirect_uri == f"http://127.0.0.1:{shown}/oauth/google/callback"
            assert apps.current().default_redirect == apps.current().redirect_uri
        await saved(apps, replace(TYPED, redirect_uri=PUBLIC))
        apps.listening_on(9000)
        assert apps.current().redirect_uri == PUBLIC
