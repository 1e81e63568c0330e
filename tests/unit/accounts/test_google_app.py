"""The Google app: what is entered, judged and kept, and what a credentials file adds to it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.accounts.google_app import AppEntry, Audience, GoogleApp
from gateway.config import GoogleEndpoints, GoogleSection, Secret
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


async def test_nothing_is_set_at_first(folder: Folder) -> None:
    async with folder.apps() as apps:
        app = apps.current()
    assert app == GoogleApp(redirect_uri=DEFAULT, default_redirect=DEFAULT)
    assert not app.complete
    assert (app.secret_tail, app.audience) == ("", Audience.UNKNOWN)


async def test_what_was_typed_is_kept(folder: Folder) -> None:
    async with folder.apps() as apps:
        assert await saved(apps, replace(TYPED, redirect_uri=PUBLIC)) == []
        told = apps.current()
    async with folder.apps() as apps:
        app = apps.current()
    assert app == told
    assert app.complete
    assert (app.client_id, app.client_secret, app.redirect_uri) == (ID, Secret(SECRET), PUBLIC)
    assert (app.secret_tail, app.audience, dict(app.locked)) == ("wxyz", Audience.INTERNAL, {})
    assert "canary" not in repr(app)


async def test_no_secret_is_stored_or_audited_in_clear(folder: Folder) -> None:
    async with folder.apps() as apps:
        await saved(apps, TYPED)
        for path in folder.path.iterdir():
            assert b"canary" not in path.read_bytes(), path
        await apps.reset(ADMIN)
        assert apps.current() == GoogleApp()
    assert folder.audited() == [
        ("admin:Ann", "google.app-saved", ID, "with a new secret"),
        ("admin:Ann", "google.app-reset", ID, ""),
    ]
    with folder.sql() as conn:
        assert conn.execute("SELECT DISTINCT source FROM audit").fetchall() == [("192.0.2.7",)]
        assert conn.execute("SELECT count(*) FROM setting").fetchone() == (0,)


@pytest.mark.parametrize(("secret", "tail"), [("GOCSPX-12345", "2345"), ("GOCSPX-1234", ""), ("s", "")])
def test_a_short_secret_is_not_half_shown(secret: str, tail: str) -> None:
    assert GoogleApp(client_secret=Secret(secret)).secret_tail == tail


MISTAKES = {
    "nothing": ({"client_id": "", "client_secret": None}, "G-101", "client_id"),
    "only spaces": ({"client_id": " \n"}, "G-101", "client_id"),
    "swapped": ({"client_id": SECRET, "client_secret": Secret(ID)}, "G-102", "client_id"),
    "a secret for an ID": ({"client_id": SECRET, "client_secret": None}, "G-102", "client_id"),
    "an ID for a secret": ({"client_id": "", "client_secret": Secret(ID)}, "G-102", "client_id"),
    "cut off": ({"client_id": "1-a.apps.googleusercontent"}, "G-103", "client_id"),
    "a sentence": ({"client_id": f"my ID is {ID}"}, "G-103", "client_id"),
    "other letters": ({"client_id": f"é{ID}"}, "G-103", "client_id"),
    "too long": ({"client_id": "1" * 250 + ID}, "G-103", "client_id"),
    "no secret": ({"client_secret": None}, "G-104", "client_secret"),
    "an empty secret": ({"client_secret": Secret(" ")}, "G-104", "client_secret"),
    "words": ({"client_secret": Secret("GOCSPX canary")}, "G-104", "client_secret"),
    "dots": ({"client_secret": Secret("•••••")}, "G-105", "client_secret"),
    "one star": ({"client_secret": Secret("*")}, "G-105", "client_secret"),
    "as Google shows old ones": ({"client_secret": Secret("****aBcD")}, "G-105", "client_secret"),
    "plain http": ({"redirect_uri": "http://pbx.example.com/"}, "G-107", "redirect_uri"),
    "office network": ({"redirect_uri": "https://pbx.lan/"}, "G-108", "redirect_uri"),
    "fragment": ({"redirect_uri": f"{PUBLIC}#x"}, "G-109", "redirect_uri"),
}


@pytest.mark.parametrize("name", MISTAKES)
async def test_mistakes_are_named_with_their_field(folder: Folder, name: str) -> None:
    changes, code, field_name = MISTAKES[name]
    async with folder.apps() as apps:
        error = await refused(apps, replace(TYPED, **changes))  # type: ignore[arg-type]
    assert (error.code, error.field) == (code, field_name)
    assert str(error)
    assert folder.audited() == []


async def test_what_copying_adds_is_removed_and_told(folder: Folder) -> None:
    entry = AppEntry(
        client_id=f" {ID[:5]}\r\n{ID[5:]}\u00a0", client_secret=Secret(f"\u200b{SECRET}\n"), redirect_uri=f"{PUBLIC} "
    )
    async with folder.apps() as apps:
        assert await saved(apps, entry) == ["G-106"]
        app = apps.current()
    assert (app.client_id, app.client_secret, app.redirect_uri) == (ID, Secret(SECRET), PUBLIC)


async def test_a_simulated_google_has_other_ids(folder: Folder) -> None:
    simulated = GoogleSection(endpoints=GoogleEndpoints(token="http://127.0.0.1:1/token"))
    async with folder.apps(simulated) as apps:
        await saved(apps, replace(TYPED, client_id="simulated"))
        assert apps.current().client_id == "simulated"
        assert (await refused(apps, replace(TYPED, client_id="simu lated"))).code == "G-103"


async def test_a_saved_secret_stays_for_the_same_client_only(folder: Folder) -> None:
    async with folder.apps() as apps:
        await saved(apps, TYPED)
        for secret in (None, Secret("")):
            await saved(apps, AppEntry(client_id=ID, client_secret=secret, audience=Audience.TESTING))
            assert apps.current().client_secret == Secret(SECRET)
        assert apps.current().audience is Audience.TESTING
        assert (await refused(apps, AppEntry(client_id=OTHER_ID))).code == "G-104"
        await saved(apps, replace(TYPED, client_secret=Secret("GOCSPX-another")))
        assert apps.current().client_secret == Secret("GOCSPX-another")
    assert [row[3] for row in folder.audited()] == ["with a new secret", "", "", "with a new secret"]


async def test_a_web_client_from_its_file(folder: Folder) -> None:
    async with folder.apps() as apps:
        assert await saved(apps, AppEntry(credentials=credentials())) == []
        app = apps.current()
        assert (app.client_id, app.client_secret, app.redirect_uri) == (ID, Secret(SECRET), DEFAULT)
        assert (app.kind, app.project_id, app.registered) == ("web", "project-1", (PUBLIC, DEFAULT))
        await saved(apps, AppEntry(client_id=ID, audience=Audience.PRODUCTION))
        assert apps.current() == replace(app, audience=Audience.PRODUCTION), "what the file said stays"
        await saved(apps, replace(TYPED, client_id=OTHER_ID))
        assert (apps.current().kind, apps.current().project_id, apps.current().registered) == ("", "", ())


async def test_the_file_is_stronger_than_the_fields_beside_it(folder: Folder) -> None:
    async with folder.apps() as apps:
        old = AppEntry(client_id=OTHER_ID, client_secret=Secret("GOCSPX-old"))
        await saved(apps, old)
        await saved(apps, replace(old, credentials=credentials()))
        assert (apps.current().client_id, apps.current().client_secret) == (ID, Secret(SECRET))


async def test_a_file_without_secret_takes_the_typed_one(folder: Folder) -> None:
    bare = credentials(client_secret=None)
    async with folder.apps() as apps:
        error = await refused(apps, AppEntry(credentials=bare))
        assert (error.code, error.field) == ("G-104", "client_secret")
        await saved(apps, AppEntry(credentials=bare, client_secret=Secret(SECRET)))
        await saved(apps, AppEntry(credentials=bare))
        assert apps.current().client_secret == Secret(SECRET)


@pytest.mark.parametrize(
    ("registered", "chosen"),
    [
        ((PUBLIC, DEFAULT), DEFAULT),
        ((PUBLIC, "http://localhost:8765/oauth/google/callback"), "http://localhost:8765/oauth/google/callback"),
        (("http://localhost:1/oauth/google/callback", DEFAULT.replace("127.0.0.1", "localhost")), None),
        (("https://x.example/", PUBLIC), PUBLIC),
        (("https://ucm.grandstream.com/google",), "https://ucm.grandstream.com/google"),
        (("https://PBX.example.com/x",), "https://PBX.example.com/x"),
        (("http://192.168.1.4/", "http://localhost"), "http://localhost"),
    ],
)
async def test_the_address_of_the_file_that_fits_is_taken(
    folder: Folder, registered: tuple[str, ...], chosen: str | None
) -> None:
    async with folder.apps() as apps:
        await saved(apps, AppEntry(credentials=credentials(redirect_uris=registered)))
        assert apps.current().redirect_uri == (chosen or registered[1])


async def test_an_address_that_the_file_does_not_list(folder: Folder) -> None:
    others = credentials(redirect_uris=("https://a.example/x", "https://b.example/x"))
    async with folder.apps() as apps:
        error = await refused(apps, AppEntry(credentials=others))
        assert (error.code, error.field) == ("G-114", "redirect_uri")
        assert error.values == {"redirect": DEFAULT, "addresses": "https://a.example/x\nhttps://b.example/x"}
        assert (await refused(apps, AppEntry(credentials=others, redirect_uri=PUBLIC))).values["redirect"] == PUBLIC
        assert await saved(apps, AppEntry(credentials=others, redirect_uri="https://b.example/x")) == []
        assert (await refused(apps, AppEntry(client_id=ID, redirect_uri=PUBLIC))).code == "G-114"
        assert await saved(apps, AppEntry(client_id=ID, redirect_uri=PUBLIC), confirmed=True) == ["G-114"]
        assert await saved(apps, AppEntry(client_id=ID, redirect_uri=PUBLIC, audience=Audience.TESTING)) == []
        again = await refused(apps, AppEntry(credentials=others, redirect_uri=PUBLIC))
        assert again.code == "G-114", "a file that was chosen again is read again"


async def test_a_listed_address_is_kept_letter_for_letter(folder: Folder) -> None:
    listed = "https://PBX.example.com/x"
    async with folder.apps() as apps:
        await saved(apps, AppEntry(credentials=credentials(redirect_uris=(PUBLIC, listed)), redirect_uri=f"{listed}\n"))
        assert apps.current().redirect_uri == listed


async def test_a_web_client_without_addresses_is_kept_with_a_warning(folder: Folder) -> None:
    async with folder.apps() as apps:
        apps.listening_on(9000)
        [note] = await apps.save(AppEntry(credentials=credentials(redirect_uris=())), ADMIN)
        assert (note.code, note.severity) == ("G-113", "warning")
        assert apps.current().redirect_uri == "http://127.0.0.1:9000/oauth/google/callback"


async def test_a_desktop_client_needs_no_registering_but_loopback(folder: Folder) -> None:
    desktop = credentials(kind="installed", redirect_uris=("http://localhost",))
    async with folder.apps() as apps:
        assert await saved(apps, AppEntry(credentials=desktop)) == ["G-115"]
        assert apps.current().redirect_uri == DEFAULT
        error = await refused(apps, AppEntry(credentials=desktop, redirect_uri=PUBLIC))
        assert (error.code, error.values["addresses"]) == ("G-114", DEFAULT)
