"""Ways to the codes G-401 to G-420: Google refuses the code, or gives something else than what is needed."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from gateway.config import Secret
from tests.contract.every_code.paste_box import pasted, waiting
from tests.contract.every_code.scene import Desk, Scene
from tests.contract.every_code.ways import Mend, reaches
from tests.journey.page_office import CLIENT_ID, EMAIL, OTHER, SECRET
from tests.journey.plain_browser import Page

FREE_BUSY = "https://www.googleapis.com/auth/calendar.events.freebusy"


async def signed_in(scene: Scene, outcome: str, account: str | None = None) -> tuple[Desk, Page]:
    """Sign in with that ending, as far as the page goes by itself, and paste."""
    desk, link = await waiting(scene)
    scene.google.do.set_consent(outcome)
    with desk.nobody_connected():
        page = await desk.browser.press("Authorize", code=desk.google.do.approve(link, account))
    return desk, page


def refused_at_google(code: str, outcome: str, *says: str, mend: Mend | None = None) -> None:
    """Put an ending on the list that the page shows at once, after one request to Google."""

    async def walk(scene: Scene) -> Page:
        desk, page = await signed_in(scene, outcome)
        assert page.status == 422
        assert desk.asked("token") == 2, "one to look at the client, one for the code"
        assert desk.account() is None
        return page

    reaches(code, f"card 3: the token endpoint's answer to a code ({outcome})", *says, mend=mend)(walk)


def seen_when_used(code: str, outcome: str, *says: str, mend: Mend | None = None) -> None:
    """Put an ending on the list that shows when the account is to be used."""

    async def walk(scene: Scene) -> Page:
        desk, _ = await signed_in(scene, outcome)
        page = await desk.browser.press("Use this account")
        assert desk.asked("insert") == 0
        return page

    reaches(code, f"card 3: Use this account ({outcome})", *says, mend=mend)(walk)


def by_itself(desk: Desk) -> None:
    """Only the answer to that one code was hit."""


def api_on(desk: Desk) -> None:
    desk.google.do.set_behaviour(api_enabled=True)


def calendar_on(desk: Desk) -> None:
    desk.google.do.set_calendar_user(True)


def may_write(desk: Desk) -> None:
    desk.google.do.set_access("primary", "owner")


refused_at_google("G-401", "spent_code")
refused_at_google("G-404", "no_refresh_token")
refused_at_google("G-405", "wrong_secret")
refused_at_google("G-406", "unauthorized_client")
refused_at_google(
    "G-412", "html_instead_of_json", 'words: "Welcome SIMULATOR \u2013 NOT GOOGLE Please accept', mend=by_itself
)
seen_when_used("G-407", "api_off", mend=api_on)
seen_when_used("G-408", "no_calendar", mend=calendar_on)
seen_when_used("G-410", "read_only", f"{EMAIL} can't edit any calendar.", mend=may_write)


@reaches("G-402", "card 3: the bare code of a link that was made before the redirect address changed")
async def redirect_changed(scene: Scene) -> Page:
    desk, link = await waiting(scene)
    code = re.search(r"code=([^&]+)", desk.google.do.approve(link))
    assert code is not None
    await desk.browser.press("Save", redirect_uri="http://localhost:8765/oauth/google/callback")
    await desk.get_link()
    await desk.browser.open("/google")
    with desk.nobody_connected():
        page = await desk.browser.press("Authorize", code=code[1])
    assert page.status == 422
    return page


@reaches("G-403", "card 3: the address of a sign-in without a Calendar box (untick_calendar)")
async def box_not_ticked(scene: Scene) -> Page:
    desk, link = await waiting(scene)
    scene.google.do.set_consent("untick_calendar")
    return await pasted(desk, desk.google.do.approve(link))


@reaches("G-409", "card 3: a sign-in with another account", f"You signed in as {OTHER}. Before it was {EMAIL}.")
async def other_account(scene: Scene) -> Page:
    desk = await scene.open()
    await desk.connect()
    desk.google.do.add_account(OTHER)
    tab = await desk.browser.press("Use another account")
    await desk.browser.open("/google")
    with desk.nobody_connected():
        return await desk.browser.press("Authorize", code=desk.google.do.approve(tab.leads_on_to, OTHER))


@reaches("G-411", "card 3: Use this account, for an hour only (time_limited)", "You allowed access until 20")
async def time_limited(scene: Scene) -> Page:
    desk, _ = await signed_in(scene, "time_limited")
    page = await desk.browser.press("Use this account")
    ends = datetime.now(UTC) + timedelta(hours=1)
    assert f"You allowed access until {ends:%Y-%m-}" in page.text
    assert desk.account() is not None
    return page


@reaches("G-413", "card 3: Use this account while the disk is full", "is full.")
async def full_disk(scene: Scene) -> Page:
    desk, _ = await signed_in(scene, "allow")
    await desk.full_disk()
    with desk.refused_here():
        page = await desk.browser.press("Use this account")
    assert desk.account() is None
    return page


@reaches("G-416", "card 3: Use this account without the box for busy times", "so looking up busy times is off.")
async def optional_box(scene: Scene) -> Page:
    desk, link = await waiting(scene)
    await desk.browser.press("Authorize", code=desk.google.do.approve(link, untick=[FREE_BUSY]))
    page = await desk.browser.press("Use this account")
    assert desk.account() is not None
    return page


@reaches("G-417", "card 3: another account than the settings allow", f"You signed in as {EMAIL}, but only {OTHER}")
async def not_the_expected(scene: Scene) -> Page:
    desk = await scene.open(expected_account=OTHER)
    await desk.save_client()
    with desk.nobody_connected():
        page = await desk.authorize()
    assert page.status == 422
    assert "Use this account" not in page.buttons()
    return page


@reaches("G-418", "a start with another token endpoint", "was made at http://127.0.0.1, not at http://localhost.")
async def another_endpoint(scene: Scene) -> Page:
    desk = await scene.open()
    await desk.connect()
    elsewhere = scene.google.endpoints()["token"].replace("127.0.0.1", "localhost")
    asked = desk.asked("token")
    desk = await scene.open({"token": elsewhere})
    assert desk.account() is None
    assert desk.asked("token") == asked, "a refresh token goes to nobody but who gave it"
    return desk.browser.page


@reaches("G-419", "a start without the key file", "The key file secret.key does not fit this database.")
async def no_key(scene: Scene) -> Page:
    client = {"client_id": CLIENT_ID, "client_secret": Secret(SECRET)}
    desk = await scene.open(**client)
    await desk.authorize()
    await desk.browser.press("Use this account")
    (scene.folder / "data" / "secret.key").unlink()
    desk = await scene.open(**client)
    assert desk.account() is None
    return desk.browser.page


@reaches("G-420", "Disconnect, also at Google, while Google does not answer")
async def not_confirmed(scene: Scene) -> Page:
    desk = await scene.open()
    await desk.connect()
    desk.google.do.fault({"status": 503}, match={"operation": "revoke"})
    await desk.browser.follow("Disconnect")
    page = await desk.browser.press("Disconnect", end="google")
    assert desk.account() is None
    kept = [value for row in desk.rows()["account"] for value in row]
    assert not [value for value in kept if value == EMAIL or (isinstance(value, bytes) and value)]
    return page
